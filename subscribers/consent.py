"""Consent: asking for it, giving it, taking it back. Every move is recorded as evidence in the same transaction.

Nothing that a stranger can type changes anything about a person who is known: what a request wishes for is kept with
its confirmation, and comes into force when that is confirmed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlite_utils import Database

from subscribers import bounces, confirmations, people
from subscribers.address import address_key, parse_address
from subscribers.cadence import Cadence, Frequency, parse_time
from subscribers.confirmations import Confirmation, Purpose
from subscribers.database import stored, writing
from subscribers.errors import MoveNotAllowed, Suppressed
from subscribers.evidence import Origin, record
from subscribers.interests import Interest
from subscribers.people import Subscriber
from subscribers.states import State, move
from subscribers.suppression import LIFTED_BY_OPT_IN, Reason, lift, suppress, suppression_of

#: A request that nobody confirmed is reminded of once after this time,
REMIND_AFTER = timedelta(days=2)
#: not any more after this (nobody looked for so long),
REMIND_BEFORE = timedelta(days=7)
#: and forgotten after this.
PURGE_AFTER = timedelta(days=30)
#: So long who has left may say that it was a mistake.
STAY_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody who wants to read asks for."""

    name: str
    interests: tuple[Interest, ...]
    cadence: Cadence

    def dump(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold."""
        return {
            "name": self.name,
            "interests": [[interest.text, interest.muted] for interest in self.interests],
            "cadence": list(people.cadence_row(self.cadence)),
        }


def load_wishes(values: dict[str, Any]) -> Wishes:
    """Read what `Wishes.dump` made."""
    frequency, day, at, timezone = values["cadence"]
    return Wishes(
        values["name"],
        tuple(Interest(text, bool(muted)) for text, muted in values["interests"]),
        Cadence(Frequency(frequency), int(day), parse_time(at), timezone),
    )


def request(
    db: Database, address: str, wishes: Wishes, *, words: str, origin: Origin, now: datetime, token: str
) -> Subscriber | None:
    """Note that somebody asked for the newsletter under this address; `token` goes into the mail that asks to confirm.

    Returns the person to ask; None for an address that must not be mailed. Who reads already stays as they are.
    """
    with writing(db):
        if suppression_of(db, address) is Reason.COMPLAINED:
            return None
        person = people.find(db, address) or people.insert(
            db, address, State.PENDING, name="", cadence=wishes.cadence, now=now
        )
        event = "asked to subscribe"
        if person.state in (State.ACTIVE, State.PAUSED):
            event += ", being subscribed already"
        else:
            confirmations.ask(db, person.id, Purpose.SUBSCRIBE, {"wishes": wishes.dump()}, now, token=token)
        record(db, person.id, event=event, origin=origin, words=words, now=now)
    return person


def confirm(db: Database, token: str, *, words: str, origin: Origin, now: datetime) -> Subscriber | None:
    """Let a request to subscribe come into force; who was confirmed already stays as they are now.

    None where the token is unknown or expired. Raises `Suppressed` where a complaint stands against it.
    """
    with writing(db):
        found = confirmations.find(db, token)
        person = person_of(db, found)
        if found is None or person is None or found.purpose is not Purpose.SUBSCRIBE or found.expired(now):
            return None
        if found.used_at or person.state in (State.ACTIVE, State.PAUSED):
            return person
        reason = suppression_of(db, person.address)
        if reason and reason not in LIFTED_BY_OPT_IN:
            raise Suppressed(f"{person.address} once reported our mail as unwanted; the operator can lift that.")
        lift(db, person.address)
        bounces.forget(db, person.id)
        move(State.PENDING if person.state is State.SUPPRESSED else person.state, State.ACTIVE)
        wishes = load_wishes(found.detail["wishes"])
        people.update(db, person.id, name=wishes.name or person.name, cadence=wishes.cadence, now=now)
        people.set_interests(db, person.id, wishes.interests or person.interests)
        _set_state(db, person.id, State.ACTIVE, now, confirmed=True)
        _join(db, person.id, now)
        confirmations.mark_used(db, token, now)
        record(db, person.id, event="confirmed", origin=origin, words=words, now=now)
    return people.by_id(db, person.id)


def decline(db: Database, token: str, *, now: datetime) -> None:
    """Forget a request: it was somebody else who typed this address."""
    with writing(db):
        found = confirmations.find(db, token)
        person = person_of(db, found)
        if found is None or person is None or found.used_at:
            return
        confirmations.withdraw(db, person.id, found.purpose)
        # Who declines to be somebody's new address is not that somebody.
        if person.state is State.PENDING and found.purpose is Purpose.SUBSCRIBE:
            people.delete(db, person.id)


def leave(db: Database, person: Subscriber, *, words: str, origin: Origin, now: datetime) -> Subscriber:
    """Never mail this person an issue again, from this moment on; again and again without harm."""
    with writing(db):
        person = people.by_id(db, person.id) or person
        if person.state not in (State.UNSUBSCRIBED, State.SUPPRESSED):
            confirmations.withdraw(db, person.id, Purpose.SUBSCRIBE)
            return change_state(db, person, State.UNSUBSCRIBED, origin=origin, words=words, now=now)
    return person


def stay(db: Database, person: Subscriber, *, words: str, origin: Origin, now: datetime) -> Subscriber:
    """Take leaving back, within a day of it. Raises `MoveNotAllowed` later, or for who was never confirmed."""
    with writing(db):
        person = people.by_id(db, person.id) or person
        if person.state is not State.UNSUBSCRIBED:
            return person
        left = changed_at(db, person.id)
        if person.confirmed_at is None or left is None or now - left > STAY_WITHIN:
            raise MoveNotAllowed(
                "That was too long ago to be taken back here. Subscribe again: it takes one mail and one click."
            )
        paused = _state_before(db, person.id, State.UNSUBSCRIBED) is State.PAUSED
        _set_state(db, person.id, State.PAUSED if paused else State.ACTIVE, now)
        record(db, person.id, event="took leaving back", origin=origin, words=words, now=now)
    return people.by_id(db, person.id) or person


def pause(db: Database, person: Subscriber, until: date | None, *, words: str, origin: Origin, now: datetime) -> None:
    """No issues until that day, or until this person says so. Raises `MoveNotAllowed` for who is no reader.

    Who pauses already gets another end.
    """
    with writing(db):
        change_state(db, person, State.PAUSED, origin=origin, words=words, now=now)
        day = until.isoformat() if until else None
        db.conn.execute("UPDATE subscribers SET paused_until = ? WHERE id = ?", [day, person.id])


def resume(
    db: Database, person: Subscriber, *, words: str, origin: Origin, now: datetime, since: datetime | None = None
) -> None:
    """Issues again. Raises `MoveNotAllowed` for who is no reader (see `confirm`).

    `since` is the moment at which the pause was over, if that was before now: due dates after it are theirs.
    """
    with writing(db):
        person = people.by_id(db, person.id) or person
        if person.state not in (State.ACTIVE, State.PAUSED):
            raise MoveNotAllowed(f"A subscriber who is {person.state} cannot resume; only a pause can end.")
        if person.state is State.PAUSED:
            _join(db, person.id, since or now)
        change_state(db, person, State.ACTIVE, origin=origin, words=words, now=now)


def change_address(
    db: Database, person: Subscriber, address: str, *, words: str, origin: Origin, now: datetime
) -> Subscriber:
    """Mail this person at another address, which was confirmed there.

    Raises `Suppressed` where that one must not be mailed, `MoveNotAllowed` where somebody else reads there.
    """
    address = parse_address(address)
    with writing(db):
        person = people.by_id(db, person.id) or person
        if suppression_of(db, address) is Reason.COMPLAINED:
            raise Suppressed(f"{address} once reported our mail as unwanted; the operator can lift that.")
        other = people.find(db, address)
        if other and other.id != person.id:
            if other.state in (State.ACTIVE, State.PAUSED):
                raise MoveNotAllowed(f"{address} is subscribed already. Leave with one of the two addresses instead.")
            people.delete(db, other.id)
        if person.state is State.SUPPRESSED and suppression_of(db, person.address) is Reason.BOUNCED:
            lift_suppression(db, person, words=words, origin=origin, now=now)  # it was that address, not the person
        # No list that is brought in later makes a second reader of the old address.
        suppress(db, person.address, Reason.ERASED, now)
        lift(db, address)
        db.conn.execute(
            "UPDATE subscribers SET address = ?, address_key = ? WHERE id = ?",
            [address, address_key(address), person.id],
        )
        bounces.forget(db, person.id)
        event = f"address changed from {person.address} to {address}"
        record(db, person.id, event=event, origin=origin, words=words, now=now)
    return people.by_id(db, person.id) or person


def suppress_person(
    db: Database, person: Subscriber, reason: Reason, *, words: str, origin: Origin, now: datetime
) -> None:
    """Never mail this person again, because their address is dead or they complained."""
    with writing(db):
        person = people.by_id(db, person.id) or person
        suppress(db, person.address, reason, now)
        if person.state is not State.SUPPRESSED:
            change_state(db, person, State.SUPPRESSED, origin=origin, words=words, now=now)


def lift_suppression(db: Database, person: Subscriber, *, words: str, origin: Origin, now: datetime) -> Subscriber:
    """The operator's word that this address may be mailed again.

    Who was suppressed for a dead address is what they were before: a reader, somebody who pauses, or who has left.
    Who complained has to confirm anew.
    """
    with writing(db):
        person = people.by_id(db, person.id) or person
        reason = suppression_of(db, person.address)
        lift(db, person.address)
        bounces.forget(db, person.id)
        if person.state is State.SUPPRESSED:
            before = _state_before(db, person.id, State.SUPPRESSED) or State.PENDING
            back = reason is Reason.BOUNCED or before is State.UNSUBSCRIBED
            _set_state(db, person.id, before if back else State.PENDING, now)
            record(db, person.id, event=f"no longer {reason or 'suppressed'}", origin=origin, words=words, now=now)
    return people.by_id(db, person.id) or person


def change_state(
    db: Database, person: Subscriber, after: State, *, origin: Origin, words: str, now: datetime
) -> Subscriber:
    """Make an allowed move of the state machine and record it. Raises `MoveNotAllowed`."""
    with writing(db):
        person = people.by_id(db, person.id) or person
        if move(person.state, after) is not person.state:
            fresh = person.state is not State.PAUSED and after is State.ACTIVE
            _set_state(db, person.id, after, now, confirmed=fresh)
            record(db, person.id, event=_move_event(person.state, after), origin=origin, words=words, now=now)
    return people.by_id(db, person.id) or person


def to_remind(db: Database, now: datetime) -> Iterator[Subscriber]:
    """Whoever was asked to confirm a while ago, did not, and was not reminded yet."""
    for (subscriber_id,) in db.conn.execute(
        "SELECT id FROM subscribers WHERE state = 'pending' AND reminded_at IS NULL AND "
        "(SELECT max(created_at) FROM confirmations c WHERE c.subscriber_id = subscribers.id "
        "AND c.purpose = 'subscribe' AND c.used_at IS NULL) BETWEEN ? AND ?",
        [stored(now - REMIND_BEFORE), stored(now - REMIND_AFTER)],
    ).fetchall():
        if person := people.by_id(db, subscriber_id):
            yield person


def remind(db: Database, person: Subscriber, *, now: datetime, token: str) -> bool:
    """A second and last token for a request, with the wishes of the latest one.

    False where there is nothing to remind of any more: it was confirmed, declined or forgotten meanwhile.
    """
    with writing(db):
        changed = db.conn.execute(
            "UPDATE subscribers SET reminded_at = ? WHERE id = ? AND state = 'pending' AND reminded_at IS NULL",
            [stored(now), person.id],
        )
        latest = db.conn.execute(
            "SELECT detail FROM confirmations WHERE subscriber_id = ? AND purpose = 'subscribe' AND used_at IS NULL "
            "ORDER BY created_at DESC LIMIT 1",
            [person.id],
        ).fetchone()
        if not changed.rowcount or latest is None:
            return False
        confirmations.ask(db, person.id, Purpose.SUBSCRIBE, json.loads(latest[0]), now, token=token)
    return True


def purge_pending(db: Database, now: datetime) -> list[int]:
    """Forget requests that nobody confirmed in a month; returns the ids of those people. Who was never asked waits.

    So are those whose address, typed by whomever, turned out to be dead: it stays on the list of suppressed ones.
    """
    with writing(db):
        rows = db.conn.execute(
            "SELECT id FROM subscribers WHERE (state = 'pending' OR state = 'suppressed' AND confirmed_at IS NULL AND "
            "EXISTS (SELECT 1 FROM evidence e WHERE e.subscriber_id = subscribers.id AND e.event = ?)) "
            "AND (state = 'suppressed' OR EXISTS "
            "(SELECT 1 FROM confirmations c WHERE c.subscriber_id = subscribers.id)) "
            "AND coalesce(changed_at, created_at) <= ? AND NOT EXISTS "
            "(SELECT 1 FROM confirmations c WHERE c.subscriber_id = subscribers.id AND c.created_at > ?)",
            [_move_event(State.PENDING, State.SUPPRESSED), *[stored(now - PURGE_AFTER)] * 2],
        ).fetchall()
        # A complaint stays, so that the operator can look at it and lift it.
        over = [
            person.id
            for person in list(people.by_ids(db, [row[0] for row in rows]))
            if person.state is State.PENDING or suppression_of(db, person.address) is Reason.BOUNCED
        ]
        for subscriber_id in over:
            people.delete(db, subscriber_id)
    return over


def pauses_over(db: Database, now: datetime) -> list[Subscriber]:
    """Whose pause had an end, and it has come by their own calendar."""
    latest = (now + timedelta(days=1)).date().isoformat()
    rows = db.conn.execute("SELECT id FROM subscribers WHERE state = 'paused' AND paused_until <= ?", [latest])
    paused = people.by_ids(db, [row[0] for row in rows.fetchall()])
    return [person for person in paused if is_over(person, now)]


def is_over(person: Subscriber | None, now: datetime) -> bool:
    """Does somebody pause until a day that has come?"""
    if person is None or person.state is not State.PAUSED or person.paused_until is None:
        return False
    return person.paused_until <= now.astimezone(person.cadence.zone).date()


def person_of(db: Database, found: Confirmation | None) -> Subscriber | None:
    """Whom a confirmation is about."""
    return people.by_id(db, found.subscriber_id) if found else None


def changed_at(db: Database, subscriber_id: int) -> datetime | None:
    """When this person's state last changed."""
    row = db.conn.execute("SELECT changed_at FROM subscribers WHERE id = ?", [subscriber_id]).fetchone()
    return datetime.fromisoformat(row[0]) if row and row[0] else None


def _state_before(db: Database, subscriber_id: int, state: State) -> State | None:
    """From which state somebody came into the one they are in, as the evidence has it; None where it does not say."""
    row = db.conn.execute(
        "SELECT event FROM evidence WHERE subscriber_id = ? AND event LIKE ? ORDER BY id DESC LIMIT 1",
        [subscriber_id, _move_event("%", state)],
    ).fetchone()
    return State(row[0].partition(" ")[0]) if row else None


def _move_event(before: str, after: State) -> str:
    """How the evidence names a move."""
    return f"{before} → {after}"


def end_of_pause(person: Subscriber) -> datetime | None:
    """The last moment of a pause with an end: before midnight of that day, by their own clock (UTC)."""
    if person.paused_until is None:
        return None
    midnight = datetime.combine(person.paused_until, time(), person.cadence.zone)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def _join(db: Database, subscriber_id: int, now: datetime) -> None:
    """Due dates count from here on, and an issue comes at once if their own day is far away."""
    db.conn.execute(
        "UPDATE subscribers SET joined_at = ?, rhythm_at = NULL, welcome = 1 WHERE id = ?", [stored(now), subscriber_id]
    )


def _set_state(db: Database, subscriber_id: int, state: State, now: datetime, *, confirmed: bool = False) -> None:
    # Who takes leaving back, or turns out to be reachable, still pauses until the day that they named.
    over = state in (State.PENDING, State.ACTIVE)
    db.conn.execute(
        "UPDATE subscribers SET state = ?, changed_at = ?, "
        "paused_until = CASE WHEN ? THEN NULL ELSE paused_until END, "
        "confirmed_at = CASE WHEN ? THEN ? ELSE confirmed_at END WHERE id = ?",
        [state, stored(now), over, confirmed, stored(now), subscriber_id],
    )
