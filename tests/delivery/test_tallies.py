"""The ledger in numbers: right, and cheap with many rows."""

from collections import Counter
from datetime import datetime, timedelta

from ledgerbook import came_back, copies, made
from sqlite_utils import Database

from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.tallies import Returned, count_by_kind, of_issues, returned, waiting_notices

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_copies_and_notices_are_counted_apart(store: Database, now: datetime) -> None:
    issue, _ = made(store, "2026-11-20", now)
    copies(store, issue, now, 3)
    copies(store, issue, now, 1, "queued")
    copies(store, None, now, 2, "queued")
    copies(store, None, now, 1)
    assert count_by_kind(store) == ({"sent": 3, "queued": 1}, {"sent": 1, "queued": 2})


def test_notices_that_wait_are_told_with_the_oldest(store: Database, now: datetime) -> None:
    assert waiting_notices(store) == (0, None)
    copies(store, None, now - HOUR, 1, "deferred")
    copies(store, None, now, 2, "queued")
    copies(store, None, now - DAY, 2)
    issue, _ = made(store, "2026-11-20", now)
    copies(store, issue, now - 2 * DAY, 1, "queued")
    assert waiting_notices(store) == (3, now - HOUR)


def test_an_issue_is_told_by_state_reason_and_what_still_waits(store: Database, now: datetime) -> None:
    first, _ = made(store, "2026-11-20", now)
    second, _ = made(store, "2026-11-21", now)
    copies(store, first, now, 5)
    copies(store, first, now, 2, "dropped", why="nothing new")
    copies(store, first, now, 1, "dropped", why="this person is paused now")
    copies(store, first, now, 2, "failed", why="550 ada@example.org unknown")
    copies(store, first, now + HOUR, 2, "queued")
    copies(store, first, now + 3 * HOUR, 1, "deferred", why="later")
    copies(store, second, now, 1)
    copies(store, None, now, 9, "queued")
    found = of_issues(store, [first], now - HOUR)
    assert set(found) == {first}
    tally = found[first]
    assert tally.counts == Counter(
        {
            DeliveryState.SENT: 5,
            DeliveryState.DROPPED: 3,
            DeliveryState.FAILED: 2,
            DeliveryState.QUEUED: 2,
            DeliveryState.DEFERRED: 1,
        }
    )
    assert tally.reasons == Counter({"nothing new": 2, "this person is paused now": 1})
    assert (tally.next_at, tally.last_at) == (now + HOUR, now + 3 * HOUR)
    assert of_issues(store, [], now) == {}


def test_what_came_back_is_counted_by_when_it_was_mailed_each_mail_once(store: Database, now: datetime) -> None:
    old, _ = made(store, "2026-11-13", now - 9 * DAY)
    new, _ = made(store, "2026-11-22", now)
    before = copies(store, old, now - 9 * DAY, 20)
    of_late = copies(store, new, now - HOUR, 10)
    notices = copies(store, None, now - HOUR, 4)
    refused = copies(store, new, now - HOUR, 3, "failed", why="550")
    copies(store, new, now - HOUR, 5, "dropped", why="nothing new")
    # Comes back now, but was mailed long ago.
    came_back(store, before[:2], now)
    came_back(store, [of_late[0], notices[0], refused[0]], now)
    assert returned(store, now - 2 * DAY, now) == Returned(17, 5)
    assert returned(store, now - 16 * DAY, now - 2 * DAY) == Returned(20, 2)
    assert returned(store, now, now + DAY) == Returned(0, 0)
    assert Returned(17, 5).rate == 5 / 17
    assert Returned(0, 0).rate == 0


def test_no_question_reads_all_rows(store: Database, now: datetime) -> None:
    """The plan of each: an index that holds what is asked for, or a small part of the table."""
    plans: list[str] = []
    connection = store.conn
    issue, _ = made(store, "2026-11-20", now)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    count_by_kind(store)
    waiting_notices(store)
    of_issues(store, [issue], now)
    returned(store, now - DAY, now)
    connection.set_trace_callback(None)
    for question in asked:
        plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}")]
    assert len(plans) > 6
    assert [plan for plan in plans if plan.startswith(("SCAN deliveries", "SCAN d")) and "INDEX" not in plan] == []
