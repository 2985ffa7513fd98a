"""What draws each reader of an issue: their words and votes against its entries. Reads vectors, votes, what was had."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.issues import store as issues
from newsletter.issues.composing import Shape, compose, favourites
from newsletter.issues.issue import NothingNew, Pick, ReasonKind
from newsletter.printing import Printing
from newsletter.ranking.arrays import Booleans, Vectors, product
from newsletter.ranking.embedding import Embedder, Told, vectors_of
from newsletter.ranking.scoring import Ranking, general_scores, rank
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote, votes_of
from subscribers.people import Subscriber

#: Entries that somebody voted on, read at once: memory stays flat however many there are.
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Ground:
    """An issue's entries as every reader's ranking finds them."""

    candidates: Sequence[Entry]
    #: one unit row a candidate
    vectors: Vectors
    #: entry id → candidate
    at: Mapping[int, int]
    #: candidates that the editor pinned, in their order
    pinned: Sequence[int]
    #: what a candidate is worth to somebody unknown
    general: Vectors
    #: the cosines between candidates, (candidates, candidates)
    alike: Vectors
    #: decides the steps outside, the same for the same issue
    seed: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """An issue's entries as some readers see them."""

    ground: Ground
    #: each followed or muted line and its vector
    lines: Mapping[str, Vectors]
    tastes: Tastes
    #: (readers, candidates): True where a reader has had it
    seen: Booleans
    #: (readers, candidates): True where it holds the words of what they mute; None where nobody mutes anything
    named: Booleans | None
    ranking: Ranking

    @property
    def candidates(self) -> Sequence[Entry]:
        """What the issue may hold."""
        return self.ground.candidates

    @property
    def vectors(self) -> Vectors:
        """One unit row a candidate."""
        return self.ground.vectors

    def composed(self, shape: Shape) -> list[tuple[Pick, ...] | NothingNew]:
        """What every reader gets; sentences are not chosen yet."""
        ground = self.ground
        return compose(ground.candidates, self.ranking, self.tastes, pinned=ground.pinned, seen=self.seen, shape=shape)

    def about(self, reader: int, pick: Pick) -> tuple[str | int, Vectors]:
        """What the reason of a pick is about: a name that is the same for all these readers, and its vector.

        That is an interest, a liked entry, or the entry itself.
        """
        at = self.ground.at
        if pick.reason in (ReasonKind.LIKED, ReasonKind.NEAREST):
            place = self.ranking.entry[reader].tolist().index(at[pick.entry_id])
            liked = int(self.ranking.liked[reader, place])
            if liked >= 0:
                return liked, self.tastes.voted.vectors[liked]
        if pick.reason in (ReasonKind.INTEREST, ReasonKind.NEAREST):
            return pick.words, self.lines[pick.words]
        return "", self.vectors[at[pick.entry_id]]


def judged(
    ground: Ground,
    lines: Mapping[str, Vectors],
    tastes: Tastes,
    seen: Booleans,
    named: Booleans | None,
    shape: Shape,
) -> Judgement:
    """The same as `Judge.of` gives, from all that it reads (see the fields of `Judgement`). Pure."""
    ranking = rank(
        ground.vectors,
        tastes,
        ground.general,
        # A pinned entry may take a place of the ranking, so a few more are ranked.
        shape.picks + len(ground.pinned),
        seen=seen,
        named=named,
        elsewhere=[*ground.pinned, *favourites(ground.candidates)[: shape.favourites]],
        floor=shape.floor,
        seed=ground.seed,
        alike=ground.alike,
    )
    return Judgement(ground, lines, tastes, seen, named, ranking)


class Judge:
    """Judges issues for readers."""

    def __init__(self, db: Database, embedder: Embedder, told: Told) -> None:
        """`told(what)` gives a progress callback for a piece of long work."""
        self._db = db
        self._embedder = embedder
        self._told = told

    def ground(self, printing: Printing) -> Ground:
        """An issue that has candidates, before any reader looks at it. Raises `ModelError`."""
        candidates = printing.candidates
        vectors = self.vectors([entry.text for entry in candidates], "Reading entries")
        at = {entry.id: n for n, entry in enumerate(candidates)}
        return Ground(
            candidates,
            vectors,
            at,
            [at[entry_id] for entry_id in printing.pins],
            general_scores(vectors, [entry.popularity for entry in candidates]),
            product(vectors, vectors.T),
            zlib.crc32(str(printing.key).encode()),
        )

    def of(
        self,
        printing: Printing,
        readers: Sequence[Subscriber],
        shape: Shape,
        *,
        ground: Ground | None = None,
        seen: Booleans | None = None,
    ) -> Judgement:
        """An issue that has candidates, as these readers see it at this moment. Raises `ModelError`.

        `ground` and `seen` are what would be read otherwise, where the caller has them.
        """
        ground = ground or self.ground(printing)
        texts = sorted({interest.text for reader in readers for interest in reader.interests})
        lines = dict(zip(texts, self.vectors(texts, "Reading interests"), strict=True))
        voted = votes_of(self._db, [reader.id for reader in readers])
        tastes = tastes_of(
            [reader.interests for reader in readers],
            lines,
            ground.vectors.shape[1],
            [voted.get(reader.id, ()) for reader in readers],
            self._voted(voted),
        )
        seen = self._seen(ground.candidates, readers) if seen is None else seen
        return judged(ground, lines, tastes, seen, _named(printing, readers), shape)

    def vectors(self, texts: Sequence[str], what: str) -> Vectors:
        """One unit row a text; the model reads those that are new, and says that it does `what`."""
        return vectors_of(self._db, self._embedder, texts, self._told(what))

    def _voted(self, voted: Mapping[int, Sequence[Vote]]) -> Voted:
        ids = sorted({vote.entry_id for own in voted.values() for vote in own})
        titles: dict[int, str] = {}
        rows: list[Vectors] = []
        for start in range(0, len(ids), CHUNK):
            found = entries.by_ids(self._db, ids[start : start + CHUNK])
            titles |= {entry_id: entry.title for entry_id, entry in found.items()}
            texts = [entry.text for entry in found.values()]
            rows.append(self.vectors(texts, "Reading entries"))
        if not titles:
            return Voted()
        return Voted(np.concatenate(rows), tuple(titles.values()), {entry_id: n for n, entry_id in enumerate(titles)})

    def _seen(self, candidates: Sequence[Entry], readers: Sequence[Subscriber]) -> Booleans:
        column = {entry.id: n for n, entry in enumerate(candidates)}
        row = {reader.id: n for n, reader in enumerate(readers)}
        seen = np.zeros((len(readers), len(candidates)), bool)
        had = issues.received(self._db, list(column), list(row))
        for subscriber_id, entry_id in (*had, *records.promised(self._db, list(row))):
            if entry_id in column:
                seen[row[subscriber_id], column[entry_id]] = True
        return seen


def _named(printing: Printing, readers: Sequence[Subscriber]) -> Booleans | None:
    """(readers, entries): True where an entry holds the very words of a line that the reader mutes."""
    muted = [(n, i.text) for n, reader in enumerate(readers) for i in reader.interests if i.muted]
    if not muted:
        return None
    named = np.zeros((len(readers), len(printing.candidates)), bool)
    for n, line in muted:
        named[n, list(printing.lexicon.holding(line))] = True
    return named
