"""Which entries the editor's names mean."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.errors import IssueError
from newsletter.issues.editorial import Edit, Editorial


@dataclass(frozen=True, slots=True)
class Resolved:
    """An editorial's entries."""

    #: in the editor's order
    pins: tuple[Entry, ...]
    drops: tuple[Entry, ...]
    #: other words, by entry id
    edits: Mapping[int, Edit]


def resolve(db: Database, editorial: Editorial) -> Resolved:
    """The entries of an editorial. Raises `IssueError` naming the file for what is not stored, or is said twice over.

    A dropped or edited entry may be of another issue: of a whole week's file not everything concerns each.
    """
    path = editorial.path
    pins = [_entry(db, one, f"{path} pins") for one in editorial.pins]
    drops = [_entry(db, one, f"{path} drops") for one in editorial.drops]
    if both := {entry.id for entry in pins} & {entry.id for entry in drops}:
        title = next(entry.title for entry in pins if entry.id in both)
        raise IssueError(f"{path} both pins and drops “{title}”. Take one of the two away.")
    edits: dict[int, Edit] = {}
    for reference, edit in editorial.edits.items():
        entry = _entry(db, reference, f"{path} edits")
        if entry.id in edits:
            raise IssueError(f"{path} edits “{entry.title}” twice, under two names. Make one of them.")
        edits[entry.id] = edit
    return Resolved(tuple(pins), tuple(drops), edits)


def reference_of(db: Database, entry: Entry) -> str:
    """A name by which the entry is found again: its link, else its title. Raises `IssueError` where neither does."""
    for reference in (entry.url, entry.title):
        if reference and is_named(db, reference, entry.id):
            return reference
    raise IssueError(f"“{entry.title}” has no link, and another entry has its title: it cannot be named in a file.")


def is_named(db: Database, reference: str, entry_id: int) -> bool:
    """Does the reference mean that entry?"""
    found = entries.find(db, reference)
    return found is not None and found.id == entry_id


def _entry(db: Database, reference: str, who: str) -> Entry:
    found = entries.find(db, reference)
    if found is None:
        raise IssueError(
            f"{who} {reference!r}, but no such entry is stored. Write its link, DOI, arXiv id or whole title, or pull "
            "its source first."
        )
    return found
