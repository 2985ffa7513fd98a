"""Mail pauses where a server says "later" again and again."""

from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database

from newsletter.delivery import paces
from newsletter.delivery.outcomes import Deferred, GivenUp, Outcome, Refused, Sent, Unknown
from newsletter.delivery.pacing import Limits, Pacer

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
BUSY = Deferred("421 4.7.0 too many messages from you")
NO = Deferred("450 4.3.0 command failed")
OK = Sent("250 ok")


@pytest.fixture
def pacer(store: Database, now: datetime) -> Pacer:
    return opened(store, now)


def opened(db: Database, now: datetime) -> Pacer:
    return Pacer(db, Limits(0, 0, 0, {}), "news@example.org", now)


def hear(pacer: Pacer, outcome: Outcome, now: datetime, times: int, provider: str = "gmail.com") -> None:
    for _ in range(times):
        pacer.heard(provider, outcome, now)


def test_a_provider_that_says_slow_down_five_times_is_left_alone(pacer: Pacer, now: datetime) -> None:
    hear(pacer, BUSY, now, 4)
    assert pacer.free_in("gmail.com", now) == 0
    hear(pacer, BUSY, now, 1)
    assert pacer.free_in("gmail.com", now) == 300
    assert pacer.free_in("example.org", now) == 0
    assert pacer.waits(now) == (0.0, "")
    assert pacer.later("gmail.com", 3, now) == now + 5 * MINUTE
    assert pacer.free_in("gmail.com", now + 5 * MINUTE) == 0


def test_its_pauses_grow_until_something_goes_through(pacer: Pacer, now: datetime) -> None:
    lengths = []
    for _ in range(6):
        hear(pacer, BUSY, now, 5)
        lengths.append(pacer.free_in("gmail.com", now) / 60)
        now += timedelta(seconds=pacer.free_in("gmail.com", now))
    assert lengths == [5, 10, 20, 40, 60, 60]
    hear(pacer, OK, now, 1)
    hear(pacer, BUSY, now, 4)
    assert pacer.free_in("gmail.com", now) == 0
    hear(pacer, BUSY, now, 1)
    assert pacer.free_in("gmail.com", now) == 300


def test_after_a_pause_two_answers_of_the_kind_are_enough(pacer: Pacer, now: datetime) -> None:
    hear(pacer, BUSY, now, 5)
    hear(pacer, BUSY, now + 6 * MINUTE, 2)
    assert pacer.free_in("gmail.com", now + 6 * MINUTE) == 600


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("450 4.3.2 busy, try again in 20 minutes", 20),
        ("421 4.7.28 unusual rate of mail, retry after 90", 1.5),
        ("421 too many, come back in 3 hours", 60),
    ],
)
def test_a_provider_is_left_alone_for_the_time_it_names(
    pacer: Pacer, now: datetime, words: str, minutes: float
) -> None:
    hear(pacer, Deferred(words), now, 5)
    assert pacer.free_in("gmail.com", now) == minutes * 60


def test_what_was_under_way_when_a_pause_began_neither_ends_nor_lengthens_it(pacer: Pacer, now: datetime) -> None:
    hear(pacer, BUSY, now, 25)
    hear(pacer, OK, now + SECOND, 3)
    hear(pacer, BUSY, now + SECOND, 25)
    assert pacer.free_in("gmail.com", now) == 300
    hear(pacer, BUSY, now + 5 * MINUTE, 5)
    assert pacer.free_in("gmail.com", now + 5 * MINUTE) == 600


def test_one_success_in_between_is_enough_not_to_pause(pacer: Pacer, now: datetime) -> None:
    for _ in range(20):
        hear(pacer, BUSY, now, 4)
        hear(pacer, OK, now, 1)
    assert pacer.free_in("gmail.com", now) == 0


@pytest.mark.parametrize(
    "outcome",
    [
        Refused("550 5.1.1 no such user"),
        Refused("554 5.7.1 too many complaints"),
        Unknown("the connection broke"),
        Deferred("450 4.2.0 greylisted, try again in 300 seconds"),
        Deferred("452 4.2.2 over quota"),
        Deferred("450 4.2.1 this person is getting mail too quickly"),
    ],
)
def test_what_is_about_one_reader_counts_neither_way(pacer: Pacer, now: datetime, outcome: Outcome) -> None:
    hear(pacer, outcome, now, 100)
    assert (pacer.free_in("gmail.com", now), pacer.waits(now)) == (0.0, (0.0, ""))
    for _ in range(5):
        hear(pacer, BUSY, now, 1)
        hear(pacer, outcome, now, 3)
    assert pacer.free_in("gmail.com", now) == 300


