"""All SQL about votes: "more like this" and "less like this" of an entry, the last word of each reader."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlite_utils import Database

from subscribers.database import stored, writing

#: What a reader voted before their newest so many does not count any more.
MOST_VOTES = 200


@dataclass(frozen=True, slots=True)
class Vote:
    """What one reader said of one entry."""

    entry_id: int
    #: 1 for more like this, -1 for less
    value: int
    #: when it was said, UTC
    at: datetime


def set_vote(db: Database, subscriber_id: int, entry_id: int, value: int, now: datetime) -> int:
    """Keep a vote (1 or -1), or take it back (0). Returns what it was before: set that to undo.

    The last word counts; saying the same again changes nothing, its time neither. The caller knows that there is
    such a reader, and such an entry. Raises `ValueError` for another value.
    """
    if value not in (-1, 0, 1):
        raise ValueError(f"A vote is 1, -1 or 0, not {value!r}.")
    with writing(db):
        before = vote_of(db, subscriber_id, entry_id)
        if not value:
            db.conn.execute("DELETE FROM votes WHERE subscriber_id = ? AND entry_id = ?", [subscriber_id, entry_id])
        elif value != before:
            db.conn.execute(
                "INSERT OR REPLACE INTO votes (subscriber_id, entry_id, value, at) VALUES (?, ?, ?, ?)",
                [subscriber_id, entry_id, value, stored(now)],
            )
    return before


def vote_of(db: Database, subscriber_id: int, entry_id: int) -> int:
    """1, -1, or 0 where the reader has not voted on that entry."""
    row = db.conn.execute(
        "SELECT value FROM votes WHERE subscriber_id = ? AND entry_id = ?", [subscriber_id, entry_id]
    ).fetchone()
    return int(row[0]) if row else 0


def votes_of(db: Database, subscriber_ids: Iterable[int]) -> dict[int, list[Vote]]:
    """The votes of those readers who have any, newest first, at most `MOST_VOTES` each."""
    rows = db.conn.execute(
        "SELECT subscriber_id, entry_id, value, at FROM (SELECT *, row_number() OVER "
        "(PARTITION BY subscriber_id ORDER BY at DESC, entry_id DESC) AS place FROM votes "
        "WHERE subscriber_id IN (SELECT value FROM json_each(?))) WHERE place <= ? ORDER BY subscriber_id, place",
        [json.dumps(list(subscriber_ids)), MOST_VOTES],
    )
    found: dict[int, list[Vote]] = {}
    for subscriber_id, entry_id, value, at in rows:
        found.setdefault(subscriber_id, []).append(Vote(entry_id, value, datetime.fromisoformat(at)))
    return found


def likes(db: Database, entry_ids: Iterable[int]) -> dict[int, int]:
    """How many readers want more like each of these entries; those that nobody voted for are left out."""
    return dict(
        db.conn.execute(
            "SELECT entry_id, count(*) FROM votes WHERE value = 1 "
            "AND entry_id IN (SELECT value FROM json_each(?)) GROUP BY 1",
            [json.dumps(list(entry_ids))],
        )
    )


def wanting(db: Database, entry_ids: Iterable[int], most: int) -> list[tuple[int, int]]:
    """(reader, entry) of the newest votes for more like one of these entries, at most so many."""
    return list(
        db.conn.execute(
            "SELECT subscriber_id, entry_id FROM votes WHERE value = 1 "
            "AND entry_id IN (SELECT value FROM json_each(?)) ORDER BY at DESC, subscriber_id, entry_id LIMIT ?",
            [json.dumps(list(entry_ids)), most],
        )
    )


def by_day(db: Database, since: date) -> tuple[dict[date, int], dict[date, int]]:
    """How many asked for (more, less) like something, by the day (UTC) of their last word about it."""
    found: dict[int, dict[date, int]] = {1: {}, -1: {}}
    rows = db.conn.execute(
        "SELECT value, substr(at, 1, 10), count(*) FROM votes WHERE at >= ? GROUP BY 1, 2", [since.isoformat()]
    )
    for value, day, count in rows:
        found[value][date.fromisoformat(day)] = count
    return found[1], found[-1]


def latest(db: Database) -> tuple[int, str]:
    """How many votes there are, and when the last one came: who has seen them knows by this whether any changed."""
    # Apart, each is read off an index; together they would read every vote.
    count, at = db.conn.execute(
        "SELECT (SELECT count(*) FROM votes), (SELECT coalesce(max(at), '') FROM votes)"
    ).fetchone()
    return count, at


def forget(db: Database, subscriber_id: int) -> None:
    """Erase what a person voted."""
    with writing(db):
        db.conn.execute("DELETE FROM votes WHERE subscriber_id = ?", [subscriber_id])
