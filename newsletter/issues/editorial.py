"""The editor's part of an issue, from a file: an intro in Markdown; entries pinned, dropped and put in other words.

`issues/weekly-2026-11-27.md` in the project's folder is for that issue, `issues/2026-W48.md` for all issues of that
week (or day, or month). All but the intro stands between two lines of `+++` at the top, as TOML; an entry is named by
its link, DOI, arXiv id or whole title:

    +++
    pins = ["arxiv:2510.14914", "https://example.org/a-page"]
    drops = ["https://example.org/an-advertisement"]

    [[edits]]
    entry = "arxiv:2510.14914"
    title = "Robots of paper, folded"
    +++
    Good morning! *Paper* robots this week.
"""

import json
import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from newsletter.entries.entry import Entry
from newsletter.entries.text import MAX_SUMMARY, MAX_TITLE, one_line
from newsletter.errors import IssueError
from newsletter.issues.issue import IssueKey

FOLDER = "issues"
MAX_CHARACTERS = 20_000
FRONT_MATTER = re.compile(r"\A\+\+\+[^\S\n]*\n(?:(.*?)\n)?\+\+\+[^\S\n]*(?:\n|\Z)", re.DOTALL)
_KNOWN = "pins, drops and edits"


@dataclass(frozen=True, slots=True)
class Edit:
    """Other words for an entry, in one issue only."""

    #: None: as it is
    title: str | None = None
    #: None: as it is; empty: it is shown without one
    summary: str | None = None

    def then(self, later: "Edit") -> "Edit":
        """Both, where the later one says nothing the earlier one stands."""
        return Edit(
            self.title if later.title is None else later.title,
            self.summary if later.summary is None else later.summary,
        )

    def beside(self, entry: Entry) -> "Edit":
        """Without what the entry says itself."""
        return Edit(
            None if self.title == entry.title else self.title,
            None if self.summary == entry.summary else self.summary,
        )

    def of(self, entry: Entry) -> tuple[str, str]:
        """The title and the summary with which the entry is shown."""
        return (
            entry.title if self.title is None else self.title,
            entry.summary if self.summary is None else self.summary,
        )


