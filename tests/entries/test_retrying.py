"""When a source is asked again, and which are due."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.entries.fetching import Validators
from newsletter.entries.retrying import next_try, parse_retry_after
from newsletter.entries.source_states import Memory, due, memory_of, remember

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

moments = st.timedeltas(timedelta(days=-9_000), timedelta(days=20_000)).map(lambda past: NOW + past)
waits = st.none() | st.timedeltas(timedelta(), timedelta(days=400))


def test_a_source_that_went_well_is_asked_as_often_as_the_settings_say() -> None:
    assert next_try(0, NOW, HOUR, None, Random(1)) == NOW + HOUR


def test_the_first_retry_comes_after_a_few_minutes_and_each_further_one_later() -> None:
    middle = [sum((next_try(n, NOW, HOUR, None, Random(seed)) - NOW).total_seconds() for seed in range(500)) / 500
              for n in range(1, 12)]  # fmt: skip
    assert 170 < middle[0] < 190
    assert all(later > 1.8 * earlier for earlier, later in pairwise(middle[:9]))
    assert DAY.total_seconds() * 0.8 < middle[10] <= DAY.total_seconds()


@given(st.integers(1, 10**9), moments, waits, st.integers())
def test_a_failing_source_is_asked_after_minutes_and_within_a_day(
    failures: int, now: datetime, wait: timedelta | None, seed: int
) -> None:
    at = next_try(failures, now, HOUR, wait, Random(seed))
    assert now + timedelta(minutes=2) < at < now + DAY + timedelta(seconds=1)
    assert at.microsecond == 0
    assert at >= now + min(wait or timedelta(), DAY)


def test_sources_that_failed_together_are_not_asked_together_again() -> None:
    random = Random(1)
    assert len({next_try(3, NOW, HOUR, None, random) for _ in range(20)}) > 15


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", 120), (" 0 ", 0), ("Sun, 22 Nov 2026 12:05:00 GMT", 300), ("Sunday, 22-Nov-26 12:05:00 GMT", 300),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0), ("999999999999999999", 86_400), ("Sun, 22 Nov 2099 12:05:00 GMT", 86_400),
        (None, None), ("", None), ("soon", None), ("-5", None), ("٣", None), ("1.5", None),
        ("Sun, 99 Nov 2026 12:05:00 GMT", None),
    ],
)  # fmt: skip
def test_what_a_server_wants_is_understood_or_left(header: str | None, expected: int | None) -> None:
    found = parse_retry_after(header, NOW)
    assert found == (None if expected is None else timedelta(seconds=expected))


@given(st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+A-Z-]?\d*"))
def test_no_header_is_a_crash_or_more_than_a_day(header: str) -> None:
    found = parse_retry_after(header, NOW)
    assert found is None or timedelta() <= found <= DAY


# Due


def memory(pulled: timedelta | None = None, next_: timedelta | None = None, **more: object) -> Memory:
    at = None if pulled is None else NOW + pulled
    return Memory("one", "x", pulled_at=at, next_at=None if next_ is None else NOW + next_, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (memory(), True),
        (memory(-HOUR), True),
        (memory(-HOUR + timedelta(seconds=1)), False),
        (memory(-HOUR, timedelta(seconds=1)), False),
        (memory(timedelta(), timedelta()), True),
        (memory(timedelta(days=400)), True),  # a clock that was wrong
        (memory(timedelta(), timedelta(days=400)), True),
        (memory(timedelta(), DAY), False),
    ],
    ids=["never pulled", "an hour ago", "less", "told to wait", "wait is over", "pulled in future", "wait of a year",
         "wait of a day"],
)  # fmt: skip
def test_a_source_is_due_when_its_time_has_come(known: Memory, expected: bool) -> None:
    assert due([known], NOW, HOUR) == ["one"] * expected


@given(st.none() | moments, st.none() | moments, moments)
def test_no_source_waits_for_more_than_a_day_whatever_the_clock_did(
    pulled: datetime | None, next_: datetime | None, now: datetime
) -> None:
    known = Memory("one", "x", pulled_at=pulled, next_at=next_)
    assert now <= max(known.due_at(now, HOUR), now) <= now + DAY


def test_what_is_remembered_is_remembered_whole(store: Database) -> None:
    whole = Memory(
        "one", "x", "as feed", NOW, NOW - DAY, NOW + HOUR, 3, NOW - HOUR, "it is gone", Validators('"v"', "a date"),
        "https://example.org/new", {"a.txt": (3, 1_700_000_000_123_456_789)},
    )  # fmt: skip
    remember(store, whole)
    assert memory_of(store, "one", "x", "as feed") == whole


def test_at_another_place_nothing_is_remembered(store: Database) -> None:
    remember(store, Memory("one", "x", "as feed", NOW, failures=3, error="gone", moved_to="y"))
    assert memory_of(store, "one", "z", "as feed") == Memory("one", "z", "as feed")


def test_what_is_read_in_another_way_is_read_anew(store: Database) -> None:
    remember(
        store,
        Memory("one", "x", "as feed", NOW, NOW, NOW + HOUR, 1, NOW, "gone", Validators("e"), "y", {"a": (1, 2)}),
    )
    expected = Memory("one", "x", "as page", NOW, NOW, failures=1, failing_since=NOW, error="gone")
    assert memory_of(store, "one", "x", "as page") == expected
