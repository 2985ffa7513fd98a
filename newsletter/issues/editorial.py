"""The editor's part of an issue: an intro in Markdown and pinned entries, from a file.

`issues/weekly-2026-11-27.md` in the project's folder is for that issue, `issues/2026-W48.md` for all issues of that
week (or day, or month). Pins stand between two lines of `+++` at the top, as TOML:

    +++
    pins = ["arxiv:2510.14914", "https://example.org/a-page"]
    +++
    Good morning! *Paper* robots this week.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    for name in (str(key), key.period):
        path = project / FOLDER / f"{name}.md"
        try:
            return parse_editorial(path.read_text("utf-8"), str(path))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise IssueError(f"{path} cannot be read: {error}. Save it as UTF-8 text.") from error
    return Editorial()


def parse_editorial(text: str, path: str) -> Editorial:
    """Read the file's text. Raises `IssueError` naming the file and what to mend."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
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
