"""How fast mail may leave: limits, kept over restarts and shared by processes."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.delivery import paces
from newsletter.delivery.counting import Counts
from newsletter.delivery.outcomes import Sent
from newsletter.delivery.pacing import Limits, Pacer
from newsletter.delivery.spacing import Spacing
from newsletter.store import open_store

SENDER = "news@example.org"
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def limits(
    per_second: float = 0, per_hour: int = 0, first_day: int = 0, domains: Mapping[str, float] | None = None
) -> Limits:
    return Limits(per_second, per_hour, first_day, domains or {})


@pytest.fixture
def other(store: Database, tmp_path: Path) -> Iterator[Database]:
    """Another process's connection to the same database."""
    db = open_store(tmp_path / "newsletter.db")
    yield db
    db.conn.close()


def send(pacer: Pacer, provider: str, now: datetime, most: int = 10_000) -> int:
    """Begin all that may begin now."""
    count = 0
    while count < most and pacer.free_in(provider, now) == 0:
        pacer.begun(provider, now)
        count += 1
    return count


def test_without_limits_everything_may_leave_at_once(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(), SENDER, now)
    assert send(pacer, "example.org", now, 1_000) == 1_000
    assert (pacer.room(now), pacer.waits(now), pacer.later("example.org", 50, now)) == (None, (0.0, ""), now)


def test_a_rate_holds_after_a_burst_of_one_second(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(per_second=10), SENDER, now)
    assert pacer.room(now) == 19  # ten at once, and nine more within the second
    assert send(pacer, "example.org", now) == 10
    seconds, why = pacer.waits(now)
    assert (round(seconds, 3), why) == (0.1, "at most 10 a second (pacing.per_second)")
    assert round(pacer.free_in("example.org", now), 3) == 0.1
    sent = sum(send(pacer, "example.org", now + 0.1 * SECOND * tick) for tick in range(1, 101))
    assert sent in (99, 100, 101)


def test_less_than_one_a_second_means_one_at_a_time(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(per_second=0.25), SENDER, now)
    assert send(pacer, "example.org", now) == 1
    assert (pacer.room(now), pacer.waits(now)[0]) == (0, 4.0)
    assert send(pacer, "example.org", now + 4 * SECOND) == 1


def test_a_provider_is_spared_by_any_of_its_domains_and_nobody_else(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(domains={"hotmail.com": 2, "outlook.com": 5}), SENDER, now)
    assert send(pacer, "outlook.com", now) == 2
    assert send(pacer, "example.org", now, 100) == 100
    assert (pacer.free_in("outlook.com", now), pacer.waits(now), pacer.room(now)) == (0.5, (0.0, ""), None)
    assert pacer.later("outlook.com", 6, now) == now + 3.5 * SECOND
    assert pacer.later("example.org", 6, now) == now


@given(st.floats(0.05, 50), st.lists(st.floats(0, 3), max_size=30))
def test_in_no_stretch_of_time_more_begin_than_the_rate_and_one_seconds_worth(rate: float, gaps: list[float]) -> None:
    spacing, now, begun = Spacing(rate), 1.7e9, list[float]()
    for gap in gaps:
        now += gap
        while spacing.wait(now) == 0:
            spacing.begun(now)
            begun.append(now)
        assert 0 < spacing.wait(now) <= spacing.interval + 0.001
    for first, start in enumerate(begun):
        for last in range(first, len(begun), 7):
            assert last - first + 1 <= rate * (begun[last] - start) + max(rate, 1) + 1.01


@given(st.floats(0.05, 500), st.lists(st.floats(0, 1.5), max_size=30))
def test_the_room_is_what_may_begin_in_the_next_second(rate: float, gaps: list[float]) -> None:
    spacing, now = Spacing(rate), 1.7e9
    for gap in gaps:
        now += gap
        if spacing.wait(now) == 0:
            spacing.begun(now)
    room, end, begun = spacing.room(now), now + 1, 0
    while (at := now + spacing.wait(now)) < end:
        now = at
        spacing.begun(now)
        begun += 1
    assert abs(begun - room) <= 1


