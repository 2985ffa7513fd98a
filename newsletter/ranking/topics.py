"""What readers voted on, near entries taken together: ten likes of one thing are one topic, and not ten."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from newsletter.ranking.arrays import Indices, Integers, Vectors, product

#: Entries more alike than this are of one topic. Of what one curator of arXiv papers liked, half the pairs are more
#: alike than 0.49; of a liked paper and any other of the month, one pair in twenty is.
TOGETHER = 0.45
#: A reader's newest topics; older ones are forgotten.
MOST_TOPICS = 12
#: Votes, and readers, grouped at once: memory stays flat however many there are.
_VOTES_AT_ONCE = 20_000
_READERS_AT_ONCE = 1_000


def _none() -> Indices:
    return np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of some readers' votes in one direction."""

    #: one row a topic, the mean of its entries' unit rows: its product with an entry is the mean of their cosines,
    #: (topics, dimensions)
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 1), np.float32))
    #: whose it is, (topics,), ascending; a reader's newest topic first
    owner: Indices = field(default_factory=_none)
    #: how many entries it has, (topics,)
    count: Indices = field(default_factory=_none)
    #: the entries of all topics, topic by topic, newest vote first, as rows of what was voted on
    members: Indices = field(default_factory=_none)

    @property
    def starts(self) -> Indices:
        """Where each topic's entries begin in `members`."""
        return np.cumsum(self.count) - self.count


def topics_of(votes: Sequence[Sequence[int]], vectors: Vectors) -> Topics:
    """Group what every reader voted on (rows of `vectors`, newest first).

    The newest entry of a topic leads it: older ones join the leader to which they are nearest, or lead a new topic.
    """
    parts = [_grouped(first, rows, vectors) for first, rows in _batches(votes)]
    if not parts:
        return Topics(np.zeros((0, vectors.shape[1]), np.float32))
    return Topics(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _batches(votes: Sequence[Sequence[int]]) -> Iterator[tuple[int, Integers]]:
    """(first reader, rows of the vectors, (readers, votes), -1 behind a reader's last) of some readers at a time."""
    first = 0
    while first < len(votes):
        last, longest = first, 0
        while last < len(votes) and last - first < _READERS_AT_ONCE:
            longer = max(longest, len(votes[last]))
            if last > first and longer * (last + 1 - first) > _VOTES_AT_ONCE:
                break
            longest, last = longer, last + 1
        if longest:
            rows = np.full((last - first, longest), -1, np.int64)
            for n, own in enumerate(votes[first:last]):
                rows[n, : len(own)] = own
            yield first, rows
        first = last


def _grouped(first: int, rows: Integers, vectors: Vectors) -> tuple[Vectors, Indices, Indices, Indices]:
    """The fields of `Topics` for a batch, all readers step by step together."""
    readers, longest = rows.shape
    voted = vectors[rows.clip(0)]
    alike = product(voted, voted.transpose(0, 2, 1))
    everybody = np.arange(readers)
    topic = np.full(rows.shape, -1, np.int64)
    leads = np.zeros(rows.shape, bool)
    topics = np.zeros(readers, np.int64)
    total = np.zeros((readers, MOST_TOPICS, vectors.shape[1]), np.float32)
    for n in range(longest):
        nearness = np.where(leads, alike[:, n], -np.inf)
        nearest = nearness.argmax(axis=1)
        known = rows[:, n] >= 0
        joins = known & (nearness[everybody, nearest] >= TOGETHER)
        begins = known & ~joins & (topics < MOST_TOPICS)
        topic[joins, n] = topic[everybody, nearest][joins]
        topic[begins, n] = topics[begins]
        leads[begins, n] = True
        topics += begins
        kept = np.flatnonzero(joins | begins)
        total[kept, topic[kept, n]] += voted[kept, n]
    reader, place = np.nonzero(topic >= 0)
    order = np.lexsort((place, topic[reader, place], reader))
    reader, place = reader[order], place[order]
    # A topic's number over the whole batch; every topic has an entry, so there are no gaps.
    number = (np.cumsum(topics) - topics)[reader] + topic[reader, place]
    count = np.bincount(number)
    means = total[np.arange(MOST_TOPICS) < topics[:, None]] / count[:, None]
    return np.asarray(means, np.float32), np.repeat(first + everybody, topics), count, rows[reader, place]
