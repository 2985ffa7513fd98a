"""What draws each reader of an issue: their words and votes against its entries. Reads vectors, votes, what was had."""

import zlib
from collections.abc import Collection, Mapping, Sequence, Set

import numpy as np
from sqlite_utils import Database

from newsletter.company import MOST_EARLY, Company, Voters, company_of
from newsletter.delivery import records
from newsletter.entries import store as entries
from newsletter.entries.entry import Entry, text_of
from newsletter.entries.papers import known_papers
from newsletter.issues import store as issues
from newsletter.issues.composing import Shape
from newsletter.judgement import Case, Ground, Judgement, Older, judged, laid_out, said_of
from newsletter.printing import Printing
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.community import taste_rows
from newsletter.ranking.embedding import Embedder, Told, known_vectors, vectors_of
from newsletter.ranking.offer import OLDER
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote, latest, votes_of, wanting
from newsletter.ranking.wording import Said
from subscribers.interests import Interest
from subscribers.people import Subscriber, by_ids

#: Entries that somebody voted on, read at once: memory stays flat however many there are.
CHUNK = 1_000
#: Issues that are kept laid out, because readers' hours are minutes apart.
KEPT = 4


class Judge:
    """Judges issues for readers."""

    def __init__(self, db: Database, embedder: Embedder, told: Told) -> None:
        """`told(what)` gives a progress callback for a piece of long work."""
        self._db = db
        self._embedder = embedder
        self._told = told
        #: of frozen issues (by id and model), the last used last
        self._grounds: dict[tuple[int, str], Ground] = {}
        #: of which issue, as of which votes, and who they are
        self._voters: tuple[Ground, tuple[int, str], Voters | None] | None = None

    def ground(self, printing: Printing) -> Ground:
        """An issue that has candidates, before any reader looks at it. Raises `ModelError`.

        Of a frozen one it is kept as long as its candidates are the same: it takes longer than a thousand readers.
        """
        if printing.stored is None:
            return self._laid_out(printing)
        key = printing.stored.id, self._embedder.name
        ground = self._grounds.pop(key, None)
        if ground is None or list(ground.candidates) != list(printing.candidates):
            ground = self._laid_out(printing)
        while len(self._grounds) >= KEPT:
            del self._grounds[next(iter(self._grounds))]
        self._grounds[key] = ground
        return ground

    def _laid_out(self, printing: Printing) -> Ground:
        candidates = printing.candidates
        vectors = self.vectors([entry.text for entry in candidates], "Reading entries")
        at = {entry.id: n for n, entry in enumerate(candidates)}
        older = self._older(min(at), vectors.shape[1])
        offer = laid_out(candidates, vectors, older)
        pinned = [at[entry_id] for entry_id in printing.pins]
        return Ground(candidates, offer, at, pinned, older, zlib.crc32(str(printing.key).encode()))

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
        return judged(ground, self.case(printing, readers, shape, ground, seen))

    def case(
        self,
        printing: Printing,
        readers: Sequence[Subscriber],
        shape: Shape,
        ground: Ground,
        seen: Booleans | None = None,
    ) -> Case:
        """All that is known of these readers at this moment; `seen` as of `of`. Raises `ModelError`."""
        lines, tastes = self._tastes(readers, ground.vectors.shape[1])
        seen = self._seen(ground.candidates, readers) if seen is None else seen.copy()
        for reader, n in _named_themselves(ground, readers, tastes.voted):
            seen[reader, n] = True
        named, authored = named_by(printing, readers), authored_by(printing, readers)
        authors = [[i.author for i in reader.interests if i.author and not i.muted] for reader in readers]
        company = self._company(ground, readers, tastes)
        return Case(lines, tastes, seen, named, authored, authors, company, shape)

    def _tastes(
        self, readers: Sequence[Subscriber], dimensions: int, apart: Collection[int] = ()
    ) -> tuple[dict[str, Vectors], Tastes]:
        """Each statement's vector, and these readers' tastes at this moment; `apart` from votes on some entries."""
        said = {interest.statement for reader in readers for interest in reader.interests}
        lines = self.lines(sorted(said - {""}))
        voted = votes_of(self._db, [reader.id for reader in readers])
        papers = {paper for reader in readers for interest in reader.interests for paper in interest.papers}
        votes = [[vote for vote in voted.get(reader.id, ()) if vote.entry_id not in apart] for reader in readers]
        interests = [reader.interests for reader in readers]
        return lines, tastes_of(interests, lines, dimensions, votes, self._voted(voted, papers))

    def _company(self, ground: Ground, readers: Sequence[Subscriber], tastes: Tastes) -> Company | None:
        """What those who voted before say of the issue's entries; who they are is read once, until somebody votes."""
        now = latest(self._db)
        if self._voters is None or self._voters[0] is not ground or self._voters[1] != now:
            self._voters = ground, now, self._read_voters(ground)
        voters = self._voters[2]
        return (
            company_of(voters, ground.offer.usual.mean, [reader.id for reader in readers], tastes) if voters else None
        )

    def _read_voters(self, ground: Ground) -> Voters | None:
        votes = wanting(self._db, ground.at, MOST_EARLY)
        found = list(by_ids(self._db, sorted({reader for reader, _ in votes})))
        if not found:
            return None
        mean, dimensions = ground.offer.usual.mean, ground.vectors.shape[1]
        # By those very votes everybody would be near to who likes such entries.
        tastes = [
            taste_rows(self._tastes(found[start : start + CHUNK], dimensions, ground.at)[1], mean)
            for start in range(0, len(found), CHUNK)
        ]
        row = {reader.id: n for n, reader in enumerate(found)}
        pairs = [(row[reader], ground.at[entry]) for reader, entry in votes if reader in row]
        return Voters(
            row,
            np.concatenate(tastes),
            np.array([voter for voter, _ in pairs], np.intp),
            np.array([entry for _, entry in pairs], np.intp),
            len(ground.candidates),
        )

    def lines(self, statements: Sequence[str]) -> dict[str, Vectors]:
        """The vector of each statement of interest."""
        read = vectors_of(self._db, self._embedder, statements, self._told("Reading interests"), questions=True)
        return dict(zip(statements, read, strict=True))

    def vectors(self, texts: Sequence[str], what: str) -> Vectors:
        """One unit row a text; the model reads those that are new, and says that it does `what`."""
        return vectors_of(self._db, self._embedder, texts, self._told(what))

    def _older(self, first: int, dimensions: int) -> Older:
        """Entries of before the issue that the model has read, in an order of chance that stays the same."""
        found = entries.some_older(self._db, first, OLDER)
        known = known_vectors(self._db, self._embedder, [text_of(*said) for said in found])
        read = [(said, known[text_of(*said)]) for said in found if text_of(*said) in known]
        rows = np.stack([row for _, row in read]) if read else np.zeros((0, dimensions), np.float32)
        return Older(rows, [said for said, _ in read])

    def _voted(self, voted: Mapping[int, Sequence[Vote]], papers: Set[str]) -> Voted:
        """What was voted on, and behind it the papers that are named and known, each once."""
        ids = {vote.entry_id for own in voted.values() for vote in own}
        named = known_papers(self._db, papers)
        ids |= {paper.entry_id for paper in named.values() if paper.entry_id is not None}
        said: list[Said] = []
        texts: list[str] = []
        row: dict[int, int] = {}
        for start in range(0, len(ids), CHUNK):
            for entry_id, entry in entries.by_ids(self._db, sorted(ids)[start : start + CHUNK]).items():
                row[entry_id] = len(texts)
                texts.append(entry.text)
                said.append(said_of(entry))
        places = dict[str, int]()
        for key, paper in named.items():
            if paper.entry_id is not None and paper.entry_id in row:
                places[key] = row[paper.entry_id]
            else:
                places[key] = len(texts)
                texts.append(paper.text)
                said.append((paper.title, paper.summary))
        if not texts:
            return Voted()
        parts = range(0, len(texts), CHUNK)
        rows = [self.vectors(texts[start : start + CHUNK], "Reading entries") for start in parts]
        return Voted(np.concatenate(rows), tuple(title for title, _ in said), row, tuple(said), places)

    def _seen(self, candidates: Sequence[Entry], readers: Sequence[Subscriber]) -> Booleans:
        column = {entry.id: n for n, entry in enumerate(candidates)}
        row = {reader.id: n for n, reader in enumerate(readers)}
        seen = np.zeros((len(readers), len(candidates)), bool)
        had = issues.received(self._db, list(column), list(row))
        for subscriber_id, entry_id in (*had, *records.promised(self._db, list(row))):
            if entry_id in column:
                seen[row[subscriber_id], column[entry_id]] = True
        return seen