def test_when_everybody_says_later_all_mail_pauses(pacer: Pacer, now: datetime) -> None:
    for n in range(19):
        hear(pacer, NO, now, 1, f"d{n}.example")
    assert pacer.waits(now) == (0.0, "")
    hear(pacer, NO, now, 1, "")
    assert pacer.waits(now) == (120.0, "the server says “later” to everybody: 450 4.3.0 command failed")
    assert (pacer.room(now), pacer.free_in("new.example", now)) == (0, 120.0)
    assert pacer.paused(now) == pacer.waits(now)[1]
    assert pacer.paused(now + 2 * MINUTE) == ""
    assert (pacer.room(now + 2 * MINUTE), pacer.waits(now + 2 * MINUTE)) == (None, (0.0, ""))


def test_storms_take_longer_pauses_until_something_goes_through(pacer: Pacer, now: datetime) -> None:
    lengths = []
    hear(pacer, NO, now, 15)
    for _ in range(5):
        hear(pacer, NO, now, 5)
        lengths.append(pacer.waits(now)[0] / 60)
        now += timedelta(seconds=pacer.waits(now)[0])
    assert lengths == [2, 4, 8, 15, 15]
    hear(pacer, OK, now, 1, "example.org")
    hear(pacer, NO, now, 19)
    assert pacer.waits(now) == (0.0, "")


def test_a_message_that_is_given_up_was_put_off_once_more(pacer: Pacer, now: datetime) -> None:
    hear(pacer, GivenUp("given up after 24 hours: 450 4.3.0 command failed"), now, 20)
    assert pacer.waits(now)[0] == 120


def test_pauses_are_kept_over_a_restart_and_shared(store: Database, now: datetime) -> None:
    pacer, second = opened(store, now), opened(store, now)
    hear(pacer, BUSY, now, 5)
    pacer.save()
    second.save()
    third = opened(store, now + MINUTE)
    assert (second.free_in("gmail.com", now + MINUTE), third.free_in("gmail.com", now + MINUTE)) == (240, 240)
    now += 5 * MINUTE
    hear(third, BUSY, now, 2)
    third.save()
    pacer.save()
    assert pacer.free_in("gmail.com", now) == 600
    now += 10 * MINUTE
    hear(pacer, OK, now, 1)
    pacer.save()
    assert paces.load_paces(store) == {}
    third.save()
    hear(third, BUSY, now, 4)
    assert third.free_in("gmail.com", now) == 0


def test_a_success_elsewhere_does_not_end_a_pause_that_another_process_was_asked_for(
    store: Database, now: datetime
) -> None:
    pacer, second = opened(store, now), opened(store, now)
    hear(pacer, BUSY, now, 5)
    pacer.save()
    hear(second, OK, now, 1)
    second.save()
    assert opened(store, now).free_in("gmail.com", now) == 300


def test_no_reader_is_named_in_why(store: Database, now: datetime) -> None:
    pacer = opened(store, now)
    hear(pacer, Deferred("450 4.3.0 <ada@example.org>: try later"), now, 20)
    pacer.save()
    assert paces.load_paces(store)[""].why == (
        "the server says “later” to everybody: 450 4.3.0 <…@example.org>: try later"
    )


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_is_put_back_makes_no_pause_longer(store: Database, now: datetime, restart: bool) -> None:
    pacer = opened(store, now)
    hear(pacer, BUSY, now, 5)
    hear(pacer, NO, now, 20, "")
    pacer.save()
    now -= HOUR
    if restart:
        pacer = opened(store, now)
    else:
        assert (pacer.waits(now)[0], pacer.free_in("gmail.com", now)) == (120, 300)
    pacer.save()
    assert pacer.waits(now)[0] <= 15 * 60
    assert pacer.free_in("gmail.com", now) <= 3_600


def test_a_pause_that_is_over_stays_over_when_the_clock_is_put_back(store: Database, now: datetime) -> None:
    pacer = opened(store, now)
    hear(pacer, BUSY, now, 5)
    pacer.save()
    assert pacer.free_in("gmail.com", now + 6 * MINUTE) == 0
    pacer.save()
    assert pacer.free_in("gmail.com", now - HOUR) <= 1
