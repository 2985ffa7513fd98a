"""All copies of an issue together: held, skipped, cancelled, taken up again, done."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from postbox import ADA, BOB, LATE, RECIPE, add_copy, claim, notice, person_in, step, whys
from sqlite_utils import Database

from newsletter.delivery import claiming, ledger, records, whole_issues
from newsletter.delivery.claiming import LEAST
from newsletter.delivery.ledger import NewDelivery
from newsletter.delivery.outcomes import Deferred, Outcome, Refused, Sent, Unknown
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, IssueState
from newsletter.store import open_store
from subscribers.cadence import Frequency
from subscribers.states import State

FRIDAY = IssueKey(Frequency.WEEKLY, date(2026, 11, 27))
#: The readers' hour on it.
HOUR = datetime(2026, 11, 27, 8, tzinfo=UTC)
SKIPPED, CANCELLED, HELD = IssueState.SKIPPED, IssueState.CANCELLED, IssueState.HELD


@pytest.fixture
def issue(store: Database) -> int:
    """An issue whose two readers' copies are due."""
    for address in (ADA, BOB):
        add_copy(store, person_in(store, HOUR, State.ACTIVE, address), HOUR)
    found = issues.find(store, FRIDAY)
    assert found
    return found.id


@pytest.fixture
def elsewhere(store: Database, tmp_path: Path) -> Iterator[Database]:
    """Another process's connection."""
    db = open_store(tmp_path / "newsletter.db")
    yield db
    db.conn.close()


def states(db: Database, issue: int) -> dict[str, int]:
    return records.count_by_state(db, issue)


def received(db: Database) -> int:
    return int(db.conn.execute("SELECT count(*) FROM received").fetchone()[0])


def put(db: Database, issue: int, state: IssueState, held_until: datetime | None = None) -> None:
    issues.set_state(db, issue, state, held_until)


@pytest.mark.parametrize("state", [HELD, IssueState.FROZEN])
def test_nothing_of_a_held_issue_is_claimed_but_what_else_is_due_is(
    store: Database, issue: int, state: IssueState
) -> None:
    put(store, issue, state)
    add_copy(store, person_in(store, HOUR, State.ACTIVE, "eve@example.org"), HOUR, date(2026, 11, 20))
    ledger.post(store, notice(), HOUR)
    assert [c.delivery.issue_id for c in claim(store, HOUR)] == [None, issue + 1]
    assert claim(store, HOUR) == []
    assert states(store, issue) == {"queued": 2}
    put(store, issue, IssueState.RELEASED, HOUR)
    assert len(claim(store, HOUR)) == 2


def test_many_held_copies_hide_none_that_may_go(store: Database, issue: int) -> None:
    readers = [person_in(store, HOUR, State.ACTIVE, f"r{n}@example.org") for n in range(LEAST + 5)]
    for reader in readers:
        add_copy(store, reader, HOUR)
    add_copy(store, readers[-1], HOUR + timedelta(minutes=1), date(2026, 12, 4))
    put(store, issue, HELD)
    assert [c.delivery.subscriber_id for c in claim(store, HOUR + timedelta(hours=1))] == [readers[-1].id]


def test_what_was_claimed_and_not_begun_is_called_back_and_the_rest_goes(store: Database, issue: int) -> None:
    first, second = claim(store, HOUR)
    assert step(store, "w1", None, first.delivery.id, HOUR)
    put(store, issue, HELD)
    whole_issues.call_back(store, issue, HOUR)
    assert not step(store, "w1", (first.delivery.id, Sent()), second.delivery.id, HOUR)
    assert states(store, issue) == {"sent": 1, "queued": 1}
    put(store, issue, IssueState.RELEASED, HOUR)
    assert [c.delivery.id for c in claim(store, HOUR)] == [second.delivery.id]


def test_lateness_counts_from_the_release_of_what_was_held(store: Database, issue: int) -> None:
    (early, _) = claim(store, HOUR)
    step(store, "w1", None, early.delivery.id, HOUR)
    step(store, "w1", (early.delivery.id, Deferred("450 later")), None, HOUR)
    ledger.release(store, "w1", HOUR)
    let_go = HOUR + timedelta(days=5)
    put(store, issue, IssueState.RELEASED, let_go)
    assert len(claim(store, let_go + LATE)) == 2
    ledger.release(store, "w1", let_go)
    assert claim(store, let_go + LATE + timedelta(seconds=1)) == []
    assert whys(store) == [("dropped", "it is too late for this issue")] * 2


def test_a_review_in_good_time_makes_nobody_late_earlier(store: Database, issue: int) -> None:
    put(store, issue, IssueState.RELEASED, HOUR - timedelta(days=4))
    assert len(claim(store, HOUR + LATE)) == 2


@pytest.mark.parametrize(("state", "why"), [(SKIPPED, "skipped"), (CANCELLED, "cancelled")])
def test_a_claim_drops_what_a_process_that_died_left_of_a_stopped_issue(
    store: Database, issue: int, state: IssueState, why: str
) -> None:
    put(store, issue, state)
    claims = claiming.claim(store, "w1", HOUR, max_lateness=LATE)
    assert (claims.claimed, claims.dropped) == ([], 2)
    assert whys(store) == [("dropped", f"the operator {why} this issue")] * 2


