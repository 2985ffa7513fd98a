"""What ranking reaches for people whom its weights were not chosen by, on a folder of judged data over a stream.

`python tests/benchmarks/held_out.py FOLDER`: of 24 settings of four weights the best for one half of the people ranks
for the other half, 200 times over; each person's score is the mean of those times in which they had no say.
"""

import sys
from itertools import product
from pathlib import Path

import numpy as np

from newsletter.evaluation.baselines import BASELINES, Baseline, Needs
from newsletter.evaluation.bootstrap import interval
from newsletter.evaluation.layouts import read
from newsletter.evaluation.measuring import NDCG, Measured, measured
from newsletter.evaluation.product import NAME, this_newsletter
from newsletter.evaluation.reading import kept_vectors, question_of
from newsletter.evaluation.replay import replay_of
from newsletter.ranking import attraction, learning, wording
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import Progress
from newsletter.ranking.model import ModelProcess

BM25, SCARCE, NEAREST = (0.35, 0.5, 1.0), (1e-4, 1e-2), (0.25, 0.5)
TRUST = ((2.4, 0.4), (1.5, 0.25))
KNOWN = (0, 5, None)
HALVES = 200
OURS = Baseline(NAME, this_newsletter, Needs.EITHER)


def no_progress(what: str) -> Progress:
    return lambda done, of: None


def main(folder: Path) -> None:
    replay = replay_of(read(folder))
    with kept_vectors() as db:
        question = question_of(replay, db, ModelProcess("bundled"), no_progress)

    def by(*methods: Baseline) -> list[Measured]:
        return [one for one in measured(replay, question, no_progress(""), methods) if one.votes in KNOWN]

    others = by(*BASELINES)
    settings = []
    for bm25, scarce, nearest, trust in product(BM25, SCARCE, NEAREST, TRUST):
        attraction.BM25, wording.SCARCE, learning.NEAREST = bm25, scarce, nearest
        attraction.TRUST_FIRST, attraction.TRUST_LAST = trust
        settings.append([one.values[NDCG] for one in by(OURS)])
    ours = held_out(np.array(settings))
    print(f"{len(settings)} settings; people who were asked for something: {np.isfinite(ours[0]).sum()}")
    for votes, own in zip(KNOWN, ours, strict=True):
        best = max((one for one in others if one.votes == votes), key=lambda one: one.mean(NDCG))
        found = interval(own, best.values[NDCG])
        above = f"{best.method} {best.mean(NDCG):.3f}, above it by {found}"
        print(f"{'all' if votes is None else votes} known: {np.nanmean(own):.3f}; {above}")


def held_out(settings: Vectors) -> Vectors:
    """Of (settings, counts of votes, people) what each person gets by others' choice, (counts of votes, people)."""
    rng, people = np.random.default_rng(0), settings.shape[2]
    got = np.full((HALVES, *settings.shape[1:]), np.nan)
    for own in got:
        order = rng.permutation(people)
        choosing, kept = order[: people // 2], order[people // 2 :]
        best = np.nanmean(settings[:, :, choosing], axis=(1, 2)).argmax()
        own[:, kept] = settings[best][:, kept]
    return np.asarray(np.nanmean(got, axis=0), np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
