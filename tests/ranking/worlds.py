"""Made-up readers and entries, and the ranking's formula written out number by number, to hold it to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from newsletter.ranking.attraction import (
    AGREEMENT,
    LESS_DOUBT,
    LESS_FLOOR,
    LESS_FULL,
    LESS_WEIGHT,
    LIKE_DOUBT,
    LIKE_FLOOR,
    LIKE_MOST,
    MUTE_FLOOR,
    MUTE_FULL,
    MUTE_WEIGHT,
    NAMED_WEIGHT,
)
from newsletter.ranking.choosing import LIKED_PLACES, MMR_LAMBDA, NEAR_DUPLICATE
from newsletter.ranking.embedding import Vectors
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.scoring import Ranking, rank
from newsletter.ranking.tastes import Tastes, Voted
from newsletter.ranking.topics import Topics, topics_of

Rows = Sequence[Sequence[float] | NDArray[np.float32]]
NONE = np.zeros((0, 4), np.float32)


def unit(rows: Rows | NDArray[np.float64]) -> Vectors:
    array = np.asarray(rows, np.float32)
    return np.asarray(array / np.linalg.norm(array, axis=1, keepdims=True), np.float32)


def tastes(
    followed: Sequence[Vectors],
    muted: Sequence[Vectors] = (),
    dimensions: int = 4,
    liked: Sequence[Sequence[int]] = (),
    disliked: Sequence[Sequence[int]] = (),
    voted: Vectors | None = None,
) -> Tastes:
    """One array of interests (and one of mutes, of rows of `voted`) for each reader."""
    mutes = list(muted) or [np.zeros((0, dimensions), np.float32)] * len(followed)

    def owners(lines: Sequence[Vectors]) -> NDArray[np.intp]:
        return np.repeat(np.arange(len(lines), dtype=np.intp), [len(rows) for rows in lines])

    nothing = np.zeros((0, dimensions), np.float32)
    entries = nothing if voted is None else voted
    return Tastes(
        readers=len(followed),
        followed=np.concatenate([nothing, *followed]),
        follower=owners(followed),
        muted=np.concatenate([nothing, *mutes]),
        muter=owners(mutes),
        words=tuple(f"line {rows.tobytes().hex()} {n}" for rows in followed for n in range(len(rows))),
        voted=Voted(entries, tuple(f"title {n}" for n in range(len(entries)))),
        liked=topics_of(liked, entries),
        disliked=topics_of(disliked, entries),
    )


def flat(entries: Vectors) -> Vectors:
    """The same general score for all."""
    return np.zeros(len(entries), np.float32)


def names(ranking: Ranking, reader: int = 0) -> list[int]:
    """The entries of a reader's places."""
    return [int(n) for n in ranking.entry[reader] if n >= 0]


@dataclass(frozen=True)
class World:
    entries: Vectors
    followed: tuple[Vectors, ...]
    muted: tuple[Vectors, ...]
    general: Vectors
    seen: NDArray[np.bool_]
    named: NDArray[np.bool_]
    places: int
    elsewhere: tuple[int, ...]
    floor: float
    #: what was voted on, and rows of it for each reader
    voted: Vectors
    liked: tuple[tuple[int, ...], ...]
    disliked: tuple[tuple[int, ...], ...]

    @property
    def tastes(self) -> Tastes:
        return tastes(self.followed, self.muted, 5, self.liked, self.disliked, self.voted)

    def with_readers(self, order: Sequence[int]) -> "World":
        return replace(
            self,
            followed=tuple(self.followed[n] for n in order),
            muted=tuple(self.muted[n] for n in order),
            seen=self.seen[list(order)],
            named=self.named[list(order)],
            liked=tuple(self.liked[n] for n in order),
            disliked=tuple(self.disliked[n] for n in order),
        )

    def ranking(self) -> Ranking:
        return rank(
            self.entries,
            self.tastes,
            self.general,
            self.places,
            seen=self.seen,
            named=self.named,
            elsewhere=self.elsewhere,
            floor=self.floor,
            seed=4,
        )


@st.composite
def worlds(draw: st.DrawFn, most_votes: int = 0) -> World:
    """Any world; its readers have up to so many likes, and as many dislikes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, readers = draw(st.integers(0, 14)), draw(st.integers(0, 7))
    entries = rng.normal(size=(count, 5))
    for n in range(count // 3):  # some are told twice, in nearly the same words
        entries[n] = entries[count - 1 - n] + rng.normal(size=5) * 0.1
    lines = [(rng.integers(0, 4), rng.integers(0, 3)) for _ in range(readers)]
    shape = (readers, count)
    voted = unit(rng.normal(size=(2 * most_votes, 5))) if most_votes else np.zeros((0, 5), np.float32)
    votes = [rng.permutation(2 * most_votes).tolist() for _ in range(readers)]
    split = [(rng.integers(0, most_votes + 1), rng.integers(0, most_votes + 1)) for _ in range(readers)]
    return World(
        entries=unit(entries) if count else np.zeros((0, 5), np.float32),
        followed=tuple(unit(rng.normal(size=(n, 5))) for n, _ in lines),
        muted=tuple(unit(rng.normal(size=(n, 5))) for _, n in lines),
        general=(rng.normal(size=count) / 4).astype(np.float32),
        seen=rng.random(shape) < draw(st.sampled_from([0, 0.3, 0.9, 1])),
        named=rng.random(shape) < draw(st.sampled_from([0, 0.2])),
        places=draw(st.integers(1, 20)),
        elsewhere=tuple(np.flatnonzero(rng.random(count) < 0.2).tolist()),
        floor=draw(st.sampled_from([-0.8, 0.3, 1.1])),  # no entry stands exactly there, though there be only two
        voted=voted,
        liked=tuple(tuple(own[:likes]) for own, (likes, _) in zip(votes, split, strict=True)),
        disliked=tuple(tuple(own[most_votes:][:less]) for own, (_, less) in zip(votes, split, strict=True)),
    )


def _of(topics: Topics, reader: int) -> list[tuple[Vectors, int]]:
    """(mean, how many votes) of a reader's topics."""
    return [(topics.vectors[n], int(topics.count[n])) for n in np.flatnonzero(topics.owner == reader)]


