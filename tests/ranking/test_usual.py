"""What is usual among entries, and what is left of one apart from that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import unit

from newsletter.ranking.usual import FEW, RIDGE, apart, usual_of


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(2, 8))
def test_two_entries_are_as_alike_as_the_discriminant_says(seed: int, count: int, dimensions: int) -> None:
    """Their product apart from the mean, through the inverse of what varies anyway."""
    rng = np.random.default_rng(seed)
    rows, others = unit(rng.normal(size=(count, dimensions))), unit(rng.normal(size=(6, dimensions)))
    usual = usual_of(rows)
    mean = sum(rows.astype(np.float64)) / (count + FEW)
    left = [(row - mean) / np.linalg.norm(row - mean) for row in rows.astype(np.float64)]
    covariance = sum(np.outer(row, row) for row in left) / count
    variance = float(np.trace(covariance)) / dimensions
    through = np.linalg.inv(covariance + RIDGE * variance * (1 + dimensions / count) * np.eye(dimensions))
    found = usual.white(others) @ usual.white(others).T
    seen = [(row - mean) / np.linalg.norm(row - mean) for row in others.astype(np.float64)]
    for n, one in enumerate(seen):
        for m, other in enumerate(seen):
            assert found[n, m] == pytest.approx(float(one @ through @ other), rel=1e-3, abs=1e-3)


def test_what_all_have_in_common_and_where_they_differ_anyway_counts_less() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(500, 6)) * [0.3, 3, 0.3, 0.3, 0.3, 0.3] + [4, 0, 0, 0, 0, 0]
    usual = usual_of(unit(rows))
    common, anyway, seldom = (
        unit([[4, 0, 0.0, 0, 0, 0] + 2 * np.eye(6)[n], [4, 0, 0.0, 0, 0, 0] + 2.2 * np.eye(6)[n]]) for n in (0, 1, 2)
    )

    def alike(pair: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
        white = usual.white(pair)
        return float(white[0] @ white[1])

    assert alike(anyway) < alike(seldom)
    # All lean to the first direction: leaning there says nothing of what an entry is about.
    assert float(np.abs(apart(common[:1], usual.mean)).max()) <= 1
    plain = float(seldom[0] @ unit([[4, 0, 0, 2, 0, 0]])[0])
    left = apart(np.concatenate([seldom[:1], unit([[4, 0, 0, 2, 0, 0]])]), usual.mean)
    assert float(left[0] @ left[1]) < 0.5 < plain


def test_of_no_entries_nothing_is_usual() -> None:
    usual = usual_of(np.zeros((0, 4), np.float32))
    rows = unit(np.random.default_rng(0).normal(size=(3, 4)))
    assert usual.white(rows) == pytest.approx(rows, abs=1e-6)


def test_of_one_entry_little_is() -> None:
    rows = unit([[1, 0, 0], [0, 1, 0]])
    usual = usual_of(rows[:1])
    assert np.isfinite(usual.white(rows)).all()
    assert np.linalg.norm(usual.mean) < 0.05


def test_an_entry_that_is_just_the_mean_is_no_trouble() -> None:
    rows = np.repeat(unit([[1, 1, 0]]), 5, axis=0)
    usual = usual_of(rows)
    assert np.isfinite(usual.white(rows)).all()
    assert np.isfinite(usual.white(usual.mean[None])).all()
