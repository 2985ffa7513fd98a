"""One reader's scores taken apart: what each entry's is made of. Pure; for looking, not for ranking many readers.

The formulas are those of `attraction`, and only there: what is explained is the difference that each step made.
"""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.attraction import MUTE_FLOOR, Attraction, attraction_of
from newsletter.ranking.tastes import Tastes


@dataclass(frozen=True, slots=True)
class Scores:
    """Every entry as one reader's ranking sees it, had or not. Arrays of (entries,)."""

    #: what ranking goes by; the sum of the next six
    relevance: Vectors
    #: how near an entry is to what the reader follows; 0 for all where they follow nothing
    words: Vectors
    #: what their likes add to that
    votes: Vectors
    #: what it adds that words and likes agree
    both: Vectors
    #: what their mutes take; not above 0
    mutes: Vectors
    #: what their dislikes take; not above 0
    dislikes: Vectors
    #: what it is worth in general, to who follows and likes nothing; else 0
    general: Vectors
    #: standard deviations above this reader's average entry, before dislikes
    standing: Vectors
    #: how near it is to the interest or the liked entry, less what is muted
    closeness: Vectors
    #: True where it is close to something muted
    muted: Booleans
    #: does this reader follow or like anything, and follow anything in words?
    follows: bool
    in_words: bool


def scores_of(
    entries: Vectors,
    tastes: Tastes,
    general: Vectors,
    *,
    seen: Booleans | None = None,
    named: Booleans | None = None,
    floor: float = 0.0,
) -> Scores:
    """The scores of the one reader of `tastes`, as `scoring.rank` has them (arguments as there)."""

    def attraction(seen: Booleans | None) -> Attraction:
        return attraction_of(entries, general, tastes, 0, 1, seen=seen, named=named, floor=floor)

    ranked = attraction(seen)
    # What the reader has had counts for nothing there; here it has the score that it would have if they had not.
    found = ranked if seen is None or not seen.any() else attraction(None)
    follows, in_words = bool(found.follows[0]), len(found.followed.owner) > 0
    nothing = np.zeros(len(entries), np.float32)
    words = found.followed.nearest(found.followed.similarity)[0] if in_words else nothing
    drawn = words
    if len(found.liked.owner):
        liking = found.liked.nearest(found.liked.similarity)[0]
        drawn = np.maximum(words, liking) if in_words else liking
    worth = nothing if follows else general
    relevance = _merged(ranked.relevance, found.relevance, seen)
    return Scores(
        relevance=relevance,
        words=words,
        votes=drawn - words,
        both=found.agreed[0] - found.close[0],
        mutes=found.close[0] - drawn - worth,
        dislikes=relevance - found.agreed[0],
        general=worth,
        standing=(found.agreed[0] - ranked.middle[0]) / ranked.spread[0],
        closeness=found.close[0],
        muted=found.muted[0],
        follows=follows,
        in_words=in_words,
    )


def _merged(ranked: Vectors, otherwise: Vectors, seen: Booleans | None) -> Vectors:
    """Of the one reader the values that ranking has, and the others where they have had the entry."""
    return np.asarray(ranked[0] if seen is None else np.where(seen[0], otherwise[0], ranked[0]))


def near_muted(entries: Vectors, line: Vectors) -> Booleans:
    """(entries,): True where an entry is close to a muted line in meaning."""
    return np.asarray(entries @ line > MUTE_FLOOR)
