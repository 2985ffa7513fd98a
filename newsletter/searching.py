"""Searching all that ever came in, by its words and by what it means, the closest first."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

import numpy as np
from sqlite_utils import Database

from newsletter.entries import search as archive
from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.entries.query import Query, parse_query
from newsletter.errors import ModelError
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.closeness import closeness, closest_first, pieces, sentence_about
from newsletter.ranking.embedding import Embedder, Told, for_questions, vectors_of
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.nearest import Nearest
from newsletter.ranking.patience import Patient, until
from newsletter.rendering.card import SENTENCE, Card, card_of

log = logging.getLogger("newsletter.search")

#: The best by words and the best by meaning: of these the closest are shown.
POOL = 200
#: Results that can be leafed through.
MOST = 100
#: Entries that are read for their meaning at once, where somebody waits who said so; the rest is found by words.
READ_AT_ONCE = 1_000


class Meaning(StrEnum):
    """Whether a search went by meaning."""

    READ = "read"
    #: nothing in it could be read: it names an author or a day only
    NONE = "none"
    #: older entries went by words only: reading the archive takes longer than there was patience
    PARTLY = "partly"
    #: waking the model takes longer than there was patience
    LATER = "later"
    #: there is no model that works
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that was found."""

    entry: Entry
    card: Card
    #: 1 is the closest that there can be, 0 has nothing of it
    closeness: float
    #: the sentence that says most about the search in pieces, each with whether it is a word of the search
    sentence: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found."""

    query: Query
    #: the closest first; for an empty query what came in last
    found: tuple[Found, ...]
    #: how many can be leafed through
    count: int
    meaning: Meaning
    #: why there was no meaning, for the operator; else empty
    trouble: str = ""
    #: entries that no model has read yet: they are found by their words only
    unread: int = 0


class Search:
    """Searches the entries of one newsletter. Use it from one thread."""

    def __init__(
        self, db: Database, embedder: Embedder, search_url: str, clock: Callable[[], datetime], told: Told
    ) -> None:
        """`search_url` is where an entry without a link is looked for; the embedder is nobody else's meanwhile."""
        self._db = db
        self._embedder = embedder
        self._search_url = search_url
        self._clock = clock
        self._told = told
        self._patient = Patient(for_questions(embedder))
        self._nearest = Nearest(db)

    def find(
        self, text: str, *, since: date | None = None, skip: int = 0, most: int = 20, patience: float | None = None
    ) -> Results:
        """The entries closest to what was typed, or for nothing what came in last.

        `patience` are the seconds that who asks waits for a model that sleeps, or an archive that was not read since
        the start: beyond them it goes by words. Without it there is no hurry, and entries that no model has read yet
        are read. Never raises for what was typed, or for a model that does not work.
        """
        query = parse_query(text)
        query = replace(query, since=since or query.since)
        allowed = archive.allowed(self._db, query)
        if not query.meaning:
            ids = archive.newest(self._db, allowed, MOST)
            shown = self._shown(query, ids[skip : skip + most], dict.fromkeys(ids, 0.0))
            return Results(query, shown, len(ids), Meaning.NONE)
        wanted, meaning, trouble = self._understood(query, patience)
        ids, close = self._ranked(query, allowed, wanted)
        shown = self._shown(query, ids[skip : skip + most], close)
        unread = len(self._nearest.without) if wanted is not None else 0
        return Results(query, shown, len(ids), meaning, trouble, unread)

    def close(self) -> None:
        """Let go of the model."""
        self._patient.close()

    def _understood(self, query: Query, patience: float | None) -> tuple[Vectors | None, Meaning, str]:
        """The vector of what is wanted, None where it goes by words alone; with why."""
        try:
            wanted = self._patient.vector(query.meaning, patience)
            if wanted is None:
                return None, Meaning.LATER, ""
            whole = self._nearest.catch_up(self._embedder.name, until(patience))
            if patience is None:
                self._read_more()
            return wanted, Meaning.READ if whole else Meaning.PARTLY, ""
        except ModelError as error:
            log.warning("searching goes by words only: %s", error)
            return None, Meaning.BROKEN, str(error)

    def _read_more(self) -> None:
        """Let the model read the newest entries that it has not read yet."""
        unread = entries.by_ids(self._db, self._nearest.without[-READ_AT_ONCE:].tolist())
        if unread:
            texts = [entry.text for entry in unread.values()]
            vectors_of(self._db, self._embedder, texts, self._told("Reading entries"))
            self._nearest.catch_up(self._embedder.name)

    def _ranked(
        self, query: Query, allowed: archive.Allowed, wanted: Vectors | None
    ) -> tuple[list[int], dict[int, float]]:
        """The ids of what is close enough, the closest first, and how close each is."""
        held, scores = archive.by_words(self._db, query)
        kept = allowed.mask(held)
        held, scores = held[kept], scores[kept]
        best = np.argsort(-scores, kind="stable")[:POOL]
        if wanted is None:
            near = np.zeros(0, np.int64)
        else:
            near, cosines = self._nearest.near(wanted, POOL, allowed.mask)
            near = near[cosines >= LEAST_SIMILARITY]
        ids = np.union1d(held[best], near)
        # Not only of the best: what is near may hold the words as well.
        by_words = np.zeros(len(ids), np.float32)
        _, at, its = np.intersect1d(ids, held, assume_unique=True, return_indices=True)
        by_words[at] = scores[its]
        meaning = np.full(len(ids), np.nan, np.float32) if wanted is None else self._nearest.cosines(wanted, ids)
        days = archive.days_of(self._db, ids.tolist())
        close = closeness(meaning, by_words)
        order = closest_first(close, np.array([days[one].toordinal() for one in ids.tolist()], np.int64))[:MOST]
        ordered = ids[order].tolist()
        return ordered, dict(zip(ordered, close[order].tolist(), strict=True))

    def _shown(self, query: Query, ids: list[int], close: dict[int, float]) -> tuple[Found, ...]:
        known, met = entries.by_ids(self._db, ids), archive.words_met(self._db, query, ids)
        return tuple(self._found(known[one], met.get(one, frozenset()), close[one]) for one in ids if one in known)

    def _found(self, entry: Entry, met: frozenset[str], close: float) -> Found:
        card = card_of(entry, search_url=self._search_url, today=self._clock().date())
        sentence = card.sentence(sentence_about(card.sentences, met), SENTENCE)
        return Found(entry, card, close, tuple(pieces(sentence, met)))
