"""The ledger: what is written down about a delivery, and when."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from postbox import step
from sqlite_utils import Database

from newsletter import due
from newsletter.delivery import again, claiming, ledger, records
from newsletter.delivery.claiming import LEAST, Claimed
from newsletter.delivery.ledger import NewDelivery
from newsletter.delivery.outcomes import Deferred, DeliveryState, Outcome, Refused, Sent, Unknown
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, NothingNew, Pick, ReasonKind, Section
from newsletter.readers.keeping import forget
from newsletter.rendering.recipe import Recipe
from subscribers import people
from subscribers.cadence import Cadence, Frequency
from subscribers.consent import change_state
from subscribers.evidence import Origin
from subscribers.states import State

FRIDAYS = Cadence(Frequency.WEEKLY, 5, time(8), "UTC")
TWO_DAYS = timedelta(hours=48)
RECIPE = Recipe(
    picks=tuple(Pick(n, Section.FOR_YOU, 0.5, ReasonKind.INTEREST, "robots", 0) for n in (1, 2)),
    name="",
    number=1,
    rhythm="on Fridays",
    part_of_day="morning",
    since="3 March 2026",
    next_date="Friday, 4 December",
    follows=True,
    key_id=1,
)


def add_issue(db: Database, now: datetime, due: date = date(2026, 11, 27)) -> int:
    key = IssueKey(Frequency.WEEKLY, due)
    return issues.freeze(db, key, up_to_entry=0, edition="{}", cards={}, pins=[], now=now).id


def add_reader(db: Database, now: datetime, address: str = "ada@example.org") -> int:
    return people.add_by_operator(db, address, name="", interests=(), cadence=FRIDAYS, now=now).id


def copy_for(issue: int, reader: int, due: datetime, period: str = "2026-W48") -> NewDelivery:
    return NewDelivery(issue, reader, period, due, RECIPE)


@pytest.fixture
def reader(store: Database, now: datetime) -> int:
    """A reader with one copy in the queue, due now."""
    reader = add_reader(store, now)
    ledger.enqueue(store, [copy_for(add_issue(store, now), reader, now)], now)
    return reader


def claim(db: Database, now: datetime, worker: str = "w1", only: int | None = None) -> tuple[list[Claimed], int]:
    claims = claiming.claim(db, worker, now, max_lateness=TWO_DAYS, only=only)
    return claims.claimed, claims.dropped


def claim_one(db: Database, now: datetime, worker: str = "w1") -> int:
    (copy,), _ = claim(db, now, worker)
    return copy.delivery.id


def begin_one(db: Database, now: datetime, worker: str = "w1") -> int:
    delivery_id = claim_one(db, now, worker)
    assert step(db, worker, None, delivery_id, now)
    return delivery_id


def received(db: Database) -> list[tuple[int, int]]:
    return db.conn.execute("SELECT subscriber_id, entry_id FROM received ORDER BY 1, 2").fetchall()


def state(db: Database, delivery_id: int) -> tuple[DeliveryState, str]:
    found = records.find(db, delivery_id)
    return found.state, found.why


def everybody_dead(_: str) -> bool:
    return True


def everybody_lives(_: str) -> bool:
    return False


def test_what_is_composed_waits_and_counts_as_nothing_received(store: Database, reader: int, now: datetime) -> None:
    assert records.count_by_state(store) == {"queued": 1}
    assert received(store) == []
    found = records.of_reader(store, reader, 1)
    assert found is not None
    assert (found.recipe, found.date, found.due_at, found.why) == (RECIPE, None, now, "")


def test_a_copy_that_is_none_is_dropped_with_its_reason(store: Database, now: datetime) -> None:
    reader, issue = add_reader(store, now), add_issue(store, now)
    ledger.enqueue(store, [NewDelivery(issue, reader, "2026-W48", now, NothingNew("nothing new"))], now)
    assert state(store, 1) == (DeliveryState.DROPPED, "nothing new")
    assert claim(store, now) == ([], 0)


def test_who_is_erased_while_an_issue_is_composed_does_not_come_back_by_it(store: Database, now: datetime) -> None:
    reader, issue = add_reader(store, now), add_issue(store, now)
    people.erase(store, "ada@example.org", now=now)
    ledger.enqueue(store, [copy_for(issue, reader, now)], now)
    assert records.count_by_state(store) == {}


def test_a_reader_gets_one_copy_of_an_issue_and_one_issue_a_period(store: Database, reader: int, now: datetime) -> None:
    other = add_issue(store, now, date(2026, 11, 23))
    ledger.enqueue(store, [copy_for(1, reader, now, "2026-W49"), copy_for(other, reader, now)], now)
    assert records.count_by_state(store) == {"queued": 1}
    ledger.enqueue(store, [copy_for(other, reader, now, "2026-W49")], now)
    assert records.count_by_state(store) == {"queued": 2}
    third = add_issue(store, now, date(2026, 11, 24))
    for columns in [(1, reader, "2026-W50"), (third, reader, "2026-W48")]:
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            store.conn.execute(
                "INSERT INTO deliveries (issue_id, subscriber_id, period, state, due_at, recipe, changed_at) "
                "VALUES (?, ?, ?, 'queued', '', '', '')",
                columns,
            )


def test_a_claim_takes_what_is_due_and_from_then_on_its_entries_are_received(
    store: Database, reader: int, now: datetime
) -> None:
    assert claim(store, now - timedelta(seconds=1)) == ([], 0)
    (copy,), dropped = claim(store, now)
    assert (copy.delivery.subscriber_id, copy.delivery.state, dropped) == (reader, DeliveryState.CLAIMED, 0)
    assert received(store) == [(reader, 1), (reader, 2)]
    assert claim(store, now, "w2") == ([], 0)


def test_a_claim_is_a_batch_the_earliest_hours_first(store: Database, now: datetime) -> None:
    issue = add_issue(store, now)
    readers = [add_reader(store, now, f"r{n}@example.org") for n in range(LEAST + 10)]
    # The later they came, the earlier their hour.
    ledger.enqueue(store, [copy_for(issue, r, now - timedelta(minutes=n)) for n, r in enumerate(readers)], now)
    first, _ = claim(store, now, "w1")
    second, _ = claim(store, now, "w2")
    assert [copy.delivery.subscriber_id for copy in first] == readers[::-1][:LEAST]
    assert [copy.delivery.subscriber_id for copy in second] == readers[::-1][LEAST:]


def test_a_claim_may_be_for_one_reader_only(store: Database, reader: int, now: datetime) -> None:
    bob = add_reader(store, now, "bob@example.org")
    ledger.enqueue(store, [copy_for(1, bob, now)], now)
    (copy,), _ = claim(store, now, only=bob)
    assert copy.reader and copy.reader.address == "bob@example.org"
    assert records.count_by_state(store) == {"claimed": 1, "queued": 1}


@pytest.mark.parametrize("after", [State.PAUSED, State.UNSUBSCRIBED, State.SUPPRESSED])
def test_who_does_not_want_it_any_more_gets_nothing_and_the_reason_is_kept(
    store: Database, reader: int, now: datetime, after: State
) -> None:
    change_state(store, people.get(store, "ada@example.org"), after, origin=Origin("page"), words="", now=now)
    assert claim(store, now) == ([], 1)
    assert state(store, 1) == (DeliveryState.DROPPED, f"this person is {after} now")
    assert received(store) == []


def test_who_was_erased_gets_nothing(store: Database, reader: int, now: datetime) -> None:
    people.erase(store, "ada@example.org", now=now)
    assert claim(store, now) == ([], 1)
    assert state(store, 1) == (DeliveryState.DROPPED, "this person is not known any more")


def test_consent_is_asked_again_when_a_deferred_copy_is_claimed_and_its_entries_are_freed(
    store: Database, reader: int, now: datetime
) -> None:
    delivery_id = begin_one(store, now)
    step(store, "w1", (delivery_id, Deferred("450 later")), None, now)
    assert received(store) == [(reader, 1), (reader, 2)]
    change_state(store, people.get(store, "ada@example.org"), State.PAUSED, origin=Origin("page"), words="", now=now)
    assert claim(store, now + timedelta(hours=1)) == ([], 1)
    assert received(store) == []


def test_too_late_is_never(store: Database, reader: int, now: datetime) -> None:
    hour = datetime(2026, 11, 27, 8, tzinfo=UTC)
    assert claim(store, hour + TWO_DAYS + timedelta(seconds=1)) == ([], 1)
    assert state(store, 1) == (DeliveryState.DROPPED, "it is too late for this issue")


def test_what_was_asked_for_days_ahead_of_its_hour_is_not_late_before_it(
    store: Database, reader: int, now: datetime
) -> None:
    (copy,), dropped = claim(store, now + timedelta(days=4))
    assert (copy.delivery.subscriber_id, dropped) == (reader, 0)


def test_what_was_claimed_and_given_back_can_still_be_too_late(store: Database, reader: int, now: datetime) -> None:
    claim_one(store, now)
    ledger.release(store, "w1", now)
    assert claim(store, now + timedelta(days=7)) == ([], 1)
    assert state(store, 1) == (DeliveryState.DROPPED, "it is too late for this issue")
    assert received(store) == []


def test_the_date_of_a_message_is_its_hour_if_that_is_not_long_ago(store: Database, reader: int, now: datetime) -> None:
    (copy,), _ = claim(store, now + timedelta(minutes=59))
    assert copy.delivery.date == now


def test_the_date_of_a_late_message_is_that_of_its_first_claim_and_stays(
    store: Database, reader: int, now: datetime
) -> None:
    late = now + timedelta(hours=3)
    delivery_id = begin_one(store, late)
    step(store, "w1", (delivery_id, Deferred("450 later")), None, late)
    (copy,), _ = claim(store, late + timedelta(hours=1))
    assert copy.delivery.date == late == copy.delivery.date_at(late + timedelta(days=1))


@pytest.mark.parametrize(
    ("outcome", "after", "why", "kept"),
    [
        (Sent("250 ok"), DeliveryState.SENT, "", 2),
        (Deferred("450 later"), DeliveryState.DEFERRED, "450 later", 2),
        (Refused("550 no such user"), DeliveryState.FAILED, "550 no such user", 0),
        (Unknown("it broke"), DeliveryState.UNCERTAIN, "it broke", 2),
    ],
)
def test_every_outcome_has_its_state_and_only_what_failed_frees_its_entries(
    store: Database, reader: int, now: datetime, outcome: Outcome, after: DeliveryState, why: str, kept: int
) -> None:
    delivery_id = begin_one(store, now)
    assert step(store, "w1", (delivery_id, outcome), None, now)
    assert state(store, delivery_id) == (after, why)
    assert len(received(store)) == kept
    assert store.conn.execute("SELECT worker FROM deliveries").fetchone() == (None,)


def test_a_deferred_copy_comes_again_when_the_server_said(store: Database, reader: int, now: datetime) -> None:
    delivery_id = begin_one(store, now)
    step(store, "w1", (delivery_id, Deferred("450", timedelta(minutes=15))), None, now)
    assert claim(store, now + timedelta(minutes=14)) == ([], 0)
    assert claim_one(store, now + timedelta(minutes=15)) == delivery_id


def test_an_endless_answer_is_kept_in_short(store: Database, reader: int, now: datetime) -> None:
    delivery_id = begin_one(store, now)
    step(store, "w1", (delivery_id, Refused("5" * 10_000)), None, now)
    assert len(state(store, delivery_id)[1]) == 500


def test_a_step_records_the_last_message_and_the_intent_to_send_the_next_in_one_commit(
    store: Database, reader: int, now: datetime, tmp_path: Path
) -> None:
    bob = add_reader(store, now, "bob@example.org")
    ledger.enqueue(store, [copy_for(1, bob, now)], now)
    (first, second), _ = claim(store, now)
    step(store, "w1", None, first.delivery.id, now)

    # Another connection sees only what is committed; the trace asks it after every statement of ours.
    other = sqlite3.connect(tmp_path / "newsletter.db")
    seen: list[list[tuple[str]]] = []
    store.conn.set_trace_callback(
        lambda _: seen.append(other.execute("SELECT state FROM deliveries ORDER BY id").fetchall())
    )
    step(store, "w1", (first.delivery.id, Sent()), second.delivery.id, now)
    store.conn.set_trace_callback(None)
    seen.append(other.execute("SELECT state FROM deliveries ORDER BY id").fetchall())
    other.close()
    assert [states for n, states in enumerate(seen) if states not in seen[:n]] == [
        [("sending",), ("claimed",)],
        [("sent",), ("sending",)],
    ]


def test_a_step_that_is_rolled_back_records_nothing(store: Database, reader: int, now: datetime) -> None:
    delivery_id = begin_one(store, now)
    store.conn.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_DELETE else 0)
    with pytest.raises(sqlite3.DatabaseError):
        step(store, "w1", (delivery_id, Refused("550")), None, now)
    store.conn.set_authorizer(None)
    assert state(store, delivery_id) == (DeliveryState.SENDING, "")


def test_nobody_begins_what_another_worker_has(store: Database, reader: int, now: datetime) -> None:
    delivery_id = claim_one(store, now, "w1")
    assert not step(store, "w2", None, delivery_id, now)
    assert step(store, "w1", None, delivery_id, now)
    assert not step(store, "w1", None, delivery_id, now)  # it is `sending` already


def test_what_was_not_begun_is_given_back(store: Database, reader: int, now: datetime) -> None:
    bob = add_reader(store, now, "bob@example.org")
    ledger.enqueue(store, [copy_for(1, bob, now)], now)
    (first, _), _ = claim(store, now)
    step(store, "w1", None, first.delivery.id, now)
    ledger.release(store, "w2", now)
    assert records.count_by_state(store) == {"claimed": 1, "sending": 1}
    ledger.release(store, "w1", now)
    assert records.count_by_state(store) == {"queued": 1, "sending": 1}


def test_the_claims_of_a_dead_worker_wait_again(store: Database, reader: int, now: datetime) -> None:
    claim_one(store, now)
    assert ledger.recover(store, everybody_dead, now, repeat=False) == 0
    assert state(store, 1) == (DeliveryState.QUEUED, "")
    assert claim_one(store, now, "w2") == 1


def test_what_a_dead_worker_had_begun_is_uncertain_and_not_repeated(
    store: Database, reader: int, now: datetime
) -> None:
    begin_one(store, now)
    assert ledger.recover(store, everybody_dead, now, repeat=False) == 1
    found, why = state(store, 1)
    assert (found, "the server may or may not have it" in why) == (DeliveryState.UNCERTAIN, True)
    assert claim(store, now, "w2") == ([], 0)
    assert received(store) == [(reader, 1), (reader, 2)]


def test_what_is_uncertain_waits_again_once_it_may_be_repeated(store: Database, reader: int, now: datetime) -> None:
    begin_one(store, now)
    ledger.recover(store, everybody_dead, now, repeat=False)
    assert ledger.recover(store, everybody_dead, now, repeat=True) == 0
    assert state(store, 1) == (DeliveryState.QUEUED, "")


def test_what_may_be_repeated_waits_again_with_its_date(store: Database, reader: int, now: datetime) -> None:
    begin_one(store, now)
    assert ledger.recover(store, everybody_dead, now, repeat=True) == 0
    assert state(store, 1) == (DeliveryState.QUEUED, "")
    (copy,), _ = claim(store, now + timedelta(hours=5), "w2")
    assert copy.delivery.date == now


def test_the_work_of_a_living_worker_is_left_alone(store: Database, reader: int, now: datetime) -> None:
    bob = add_reader(store, now, "bob@example.org")
    ledger.enqueue(store, [copy_for(1, bob, now)], now)
    (first, _), _ = claim(store, now)
    step(store, "w1", None, first.delivery.id, now)
    assert ledger.recover(store, everybody_lives, now, repeat=True) == 0
    assert records.count_by_state(store) == {"claimed": 1, "sending": 1}


def test_of_two_workers_only_the_dead_one_is_taken_over(store: Database, reader: int, now: datetime) -> None:
    begin_one(store, now, "dead")
    bob = add_reader(store, now, "bob@example.org")
    ledger.enqueue(store, [copy_for(1, bob, now)], now)
    begin_one(store, now, "living")
    is_dead: Callable[[str], bool] = "dead".__eq__
    assert ledger.recover(store, is_dead, now, repeat=False) == 1
    assert [state(store, n)[0] for n in (1, 2)] == [DeliveryState.UNCERTAIN, DeliveryState.SENDING]


def test_a_number_counts_issues_that_came_or_may_have_come(store: Database, reader: int, now: datetime) -> None:
    bob = add_reader(store, now, "bob@example.org")
    ledger.enqueue(store, [replace(copy_for(1, bob, now), recipe=NothingNew("nothing new"))], now)
    assert records.counts_before(store, [reader, bob, 99]) == {reader: 1}


def test_served_knows_readers_and_periods_whatever_became_of_the_copy(
    store: Database, reader: int, now: datetime
) -> None:
    delivery_id = begin_one(store, now)
    step(store, "w1", (delivery_id, Refused("550")), None, now)
    assert due.served(store, [reader], ["2026-W48", "2026-W49"]) == {(reader, "2026-W48"): DeliveryState.FAILED}
    assert due.served(store, [reader], []) == {}


def test_forgetting_a_person_leaves_no_row(store: Database, reader: int, now: datetime) -> None:
    claim_one(store, now)
    forget(store, reader)
    assert records.count_by_state(store) == {}
    assert received(store) == []
    # A worker that has it in hand may neither begin it nor be hurt.
    assert not step(store, "w1", (1, Sent()), 1, now)


def test_times_in_the_file_are_utc(store: Database, reader: int, now: datetime) -> None:
    due, changed = store.conn.execute("SELECT due_at, changed_at FROM deliveries").fetchone()
    assert datetime.fromisoformat(due) == datetime.fromisoformat(changed) == now.astimezone(UTC)


def test_what_is_sent_again_by_the_operators_word_has_its_tries_before_it(
    store: Database, reader: int, now: datetime
) -> None:
    delivery_id = begin_one(store, now)
    step(store, "w1", (delivery_id, Refused("550 5.7.1 not today")), None, now)
    days_later = now + timedelta(hours=30)
    assert again.retry(store, [delivery_id], lambda: days_later, TWO_DAYS).queued.total() == 1
    assert begin_one(store, days_later) == delivery_id
    step(store, "w1", (delivery_id, Deferred("451 later")), None, days_later)
    assert records.find(store, delivery_id).state is DeliveryState.DEFERRED
