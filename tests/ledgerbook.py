"""What tests of the ledger's numbers share: issues and copies, written as they would be."""

from datetime import date, datetime

from sqlite_utils import Database

from newsletter.issues.issue import IssueKey, IssueState
from subscribers import bounces
from subscribers.cadence import Frequency
from subscribers.database import stored


def made(
    db: Database,
    day: str,
    at: datetime,
    *,
    frequency: str = "weekly",
    state: IssueState = IssueState.RELEASED,
    held_until: datetime | None = None,
) -> tuple[int, IssueKey]:
    """An issue that is frozen: (id, key)."""
    (issue_id,) = db.conn.execute(
        "INSERT INTO issues (frequency, due_date, state, held_until, frozen_at, up_to_entry, edition) "
        "VALUES (?, ?, ?, ?, ?, 0, '{}') RETURNING id",
        [frequency, day, state, stored(held_until) if held_until else None, stored(at)],
    ).fetchone()
    return issue_id, IssueKey(Frequency(frequency), date.fromisoformat(day))


def copies(
    db: Database, issue_id: int | None, at: datetime, count: int, state: str = "sent", *, why: str = ""
) -> list[int]:
    """So many copies of an issue (or notices, of None) that were due, and left if they did, at that moment."""
    ids = []
    for _ in range(count):
        (new,) = db.conn.execute("SELECT coalesce(max(id), 0) + 1 FROM deliveries").fetchone()
        notice, period = (None, f"p{new}") if issue_id else ("answer", None)
        date_ = stored(at) if state in ("sent", "failed", "deferred", "uncertain") else None
        db.conn.execute(
            "INSERT INTO deliveries (id, issue_id, subscriber_id, period, notice, key, state, due_at, recipe, why, "
            "date, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)",
            [new, issue_id, new, period, notice, f"key {new}", state, stored(at), why, date_, stored(at)],
        )
        ids.append(new)
    return ids


def came_back(db: Database, ids: list[int], at: datetime) -> None:
    """Of these mails it is known that they came back; their readers are made where they are missing."""
    for delivery_id in ids:
        db.conn.execute(
            "INSERT OR IGNORE INTO subscribers (id, address, address_key, state, frequency, day, at, timezone, "
            "created_at) VALUES (?1, 'r' || ?1, 'r' || ?1, 'active', 'weekly', 5, '08:00', 'UTC', ?2)",
            [delivery_id, stored(at)],
        )
        bounces.note(db, delivery_id, str(delivery_id), bounces.HARD, "550 5.1.1", at)
