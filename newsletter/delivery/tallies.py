"""The ledger in numbers, for whoever watches: made to be cheap with a million rows. Reads only.

The indexes are named where the planner would not choose them: it does not know that hardly any row is younger than a
few days.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlite_utils import Database

from newsletter.delivery.outcomes import DeliveryState
from subscribers.database import stored

_WAITING = (DeliveryState.QUEUED, DeliveryState.DEFERRED)


@dataclass(slots=True)
class Tally:
    """The copies of one issue."""

    counts: Counter[DeliveryState] = field(default_factory=Counter)
    #: copies that were dropped, by the reason
    reasons: Counter[str] = field(default_factory=Counter)
    #: when the next and the last of those that wait are due; None where none does
    next_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """How much of what was mailed in a time came back, or was refused at once."""

    mailed: int
    returned: int

    @property
    def rate(self) -> float:
        """From 0 to 1."""
        return self.returned / self.mailed if self.mailed else 0.0


def count_by_kind(db: Database) -> tuple[dict[str, int], dict[str, int]]:
    """How many (copies of issues, notices) are in each state."""
    notices: dict[str, int] = dict(
        db.conn.execute("SELECT state, count(*) FROM deliveries WHERE notice IS NOT NULL GROUP BY state")
    )
    every: dict[str, int] = dict(db.conn.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
    return {state: n - notices.get(state, 0) for state, n in every.items() if n > notices.get(state, 0)}, notices


def waiting_notices(db: Database) -> tuple[int, datetime | None]:
    """How many notices wait to be sent, and since when the oldest is due."""
    count, oldest = 0, None
    for state in _WAITING:
        n, first = db.conn.execute(
            "SELECT count(*), min(due_at) FROM deliveries WHERE notice IS NOT NULL AND state = ?", [state]
        ).fetchone()
        count += n
        oldest = min(filter(None, (oldest, first)), default=None)
    return count, datetime.fromisoformat(oldest) if oldest else None


def of_issues(db: Database, issue_ids: Sequence[int], since: datetime) -> Mapping[int, Tally]:
    """What became of the copies of these issues; `since` is before the first hour of any of them."""
    found = {issue_id: Tally() for issue_id in issue_ids}
    for issue_id, of_issue in found.items():
        (sent,) = db.conn.execute(
            "SELECT count(*) FROM deliveries INDEXED BY deliveries_sent WHERE state = 'sent' AND issue_id = ?",
            [issue_id],
        ).fetchone()
        of_issue.counts += Counter({DeliveryState.SENT: sent})
    others = [state for state in DeliveryState if state is not DeliveryState.SENT] if found else []
    marks = ", ".join("?" * len(others))
    for issue_id, state, why, count, first, last in db.conn.execute(
        "SELECT issue_id, state, iif(state = 'dropped', why, ''), count(*), min(due_at), max(due_at) "
        "FROM deliveries INDEXED BY deliveries_by_state "
        f"WHERE state IN ({marks}) AND due_at >= ? AND notice IS NULL GROUP BY 1, 2, 3",
        [*others, stored(since)],
    ):
        if tally := found.get(issue_id):
            state = DeliveryState(state)
            tally.counts[state] += count
            if state in _WAITING:
                first, last = datetime.fromisoformat(first), datetime.fromisoformat(last)
                tally.next_at = min(filter(None, (tally.next_at, first)))
                tally.last_at = max(filter(None, (tally.last_at, last)))
            if why:
                tally.reasons[why] += count
    return found


def uncertain(db: Database, since: datetime) -> tuple[int, int]:
    """How many mails became uncertain since that moment, and how many are in all."""
    fresh, every = db.conn.execute(
        "SELECT count(*) FILTER (WHERE changed_at >= ?), count(*) FROM deliveries WHERE state = 'uncertain'",
        [stored(since)],
    ).fetchone()
    return fresh, every


def returned(db: Database, since: datetime, until: datetime) -> Returned:
    """Of what was mailed from `since` until before `until`: how much came back by now, or was refused at once."""
    window = [stored(since), stored(until)]
    (copies,) = db.conn.execute(
        "SELECT count(*) FROM deliveries INDEXED BY deliveries_sent WHERE state = 'sent' "
        "AND issue_id IN (SELECT id FROM issues) AND date >= ? AND date < ?",
        window,
    ).fetchone()
    (notices,) = db.conn.execute(
        "SELECT count(*) FROM deliveries WHERE state = 'sent' AND notice IS NOT NULL AND date >= ? AND date < ?", window
    ).fetchone()
    (refused,) = db.conn.execute(
        "SELECT count(*) FROM deliveries WHERE state = 'failed' AND date >= ? AND date < ?", window
    ).fetchone()
    # A mail comes back after it was sent, never before. What was refused at once is counted already.
    (back,) = db.conn.execute(
        "SELECT count(*) FROM bounces AS b JOIN deliveries AS d ON d.id = CAST(b.mail AS INTEGER) "
        "WHERE b.at >= ? AND d.state = 'sent' AND d.date >= ? AND d.date < ?",
        [window[0], *window],
    ).fetchone()
    return Returned(copies + notices + refused, refused + back)


def sent_by_day(db: Database, since: date) -> dict[date, int]:
    """How many copies of issues servers took, by day, UTC."""
    rows = db.conn.execute(
        "SELECT substr(date, 1, 10), count(*) FROM deliveries INDEXED BY deliveries_sent WHERE state = 'sent' "
        "AND issue_id IN (SELECT id FROM issues) AND date >= ? GROUP BY 1",
        [since.isoformat()],
    )
    return {date.fromisoformat(day): count for day, count in rows}


def lost_by_day(db: Database, since: date) -> tuple[dict[date, int], dict[date, int]]:
    """How many copies of issues (were refused, came back), by day, UTC: of sending, and of coming back."""
    refused = db.conn.execute(
        "SELECT substr(date, 1, 10), count(*) FROM deliveries WHERE state = 'failed' AND notice IS NULL "
        "AND date >= ? GROUP BY 1",
        [since.isoformat()],
    )
    back = db.conn.execute(
        "SELECT substr(b.at, 1, 10), count(*) FROM bounces AS b JOIN deliveries AS d ON d.id = CAST(b.mail AS INTEGER) "
        "WHERE b.at >= ? AND d.state = 'sent' AND d.notice IS NULL GROUP BY 1",
        [since.isoformat()],
    )
    by_day = [{date.fromisoformat(day): count for day, count in rows} for rows in (refused, back)]
    return by_day[0], by_day[1]


def picks_of(db: Database, issue_id: int) -> tuple[set[int], Counter[tuple[int, str]]]:
    """Who has a copy of an issue that was composed, and how many copies hold each (entry, section).

    A copy that was given up, dropped or failed is none.
    """
    composed = "issue_id = ? AND recipe != '' AND state NOT IN ('dropped', 'failed')"
    readers = {row[0] for row in db.conn.execute(f"SELECT subscriber_id FROM deliveries WHERE {composed}", [issue_id])}
    rows = db.conn.execute(
        "SELECT json_extract(pick.value, '$[0]'), json_extract(pick.value, '$[1]'), count(*) "
        f"FROM deliveries, json_each(recipe, '$.picks') AS pick WHERE {composed} GROUP BY 1, 2",
        [issue_id],
    )
    return readers, Counter({(entry_id, section): count for entry_id, section, count in rows})


def mark(db: Database) -> tuple[int, int]:
    """Two numbers of which one is another as soon as something was composed or claimed for sending."""
    newest, claims = db.conn.execute(
        "SELECT (SELECT coalesce(max(id), 0) FROM deliveries), (SELECT claims FROM handed_over)"
    ).fetchone()
    return newest, claims
