"""Scores of new entries for readers of whom some choices are known, by words, by early votes and by shared choices.

Each works for all readers at once. Sparse matrices are scipy's, in rows; `known` is (readers, old), what is known.
"""

from functools import cached_property
from typing import Any

import numpy as np

from newsletter.evaluation.libraries import Libraries
from newsletter.evaluation.measures import ranked
from newsletter.evaluation.question import standard
from newsletter.evaluation.readership import Readership, counts_of, first_of
from newsletter.ranking.arrays import Vectors, product
from newsletter.ranking.community import neighbours_votes

#: Of the ridge over words, and of the one over their dimensions.
RIDGE, DENSE_RIDGE = 0.003, 0.01
#: So many old entries stand for all that is not liked.
BACKGROUND = 2_000
DIMENSIONS = 200
#: Entries that a reader's choices are expanded by.
PSEUDO = 30
#: Entries of an issue that a voter was sent.
SENT = 10
#: What a shared choice weighs in `Taster.overlapping`. All of these were found on the half that is for tuning.
OVERLAP = 300.0


class Taster:
    """Scores of the new entries, in standard deviations over each issue. Imports scikit-learn and scipy."""

    def __init__(self, libraries: Libraries, readership: Readership) -> None:
        self._readership = readership
        self._words = libraries.words

    def content(self, known: Any) -> Vectors:
        """By words alone, (readers, new): what is known as one ridge regression on tf-idf, and one on its dimensions.

        Both have a closed form for all readers at once: (C + λI)⁻¹ times the mean of what they chose, where C is the
        covariance of old entries, few in number on words, so that it is solved in the space of those entries.
        """
        mean = _mean(known)
        words = mean @ self._tfidf_old
        by_words = (words @ self._tfidf_new.T).toarray() - (words @ self._background.T).toarray() @ self._solved
        by_dimensions = product(np.asarray(mean @ self._dense_old, np.float32), self._dense_new)
        return self.standard(self.standard(by_words) + self.standard(by_dimensions))

    def pseudo_likes(self, known: Any) -> Vectors:
        """By words of what those chose who chose the same old entries, (readers, new); 0 for who shares nothing."""
        others = self._readership.others
        size = np.maximum(counts_of(others), 1)
        weights = self._shared(known, others) @ others.multiply(1 / size[:, None]).tocsr()
        weights = weights.multiply(self._rare).tocsr()
        weights = weights - weights.multiply(known > 0)
        expanded = first_of(weights, -weights.data, PSEUDO)
        found = self.content(expanded)
        found[counts_of(expanded) == 0] = 0
        return found

    def overlapping(self, known: Any) -> Vectors:
        """Votes of those who chose the same old entries, (readers, new): ln(1 + weighted votes)."""
        voters = self._readership.others[self._readership.early]
        shared = self._shared(known, voters)
        shared = shared.multiply(1 / np.sqrt(np.maximum(counts_of(known), 1))[:, None]).tocsr()
        return np.asarray(np.log1p((shared @ self.votes).toarray() * OVERLAP), np.float32)

    def neighbours(self, known: Any | None, votes: Any) -> Vectors:
        """Votes (early voters, new) weighed as the newsletter does, (readers, new); counted where `known` is None."""
        count = self._readership.before.shape[0]
        readers = np.zeros((count, self._voters.shape[1]), np.float32) if known is None else self.tastes(known)
        voted = counts_of(votes) > 0
        pairs = votes[voted].tocoo()
        return neighbours_votes(readers, self._voters[voted], pairs.row, pairs.col, votes.shape[1])

    @cached_property
    def votes(self) -> Any:
        """(early voters, new): what they chose of the ten entries of each issue that words alone would have sent."""
        from scipy.sparse import csr_matrix

        scores = self.content(self._readership.others[self._readership.early])
        voter, entry = self.all_votes.nonzero()
        sent = np.zeros(scores.shape, bool)
        for issue in self._readership.issues:
            np.put_along_axis(sent, issue[ranked(scores[:, issue], SENT)], True, axis=1)
        kept = sent[voter, entry]
        return csr_matrix((np.ones(kept.sum(), np.float32), (voter[kept], entry[kept])), shape=scores.shape)

    @property
    def all_votes(self) -> Any:
        """(early voters, new): what they would have chosen had they read everything."""
        return self._readership.others_since[self._readership.early]

    def central(self) -> Vectors:
        """How near each new entry is to the mean of all new ones, (1, new)."""
        new = self._dense[self._readership.new]
        return self.standard(product(new.mean(axis=0)[None], new.T))

    def liked_here(self) -> Vectors:
        """By words of everything that the community chose, (1, new)."""
        from scipy.sparse import csr_matrix

        return self.content(csr_matrix(self._popularity[None].astype(np.float32)))

    def tastes(self, known: Any) -> Vectors:
        """A unit row each, (people, dimensions): the mean of what they chose, from the mean of all entries."""
        found = np.asarray(_mean(known) @ self._centred, np.float32)
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), np.float32)

    def narrowness(self, known: Any) -> Vectors:
        """How alike a reader's choices are, (readers,): their mean cosine, by words; nan for less than two."""
        count = counts_of(known).astype(np.float32)
        mean = _mean(known) @ self._tfidf_old
        together = np.asarray(mean.multiply(mean).sum(axis=1)).ravel() * count
        return np.asarray(np.where(count > 1, (together - 1) / np.maximum(count - 1, 1), np.nan), np.float32)

    def company(self, known: Any) -> Vectors:
        """How near the nearest early voter is, (readers,)."""
        return np.asarray(product(self.tastes(known), self._voters.T).max(axis=1, initial=-1), np.float32)

    def standard(self, scores: Vectors) -> Vectors:
        """In standard deviations above each reader's mean, issue by issue; 0 where all are the same."""
        return standard(scores, self._readership.issues)

    def _shared(self, known: Any, others: Any) -> Any:
        """How much of their choices others share with each reader, (readers, others); rare choices tell more."""
        shared = known.multiply(self._rare).tocsr() @ others.T
        return shared.multiply(1 / np.sqrt(np.maximum(counts_of(others), 1))).tocsr()

    @cached_property
    def _popularity(self) -> Vectors:
        return np.asarray(self._readership.others.sum(axis=0), np.float32).ravel()

    @cached_property
    def _rare(self) -> Vectors:
        return np.asarray(1 / np.sqrt(np.maximum(self._popularity, 1)), np.float32)

    @cached_property
    def _tfidf(self) -> Any:
        from sklearn.feature_extraction.text import TfidfTransformer

        return TfidfTransformer(sublinear_tf=True).fit_transform(self._words).astype(np.float32)

    @cached_property
    def _tfidf_old(self) -> Any:
        return self._tfidf[self._readership.old]

    @cached_property
    def _tfidf_new(self) -> Any:
        return self._tfidf[self._readership.new]

    @cached_property
    def _background(self) -> Any:
        return self._tfidf_old[:BACKGROUND]

    @cached_property
    def _solved(self) -> Vectors:
        """(background, new): what of each new entry the background explains."""
        from scipy.linalg import solve

        alike = (self._background @ self._background.T).toarray().astype(np.float64)
        alike[np.diag_indices(len(alike))] += RIDGE * len(alike)
        return np.asarray(solve(alike, (self._background @ self._tfidf_new.T).toarray(), assume_a="pos"), np.float32)

    @cached_property
    def _dense(self) -> Vectors:
        """(entries, dimensions), unit rows: tf-idf in its largest dimensions (Deerwester et al. 1990)."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.preprocessing import normalize

        most = min(DIMENSIONS, min(self._tfidf.shape) - 1)
        return np.asarray(normalize(TruncatedSVD(most, random_state=0).fit_transform(self._tfidf)), np.float32)

    @cached_property
    def _dense_old(self) -> Vectors:
        return self._dense[self._readership.old]

    @cached_property
    def _dense_new(self) -> Vectors:
        """(dimensions, new)."""
        background = self._dense_old[:BACKGROUND]
        covariance = background.T @ background / len(background)
        covariance[np.diag_indices(len(covariance))] += DENSE_RIDGE
        return np.asarray(np.linalg.solve(covariance, self._dense[self._readership.new].T), np.float32)

    @cached_property
    def _centred(self) -> Vectors:
        return np.asarray(self._dense_old - self._dense_old.mean(axis=0), np.float32)

    @cached_property
    def _voters(self) -> Vectors:
        return self.tastes(self._readership.others[self._readership.early])


def _mean(known: Any) -> Any:
    """Each row divided by its sum."""
    total = np.maximum(np.asarray(known.sum(axis=1), np.float32), 1e-9)
    return known.multiply(1 / total.reshape(-1, 1)).tocsr()
