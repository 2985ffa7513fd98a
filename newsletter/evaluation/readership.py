"""A community's libraries cut into what readers chose before and what came out since. Pure.

There are no dates: a fifth of the entries, by lot, are new, in four issues. Half of the people by lot may be tuned on,
figures are of readers of the other half who chose something old and something new. Everybody else is the community:
what they chose of the old is known, and of the new what a share of them, by lot, voted before the reader's own hour.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from newsletter.evaluation.libraries import Libraries
from newsletter.ranking.arrays import Booleans, Indices

NEW = 0.2
ISSUES = 4
#: Of other readers, how many have voted before.
EARLY = 0.1
#: Readers that are reported, at most.
READERS = 1_000


@dataclass(frozen=True, slots=True)
class Readership:
    """The cut. Sparse matrices are scipy's, in rows."""

    #: rows of the entries
    old: Indices
    new: Indices
    #: ranges of `new`
    issues: tuple[Indices, ...]
    #: (readers, old) and (readers, new): what the reported readers chose
    before: Any
    since: Any
    #: (others, old), (others, new): the same of everybody else; and who of them voted before the readers' hour
    others: Any
    others_since: Any
    early: Booleans


def cut(libraries: Libraries, *, early: float = EARLY, tuning: bool = False) -> Readership:
    """Cut the libraries, always the same way; for tuning, with the other half of the people as readers."""
    people, entries = libraries.chosen.shape
    dice = np.random.default_rng(7)
    order = dice.permutation(entries)
    new, old = order[: int(entries * NEW)], order[int(entries * NEW) :]
    before, since = libraries.chosen[:, old].tocsr(), libraries.chosen[:, new].tocsr()
    half = dice.permutation(people)[: people // 2] if people > 1 else np.zeros(0, np.intp)
    reported = np.isin(np.arange(people), half) == tuning
    fit = np.flatnonzero(reported & (counts_of(before) > 0) & (counts_of(since) > 0))
    readers = np.sort(dice.permutation(fit)[:READERS])
    others = np.setdiff1d(np.arange(people), readers)
    return Readership(
        old,
        new,
        tuple(np.array_split(np.arange(len(new)), ISSUES)),
        before[readers],
        since[readers],
        before[others],
        since[others],
        dice.random(len(others)) < early,
    )


def some(before: Any, votes: int | None) -> Any:
    """So many of each reader's choices, by lot, always the same; all of them for None."""
    if votes is None:
        return before
    return first_of(before, np.random.default_rng(1).random(before.nnz), votes)


def first_of(matrix: Any, order: NDArray[np.floating], most: int) -> Any:
    """Of each row of a sparse matrix the values that come first by `order`, (values,), at most so many."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(matrix.shape[0]), counts_of(matrix))
    place = np.arange(matrix.nnz) - matrix.indptr[rows]
    kept = np.lexsort((order, rows))[place < most]
    return csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), shape=matrix.shape)


def counts_of(matrix: Any) -> Indices:
    """How many values each row of a sparse matrix holds."""
    return np.asarray(np.diff(matrix.indptr), np.intp)
