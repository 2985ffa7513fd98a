"""What readers of like taste made of an issue's entries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import unit

from newsletter.ranking import community
from newsletter.ranking.arrays import Indices, Vectors
from newsletter.ranking.community import FEWEST, LIKE_MINDED, MOST_NEARNESS, STEEPNESS, like_minded, neighbours_votes


def indices(*values: int) -> Indices:
    """Numbers of rows."""
    return np.array(values, np.intp)


#: Three voters of one taste, three of another; the first three want more of entry 0, the others of entry 1.
VOTERS = unit([[1, 0.1, 0], [1, 0.2, 0], [1, 0, 0.1], [0, 0.1, 1], [0, 0.2, 1], [0.1, 0, 1]])
VOTER, ENTRY = indices(0, 1, 2, 3, 4, 5), indices(0, 0, 0, 1, 1, 1)


def test_votes_of_the_like_minded_count_for_more_than_votes_of_strangers() -> None:
    scores = neighbours_votes(unit([[1, 0, 0], [0, 0, 1]]), VOTERS, VOTER, ENTRY, 3)
    assert scores[0, 0] > 2 * scores[0, 1] > 0
    assert scores[1, 1] > 2 * scores[1, 0] > 0


def test_nothing_is_known_of_an_entry_without_votes_and_so_of_all_without_any() -> None:
    assert neighbours_votes(unit([[1, 0, 0]]), VOTERS, VOTER, ENTRY, 3)[0, 2] == 0
    nobody = neighbours_votes(unit([[1, 0, 0]]), VOTERS[:0], indices(), indices(), 2)
    assert nobody.tolist() == [[0, 0]]
    assert neighbours_votes(VOTERS[:0], VOTERS, VOTER, ENTRY, 3).shape == (0, 3)


def test_a_newcomer_of_whom_nothing_is_known_gets_what_is_popular() -> None:
    voter, entry = indices(0, 1, 4, 5, 1, 2, 3), indices(0, 0, 0, 0, 1, 1, 1)
    scores = neighbours_votes(np.zeros((1, 3), np.float32), VOTERS, voter, entry, 2)
    assert scores[0] == pytest.approx(np.log1p([4, 3]))


def test_so_few_votes_that_one_could_be_read_from_them_change_nothing() -> None:
    voter, entry = indices(0, 1, 0, 1, 2), indices(0, 0, 1, 1, 1)
    assert neighbours_votes(unit([[1, 0, 0]]), VOTERS, voter, entry, 2)[0, 0] == 0
    own = neighbours_votes(VOTERS[:2], VOTERS, voter, entry, 2, indices(0, -1))
    assert own[0].tolist() == [0, 0], "their own vote is none of three others'"
    assert own[1, 1] > 0


def test_a_crowd_of_strangers_adds_less_and_less() -> None:
    strangers = unit(np.tile([0.0, 0, 1], (400, 1)) + np.random.default_rng(0).normal(0, 0.05, (400, 3)))
    voters = np.concatenate([unit([[1, 0, 0]]), strangers])
    few, many = (
        neighbours_votes(unit([[1, 0, 0]]), voters, np.arange(1, n), np.zeros(n - 1, np.intp), 1)[0, 0]
        for n in (41, 401)
    )
    assert few < many < few + np.log(10) + 0.3


@given(st.integers(0, 2**32))
def test_nobodys_own_vote_counts_for_themselves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    voters = unit(rng.normal(size=(6, 4)))
    voter, entry = rng.integers(0, 6, 20), rng.integers(0, 3, 20)
    mine = neighbours_votes(voters[:1], voters, voter, entry, 3, indices(0))
    others = voter > 0
    without = neighbours_votes(voters[:1], voters[1:], voter[others] - 1, entry[others], 3)
    assert mine == pytest.approx(without, abs=1e-4)


def slowly(readers: Vectors, voters: Vectors, voter: Indices, entry: Indices, entries: int, own: Indices) -> Vectors:
    """The docstring's formula, one reader and one voter at a time."""
    found, votes = np.zeros((len(readers), entries)), np.zeros((len(readers), entries))
    for n, taste in enumerate(readers):
        others = [v for v in range(len(voters)) if v != own[n]]
        near = {v: float(taste @ voters[v]) for v in others}
        middle, spread = (float(f(list(near.values()))) for f in (np.mean, np.std)) if others else (0, 1)
        weight = {v: np.exp(STEEPNESS * min((near[v] - middle) / max(spread, 1e-3), MOST_NEARNESS)) for v in others}
        total = sum(weight.values())
        for v, e in zip(voter.tolist(), entry.tolist(), strict=True):
            if v in weight:
                found[n, e] += weight[v] * len(others) / total
                votes[n, e] += 1
    return np.log1p(np.where(votes >= FEWEST, found, 0))


@given(st.integers(0, 2**32), st.integers(0, 7), st.integers(1, 9), st.integers(1, 30), st.integers(1, 6))
def test_many_readers_at_once_are_as_one_after_the_other(
    seed: int, readers: int, voters: int, votes: int, entries: int
) -> None:
    rng = np.random.default_rng(seed)
    tastes, theirs = unit(rng.normal(size=(readers, 5))), unit(rng.normal(size=(voters, 5)))
    own = rng.integers(-1, voters, readers)
    voter, entry = rng.integers(0, voters, votes), rng.integers(0, entries, votes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(community, "_AT_ONCE", int(rng.integers(1, 9)))
        scores = neighbours_votes(tastes, theirs, voter, entry, entries, own)
    assert scores == pytest.approx(slowly(tastes, theirs, voter, entry, entries, own), rel=1e-3, abs=1e-3)


def test_the_like_minded_are_counted_where_they_are_enough() -> None:
    voters = np.concatenate([VOTERS, VOTERS[3:], VOTERS[3:]])
    readers = np.concatenate([unit([[1, 0, 0]]), np.zeros((1, 3), np.float32)])
    voter, entry = indices(0, 1, 2, 0, 1, 3, 4, 5), indices(0, 0, 0, 1, 1, 2, 2, 2)
    counts = like_minded(readers, voters, voter, entry, np.array([[1, 0, 2, -1], [0, 1, 2, -1]]))
    assert counts[0].tolist() == [0, 3, 0, 0], "two are fewer than may be told; three strangers are not like-minded"
    assert counts[1].tolist() == [0, 0, 0, 0]


@given(st.integers(0, 2**32))
def test_no_count_tells_of_so_few_that_they_could_be_known(seed: int) -> None:
    rng = np.random.default_rng(seed)
    voters = unit(rng.normal(size=(30, 3)))
    voter, entry = (pairs := np.unique(rng.integers(0, [30, 4], (60, 2)), axis=0))[:, 0], pairs[:, 1]
    own = rng.integers(-1, 30, 8)
    readers = np.where(own[:, None] >= 0, voters[own], unit(rng.normal(size=(8, 3))))
    chosen = np.array([rng.permutation(4) for _ in range(8)])
    counts = like_minded(readers, voters, voter, entry, chosen, own)
    for n, m in np.ndindex(chosen.shape):
        others = np.arange(30) != own[n]
        near = (readers[n] @ voters.T)[others]
        close = set(np.flatnonzero(others)[near > near.mean() + (LIKE_MINDED + 1e-3) * near.std()].tolist())
        loose = set(np.flatnonzero(others)[near > near.mean() + (LIKE_MINDED - 1e-3) * near.std()].tolist())
        said = set(voter[entry == chosen[n, m]].tolist())
        assert counts[n, m] in {k if k >= FEWEST else 0 for k in (len(said & close), len(said & loose))}
