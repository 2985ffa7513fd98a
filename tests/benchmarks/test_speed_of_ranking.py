"""Ranking many readers × 1,500 entries: seconds, memory, and the share that one bare matrix product would take."""

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from readership import DIMENSIONS, Readership
from threadpoolctl import threadpool_limits

from newsletter.ranking.learning import groups_of, liked_of
from newsletter.ranking.scoring import NUMBERS, rank
from newsletter.ranking.tastes import Tastes

pytestmark = pytest.mark.slow
CHILD = Path(__file__).with_name("readership.py")
#: Readers of whom the plain loop learns; it takes as long for each.
SAMPLE = 12


def told(readers: int, entries: int) -> dict[str, float]:
    """What the ranking of so many took, in a process of its own, so that its peak is its own."""
    made = subprocess.run([sys.executable, CHILD, str(readers), str(entries)], capture_output=True, check=True)
    return dict(json.loads(made.stdout))


@pytest.mark.parametrize("readers", [2_000, 20_000])
def test_mixed_readers_with_two_lines_each(capsys: pytest.CaptureFixture[str], readers: int) -> None:
    """A third of them has no votes, a third 5, a third 30."""
    found = told(readers, 1_500)
    with capsys.disabled():
        print(
            f"\n{readers:,} readers × 1,500 entries: {found['ranking']:.1f} s "
            f"({found['ranking'] / readers * 1e6:.0f} µs a reader); one matrix product of that size "
            f"{found['product']:.2f} s, {found['product'] / found['ranking']:.1%} of it; {found['peak']:.0f} MB at the "
            f"peak, {found['peak'] - found['before']:.0f} more than before; laying out the issue {found['laid']:.1f} s"
        )
    assert found["reasons"] > readers
    # Memory stays flat however many there are.
    assert found["peak"] - found["before"] < 160


@pytest.fixture
def one_core() -> Iterator[None]:
    """Several threads that wait for each other make the small sums of a regression many times slower."""
    # Only libraries that are loaded by now are limited.
    import sklearn.linear_model  # noqa: F401

    with threadpool_limits(1):
        yield


@pytest.mark.usefixtures("one_core")
def test_learning_of_ten_thousand_readers(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty votes each, against two logistic regressions a reader, and against one matrix product."""
    from scipy.sparse import vstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    readers, world = 10_000, Readership()
    offer = world.offer
    thousands = [world.tastes(first, first + 1_000, (20,), lines=0) for first in range(0, readers, 1_000)]

    def together() -> float:
        highest = 0.0
        for tastes in thousands:
            for first in range(0, tastes.readers, step := NUMBERS // len(offer.columns) // 20):
                votes = tastes.liked.between(first, min(first + step, tastes.readers))
                learned = liked_of(offer, tastes.voted, votes.row, votes.weight).learn(groups_of(votes.owner))
                highest = max(highest, float(learned.total.max()))
        return highest

    tracemalloc.start()
    together()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert benchmark.pedantic(together, rounds=2, warmup_rounds=0) > 0
    taken = benchmark.stats.stats.min

    others = offer.columns[len(offer.entries) :]
    negatives = np.concatenate([others, world.vectors(world.subjects(1_250, 31), 32)])
    said = [f"{title} {title} {summary}" for title, summary in world.said(world.subjects(len(negatives), 31), 33)]
    texts = [f"{title} {title} {summary}" for title, summary in world.known.said]
    terms = TfidfVectorizer(sublinear_tf=True).fit(said + texts)
    rows, away, entries = terms.transform(texts), terms.transform(said), terms.transform(said[:1_500])
    votes, vectors = thousands[0].liked, world.known.vectors
    started = perf_counter()
    for reader in range(SAMPLE):
        own = votes.row[votes.owner == reader]
        label = np.repeat([1, 0], [len(own), len(negatives)])
        for read, asked, strength in (
            (np.concatenate([vectors[own], negatives]), offer.entries, 1.0),
            (vstack([rows[own], away]), entries, 10.0),
        ):
            model = LogisticRegression(C=strength, class_weight="balanced", max_iter=200).fit(read, label)
            model.decision_function(asked)
    loop = (perf_counter() - started) / SAMPLE * readers

    started = perf_counter()
    for _ in range(readers // 1_000):
        _ = vectors[:1_000] @ offer.entries.T
    product = perf_counter() - started
    with capsys.disabled():
        print(
            f"\nLearning of {readers:,} readers with 20 votes: {taken:.1f} s ({readers / taken:,.0f} a second); "
            f"two regressions a reader one after the other {loop:,.0f} s ({readers / loop:,.1f} a second, "
            f"{loop / taken:,.0f} ×, from {SAMPLE} of them); one product of {readers:,} × {DIMENSIONS} × 1,500 "
            f"{product:.2f} s ({taken / product:.1f} ×); {peak:.0f} MB at the peak"
        )
    assert taken < loop / 5
    assert peak < 200


@pytest.mark.usefixtures("one_core")
def test_who_has_no_votes_costs_little_beside_one_who_has(capsys: pytest.CaptureFixture[str]) -> None:
    world = Readership()
    offer = world.offer

    def seconds(tastes: Tastes) -> float:
        taken = []
        for _ in range(3):
            started = perf_counter()
            rank(offer, tastes, 7, floor=1.0)
            taken.append(perf_counter() - started)
        return min(taken)

    by_votes = {count: world.tastes(0, 500, (count,)) for count in (0, 5, 30)}
    taken = {count: seconds(tastes) / 500 * 1e6 for count, tastes in by_votes.items()}
    with capsys.disabled():
        print(
            "\n" + "; ".join(f"{count} votes: {microseconds:.0f} µs a reader" for count, microseconds in taken.items())
        )
    assert taken[0] < taken[30]
