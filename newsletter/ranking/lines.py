"""Lines of readers (what they follow, mute, like, dislike) against entries, as matrices."""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Indices, Integers, Vectors, product, starts_of

#: Below this similarity an entry is not about the line, however poor the week.
LEAST_SIMILARITY = 0.28


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one kind of a chunk's readers, and where each reader's begin."""

    #: how near each entry is to each line, (lines, entries)
    similarity: Vectors
    #: row in the chunk, for each line
    owner: Indices
    #: first line of each reader who has any
    starts: Indices
    #: index of the first line in the tastes
    low: int

    @property
    def owners(self) -> Indices:
        """Row in the chunk of each reader who has any."""
        return self.owner[self.starts]

    def nearest(self, similarity: Vectors) -> Vectors:
        """The maximum over each reader's lines, (readers who have any, columns)."""
        counts = np.diff(self.starts, append=len(self.owner))
        # Line by line over all readers: several times faster than np.maximum.reduceat along this axis.
        highest = similarity[self.starts]
        for n in range(1, counts.max(initial=1)):
            more = np.flatnonzero(counts > n)
            if len(more) == len(counts):
                np.maximum(highest, similarity[self.starts + n], out=highest)
            else:
                highest[more] = np.maximum(highest[more], similarity[self.starts[more] + n])
        return highest

    def nearest_to(self, chosen: Integers) -> tuple[Integers, Vectors]:
        """For each chosen entry its nearest line, as a row of the tastes, and how near it is; else -1 and -inf.

        `chosen` is (readers, places), -1 for an empty place. Of lines that are equally near the first is taken.
        """
        line, value = np.full_like(chosen, -1), np.full(chosen.shape, -np.inf, np.float32)
        if len(self.owner):
            near = np.take_along_axis(self.similarity, chosen[self.owner].clip(0), axis=1)
            group = np.searchsorted(self.starts, np.arange(len(self.owner)), side="right") - 1
            nearest = self.nearest(near)
            number = np.arange(len(self.owner))[:, None]
            number = np.where(near == nearest[group], number, len(self.owner))
            line[self.owners] = np.minimum.reduceat(number, self.starts, axis=0) + self.low
            value[self.owners] = nearest
            empty = chosen < 0
            line[empty], value[empty] = -1, -np.inf
        return line, value


def lines_of(vectors: Vectors, owner: Indices, entries: Vectors, first: int, last: int) -> Lines:
    """The lines of the readers from `first` up to `last`; `owner` (ascending) tells whose each row is."""
    low, high = np.searchsorted(owner, [first, last])
    rows = owner[low:high] - first
    starts = starts_of(rows)
    similarity = product(vectors[low:high], entries.T) if high > low else np.zeros((0, len(entries)), np.float32)
    return Lines(similarity, rows, starts, int(low))
