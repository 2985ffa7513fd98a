"""All SQL about what readers suggest."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from newsletter.entries.entry import READERS, ParsedEntry
from subscribers.database import stored, writing


class SuggestionState(StrEnum):
    """How far a suggestion is."""

    #: its page was not read yet
    NEW = "new"
    #: its page was read, and the operator decides
    WAITING = "waiting"
    #: its page could not be read; the operator decides all the same
    UNREADABLE = "unreadable"
    ACCEPTED = "accepted"
    DECLINED = "declined"


#: Whom an entry thanks where nobody may be named.
BY_A_READER = "Suggested by a reader"
#: What the operator decides about.
OPEN = (SuggestionState.WAITING, SuggestionState.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A link that a reader sent in."""

    id: int
    #: None once they were erased
    subscriber_id: int | None
    url: str
    #: in the reader's words, empty where they gave none
    why: str
    #: may they be thanked by name?
    named: bool
    state: SuggestionState
    #: what was found behind the link; None where nothing was
    entry: ParsedEntry | None
    #: what went wrong, or is odd about it, in a sentence
    trouble: str
    tries: int
    #: the entry that it became, or was already
    entry_id: int | None
    at: datetime


def add(db: Database, subscriber_id: int, url: str, why: str, *, named: bool, now: datetime) -> int:
    """Keep a link, to be looked at; returns its id."""
    with writing(db):
        (suggestion_id,) = db.conn.execute(
            "INSERT INTO suggestions (subscriber_id, url, why, named, state, next_at, at, changed_at) "
            "VALUES (?, ?, ?, ?, 'new', ?, ?, ?) RETURNING id",
            [subscriber_id, url, why, named, *[stored(now)] * 3],
        ).fetchone()
    return int(suggestion_id)


def find(db: Database, suggestion_id: int) -> Suggestion | None:
    """One of them; None for a number that there is not."""
    return next(iter(_select(db, "WHERE id = ?", [suggestion_id])), None) if 0 < suggestion_id < 2**63 else None


def of_reader(db: Database, subscriber_id: int) -> list[Suggestion]:
    """All that somebody suggested."""
    return _select(db, "WHERE subscriber_id = ?", [subscriber_id])


def in_states(db: Database, states: Sequence[SuggestionState]) -> list[Suggestion]:
    """All in one of these states, the oldest first."""
    return _select(db, "WHERE state IN (SELECT value FROM json_each(?))", [json.dumps(states)])


def to_fetch(db: Database, now: datetime, most: int) -> list[Suggestion]:
    """Those whose page is to be read now, the oldest first."""
    return _select(db, "WHERE state = 'new' AND next_at <= ?", [stored(now)], most=most)


def count_waiting(db: Database) -> int:
    """How many the operator is to decide about."""
    row = db.conn.execute("SELECT count(*) FROM suggestions WHERE state IN ('waiting', 'unreadable')").fetchone()
    return int(row[0])


def untold(db: Database) -> bool:
    """Does something wait that the operator was not told about? Of what waits, `next_at` is when to tell it."""
    row = db.conn.execute("SELECT 1 FROM suggestions WHERE state IN ('waiting', 'unreadable') AND next_at IS NOT NULL")
    return row.fetchone() is not None


def told(db: Database) -> None:
    """The operator was told about all that wait."""
    with writing(db):
        db.conn.execute("UPDATE suggestions SET next_at = NULL WHERE state IN ('waiting', 'unreadable')")


def note_fetch(db: Database, before: Suggestion, after: Suggestion, next_at: datetime | None, now: datetime) -> None:
    """Keep what came of reading a page, unless somebody has decided, or was erased, meanwhile."""
    with writing(db):
        db.conn.execute(
            "UPDATE suggestions SET state = ?, entry = ?, trouble = ?, tries = ?, next_at = ?, entry_id = ?, "
            "changed_at = ? WHERE id = ? AND state = 'new' AND tries = ?",
            [
                after.state,
                _dumped(after.entry),
                after.trouble,
                after.tries,
                stored(next_at) if next_at else None,
                after.entry_id,
                stored(now),
                before.id,
                before.tries,
            ],
        )


def decide(
    db: Database,
    ids: Sequence[int],
    state: SuggestionState,
    now: datetime,
    *,
    entry_id: int | None = None,
    trouble: str | None = None,
) -> None:
    """The operator's word; without another `trouble` that stays as it is."""
    with writing(db):
        db.conn.executemany(
            "UPDATE suggestions SET state = ?, next_at = NULL, entry_id = ?, trouble = coalesce(?, trouble), "
            "changed_at = ? WHERE id = ?",
            [(state, entry_id, trouble, stored(now), one) for one in ids],
        )


def keep_entry(db: Database, suggestion_id: int, entry: ParsedEntry) -> None:
    """Keep what was found, or what became of it, with the thanks that are printed with it."""
    with writing(db):
        db.conn.execute("UPDATE suggestions SET entry = ? WHERE id = ?", [_dumped(entry), suggestion_id])


def became(db: Database, document: str) -> int | None:
    """The entry that readers brought by a document of that name."""
    row = db.conn.execute(
        "SELECT entry_id FROM entry_sources WHERE source = ? AND document = ? ORDER BY seen_at DESC LIMIT 1",
        [READERS, document],
    ).fetchone()
    return int(row[0]) if row else None


def thanked_for(db: Database, subscriber_id: int) -> list[int]:
    """Entries that thank somebody by name."""
    return [
        int(row[0])
        for row in db.conn.execute(
            "SELECT entry_id FROM suggestions WHERE subscriber_id = ? AND entry_id IS NOT NULL AND entry <> '' "
            "AND json_extract(entry, '$.thanks') <> ?",
            [subscriber_id, BY_A_READER],
        )
    ]


def _select(db: Database, where: str, parameters: list[Any], *, most: int = -1) -> list[Suggestion]:
    rows = db.conn.execute(
        "SELECT id, subscriber_id, url, why, named, state, entry, trouble, tries, entry_id, at FROM suggestions "
        f"{where} ORDER BY id LIMIT ?",
        [*parameters, most],
    )
    return [
        Suggestion(
            id_,
            subscriber_id,
            url,
            why,
            bool(named),
            SuggestionState(state),
            _loaded(entry),
            trouble,
            tries,
            entry_id,
            datetime.fromisoformat(at),
        )
        for id_, subscriber_id, url, why, named, state, entry, trouble, tries, entry_id, at in rows
    ]


def _dumped(entry: ParsedEntry | None) -> str:
    if entry is None:
        return ""
    return json.dumps({k: v for k, v in asdict(entry).items() if v not in ("", (), None)}, default=str)


def _loaded(text: str) -> ParsedEntry | None:
    if not text:
        return None
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(text).items()}
    if "published" in values:
        values["published"] = date.fromisoformat(values["published"])
    return ParsedEntry(**values)
