"""What time brings to who asked and did not answer: one reminder, then oblivion."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from asking import ADA, ADAS, BOB, OTHERS, PAGE, ask, asked_before, confirm, reader, suppress_for
from sqlite_utils import Database

from subscribers import confirmations, consent, people
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def test_one_reminder_two_days_after_being_asked(store: Database, now: datetime) -> None:
    ask(store, now)
    assert list(consent.to_remind(store, now + 2 * DAY - SECOND)) == []
    (person,) = consent.to_remind(store, now + 2 * DAY)
    token = confirmations.new_token()
    assert consent.remind(store, person, now=now + 2 * DAY, token=token)
    assert not consent.remind(store, person, now=now + 2 * DAY, token=confirmations.new_token())
    assert list(consent.to_remind(store, now + 9 * DAY)) == []
    confirmed = confirm(store, token, now + 5 * DAY)
    assert confirmed is not None
    assert (confirmed.state, confirmed.name, confirmed.interests) == (State.ACTIVE, "Ada", ADAS.interests)


def test_the_reminder_is_about_the_latest_request(store: Database, now: datetime) -> None:
    ask(store, now, wishes=OTHERS)
    ask(store, now + DAY)
    assert list(consent.to_remind(store, now + 2 * DAY)) == []
    (person,) = consent.to_remind(store, now + 3 * DAY)
    token = confirmations.new_token()
    consent.remind(store, person, now=now + 3 * DAY, token=token)
    confirmed = confirm(store, token, now + 3 * DAY)
    assert confirmed is not None
    assert confirmed.interests == ADAS.interests


def test_nobody_is_reminded_of_what_was_long_ago(store: Database, now: datetime) -> None:
    """Whoever did not look for a week does not begin then."""
    ask(store, now)
    assert len(list(consent.to_remind(store, now + 7 * DAY))) == 1
    assert list(consent.to_remind(store, now + 7 * DAY + SECOND)) == []


@pytest.mark.parametrize("meanwhile", ["confirmed", "declined", "left", "purged"])
def test_nobody_is_reminded_who_has_answered_meanwhile(store: Database, now: datetime, meanwhile: str) -> None:
    token = ask(store, now)
    (person,) = consent.to_remind(store, now + 2 * DAY)
    acts: dict[str, Callable[[], object]] = {
        "confirmed": lambda: confirm(store, token, now + 2 * DAY),
        "declined": lambda: consent.decline(store, token, now=now + 2 * DAY),
        "left": lambda: consent.leave(store, person, words="", origin=PAGE, now=now + 2 * DAY),
        "purged": lambda: consent.purge_pending(store, now + 99 * DAY),
    }
    acts[meanwhile]()
    assert list(consent.to_remind(store, now + 2 * DAY)) == []
    assert not consent.remind(store, person, now=now + 2 * DAY, token=confirmations.new_token())


def test_who_is_asked_anew_by_the_operator_is_not_reminded_at_once(store: Database, now: datetime) -> None:
    """They came long ago, but were asked just now."""
    person = suppress_for(store, reader(store, now), Reason.COMPLAINED, now)
    later = now + 99 * DAY
    consent.lift_suppression(store, person, words="", origin=Origin("operator"), now=later)
    asked_before(store, person, later)
    assert list(consent.to_remind(store, later + timedelta(minutes=5))) == []
    assert [p.id for p in consent.to_remind(store, later + 2 * DAY)] == [person.id]


def test_a_request_that_nobody_confirms_is_forgotten_after_a_month(store: Database, now: datetime) -> None:
    ask(store, now)
    kept = reader(store, now, BOB)
    person = people.get(store, ADA)
    assert consent.purge_pending(store, now + 30 * DAY - SECOND) == []
    assert consent.purge_pending(store, now + 30 * DAY) == [person.id]
    assert list(people.everybody(store)) == [kept]
    assert [row[0] for row in store.conn.execute("SELECT DISTINCT subscriber_id FROM evidence")] == [kept.id]


def test_a_month_counts_from_the_latest_time_that_they_were_asked(store: Database, now: datetime) -> None:
    ask(store, now)
    ask(store, now + 20 * DAY)
    assert consent.purge_pending(store, now + 40 * DAY) == []
    assert len(consent.purge_pending(store, now + 50 * DAY)) == 1


def test_a_typed_address_that_is_dead_is_forgotten_too_but_for_its_hash(store: Database, now: datetime) -> None:
    ask(store, now)
    suppress_for(store, people.get(store, ADA), Reason.BOUNCED, now)
    reader_too = suppress_for(store, reader(store, now, BOB), Reason.BOUNCED, now)
    ask(store, now, "eve@example.org")
    complained = suppress_for(store, people.get(store, "eve@example.org"), Reason.COMPLAINED, now)
    assert len(consent.purge_pending(store, now + 30 * DAY)) == 1
    assert list(people.everybody(store)) == [reader_too, complained]
    assert suppression_of(store, ADA) is Reason.BOUNCED
