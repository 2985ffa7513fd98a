"""What other people's choices add to a reader's own words and votes, measured on libraries. Pure, but for reading.

New entries are cold: nobody's older choices say anything of them but by their words. Two things of other people may
help: what like-minded readers chose before (pseudo-likes: their choices count as weak ones of the reader's own), and
what the readers whose hour came earlier voted on these very entries. See `newsletter.evaluation.readership`.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from newsletter.errors import EvaluationError
from newsletter.evaluation import measures
from newsletter.evaluation.bootstrap import Interval, interval
from newsletter.evaluation.libraries import read_libraries
from newsletter.evaluation.readership import EARLY, ISSUES, Readership, counts_of, cut, some
from newsletter.evaluation.report import votes_told
from newsletter.evaluation.tasting import Taster
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.embedding import Progress

VOTES = (0, 1, 3, 5, 10, 20, None)
WORDS = "words alone"
POPULAR = "+ early votes, counted"
OURS = "+ early votes, weighed by taste"
SHARED = "+ early votes, weighed by shared choices"
PSEUDO = "+ pseudo-likes"
READ_ALL = "+ early votes, weighed by taste, had the voters read everything"
BOTH = "+ pseudo-likes, and early votes weighed by taste"
CENTRAL, HERE, RANDOM = "the central ones", "words of all that readers here like", "by lot"
NEWCOMERS = "early votes, counted (this newsletter)"
HERE_AND_VOTES = "words of all that readers here like + early votes, counted"
#: With n votes known, pseudo-likes weigh FADE / (FADE + n).
FADE = 3.0
#: Groups of readers: a third each, by all that they chose before.
GROUPS = {
    "all": "all readers",
    "broad": "the third whose choices are least alike",
    "specialists": "the third whose choices are most alike",
    "loners": "the third whose nearest early voter is farthest",
}


@dataclass(frozen=True, slots=True)
class Reached:
    """What one way reached with so many votes known."""

    method: str
    #: None for all
    votes: int | None
    #: (readers,)
    ndcg: Vectors
    recall: Vectors


@dataclass(frozen=True, slots=True)
class CommunityReport:
    """All ways side by side, by number of votes known; the first of each number is what the others stand beside."""

    reached: tuple[Reached, ...]
    #: by name, (readers,)
    groups: Mapping[str, Booleans]
    readers: int
    entries: int
    #: of the others, how many voted before, and what share of them it is
    voters: int
    early: float
    early_votes: int

    def told(self) -> str:
        """What was done, in words."""
        return (
            f"Ranked {self.entries:,} new entries in {ISSUES} issues for {self.readers:,} readers. What is new, and "
            f"which votes are known, was drawn by lot. {self.voters:,} others ({self.early:.0%} of them) voted before, "
            f"on the ten entries of each issue that words alone would have sent them: {self.early_votes:,} votes. "
            "Weights were found on the other half of the people."
        )

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Head and lines: nDCG@10 and recall@50 of every way."""
        lines = [
            [votes_told(r.votes), r.method, f"{r.ndcg.mean():.3f}", f"{r.recall.mean():.3f}"] for r in self.reached
        ]
        return ["votes", "", "nDCG@10", "recall@50"], lines

    def differences(self) -> tuple[list[str], list[list[str]]]:
        """Head and lines: nDCG@10 above the first way with as many votes, and in 95 of 100 draws of readers."""
        lines = []
        for own, apart in self._compared():
            told = [str(found or "") for found in apart.values()]
            lines.append([votes_told(own.votes), own.method, *told])
        return ["votes", "", *GROUPS], lines

    def as_json(self) -> dict[str, Any]:
        """The same for scripts."""
        means = [
            {"votes": r.votes, "method": r.method, "ndcg": float(r.ndcg.mean()), "recall": float(r.recall.mean())}
            for r in self.reached
        ]
        apart = [
            {"votes": own.votes, "method": own.method} | {group: astuple(a) for group, a in found.items() if a}
            for own, found in self._compared()
        ]
        told = {"readers": self.readers, "entries": self.entries, "voters": self.voters, "early": self.early}
        return {**told, "early_votes": self.early_votes, "groups": GROUPS, "methods": means, "above_first": apart}

    def _compared(self) -> list[tuple[Reached, dict[str, Interval | None]]]:
        first: dict[int | None, Reached] = {}
        found = []
        for own in self.reached:
            base = first.setdefault(own.votes, own)
            if base is not own:
                apart = {name: interval(own.ndcg[who], base.ndcg[who]) for name, who in self.groups.items()}
                found.append((own, apart))
        return found


