"""What votes teach: held to sums that are made one by one, and what the sums mean."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slowly import Slowly
from worlds import Person, World, offered, some_words, unit, voted_of

from newsletter.ranking.learning import NEAREST, OF, Learned, groups_of, liked_of, top_mean
from newsletter.ranking.offer import Offer
from newsletter.ranking.tastes import Voted


def learned(offer: Offer, voted: Voted, row: list[int], weight: list[float]) -> Learned:
    """Of one group."""
    liked = liked_of(offer, voted, np.array(row), np.array(weight, np.float32))
    return liked.learn(groups_of(np.zeros(len(row), np.intp)))


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 7), st.booleans())
def test_what_is_learned_is_the_sum_of_three_terms(seed: int, count: int, votes: int, words: bool) -> None:
    rng = np.random.default_rng(seed)

    def said(rows: int) -> tuple[tuple[str, str], ...]:
        return tuple((some_words(rng, 1, 3), some_words(rng, 0, 9)) for _ in range(rows)) if words else ()

    voted = voted_of(unit(rng.normal(size=(8, 5))), said(8))
    nobody = np.zeros((1, count), bool)
    world = World(
        unit(rng.normal(size=(count, 5))),
        unit(rng.normal(size=(4, 5))),
        said(count),
        said(4),
        (Person(),),
        np.zeros(count, np.float32),
        nobody,
        nobody,
        nobody,
        places=3,
        elsewhere=(),
        floor=0.0,
        voted=voted,
    )
    rows, weights = rng.permutation(8)[:votes].tolist(), rng.uniform(0.05, 1, votes).astype(np.float32).tolist()
    found = learned(world.offer, voted, rows, weights)
    expected = Slowly(world, 0).learned(list(zip(rows, weights, strict=True)))
    assert found.total[0] == pytest.approx(expected, abs=2e-3)
    assert found.totals[0] == pytest.approx(sum(weights), abs=1e-4)


@given(st.integers(0, 2**32), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_groups_learn_together_what_each_learns_alone(seed: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    voted, offer = voted_of(unit(rng.normal(size=(9, 5)))), offered(unit(rng.normal(size=(12, 5))))
    row = [int(n) for size in sizes for n in rng.permutation(9)[:size]]
    weight = rng.uniform(0.05, 1, len(row)).astype(np.float32).tolist()
    liked = liked_of(offer, voted, np.array(row), np.array(weight, np.float32))
    together = liked.learn(groups_of(np.repeat(np.arange(len(sizes)), sizes)))
    begin = 0
    for n, size in enumerate(sizes):
        end = begin + size
        alone = learned(offer, voted, row[begin:end], weight[begin:end])
        assert together.total[n] == pytest.approx(alone.total[0], abs=1e-3)
        begin = end


@given(st.integers(0, 2**32), st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_the_nearest_three_are_the_three_highest(seed: int, sizes: list[int]) -> None:
    values = np.random.default_rng(seed).normal(size=(sum(sizes), 4)).astype(np.float32)
    starts = np.cumsum([0, *sizes[:-1]])
    found = top_mean(values, starts)
    for n, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        expected = np.sort(values[start : start + size], axis=0)[-OF:].mean(axis=0)
        assert found[n] == pytest.approx(expected, abs=1e-5)


def test_many_alike_do_not_hide_a_few_that_are_near() -> None:
    """The mean of all goes with the many; the nearest few are not outvoted."""
    rng = np.random.default_rng(0)
    many, few = np.eye(8)[0] + 0.1 * rng.normal(size=(20, 8)), np.eye(8)[1] + 0.1 * rng.normal(size=(3, 8))
    voted = voted_of(unit([*many, *few]))
    background = rng.normal(size=(60, 8))
    offer = offered(unit([np.eye(8)[1], *background]))
    found = learned(offer, voted, list(range(23)), [1.0] * 23)
    alone = learned(offer, voted, list(range(20)), [1.0] * 20)
    assert NEAREST > 0
    assert found.total[0, 0] > alone.total[0, 0] + 1
    assert found.total[0, 0] > np.median(found.total[0])


def test_an_older_vote_draws_less() -> None:
    voted = voted_of(unit(np.eye(6)[:2]))
    offer = offered(unit([*np.eye(6)[:2], *np.random.default_rng(1).normal(size=(40, 6))]))
    equal, first = (learned(offer, voted, [0, 1], weight).total[0] for weight in ([1.0, 1.0], [1.0, 0.1]))
    assert first[0] > equal[0]
    assert first[1] < equal[1]


def test_words_teach_where_the_vectors_say_nothing() -> None:
    """A word that stands in what is liked and hardly elsewhere draws what holds it."""
    rng = np.random.default_rng(4)
    entries = unit(rng.normal(size=(30, 6)))
    said = [("federated" if n == 7 else "model", "of bridges that sway") for n in range(30)]
    offer = offered(entries, said=said)
    voted = replace(voted_of(unit(rng.normal(size=(2, 6)))), said=(("federated", "bridges"), ("federated", "cells")))
    with_words = learned(offer, voted, [0, 1], [1.0, 1.0])
    without = learned(offered(entries), replace(voted, said=()), [0, 1], [1.0, 1.0])
    assert with_words.total[0, 7] > without.total[0, 7] + 3
    assert with_words.counts is not None
    assert without.counts is None


def test_columns_that_are_all_the_same_teach_nothing() -> None:
    same = np.repeat(unit([[1, 1, 0]]), 6, axis=0)
    found = learned(offered(same), voted_of(unit(np.eye(3))), [0, 1], [1.0, 0.5])
    assert found.total == pytest.approx(np.zeros((1, 6)), abs=1e-5)
