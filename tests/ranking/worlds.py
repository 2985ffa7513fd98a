"""Made-up readers and entries to hold the ranking to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.offer import Offer, offer_of
from newsletter.ranking.scoring import Ranking, rank
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote
from newsletter.ranking.wording import Said
from subscribers.interests import Interest

Rows = Sequence[Sequence[float] | NDArray[np.float32]]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
#: Rare ones stand behind common ones; none is a small word, or more than one of anything.
WORDS = [f"{a}{b}" for a in ("gra", "cel", "bri", "pru", "mel") for b in ("ph", "lo", "dge", "ne", "t", "xy")]


def unit(rows: Rows | NDArray[np.float64]) -> Vectors:
    array = np.asarray(rows, np.float32)
    return np.asarray(array / np.linalg.norm(array, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Line:
    """What a reader follows: words and what they mean, papers that are rows of what was voted on, or both."""

    words: str
    vector: Vectors
    papers: tuple[int, ...] = ()

    @property
    def interest(self) -> Interest:
        papers = ", ".join(f"2312.{10_000 + row}" for row in self.papers)
        return Interest(": ".join(filter(None, (self.words, papers))))


#: (row of what was voted on, 1 or -1, age in days)
Said_of = tuple[int, int, float]


@dataclass(frozen=True)
class Person:
    lines: tuple[Line, ...] = ()
    muted: tuple[Vectors, ...] = ()
    #: the newest first
    votes: tuple[Said_of, ...] = ()

    def of(self, value: int) -> list[tuple[int, float]]:
        """(row, age against the newest vote) of one direction."""
        newest = self.votes[0][2] if self.votes else 0.0
        return [(row, age - newest) for row, direction, age in self.votes if direction == value]


def voted_of(vectors: Vectors, said: Sequence[Said] = ()) -> Voted:
    """What was voted on, as papers too; the entry with the number 1000 is in row 0."""
    every = range(len(vectors))
    return Voted(
        vectors,
        tuple(f"title {n}" for n in every),
        {1_000 + n: n for n in every},
        tuple(said),
        {f"arxiv:2312.{10_000 + n}": n for n in every},
    )


def tastes_in(people: Sequence[Person], voted: Voted, dimensions: int) -> Tastes:
    vectors: dict[str, Vectors] = {line.words: line.vector for one in people for line in one.lines if line.words}
    interests: list[list[Interest]] = []
    for one in people:
        mutes = [Interest(f"away with {vector.tobytes().hex()}", muted=True) for vector in one.muted]
        vectors |= {mute.statement: vector for mute, vector in zip(mutes, one.muted, strict=True)}
        interests.append([*(line.interest for line in one.lines), *mutes])
    votes = [[Vote(1_000 + row, value, NOW - timedelta(days=age)) for row, value, age in one.votes] for one in people]
    return tastes_of(interests, vectors, dimensions, votes, voted)


def following(*lines: Vectors | Sequence[float]) -> Person:
    """Somebody who follows these directions, with words that no entry holds."""
    rows = [np.asarray(line, np.float32) for line in lines]
    return Person(tuple(Line(f"line {'abcdefgh'[n]}{row.tobytes().hex()}", row) for n, row in enumerate(rows)))


def voting(person: Person, liked: Sequence[int] = (), disliked: Sequence[int] = ()) -> Person:
    """The same, who now votes on rows of what was voted on, the first the last."""
    return replace(person, votes=(*((n, 1, 0.0) for n in liked), *((n, -1, 0.0) for n in disliked)))


def muting(person: Person, *mutes: Vectors | Sequence[float]) -> Person:
    return replace(person, muted=tuple(np.asarray(row, np.float32) for row in mutes))


def tastes(people: Sequence[Person], voted: Vectors | None = None, dimensions: int = 4) -> Tastes:
    rows = np.zeros((0, dimensions), np.float32) if voted is None else voted
    return tastes_in(people, voted_of(rows), dimensions)


def offered(entries: Vectors, general: Sequence[float] | Vectors = (), **more: object) -> Offer:
    """The entries with these general scores, all the same where there are none."""
    scores = np.asarray(general if len(general) else np.zeros(len(entries)), np.float32)
    return offer_of(entries, scores, **more)  # type: ignore[arg-type]


def names(ranking: Ranking, reader: int = 0) -> list[int]:
    """The entries of a reader's places."""
    return [int(n) for n in ranking.entry[reader] if n >= 0]


