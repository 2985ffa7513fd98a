"""Work in parts: who does it, and in how many, changes nothing of what comes of it."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mainline import ADA, bring, subscribe
from newsroom import Clock, parsed

from newsletter import Newsletter, press
from newsletter.workforce import Here, Workforce, cut

T = TypeVar("T")
R = TypeVar("R")
INTERESTS = ("walking robots", "brain tumours", "graph networks", "forests", "not: music", "by: Ada Lovelace")


class Elsewhere:
    """A workforce that has nothing but what it is given: all of it comes as bytes."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.parts = 0

    def share(self, value: T) -> T:
        return value

    def map(self, work: Callable[..., R], *parts: Iterable[object]) -> Iterator[R]:
        sent = [pickle.dumps((work, part)) for part in zip(*parts, strict=True)]
        self.parts += len(sent)
        with ThreadPoolExecutor(self.at_once) as threads:
            yield from map(pickle.loads, threads.map(_done, sent))


def _done(sent: bytes) -> bytes:
    work, part = pickle.loads(sent)
    return pickle.dumps(work(*part))


@given(st.integers(0, 5_000), st.integers(1, 64), st.integers(1, 200))
def test_parts_are_everything_once_and_about_equal(count: int, at_once: int, least: int) -> None:
    workforce = Here()
    workforce.at_once = at_once
    parts = cut(count, workforce, least)
    assert [n for part in parts for n in range(count)[part]] == list(range(count))
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) <= at_once
    assert len(parts) == 1 or min(sizes) >= least


def test_an_issue_made_in_parts_is_the_same_to_the_byte(
    newsletter: Newsletter, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workforce = Elsewhere(5)
    assert_made_the_same(newsletter, clock, workforce, monkeypatch)
    assert workforce.parts == 5


def assert_made_the_same(
    newsletter: Newsletter, clock: Clock, workforce: Workforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve readers with interests, mutes and votes get from the workforce what each would get alone here."""
    people = [f"reader{n}@example.org" for n in range(12)]
    for n, address in enumerate(people):
        subscribe(newsletter, address, tuple(INTERESTS[k] for k in range(6) if (n >> (k % 4)) & 1 or k == n % 6))
    newsletter.send(now=True)
    for n, address in enumerate(people):
        for entry in {1 + n % 5, 3 + n % 7}:
            newsletter.readers.vote(newsletter.subscriber(address), entry, 1 if (n + entry) % 3 else -1)
    clock.set("2026-11-30 12:00")
    bring(newsletter, 100, 24)
    alone = {address: newsletter.preview(address).message for address in people}
    monkeypatch.setattr(press, "LEAST", 2)
    monkeypatch.setattr(newsletter._press, "_workforce", workforce)
    newsletter.send(now=True)
    sent = {}
    for path in sorted((newsletter.project / "outbox").glob("2026-11-30-*.eml")):
        message = path.read_bytes()
        sent[str(parsed(message)["To"])] = message
    assert sent.keys() == alone.keys()
    for address, message in alone.items():
        assert _without_date(sent[address]) == _without_date(message)


def _without_date(message: bytes) -> list[bytes]:
    return [line for line in message.splitlines() if not line.startswith(b"Date:")]


def test_small_work_stays_together(newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(newsletter)
    workforce = Elsewhere(5)
    monkeypatch.setattr(newsletter._press, "_workforce", workforce)
    assert newsletter.preview(ADA).picks
    assert workforce.parts == 0
