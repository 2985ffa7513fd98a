"""Adding, finding, changing and erasing people."""

import sqlite3
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlite_utils import Database

from subscribers import people
from subscribers.cadence import Cadence, Frequency
from subscribers.consent import change_state
from subscribers.errors import AlreadySubscribed, InvalidAddress, MoveNotAllowed, Suppressed, UnknownSubscriber
from subscribers.evidence import Origin, evidence_of
from subscribers.interests import Interest
from subscribers.people import Recipient, Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of

FRIDAYS = Cadence(Frequency.WEEKLY, 5, time(8, 30), "Europe/Paris")
INTERESTS = (Interest("protein design"), Interest("surveys", muted=True))


def add(
    db: Database,
    now: datetime,
    address: str = "ada@example.org",
    *,
    name: str = "Ada",
    interests: tuple[Interest, ...] = INTERESTS,
    cadence: Cadence = FRIDAYS,
) -> Subscriber:
    return people.add_by_operator(db, address, name=name, interests=interests, cadence=cadence, now=now)


def leave(db: Database, now: datetime, address: str = "ada@example.org") -> Subscriber:
    return change_state(db, people.get(db, address), State.UNSUBSCRIBED, origin=Origin("page"), words="Leave", now=now)


def live_values(db: Database) -> list[str]:
    """Everything that any table holds, as text."""
    tables = [name for (name,) in db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [str(v) for t in tables for row in db.conn.execute(f'SELECT * FROM "{t}"') for v in row]


def test_an_added_person_is_active_with_all_their_wishes(store: Database, now: datetime) -> None:
    added = add(store, now, "Ada@EXAMPLE.org")
    expected = Subscriber(
        id=added.id,
        address="Ada@example.org",
        name="Ada",
        state=State.ACTIVE,
        cadence=FRIDAYS,
        interests=INTERESTS,
        created_at=now,
        confirmed_at=now,
    )
    assert expected == added == people.get(store, "Ada@example.org")


@pytest.mark.parametrize("written", ["ada@example.org", "ADA@EXAMPLE.ORG", "  Ada@Example.org "])
def test_letter_case_does_not_make_another_person(store: Database, now: datetime, written: str) -> None:
    added = add(store, now, "Ada@example.org")
    assert added == people.get(store, written)
    with pytest.raises(AlreadySubscribed, match="is subscribed already"):
        add(store, now, written)


@pytest.mark.parametrize("written", ["ada@bücher.example", "ada@xn--bcher-kva.example"])
def test_a_person_is_found_by_the_domain_as_they_write_it(store: Database, now: datetime, written: str) -> None:
    assert add(store, now, "ada@bücher.example") == people.get(store, written)


def test_what_is_no_address_is_not_added(store: Database, now: datetime) -> None:
    with pytest.raises(InvalidAddress):
        add(store, now, "ada@")
    assert list(people.everybody(store)) == []


def test_nobody_is_found_under_an_unknown_address(store: Database) -> None:
    assert people.find(store, "nobody@example.org") is None
    assert people.find(store, "% OR 1=1 --é") is None
    with pytest.raises(UnknownSubscriber, match=r"Nobody is subscribed as nobody@example\.org"):
        people.get(store, "nobody@example.org")


def test_the_operators_word_is_the_evidence(store: Database, now: datetime) -> None:
    ada = add(store, now)
    [evidence] = evidence_of(store, ada.id)
    assert (now, "subscribed and confirmed", "operator") == (evidence.at, evidence.event, evidence.origin.how)
    assert evidence.words == "The operator states that this person asked for the newsletter."


def test_evidence_cannot_be_rewritten(store: Database, now: datetime) -> None:
    ada = add(store, now)
    with pytest.raises(sqlite3.IntegrityError, match="evidence is append-only"):
        store.conn.execute("UPDATE evidence SET words = 'something else'")
    assert "operator states" in evidence_of(store, ada.id)[0].words


def test_a_change_of_state_is_recorded_with_its_words(store: Database, now: datetime) -> None:
    ada = add(store, now)
    later = now + timedelta(days=1)
    change_state(
        store,
        people.get(store, "ADA@example.org"),
        State.PAUSED,
        origin=Origin("page"),
        words="Take a break",
        now=later,
    )
    assert State.PAUSED is people.get(store, ada.address).state
    evidence = evidence_of(store, ada.id)[-1]
    expected = (later, "active → paused", "page", "Take a break")
    assert expected == (evidence.at, evidence.event, evidence.origin.how, evidence.words)


def test_staying_where_one_is_records_nothing(store: Database, now: datetime) -> None:
    ada = add(store, now)
    leave(store, now)
    assert State.UNSUBSCRIBED is leave(store, now).state
    assert len(evidence_of(store, ada.id)) == 2


def test_a_forbidden_move_changes_nothing(store: Database, now: datetime) -> None:
    ada = add(store, now)
    with pytest.raises(MoveNotAllowed):
        change_state(store, people.get(store, ada.address), State.PENDING, origin=Origin("page"), words="?", now=now)
    assert ada == people.get(store, ada.address)
    assert len(evidence_of(store, ada.id)) == 1


def test_resuming_keeps_the_date_of_consent_and_confirming_again_renews_it(store: Database, now: datetime) -> None:
    ada = add(store, now)
    later = now + timedelta(days=9)

    def go(state: State) -> Subscriber:
        return change_state(store, people.get(store, ada.address), state, origin=Origin("page"), words="", now=later)

    go(State.PAUSED)
    assert now == go(State.ACTIVE).confirmed_at
    go(State.UNSUBSCRIBED)
    assert later == go(State.ACTIVE).confirmed_at


def test_interests_are_replaced_as_a_whole_and_keep_their_order(store: Database, now: datetime) -> None:
    ada = add(store, now)
    wishes = (Interest("zebras"), Interest('quotes " and \\ and ünïcode 🧬', muted=True), Interest("ants"))
    people.set_interests(store, ada.id, wishes)
    assert wishes == people.get(store, ada.address).interests
    people.set_interests(store, ada.id, ())
    assert people.get(store, ada.address).interests == ()


def test_somebody_who_left_comes_back_under_the_same_id_with_new_wishes(store: Database, now: datetime) -> None:
    ada = add(store, now)
    leave(store, now)
    later = now + timedelta(days=30)
    daily = Cadence(Frequency.DAILY, 0, time(6), "UTC")
    back = add(store, later, "ADA@example.org", name="", interests=(Interest("robots"),), cadence=daily)
    assert (ada.id, "Ada", State.ACTIVE, later) == (back.id, back.name, back.state, back.confirmed_at)
    assert (daily, (Interest("robots"),)) == (back.cadence, back.interests)
    assert len(evidence_of(store, ada.id)) == 3


def test_an_erased_person_leaves_no_trace_but_the_suppression(store: Database, now: datetime) -> None:
    bob = add(store, now, "bob@example.com", name="Bob", interests=(Interest("beetles"),))
    ada = add(store, now, name="Lovelace", interests=(Interest("analytical engines"),))
    change_state(
        store, people.get(store, ada.address), State.PAUSED, origin=Origin("page"), words="Lovelace pauses", now=now
    )
    assert ada.id == people.erase(store, "ADA@example.org", now=now)
    everything = "\n".join(live_values(store))
    for trace in ("ada@", "example.org", "Lovelace", "analytical"):
        assert trace.lower() not in everything.lower()
    assert Reason.ERASED is suppression_of(store, "ada@example.org")
    assert evidence_of(store, ada.id) == []
    assert [bob] == list(people.everybody(store))


def test_nobody_unknown_can_be_erased(store: Database, now: datetime) -> None:
    with pytest.raises(UnknownSubscriber):
        people.erase(store, "nobody@example.org", now=now)
    assert suppression_of(store, "nobody@example.org") is None


def test_an_erased_person_comes_back_under_a_new_id_and_the_evidence_says_so(store: Database, now: datetime) -> None:
    ada = add(store, now)
    people.erase(store, ada.address, now=now)
    back = add(store, now)
    assert back.id > ada.id
    assert suppression_of(store, ada.address) is None
    assert "(The address had been erased before.)" in evidence_of(store, back.id)[0].words


def test_somebody_who_bounced_comes_back_from_suppression(store: Database, now: datetime) -> None:
    ada = add(store, now)
    change_state(store, people.get(store, ada.address), State.SUPPRESSED, origin=Origin("mail"), words="550", now=now)
    suppress(store, ada.address, Reason.BOUNCED, now)
    back = add(store, now)
    assert (ada.id, State.ACTIVE) == (back.id, back.state)
    assert suppression_of(store, ada.address) is None


@pytest.mark.parametrize("written", ["ada@example.org", "ADA@Example.org"])
def test_nobody_who_complained_is_added_again(store: Database, now: datetime, written: str) -> None:
    suppress(store, "ada@example.org", Reason.COMPLAINED, now)
    with pytest.raises(Suppressed, match="once reported our mail as unwanted"):
        add(store, now, written)
    assert list(people.everybody(store)) == []


def test_erasing_somebody_who_complained_does_not_open_the_door(store: Database, now: datetime) -> None:
    add(store, now)
    suppress(store, "ada@example.org", Reason.COMPLAINED, now)
    people.erase(store, "ada@example.org", now=now)
    with pytest.raises(Suppressed):
        add(store, now)


def test_people_are_listed_by_state_by_id_and_counted(store: Database, now: datetime) -> None:
    ada, bob, carol = (add(store, now, f"{name}@example.org") for name in ("ada", "bob", "carol"))
    bob = leave(store, now, "bob@example.org")
    assert [ada, bob, carol] == list(people.everybody(store))
    assert [ada, carol] == list(people.everybody(store, state=State.ACTIVE))
    assert [ada, carol] == list(people.by_ids(store, [carol.id, 999, ada.id]))
    assert people.count_by_state(store) == {"active": 2, "unsubscribed": 1}


def test_what_a_mail_asks_of_people_is_as_they_are_now(store: Database, now: datetime) -> None:
    ada = add(store, now)
    bob = leave(store, now, add(store, now, "bob@example.org").address)
    people.update(store, ada.id, name="Countess", cadence=replace(FRIDAYS, day=2), now=now)
    found = list(people.recipients(store, [bob.id, 999, ada.id]))
    assert found == [
        Recipient(ada.id, "ada@example.org", "Countess", State.ACTIVE, replace(FRIDAYS, day=2)),
        Recipient(bob.id, "bob@example.org", "Ada", State.UNSUBSCRIBED, FRIDAYS),
    ]
    assert people.known(store, [bob.id, 999, ada.id]) == {ada.id, bob.id}
