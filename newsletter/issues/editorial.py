"""The editor's part of an issue: an intro in Markdown and pinned entries, from a file.

`issues/weekly-2026-11-27.md` in the project's folder is for that issue, `issues/2026-W48.md` for all issues of that
week (or day, or month). Pins stand between two lines of `+++` at the top, as TOML:

    +++
    pins = ["arxiv:2510.14914", "https://example.org/a-page"]
    +++
    Good morning! *Paper* robots this week.

A program that changes such a file keeps everything else of it: remarks, line ends, the order of things.
"""

import re
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from newsletter.errors import IssueError
from newsletter.issues.issue import IssueKey

FOLDER = "issues"
MAX_CHARACTERS = 20_000
_FRONT_MATTER = re.compile(r"\A\+\+\+[^\S\n]*\n(?:(.*?)\n)?\+\+\+[^\S\n]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Editorial:
    """What the editor adds to an issue."""

    #: Markdown, empty where there is none
    intro: str = ""
    #: links, DOIs, arXiv ids or whole titles, in the editor's order
    pins: tuple[str, ...] = ()
    #: the file, for messages
    path: str = ""


def read_editorial(project: Path, key: IssueKey) -> Editorial:
    """The editorial of an issue: its own file, else its period's, else nothing. Raises `IssueError`."""
    path, text = editorial_text(project, key)
    return Editorial() if text is None else parse_editorial(text, str(path))


def editorial_text(project: Path, key: IssueKey) -> tuple[Path, str | None]:
    """The file whose editorial the issue has, and what is in it; None where there is none yet. Raises `IssueError`."""
    for name in (str(key), key.period):
        path = project / FOLDER / f"{name}.md"
        try:
            # As bytes: the line ends are the editor's.
            return path, path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise IssueError(f"{path} cannot be read: {error}. Save it as UTF-8 text.") from error
    return project / FOLDER / f"{key}.md", None


def write_editorial(project: Path, key: IssueKey, text: str) -> Path:
    """Write an issue's own file, whole or not at all. Raises `IssueError`."""
    path = project / FOLDER / f"{key}.md"
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(exist_ok=True)
        unfinished.write_bytes(text.encode())
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise IssueError(
            f"{path} cannot be written: {error.strerror or error}. Check the folder and the disk."
        ) from error
    return path


def parse_editorial(text: str, path: str) -> Editorial:
    """Read the file's text. Raises `IssueError` naming the file and what to mend."""
    text = _in_lines(text)
    found = _FRONT_MATTER.match(text)
    head: dict[str, Any] = {}
    if found is None and re.match(r"\+\+\+\s", text):
        raise IssueError(f"{path} begins with +++, but no second line of +++ ends its head. Add it below the pins.")
    if found:
        try:
            head = tomllib.loads("\n" + (found[1] or ""))  # its lines are counted as the file's
        except tomllib.TOMLDecodeError as error:
            raise IssueError(f"The lines between +++ in {path} are not valid TOML: {error}. Mend them.") from None
    pins = head.pop("pins", [])
    if head:
        raise IssueError(f"{path} has {next(iter(head))!r} between its +++ lines; only `pins` is known there.")
    if not isinstance(pins, list) or not all(isinstance(pin, str) and pin.strip() for pin in pins):
        raise IssueError(f'pins in {path} must be a list of links, DOIs, arXiv ids or titles: pins = ["…", "…"].')
    intro = (text[found.end() :] if found else text).strip()
    if len(intro) > MAX_CHARACTERS:
        raise IssueError(f"The intro in {path} has {len(intro):,} characters; {MAX_CHARACTERS:,} is the most.")
    return Editorial(intro, tuple(pin.strip() for pin in pins), path)


def with_pins(text: str, pins: Sequence[str], path: str) -> str:
    """The file's text with these pins instead of its own. Raises `IssueError` where it is not as it should be."""
    before = parse_editorial(text, path)
    mark, body = _split_mark(text)
    end = "\r\n" if "\r\n" in body else "\n"
    found = _FRONT_MATTER.match(body)
    if found is None:
        head, start, rest = "", f"+++{end}", f"+++{end}{body}"
    elif found[1] is None:
        start, _, closing = body.partition("\n")
        head, start, rest = "", f"{start}\n", closing
    else:
        # What ends the head's last line belongs to it.
        head, start, rest = f"{found[1]}\n", body[: found.start(1)], body[found.end(1) + 1 :]
    try:
        document = tomlkit.parse(head)
        _set_pins(document, pins)
        changed = tomlkit.dumps(document)
    except TOMLKitError as error:
        raise IssueError(f"The lines between +++ in {path} cannot be changed: {error}. Change them by hand.") from error
    return _checked(f"{mark}{start}{changed.rstrip()}{end}{rest}", Editorial(before.intro, tuple(pins), path))


def with_intro(text: str, intro: str, path: str) -> str:
    """The file's text with this intro (Markdown) instead of its own. Raises `IssueError` for one that cannot be."""
    before = parse_editorial(text, path)
    mark, body = _split_mark(text)
    end = "\r\n" if "\r\n" in body else "\n"
    found = _FRONT_MATTER.match(body)
    head = body[: found.end()] if found else ""
    if head and not head.endswith("\n"):
        head += end
    intro = _in_lines(intro).strip()
    if intro.startswith("+++"):
        raise IssueError(
            f"An intro must not begin with +++: that is how the pins of {path} begin. `newsletter issue pin` writes "
            "those."
        )
    if len(intro) > MAX_CHARACTERS:
        raise IssueError(
            f"The intro has {len(intro):,} characters; {MAX_CHARACTERS:,} is the most. Nothing was written."
        )
    said = intro.replace("\n", end) + end if intro else ""
    return _checked(f"{mark}{head}{said}", Editorial(intro, before.pins, path))


def _set_pins(document: tomlkit.TOMLDocument, pins: Sequence[str]) -> None:
    """In place where they are only added to or taken from, so that remarks beside them stay."""
    array: Any = document.get("pins")
    known = [pin.strip() for pin in array or ()]
    kept = [pin for pin in known if pin in pins]
    if array is None or kept != list(pins[: len(kept)]) or len(kept) > len(set(kept)):
        document["pins"] = list(pins)
        return
    for place in reversed([n for n, pin in enumerate(known) if pin not in pins]):
        del array[place]
    for pin in pins[len(kept) :]:
        array.append(pin)


def _checked(text: str, expected: Editorial) -> str:
    """The text, if it says what it should. Raises `IssueError`."""
    if parse_editorial(text, expected.path) != expected:
        raise IssueError(
            f"{expected.path} cannot be changed in that way: it would say something else. Write it by hand."
        )
    return text


def _in_lines(text: str) -> str:
    """Without a byte order mark, and with one kind of line's end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _split_mark(text: str) -> tuple[str, str]:
    """A byte order mark at the start, and the rest."""
    return ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