@dataclass(frozen=True)
class World:
    entries: Vectors
    older: Vectors
    #: of entries and older ones; empty where words are not known
    said: tuple[Said, ...]
    older_said: tuple[Said, ...]
    people: tuple[Person, ...]
    general: Vectors
    seen: Booleans
    named: Booleans
    authored: Booleans
    places: int
    elsewhere: tuple[int, ...]
    floor: float
    voted: Voted = field(default_factory=Voted)

    @property
    def tastes(self) -> Tastes:
        return tastes_in(self.people, self.voted, 5)

    @property
    def offer(self) -> Offer:
        return offer_of(self.entries, self.general, older=self.older, said=self.said, older_said=self.older_said)

    def with_readers(self, order: Sequence[int]) -> "World":
        chosen = list(order)
        return replace(
            self,
            people=tuple(self.people[n] for n in chosen),
            seen=self.seen[chosen],
            named=self.named[chosen],
            authored=self.authored[chosen],
        )

    def with_people(self, people: Sequence[Person]) -> "World":
        return replace(self, people=tuple(people))

    def ranking(self) -> Ranking:
        return rank(
            self.offer,
            self.tastes,
            self.places,
            seen=self.seen,
            named=self.named,
            authored=self.authored,
            elsewhere=self.elsewhere,
            floor=self.floor,
            seed=4,
        )


def some_words(rng: np.random.Generator, least: int, most: int) -> str:
    chosen = rng.integers(0, len(WORDS), rng.integers(least, most + 1)) * rng.random()
    return " ".join(WORDS[int(n)] for n in chosen)


@st.composite
def worlds(draw: st.DrawFn, most_votes: int = 0, words: bool = True, papers: bool = True) -> World:
    """Any world; its readers have up to so many likes, and as many dislikes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, readers, older = draw(st.integers(0, 14)), draw(st.integers(0, 6)), draw(st.integers(1, 8))
    # Of two columns each stands one deviation from the middle, whatever they are: nothing is told apart.
    older = max(older, 3 - count)
    entries = rng.normal(size=(count, 5))
    for n in range(count // 3):  # some are told twice, in nearly the same words
        entries[n] = entries[count - 1 - n] + rng.normal(size=5) * 0.1
    old = unit(rng.normal(size=(older, 5)))
    shape = (readers, count)
    words = words and draw(st.booleans())

    def said(rows: int) -> tuple[Said, ...]:
        return tuple((some_words(rng, 1, 4), some_words(rng, 0, 12)) for _ in range(rows)) if words else ()

    voted = voted_of(unit(rng.normal(size=(2 * most_votes, 5))), said(2 * most_votes)) if most_votes else Voted()
    known = min(older // 3, 2 * most_votes)
    old[:known] = voted.vectors[:known]

    def line(reader: int, n: int, free: list[int]) -> Line:
        named = [free.pop() for _ in range(rng.integers(0, 3)) if free] if papers else []
        own = f"{some_words(rng, 1, 3)} {'abcdefg'[reader]}{'hijk'[n]}" if rng.random() < 0.8 or not len(named) else ""
        return Line(own, unit(rng.normal(size=(1, 5)))[0], tuple(named))

    def person(reader: int) -> Person:
        free = rng.permutation(2 * most_votes).tolist()
        rows = rng.permutation(2 * most_votes)[: rng.integers(0, 2 * most_votes + 1)]
        ages = np.sort(rng.integers(0, 1_500, len(rows)) * rng.random())
        return Person(
            tuple(line(reader, n, free) for n in range(rng.integers(0, 4))),
            tuple(unit(rng.normal(size=(rng.integers(1, 3), 5)))) if rng.random() < 0.5 else (),
            tuple((int(row), int(rng.choice([1, 1, -1])), float(age)) for row, age in zip(rows, ages, strict=True)),
        )

    return World(
        entries=unit(entries) if count else np.zeros((0, 5), np.float32),
        older=old,
        said=said(count),
        older_said=said(older),
        people=tuple(person(n) for n in range(readers)),
        general=(rng.normal(size=count) / 4).astype(np.float32),
        seen=rng.random(shape) < draw(st.sampled_from([0, 0.3, 0.9, 1])),
        named=rng.random(shape) < draw(st.sampled_from([0, 0.2])),
        authored=rng.random(shape) < draw(st.sampled_from([0, 0.2])),
        places=draw(st.integers(1, 20)),
        elsewhere=tuple(np.flatnonzero(rng.random(count) < 0.2).tolist()),
        floor=draw(st.sampled_from([-0.8, 0.3, 1.1])),
        voted=voted,
    )


def assert_same(one: Ranking, other: Ranking) -> None:
    """The same entries for the same reasons."""
    for name in ("entry", "interest", "liked", "outside", "muted"):
        assert (getattr(one, name) == getattr(other, name)).all()
    assert one.relevance == pytest.approx(other.relevance, abs=1e-4)
    assert one.closeness == pytest.approx(other.closeness, abs=1e-4)
