"""The operator's word to all readers: one notice each, in the same ledger, with its own way out."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from markdown_it import MarkdownIt
from sqlite_utils import Database

from newsletter.delivery import ledger
from newsletter.errors import IssueError
from newsletter.readers.mails import Mails
from subscribers import people
from subscribers.database import writing
from subscribers.states import State

#: Notices a transaction: keeps the write lock short.
CHUNK = 200
MAX_CHARACTERS = 50_000


@dataclass(frozen=True, slots=True)
class Announcement:
    """What an operator wants to tell everybody."""

    subject: str
    #: Markdown
    body: str

    @property
    def key(self) -> str:
        """The same text is announced once, however often the command is run."""
        return blake2b(f"{self.subject}\n{self.body}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def read_announcement(path: Path) -> Announcement:
    """The same from a file. Raises `IssueError`, and what opening a file raises."""
    try:
        return parse_announcement(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise IssueError(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None


def parse_announcement(text: str, path: str) -> Announcement:
    """Read a Markdown file whose first line is a heading: the subject. Raises `IssueError`."""
    first, _, body = text.removeprefix("\ufeff").lstrip().partition("\n")
    if not first.startswith("# ") or not first[2:].strip():
        raise IssueError(f"{path} must begin with a heading, which becomes the subject: “# What is new”.")
    if not body.strip():
        raise IssueError(f"{path} has a heading, but says nothing below it.")
    if len(text) > MAX_CHARACTERS:
        raise IssueError(f"{path} has {len(text):,} characters; {MAX_CHARACTERS:,} is the most.")
    if not _ends(body.strip()):
        raise IssueError(f"{path} opens a block of code (``` or ~~~) and never closes it. Close it.")
    return Announcement(first[2:].strip(), body.strip())


def _ends(body: str) -> bool:
    """Does what is written below the text stand outside of it? The links to leave do."""
    last = MarkdownIt("commonmark", {"html": False}).parse(f"{body}\n\n---\n")[-1]
    return last.type == "hr" and last.level == 0


def addressees(db: Database) -> list[int]:
    """Ids of who is to be told: readers, also those who pause, who have not said that they want none."""
    return [
        person.id
        for state in (State.ACTIVE, State.PAUSED)
        for person in people.everybody(db, state=state)
        if person.announcements
    ]


def announce(db: Database, mails: Mails, announcement: Announcement, now: datetime) -> int:
    """Write a notice for each of them; returns how many are new. What was announced once is not announced again."""
    new, ids = 0, addressees(db)
    for start in range(0, len(ids), CHUNK):
        readers = list(people.by_ids(db, ids[start : start + CHUNK]))
        notices = [mails.announcement(p, announcement.key, announcement.subject, announcement.body) for p in readers]
        with writing(db):
            new += sum(ledger.post(db, notice, now) for notice in notices)
    return new
