"""Ranking 10,000 readers × 1,000 entries: seconds, memory, and the share that a bare matrix product would take."""

import resource
import tracemalloc
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from newsletter.ranking.arrays import Vectors
from newsletter.ranking.scoring import general_scores, rank
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote
from subscribers.interests import Interest

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


VOTES = 20


def test_a_thousand_readers_with_twenty_votes_each(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Votes of past issues, about six of forty subjects a reader; a thousand readers are composed at once."""
    readers, past, subjects = 1_000, 3_000, 40
    rng = np.random.default_rng(7)
    entries, centres = unit_vectors(ENTRIES, 1), unit_vectors(subjects, 3)
    subject = rng.integers(0, subjects, past)
    rows = centres[subject] + 0.9 * unit_vectors(past, 4)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    voted = Voted(rows, tuple(f"entry {n}" for n in range(past)), {n: n for n in range(past)})
    now = datetime(2026, 11, 22, tzinfo=UTC)
    votes = []
    for _ in range(readers):
        own = np.flatnonzero(np.isin(subject, rng.integers(0, subjects, 6)))
        votes.append([Vote(int(n), -1 if k % 4 == 3 else 1, now) for k, n in enumerate(rng.permutation(own)[:VOTES])])
    lines = {f"line {n}": row for n, row in enumerate(unit_vectors(100, 5))}
    interests = [(Interest(f"line {n % 100}"),) for n in range(readers)]
    general = general_scores(entries, [None] * ENTRIES)

    def together(some: Any) -> Any:
        return rank(entries, tastes_of(interests, lines, DIMENSIONS, some, voted), general, 7, floor=1.0)

    def plainly() -> None:
        """One reader after the other, and every vote by itself."""
        for (interest,), own in zip(interests, votes, strict=True):
            score = entries @ lines[interest.text]
            for vote in own:
                near = entries @ rows[vote.entry_id]
                score = np.maximum(score, 0.7 * near) if vote.value > 0 else score - 0.1 * np.maximum(near - 0.3, 0)
            _ = np.argsort(-score)[:7]

    def fastest(work: Any, *arguments: Any) -> float:
        taken = []
        for _ in range(3):
            start = perf_counter()
            work(*arguments)
            taken.append(perf_counter() - start)
        return min(taken)

    tracemalloc.start()
    ranking = together(votes)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    benchmark.pedantic(together, (votes,), rounds=5, warmup_rounds=1)
    taken, silent, plain = benchmark.stats.stats.min, fastest(together, ()), fastest(plainly)
    with capsys.disabled():
        print(
            f"\n{readers:,} readers with one interest and {VOTES} votes × {ENTRIES:,} entries: "
            f"{taken / readers * 1e6:.0f} µs a reader, {silent / readers * 1e6:.0f} without votes; one reader and vote "
            f"after the other {plain / readers * 1e6:.0f} µs ({plain / taken:.1f} ×); {peak:.0f} MB at the peak"
        )
    assert (ranking.liked >= 0).any()
    assert taken < plain
    assert peak < 150
