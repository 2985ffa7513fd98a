"""What the ledger says: every delivery as it is, and what follows for a reader or an issue. Reads only."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.outcomes import DeliveryState
from newsletter.rendering.letter import Letter, load_letter
from newsletter.rendering.recipe import Recipe, load_recipe
from subscribers.database import stored

#: A message that goes out within this time of its hour bears that hour as its date.
ON_TIME = timedelta(hours=1)
#: A copy that was dropped for what its reader was then, and not for what it is: who is back gets another.
AWAY = "(state = 'dropped' AND why LIKE 'this person is %')"
#: What `delivery_of` reads.
SELECT = "SELECT id, issue_id, subscriber_id, notice, state, due_at, recipe, date, why, attempts FROM deliveries"


@dataclass(slots=True)
class Delivery:
    """A copy as the ledger has it; who changes it there changes it here."""

    id: int
    #: None for a notice
    issue_id: int | None
    #: None for a notice to somebody whom we do not keep
    subscriber_id: int | None
    #: None for a copy of an issue
    notice: NoticeKind | None
    state: DeliveryState
    due_at: datetime
    #: of a copy; None where there is nothing to send
    recipe: Recipe | None
    #: of a notice; None once it is sent
    letter: Letter | None
    #: the Date header; None before the first claim
    date: datetime | None
    why: str
    #: so often a server was asked to take it
    attempts: int = 0

    def date_at(self, now: datetime) -> datetime:
        """The Date header of a message that leaves now: fixed at the first claim, the reader's hour if in time."""
        return self.date or dated(self.due_at, now)


def dated(due_at: datetime, now: datetime) -> datetime:
    """The Date header of a message that was due at that moment and leaves now."""
    return due_at if timedelta(0) <= now - due_at < ON_TIME else now


def find(db: Database, delivery_id: int) -> Delivery:
    """A delivery by its id."""
    return delivery_of(db.conn.execute(f"{SELECT} WHERE id = ?", [delivery_id]).fetchone())


def of_key(db: Database, key: str) -> Delivery | None:
    """A notice by what it is about."""
    row = db.conn.execute(f"{SELECT} WHERE key = ?", [key]).fetchone()
    return delivery_of(row) if row else None


def of_reader(db: Database, subscriber_id: int, issue_id: int) -> Delivery | None:
    """A reader's copy of an issue, if it was composed."""
    row = db.conn.execute(f"{SELECT} WHERE subscriber_id = ? AND issue_id = ?", [subscriber_id, issue_id]).fetchone()
    return delivery_of(row) if row else None


def of_issue(db: Database, issue_id: int, subscriber_ids: Sequence[int]) -> dict[int, Delivery]:
    """The copies of an issue that were composed for these readers, by reader."""
    rows = db.conn.execute(
        f"{SELECT} WHERE subscriber_id IN (SELECT value FROM json_each(?)) AND issue_id = ?",
        [json.dumps(list(subscriber_ids)), issue_id],
    )
    return {copy.subscriber_id: copy for copy in map(delivery_of, rows) if copy.subscriber_id}


def readers_of(db: Database, issue_id: int) -> list[int]:
    """Everybody for whom a copy of an issue was composed."""
    rows = db.conn.execute(
        "SELECT subscriber_id FROM deliveries WHERE issue_id = ? AND subscriber_id IS NOT NULL", [issue_id]
    )
    return [row[0] for row in rows]


def periods_of(db: Database, subscriber_id: int, now: datetime) -> set[str]:
    """The periods for which a reader has had an issue by now, or will have none; not that of one that still comes."""
    rows = db.conn.execute(
        "SELECT period FROM deliveries WHERE subscriber_id = ? AND period IS NOT NULL "
        f"AND NOT (state = 'queued' AND due_at > ?) AND NOT {AWAY}",
        [subscriber_id, stored(now)],
    )
    return {row[0] for row in rows}


