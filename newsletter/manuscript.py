"""The file in which an issue's intro, pins, drops and edits stand: read, and written while the issue is open."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.editorial import (
    Edit,
    Editorial,
    Settled,
    editorial_text,
    load_settled,
    parse_editorial,
    version_of,
    write_editorial,
)
from newsletter.issues.issue import IssueKey, StoredIssue
from newsletter.issues.resolving import is_named, reference_of
from newsletter.naming_issues import known_issue
from newsletter.press import Press
from newsletter.settings import Settings
from subscribers.database import writing

#: Titles that are named instead of one that is not stored.
NEAR = 3
#: An entry: its link, DOI, arXiv id or whole title; or its id, as a number.
Reference = str | int


@dataclass(frozen=True, slots=True)
class EditorsPart:
    """All that is the editor's in an issue, as a desk shows it."""

    #: Markdown
    intro: str
    pins: tuple[Entry, ...]
    drops: tuple[Entry, ...]
    #: other words, by entry id
    edits: Mapping[int, Edit]
    #: names in the file that no stored entry has: with them the issue cannot be made
    unknown: tuple[str, ...]
    #: the file that has it, or will
    path: Path
    #: what was read: handed back as `before`, it keeps a change from overwriting somebody else's
    version: str
    #: why nothing in it can be changed any more; empty while it can
    closed: str = ""

    @property
    def open(self) -> bool:
        """May it still be changed?"""
        return not self.closed


@dataclass(frozen=True, slots=True)
class Draft:
    """The file of an issue that is open, as it was read; a whole period's is where an own one begins."""

    key: IssueKey
    path: Path
    text: str
    #: of the file
    version: str
    editorial: Editorial


class Manuscript:
    """Reads and writes it. Raises `IssueError`."""

    def __init__(
        self, db: Database, project: Path, settings: Settings, press: Press, clock: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._project = project
        self._late = timedelta(hours=settings.issue.max_lateness_hours)
        self._press = press
        self._clock = clock

    def known(self, name: str) -> IssueKey:
        """An issue that is made, or that is to come for some reader."""
        return known_issue(self._db, name, self._clock(), self._late)

    def part(self, name: str) -> EditorsPart:
        """All that is the editor's in an issue; of one that is made, as it is in its mail."""
        key = self.known(name)
        path, text = editorial_text(self._project, key)
        version = version_of(path, text)
        if stored := issues.find(self._db, key):
            settled = self._settled(stored)
            pins, drops = (self._by_ids(ids) for ids in (issues.pins(self._db, stored.id), settled.drops))
            return EditorsPart(settled.intro, pins, drops, settled.edits, (), path, version, _closed(key, "changed"))
        said = parse_editorial(text or "", str(path))
        meant = {one: entries.find(self._db, one) for one in (*said.pins, *said.drops, *said.edits)}
        edits = {entry.id: edit for one, edit in said.edits.items() if (entry := meant[one])}
        unknown = tuple(one for one, entry in meant.items() if entry is None)
        return EditorsPart(said.intro, self.found(said.pins), self.found(said.drops), edits, unknown, path, version)

    def draft(self, name: str, what: str, before: str | None) -> Draft:
        """The file of an issue that is open, to be changed; `what` is what cannot be done to one that is made.

        `before` is the version that was read; None for whichever it is.
        """
        key = self.known(name)
        if issues.find(self._db, key):
            raise IssueError(_closed(key, what))
        path, text = editorial_text(self._project, key)
        version = version_of(path, text)
        if before is not None and before != version:
            raise IssueError(_meanwhile(path))
        return Draft(key, path, text or "", version, parse_editorial(text or "", str(path)))

    def write(self, draft: Draft, text: str) -> Path:
        """Write it, unless the issue was made, or the file changed, since it was read. Returns its path."""
        # One at a time, of all our processes, and none while an issue is frozen with what stands in the file.
        with writing(self._db):
            if issues.find(self._db, draft.key):
                raise IssueError(f"{draft.key} was made in this very moment, without this change.")
            if version_of(*editorial_text(self._project, draft.key)) != draft.version:
                raise IssueError(_meanwhile(draft.path))
            return write_editorial(self._project, draft.key, text)

    def entry(self, reference: Reference, what: str) -> Entry:
        """The entry that is meant; `what` is what nothing is done to where there is none."""
        if isinstance(reference, int):
            found = entries.by_ids(self._db, [reference]).get(reference)
        else:
            found = entries.find(self._db, reference)
        if found:
            return found
        near = "; ".join(f"“{entry.title}”" for entry in entries.matching(self._db, str(reference), NEAR))
        raise IssueError(
            f"No entry is stored that is {reference!r}, so nothing was {what}. "
            + (
                f"Near are: {near}."
                if near
                else "Write its link, DOI, arXiv id or whole title, or pull its source first."
            )
        )

    def written(self, reference: Reference, entry: Entry) -> str:
        """How the entry is named in the file."""
        return reference.strip() if isinstance(reference, str) else reference_of(self._db, entry)

    def names_of(self, entry: Entry, listed: Iterable[str]) -> list[str]:
        """Those of the listed names that mean the entry."""
        return [one for one in listed if is_named(self._db, one, entry.id)]

    def named(self, key: IssueKey, listed: Iterable[str], reference: Reference, what: str) -> list[str]:
        """Those of the listed names that are meant, at least one; `what` is what the listed entries are."""
        if isinstance(reference, int):
            wanted = entries.by_ids(self._db, [reference]).get(reference)
        else:
            wanted = entries.find(self._db, reference)
        known = list(listed)
        names = self.names_of(wanted, known) if wanted else []
        if found := [one for one in known if one in names or one == str(reference).strip()]:
            return found
        called = f"“{wanted.title}”" if wanted and isinstance(reference, int) else repr(reference)
        there = "; ".join(known) or "nothing"
        raise IssueError(f"{called} is not {what} in {key}. {what.capitalize()} is: {there}.")

    def found(self, references: Iterable[str]) -> tuple[Entry, ...]:
        """The stored entries among these."""
        return tuple(found for one in references if (found := entries.find(self._db, one)))

    def offered(self, key: IssueKey) -> set[int]:
        """Ids of all that came in for an open issue, dropped or not."""
        return {entry.id for entry in self._press.arrived(key, self._clock(), entries.newest_id(self._db))}

    def _by_ids(self, ids: Iterable[int]) -> tuple[Entry, ...]:
        wanted = list(ids)
        found = entries.by_ids(self._db, wanted)
        return tuple(found[entry_id] for entry_id in wanted)

    def _settled(self, stored: StoredIssue) -> Settled:
        if settled := load_settled(issues.editorial_of(self._db, stored.id)):
            return settled
        # Of an issue that was made before that was kept, its mail knows the intro as plain text.
        return Settled(str(self._press.frozen.get(stored.id, ()).edition.shared["issue"]["intro"]))


def _closed(key: IssueKey, what: str) -> str:
    return f"{key} is made: its intro and pins are fixed, so nothing in it can be {what}. The next one takes them."


def _meanwhile(path: Path) -> str:
    return f"Somebody changed {path} meanwhile, so nothing was written. Look at what it says now, and do it again."
