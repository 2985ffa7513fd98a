"""What votes teach: how much each entry of an issue is like what a reader likes. Pure.

For a group of liked entries (all of one reader's, or those of one of their lines), each weighing less the older it is:

    learned = z(mean of their rows · entry, seen apart from what is usual)   see `usual`
            + z(what the entry's words tell of them)                         see `wording`
            + NEAREST · z(mean cosine to the three nearest of them)

with z in standard deviations over the issue's entries and some older ones. Nothing is solved for a reader: what a
regression would find out about all others is in what is usual, worked out once for everybody, and the rest is sums over
liked entries, of which it is known what each contributed. Over curators of arXiv papers this is better than logistic
regressions on embeddings and on tf-idf against thousands of others (see `newsletter evaluate`).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from newsletter.ranking.arrays import Indices, Vectors, product, starts_of
from newsletter.ranking.offer import Offer
from newsletter.ranking.tastes import Voted

NEAREST = 0.5
#: So many nearest liked entries count.
OF = 3
#: An entry this near to another is that one.
ITSELF = 0.9999


@dataclass(frozen=True, slots=True)
class Group:
    """Liked entries that one thing is learned from; numbers are those of the votes at hand."""

    #: the votes of all groups, group by group, (votes,)
    vote: Indices
    #: where each group begins in them
    starts: Indices


def groups_of(keys: Indices, vote: Indices | None = None) -> Group:
    """Group votes that stand in the order of their keys; `vote` are their numbers, where these are not all of them."""
    return Group(np.arange(len(keys)) if vote is None else vote, starts_of(keys))


@dataclass(frozen=True, slots=True)
class Learned:
    """What is learned from each group: three terms, (groups, columns), and how they were made standard."""

    total: Vectors
    #: standard deviation of each term before, (groups, 3); inf where all columns were the same
    spread: Vectors
    #: how many of each group's entries hold each word, (groups, words), and how many there are, both by their weights
    counts: csr_matrix | None
    totals: Vectors


@dataclass(frozen=True, slots=True)
class Liked:
    """The liked entries of some readers, beside what an issue offers."""

    offer: Offer
    #: seen apart from what is usual, (votes, dimensions)
    white: Vectors
    #: (votes, columns)
    cosine: Vectors
    #: which words stand in each, (votes, words); None where words are not known
    words: csr_matrix | None
    weight: Vectors

    def learn(self, groups: Group) -> Learned:
        """What each group teaches of every column."""
        count, weight = len(groups.starts), self.weight[groups.vote]
        totals = np.asarray(np.add.reduceat(weight, groups.starts), np.float32)
        bounds = [*groups.starts, len(groups.vote)]
        member = csr_matrix((weight, groups.vote, bounds), (count, len(self.weight)))
        mean = np.asarray(member @ self.white, np.float32) / totals[:, None]
        terms, counts = [product(mean, self.offer.white.T)], None
        if self.offer.wording and self.words is not None:
            counts = (member @ self.words).tocsr()
            counts.sort_indices()
            terms.append(self.offer.wording.in_common(self.offer.wording.told(counts, totals)))
        else:
            terms.append(np.zeros_like(terms[0]))
        terms.append(top_mean(self.cosine[groups.vote], groups.starts))
        self._without_itself(terms, member)
        spreads = [self.offer.spread(term) for term in terms]
        meaning, words, nearest = (
            self.offer.standard(term, spread) for term, spread in zip(terms, spreads, strict=True)
        )
        return Learned(meaning + words + NEAREST * nearest, np.stack(spreads, axis=1), counts, totals)

    def _without_itself(self, terms: list[Vectors], member: csr_matrix) -> None:
        """Where older entries are the very ones that are liked, they count as average, in place.

        In a young archive many are, and nothing new is as near to what is liked as that is to itself.
        """
        entries = len(self.offer.entries)
        itself = np.asarray(member @ (self.cosine[:, entries:] > ITSELF)) > 0
        if entries and itself.any():
            for term in terms:
                average = term[:, :entries].mean(axis=1, keepdims=True)
                term[:, entries:] = np.where(itself, average, term[:, entries:])


def liked_of(offer: Offer, voted: Voted, row: Indices, weight: Vectors) -> Liked:
    """The liked entries of rows of `voted`, as an issue needs them."""
    distinct, place = np.unique(row, return_inverse=True)
    vectors = voted.vectors[distinct]
    words = None
    if offer.wording and voted.said:
        words = offer.wording.words_of([voted.said[n] for n in distinct])[place]
    return Liked(
        offer,
        offer.usual.white(vectors)[place],
        product(vectors, offer.columns.T)[place],
        words,
        weight,
    )


def top_mean(values: Vectors, starts: Indices) -> Vectors:
    """The mean of the `OF` highest of each group's rows (or of as many as it has), column by column."""
    known = np.minimum(np.diff(starts, append=len(values)), OF)[:, None]
    return np.asarray(
        sum(np.where(np.isneginf(one), 0, one) for one in highest(values, starts, OF)) / known, np.float32
    )


def highest(values: Vectors, starts: Indices, count: int) -> list[Vectors]:
    """The so many highest of each group's rows, column by column, the highest first; -inf where it has fewer."""
    sizes = np.diff(starts, append=len(values))
    found = [np.full((len(starts), values.shape[1]), -np.inf, np.float32) for _ in range(count)]
    for n in range(int(sizes.max(initial=0))):
        more = np.flatnonzero(sizes > n)
        new = values[starts[more] + n]
        for kept in found:
            old = kept[more]
            kept[more], new = np.maximum(old, new), np.minimum(old, new)
    return found
