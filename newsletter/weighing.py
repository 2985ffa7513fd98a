"""An entry as one reader's ranking sees it, in parts that add up: for people to look at. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from newsletter.entries.entry import Entry
from newsletter.judging import Judgement
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.explaining import Scores, scores_of
from newsletter.ranking.lexicon import Lexicon
from newsletter.ranking.scoring import general_scores

#: Parts smaller than this are the rounding of sums.
_NOTHING = 1e-6


class PartName(StrEnum):
    """What a score is made of."""

    #: how near an entry is to what the reader follows
    WORDS = "words"
    #: what their likes add to that
    VOTES = "votes"
    #: words and likes agree
    BOTH = "both"
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
        PartName.BOTH: scores.both,
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
    judgement: Judgement, others: Sequence[Entry], vectors: Vectors, muted: Sequence[str], floor: float
) -> Scores:
    """The scores of the candidates, and behind them those that other entries would have beside them.

    `judgement` is of one reader, `vectors` are those of the other entries, `muted` the lines that the reader mutes.
    """
    lexicon = Lexicon([entry.text for entry in others])
    named = np.zeros((1, len(others)), bool)
    for line in muted:
        named[0, list(lexicon.holding(line))] = True
    before = judgement.named if judgement.named is not None else np.zeros_like(judgement.seen)
    together = np.concatenate([judgement.vectors, vectors])
    return scores_of(
        together,
        judgement.tastes,
        general_scores(together, [entry.popularity for entry in (*judgement.candidates, *others)]),
        # As if the reader had had them: they change nothing for the others.
        seen=np.concatenate([judgement.seen, np.ones_like(named)], axis=1),
        named=np.concatenate([before, named], axis=1),
        floor=floor,
    )
