"""Mail that came back: each mail counts once, and old ones count less."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from asking import BOB, reader
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from subscribers import bounces
from subscribers.bounces import HALF_LIFE, HARD, LIMIT, SOFT, Bounce

DAY = timedelta(days=1)


def every(step: timedelta, weight: float, now: datetime) -> int:
    """At which of so many bounces, each a step after the other, somebody is given up; 0 for never."""
    known: list[Bounce] = []
    for n in range(1, 1_000):
        at = now + n * step
        known.append(Bounce(at, weight, ""))
        if bounces.score(known, at) >= LIMIT:
            return n
    return 0


@pytest.mark.parametrize(
    ("days", "weight", "given_up_at"),
    [
        (1, HARD, 2),
        (7, HARD, 2),  # a weekly reader whose address is dead: at the second mail, not at the first
        (30, HARD, 3),
        (1, SOFT, 6),
        (7, SOFT, 9),  # whose mailbox is full: after two months of it
        (30, SOFT, 0),
    ],
)
def test_when_somebody_is_given_up(now: datetime, days: int, weight: float, given_up_at: int) -> None:
    assert every(days * DAY, weight, now) == given_up_at


def test_one_bounce_alone_is_never_enough() -> None:
    assert max(HARD, SOFT) < LIMIT


def test_a_score_is_halved_with_every_half_life(now: datetime) -> None:
    one = [Bounce(now, HARD, "")]
    scores = [bounces.score(one, now + n * HALF_LIFE) for n in range(4)]
    assert scores == pytest.approx([HARD, HARD / 2, HARD / 4, HARD / 8])
    assert bounces.score([], now) == 0


@given(st.lists(st.tuples(st.integers(0, 3_000), st.sampled_from([HARD, SOFT])), max_size=20), st.integers(0, 3_000))
def test_time_heals_and_another_bounce_never_helps(past: list[tuple[int, float]], days: int) -> None:
    now = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
    known = [Bounce(now - ago * DAY, weight, "") for ago, weight in past]
    assert 0 <= bounces.score(known, now + days * DAY) <= bounces.score(known, now)
    assert bounces.score([*known, Bounce(now, SOFT, "")], now) > bounces.score(known, now)


def test_each_mail_counts_once_however_often_it_is_reported(store: Database, now: datetime) -> None:
    person = reader(store, now)
    for n in range(5):
        bounces.note(store, person.id, "17", SOFT, "full", now + n * DAY)
    assert bounces.bounces_of(store, person.id) == [Bounce(now, SOFT, "full")]


def test_the_heavier_of_two_reports_about_a_mail_stays_with_its_words(store: Database, now: datetime) -> None:
    person = reader(store, now)
    for weight, why in ((SOFT, "later"), (HARD, "no such user"), (SOFT, "later"), (HARD, "said again")):
        bounces.note(store, person.id, "17", weight, why, now)
    assert bounces.bounces_of(store, person.id) == [Bounce(now, HARD, "no such user")]


def test_bounces_are_listed_from_the_oldest_and_are_nobody_elses(store: Database, now: datetime) -> None:
    ada, bob = reader(store, now), reader(store, now, BOB)
    mail = count()
    for person, ago in ((ada, 1), (ada, 9), (bob, 3), (ada, 5)):
        bounces.note(store, person.id, str(next(mail)), SOFT, f"{ago} days ago", now - ago * DAY)
    assert [b.why for b in bounces.bounces_of(store, ada.id)] == ["9 days ago", "5 days ago", "1 days ago"]
    assert [b.why for b in bounces.bounces_of(store, bob.id)] == ["3 days ago"]
    bounces.forget(store, ada.id)
    assert bounces.bounces_of(store, ada.id) == []
    assert len(bounces.bounces_of(store, bob.id)) == 1


def test_what_another_server_says_is_cut(store: Database, now: datetime) -> None:
    person = reader(store, now)
    bounces.note(store, person.id, "17", HARD, "long " * 10_000, now)
    assert len(bounces.bounces_of(store, person.id)[0].why) == 500
