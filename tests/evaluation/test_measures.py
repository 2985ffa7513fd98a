"""Measures against their definitions, written the slow way."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from newsletter.evaluation import measures
from newsletter.evaluation.bootstrap import interval

scores_and_grades = st.integers(1, 30).flatmap(
    lambda count: st.tuples(
        arrays(np.float32, count, elements=st.sampled_from([-1, 0, 0.25, 0.5, 2, 7])),
        arrays(np.float32, count, elements=st.sampled_from([-1, 0, 0, 1, 2, 4])),
    )
)


def best_first(scores: np.ndarray) -> list[int]:
    return sorted(range(len(scores)), key=lambda n: (-scores[n], n))


@given(scores_and_grades, st.integers(1, 12))
def test_ndcg_is_what_it_is_defined_as(given_: tuple[np.ndarray, np.ndarray], most: int) -> None:
    scores, grades = given_
    gain = [2 ** max(grade, 0) - 1 for grade in grades.tolist()]

    def dcg(order: list[int]) -> float:
        return float(sum(gain[n] / math.log2(place + 2) for place, n in enumerate(order[:most])))

    found, ideal = measures.ndcg(scores, measures.gains_of(grades), most), dcg(best_first(np.array(gain)))
    if ideal == 0:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(dcg(best_first(scores)) / ideal, abs=1e-5)


@given(scores_and_grades, st.integers(1, 12))
def test_recall_and_hit_are_what_they_are_defined_as(given_: tuple[np.ndarray, np.ndarray], most: int) -> None:
    scores, grades = given_
    relevant = {n for n, grade in enumerate(grades) if grade > 0}
    found = relevant & set(best_first(scores)[:most])
    recall, hit = measures.recall(scores, grades > 0, most), measures.hit(scores, grades > 0, most)
    if not relevant:
        assert math.isnan(recall) and math.isnan(hit)
    else:
        assert recall == pytest.approx(len(found) / len(relevant))
        assert hit == bool(found)


@given(scores_and_grades)
def test_the_loss_of_pairs_is_what_it_is_defined_as(given_: tuple[np.ndarray, np.ndarray]) -> None:
    scores, grades = given_
    grades = np.where(grades < 0, np.nan, grades)
    loss = most = 0.0
    for one, other in combinations([n for n in range(len(grades)) if not math.isnan(grades[n])], 2):
        apart, predicted = grades[one] - grades[other], scores[one] - scores[other]
        most += abs(apart)
        loss += abs(apart) * (0.5 if apart * predicted == 0 else float(apart * predicted < 0))
    assert measures.pairwise_loss(scores, grades) == pytest.approx((loss, most), abs=1e-4)


def test_coverage_counts_interests_that_have_something_to_find() -> None:
    scores = np.array([5, 4, 3, 2, 1], np.float32)
    interest = np.array([-1, 0, 0, 1, -1])
    assert measures.coverage(scores, interest, most=3) == 0.5
    assert measures.coverage(scores, interest, most=4) == 1
    assert math.isnan(measures.coverage(scores, np.full(5, -1)))


def test_diversity_and_novelty() -> None:
    east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    assert measures.diversity(np.array([east, east, north])) == pytest.approx(2 / 3)
    assert measures.novelty(np.array([east, north]), np.array([east])) == pytest.approx(0.5)
    assert math.isnan(measures.diversity(np.array([east])))
    assert math.isnan(measures.novelty(np.array([east]), np.zeros((0, 2), np.float32)))


def test_what_is_no_number_comes_last() -> None:
    assert measures.ranked(np.array([np.nan, -1, 3], np.float32), 3).tolist() == [2, 1, 0]


def test_an_interval_is_as_wide_as_the_differences_make_it() -> None:
    dice = np.random.default_rng(1)
    ours, theirs = dice.normal(0.6, 0.1, 400).astype(np.float32), dice.normal(0.5, 0.1, 400).astype(np.float32)
    found = interval(ours, theirs)
    assert found is not None
    apart = (ours - theirs).astype(float)
    half = 1.96 * apart.std() / math.sqrt(len(apart))
    assert found.difference == pytest.approx(apart.mean())
    assert (found.low, found.high) == pytest.approx((apart.mean() - half, apart.mean() + half), abs=half / 10)
    assert interval(ours, theirs) == found


def test_an_interval_of_losses_is_one_of_sums() -> None:
    ours, theirs, weights = (np.array(row, np.float32) for row in ([4, 0, 1], [1, 0, 1], [4, 4, 2]))
    found = interval(ours, theirs, weights)
    assert found is not None
    assert found.difference == pytest.approx(3 / 10)
    assert found.low == 0  # a draw without the first
    assert found.high <= 3 / 4


def test_who_has_no_figure_does_not_count() -> None:
    nan = float("nan")
    found = interval(np.array([nan, 1, 1, 0], np.float32), np.array([0, 0, 0, nan], np.float32))
    assert found is not None
    assert (found.difference, found.low, found.high) == (1, 1, 1)
    assert interval(np.array([1, nan], np.float32), np.array([0, 0], np.float32)) is None
