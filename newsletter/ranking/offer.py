"""What an issue offers, laid out once for all its readers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Vectors, product
from newsletter.ranking.usual import Usual, usual_of
from newsletter.ranking.wording import Said, Wording

#: So many older entries tell what is usual: with fewer than a thousand a ranking is worse, with more hardly better.
OLDER = 1_500
#: So many of them stand beside what is offered, to tell what is far above the average in a thin week, too.
BESIDE = 256


@dataclass(frozen=True, slots=True)
class Offer:
    """The entries of an issue, and some older ones beside them. Columns are the entries, then those."""

    #: one unit row an entry, (entries, dimensions)
    entries: Vectors
    #: what an entry is worth to somebody unknown, (entries,)
    general: Vectors
    #: the cosines between entries, (entries, entries)
    alike: Vectors
    #: (columns, dimensions)
    columns: Vectors
    #: the same, seen apart from what is usual
    white: Vectors
    usual: Usual
    #: of the columns; None where their words are not known
    wording: Wording | None
    #: (columns,): True for those of which averages are taken; None for all
    counted: Booleans | None = None

    def spread(self, values: Vectors) -> Vectors:
        """The standard deviation of each row, (rows,); inf where all are the same, so that nothing comes of them."""
        spread = self._counted(values).std(axis=1)
        return np.where(spread > 1e-6, spread, np.float32(np.inf))

    def standard(self, values: Vectors, spread: Vectors | None = None) -> Vectors:
        """In standard deviations above the mean, row by row, (rows, columns); 0 where all are the same.

        `spread` is that of the values, where the caller has it.
        """
        spread = self.spread(values) if spread is None else spread
        middle = self._counted(values).mean(axis=1, keepdims=True)
        return np.asarray((values - middle) / spread[:, None], np.float32)

    def _counted(self, values: Vectors) -> Vectors:
        return values if self.counted is None else values[:, self.counted]


def offer_of(
    entries: Vectors,
    general: Vectors,
    *,
    older: Vectors | None = None,
    said: Sequence[Said] = (),
    older_said: Sequence[Said] = (),
    uncounted: int = 0,
) -> Offer:
    """Lay out an issue's entries.

    older: unit rows of older entries, in an order of chance. said, older_said: title and summary of each; without them
    the ranking goes by vectors alone. uncounted: so many of the last entries are to change nothing for the others.
    """
    nothing = np.zeros((0, entries.shape[1]), np.float32)
    older = nothing if older is None else older
    counted = None
    if uncounted:
        counted = np.ones(len(entries) + min(len(older), BESIDE), bool)
        counted[len(entries) - uncounted : len(entries)] = False
    columns = np.concatenate([entries, older[:BESIDE]])
    usual = usual_of(np.concatenate([entries[: len(entries) - uncounted], older]))
    wording = None
    if said:
        wording = Wording([*said, *older_said[:BESIDE]], older_said[BESIDE:])
    return Offer(entries, general, product(entries, entries.T), columns, usual.white(columns), usual, wording, counted)
