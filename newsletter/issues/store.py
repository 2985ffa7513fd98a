"""All SQL about issues: freezing one, loading its parts, what readers have had."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from newsletter.issues.issue import IssueKey, IssueState, StoredIssue
from subscribers.cadence import Frequency
from subscribers.database import stored, writing


def find(db: Database, key: IssueKey) -> StoredIssue | None:
    """The frozen issue, or None while it is open."""
    return next(iter(_select(db, "WHERE frequency = ? AND due_date = ?", [key.frequency, key.due.isoformat()])), None)


def all_issues(db: Database) -> list[StoredIssue]:
    """Every frozen issue, newest due date first."""
    return _select(db, "ORDER BY due_date DESC, frequency", [])


def before(db: Database, frequency: Frequency, first: date, last: date) -> StoredIssue | None:
    """The first frozen issue of that frequency due from `first` to `last`, else the last one due before."""
    between = "WHERE frequency = ? AND due_date BETWEEN ? AND ? ORDER BY due_date LIMIT 1"
    earlier = "WHERE frequency = ? AND due_date < ? ORDER BY due_date DESC LIMIT 1"
    found = _select(db, between, [frequency, first.isoformat(), last.isoformat()])
    return next(iter(found or _select(db, earlier, [frequency, first.isoformat()])), None)


def freeze(
    db: Database,
    key: IssueKey,
    *,
    up_to_entry: int,
    edition: str,
    cards: Mapping[int, str],
    pins: Sequence[int],
    now: datetime,
) -> StoredIssue:
    """Keep an issue as it is now, released. If another process froze it meanwhile, that one's stands.

    `edition` and `cards` (by entry id) are the frozen pieces as text; `pins` are entry ids in the editor's order.
    """
    places = {entry_id: place for place, entry_id in enumerate(pins)}
    with writing(db):
        if found := find(db, key):
            return found
        (issue_id,) = db.conn.execute(
            "INSERT INTO issues (frequency, due_date, state, frozen_at, up_to_entry, edition) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            [
                key.frequency,
                key.due.isoformat(),
                IssueState.RELEASED,
                stored(now),
                up_to_entry,
                edition,
            ],
        ).fetchone()
        db.conn.executemany(
            "INSERT INTO issue_entries VALUES (?, ?, ?, ?)",
            [(issue_id, entry_id, places.get(entry_id), card) for entry_id, card in cards.items()],
        )
    frozen = find(db, key)
    assert frozen is not None  # noqa: S101 — just inserted
    return frozen


def candidates(db: Database, issue_id: int) -> list[int]:
    """Entry ids of a frozen issue, oldest first."""
    return [
        row[0]
        for row in db.conn.execute("SELECT entry_id FROM issue_entries WHERE issue_id = ? ORDER BY 1", [issue_id])
    ]


def pins(db: Database, issue_id: int) -> list[int]:
    """The editor's choices of a frozen issue, in order."""
    rows = db.conn.execute(
        "SELECT entry_id FROM issue_entries WHERE issue_id = ? AND pin IS NOT NULL ORDER BY pin", [issue_id]
    )
    return [row[0] for row in rows]


def edition_of(db: Database, issue_id: int) -> str:
    """The frozen pieces that all copies share."""
    return str(db.conn.execute("SELECT edition FROM issues WHERE id = ?", [issue_id]).fetchone()[0])


def cards_of(db: Database, issue_id: int, entry_ids: Iterable[int]) -> dict[int, str]:
    """The frozen pieces of some entries."""
    return dict(
        db.conn.execute(
            "SELECT entry_id, card FROM issue_entries WHERE issue_id = ? "
            "AND entry_id IN (SELECT value FROM json_each(?))",
            [issue_id, json.dumps(list(entry_ids))],
        )
    )


def set_general(db: Database, issue_id: int, general: str) -> None:
    """Keep everybody's edition of an issue, once."""
    with writing(db):
        db.conn.execute("UPDATE issues SET general = coalesce(general, ?) WHERE id = ?", [general, issue_id])


def general_of(db: Database, issue_id: int) -> str | None:
    """Everybody's edition of an issue, if one was made."""
    row = db.conn.execute("SELECT general FROM issues WHERE id = ?", [issue_id]).fetchone()
    return row[0] if row else None


def set_state(db: Database, issue_id: int, state: IssueState) -> None:
    """Note how far an issue is."""
    with writing(db):
        db.conn.execute("UPDATE issues SET state = ? WHERE id = ?", [state, issue_id])


def received(db: Database, entry_ids: Sequence[int], subscriber_ids: Sequence[int]) -> Iterable[tuple[int, int]]:
    """(subscriber, entry) for each of these entries that one of these readers has had."""
    rows: Iterable[tuple[int, int]] = db.conn.execute(
        "SELECT subscriber_id, entry_id FROM received WHERE entry_id IN (SELECT value FROM json_each(?)) "
        "AND subscriber_id IN (SELECT value FROM json_each(?))",
        [json.dumps(list(entry_ids)), json.dumps(list(subscriber_ids))],
    )
    return rows


def _select(db: Database, where: str, parameters: list[Any]) -> list[StoredIssue]:
    rows = db.conn.execute(
        f"SELECT id, frequency, due_date, state, frozen_at, up_to_entry FROM issues {where}", parameters
    )
    return [
        StoredIssue(
            id=id_,
            key=IssueKey(Frequency(frequency), date.fromisoformat(due)),
            state=IssueState(state),
            frozen_at=datetime.fromisoformat(frozen),
            up_to_entry=up_to,
        )
        for id_, frequency, due, state, frozen, up_to in rows
    ]