def named_by(printing: Printing, readers: Sequence[Subscriber]) -> Booleans | None:
    """(readers, entries): True where an entry holds the words of a line that a reader mutes, or is by a muted author.

    None where nobody mutes anything.
    """
    muted = [(n, i) for n, reader in enumerate(readers) for i in reader.interests if i.muted]
    if not muted:
        return None
    named = np.zeros((len(readers), len(printing.candidates)), bool)
    for n, interest in muted:
        named[n, list(kept_away(printing, interest))] = True
    return named


def kept_away(printing: Printing, interest: Interest) -> frozenset[int]:
    """The candidates that a muted line names, by its words or its author."""
    if interest.author:
        return printing.authors.by(interest.author)
    return printing.lexicon.holding(interest.statement) if interest.statement else frozenset()


def authored_by(printing: Printing, readers: Sequence[Subscriber]) -> Booleans | None:
    """(readers, entries): True where an entry is by an author whom a reader follows; None where nobody follows one."""
    followed = [(n, i.author) for n, r in enumerate(readers) for i in r.interests if i.author and not i.muted]
    if not followed:
        return None
    authored = np.zeros((len(readers), len(printing.candidates)), bool)
    for n, author in followed:
        authored[n, list(printing.authors.by(author))] = True
    return authored


def _named_themselves(ground: Ground, readers: Sequence[Subscriber], voted: Voted) -> list[tuple[int, int]]:
    """(reader, candidate) where a candidate is a paper that a line of theirs names: they have it already."""
    candidate = {row: ground.at[entry] for entry, row in voted.row.items() if entry in ground.at}
    named = [(n, voted.papers.get(p, -1)) for n, r in enumerate(readers) for one in r.interests for p in one.papers]
    return [(n, candidate[row]) for n, row in named if row in candidate]