def test_an_hours_messages_are_out_until_the_first_of_them_are_an_hour_old(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(per_hour=1_000), SENDER, now)
    assert pacer.room(now) == 1_000
    assert send(pacer, "example.org", now, 600) == 600
    assert send(pacer, "example.org", now + 10 * MINUTE) == 400
    now += 10 * MINUTE
    assert (pacer.room(now), pacer.waits(now)) == (0, (51 * 60.0, "1,000 an hour are out (pacing.per_hour)"))
    assert pacer.free_in("example.org", now) == 51 * 60
    assert pacer.later("example.org", 9, now) == now + 51 * MINUTE
    assert send(pacer, "example.org", now + 51 * MINUTE - SECOND) == 0
    assert (pacer.waits(now + 51 * MINUTE), pacer.room(now + 51 * MINUTE)) == ((0.0, ""), 600)
    assert send(pacer, "example.org", now + 51 * MINUTE) == 600


@given(st.integers(1, 30), st.lists(st.tuples(st.floats(0, 2_000), st.integers(1, 40)), max_size=60))
def test_in_no_sliding_hour_more_begin_than_allowed(per_hour: int, tries: list[tuple[float, int]]) -> None:
    now, begun = 1.7e9, list[float]()
    counts = Counts(per_hour, 0, SENDER, None, now)
    for gap, most in tries:
        now += gap
        room = counts.room(now)
        assert room is not None
        assert (room == 0) == (counts.waits(now)[0] > 0)
        for _ in range(min(room, most)):
            counts.begun(now)
            begun.append(now)
    for first, start in enumerate(begun):
        assert sum(start <= at < start + 3_600 for at in begun[first:]) <= per_hour


def test_a_new_address_starts_slowly(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(first_day=200), SENDER, now)
    assert send(pacer, "example.org", now) == 200
    why = "news@example.org is new: the 200 of its day 1 are out (pacing.first_day)"
    assert pacer.waits(now) == (86_400.0, why)
    pacer.save()
    for day, most in ((1, 400), (2, 800), (5, 6_400)):
        pacer = Pacer(store, limits(first_day=200), SENDER, now + day * DAY)
        assert (pacer.room(now + day * DAY), pacer.waits(now + day * DAY)) == (most, (0.0, ""))
    assert Pacer(store, limits(first_day=200), SENDER, now + 14 * DAY).room(now + 14 * DAY) is None
    assert Pacer(store, limits(first_day=200), "new@example.org", now + 14 * DAY).room(now + 14 * DAY) == 200


@given(st.lists(st.tuples(st.floats(0, 50_000), st.integers(0, 60)), max_size=40), st.floats(0, 60))
def test_whoever_has_room_need_not_wait_and_the_other_way_round(tries: list[tuple[float, int]], second: float) -> None:
    now = 1.7e9 // 60 * 60 + second
    counts = Counts(50, 10, SENDER, None, now)
    for gap, most in tries:
        now += gap
        room = counts.room(now)
        assert (room == 0) == (counts.waits(now)[0] > 0)
        for _ in range(min(most if room is None else room, most)):
            counts.begun(now)


def test_an_address_that_sent_before_its_slow_start_was_set_is_as_old_as_it_is(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(), SENDER, now)
    pacer.begun("example.org", now)
    pacer.save()
    assert Pacer(store, limits(first_day=200), "News@Example.org", now + 20 * DAY).room(now + 20 * DAY) is None


