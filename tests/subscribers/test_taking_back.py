"""Leaving, taking it back, pausing, another address."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from asking import ADA, BOB, MAIL, OTHERS, PAGE, ask, asked_before, confirm, now_is, reader, suppress_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from subscribers import bounces, consent, people
from subscribers.cadence import Cadence, Frequency
from subscribers.consent import Wishes
from subscribers.errors import InvalidAddress, MoveNotAllowed, Suppressed
from subscribers.evidence import Origin, evidence_of
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
OPERATOR = Origin("operator")


def leave(db: Database, person: Subscriber, now: datetime, words: str = "Leave") -> Subscriber:
    return consent.leave(db, person, words=words, origin=PAGE, now=now)


def stay(db: Database, person: Subscriber, now: datetime) -> Subscriber:
    return consent.stay(db, person, words="I want to stay", origin=PAGE, now=now)


def pause(db: Database, person: Subscriber, until: date | None, now: datetime) -> Subscriber:
    consent.pause(db, person, until, words="Pause", origin=PAGE, now=now)
    return now_is(db, person)


def lift(db: Database, person: Subscriber, now: datetime) -> Subscriber:
    return consent.lift_suppression(db, person, words="They asked me", origin=OPERATOR, now=now)


# -- leaving


@pytest.mark.parametrize("before", ["pending", "active", "paused", "unsubscribed"])
def test_leaving_works_from_every_state_and_again_and_again(store: Database, now: datetime, before: str) -> None:
    if before == "pending":
        ask(store, now)
        person = people.get(store, ADA)
    else:
        person = reader(store, now)
        if before == "paused":
            person = pause(store, person, None, now)
        if before == "unsubscribed":
            person = leave(store, person, now)
    events = len(evidence_of(store, person.id))
    for n in range(1, 4):
        left = leave(store, person, now + n * DAY, words=f"Leave {n}")
        assert left.state is State.UNSUBSCRIBED is now_is(store, person).state
    first = [e.words for e in evidence_of(store, person.id)[events:]]
    assert first == ([] if before == "unsubscribed" else ["Leave 1"])


def test_leaving_again_does_not_lengthen_the_day_in_which_it_can_be_taken_back(store: Database, now: datetime) -> None:
    person = leave(store, reader(store, now), now)
    leave(store, person, now + 20 * timedelta(hours=1))
    with pytest.raises(MoveNotAllowed):
        stay(store, person, now + DAY + SECOND)


@pytest.mark.parametrize("reason", [Reason.BOUNCED, Reason.COMPLAINED])
def test_leaving_does_not_open_a_suppressed_address(store: Database, now: datetime, reason: Reason) -> None:
    person = suppress_for(store, reader(store, now), reason, now)
    assert leave(store, person, now).state is State.SUPPRESSED
    assert suppression_of(store, ADA) is reason


def test_leaving_with_an_old_view_of_the_person_is_leaving(store: Database, now: datetime) -> None:
    person = reader(store, now)
    pause(store, person, None, now)
    assert person.state is State.ACTIVE
    assert leave(store, person, now).state is State.UNSUBSCRIBED
    assert evidence_of(store, person.id)[-1].event == "paused → unsubscribed"


# -- staying


@pytest.mark.parametrize(
    ("after", "may"), [(timedelta(0), True), (DAY, True), (DAY + SECOND, False), (99 * DAY, False)]
)
def test_leaving_can_be_taken_back_for_a_day(store: Database, now: datetime, after: timedelta, may: bool) -> None:
    person = reader(store, now)
    leave(store, person, now)
    if may:
        # Confirmed then as it was before: no new consent was given.
        assert stay(store, person, now + after) == person
        assert evidence_of(store, person.id)[-1].event == "took leaving back"
    else:
        with pytest.raises(MoveNotAllowed, match="Subscribe again"):
            stay(store, person, now + after)
        assert now_is(store, person).state is State.UNSUBSCRIBED


def test_who_paused_and_left_and_stays_still_pauses_until_that_day(store: Database, now: datetime) -> None:
    paused = pause(store, reader(store, now), (now + 9 * DAY).date(), now)
    leave(store, paused, now)
    assert stay(store, paused, now) == paused


def test_who_never_confirmed_cannot_get_in_by_taking_leaving_back(store: Database, now: datetime) -> None:
    ask(store, now)
    person = leave(store, people.get(store, ADA), now)
    with pytest.raises(MoveNotAllowed):
        stay(store, person, now)
    assert now_is(store, person).state is State.UNSUBSCRIBED


@pytest.mark.parametrize("state", ["pending", "active", "paused", "suppressed"])
def test_staying_changes_nobody_who_has_not_left(store: Database, now: datetime, state: str) -> None:
    person = reader(store, now)
    match state:
        case "pending":
            ask(store, now, BOB)
            person = people.get(store, BOB)
        case "paused":
            person = pause(store, person, None, now)
        case "suppressed":
            person = suppress_for(store, person, Reason.COMPLAINED, now)
    assert stay(store, person, now) == person
    assert suppression_of(store, ADA) is (Reason.COMPLAINED if state == "suppressed" else None)


# -- pausing


def test_a_pause_has_an_end_or_none_and_another_word_replaces_it(store: Database, now: datetime) -> None:
    person = reader(store, now)
    for until in ((now + 7 * DAY).date(), None, (now + 30 * DAY).date(), (now + 14 * DAY).date(), None):
        paused = pause(store, person, until, now)
        assert (paused.state, paused.paused_until) == (State.PAUSED, until)


def test_resuming_ends_the_pause_and_its_end(store: Database, now: datetime) -> None:
    person = reader(store, now)
    pause(store, person, (now + 7 * DAY).date(), now)
    for _ in range(2):
        consent.resume(store, person, words="Go on", origin=PAGE, now=now)
        assert now_is(store, person) == person
    assert consent.pauses_over(store, now + 30 * DAY) == []


@pytest.mark.parametrize("state", ["pending", "unsubscribed", "suppressed"])
def test_who_is_no_reader_can_neither_pause_nor_resume(store: Database, now: datetime, state: str) -> None:
    ask(store, now, BOB)
    person = people.get(store, BOB) if state == "pending" else reader(store, now)
    if state == "unsubscribed":
        person = leave(store, person, now)
    if state == "suppressed":
        person = suppress_for(store, person, Reason.BOUNCED, now)
    for act in (
        lambda: pause(store, person, (now + DAY).date(), now),
        lambda: consent.resume(store, person, words="", origin=PAGE, now=now),
    ):
        with pytest.raises(MoveNotAllowed):
            act()
        assert now_is(store, person) == person


ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
MOMENTS = st.integers(0, 729 * 86_400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + seconds * SECOND)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ZONES, st.dates(date(2026, 1, 2), date(2027, 12, 30)), MOMENTS)
def test_a_pause_is_over_on_its_day_by_the_readers_own_calendar(
    store: Database, zone: str, until: date, moment: datetime
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    person = reader(store, begin, wishes=Wishes("", (), Cadence(Frequency.DAILY, 0, time(8), zone)))
    pause(store, person, until, begin)
    midnight = datetime.combine(until, time(), ZoneInfo(zone))
    # Where the clock jumps at midnight the day begins later: the calendar decides, not the clock.
    for at in (moment, midnight.astimezone(UTC), midnight.astimezone(UTC) - SECOND):
        over = at.astimezone(ZoneInfo(zone)).date() >= until
        assert [p.id for p in consent.pauses_over(store, at)] == [person.id] * over
    people.delete(store, person.id)


def test_a_pause_without_an_end_and_who_left_in_a_pause_are_not_over(store: Database, now: datetime) -> None:
    pause(store, reader(store, now), None, now)
    bob = pause(store, reader(store, now, BOB), (now + DAY).date(), now)
    leave(store, bob, now)
    assert consent.pauses_over(store, now + 999 * DAY) == []


# -- another address


def change(db: Database, person: Subscriber, address: str, now: datetime) -> Subscriber:
    return consent.change_address(db, person, address, words="Yes, send it here", origin=MAIL, now=now)


def test_another_address_keeps_the_person_and_their_evidence(store: Database, now: datetime) -> None:
    person = reader(store, now)
    bounces.note(store, person.id, "1", bounces.HARD, "550", now)
    moved = change(store, person, "Ada.Lovelace@Example.COM", now + DAY)
    assert moved.address == "Ada.Lovelace@example.com"
    assert (moved.id, moved.state, moved.interests, moved.confirmed_at) == (
        person.id,
        person.state,
        person.interests,
        person.confirmed_at,
    )
    assert people.find(store, ADA) is None
    assert people.get(store, "ada.lovelace@example.com") == moved
    assert bounces.bounces_of(store, person.id) == []
    last = evidence_of(store, person.id)[-1]
    assert (last.event, last.origin, last.words) == (
        "address changed from ada@example.org to Ada.Lovelace@example.com",
        MAIL,
        "Yes, send it here",
    )
    assert len(evidence_of(store, person.id)) == 3


@pytest.mark.parametrize("state", ["active", "paused"])
def test_nobody_takes_the_address_of_another_reader(store: Database, now: datetime, state: str) -> None:
    person, other = reader(store, now), reader(store, now, BOB, OTHERS)
    if state == "paused":
        other = pause(store, other, None, now)
    with pytest.raises(MoveNotAllowed, match="subscribed already"):
        change(store, person, "BOB@example.org", now)
    assert (now_is(store, person), now_is(store, other)) == (person, other)


@pytest.mark.parametrize("state", ["pending", "unsubscribed", "suppressed"])
def test_who_is_there_and_no_reader_makes_room(store: Database, now: datetime, state: str) -> None:
    person = reader(store, now)
    if state == "pending":
        ask(store, now, BOB)
    else:
        other = reader(store, now, BOB, OTHERS)
        if state == "unsubscribed":
            leave(store, other, now)
        else:
            suppress_for(store, other, Reason.BOUNCED, now)
    moved = change(store, person, BOB, now)
    assert list(people.everybody(store)) == [moved]
    assert (moved.id, moved.address, suppression_of(store, BOB)) == (person.id, BOB, None)


def test_an_address_that_complained_is_nobodys_new_one(store: Database, now: datetime) -> None:
    person = reader(store, now)
    suppress(store, BOB, Reason.COMPLAINED, now)
    with pytest.raises(Suppressed):
        change(store, person, "Bob@example.org", now)
    assert now_is(store, person) == person


def test_the_same_address_in_other_letters_is_fine(store: Database, now: datetime) -> None:
    person = reader(store, now)
    assert change(store, person, "Ada@example.org", now).address == "Ada@example.org"


def test_what_is_no_address_changes_nothing(store: Database, now: datetime) -> None:
    person = reader(store, now)
    with pytest.raises(InvalidAddress):
        change(store, person, "ada@", now)
    assert now_is(store, person) == person


# -- suppressed, and lifted by the operator


@pytest.mark.parametrize("before", ["pending", "active", "paused", "unsubscribed"])
def test_who_bounced_is_after_the_lift_what_they_were_before(store: Database, now: datetime, before: str) -> None:
    """Nobody is a reader by this who was none: a mail may come back after its reader has left."""
    ask(store, now)
    person = people.get(store, ADA)
    if before != "pending":
        person = reader(store, now)
    if before == "paused":
        person = pause(store, person, (now + 9 * DAY).date(), now)
    if before == "unsubscribed":
        person = leave(store, person, now)
    bounces.note(store, person.id, "1", bounces.HARD, "550", now)
    suppress_for(store, person, Reason.BOUNCED, now + DAY)
    assert lift(store, person, now + 2 * DAY) == person == now_is(store, person)
    assert (suppression_of(store, ADA), bounces.bounces_of(store, person.id)) == (None, [])
    last = evidence_of(store, person.id)[-1]
    assert (last.event, last.origin, last.words) == ("no longer bounced", OPERATOR, "They asked me")


def test_who_complained_has_to_confirm_anew_after_the_lift(store: Database, now: datetime) -> None:
    person = suppress_for(store, reader(store, now), Reason.COMPLAINED, now)
    assert suppression_of(store, ADA) is Reason.COMPLAINED
    assert lift(store, person, now).state is State.PENDING
    back = confirm(store, ask(store, now), now + DAY)
    assert back is not None
    assert (back.state, back.confirmed_at) == (State.ACTIVE, now + DAY)


def test_who_had_left_and_complained_is_not_asked_again_by_the_lift(store: Database, now: datetime) -> None:
    person = suppress_for(store, leave(store, reader(store, now), now), Reason.COMPLAINED, now)
    assert lift(store, person, now).state is State.UNSUBSCRIBED


def test_a_complaint_after_a_bounce_is_a_complaint(store: Database, now: datetime) -> None:
    person = suppress_for(store, reader(store, now), Reason.BOUNCED, now)
    suppress_for(store, person, Reason.COMPLAINED, now)
    with pytest.raises(Suppressed):
        confirm(store, asked_before(store, person, now), now)
    assert lift(store, person, now).state is State.PENDING


def test_lifting_what_is_not_suppressed_does_no_harm(store: Database, now: datetime) -> None:
    person = reader(store, now)
    events = evidence_of(store, person.id)
    assert lift(store, person, now) == person
    assert evidence_of(store, person.id) == events


def test_suppressing_follows_somebody_to_their_new_address(store: Database, now: datetime) -> None:
    person = reader(store, now)
    change(store, person, BOB, now)
    suppress_for(store, person, Reason.COMPLAINED, now)  # with the old view of them
    assert (suppression_of(store, BOB), suppression_of(store, ADA)) == (Reason.COMPLAINED, Reason.ERASED)


def test_an_old_address_is_nobodys_way_back_by_a_list(store: Database, now: datetime) -> None:
    person = reader(store, now)
    change(store, person, BOB, now)
    assert suppression_of(store, ADA) is Reason.ERASED
    change(store, person, ADA, now)  # back again
    assert (suppression_of(store, ADA), suppression_of(store, BOB)) == (None, Reason.ERASED)
