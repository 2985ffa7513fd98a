"""Votes of one kind, near ones taken together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import unit

from newsletter.ranking import topics
from newsletter.ranking.embedding import Vectors
from newsletter.ranking.topics import MOST_TOPICS, TOGETHER, Topics, topics_of


def groups(found: Topics, reader: int = 0) -> list[list[int]]:
    """The members of a reader's topics."""
    split = np.split(found.members, found.starts[1:]) if len(found.count) else []
    return [members.tolist() for members, owner in zip(split, found.owner, strict=True) if owner == reader]


def test_near_votes_are_one_topic_and_far_ones_are_two() -> None:
    voted = unit([[1, 0, 0], [1, 0.2, 0], [0, 0, 1], [1, 0, 0.1]])
    found = topics_of([[3, 2, 1, 0]], voted)
    assert groups(found) == [[3, 1, 0], [2]]
    assert found.vectors[0] == pytest.approx(voted[[3, 1, 0]].mean(axis=0), abs=1e-6)


def test_the_newest_votes_make_the_topics_and_old_strangers_are_forgotten() -> None:
    voted = unit(np.eye(MOST_TOPICS + 5))
    votes = list(range(MOST_TOPICS + 5))
    found = topics_of([votes], voted)
    assert groups(found) == [[n] for n in range(MOST_TOPICS)]


def test_readers_without_votes_have_no_topics() -> None:
    voted = unit(np.eye(3))
    found = topics_of([[], [2], [], [0, 1], []], voted)
    assert found.owner.tolist() == [1, 3, 3]
    assert topics_of([[], []], voted).vectors.shape == (0, 3)
    assert topics_of([], voted).owner.tolist() == []


def slowly(own: list[int], voted: Vectors) -> list[list[int]]:
    found: list[list[int]] = []
    for n in own:
        near = [float(voted[n] @ voted[group[0]]) for group in found]
        if near and max(near) >= TOGETHER:
            found[near.index(max(near))].append(n)
        elif len(found) < MOST_TOPICS:
            found.append([n])
    return found


@given(st.integers(0, 2**32), st.integers(0, 12), st.integers(1, 40), st.integers(2, 30))
def test_any_votes_are_grouped_one_reader_like_another(seed: int, readers: int, count: int, dimensions: int) -> None:
    rng = np.random.default_rng(seed)
    voted = unit(rng.normal(size=(count, dimensions)))
    votes = [rng.permutation(count)[: rng.integers(0, count + 1)].tolist() for _ in range(readers)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topics, "_VOTES_AT_ONCE", int(rng.integers(1, 200)))
        found = topics_of(votes, voted)
    assert (np.diff(found.owner) >= 0).all()
    assert found.count.sum() == len(found.members)
    for reader, own in enumerate(votes):
        assert groups(found, reader) == slowly(own, voted)
    for vector, members in zip(found.vectors, np.split(found.members, found.starts[1:]), strict=False):
        assert vector == pytest.approx(voted[members].mean(axis=0), abs=1e-5)