def slowly(world: World, reader: int) -> list[tuple[int, float]]:
    """(entry, relevance) of one reader's places: the formulas of `attraction` and `choosing`, number by number."""
    followed, mutes, all_tastes = world.followed[reader], world.muted[reader], world.tastes
    likes, dislikes = _of(all_tastes.liked, reader), _of(all_tastes.disliked, reader)
    every = range(len(world.entries))
    follows = bool(len(followed) or likes)
    muted, words, by_topic, liking, usual, close, agreed, less = [], [], [], [], [], [], [], []
    for n, entry in enumerate(world.entries):
        named = bool(world.named[reader, n])
        near = max((float(line @ entry) for line in mutes), default=-1.0)
        muted.append(near > MUTE_FLOOR or named)
        rest = 0.0 if named else 1 - min(1.0, max(0.0, (near - MUTE_FLOOR) / (MUTE_FULL - MUTE_FLOOR)))
        words.append([float(line @ entry) for line in followed])
        scaled = [
            LEAST_SIMILARITY + (LIKE_MOST - LIKE_DOUBT / count) * (float(topic @ entry) - LIKE_FLOOR)
            for topic, count in likes
        ]
        by_topic.append([min(value, value * rest) for value in scaled])
        liking.append(max(by_topic[n], default=0.0))
        value = max([*words[n], *by_topic[n]]) if follows else float(world.general[n])
        penalty = MUTE_WEIGHT * max(0.0, near - MUTE_FLOOR) + NAMED_WEIGHT * named
        usual.append((max(words[n]) if words[n] else value) - penalty)
        value -= penalty
        close.append(value)
        both = min(max(words[n]), liking[n]) if len(followed) and likes else 0.0
        agreed.append(value + AGREEMENT * max(0.0, both))
        taken = [
            count
            / (count + LESS_DOUBT)
            * min(1.0, max(0.0, (float(t @ entry) - LESS_FLOOR) / (LESS_FULL - LESS_FLOOR)))
            for t, count in dislikes
        ]
        less.append(max(taken, default=0.0))
    left_over = [n for n in every if not world.seen[reader, n]]
    new = np.array([usual[n] for n in left_over] or [0.0])
    bound = max(LEAST_SIMILARITY, new.mean() + world.floor * (new.std() + 1e-6))
    relevance = list(agreed)
    for n in every if dislikes else ():
        if follows and close[n] >= LEAST_SIMILARITY and agreed[n] >= bound:
            relevance[n] = bound + (agreed[n] - bound) * (1 - less[n])
        else:
            relevance[n] -= LESS_WEIGHT * less[n]
    ahead = dict.fromkeys(every, 0)
    own = [n for n in left_over if not muted[n]]
    about = [[n for n in own if by_topic[n][t] >= LEAST_SIMILARITY] for t in range(len(likes))]
    topics = [
        max((by_topic[n][t] - LESS_WEIGHT * less[n], -n) for n in near_ones)
        for t, near_ones in enumerate(about)
        if near_ones
    ]
    for _, n in sorted(topics, reverse=True)[:LIKED_PLACES]:
        ahead[-n] = 1
    for i in range(len(followed)):
        if near_ones := [n for n in own if words[n][i] >= LEAST_SIMILARITY]:

            def worth(n: int, i: int = i) -> float:
                return words[n][i] + AGREEMENT * max(0.0, min(words[n][i], liking[n])) - LESS_WEIGHT * less[n]

            ahead[max(near_ones, key=worth)] = 2 if likes else 1
    chosen: list[int] = []
    left = set(left_over)
    while left and len(chosen) < world.places:

        def margin(n: int) -> float:
            likeness = max([0.0, *(float(world.entries[n] @ world.entries[c]) for c in chosen)])
            return MMR_LAMBDA * (relevance[n] + ahead[n]) - (1 - MMR_LAMBDA) * likeness

        best = max(sorted(left), key=margin)
        chosen.append(best)
        left = {n for n in left if n != best and float(world.entries[n] @ world.entries[best]) < NEAR_DUPLICATE}
    return sorted(((n, relevance[n]) for n in chosen), key=lambda pair: -pair[1])


def assert_same(one: Ranking, other: Ranking) -> None:
    """The same entries for the same reasons."""
    for field in ("entry", "interest", "liked", "outside", "muted"):
        assert (getattr(one, field) == getattr(other, field)).all()
    assert one.relevance == pytest.approx(other.relevance, abs=1e-5)
    assert one.closeness == pytest.approx(other.closeness, abs=1e-5)
