"""An entry as one reader's ranking sees it, in parts that add up: for people to look at. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from newsletter.entries.author_names import AuthorNames
from newsletter.entries.entry import Entry
from newsletter.judgement import Judgement
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.explaining import Scores, scores_of
from newsletter.ranking.lexicon import Lexicon
from subscribers.interests import Interest

#: Parts smaller than this are the rounding of sums.
_NOTHING = 1e-6


class PartName(StrEnum):
    """What a score is made of."""

    #: what the reader's own words make of an entry
    WORDS = "words"
    #: what their votes add to that, and the papers that they named
    VOTES = "votes"
    #: an author whom they follow
    AUTHOR = "author"
    #: what readers of like taste said of it before
    COMPANY = "company"
    #: what their mutes take
    MUTES = "mutes"
    #: what their dislikes take
    DISLIKES = "dislikes"
    #: what it is worth to somebody who follows and likes nothing
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score; the parts of an entry add up to its score."""

    name: PartName
    value: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """An entry as one reader's ranking sees it."""

    entry_id: int
    title: str
    #: None where the source gave no link
    url: str | None
    score: float
    #: empty where they are not known any more
    parts: tuple[Part, ...]
    #: standard deviations above this reader's average entry; 0 where that is not known any more
    standing: float
    #: a sentence, for what is not in the issue; empty for a pick
    why: str
    #: as this issue shows it
    summary: str


def weighed(entry: Entry, scores: Scores, n: int, why: str) -> Weighed:
    """An entry, the `n`-th of those that have the scores."""
    amounts = {
        PartName.WORDS: scores.words,
        PartName.VOTES: scores.votes,
        PartName.AUTHOR: scores.author,
        PartName.COMPANY: scores.company,
        PartName.GENERAL: scores.general,
        PartName.MUTES: scores.mutes,
        PartName.DISLIKES: scores.dislikes,
    }
    always = {PartName.WORDS} if scores.in_words else set() if scores.follows else {PartName.GENERAL}
    parts = tuple(
        Part(name, float(values[n])) for name, values in amounts.items() if name in always or abs(values[n]) > _NOTHING
    )
    score, standing = float(scores.relevance[n]), float(scores.standing[n])
    return Weighed(entry.id, entry.title, entry.url, score, parts, standing, why, entry.summary)


def scores_beside(
    judgement: Judgement, others: Sequence[Entry], vectors: Vectors, interests: Sequence[Interest], floor: float
) -> Scores:
    """The scores of the candidates, and behind them those that other entries would have beside them.

    `judgement` is of one reader, `vectors` are those of the other entries, `interests` the reader's lines.
    """
    lexicon = Lexicon([entry.text for entry in others])
    authors = AuthorNames([entry.authors for entry in others])
    named, authored = np.zeros((1, len(others)), bool), np.zeros((1, len(others)), bool)
    for line in interests:
        if line.author:
            (named if line.muted else authored)[0, list(authors.by(line.author))] = True
        elif line.muted and line.statement:
            named[0, list(lexicon.holding(line.statement))] = True
    return scores_of(
        judgement.ground.beside(others, vectors),
        judgement.tastes,
        named=_behind(judgement.named, named, judgement.seen),
        authored=_behind(judgement.authored, authored, judgement.seen),
        company=_silent_behind(judgement, len(others)),
        floor=floor,
    )


def _silent_behind(judgement: Judgement, others: int) -> Vectors | None:
    """Nobody was asked of the others."""
    if judgement.company is None:
        return None
    return np.concatenate([judgement.company.scores, np.zeros((1, others), np.float32)], axis=1)


def _behind(before: Booleans | None, others: Booleans, like: Booleans) -> Booleans:
    return np.concatenate([np.zeros_like(like) if before is None else before, others], axis=1)
