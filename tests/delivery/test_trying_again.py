"""When a message that was put off is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.outcomes import Deferred, GivenUp
from newsletter.delivery.retrying import next_try

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
#: The chance in the middle: no jitter.
EVEN = 0.5


def wait(answer: str, attempts: int = 1, chance: float = EVEN, give_up_after: timedelta = 30 * DAY) -> timedelta:
    following = next_try(answer, attempts, NOON, NOON, give_up_after, chance)
    assert isinstance(following, Deferred)
    assert following.why == answer
    assert following.after is not None
    return following.after


@pytest.mark.parametrize(
    ("answer", "minutes"),
    [
        ("450 4.2.0 greylisted", [5, 10, 20, 40, 80, 160, 240, 240]),
        ("452 4.2.2 mailbox full", [240, 480, 720, 720]),
        ("421 too many connections", [5, 15, 45, 135, 240, 240]),
        ("450 4.3.0 command failed", [15, 30, 60, 120, 240, 240]),
    ],
)
def test_each_kind_has_its_own_waits(answer: str, minutes: list[int]) -> None:
    assert [wait(answer, n + 1) / MINUTE for n in range(len(minutes))] == minutes


def test_waits_are_spread_by_a_fifth_either_way() -> None:
    assert wait("450 no", chance=0) == 12 * MINUTE
    assert 17.99 * MINUTE < wait("450 no", chance=0.9999) <= 18 * MINUTE


def test_a_time_that_is_named_is_waited_for_and_at_most_a_fifth_longer() -> None:
    answer = "450 4.2.0 greylisted, try again in 300 seconds"
    assert wait(answer, chance=0) == 5 * MINUTE
    assert 5.9 * MINUTE < wait(answer, chance=0.9999) <= 6 * MINUTE
    assert wait("450 try again in 6 hours", chance=0) == 6 * HOUR


def test_a_server_that_goes_on_naming_a_short_time_is_tried_later_and_later() -> None:
    waits = [wait("450 try again in 1 minute", n, chance=0) / MINUTE for n in range(1, 7)]
    assert waits == [1, 1, 1, 12, 24, 48]


def test_none_is_tried_too_early_by_a_part_of_a_second() -> None:
    now = NOON + timedelta(milliseconds=900)
    following = next_try("450 try again in 300 seconds", 1, now, now, DAY, 0)
    assert isinstance(following, Deferred)
    assert following.after is not None
    assert (now + following.after).replace(microsecond=0) >= now + 5 * MINUTE


def test_the_last_try_is_at_the_end_and_then_it_is_given_up() -> None:
    answer = "452 4.2.2 mailbox full"
    assert next_try(answer, 3, NOON - 20 * HOUR, NOON, DAY, EVEN) == Deferred(answer, 4 * HOUR)
    assert next_try(answer, 4, NOON - DAY, NOON, DAY, EVEN) == GivenUp(
        "given up after 24 hours: 452 4.2.2 mailbox full"
    )
    assert next_try(answer, 4, NOON - 3 * DAY, NOON, HOUR, EVEN) == GivenUp(
        "given up after 1 hour: 452 4.2.2 mailbox full"
    )


def test_a_clock_that_was_put_back_makes_the_end_no_later() -> None:
    answer = "452 4.2.2 mailbox full"
    assert next_try(answer, 9, NOON + 5 * HOUR, NOON, HOUR, EVEN) == Deferred(answer, HOUR)


ANSWERS = st.text(max_size=200) | st.sampled_from(
    ["450 greylisted", "421 no", "452 4.2.2 full", "450 no", "450 try again in 7 minutes", "450 retry after 5 hours"]
)
CHANCES = st.floats(0, 1, exclude_max=True)


@given(ANSWERS, st.integers(-3, 10**6), st.timedeltas(-9 * DAY, 9 * DAY), st.timedeltas(0 * DAY, 10 * DAY), CHANCES)
def test_any_answer_is_put_off_within_bounds_or_given_up(
    answer: str, attempts: int, age: timedelta, give_up_after: timedelta, chance: float
) -> None:
    following = next_try(answer, attempts, NOON - age, NOON, give_up_after, chance)
    if isinstance(following, Deferred):
        assert following.after is not None
        assert MINUTE <= following.after <= 15 * HOUR
        assert max(age, timedelta()) + following.after <= give_up_after
    else:
        # A clock that was put back so far gives no time either.
        assert abs(age) > give_up_after - MINUTE


@given(ANSWERS, CHANCES)
def test_waits_grow_with_the_attempts(answer: str, chance: float) -> None:
    waits = [wait(answer, attempts, chance) for attempts in range(1, 15)]
    assert waits == sorted(waits)
