"""Who is due, asked of both packages' tables at once. All SQL that joins readers and their copies is here.

That somebody is due is in the database and nowhere else: whoever asks, after whatever downtime, gets the same answer.
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database

from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.records import AWAY
from newsletter.issues.calendar import is_due_date
from newsletter.issues.issue import IssueKey
from subscribers import people
from subscribers.cadence import Cadence
from subscribers.database import stored

_RHYTHM = "s.state = 'active' AND s.frequency = ? AND s.day = ? AND s.at = ? AND s.timezone = ?"


def without_copy(db: Database, cadence: Cadence, period: str) -> list[int]:
    """Active readers of that very cadence who have no copy for the period, or were away when theirs was to go out."""
    rows = db.conn.execute(
        f"SELECT s.id FROM subscribers s WHERE {_RHYTHM} AND NOT EXISTS "
        f"(SELECT 1 FROM deliveries d WHERE d.subscriber_id = s.id AND d.period = ? AND NOT {AWAY}) ORDER BY s.id",
        [*people.cadence_row(cadence), period],
    )
    return [row[0] for row in rows]


def everybody(db: Database) -> list[int]:
    """All active readers."""
    return [row[0] for row in db.conn.execute("SELECT id FROM subscribers WHERE state = 'active' ORDER BY id")]


def of_issue(db: Database, key: IssueKey) -> list[int]:
    """All active readers whose issue that is, whatever they have had."""
    found: list[int] = []
    for cadence in people.rhythms(db):
        if cadence.frequency is key.frequency and is_due_date(cadence, key.due):
            rows = db.conn.execute(f"SELECT s.id FROM subscribers s WHERE {_RHYTHM}", people.cadence_row(cadence))
            found += [row[0] for row in rows]
    return sorted(found)


def new_or_changed(db: Database, since: datetime) -> list[int]:
    """Active readers who joined and are welcomed, or changed their rhythm, at or after that moment."""
    rows = db.conn.execute(
        "SELECT id FROM subscribers WHERE joined_at >= ?1 AND welcome = 1 AND state = 'active' "
        "UNION SELECT id FROM subscribers WHERE rhythm_at >= ?1 AND state = 'active'",
        [stored(since)],
    )
    return [row[0] for row in rows]


def copies_by_state(db: Database, cadence: Cadence, period: str) -> Counter[DeliveryState]:
    """How many copies readers of that cadence have for the period."""
    rows = db.conn.execute(
        "SELECT d.state, count(*) FROM subscribers s JOIN deliveries d ON d.subscriber_id = s.id AND d.period = ? "
        f"WHERE {_RHYTHM} GROUP BY 1",
        [period, *people.cadence_row(cadence)],
    )
    return Counter({DeliveryState(state): count for state, count in rows})


def served(db: Database, ids: Sequence[int], periods: Sequence[str]) -> dict[tuple[int, str], DeliveryState]:
    """The state of every copy that these readers have for these periods, by (subscriber, period).

    One that was dropped because they were away is none: now they get another.
    """
    rows = db.conn.execute(
        "SELECT d.subscriber_id, d.period, d.state FROM json_each(?) i CROSS JOIN json_each(?) p "
        "JOIN deliveries d ON d.subscriber_id = i.value AND d.period = p.value "
        f"WHERE NOT {AWAY}",
        [json.dumps(list(ids)), json.dumps(sorted(set(periods)))],
    )
    return {(subscriber_id, period): DeliveryState(state) for subscriber_id, period, state in rows}
