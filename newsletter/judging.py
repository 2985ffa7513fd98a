"""What draws each reader of an issue: their words and votes against its entries. Reads vectors, votes, what was had."""

import zlib
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from newsletter.company import MOST_EARLY, Company, Voters, company_of
from newsletter.delivery import records
from newsletter.entries import store as entries
from newsletter.entries.author_names import same_author
from newsletter.entries.entry import Entry, text_of
from newsletter.entries.papers import known_papers
from newsletter.issues import store as issues
from newsletter.issues.composing import Shape, compose, favourites
from newsletter.issues.issue import NothingNew, Pick, ReasonKind
from newsletter.printing import Printing
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.community import taste_rows
from newsletter.ranking.embedding import Embedder, Told, known_vectors, vectors_of
from newsletter.ranking.offer import OLDER, Offer, offer_of
from newsletter.ranking.scoring import Ranking, general_scores, rank
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote, latest, votes_of, wanting
from newsletter.ranking.wording import Said
from subscribers.interests import Interest
from subscribers.people import Subscriber, by_ids

#: Entries that somebody voted on, read at once: memory stays flat however many there are.
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Older:
    """Entries of before an issue, which tell what is usual."""

    #: one unit row each
    vectors: Vectors
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Ground:
    """An issue's entries as every reader's ranking finds them."""

    candidates: Sequence[Entry]
    #: laid out for all readers, with older entries beside them
    offer: Offer
    #: entry id → candidate
    at: Mapping[int, int]
    #: candidates that the editor pinned, in their order
    pinned: Sequence[int]
    #: older entries: their vectors, titles and summaries
    older: Older
    #: decides the steps outside, the same for the same issue
    seed: int

    @property
    def vectors(self) -> Vectors:
        """One unit row a candidate."""
        return self.offer.entries

    @property
    def alike(self) -> Vectors:
        """The cosines between candidates, (candidates, candidates)."""
        return self.offer.alike

    def beside(self, others: Sequence[Entry], vectors: Vectors) -> Offer:
        """The candidates, and behind them other entries that change nothing for them."""
        together = np.concatenate([self.vectors, vectors])
        return _laid_out([*self.candidates, *others], together, self.older, uncounted=len(others))


@dataclass(frozen=True, slots=True)
class Judgement:
    """An issue's entries as some readers see them."""

    ground: Ground
    #: each followed or muted line and its vector
    lines: Mapping[str, Vectors]
    tastes: Tastes
    #: (readers, candidates): True where a reader has had it
    seen: Booleans
    #: (readers, candidates): True where it holds the words of what they mute, or is by a muted author; None where
    #: nobody mutes anything
    named: Booleans | None
    #: (readers, candidates): True where it is by an author whom they follow; None where nobody follows one
    authored: Booleans | None
    #: the authors whom each reader follows
    authors: Sequence[Sequence[str]]
    #: what readers of like taste said of the candidates; None where nobody has
    company: Company | None
    ranking: Ranking

    @property
    def candidates(self) -> Sequence[Entry]:
        """What the issue may hold."""
        return self.ground.candidates

    @property
    def vectors(self) -> Vectors:
        """One unit row a candidate."""
        return self.ground.vectors

    def composed(self, shape: Shape, *, company: bool = True) -> list[tuple[Pick, ...] | NothingNew]:
        """What every reader gets; sentences are not chosen yet. `company`: may others be a reason?"""
        ground = self.ground
        return compose(
            ground.candidates,
            self.ranking,
            self.tastes,
            pinned=ground.pinned,
            seen=self.seen,
            shape=shape,
            authored=self.authored,
            authors=lambda reader, n: _whom(self.authors[reader], ground.candidates[n]),
            company=self.company.reasons(self.ranking) if self.company and company else None,
        )

    def about(self, reader: int, pick: Pick) -> tuple[str | int, Vectors]:
        """What the reason of a pick is about: a name that is the same for all these readers, and its vector.

        That is an interest, a liked entry, or the entry itself.
        """
        at = self.ground.at
        if pick.reason in (ReasonKind.INTEREST, ReasonKind.LIKED, ReasonKind.NEAREST):
            place = self.ranking.entry[reader].tolist().index(at[pick.entry_id])
            liked = int(self.ranking.liked[reader, place])
            if liked >= 0:
                return liked, self.tastes.voted.vectors[liked]
            line = int(self.ranking.interest[reader, place])
            if line >= 0 and self.tastes.words[line]:
                return self.tastes.words[line], self.tastes.followed[line]
        return "", self.vectors[at[pick.entry_id]]


def judged(
    ground: Ground,
    lines: Mapping[str, Vectors],
    tastes: Tastes,
    seen: Booleans,
    named: Booleans | None,
    authored: Booleans | None,
    authors: Sequence[Sequence[str]],
    company: Company | None,
    shape: Shape,
) -> Judgement:
    """The same as `Judge.of` gives, from all that it reads (see the fields of `Judgement`). Pure."""
    ranking = rank(
        ground.offer,
        tastes,
        # A pinned entry may take a place of the ranking, so a few more are ranked.
        shape.picks + len(ground.pinned),
        seen=seen,
        named=named,
        authored=authored,
        company=company.scores if company else None,
        elsewhere=[*ground.pinned, *favourites(ground.candidates)[: shape.favourites]],
        floor=shape.floor,
        seed=ground.seed,
    )
    return Judgement(ground, lines, tastes, seen, named, authored, authors, company, ranking)


class Judge:
    """Judges issues for readers."""

    def __init__(self, db: Database, embedder: Embedder, told: Told) -> None:
        """`told(what)` gives a progress callback for a piece of long work."""
        self._db = db
        self._embedder = embedder
        self._told = told
        #: of which issue, as of which votes, and who they are
        self._voters: tuple[Ground, tuple[int, str], Voters | None] | None = None

    def ground(self, printing: Printing) -> Ground:
        """An issue that has candidates, before any reader looks at it. Raises `ModelError`."""
        candidates = printing.candidates
        vectors = self.vectors([entry.text for entry in candidates], "Reading entries")
        at = {entry.id: n for n, entry in enumerate(candidates)}
        older = self._older(min(at), vectors.shape[1])
        offer = _laid_out(candidates, vectors, older)
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
        lines, tastes = self._tastes(readers, ground.vectors.shape[1])
        seen = self._seen(ground.candidates, readers) if seen is None else seen.copy()
        for reader, n in _named_themselves(ground, readers, tastes.voted):
            seen[reader, n] = True
        named, authored = named_by(printing, readers), authored_by(printing, readers)
        authors = [[i.author for i in reader.interests if i.author and not i.muted] for reader in readers]
        company = self._company(ground, readers, tastes)
        return judged(ground, lines, tastes, seen, named, authored, authors, company, shape)

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


def _laid_out(entries: Sequence[Entry], vectors: Vectors, older: Older, *, uncounted: int = 0) -> Offer:
    return offer_of(
        vectors,
        general_scores(vectors, [entry.popularity for entry in entries]),
        older=older.vectors,
        said=[said_of(entry) for entry in entries],
        older_said=older.said,
        uncounted=uncounted,
    )


def said_of(entry: Entry) -> Said:
    """Its words, as the ranking looks at them."""
    return entry.title, entry.summary


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


def _whom(followed: Sequence[str], entry: Entry) -> str:
    """Who of the followed authors wrote it, as the reader names them."""
    return next((one for one in followed if any(same_author(one, name) for name in entry.authors)), "")
