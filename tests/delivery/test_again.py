"""Sending some again: only what makes sense, the same message, and no entry twice; and uncertain ones settled."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from postbox import ADA, BOB, LATE, PAGE, RECIPE, add_copy, notice, person_in
from sqlite_utils import Database

from newsletter.delivery import ledger
from newsletter.delivery.again import CHUNK, retry, settle
from newsletter.delivery.ledger import NewDelivery
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.records import find
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, IssueState
from newsletter.store import open_store
from subscribers import consent, people
from subscribers.cadence import Frequency
from subscribers.database import stored
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppress

FAILED, DEFERRED, UNCERTAIN = DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN
FRIDAY = date(2026, 11, 27)
HOUR = timedelta(hours=1)


@pytest.fixture
def ada(store: Database, now: datetime) -> Subscriber:
    """Has a copy, which is delivery 1."""
    person = person_in(store, now, State.ACTIVE, ADA)
    add_copy(store, person, now)
    return person


def put(db: Database, delivery_id: int, state: str, at: datetime, why: str = "550 no") -> None:
    """As it is when a server has had its say; what failed has freed its entries."""
    db.conn.execute(
        "UPDATE deliveries SET state = ?, why = ?, date = ?, attempts = 3, took = 9, worker = NULL WHERE id = ?",
        [state, why, stored(at), delivery_id],
    )


def receive(db: Database, delivery_id: int, reader: Subscriber) -> None:
    """Its entries count as received, as from its claim on."""
    db.conn.execute("INSERT INTO received VALUES (?, 1, ?)", [reader.id, delivery_id])


def refused(db: Database, now: datetime, *ids: int, **more: bool) -> list[str]:
    done = retry(db, ids or [1], lambda: now, LATE, **more)
    assert done.queued == {}
    return list(done.refused.counts)


@pytest.mark.parametrize("state", [FAILED, DEFERRED, UNCERTAIN])
def test_it_waits_again_as_if_nothing_had_been_tried_and_stays_the_same_message(
    store: Database, ada: Subscriber, now: datetime, state: DeliveryState
) -> None:
    put(store, 1, state, now)
    if state is not FAILED:
        receive(store, 1, ada)
    before = find(store, 1)
    done = retry(store, [1], lambda: now + HOUR, LATE)
    assert (done.queued, done.refused.counts, done.held) == ({state: 1}, {}, set())
    after = find(store, 1)
    assert (after.state, after.due_at, after.why, after.attempts) == (DeliveryState.QUEUED, now + HOUR, "", 0)
    assert (after.recipe, after.date) == (before.recipe, before.date)


def test_a_dry_run_only_counts(store: Database, ada: Subscriber, now: datetime) -> None:
    put(store, 1, FAILED, now)
    assert retry(store, [1], lambda: now, LATE, dry_run=True).queued == {FAILED: 1}
    assert find(store, 1).state is FAILED


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("sent", "it was sent, and nobody gets the same twice"),
        ("queued", "it waits for its turn already"),
        ("claimed", "it is on its way"),
        ("sending", "it is on its way"),
    ],
)
def test_what_is_out_or_about_to_be_is_left_alone(
    store: Database, ada: Subscriber, now: datetime, state: str, why: str
) -> None:
    put(store, 1, state, now)
    assert refused(store, now) == [why]
    assert find(store, 1).state == state


def test_what_was_dropped_says_why_and_what_follows(store: Database, ada: Subscriber, now: datetime) -> None:
    put(store, 1, "dropped", now, "this person is paused now")
    assert refused(store, now) == ["it was dropped: this person is paused now; who comes back gets another by itself"]
    put(store, 1, "dropped", now, "the operator cancelled this issue")
    assert refused(store, now) == ["it was dropped: the operator cancelled this issue"]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (IssueState.SKIPPED, "the operator skipped this issue"),
        (IssueState.CANCELLED, "the operator cancelled this issue"),
        (IssueState.DONE, "it is too late for this issue"),
    ],
)
def test_nothing_of_an_issue_that_is_over_is_sent_again(
    store: Database, ada: Subscriber, now: datetime, state: IssueState, why: str
) -> None:
    put(store, 1, FAILED, now)
    issues.set_state(store, 1, state)
    assert refused(store, now) == [why]


def test_of_a_held_issue_it_waits_for_its_release_however_late(store: Database, ada: Subscriber, now: datetime) -> None:
    put(store, 1, FAILED, now)
    issues.set_state(store, 1, IssueState.HELD)
    done = retry(store, [1], lambda: now + timedelta(days=30), LATE)
    assert (done.queued, done.held) == ({FAILED: 1}, {1})


def test_too_late_counts_from_the_readers_hour_or_from_its_release(
    store: Database, ada: Subscriber, now: datetime
) -> None:
    put(store, 1, FAILED, now)
    hour = datetime.fromisoformat("2026-11-27T08:00:00+00:00")
    assert refused(store, hour + LATE + HOUR) == ["it is too late for this issue"]
    issues.set_state(store, 1, IssueState.RELEASED, hour + HOUR)
    assert retry(store, [1], lambda: hour + LATE + HOUR, LATE).queued == {FAILED: 1}


def test_a_reader_who_went_gets_nothing_and_it_is_said_how_a_dead_address_is_mailed_again(
    store: Database, ada: Subscriber, now: datetime
) -> None:
    put(store, 1, FAILED, now)
    origin = PAGE
    consent.suppress_person(store, ada, Reason.BOUNCED, words="", origin=origin, now=now)
    [why] = refused(store, now)
    assert why == "the address is suppressed since (bounced): `newsletter subscribers lift EMAIL` mails it again"
    consent.lift_suppression(store, people.get(store, ADA), words="", origin=origin, now=now)
    assert retry(store, [1], lambda: now, LATE, dry_run=True).queued == {FAILED: 1}
    consent.pause(store, people.get(store, ADA), None, words="", origin=origin, now=now)
    assert refused(store, now) == ["this person is paused now"]
    people.delete(store, ada.id)
    assert refused(store, now) == ["this person is not known any more"]


def test_an_address_on_the_list_is_enough(store: Database, ada: Subscriber, now: datetime) -> None:
    put(store, 1, FAILED, now)
    suppress(store, ADA, Reason.COMPLAINED, now)
    assert "suppressed since (complained)" in refused(store, now)[0]


def test_an_entry_that_came_or_comes_by_another_issue_is_not_sent_again(
    store: Database, ada: Subscriber, now: datetime
) -> None:
    put(store, 1, FAILED, now)
    add_copy(store, ada, now, date(2026, 12, 4))
    why = ["another issue brought the reader some of its entries meanwhile"]
    # It waits in a copy that is composed, then it was received with that.
    assert refused(store, now) == why
    put(store, 2, "sent", now, "")
    receive(store, 2, ada)
    assert refused(store, now) == why


def test_of_two_copies_with_the_same_entry_the_newer_one_is_sent(
    store: Database, ada: Subscriber, now: datetime
) -> None:
    add_copy(store, ada, now, date(2026, 12, 4))
    for delivery_id in (1, 2):
        put(store, delivery_id, FAILED, now)
    done = retry(store, [1, 2], lambda: now, LATE)
    assert (done.queued, done.refused.ids) == (
        {FAILED: 1},
        {"another issue brought the reader some of its entries meanwhile": [1]},
    )
    assert find(store, 2).state is DeliveryState.QUEUED


def test_many_are_queued_in_short_transactions(store: Database, now: datetime) -> None:
    readers = [person_in(store, now, State.ACTIVE, f"r{n}@example.org") for n in range(CHUNK // 10)]
    issue = issues.freeze(
        store, IssueKey(Frequency.WEEKLY, FRIDAY), up_to_entry=0, edition="{}", cards={}, pins=[], now=now
    )
    ledger.enqueue(store, [NewDelivery(issue.id, reader.id, "2026-W48", now, RECIPE) for reader in readers], now)
    store.conn.execute("UPDATE deliveries SET state = 'failed'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("newsletter.delivery.again.CHUNK", 7)
        done = retry(store, range(1, len(readers) + 1), lambda: now, LATE)
    assert done.queued == {FAILED: len(readers)}


def test_a_notice_goes_again_as_long_as_its_words_are_kept(store: Database, now: datetime) -> None:
    ledger.post(store, notice(), now)
    store.conn.execute("UPDATE deliveries SET state = 'uncertain'")
    assert retry(store, [1], lambda: now, LATE).queued == {UNCERTAIN: 1}
    store.conn.execute("UPDATE deliveries SET state = 'failed', recipe = ''")
    assert refused(store, now) == ["it is a notice, whose words are forgotten once it is out"]


# -- settled


def test_an_uncertain_one_arrived_by_the_operators_word(store: Database, ada: Subscriber, now: datetime) -> None:
    put(store, 1, UNCERTAIN, now, "the connection broke")
    receive(store, 1, ada)
    [one], refusals = settle(store, [1], now + HOUR, arrived=True)
    assert (one.state, one.why, one.answer, one.changed_at) == ("sent", "", "by the operator's word", now + HOUR)
    assert refusals.counts == {}
    assert store.conn.execute("SELECT count(*) FROM received").fetchone() == (1,)


def test_an_uncertain_one_that_did_not_arrive_is_given_up_and_may_be_sent_again(
    store: Database, ada: Subscriber, now: datetime
) -> None:
    put(store, 1, UNCERTAIN, now, "the connection broke")
    receive(store, 1, ada)
    [one], _ = settle(store, [1], now, arrived=False)
    assert (one.state, one.why) == ("failed", "it did not arrive, by the operator's word")
    assert store.conn.execute("SELECT count(*) FROM received").fetchone() == (0,)
    assert retry(store, [1], lambda: now, LATE).queued == {FAILED: 1}


@pytest.mark.parametrize("arrived", [True, False])
def test_a_settled_notice_is_forgotten(store: Database, now: datetime, arrived: bool) -> None:
    ledger.post(store, notice(to=BOB), now)
    store.conn.execute("UPDATE deliveries SET state = 'uncertain'")
    [one], _ = settle(store, [1], now, arrived=arrived)
    assert not one.composed
    assert store.conn.execute("SELECT recipe FROM deliveries").fetchone() == ("",)


def test_only_what_is_uncertain_is_settled_and_a_retry_after_that_sends_nothing(
    store: Database, ada: Subscriber, now: datetime
) -> None:
    put(store, 1, FAILED, now)
    done, refusals = settle(store, [1, 99], now, arrived=True)
    assert done == []
    assert refusals.counts == {
        "it is failed, and only an uncertain one can be settled": 1,
        "there is no such delivery": 1,
    }
    put(store, 1, UNCERTAIN, now)
    settle(store, [1, 1], now, arrived=True)
    assert refused(store, now) == ["it was sent, and nobody gets the same twice"]


def test_two_operators_queue_it_once(store: Database, ada: Subscriber, now: datetime, tmp_path: Path) -> None:
    put(store, 1, FAILED, now)
    elsewhere = open_store(tmp_path / "newsletter.db")
    try:
        assert retry(elsewhere, [1], lambda: now, LATE).queued == {FAILED: 1}
    finally:
        elsewhere.conn.close()
    assert refused(store, now) == ["it waits for its turn already"]