@pytest.mark.parametrize("state", [SKIPPED, CANCELLED])
def test_what_is_composed_while_an_issue_is_stopped_is_not_kept(
    store: Database, issue: int, elsewhere: Database, state: IssueState
) -> None:
    eve = person_in(store, HOUR, State.ACTIVE, "eve@example.org")
    put(elsewhere, issue, state)
    ledger.enqueue(store, [NewDelivery(issue, eve.id, "2026-W48", HOUR, RECIPE)], HOUR)
    assert states(store, issue) == {"queued": 2}
    put(elsewhere, issue, HELD)
    ledger.enqueue(store, [NewDelivery(issue, eve.id, "2026-W48", HOUR, RECIPE)], HOUR)
    assert states(store, issue) == {"queued": 3}


@pytest.mark.parametrize(
    ("outcome", "begun"),
    [(Sent(), True), (Unknown("it broke"), True), (Deferred("450"), False), (Refused("550"), False)],
)
def test_an_issue_has_begun_once_somebody_may_have_it(
    store: Database, issue: int, outcome: Outcome, begun: bool
) -> None:
    assert not whole_issues.has_begun(store, issue)
    first, _ = claim(store, HOUR)
    assert not whole_issues.has_begun(store, issue)
    step(store, "w1", None, first.delivery.id, HOUR)
    assert whole_issues.has_begun(store, issue)
    step(store, "w1", (first.delivery.id, outcome), None, HOUR)
    assert whole_issues.has_begun(store, issue) is begun
    assert not whole_issues.has_begun(store, issue + 1)


def test_what_waits_is_dropped_and_its_entries_are_free(
    store: Database, issue: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_issues, "CHUNK", 2)
    for n in range(5):
        add_copy(store, person_in(store, HOUR, State.ACTIVE, f"r{n}@example.org"), HOUR)
    add_copy(store, person_in(store, HOUR, State.ACTIVE, "eve@example.org"), HOUR, date(2026, 11, 20))
    copies = claim(store, HOUR)
    sent, deferred = copies[0].delivery.id, copies[1].delivery.id
    step(store, "w1", None, sent, HOUR)
    step(store, "w1", (sent, Sent()), deferred, HOUR)
    step(store, "w1", (deferred, Deferred("450 later")), None, HOUR)
    ledger.release(store, "w1", HOUR)
    assert received(store) == 8
    assert whole_issues.drop_waiting(store, issue, CANCELLED, HOUR) == 6
    assert states(store, issue) == {"sent": 1, "dropped": 6}
    assert states(store, issue + 1) == {"queued": 1}
    assert received(store) == 2
    assert whole_issues.drop_waiting(store, issue, CANCELLED, HOUR) == 0


def test_what_was_skipped_is_forgotten_so_that_it_is_made_anew(
    store: Database, issue: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_issues, "CHUNK", 1)
    ada, bob = claim(store, HOUR)
    step(store, "w1", None, ada.delivery.id, HOUR)
    step(store, "w1", (ada.delivery.id, Refused("550 no such user")), None, HOUR)
    ledger.release(store, "w1", HOUR)
    assert whole_issues.drop_waiting(store, issue, SKIPPED, HOUR) == 1
    whole_issues.forget_dropped(store, issue)
    # What a server refused stays refused.
    assert states(store, issue) == {"failed": 1}
    ledger.enqueue(store, [NewDelivery(issue, bob.delivery.subscriber_id or 0, "2026-W48", HOUR, RECIPE)], HOUR)
    assert [c.delivery.subscriber_id for c in claim(store, HOUR)] == [bob.delivery.subscriber_id]


def test_an_issue_is_done_when_it_is_over_and_nothing_waits(store: Database, issue: int) -> None:
    over = datetime(2026, 11, 29, tzinfo=UTC) + LATE + timedelta(seconds=1)
    first, second = claim(store, HOUR)
    step(store, "w1", None, first.delivery.id, HOUR)
    step(store, "w1", (first.delivery.id, Sent()), second.delivery.id, HOUR)
    assert whole_issues.mark_done(store, over, LATE) == []
    step(store, "w1", (second.delivery.id, Unknown("it broke")), None, HOUR)
    assert whole_issues.mark_done(store, over - timedelta(seconds=1), LATE) == []
    assert whole_issues.mark_done(store, over, LATE) == [FRIDAY]
    assert whole_issues.mark_done(store, over, LATE) == []
    found = issues.find(store, FRIDAY)
    assert found
    assert found.state is IssueState.DONE


@pytest.mark.parametrize("state", [HELD, SKIPPED, CANCELLED])
def test_what_is_not_released_is_never_done(store: Database, issue: int, state: IssueState) -> None:
    store.conn.execute("DELETE FROM deliveries")
    put(store, issue, state)
    assert whole_issues.mark_done(store, HOUR + timedelta(days=30), LATE) == []


def test_what_was_released_late_is_done_later(store: Database, issue: int) -> None:
    store.conn.execute("DELETE FROM deliveries")
    let_go = HOUR + timedelta(days=6)
    put(store, issue, IssueState.RELEASED, let_go)
    assert whole_issues.mark_done(store, let_go + LATE, LATE) == []
    assert whole_issues.mark_done(store, let_go + LATE + timedelta(seconds=1), LATE) == [FRIDAY]