@dataclass(frozen=True, slots=True)
class Editorial:
    """What the editor adds to an issue, as it is written: entries by any name that they have."""

    #: Markdown, empty where there is none
    intro: str = ""
    #: links, DOIs, arXiv ids or whole titles, in the editor's order
    pins: tuple[str, ...] = ()
    #: the file, for messages
    path: str = ""
    #: entries that are nobody's in this issue
    drops: tuple[str, ...] = ()
    #: other words for entries, by how each is named
    edits: Mapping[str, Edit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """What an issue keeps of that, beside its pins, from its freezing on: entries by their ids."""

    intro: str = ""
    drops: tuple[int, ...] = ()
    edits: Mapping[int, Edit] = field(default_factory=dict)

    def dump(self) -> str:
        """As JSON."""
        edits = {entry_id: asdict(edit) for entry_id, edit in self.edits.items()}
        return json.dumps({"intro": self.intro, "drops": self.drops, "edits": edits}, ensure_ascii=False)


def load_settled(text: str) -> Settled | None:
    """Read what `Settled.dump` wrote; None where nothing was kept."""
    if not text:
        return None
    values = json.loads(text)
    edits = {int(entry_id): Edit(**edit) for entry_id, edit in values["edits"].items()}
    return Settled(values["intro"], tuple(values["drops"]), edits)


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


def version_of(path: Path, text: str | None) -> str:
    """A short name for what was read, another one as soon as the file or its text is another."""
    return blake2b(f"{path.name}\n{text!r}".encode(), digest_size=16).hexdigest()


def write_editorial(project: Path, key: IssueKey, text: str) -> Path:
    """Write an issue's own file, whole or not at all. Raises `IssueError`."""
    path = project / FOLDER / f"{key}.md"
    unfinished = path.with_suffix(".part")
    try:
        content = text.encode()
        path.parent.mkdir(exist_ok=True)
        unfinished.write_bytes(content)
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    except UnicodeEncodeError as error:
        raise IssueError(
            f"{path} cannot be written: {text[error.start]!r} in it is half a character. Take it out."
        ) from error
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise IssueError(
            f"{path} cannot be written: {error.strerror or error}. Check the folder and the disk."
        ) from error
    return path


def parse_editorial(text: str, path: str) -> Editorial:
    """Read the file's text. Raises `IssueError` naming the file and what to mend."""
    text = in_lines(text)
    found = FRONT_MATTER.match(text)
    head: dict[str, Any] = {}
    if found is None and re.match(r"\+\+\+\s", text):
        raise IssueError(f"{path} begins with +++, but no second line of +++ ends its head. Add it below the pins.")
    if found:
        try:
            head = tomllib.loads("\n" + (found[1] or ""))  # its lines are counted as the file's
        except tomllib.TOMLDecodeError as error:
            raise IssueError(f"The lines between +++ in {path} are not valid TOML: {error}. Mend them.") from None
    pins, drops = _references(head, "pins", path), _references(head, "drops", path)
    edits = _edits(head.pop("edits", []), path)
    if head:
        raise IssueError(f"{path} has {next(iter(head))!r} between its +++ lines; only {_KNOWN} are known there.")
    intro = (text[found.end() :] if found else text).strip()
    if len(intro) > MAX_CHARACTERS:
        raise IssueError(f"The intro in {path} has {len(intro):,} characters; {MAX_CHARACTERS:,} is the most.")
    return Editorial(intro, pins, path, drops, edits)


def edit_of(title: str | None, summary: str | None, what: str) -> Edit:
    """An edit in one line each, without what cannot be shown. Raises `IssueError`; `what` begins its sentence."""
    title = None if title is None else one_line(title)
    summary = None if summary is None else one_line(summary)
    if title == "":
        raise IssueError(f"{what} has an empty title. Write one, or leave the title out: then it stays as it is.")
    for name, said, most in (("title", title, MAX_TITLE), ("summary", summary, MAX_SUMMARY)):
        if said and len(said) > most:
            raise IssueError(f"{what} has a {name} of {len(said):,} characters; {most:,} is the most. Shorten it.")
    return Edit(title, summary)


def in_lines(text: str) -> str:
    """Without a byte order mark, and with one kind of line's end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _references(head: dict[str, Any], name: str, path: str) -> tuple[str, ...]:
    said = head.pop(name, [])
    if not isinstance(said, list) or not all(isinstance(one, str) and one.strip() for one in said):
        raise IssueError(f'{name} in {path} must be a list of links, DOIs, arXiv ids or titles: {name} = ["…", "…"].')
    return tuple(one.strip() for one in said)


def _edits(said: Any, path: str) -> dict[str, Edit]:
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise IssueError(f"edits in {path} must be written as [[edits]], with entry, title and summary below it.")
    edits: dict[str, Edit] = {}
    for n, one in enumerate(said, 1):
        what = f"The edit {n} in {path}"
        if wrong := next((name for name in one if name not in ("entry", "title", "summary")), None):
            raise IssueError(f"{what} has {wrong!r}; only entry, title and summary are known there.")
        if not all(isinstance(value, str) for value in one.values()):
            raise IssueError(f"{what} must be of texts in quotation marks: entry, and title or summary or both.")
        reference = one.get("entry", "").strip()
        if not reference:
            raise IssueError(f'{what} names no entry. Add its link, DOI, arXiv id or whole title: entry = "…".')
        if len(one) == 1:
            raise IssueError(f"{what} changes nothing. Add a title or a summary, or take it away.")
        if reference in edits:
            raise IssueError(f"{what} is of {reference!r}, as one before it is. Make one of them.")
        edits[reference] = edit_of(one.get("title"), one.get("summary"), f"{what}, of {reference!r},")
    return edits
