"""Entries by their words, in the two ways that a ranking asks for. Pure; singular and plural count as one.

* How well they answer a line: BM25 (Robertson et al., TREC-3, 1994; Lucene's variant), titles counted three times.
* What they have in common with what is liked: tf-idf rows of unit length times what each word tells of that, the log
  of how much more often it stands in what is liked than elsewhere:

      told(word) = ln((share liked + SCARCE) / (share elsewhere + SCARCE)),   0 for words of nothing that is liked
      share liked = (liked entries with it + PRIOR · share elsewhere) / (liked entries + PRIOR)

  (naive Bayes, of words that are there alone; Maron 1961; PRIOR: a few entries' worth of doubt). Beside it a mean of
  tf-idf rows does not learn that "federated" says more than "model" where both stand in all that is liked.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from newsletter.ranking.arrays import Indices, Integers, Vectors, starts_of
from newsletter.ranking.lexicon import plain_words, stem

#: (title, summary)
Said = tuple[str, str]

K1, B = 1.2, 0.75
#: So many entries of which nothing is known are added to what is liked.
PRIOR = 3.0
#: A share below this is hardly told from none: it keeps what stands in one entry by chance from saying much.
SCARCE = 1e-2
#: A weight below this is the rounding of sums.
GONE = 1e-5
#: Of so many liked entries the words are kept at hand: some 20 MB.
MOST_HELD = 10_000
#: How often a title is counted: the summary often repeats it, and says much else.
TITLE = 3
#: Words without which a text says the same.
_SMALL = frozenset(
    """a about above after again all also an and any are as at be because been before being below between both but by
    can could did do does doing down during each few for from further had has have having he her here him his how i if
    in into is it its itself just me more most my no nor not now of off on once only or other our out over own same she
    should so some such than that the their them then there these they this those through to too under until up very
    was we were what when where which while who whom why will with would you your""".split()
)


class Wording:
    """The words of some entries, beside how common each word is."""

    def __init__(self, entries: Sequence[Said], others: Iterable[Said] = ()) -> None:
        """The entries, and others that tell how common words are."""
        counted = [_counted(said) for said in entries]
        # A word that no entry holds brings none forward.
        self._column = {word: n for n, word in enumerate(dict.fromkeys(word for one in counted for word in one))}
        counts = self._matrix([list(one.items()) for one in counted])
        holding, known = np.bincount(counts.indices, minlength=len(self._column)), len(counted)
        for said in others:
            holding[[self._column[word] for word in _counted(said) if word in self._column]] += 1
            known += 1
        self._rare = np.log1p((known - holding + 0.5) / (holding + 0.5)).astype(np.float32)
        #: (words, entries): what each word of a line is worth
        self._answers = self._bm25(counts).T.tocsr()
        #: rows of unit length, (entries, words), and the same the other way round
        self._entries = self._tfidf(counts)
        self._rows = self._entries.T.tocsr()
        self._share = (holding / max(known, 1)).astype(np.float32)
        #: of what is liked, the columns of its words
        self._held: dict[Said, Indices] = {}

    def answers(self, lines: Sequence[str]) -> Vectors:
        """How well each entry answers each line, (lines, entries); 0 where it holds none of its words."""
        asked = self._matrix([[(word, 1) for word in dict.fromkeys(_words(line))] for line in lines])
        return np.asarray((asked @ self._answers).toarray(), np.float32)

    def words_of(self, liked: Sequence[Said]) -> csr_matrix:
        """Which words stand in entries from elsewhere, (liked, words), 1 where one does."""
        held = [self._columns(said) for said in liked]
        columns = np.concatenate(held) if held else np.zeros(0, np.int32)
        starts = np.cumsum([0, *map(len, held)])
        return csr_matrix((np.ones(len(columns), np.float32), columns, starts), (len(held), len(self._column)))

    def told(self, counts: csr_matrix, totals: Vectors) -> csr_matrix:
        """What each word tells of each group, (groups, words); from how many of a group's entries hold it, and of how
        many.
        """
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        data = self._told(counts.data, counts.indices, totals[rows])
        return csr_matrix((data, counts.indices, counts.indptr), counts.shape)

    def in_common(self, told: csr_matrix) -> Vectors:
        """What each entry has in common with each group, (groups, entries)."""
        return np.asarray((told @ self._rows).toarray(), np.float32)

    def lost(
        self,
        words: csr_matrix,
        weights: Vectors,
        groups: Indices,
        counts: csr_matrix,
        totals: Vectors,
        entries: Integers,
    ) -> Vectors:
        """How much less of its group each liked entry's absence would leave in common with entries, (liked, places).

        words: as `words_of` gave them, (liked, words). weights: what each counts for. groups: which row of `counts`,
        ascending. entries: columns, (liked, places), the same for all of a group.
        """
        rows = np.repeat(np.arange(words.shape[0]), np.diff(words.indptr))
        width = words.shape[1]
        group = groups[rows].astype(np.int64)
        known = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr)).astype(np.int64) * width + counts.indices
        held = counts.data[np.searchsorted(known, group * width + words.indices)]
        left, total = held - weights[rows], totals[group] - weights[rows]
        less = np.where(left > GONE, self._told(np.maximum(left, 0), words.indices, total), 0)
        own = csr_matrix((self._told(held, words.indices, total) - less, words.indices, words.indptr), words.shape)
        starts = starts_of(groups)
        sizes = np.diff(starts, append=len(groups))
        # All words of the group say more where it has fewer entries: by that much an entry's own words are less missed.
        among = counts[groups[starts]]
        entry, doubt = entries[starts], (totals[groups[starts]] + PRIOR)[:, None]
        held = among.data + PRIOR * self._share[among.indices]
        middle = np.repeat(doubt[:, 0] - 0.5, np.diff(among.indptr))
        each = csr_matrix((np.ones_like(held), among.indices, among.indptr), among.shape)
        slope = csr_matrix((SCARCE / (held + SCARCE * middle), among.indices, among.indptr), among.shape)
        weight = weights[:, None]
        rest = np.repeat(self._shares(each, entry), sizes, axis=0) * np.log1p(-weight / np.repeat(doubt, sizes, axis=0))
        rest += np.repeat(self._shares(slope, entry), sizes, axis=0) * weight
        return np.asarray(self._shares(own, entries) + rest, np.float32)

    def _shares(self, rows: csr_matrix, entries: Integers) -> Vectors:
        """The product of each row of words with each of its entries, (rows, places)."""
        found = np.zeros(entries.shape, np.float32)
        for n in range(entries.shape[1]):
            found[:, n] = np.asarray(rows.multiply(self._entries[entries[:, n]]).sum(axis=1)).ravel()
        return found

    def _columns(self, said: Said) -> Indices:
        """Which known words stand in a text, ascending."""
        if said not in self._held:
            if len(self._held) >= MOST_HELD:
                self._held.clear()
            known = sorted(self._column[word] for word in _counted(said) if word in self._column)
            self._held[said] = np.array(known, np.int32)
        return self._held[said]

    def _told(self, held: Vectors, words: Indices, totals: Vectors) -> Vectors:
        elsewhere = self._share[words]
        liked = (held + PRIOR * elsewhere) / (totals + PRIOR)
        return np.asarray(np.log((liked + SCARCE) / (elsewhere + SCARCE)), np.float32)

    def _matrix(self, texts: Sequence[Iterable[tuple[str, int]]]) -> csr_matrix:
        """(texts, words) of how often each known word stands in each text; the columns of each row ascend."""
        known = [sorted((self._column[word], count) for word, count in text if word in self._column) for text in texts]
        return csr_matrix(
            (
                np.fromiter((count for text in known for _, count in text), np.float32),
                np.fromiter((column for text in known for column, _ in text), np.int32),
                np.cumsum([0, *map(len, known)]),
            ),
            (len(known), len(self._column)),
        )

    def _tfidf(self, counts: csr_matrix) -> csr_matrix:
        rows = csr_matrix(
            ((1 + np.log(counts.data)) * self._rare[counts.indices], counts.indices, counts.indptr), counts.shape
        )
        length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        rows.data /= np.repeat(np.maximum(length, 1e-6), np.diff(rows.indptr))
        return rows

    def _bm25(self, counts: csr_matrix) -> csr_matrix:
        length = np.asarray(counts.sum(axis=1), np.float32).ravel()
        damped = K1 * (1 - B + B * length / max(float(length.mean()), 1.0)) if len(length) else length
        data = counts.data * (K1 + 1) / (counts.data + np.repeat(damped, np.diff(counts.indptr)))
        return csr_matrix((data * self._rare[counts.indices], counts.indices, counts.indptr), counts.shape)


# Entries come up for issue after issue; some 5 kB each.
@lru_cache(maxsize=10_000)
def _counted(said: Said) -> Counter[str]:
    title, summary = said
    found = Counter(_words(summary))
    for word in _words(title):
        found[word] += TITLE
    return found


def _words(text: str) -> list[str]:
    return [stem(word) for word in plain_words(text) if word not in _SMALL]