def evaluate_community(
    folder: Path, progress: Progress = lambda done, todo: None, early: float = EARLY
) -> CommunityReport:
    """Measure on a folder of libraries (see `newsletter.evaluation.libraries`); `progress` is told (done, to do).

    `early` is the share of other readers who vote before the reader's hour.

    Raises `EvaluationError` where the folder holds none, something in it is wrong, or there are too few people.
    """
    libraries = read_libraries(folder)
    readership = cut(libraries, early=early)
    readers = readership.before.shape[0]
    if readers < 2 or not readership.early.any() or libraries.words.shape[1] < 2:
        raise EvaluationError(
            f"{folder} holds too little: at least two people who chose something old and something new, a tenth as "
            f"many others and a few words are needed; there are {readers} such people."
        )
    taster = Taster(libraries, readership)
    reached = []
    for step, votes in enumerate(VOTES):
        progress(step, len(VOTES))
        for method, scores in _ways(taster, readership, votes).items():
            reached.append(Reached(method, votes, *_measured(scores, readership)))
    progress(len(VOTES), len(VOTES))
    return CommunityReport(
        tuple(reached),
        _groups(taster, readership),
        readers,
        len(readership.new),
        int(readership.early.sum()),
        early,
        int(taster.votes.nnz),
    )


def _ways(taster: Taster, readership: Readership, votes: int | None) -> dict[str, Vectors]:
    """By name, (readers, new): the first is what the others are compared with."""
    readers, new = readership.since.shape
    popular = taster.neighbours(None, taster.votes)
    if votes == 0:
        same = (readers, new)
        here = np.broadcast_to(taster.liked_here(), same)
        return {
            CENTRAL: np.broadcast_to(taster.central(), same),
            RANDOM: np.random.default_rng(2).random(same, np.float32),
            HERE: here,
            NEWCOMERS: popular,
            HERE_AND_VOTES: here + popular,
        }
    known = some(readership.before, votes)
    words, ours = taster.content(known), taster.neighbours(known, taster.votes)
    pseudo = taster.pseudo_likes(known) * (FADE / (FADE + counts_of(known)))[:, None].astype(np.float32)
    return {
        WORDS: words,
        POPULAR: words + popular,
        SHARED: words + taster.overlapping(known),
        PSEUDO: words + pseudo,
        BOTH: words + pseudo + ours,
        OURS: words + ours,
        READ_ALL: words + taster.neighbours(known, taster.all_votes),
    }


def _measured(scores: Vectors, readership: Readership) -> tuple[Vectors, Vectors]:
    """(readers,) each: mean nDCG@10 and recall@50 over the issues that hold something for a reader."""
    since = readership.since.toarray()
    found = np.zeros((2, len(since)), np.float32)
    for reader, chosen in enumerate(since):
        issues = [issue for issue in readership.issues if chosen[issue].any()]
        own = [(scores[reader, issue], chosen[issue]) for issue in issues]
        found[0, reader] = np.mean([measures.ndcg(score, gains) for score, gains in own])
        found[1, reader] = np.mean([measures.recall(score, gains > 0) for score, gains in own])
    return found[0], found[1]


def _groups(taster: Taster, readership: Readership) -> dict[str, Booleans]:
    narrow, company = taster.narrowness(readership.before), taster.company(readership.before)
    low, high = np.nanquantile(narrow, [1 / 3, 2 / 3]) if np.isfinite(narrow).any() else (np.nan, np.nan)
    return {
        "all": np.ones(len(narrow), bool),
        "broad": narrow <= low,
        "specialists": narrow >= high,
        "loners": company <= np.quantile(company, 1 / 3),
    }
