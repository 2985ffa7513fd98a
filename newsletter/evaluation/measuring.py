"""All methods over one replay, by number of votes known: what each person got of each. Pure, but for progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.evaluation import measures
from newsletter.evaluation.baselines import BASELINES, Baseline, Needs
from newsletter.evaluation.bootstrap import Interval, interval
from newsletter.evaluation.product import NAME, PLACES, SENT, as_sent, this_newsletter
from newsletter.evaluation.question import Question, Scores
from newsletter.evaluation.replay import Known, Replay
from newsletter.ranking.arrays import Integers, Vectors, product
from newsletter.ranking.embedding import Progress

#: The measure that methods are compared by, of graded pairs and of all else.
LOSS, NDCG = "loss", "nDCG@10"
#: By name, in the order of tables.
MEASURES = (NDCG, "recall@50", "hit@10", "coverage", "diversity", "novelty")

METHODS = (Baseline(NAME, this_newsletter, Needs.EITHER), Baseline(SENT, as_sent, Needs.EITHER), *BASELINES)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one method reached with so many votes known."""

    method: str
    #: None for all
    votes: int | None
    #: by measure: (people,), nan where it says nothing of a person
    values: Mapping[str, Vectors]
    #: (people,): what the loss is a share of; None for other measures
    weights: Vectors | None = None

    def mean(self, measure: str) -> float:
        """Over people; of a loss the share of all that could be lost. nan where it says nothing of anybody."""
        values = self.values.get(measure)
        if values is None or np.isnan(values).all():
            return float("nan")
        if self.weights is not None and measure == LOSS:
            return float(np.nansum(values) / self.weights.sum())
        return float(np.nanmean(values))

    def better_than(self, other: "Measured") -> Interval | None:
        """By how much this is better than another method at the same number of votes; None where nobody can tell."""
        if self.weights is None:
            return interval(self.values[NDCG], other.values[NDCG])
        return interval(other.values[LOSS], self.values[LOSS], self.weights)


def measured(
    replay: Replay, question: Question, progress: Progress, methods: Sequence[Baseline] = METHODS
) -> list[Measured]:
    """Every method at every number of votes that it can rank with, method by method in their order.

    Of n votes the newest n count. `progress` is told (done, to do).
    """
    counts = replay.votes()
    interest = interests(replay, question)
    found: dict[tuple[str, int | None], Measured] = {}
    for step, votes in enumerate(counts):
        people = replay.people if votes is None else tuple(person.newest(votes) for person in replay.people)
        asked = question.of(people)
        for number, method in enumerate(methods):
            progress(step * len(methods) + number, len(counts) * len(methods))
            if _can(method, people):
                scores = asked.by(method.scores)
                found[method.name, votes] = _measure(method.name, votes, replay, asked, scores, interest)
    progress(len(counts) * len(methods), len(counts) * len(methods))
    return [found[method.name, votes] for method in methods for votes in counts if (method.name, votes) in found]


def interests(replay: Replay, question: Question) -> Integers:
    """(people, candidates): of which interest what somebody liked is; where the data does not say, of the nearest."""
    found = replay.interest.copy()
    for own, person, grades in zip(found, replay.people, replay.grades, strict=True):
        open_ = np.flatnonzero((np.nan_to_num(grades) > 0) & (own < 0))
        if len(open_) and person.statements:
            lines = np.stack([question.lines[line] for line in person.statements])
            own[open_] = product(question.vectors[replay.candidates[open_]], lines.T).argmax(axis=1)
    return found


def _can(method: Baseline, people: Sequence[Known]) -> bool:
    stated, liked = any(one.statements for one in people), any(len(one.liked) for one in people)
    return {Needs.STATEMENT: stated, Needs.LIKES: liked, Needs.EITHER: stated or liked}[method.needs]


def _measure(
    name: str, votes: int | None, replay: Replay, question: Question, scores: Scores, interest: Integers
) -> Measured:
    if replay.in_pairs:
        lost = [measures.pairwise_loss(own, grades) for own, grades in zip(scores, replay.grades, strict=True)]
        loss, most = np.array(lost, np.float32).T
        return Measured(name, votes, {LOSS: loss}, most)
    rows = [_of_person(n, replay, question, scores[n], interest[n]) for n in range(len(question.people))]
    table = np.array(rows, np.float32)
    return Measured(name, votes, {measure: table[:, n] for n, measure in enumerate(MEASURES)})


def _of_person(n: int, replay: Replay, question: Question, scores: Vectors, interest: Integers) -> list[float]:
    """The mean of each measure over the issues that hold something for this person."""
    person, found = question.people[n], []
    for issue in replay.issues:
        gains = measures.gains_of(replay.grades[n, issue])
        relevant = gains > 0
        if relevant.any():
            own = scores[issue]
            picks = question.vectors[replay.candidates[issue][measures.ranked(own, PLACES)]]
            several = len(person.statements) > 1
            found.append(
                [
                    measures.ndcg(own, gains, PLACES),
                    measures.recall(own, relevant),
                    measures.hit(own, relevant, PLACES),
                    measures.coverage(own, interest[issue], PLACES) if several else float("nan"),
                    measures.diversity(picks),
                    measures.novelty(picks, question.vectors[person.liked]),
                ]
            )
    return list(np.mean(found, axis=0))
