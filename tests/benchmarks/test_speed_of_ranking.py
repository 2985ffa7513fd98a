"""Ranking 10,000 readers × 1,000 entries: seconds, memory, and the share that a bare matrix product would take."""

import resource
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from newsletter.ranking.embedding import Vectors
from newsletter.ranking.scoring import general_scores, rank
from newsletter.ranking.tastes import Tastes

pytestmark = pytest.mark.slow
READERS, ENTRIES, DIMENSIONS = 10_000, 1_000, 384


def unit_vectors(count: int, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSIONS), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("interests", [1, 3])
def test_ten_thousand_readers(benchmark: Any, capsys: pytest.CaptureFixture[str], interests: int) -> None:
    entries, followed = unit_vectors(ENTRIES, 1), unit_vectors(READERS * interests, 2)
    nobody = np.zeros(0, np.intp)
    tastes = Tastes(
        READERS,
        followed,
        np.repeat(np.arange(READERS), interests),
        np.zeros((0, DIMENSIONS), np.float32),
        nobody,
        ("words",) * len(followed),
    )
    general = general_scores(entries, [None] * ENTRIES)
    before = megabytes()
    ranking = benchmark.pedantic(rank, (entries, tastes, general, 7), rounds=5, warmup_rounds=1)
    peak = megabytes() - before
    # After the ranking, so that its result does not count into the ranking's peak.
    products = []
    for _ in range(3):
        start = perf_counter()
        _ = followed @ entries.T
        products.append(perf_counter() - start)
    taken, product = benchmark.stats.stats.mean, min(products)
    with capsys.disabled():
        print(
            f"\n{READERS:,} readers with {interests} interests × {ENTRIES:,} entries: {taken:.2f} s "
            f"({taken / READERS * 1e6:.0f} µs a reader), {taken / product:.1f} × the bare product "
            f"({product:.2f} s), {peak:.0f} MB more at the peak"
        )
    assert ranking.entry.shape == (READERS, 7)
    assert (ranking.entry >= 0).all()
