"""Entries by their words, for the baselines: tf-idf and BM25 over one collection, each made when first asked for."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from newsletter.entries.entry import Entry
from newsletter.ranking.arrays import Indices, Vectors

#: Robertson et al. 1994; Lucene's. With 2^g − 1 as gain they give .350 on Cranfield.
K1, B = 1.2, 0.75


class Terms:
    """The words of some entries. Imports scikit-learn, and scipy, when it is asked something."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    @cached_property
    def tfidf(self) -> Any:
        """(entries, terms), a sparse matrix of unit rows: title twice and summary, English stop words aside."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = [f"{entry.title} {entry.title} {entry.summary}" for entry in self._entries]
        made = TfidfVectorizer(
            sublinear_tf=True,
            stop_words="english",
            min_df=min(2, len(texts)),
            dtype=np.float32,
            strip_accents="unicode",
        )
        return made.fit_transform(texts or [""]).tocsr()

    def bm25(self, lines: Sequence[str], rows: Indices) -> Vectors:
        """How well each of these entries answers each line, (lines, rows), by BM25 over all entries."""
        vectorizer, weights = self._weights
        return np.asarray((vectorizer.transform(lines) @ weights[rows].T).toarray(), np.float32)

    @cached_property
    def _weights(self) -> tuple[Any, Any]:
        from scipy.sparse import csr_matrix
        from sklearn.feature_extraction.text import CountVectorizer

        vectorizer = CountVectorizer(stop_words="english", strip_accents="unicode")
        counts = vectorizer.fit_transform([entry.text for entry in self._entries]).tocoo()
        length = np.bincount(counts.row, counts.data, counts.shape[0])
        holding = np.bincount(counts.col, minlength=counts.shape[1])
        rare = np.log1p((counts.shape[0] - holding + 0.5) / (holding + 0.5))
        damped = counts.data + K1 * (1 - B + B * length[counts.row] / length.mean())
        weight = counts.data * (K1 + 1) / damped * rare[counts.col]
        return vectorizer, csr_matrix((weight, (counts.row, counts.col)), shape=counts.shape)
