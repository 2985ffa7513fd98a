"""Deliveries listed and counted: by state, issue, reader, domain; quick however many there are."""

import time
from datetime import datetime, timedelta

import pytest
from ledgerbook import copies, made
from ledgerful import fill
from postbox import ADA, BOB, add_copy, notice, person_in
from sqlite_utils import Database

from newsletter.delivery import ledger
from newsletter.delivery.history import history_of
from newsletter.delivery.listing import Wanted, counted, found, ids_of, listed
from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.outcomes import DeliveryState
from subscribers import people
from subscribers.states import State

FAILED, DEFERRED, UNCERTAIN = DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN
SENT, DROPPED = DeliveryState.SENT, DeliveryState.DROPPED
HOUR = timedelta(hours=1)


@pytest.fixture
def two_issues(store: Database, now: datetime) -> tuple[int, int]:
    """Two thousand readers' copies of two issues."""
    first, _ = made(store, "2026-11-20", now)
    second, _ = made(store, "2026-11-27", now)
    fill(store, [first, second], 2_000, now)
    return first, second


def test_without_a_state_it_is_what_did_not_leave_the_newest_first(store: Database, now: datetime) -> None:
    issue, _ = made(store, "2026-11-27", now)
    [old] = copies(store, issue, now - 3 * HOUR, 1, "failed", why="550 no")
    copies(store, issue, now, 2, "sent")
    copies(store, issue, now, 1, "dropped", why="nothing has come in since the issue before")
    [uncertain] = copies(store, issue, now - HOUR, 1, "uncertain")
    [later] = copies(store, issue, now + HOUR, 1, "deferred", why="451 later")
    assert [one.id for one in listed(store, Wanted(), 10)] == [later, uncertain, old]
    assert [one.id for one in listed(store, Wanted(), 2)] == [later, uncertain]
    assert ids_of(store, Wanted()) == sorted([later, uncertain, old], reverse=True)
    # The counts are of all, whatever is shown.
    assert counted(store, Wanted()) == {SENT: 2, FAILED: 1, DEFERRED: 1, UNCERTAIN: 1, DROPPED: 1}


def test_a_state_shows_all_in_it_also_who_got_no_copy(store: Database, now: datetime) -> None:
    issue, _ = made(store, "2026-11-27", now)
    [nothing_new] = copies(store, issue, now, 1, "dropped", why="nothing has come in since the issue before")
    assert listed(store, Wanted(), 10) == []
    [one] = listed(store, Wanted((DROPPED,)), 10)
    assert (one.id, one.composed, one.why) == (nothing_new, False, "nothing has come in since the issue before")


def test_one_issue_one_reader_one_domain_and_all_of_them_at_once(store: Database, two_issues: tuple[int, int]) -> None:
    first, second = two_issues
    assert counted(store, Wanted(issue_id=second)) == {SENT: 1_937, FAILED: 40, DROPPED: 20, DEFERRED: 2, UNCERTAIN: 1}
    assert len(listed(store, Wanted((FAILED,), issue_id=first), 1_000)) == 40
    assert {one.issue_id for one in listed(store, Wanted((FAILED,), issue_id=first), 1_000)} == {first}
    mine = listed(store, Wanted((SENT,), subscriber_id=1), 10)
    assert [(one.issue_id, one.address) for one in mine] == [(second, "r1@gmail.com"), (first, "r1@gmail.com")]
    # Both ways to a domain: through its few readers, and through all of its deliveries.
    rare = Wanted((SENT,), domain="D5.example")
    assert [one.address for one in listed(store, rare, 10)] == ["r1005@d5.example", "r5@d5.example"] * 2
    assert counted(store, rare) == {SENT: 4}
    assert counted(store, Wanted(domain="@gmail.com", issue_id=second))[FAILED] == 0
    assert counted(store, Wanted(domain="mail.com")) == {}
    both = Wanted((FAILED,), issue_id=first, subscriber_id=14)
    assert [one.address for one in listed(store, both, 10)] == ["r14@d14.example"]
    assert listed(store, Wanted((SENT,), ids=(14,)), 10) == []


def test_a_domain_with_more_readers_than_are_named_one_by_one(
    store: Database, two_issues: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Wanted((UNCERTAIN,), domain="gmail.com")
    before = listed(store, wanted, 10), counted(store, wanted), ids_of(store, wanted)
    monkeypatch.setattr("newsletter.delivery.listing._FEW", 10)
    assert (listed(store, wanted, 10), counted(store, wanted), ids_of(store, wanted)) == before
    assert [one.address for one in before[0]] == ["r1003@gmail.com"] * 2


def test_a_notice_is_listed_without_a_word_of_it(store: Database, now: datetime) -> None:
    ada = person_in(store, now, State.ACTIVE, ADA)
    ledger.post(store, notice(NoticeKind.PRIVATE, "k", ada.id, to="elsewhere@example.org"), now)
    ledger.post(store, notice(NoticeKind.ANSWER, "j", None, to=BOB), now)
    shown = listed(store, Wanted((DeliveryState.QUEUED,)), 10)
    assert [(one.address, one.notice, one.issue_id) for one in shown] == [
        (BOB, NoticeKind.ANSWER, None),
        ("elsewhere@example.org", NoticeKind.PRIVATE, None),
    ]
    assert "Secret" not in repr(shown)


def test_who_was_erased_is_nobody(store: Database, now: datetime) -> None:
    ada = person_in(store, now, State.ACTIVE, ADA)
    add_copy(store, ada, now)
    [one] = listed(store, Wanted((DeliveryState.QUEUED,)), 10)
    assert one.address == ADA
    people.delete(store, ada.id)
    again = found(store, one.id)
    assert again
    assert again.address is None
    assert found(store, 99) is None


@pytest.mark.slow
def test_a_million_deliveries_are_listed_in_a_moment(store: Database, now: datetime) -> None:
    issues = [made(store, f"2026-{month:02}-27", now)[0] for month in range(1, 11)]
    fill(store, issues, 100_000, now, weight=900)
    for wanted in (
        Wanted(),
        Wanted((FAILED,)),
        Wanted((SENT,)),
        Wanted(issue_id=issues[4]),
        Wanted((SENT,), subscriber_id=77),
        Wanted((SENT,), domain="gmail.com"),
        Wanted(domain="d14.example"),
        Wanted(domain="nobody.example"),
    ):
        began = time.perf_counter()
        listed(store, wanted, 100)
        assert time.perf_counter() - began < 1.5, wanted
        began = time.perf_counter()
        counted(store, wanted)
        assert time.perf_counter() - began < 5, wanted
    # And all that is told of one issue of a hundred thousand copies.
    began = time.perf_counter()
    history = history_of(store, issues[5])
    assert time.perf_counter() - began < 1.5
    assert (history.counts.total(), history.said[0].count) == (100_000, 2_000)
