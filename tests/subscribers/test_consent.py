"""Joining: asked for by anybody, given by the person alone."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from asking import ADA, ADAS, BOB, DAILY, FRIDAYS, MAIL, OTHERS, PAGE, ask, confirm, now_is, reader
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from subscribers import bounces, confirmations, consent, people
from subscribers.cadence import Cadence, Frequency
from subscribers.confirmations import Purpose
from subscribers.consent import Wishes, load_wishes
from subscribers.errors import Suppressed
from subscribers.evidence import Origin, evidence_of
from subscribers.interests import Interest
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of

DAY = timedelta(days=1)


def dump(db: Database) -> list[str]:
    """Everything that the database holds."""
    return list(db.conn.iterdump())


# -- asking


def test_who_asks_is_pending_and_nothing_of_their_wishes_is_in_force(store: Database, now: datetime) -> None:
    ask(store, now)
    person = people.get(store, ADA)
    assert (person.state, person.name, person.interests, person.confirmed_at) == (State.PENDING, "", (), None)


@pytest.mark.parametrize("state", [State.PENDING, State.ACTIVE, State.PAUSED, State.UNSUBSCRIBED, State.SUPPRESSED])
def test_nothing_that_a_stranger_types_changes_somebody_who_is_known(
    store: Database, now: datetime, state: State
) -> None:
    before = in_state(store, now, state)
    known = evidence_of(store, before.id)
    for address in (ADA, "ADA@Example.org", " ada@EXAMPLE.ORG"):
        ask(store, now + DAY, address.strip(), OTHERS)
    assert now_is(store, before) == before
    assert evidence_of(store, before.id)[: len(known)] == known
    assert len(list(people.everybody(store))) == 1


def in_state(db: Database, now: datetime, state: State) -> Subscriber:
    """Ada, in that state."""
    if state is State.PENDING:
        ask(db, now)
    else:
        person = reader(db, now)
        match state:
            case State.PAUSED:
                consent.pause(db, person, (now + 9 * DAY).date(), words="", origin=PAGE, now=now)
            case State.UNSUBSCRIBED:
                consent.leave(db, person, words="", origin=PAGE, now=now)
            case State.SUPPRESSED:
                consent.suppress_person(db, person, Reason.BOUNCED, words="", origin=MAIL, now=now)
    person = people.get(db, ADA)
    assert person.state is state
    return person


def test_a_request_is_recorded_with_all_that_is_known_of_where_it_came_from(store: Database, now: datetime) -> None:
    token = ask(store, now, words="One press, and you are in.")
    confirm(store, token, now + DAY, words="yes please")
    asked, confirmed = evidence_of(store, people.get(store, ADA).id)
    assert (asked.at, asked.event, asked.origin, asked.words) == (
        now,
        "asked to subscribe",
        PAGE,
        "One press, and you are in.",
    )
    assert (confirmed.at, confirmed.event, confirmed.origin, confirmed.words) == (
        now + DAY,
        "confirmed",
        MAIL,
        "yes please",
    )


def test_a_request_of_somebody_who_reads_already_is_recorded_as_such_and_can_be_confirmed_by_nothing(
    store: Database, now: datetime
) -> None:
    person = reader(store, now)
    token = ask(store, now, wishes=OTHERS)
    assert evidence_of(store, person.id)[-1].event == "asked to subscribe, being subscribed already"
    assert confirmations.find(store, token) is None
    assert confirm(store, token, now) is None


def test_endless_words_and_agents_are_cut(store: Database, now: datetime) -> None:
    endless = Origin("page", "p" * 9_999, "m" * 9_999, "i" * 9_999, "a" * 9_999)
    consent.request(store, ADA, ADAS, words="w" * 99_999, origin=endless, now=now, token=confirmations.new_token())
    (asked,) = evidence_of(store, people.get(store, ADA).id)
    assert len(asked.words) == 2_000
    assert sum(len(part) for part in (asked.origin.page, asked.origin.ip, asked.origin.agent)) < 1_000


@pytest.mark.parametrize("written", [ADA, "ADA@example.org"])
def test_who_complained_is_not_asked_and_nothing_is_kept_of_the_request(
    store: Database, now: datetime, written: str
) -> None:
    suppress(store, ADA, Reason.COMPLAINED, now)
    before = dump(store)
    token = confirmations.new_token()
    asked = consent.request(store, written, ADAS, words="", origin=PAGE, now=now, token=token)
    assert asked is None
    assert dump(store) == before


# -- confirming


def test_what_was_asked_for_comes_into_force_when_it_is_confirmed(store: Database, now: datetime) -> None:
    token = ask(store, now)
    person = confirm(store, token, now + DAY)
    assert person == people.get(store, ADA)
    assert (person.state, person.name, person.interests, person.cadence, person.confirmed_at) == (
        State.ACTIVE,
        "Ada",
        ADAS.interests,
        FRIDAYS,
        now + DAY,
    )


def test_of_two_requests_the_one_that_is_confirmed_counts(store: Database, now: datetime) -> None:
    mallorys, adas = ask(store, now, wishes=OTHERS), ask(store, now)
    person = confirm(store, adas, now)
    assert person is not None
    assert person.interests == ADAS.interests
    # The other one's link shows the same welcome and changes nothing any more.
    assert confirm(store, mallorys, now) == person == people.get(store, ADA)


def test_confirming_again_and_again_changes_and_records_nothing(store: Database, now: datetime) -> None:
    token = ask(store, now)
    person = confirm(store, token, now)
    assert person is not None
    people.update(store, person.id, name="Countess", cadence=DAILY, now=now)
    people.set_interests(store, person.id, ())
    for later in (timedelta(0), DAY, 29 * DAY):
        again = confirm(store, token, now + later)
        assert again is not None
        assert (again.state, again.name, again.interests, again.cadence, again.confirmed_at) == (
            State.ACTIVE,
            "Countess",
            (),
            DAILY,
            now,
        )
    assert [e.event for e in evidence_of(store, person.id)] == ["asked to subscribe", "confirmed"]


@pytest.mark.parametrize("first", ["confirmed", "not confirmed"])
def test_no_link_brings_back_somebody_who_left_after_it(store: Database, now: datetime, first: str) -> None:
    """Neither the one that was confirmed, nor another one that was still open, nor one of before they joined."""
    one, other = ask(store, now), ask(store, now, wishes=OTHERS)
    if first == "confirmed":
        confirm(store, one, now)
    person = people.get(store, ADA)
    consent.leave(store, person, words="", origin=PAGE, now=now)
    for token in (one, other):
        confirm(store, token, now + timedelta(hours=1))
        assert now_is(store, person).state is State.UNSUBSCRIBED


def test_who_left_comes_back_by_asking_anew_under_the_same_id(store: Database, now: datetime) -> None:
    person = reader(store, now)
    consent.leave(store, person, words="", origin=PAGE, now=now)
    back = confirm(store, ask(store, now + DAY, wishes=OTHERS), now + 2 * DAY)
    assert back is not None
    assert (back.id, back.state, back.interests, back.confirmed_at) == (
        person.id,
        State.ACTIVE,
        OTHERS.interests,
        now + 2 * DAY,
    )


def test_who_comes_back_without_saying_what_they_like_keeps_what_they_followed(store: Database, now: datetime) -> None:
    person = reader(store, now)
    consent.leave(store, person, words="", origin=PAGE, now=now)
    back = confirm(store, ask(store, now, wishes=Wishes("", (), DAILY)), now)
    assert back is not None
    assert (back.name, back.interests, back.cadence) == ("Ada", ADAS.interests, DAILY)


@pytest.mark.parametrize(
    ("after", "works"),
    [
        (3 * DAY - timedelta(seconds=1), True),
        (3 * DAY, True),
        (3 * DAY + timedelta(seconds=1), False),
        (9 * DAY, False),
    ],
)
def test_a_request_can_be_confirmed_for_three_days(
    store: Database, now: datetime, after: timedelta, works: bool
) -> None:
    person = confirm(store, ask(store, now), now + after)
    assert (person is not None) is works
    assert people.get(store, ADA).state is (State.ACTIVE if works else State.PENDING)
    assert len(evidence_of(store, people.get(store, ADA).id)) == 1 + works


@pytest.mark.parametrize("purpose", [Purpose.ADDRESS, Purpose.PRIVACY, Purpose.COMMAND])
def test_a_token_for_something_else_subscribes_nobody(store: Database, now: datetime, purpose: Purpose) -> None:
    ask(store, now)
    token = confirmations.ask(store, people.get(store, ADA).id, purpose, {"wishes": ADAS.dump()}, now)
    assert confirm(store, token, now) is None
    assert people.get(store, ADA).state is State.PENDING


@pytest.mark.parametrize("token", ["", "a" * 26, "x" * 10_000, "'; DROP TABLE subscribers; --", "é" * 26, "A" * 26])
def test_what_is_no_token_of_ours_confirms_nothing(store: Database, now: datetime, token: str) -> None:
    ask(store, now)
    before = dump(store)
    assert confirm(store, token, now) is None
    consent.decline(store, token, now=now)
    assert dump(store) == before


# -- suppression


@pytest.mark.parametrize("reason", [Reason.BOUNCED, Reason.ERASED])
def test_a_fresh_opt_in_lifts_what_was_no_complaint(store: Database, now: datetime, reason: Reason) -> None:
    suppress(store, ADA, reason, now)
    token = ask(store, now)
    assert suppression_of(store, ADA) is reason  # asking alone lifts nothing
    person = confirm(store, token, now)
    assert person is not None
    assert person.state is State.ACTIVE
    assert suppression_of(store, ADA) is None


def test_a_dead_address_that_opts_in_again_begins_without_its_old_bounces(store: Database, now: datetime) -> None:
    person = reader(store, now)
    for mail in ("1", "2"):
        bounces.note(store, person.id, mail, bounces.HARD, "550", now)
    consent.suppress_person(store, person, Reason.BOUNCED, words="", origin=MAIL, now=now)
    back = confirm(store, ask(store, now), now)
    assert back is not None
    assert (back.state, bounces.bounces_of(store, person.id)) == (State.ACTIVE, [])


def test_a_complaint_that_comes_between_asking_and_confirming_stands(store: Database, now: datetime) -> None:
    token = ask(store, now)
    consent.suppress_person(store, people.get(store, ADA), Reason.COMPLAINED, words="", origin=MAIL, now=now)
    before = dump(store)
    with pytest.raises(Suppressed, match="once reported our mail as unwanted"):
        confirm(store, token, now)
    assert dump(store) == before


# -- declining


def test_who_says_that_it_was_not_they_is_forgotten(store: Database, now: datetime) -> None:
    before = dump(store)
    token, other = ask(store, now), ask(store, now, wishes=OTHERS)
    consent.decline(store, token, now=now)
    assert [line for line in dump(store) if "sqlite_sequence" not in line] == [
        line for line in before if "sqlite_sequence" not in line
    ]
    assert confirm(store, other, now) is None


@pytest.mark.parametrize("state", [State.ACTIVE, State.PAUSED])
def test_declining_what_was_confirmed_does_no_harm(store: Database, now: datetime, state: State) -> None:
    token = ask(store, now)
    confirm(store, token, now)
    before = people.get(store, ADA)
    consent.decline(store, token, now=now)
    assert now_is(store, before) == before


def test_declining_a_request_to_come_back_keeps_who_had_left(store: Database, now: datetime) -> None:
    person = reader(store, now)
    left = consent.leave(store, person, words="", origin=PAGE, now=now)
    token = ask(store, now)
    consent.decline(store, token, now=now)
    assert now_is(store, person) == left
    assert confirm(store, token, now) is None


def test_who_declines_to_be_somebodys_new_address_removes_nobody(store: Database, now: datetime) -> None:
    """The one who declines is not the person whom the request is about."""
    ask(store, now)
    person = people.get(store, ADA)
    token = confirmations.ask(store, person.id, Purpose.ADDRESS, {"address": BOB}, now)
    consent.decline(store, token, now=now)
    assert now_is(store, person) == person
    assert confirmations.find(store, token) is None


# -- evidence


def test_evidence_only_grows(store: Database, now: datetime) -> None:
    person = reader(store, now)
    before = evidence_of(store, person.id)
    moves: list[Callable[[datetime], object]] = [
        lambda at: consent.pause(store, person, None, words="a", origin=PAGE, now=at),
        lambda at: consent.resume(store, person, words="b", origin=PAGE, now=at),
        lambda at: consent.change_address(store, person, BOB, words="c", origin=MAIL, now=at),
        lambda at: consent.leave(store, person, words="d", origin=PAGE, now=at),
        lambda at: consent.stay(store, person, words="e", origin=PAGE, now=at),
        lambda at: consent.suppress_person(store, person, Reason.BOUNCED, words="f", origin=MAIL, now=at),
        lambda at: consent.lift_suppression(store, person, words="g", origin=Origin("operator"), now=at),
    ]
    for n, move in enumerate(moves, 1):
        move(now + n * timedelta(minutes=1))
        after = evidence_of(store, person.id)
        assert after[:-1] == before
        assert after[-1].words == "abcdefg"[n - 1]
        before = after
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        store.conn.execute("UPDATE evidence SET at = at")


# -- wishes


@given(
    st.text(max_size=50),
    st.lists(st.builds(Interest, st.text(min_size=1, max_size=40), st.booleans()), max_size=5),
    st.builds(
        Cadence,
        st.sampled_from(Frequency),
        st.integers(0, 31),
        st.times().map(lambda t: t.replace(second=0, microsecond=0)),
        st.sampled_from(["UTC", "Pacific/Kiritimati", "America/St_Johns"]),
    ),
)
def test_wishes_come_out_as_they_went_in(name: str, interests: list[Interest], cadence: Cadence) -> None:
    wishes = Wishes(name, tuple(interests), cadence)
    assert load_wishes(wishes.dump()) == wishes