def test_limits_are_kept_over_a_restart(store: Database, now: datetime) -> None:
    both = limits(per_second=0.1, per_hour=3, domains={"gmail.com": 0.05})
    pacer = Pacer(store, both, SENDER, now)
    pacer.begun("gmail.com", now)
    pacer.save()
    pacer = Pacer(store, both, SENDER, now + SECOND)
    assert (pacer.waits(now + SECOND)[0], pacer.free_in("gmail.com", now + SECOND)) == (9.0, 19.0)
    for n in (10, 20):
        pacer.begun("example.org", now + n * SECOND)
    pacer.save()
    pacer = Pacer(store, both, SENDER, now + MINUTE)
    assert (pacer.room(now + MINUTE), pacer.waits(now + MINUTE)[0]) == (0, 3_600.0)


def test_two_processes_share_every_limit(store: Database, other: Database, now: datetime) -> None:
    both = limits(per_second=10, per_hour=500, domains={"gmail.com": 4})
    pacers = [Pacer(store, both, SENDER, now), Pacer(other, both, SENDER, now)]
    sent = {"gmail.com": 0, "example.org": 0}
    for tick in range(450):  # three quarters of a minute
        for pacer in pacers:
            for provider in sent:
                sent[provider] += send(pacer, provider, now + tick * SECOND / 10)
            if tick % 10 == 9:
                pacer.save()
    # The burst, and a second's worth of the other process.
    assert 4 * 45 <= sent["gmail.com"] <= 4 * 45 + 8
    assert 10 * 45 <= sum(sent.values()) <= 10 * 45 + 20
    late = now + MINUTE
    assert [pacer.room(late) for pacer in pacers] == [19, 19]
    assert send(pacers[0], "example.org", late) == 10
    pacers[0].save()
    pacers[1].save()
    assert pacers[1].room(late) == 9
    for n in range(1, 9):
        send(pacers[0], "example.org", late + n * SECOND)
    pacers[0].save()
    pacers[1].save()
    assert [pacer.room(late + HOUR / 4) for pacer in pacers] == [0, 0]


def test_what_two_processes_sent_is_added_up(store: Database, other: Database, now: datetime) -> None:
    for db in (store, other):
        pacer = Pacer(db, limits(), SENDER, now)
        for _ in range(5):
            pacer.begun("example.org", now)
        pacer.save()
    assert sum(paces.load_minutes(store, 0).values()) == 10


def test_messages_are_forgotten_after_a_day(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(), SENDER, now)
    for hour in range(50):
        pacer.begun("example.org", now + hour * HOUR)
        pacer.save()
    assert len(paces.load_minutes(store, 0)) == 26


def test_where_nothing_changed_nothing_is_written(store: Database, other: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(10, 100, 100, {"gmail.com": 2}), SENDER, now)
    pacer.begun("gmail.com", now)
    pacer.save()
    before = other.conn.execute("PRAGMA data_version").fetchone()
    pacer.save()
    assert other.conn.execute("PRAGMA data_version").fetchone() == before


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_is_put_back_does_not_stop_mail(store: Database, now: datetime, restart: bool) -> None:
    every = limits(per_second=0.5, per_hour=100, first_day=1_000, domains={"gmail.com": 0.5})
    pacer = Pacer(store, every, SENDER, now)
    for second in range(0, 160, 2):
        pacer.begun("gmail.com", now + second * SECOND)
    pacer.save()
    now += 159 * SECOND - HOUR
    if restart:
        pacer = Pacer(store, every, SENDER, now)
    assert pacer.waits(now)[0] <= 2
    assert pacer.free_in("gmail.com", now) <= 2
    sent = 0
    for second in range(0, 300, 2):
        at = now + second * SECOND
        sent += send(pacer, "gmail.com", at)
        pacer.save()
    # And what was sent in the hour before still counts.
    assert 19 <= sent <= 20
    assert pacer.waits(at)[0] <= 3_600
    assert max(paces.load_minutes(store, 0)) <= at.timestamp() // 60


def test_a_message_that_went_out_counts_whatever_the_answer(store: Database, now: datetime) -> None:
    pacer = Pacer(store, limits(per_hour=2), SENDER, now)
    for _ in range(2):
        pacer.begun("example.org", now)
        pacer.heard("example.org", Sent(), now)
    assert pacer.room(now) == 0
