"""What waits between its claim and a connection: in order, each provider at its own pace."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from newsroom import Clock
from postbox import letter
from sqlite_utils import Database

from newsletter.delivery.claiming import Claimed
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.outcomes import Deferred, DeliveryState, Outcome
from newsletter.delivery.pacing import Limits, Pacer
from newsletter.delivery.preparing import Preparing
from newsletter.delivery.queue import FAR, SOON, Queue
from newsletter.delivery.records import Delivery
from newsletter.delivery.return_path import ReturnPath
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys

SECOND = timedelta(seconds=1)
NOON = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
GMAIL, OTHER = "gmail.com", "example.org"
BUSY, NO = Deferred("421 4.7.0 too many messages from you"), Deferred("450 4.3.0 command failed")


class Room:
    """A queue, its pace and its clock."""

    def __init__(self, db: Database, per_second: float = 0, domains: Mapping[str, float] | None = None) -> None:
        self.clock = Clock(NOON)
        self.pacer = Pacer(db, Limits(per_second, 0, 0, domains or {}), "papers@example.org", NOON)
        signer = Signer("https://news.example.org", load_keys(db))
        path = ReturnPath("papers@example.org", "+", signer)
        self.queue = Queue(self.pacer, Preparing(FrozenIssues(db), signer, path, None, self.clock))

    def takes(self) -> list[int]:
        """All that may begin now."""
        taken = []
        while job := self.queue.take(self.clock()):
            taken.append(job.delivery_id)
        return taken

    def hears(self, outcome: Outcome, times: int, provider: str) -> None:
        for _ in range(times):
            self.pacer.heard(provider, outcome, self.clock())

    def claims(self, provider: str, asked: int) -> list[float | None]:
        """Ask for so many more of that provider: None for each that may be claimed, else in how many seconds."""
        moments = (self.queue.later(provider, self.clock()) for _ in range(asked))
        return [None if at is None else round((at - self.clock()).total_seconds(), 3) for at in moments]


@pytest.fixture
def free(store: Database) -> Iterator[Room]:
    """Without limits."""
    room = Room(store)
    yield room
    room.queue.close()


@pytest.fixture
def gentle(store: Database) -> Iterator[Room]:
    """One a second to gmail.com, and any number to others."""
    room = Room(store, domains={GMAIL: 1})
    yield room
    room.queue.close()


def copies(providers: str, first: int = 1, notice: NoticeKind | None = None) -> list[Claimed]:
    """One of gmail.com for every g, of another provider for any other letter."""
    return list(_copies(providers, first, notice))


def _copies(providers: Iterable[str], first: int, notice: NoticeKind | None) -> Iterator[Claimed]:
    for n, provider in enumerate(providers, first):
        name = GMAIL if provider == "g" else OTHER if provider == "o" else f"{provider}.example"
        words = letter(f"r{n}@{name}")
        yield Claimed(Delivery(n, None, None, notice, DeliveryState.CLAIMED, NOON, None, words, NOON, ""), None, name)


# -- order


def test_what_was_claimed_comes_in_order_and_once(free: Room) -> None:
    free.queue.add(copies("gogo"))
    free.queue.add(copies("og", 5))
    assert len(free.queue) == 6
    assert free.takes() == [1, 2, 3, 4, 5, 6]
    assert (len(free.queue), free.takes(), free.queue.free_in(NOON)) == (0, [], 0.0)


def test_what_is_taken_is_the_readers_own(free: Room) -> None:
    free.queue.add(copies("g", 7))
    job = free.queue.take(NOON)
    assert job
    assert (job.delivery_id, job.recipient, job.provider, job.begun) == (7, "r7@gmail.com", GMAIL, False)
    assert b"To: r7@gmail.com\r\n" in job.message


def test_what_is_made_ready_before_its_turn_counts_and_comes_in_order(free: Room) -> None:
    free.queue.add(copies("ooooo"))
    free.queue.prepare(3, NOON)
    free.queue.prepare(2, NOON)
    assert len(free.queue) == 5
    assert free.takes() == [1, 2, 3, 4, 5]


def test_a_provider_without_room_is_passed_over_and_comes_when_it_has(gentle: Room) -> None:
    gentle.queue.add(copies("ggogo"))
    assert gentle.takes() == [1, 3, 5]
    assert (len(gentle.queue), gentle.queue.free_in(NOON)) == (2, 1.0)
    gentle.queue.add(copies("ogo", 6))
    gentle.clock.forward(seconds=1)
    # Those that were passed over come before what was claimed since.
    assert gentle.takes() == [2, 6, 8]
    gentle.clock.forward(seconds=0.5)
    assert (gentle.takes(), gentle.queue.free_in(gentle.clock())) == ([], 0.5)
    gentle.clock.forward(seconds=0.5)
    assert gentle.takes() == [4]
    gentle.clock.forward(seconds=1)
    assert gentle.takes() == [7]
    assert len(gentle.queue) == 0


def test_no_more_is_made_ready_than_may_begin(gentle: Room) -> None:
    gentle.queue.add(copies("gggg"))
    gentle.queue.prepare(10, NOON)
    assert gentle.queue.free_in(NOON) == 0.0  # one is ready
    assert gentle.takes() == [1]
    assert gentle.queue.free_in(NOON) == 1.0


def test_where_all_mail_waits_it_goes_on_in_order(store: Database) -> None:
    room = Room(store, per_second=1)
    room.queue.add(copies("gogogo"))
    taken = []
    for _ in range(6):
        taken += room.takes()
        room.clock.forward(seconds=1)
    assert taken == [1, 2, 3, 4, 5, 6]


@given(st.text("gohx", max_size=30), st.lists(st.floats(0, 2), max_size=10), st.floats(0.3, 20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_provider_gets_its_own_in_order_no_faster_than_it_may_and_nothing_is_lost(
    store: Database, providers: str, waits: list[float], rate: float
) -> None:
    room = Room(store, domains={GMAIL: rate, "hotmail.com": 0.5})
    claimed = copies(providers)
    room.queue.add(claimed)
    taken: dict[str, list[int]] = {}
    begun: list[float] = []
    waiting = list(waits)
    while len(room.queue):
        if room.queue.free_in(room.clock()) <= 0:
            job = room.queue.take(room.clock())
            assert job
            taken.setdefault(job.provider, []).append(job.delivery_id)
            if job.provider == GMAIL:
                begun.append(room.clock().timestamp())
        else:
            room.clock.forward(seconds=waiting.pop() if waiting else room.queue.free_in(room.clock()) + 0.001)
    assert taken == {
        name: [one.delivery.id for one in claimed if one.provider == name] for name in {one.provider for one in claimed}
    }
    # As much as the pace allows, and the burst of a second's worth.
    assert all(n <= rate * (at - begun[0]) + max(rate, 1) + 0.01 for n, at in enumerate(begun))


# -- what comes back, and what is not ours any more


def test_what_is_given_back_comes_first_and_is_not_held_up_by_its_own_pace(gentle: Room) -> None:
    gentle.queue.add(copies("gog"))
    job = gentle.queue.take(NOON)
    assert job and job.delivery_id == 1
    job.losses += 1
    gentle.queue.give_back(job)
    assert (len(gentle.queue), gentle.queue.free_in(NOON)) == (3, 0.0)
    again = gentle.queue.take(NOON)
    assert again is job
    assert gentle.takes() == [2]


def test_only_what_is_still_ours_is_kept(gentle: Room) -> None:
    gentle.queue.add(copies("gggooogg"))
    gentle.queue.prepare(3, NOON)  # 1, 4, 5 are ready, 2 and 3 are passed over
    gentle.queue.keep(frozenset({3, 5, 6, 8, 99}))
    assert len(gentle.queue) == 4
    assert gentle.takes() == [5, 6]
    gentle.clock.forward(seconds=1)
    assert gentle.takes() == [3]
    gentle.clock.forward(seconds=1)
    assert gentle.takes() == [8]
    assert len(gentle.queue) == 0


def test_what_is_kept_of_it_still_takes_its_room(gentle: Room) -> None:
    assert gentle.claims(GMAIL, 2) == [None, None]
    gentle.queue.add(copies("gg"))
    gentle.queue.keep(frozenset())
    assert gentle.claims(GMAIL, 3) == [None, None, 3.0]
    gentle.queue.add(copies("gg", 3))
    gentle.queue.keep(frozenset({4}))
    assert gentle.claims(GMAIL, 2) == [None, 4.0]
    assert gentle.takes() == [4]


def test_what_is_kept_of_those_that_were_passed_over_does_so_too(gentle: Room) -> None:
    assert gentle.claims(GMAIL, 2) == [None, None]
    gentle.queue.add(copies("gg"))
    assert gentle.takes() == [1]
    gentle.queue.keep(frozenset({2}))
    assert gentle.claims(GMAIL, 1) == [3.0]


# -- what must wait for long


def test_what_waits_for_a_moment_stays(gentle: Room) -> None:
    gentle.queue.add(copies("ggg"))
    assert gentle.takes() == [1]
    assert (gentle.queue.drop_far(NOON), len(gentle.queue)) == ([], 2)


def test_what_a_provider_asks_to_wait_for_is_given_back_spread_over_its_pace(store: Database) -> None:
    room = Room(store, domains={GMAIL: 0.5})
    room.queue.add(copies("goggog"))
    room.queue.prepare(1, NOON)
    room.hears(BUSY, 5, GMAIL)
    # The first was ready when the pause began.
    assert room.takes() == [2, 5]
    minutes = NOON + timedelta(minutes=5)
    assert room.queue.drop_far(NOON) == [(n, minutes + timedelta(seconds=2 * k)) for k, n in enumerate([1, 3, 4, 6])]
    assert (len(room.queue), room.queue.drop_far(NOON), room.takes()) == (0, [], [])


def test_a_slow_provider_is_given_back_only_where_its_turn_is_far(store: Database) -> None:
    for seconds, far in ((FAR, False), (FAR + 1, True)):
        room = Room(store, domains={GMAIL: 1 / seconds})
        room.queue.add(copies("ggg"))
        assert room.takes() == [1]
        given = room.queue.drop_far(NOON)
        assert given == ([(2, NOON + seconds * SECOND), (3, NOON + 2 * seconds * SECOND)] if far else [])


def test_where_all_mail_waits_what_is_claimed_waits_with_it(free: Room) -> None:
    free.queue.add(copies("go"))
    free.hears(NO, 20, "x.example")
    assert free.pacer.waits(NOON)[0] > FAR
    assert (free.takes(), free.queue.drop_far(NOON), len(free.queue)) == ([], [], 2)
    free.clock.forward(minutes=2)
    assert free.takes() == [1, 2]


def test_what_was_given_back_takes_no_room_any_more(gentle: Room) -> None:
    assert gentle.claims(GMAIL, 2) == [None, None]
    gentle.queue.add(copies("gg"))
    gentle.hears(BUSY, 5, GMAIL)
    assert gentle.takes() == []
    assert [n for n, _ in gentle.queue.drop_far(NOON)] == [1, 2]
    gentle.clock.forward(minutes=5)
    assert gentle.claims(GMAIL, 2) == [None, None]


# -- what may be claimed


def test_without_a_pace_all_may_be_claimed(free: Room) -> None:
    assert free.claims(GMAIL, 500) == [None] * 500


def test_what_may_not_begin_soon_is_not_claimed_and_is_spread_over_the_time_it_takes(store: Database) -> None:
    room = Room(store, domains={GMAIL: 2})
    # Two at once, two more within the second.
    first = room.claims(GMAIL, 4)
    assert first[:3] == [None] * 3
    asked = [at for at in first + room.claims(GMAIL, 6) if at is not None]
    assert {round(later - sooner, 3) for sooner, later in pairwise(asked)} == {0.5}
    assert asked[0] > SOON.total_seconds()
    assert room.claims(OTHER, 100) == [None] * 100


def test_no_moment_is_given_twice_as_time_goes_on(store: Database) -> None:
    room = Room(store, domains={GMAIL: 1})
    moments: list[float] = []
    for second in range(5):
        moments += [second + at for at in room.claims(GMAIL, 6) if at is not None]
        room.clock.forward(seconds=1)
    assert moments == sorted(set(moments))
    assert {round(later - sooner, 3) for sooner, later in pairwise(moments)} == {1.0}


def test_what_has_begun_makes_room_for_others(gentle: Room) -> None:
    assert gentle.claims(GMAIL, 3)[:2] == [None, None]
    gentle.queue.add(copies("gg"))
    taken = 0
    while len(gentle.queue):
        taken += len(gentle.takes())
        gentle.clock.forward(seconds=1)
    assert taken == 2
    assert gentle.claims(GMAIL, 2) == [None, None]


def test_notices_that_went_out_make_no_room_that_is_not_there(gentle: Room) -> None:
    """They go before issues and are not asked about; what counts of them is that they went out."""
    usual = gentle.claims(GMAIL, 5)
    gentle.queue.add(copies("gg"))
    gentle.queue.add(copies("g" * 20, 3, NoticeKind.ANNOUNCEMENT))
    while len(gentle.queue):
        gentle.takes()
        gentle.clock.forward(seconds=1)
    gentle.clock.forward(hours=1)
    assert [at is None for at in gentle.claims(GMAIL, 5)] == [at is None for at in usual]
