"""What runs by itself: how it went last, and when it is stuck."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.ticks import NAMES, STUCK, Tick, all_ticks, began, ended, why_not_ready

MINUTE = timedelta(minutes=1)


def test_a_tick_is_remembered_from_its_beginning_on(store: Database, now: datetime) -> None:
    assert all_ticks(store) == {}
    began(store, "pull", now)
    assert all_ticks(store) == {"pull": Tick("pull", began_at=now)}
    assert all_ticks(store)["pull"].running
    ended(store, "pull", now + MINUTE)
    tick = all_ticks(store)["pull"]
    assert (tick.running, tick.ended_at, tick.good_at, tick.error) == (False, now + MINUTE, now + MINUTE, None)


def test_what_fails_keeps_since_when_and_when_it_was_good_until_it_is_good_again(
    store: Database, now: datetime
) -> None:
    ended(store, "make", now)
    for n, words in ((1, "no such template"), (2, "no such template at all")):
        began(store, "make", now + n * MINUTE)
        ended(store, "make", now + n * MINUTE, words)
    tick = all_ticks(store)["make"]
    assert (tick.good_at, tick.failing_since, tick.error) == (now, now + MINUTE, "no such template at all")
    ended(store, "make", now + 3 * MINUTE, None)
    tick = all_ticks(store)["make"]
    assert (tick.good_at, tick.failing_since, tick.error) == (now + 3 * MINUTE, None, None)


def test_what_failed_from_the_first_time_on_was_never_good(store: Database, now: datetime) -> None:
    ended(store, "deliver", now, "refused")
    tick = all_ticks(store)["deliver"]
    assert (tick.good_at, tick.failing_since, tick.error) == (None, now, "refused")


def test_they_come_in_the_order_of_an_issues_way(store: Database, now: datetime) -> None:
    for name in sorted(NAMES):
        began(store, name, now)
    assert tuple(all_ticks(store)) == NAMES


def test_before_the_first_one_it_is_starting(now: datetime) -> None:
    assert why_not_ready({}, now) == "starting: nothing has run by itself yet"


@pytest.mark.parametrize(
    ("began_ago", "ended_ago", "words"),
    [
        (1, None, ""),
        (10, None, ""),
        (11, None, "pull began at 2026-11-22 11:49 UTC and has not ended"),
        (600, 599, "pull has not run since 2026-11-22 02:01 UTC"),
        (11, 10, ""),
        (2, 12, ""),
        (30, 31, "pull began at 2026-11-22 11:30 UTC and has not ended"),
    ],
)
def test_a_tick_that_gives_no_sign_for_ten_minutes_is_named(
    now: datetime, began_ago: int, ended_ago: int | None, words: str
) -> None:
    ended_at = now - ended_ago * MINUTE if ended_ago is not None else None
    ticks = {
        "pull": Tick("pull", now - began_ago * MINUTE, ended_at),
        "tend": Tick("tend", now, now, error="it ended, and how is another matter", failing_since=now),
    }
    assert why_not_ready(ticks, now) == words


def test_what_works_for_long_says_so_and_is_not_stuck(store: Database, now: datetime) -> None:
    for minute in range(0, 60, 5):
        began(store, "deliver", now + minute * MINUTE)
        assert why_not_ready(all_ticks(store), now + (minute + 5) * MINUTE) == ""


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_tick_is_stuck_exactly_where_its_last_sign_is_too_old(first: int, second: int) -> None:
    now = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
    tick = Tick("pull", now - timedelta(seconds=first), now - timedelta(seconds=second))
    assert tick.stuck(now) == (timedelta(seconds=min(first, second)) > STUCK)
    assert bool(why_not_ready({"pull": tick}, now)) == tick.stuck(now)
