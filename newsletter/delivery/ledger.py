"""The ledger: every delivery is a row, and every step is written down before it is taken. All SQL about deliveries.

A row becomes `sending` in the same commit that records the result of the message before it, and no byte leaves
before that commit is durable. So after a crash a row that is `claimed` was never begun, and one that is `sending` is
the only one of its worker about which nobody knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.delivery.notices import NewNotice, why_not
from newsletter.delivery.outcomes import Deferred, DeliveryState, Outcome, Refused, Sent, Unknown
from newsletter.delivery.records import AWAY, SELECT, Delivery, delivery_of, find
from newsletter.delivery.returns import came_back
from newsletter.delivery.verdicts import verdict_of
from newsletter.issues import store as issues
from newsletter.issues.calendar import slot_on
from newsletter.issues.control import STOPPED, why_not_sent
from newsletter.issues.issue import NothingNew, StoredIssue
from newsletter.rendering.recipe import Recipe
from newsletter.store import SENDING, why_off
from subscribers import people
from subscribers.database import stored, writing
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

#: Copies of issues; those of one that is held stay in the queue.
_MAY_GO = "notice IS NULL AND issue_id NOT IN (SELECT id FROM issues WHERE state IN ('frozen', 'held'))"
#: A claim is at most about a second's work, so that consent is fresh when a message leaves.
BATCH = 50


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A copy that was composed, or the reason why there is none."""

    issue_id: int
    subscriber_id: int
    period: str
    due_at: datetime
    recipe: Recipe | NothingNew


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker may send, and whom it is for."""

    delivery: Delivery
    #: None for a notice to somebody whom we do not keep
    reader: Subscriber | None


def enqueue(db: Database, deliveries: Sequence[NewDelivery], now: datetime) -> None:
    """Write composed copies down. A reader who has a copy of that issue or period already keeps that one.

    Only one that was dropped because they were away makes room.
    """
    with writing(db):
        # Composing takes a while; who was erased meanwhile must not come back by what was composed for them.
        known = {reader.id for reader in people.by_ids(db, [new.subscriber_id for new in deliveries])}
        # The same for an issue that the operator skipped or cancelled meanwhile.
        of = issues.by_ids(db, {new.issue_id for new in deliveries})
        wanted = {issue.id for issue in of.values() if issue.state not in STOPPED}
        deliveries = [new for new in deliveries if new.subscriber_id in known and new.issue_id in wanted]
        db.conn.executemany(
            f"DELETE FROM deliveries WHERE subscriber_id = ? AND period = ? AND {AWAY}",
            [(new.subscriber_id, new.period) for new in deliveries],
        )
        db.conn.executemany(
            "INSERT OR IGNORE INTO deliveries "
            "(issue_id, subscriber_id, period, state, recipe, why, due_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    new.issue_id,
                    new.subscriber_id,
                    new.period,
                    *_composed(new.recipe),
                    stored(new.due_at),
                    stored(now),
                )
                for new in deliveries
            ],
        )


def post(db: Database, notice: NewNotice, now: datetime, *, due_at: datetime | None = None) -> bool:
    """Write a notice down; False where one with that key was written down before, and then nothing is done."""
    with writing(db):
        return (
            db.conn.execute(
                "INSERT INTO deliveries (notice, key, subscriber_id, state, recipe, due_at, changed_at) "
                "VALUES (?, ?, ?, 'queued', ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                [
                    notice.kind,
                    notice.key,
                    notice.subscriber_id,
                    notice.letter.dump(),
                    stored(due_at or now),
                    stored(now),
                ],
            ).rowcount
            == 1
        )


def claim(
    db: Database,
    worker: str,
    now: datetime,
    *,
    max_lateness: timedelta,
    only: int | None = None,
    notices_only: bool = False,
) -> tuple[list[Claimed], int]:
    """Take up to a batch of what is due for this worker, asking again whether each reader still wants it.

    Returns the claimed ones, and how many were dropped instead: (claimed, dropped). `only` is one subscriber's id.
    Notices go first. Entries count as received from here on. Copies of an issue that is held stay where they are, and
    while the operator has switched sending off there is nothing to take.
    """
    with writing(db):
        if why_off(db, SENDING) is not None:
            return [], 0
        due = (
            f"{SELECT} WHERE state IN ('queued', 'deferred') AND due_at <= ? AND (? IS NULL OR subscriber_id = ?) "
            "AND {} ORDER BY due_at, id LIMIT ?"
        )
        rows = db.conn.execute(due.format("notice IS NOT NULL"), [stored(now), only, only, BATCH]).fetchall()
        if not notices_only:
            rows += db.conn.execute(due.format(_MAY_GO), [stored(now), only, only, BATCH - len(rows)]).fetchall()
        waiting = [delivery_of(row) for row in rows]
        ids = [d.subscriber_id for d in waiting if d.subscriber_id is not None]
        readers = {reader.id: reader for reader in people.by_ids(db, ids)}
        of = issues.by_ids(db, {d.issue_id for d in waiting if d.issue_id is not None})
        claimed: list[Claimed] = []
        for delivery in waiting:
            reader = readers.get(delivery.subscriber_id or 0)
            if delivery.notice:
                age = now - (delivery.date or delivery.due_at)
                complained = reader is not None and suppression_of(db, reader.address) is Reason.COMPLAINED
                why = why_not(delivery.notice, reader, delivery.subscriber_id, age, complained=complained)
            else:
                why = _why_not(reader, delivery, of[delivery.issue_id or 0], now, max_lateness)
            if why:
                _set(db, delivery.id, DeliveryState.DROPPED, why, now)
                _free(db, delivery.id)
            elif delivery.recipe or delivery.letter:
                db.conn.execute(
                    "UPDATE deliveries SET state = 'claimed', worker = ?, date = ?, attempts = attempts + 1, "
                    "changed_at = ? WHERE id = ?",
                    [worker, stored(delivery.date_at(now)), stored(now), delivery.id],
                )
                if delivery.recipe:
                    db.conn.executemany(
                        "INSERT OR IGNORE INTO received VALUES (?, ?, ?)",
                        [(delivery.subscriber_id, pick.entry_id, delivery.id) for pick in delivery.recipe.shown],
                    )
                claimed.append(Claimed(find(db, delivery.id), reader))
    return claimed, len(waiting) - len(claimed)


def step(
    db: Database,
    worker: str,
    done: tuple[int, Outcome] | None,
    begin: int | None,
    now: datetime,
    *,
    rehearsal: bool = False,
) -> bool:
    """One commit: the outcome of the message before, and the intent to send the next one.

    False where the next one is not this worker's any more; then it must not be sent. In a rehearsal nobody's mail went
    to themselves, and what a server refused says nothing about them.
    """
    with writing(db):
        if done:
            _record(db, *done, now, rehearsal)
        if begin is None:
            return True
        changed = db.conn.execute(
            "UPDATE deliveries SET state = 'sending', changed_at = ? WHERE id = ? AND state = 'claimed' AND worker = ?",
            [stored(now), begin, worker],
        )
        return changed.rowcount == 1


def release(db: Database, worker: str, now: datetime) -> None:
    """Give back what this worker claimed and did not begin."""
    with writing(db):
        db.conn.execute(
            "UPDATE deliveries SET state = 'queued', worker = NULL, changed_at = ? "
            "WHERE worker = ? AND state = 'claimed'",
            [stored(now), worker],
        )


def recover(db: Database, is_dead: Callable[[str], bool], now: datetime, *, repeat: bool) -> int:
    """Take over from workers that died: unbegun copies wait again, begun ones are uncertain.

    `repeat` queues the uncertain ones again too, with the same Message-ID and Date: for a transport where that
    changes nothing, or by the operator's policy. Returns how many became uncertain.
    """
    with writing(db):
        rows = db.conn.execute(
            "SELECT DISTINCT worker FROM deliveries WHERE state IN ('claimed', 'sending')"
        ).fetchall()
        uncertain = 0
        for (worker,) in rows:
            if worker is None or is_dead(worker):
                release(db, worker, now)
                changed = db.conn.execute(
                    "UPDATE deliveries SET state = ?, worker = NULL, why = ?, changed_at = ? "
                    "WHERE worker IS ? AND state = 'sending'",
                    [
                        DeliveryState.QUEUED if repeat else DeliveryState.UNCERTAIN,
                        "" if repeat else "the process ended in mid-message: the server may or may not have it",
                        stored(now),
                        worker,
                    ],
                )
                uncertain += 0 if repeat else changed.rowcount
        if repeat:
            db.conn.execute(
                "UPDATE deliveries SET state = 'queued', why = '', changed_at = ? WHERE state = 'uncertain'",
                [stored(now)],
            )
    return uncertain


def _composed(recipe: Recipe | NothingNew) -> tuple[DeliveryState, str, str]:
    """State, recipe and reason of a new row."""
    if isinstance(recipe, NothingNew):
        return DeliveryState.DROPPED, "", recipe.why
    return DeliveryState.QUEUED, recipe.dump(), ""


def _why_not(
    reader: Subscriber | None, delivery: Delivery, issue: StoredIssue, now: datetime, max_lateness: timedelta
) -> str:
    if stopped := why_not_sent(issue.state, issue.held_until):
        return stopped
    if reader is None:
        return "this person is not known any more"
    if reader.state is not State.ACTIVE:
        return f"this person is {reader.state} now"
    # `due_at` of a deferred copy is its next attempt; the date stays with the first one. A copy that was asked for
    # ahead of the reader's hour is not late before it; one that the operator held is not late by their waiting.
    asked_for = max(delivery.date or delivery.due_at, slot_on(reader.cadence, issue.key.due).at)
    if now - max(asked_for, issue.held_until or asked_for) > max_lateness:
        return "it is too late for this issue"
    return ""


def _record(db: Database, delivery_id: int, outcome: Outcome, now: datetime, rehearsal: bool) -> None:
    match outcome:
        case Sent():
            _set(db, delivery_id, DeliveryState.SENT, "", now)
        case Deferred(why, after):
            _set(db, delivery_id, DeliveryState.DEFERRED, why, now)
            db.conn.execute("UPDATE deliveries SET due_at = ? WHERE id = ?", [stored(now + after), delivery_id])
        case Refused(why):
            _set(db, delivery_id, DeliveryState.FAILED, why, now)
            _free(db, delivery_id)
            # Whoever was erased while their mail was handed over has no row any more.
            row = db.conn.execute("SELECT subscriber_id FROM deliveries WHERE id = ?", [delivery_id]).fetchone()
            if row and row[0] is not None and not rehearsal:
                came_back(db, row[0], str(delivery_id), verdict_of("", why), why, now)
        case Unknown(why):
            _set(db, delivery_id, DeliveryState.UNCERTAIN, why, now)


def _set(db: Database, delivery_id: int, state: DeliveryState, why: str, now: datetime) -> None:
    # A notice's words are nobody's business once they are sent; its links above all. What a server says names the
    # address, and of somebody whom we do not keep nothing would ever erase that.
    over = state in (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DROPPED)
    db.conn.execute(
        "UPDATE deliveries SET state = ?, worker = NULL, "
        "why = CASE WHEN subscriber_id IS NULL AND notice = 'answer' AND ? THEN '' ELSE ? END, changed_at = ?, "
        "recipe = CASE WHEN ? AND notice IS NOT NULL THEN '' ELSE recipe END WHERE id = ?",
        [state, state is not DeliveryState.DROPPED, why[:500], stored(now), over, delivery_id],
    )


def _free(db: Database, delivery_id: int) -> None:
    """Its entries may come to this reader in a later issue."""
    db.conn.execute("DELETE FROM received WHERE delivery_id = ?", [delivery_id])
