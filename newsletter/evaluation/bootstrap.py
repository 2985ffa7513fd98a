"""How sure a difference between two methods is: people are drawn again and again (Efron's paired bootstrap). Pure."""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Vectors

RESAMPLES = 10_000
#: The middle part of the resampled differences.
LEVEL = 0.95
#: Resamples at once: memory stays flat however many people there are.
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference, and where it lies in 95 of 100 draws of people."""

    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def interval(ours: Vectors, theirs: Vectors, weights: Vectors | None = None) -> Interval | None:
    """How much larger `ours` is on average than `theirs`, person by person; always the same for the same figures.

    Both are (people,). With `weights` (people,) the difference is one of sums, in shares of the weights' sum. A person
    with nan in either does not count; None where less than two are left.
    """
    there = ~(np.isnan(ours) | np.isnan(theirs))
    apart = (ours - theirs)[there].astype(float)
    weight = np.ones(len(apart)) if weights is None else weights[there].astype(float)
    if len(apart) < 2 or not weight.sum() > 0:
        return None
    dice = np.random.default_rng(0)
    found = []
    for start in range(0, RESAMPLES, _AT_ONCE):
        drawn = dice.integers(len(apart), size=(min(_AT_ONCE, RESAMPLES - start), len(apart)))
        # A draw of people who weigh nothing says nothing.
        found.append(apart[drawn].sum(axis=1) / np.maximum(weight[drawn].sum(axis=1), 1e-12))
    low, high = np.quantile(np.concatenate(found), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(apart.sum() / weight.sum()), float(low), float(high))
