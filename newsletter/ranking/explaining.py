"""One reader's scores taken apart: what each entry's is made of. Pure; for looking, not for ranking many readers.

The formulas are those of `attraction`, and only there: what is explained is the difference that each step made.
"""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.attraction import MUTE_FLOOR, Attraction, attraction_of
from newsletter.ranking.offer import Offer
from newsletter.ranking.tastes import Tastes


@dataclass(frozen=True, slots=True)
class Scores:
    """Every entry as one reader's ranking sees it, had or not. Arrays of (entries,)."""

    #: what ranking goes by; the sum of the next seven
    relevance: Vectors
    #: what the reader's own words make of it: those of the line that draws it most; 0 where they follow nothing
    words: Vectors
    #: what their votes, and the papers that they named, add to that
    votes: Vectors
    #: what it is worth that an author is followed
    author: Vectors
    #: what readers of like taste said of it before
    company: Vectors
    #: what their mutes take; not above 0
    mutes: Vectors
    #: what their dislikes take; not above 0
    dislikes: Vectors
    #: what it is worth in general, to who follows and likes nothing; else 0
    general: Vectors
    #: standard deviations above what is average for this reader, before dislikes
    standing: Vectors
    #: how near it is to a line or a liked entry, less what is muted, in cosine similarity
    closeness: Vectors
    #: True where it is close to something muted
    muted: Booleans
    #: does this reader follow or like anything, and follow anything in words?
    follows: bool
    in_words: bool


def scores_of(
    offer: Offer,
    tastes: Tastes,
    *,
    named: Booleans | None = None,
    authored: Booleans | None = None,
    company: Vectors | None = None,
    floor: float = 0.0,
) -> Scores:
    """The scores of the one reader of `tastes`, as `scoring.rank` has them (arguments as there).

    What the reader has had counts for nothing there; here it has the score that it would have if they had not.
    """
    found = attraction_of(offer, tastes, 0, 1, seen=None, named=named, authored=authored, floor=floor, company=company)
    follows, in_words = bool(found.follows[0]), bool(len(found.followed.owner))
    nothing = np.zeros(len(offer.entries), np.float32)
    drawn, words = _drawn(found)
    author = nothing if found.author is None else found.author[0]
    if in_words or found.liked is not None:
        of_entry, worth, told = drawn, nothing, nothing if company is None else np.asarray(company[0], np.float32)
    else:
        of_entry, worth, told = offer.general, offer.general, nothing
    return Scores(
        relevance=found.relevance[0],
        words=words,
        votes=drawn - words,
        author=author,
        company=told,
        mutes=found.standing[0] - of_entry - told - author,
        dislikes=found.relevance[0] - found.standing[0],
        general=worth,
        standing=found.standing[0],
        closeness=found.closeness[0],
        muted=found.muted[0],
        follows=follows,
        in_words=in_words,
    )


def _drawn(found: Attraction) -> tuple[Vectors, Vectors]:
    """What the line makes of each entry that draws it most, and the part of its words."""
    if not len(found.followed.owner):
        return found.learned[0], np.zeros_like(found.learned[0])
    line = found.drawn.argmax(axis=0)
    every = np.arange(found.drawn.shape[1])
    return found.drawn[line, every], found.said[line, every]


def near_muted(entry: Vectors, vectors: Vectors) -> Booleans:
    """(vectors,): to which of these muted vectors an entry is close in meaning."""
    return np.asarray(vectors @ entry > MUTE_FLOOR)
