"""The ledger: every delivery is a row, and every step is written down before it is taken. All SQL about deliveries.

A row becomes `sending` in the same commit that records the result of the message before it, and no byte leaves
before that commit is durable. So after a crash a row that is `claimed` was never begun, and one that is `sending` is
the only one of its worker about which nobody knows.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random

from sqlite_utils import Database

from newsletter.delivery.guard import DOUBTED
from newsletter.delivery.notices import NewNotice
from newsletter.delivery.outcomes import Deferred, DeliveryState, GivenUp, Outcome, Refused, Sent, Unknown
from newsletter.delivery.records import AWAY
from newsletter.delivery.retrying import next_try
from newsletter.delivery.returns import came_back
from newsletter.delivery.verdicts import verdict_of
from newsletter.issues import store as issues
from newsletter.issues.control import STOPPED
from newsletter.issues.issue import NothingNew
from newsletter.rendering.recipe import Recipe
from newsletter.store import SENDING, why_off
from subscribers import people
from subscribers.database import stored, writing


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A copy that was composed, or the reason why there is none."""

    issue_id: int
    subscriber_id: int
    period: str
    due_at: datetime
    recipe: Recipe | NothingNew


@dataclass(frozen=True, slots=True)
class Done:
    """What became of handing one message over."""

    delivery_id: int
    outcome: Outcome
    #: milliseconds
    took: int = 0


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit made of it."""

    #: those that may leave; any other is not this worker's any more, or mail is switched off
    granted: frozenset[int]
    #: where each message that was done ended, in their order
    states: tuple[DeliveryState, ...]


def enqueue(db: Database, deliveries: Sequence[NewDelivery], now: datetime) -> None:
    """Write composed copies down. A reader who has a copy of that issue or period already keeps that one.

    Only one that was dropped because they were away makes room.
    """
    with writing(db):
        # Composing takes a while; who was erased meanwhile must not come back by what was composed for them.
        known = people.known(db, [new.subscriber_id for new in deliveries])
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


def commit(
    db: Database,
    worker: str,
    done: Sequence[Done],
    begin: Sequence[int],
    now: datetime,
    *,
    rehearsal: bool = False,
    give_up_after: timedelta = timedelta(days=1),
    chance: Callable[[], float] = random,
) -> Committed:
    """One commit for all connections: the outcomes of messages before, and the intents to send the next ones.

    What is not granted must not be sent: consent is asked once more, by the state alone. In a rehearsal nobody's mail
    went to themselves, and what a server refused says nothing about them. What is put off is tried again as `retrying`
    says, `chance` (0 to 1) apart.
    """
    granted: list[tuple[int]] = []
    states: list[DeliveryState] = []
    with writing(db):
        _took(db, done, now)
        for one in done:
            if isinstance(one.outcome, Sent):
                states.append(DeliveryState.SENT)
            else:
                states.append(_record(db, one, now, rehearsal, give_up_after, chance))
        if begin and why_off(db, SENDING) is None:
            granted = db.conn.execute(
                "UPDATE deliveries SET state = 'sending', changed_at = ? "
                "WHERE id IN (SELECT value FROM json_each(?)) AND +state = 'claimed' AND worker = ? AND "
                # The + keeps SQLite to the row: by the indexes of states it would read all readers for each commit.
                "(notice IS NOT NULL OR EXISTS "
                "(SELECT 1 FROM subscribers WHERE id = subscriber_id AND +subscribers.state = 'active')) "
                "RETURNING id",
                [stored(now), json.dumps(list(begin)), worker],
            ).fetchall()
        if len(granted) < len(begin):
            db.conn.execute(
                "UPDATE deliveries SET state = 'queued', worker = NULL, changed_at = ? "
                "WHERE id IN (SELECT value FROM json_each(?)) AND +state = 'claimed' AND worker = ?",
                [stored(now), json.dumps(list(begin)), worker],
            )
    return Committed(frozenset(row[0] for row in granted), tuple(states))


def claimed_by(db: Database, worker: str) -> frozenset[int]:
    """What this worker has claimed and not begun."""
    rows = db.conn.execute("SELECT id FROM deliveries WHERE state = 'claimed' AND worker = ?", [worker])
    return frozenset(row[0] for row in rows)


def put_back(db: Database, worker: str, later: Sequence[tuple[int, datetime]], now: datetime) -> None:
    """Give back what this worker claimed and may not begin before these moments."""
    with writing(db):
        db.conn.executemany(
            "UPDATE deliveries SET state = 'queued', worker = NULL, due_at = ?, changed_at = ? "
            "WHERE id = ? AND +state = 'claimed' AND worker = ?",
            [(stored(at), stored(now), delivery_id, worker) for delivery_id, at in later],
        )


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
                # What another database may have sent is for the operator to decide.
                "UPDATE deliveries SET state = 'queued', why = '', changed_at = ? "
                "WHERE state = 'uncertain' AND why != ?",
                [stored(now), DOUBTED],
            )
    return uncertain


def _composed(recipe: Recipe | NothingNew) -> tuple[DeliveryState, str, str]:
    """State, recipe and reason of a new row."""
    if isinstance(recipe, NothingNew):
        return DeliveryState.DROPPED, "", recipe.why
    return DeliveryState.QUEUED, recipe.dump(), ""


def _took(db: Database, done: Sequence[Done], now: datetime) -> None:
    """Of these the server took some. A notice's words are nobody's business from then on, its links above all."""
    moment = stored(now)
    db.conn.executemany(
        "UPDATE deliveries SET state = 'sent', worker = NULL, why = '', took = ?, attempts = attempts + 1, "
        "changed_at = ?, answer = iif(subscriber_id IS NULL AND notice = 'answer', '', ?), "
        "recipe = iif(notice IS NULL, recipe, '') WHERE id = ?",
        [
            (one.took, moment, one.outcome.answer[:200], one.delivery_id)
            for one in done
            if isinstance(one.outcome, Sent)
        ],
    )


def _record(
    db: Database,
    done: Done,
    now: datetime,
    rehearsal: bool,
    give_up_after: timedelta,
    chance: Callable[[], float],
) -> DeliveryState:
    db.conn.execute(
        "UPDATE deliveries SET attempts = attempts + 1, took = ? WHERE id = ?", [done.took, done.delivery_id]
    )
    # Whoever was erased while their mail was handed over has no row any more.
    row = db.conn.execute(
        "SELECT subscriber_id, attempts, tried_since FROM deliveries WHERE id = ?", [done.delivery_id]
    ).fetchone()
    outcome = done.outcome
    if isinstance(outcome, Deferred) and outcome.after is None and row:
        since = datetime.fromisoformat(row[2]) if row[2] else now
        outcome = next_try(outcome.why, row[1], since, now, give_up_after, chance())
    match outcome:
        case Deferred(why, after):
            set_state(db, done.delivery_id, DeliveryState.DEFERRED, why, now)
            due = stored(now + (after or timedelta(0)))
            db.conn.execute("UPDATE deliveries SET due_at = ? WHERE id = ?", [due, done.delivery_id])
            return DeliveryState.DEFERRED
        case Refused(why) | GivenUp(why):
            set_state(db, done.delivery_id, DeliveryState.FAILED, why, now)
            free(db, [done.delivery_id])
            if row and row[0] is not None and not rehearsal:
                came_back(db, row[0], str(done.delivery_id), verdict_of("", why), why, now)
            return DeliveryState.FAILED
        case Unknown(why):
            set_state(db, done.delivery_id, DeliveryState.UNCERTAIN, why, now)
            return DeliveryState.UNCERTAIN
    raise AssertionError(outcome)


def set_state(db: Database, delivery_id: int, state: DeliveryState, why: str, now: datetime) -> None:
    """Write down what became of a delivery; nobody's claim is on it any more."""
    # A notice's words are nobody's business once they are sent; its links above all. What a server says names the
    # address, and of somebody whom we do not keep nothing would ever erase that.
    over = state in (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DROPPED)
    db.conn.execute(
        "UPDATE deliveries SET state = ?, worker = NULL, "
        "why = CASE WHEN subscriber_id IS NULL AND notice = 'answer' AND ? THEN '' ELSE ? END, changed_at = ?, "
        "recipe = CASE WHEN ? AND notice IS NOT NULL THEN '' ELSE recipe END WHERE id = ?",
        [state, state is not DeliveryState.DROPPED, why[:500], stored(now), over, delivery_id],
    )


def free(db: Database, delivery_ids: Sequence[int]) -> None:
    """Their entries may come to their readers in a later issue."""
    if delivery_ids:
        db.conn.execute(
            # Reader and entry first: by these it is found, and the delivery says whether it was this one.
            "DELETE FROM received WHERE (subscriber_id, entry_id) IN "
            "(SELECT subscriber_id, json_extract(pick.value, '$[0]') "
            "FROM deliveries, json_each(nullif(recipe, ''), '$.picks') AS pick "
            "WHERE deliveries.id IN (SELECT value FROM json_each(?1))) "
            "AND delivery_id IN (SELECT value FROM json_each(?1))",
            [json.dumps(list(delivery_ids))],
        )


def requeue(db: Database, delivery_ids: Sequence[int], now: datetime) -> None:
    """What was refused because of us waits again: it says nothing about its readers."""
    with writing(db):
        db.conn.execute(
            "UPDATE deliveries SET state = 'queued', due_at = ?, tried_since = NULL, changed_at = ? "
            "WHERE id IN (SELECT value FROM json_each(?)) AND state = 'failed'",
            [stored(now), stored(now), json.dumps(list(delivery_ids))],
        )
