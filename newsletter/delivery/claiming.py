"""Taking what is due: asked again whether each reader still wants it, and whether its provider has room for it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from typing import Any

from sqlite_utils import Database

from newsletter.delivery.guard import DOUBTED, doubted
from newsletter.delivery.ledger import free, set_state
from newsletter.delivery.notices import why_not
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.providers import provider_of
from newsletter.delivery.records import SELECT, Delivery, delivery_of
from newsletter.issues import store as issues
from newsletter.issues.control import is_late, why_not_sent
from newsletter.issues.issue import StoredIssue
from newsletter.store import SENDING, why_off
from subscribers import people
from subscribers.database import stored, writing
from subscribers.people import Recipient
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

#: A claim is at most about a second's work, so that consent is fresh when a message leaves; and it must not hold the
#: write lock for long.
LEAST, MOST = 50, 1_000
_WAITS = "state IN ('queued', 'deferred')"
#: Their copies stay where they are.
HELD = "SELECT id FROM issues WHERE state IN ('frozen', 'held')"
_QUEUED = f"deliveries INDEXED BY deliveries_waiting WHERE notice IS NULL AND {_WAITS}"
#: The issues that have waiting copies: one step in an index for each, however many copies there are. It is named,
#: because by the index of states SQLite would read all of them.
_WAITING_ISSUES = f"""
    WITH RECURSIVE waiting (id) AS (
        SELECT min(issue_id) FROM {_QUEUED}
        UNION ALL
        SELECT (SELECT min(issue_id) FROM {_QUEUED} AND issue_id > waiting.id)
        FROM waiting WHERE waiting.id IS NOT NULL
    )
    SELECT waiting.id FROM waiting JOIN issues ON issues.id = waiting.id WHERE issues.state NOT IN ('frozen', 'held')
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker may send, and whom it is for."""

    delivery: Delivery
    #: None for a notice to somebody whom we do not keep
    reader: Recipient | None
    #: whose servers it goes to
    provider: str = ""


@dataclass(slots=True)
class Claims:
    """What came of asking for more."""

    claimed: list[Claimed] = field(default_factory=list)
    #: not sent, by our decision
    dropped: int = 0
    #: may have been sent by a database that was lost
    doubted: int = 0
    #: their provider has no room: due again later
    put_back: int = 0
    #: counts up with every claim of this database
    number: int = 0

    @property
    def nothing(self) -> bool:
        """Was nothing due?"""
        return not (self.claimed or self.dropped or self.doubted or self.put_back)


def claim(
    db: Database,
    worker: str,
    now: datetime,
    *,
    max_lateness: timedelta,
    most: int = LEAST,
    only: int | None = None,
    notices_only: bool = False,
    later: Callable[[str], datetime | None] = lambda provider: None,
) -> Claims:
    """Take up to `most` of what is due for this worker. `only` is one subscriber's id.

    Notices go first. Entries count as received from here on. Copies of an issue that is held stay where they are, and
    while the operator has switched sending off there is nothing to take. `later(provider)` says when a message to that
    provider may be tried, None for now.
    """
    claims = Claims()
    with writing(db):
        if why_off(db, SENDING) is not None:
            return claims
        waiting = [delivery_of(row) for row in _due(db, now, most, only, notices_only=notices_only)]
        ids = [d.subscriber_id for d in waiting if d.subscriber_id is not None]
        readers = {reader.id: reader for reader in people.recipients(db, ids)}
        of = issues.by_ids(db, {d.issue_id for d in waiting if d.issue_id is not None})
        doubt = doubted(db)
        put_back: list[tuple[str, str, int]] = []
        dropped: list[int] = []
        in_doubt: list[Delivery] = []
        for delivery in waiting:
            reader = readers.get(delivery.subscriber_id or 0)
            if why := _why_not(db, delivery, reader, of, now, max_lateness):
                set_state(db, delivery.id, DeliveryState.DROPPED, why, now)
                dropped.append(delivery.id)
            elif doubt and doubt.covers(delivery):
                set_state(db, delivery.id, DeliveryState.UNCERTAIN, DOUBTED, now)
                in_doubt.append(delivery)
            elif delivery.recipe or delivery.letter:
                address = delivery.letter.to if delivery.letter else reader.address if reader else ""
                provider = provider_of(address)
                date = delivery.date_at(now)
                if not delivery.notice and (at := later(provider)):
                    put_back.append((stored(at), stored(date), delivery.id))
                    continue
                delivery.state, delivery.date = DeliveryState.CLAIMED, date
                claims.claimed.append(Claimed(delivery, reader, provider))
        db.conn.executemany("UPDATE deliveries SET due_at = ?, date = ? WHERE id = ?", put_back)
        free(db, dropped)
        _note_received(db, in_doubt)
        claims.put_back, claims.dropped, claims.doubted = len(put_back), len(dropped), len(in_doubt)
        if claims.claimed:
            _write_down(db, worker, claims.claimed, now)
            (claims.number,) = db.conn.execute("UPDATE handed_over SET claims = claims + 1 RETURNING claims").fetchone()
    return claims


def anything_due(db: Database, now: datetime, only: int | None, *, notices_only: bool) -> bool:
    """Would there be something to claim?"""
    return bool(_due(db, now, 1, only, notices_only=notices_only))


def _due(db: Database, now: datetime, most: int, only: int | None, *, notices_only: bool) -> list[Any]:
    """Rows as `delivery_of` reads them, the oldest due first."""
    if only is not None:
        rows = db.conn.execute(
            f"{SELECT} WHERE subscriber_id = ? AND {_WAITS} AND due_at <= ? AND (notice IS NOT NULL OR NOT ? AND "
            f"issue_id NOT IN ({HELD})) "
            "ORDER BY notice IS NULL, due_at, id LIMIT ?",
            [only, stored(now), notices_only, most],
        )
        return rows.fetchall()
    found = db.conn.execute(
        f"{SELECT} WHERE notice IS NOT NULL AND {_WAITS} AND due_at <= ? ORDER BY due_at, id LIMIT ?",
        [stored(now), most],
    ).fetchall()
    room = most - len(found)
    if notices_only or not room:
        return found
    of_issues = [
        db.conn.execute(
            f"{SELECT} INDEXED BY deliveries_waiting WHERE issue_id = ? AND notice IS NULL AND {_WAITS} "
            "AND due_at <= ? ORDER BY due_at LIMIT ?",
            [issue_id, stored(now), room],
        ).fetchall()
        for (issue_id,) in db.conn.execute(_WAITING_ISSUES).fetchall()
    ]
    return found + list(merge(*of_issues, key=lambda row: row[5]))[:room]


def _write_down(db: Database, worker: str, claimed: Sequence[Claimed], now: datetime) -> None:
    moment = stored(now)
    db.conn.executemany(
        "UPDATE deliveries SET state = 'claimed', worker = ?1, date = ?2, changed_at = ?3, "
        "tried_since = coalesce(tried_since, ?3) WHERE id = ?4",
        [(worker, stored(one.delivery.date or now), moment, one.delivery.id) for one in claimed],
    )
    _note_received(db, [one.delivery for one in claimed])


def _note_received(db: Database, deliveries: Iterable[Delivery]) -> None:
    # One statement a copy: one for each of its entries would take thrice as long.
    copies: defaultdict[int, list[tuple[int | None, ...]]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.recipe and (shown := delivery.recipe.shown):
            entries = [pick.entry_id for pick in shown]
            copies[len(entries)].append((delivery.subscriber_id, delivery.id, *entries))
    for count, rows in copies.items():
        values = ", ".join(f"(?1, ?{3 + n}, ?2)" for n in range(count))
        db.conn.executemany(f"INSERT OR IGNORE INTO received VALUES {values}", rows)


def _why_not(
    db: Database,
    delivery: Delivery,
    reader: Recipient | None,
    of: Mapping[int, StoredIssue],
    now: datetime,
    max_lateness: timedelta,
) -> str:
    """Why it must not be sent; empty where it may."""
    if delivery.notice:
        age = now - (delivery.date or delivery.due_at)
        person = people.by_id(db, delivery.subscriber_id) if delivery.subscriber_id is not None else None
        complained = person is not None and suppression_of(db, person.address) is Reason.COMPLAINED
        return why_not(delivery.notice, person, delivery.subscriber_id, age, complained=complained)
    issue = of[delivery.issue_id or 0]
    if stopped := why_not_sent(issue.state, issue.held_until, issue.held_why):
        return stopped
    if reader is None:
        return "this person is not known any more"
    if reader.state is not State.ACTIVE:
        return f"this person is {reader.state} now"
    # `due_at` of a deferred copy is its next attempt; the date stays with the first one.
    asked_for = delivery.date or delivery.due_at
    late = is_late(issue.key, reader.cadence, asked_for, issue.held_until, now, max_lateness)
    return "it is too late for this issue" if late else ""
