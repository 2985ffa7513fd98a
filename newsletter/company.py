"""What readers of like taste said of an issue's entries before this reader's own hour. Pure.

Who they are stays theirs: a reason says how many there are, and nothing of fewer than three (see `ranking.community`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Indices, Integers, Vectors
from newsletter.ranking.community import like_minded, neighbours_votes, taste_rows
from newsletter.ranking.scoring import Ranking
from newsletter.ranking.tastes import Tastes

#: So many of the newest votes on an issue's entries count: memory and time stay flat however many vote.
MOST_EARLY = 10_000


@dataclass(frozen=True, slots=True)
class Voters:
    """Who wants more like an entry of the issue."""

    #: subscriber id → row
    row: Mapping[int, int]
    #: (voters, dimensions), see `taste_rows`
    tastes: Vectors
    #: one pair a vote
    voter: Indices
    entry: Indices
    #: how many entries the issue has
    entries: int


@dataclass(frozen=True, slots=True)
class Company:
    """What those voters say to some readers."""

    voters: Voters
    #: (readers, dimensions)
    tastes: Vectors
    #: each reader's own row among the voters, or -1
    own: Indices
    #: (readers, entries), in standard deviations
    scores: Vectors

    def reasons(self, ranking: Ranking) -> Integers:
        """By how many like-minded readers each place of the ranking is wanted, where it owes most to them, else 0."""
        voters, entry = self.voters, ranking.entry
        count = like_minded(self.tastes, voters.tastes, voters.voter, voters.entry, entry, self.own)
        owed = np.take_along_axis(self.scores, entry.clip(0), axis=1)
        return np.where(owed > ranking.owed, count, 0)


def company_of(voters: Voters, mean: Vectors, readers: Sequence[int], tastes: Tastes) -> Company:
    """What the voters say to these readers (by their ids), whose tastes are given; `mean` is that of all entries."""
    own = np.array([voters.row.get(reader, -1) for reader in readers], np.intp)
    rows = taste_rows(tastes, mean)
    scores = neighbours_votes(rows, voters.tastes, voters.voter, voters.entry, voters.entries, own)
    return Company(voters, rows, own, scores)