def had_since(db: Database, subscriber_id: int, since: datetime) -> bool:
    """Has this reader been sent an issue at or after that moment, or does one wait for them?"""
    row = db.conn.execute(
        "SELECT 1 FROM deliveries WHERE subscriber_id = ? AND issue_id IS NOT NULL "
        "AND state NOT IN ('dropped', 'failed') AND coalesce(date, due_at) >= ? LIMIT 1",
        [subscriber_id, stored(since)],
    ).fetchone()
    return row is not None


def sent_to(db: Database, subscriber_id: int, most: int) -> list[int]:
    """The issues that a reader was sent, the newest first."""
    rows = db.conn.execute(
        "SELECT issue_id FROM deliveries WHERE subscriber_id = ? AND state = 'sent' AND issue_id IS NOT NULL "
        "ORDER BY id DESC LIMIT ?",
        [subscriber_id, most],
    )
    return [row[0] for row in rows]


def first_sent(db: Database, issue_id: int) -> datetime | None:
    """When the first copy of an issue left; None where none has."""
    row = db.conn.execute(
        "SELECT min(date) FROM deliveries WHERE issue_id = ? AND state = 'sent'", [issue_id]
    ).fetchone()
    return datetime.fromisoformat(row[0]) if row[0] else None


def not_sent(db: Database, issue_id: int | None = None, *, most: int = 100) -> list[Delivery]:
    """Copies that failed, wait for another try, are uncertain, or were dropped after composing; the newest first."""
    rows = db.conn.execute(
        f"{SELECT} WHERE (state IN ('failed', 'deferred', 'uncertain') OR state = 'dropped' AND recipe != '') "
        "AND (? IS NULL OR issue_id = ?) "
        "ORDER BY id DESC LIMIT ?",
        [issue_id, issue_id, most],
    )
    return [delivery_of(row) for row in rows]


def promised(db: Database, subscriber_ids: Sequence[int]) -> Iterable[tuple[int, int]]:
    """(subscriber, entry) of every copy that is composed and waits: what is received only from its claim on."""
    rows: Iterable[tuple[int, int]] = db.conn.execute(
        "SELECT subscriber_id, json_extract(pick.value, '$[0]') FROM deliveries, json_each(recipe, '$.picks') AS pick "
        # The + keeps SQLite to the index of readers: all the others' copies may be queued by now.
        "WHERE +state = 'queued' AND subscriber_id IN (SELECT value FROM json_each(?))",
        [json.dumps(list(subscriber_ids))],
    )
    return rows


def counts_before(db: Database, subscriber_ids: Sequence[int]) -> Mapping[int, int]:
    """How many issues each reader has had."""
    return dict(
        db.conn.execute(
            "SELECT subscriber_id, count(*) FROM deliveries WHERE notice IS NULL "
            "AND state NOT IN ('dropped', 'failed') AND subscriber_id IN (SELECT value FROM json_each(?)) GROUP BY 1",
            [json.dumps(list(subscriber_ids))],
        )
    )


def count_by_state(db: Database, issue_id: int | None = None) -> dict[str, int]:
    """How many deliveries are in each state, of one issue or of all."""
    # Two statements, for SQLite finds one issue's rows by an index only where nothing else may be meant.
    if issue_id is None:
        return dict(db.conn.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
    return dict(db.conn.execute("SELECT state, count(*) FROM deliveries WHERE issue_id = ? GROUP BY state", [issue_id]))


def count_waiting(db: Database) -> int:
    """How many deliveries are still to be handed over, now or later."""
    row = db.conn.execute("SELECT count(*) FROM deliveries WHERE state IN ('queued', 'deferred')").fetchone()
    return int(row[0])


def delivery_of(row: Sequence[Any]) -> Delivery:
    """A row as SELECT reads it."""
    id_, issue_id, subscriber_id, notice, state, due_at, recipe, date, why, attempts = row
    return Delivery(
        id=id_,
        issue_id=issue_id,
        subscriber_id=subscriber_id,
        notice=NoticeKind(notice) if notice else None,
        state=DeliveryState(state),
        due_at=datetime.fromisoformat(due_at),
        recipe=load_recipe(recipe) if recipe and not notice else None,
        letter=load_letter(recipe) if recipe and notice else None,
        date=datetime.fromisoformat(date) if date else None,
        why=why,
        attempts=attempts,
    )
