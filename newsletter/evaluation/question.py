"""What a method is asked: to rank what some issues offer for some people, by what is known of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from newsletter.entries.entry import Entry
from newsletter.evaluation.replay import Known
from newsletter.evaluation.terms import Terms
from newsletter.ranking.arrays import Indices, Vectors

#: (people, candidates), the higher the better; compared within an issue only
Scores = Vectors
#: A ranking: one score for each person and candidate.
Method = Callable[["Question"], Scores]


@dataclass(frozen=True, slots=True)
class Question:
    """Issues, people, and all that may be read to rank the ones for the others. Rows are those of `entries`."""

    entries: Sequence[Entry]
    #: one unit row an entry, (entries, dimensions)
    vectors: Vectors
    #: each statement's unit vector
    lines: Mapping[str, Vectors]
    #: the entries by their words
    terms: Terms
    #: rows: what the issues offer, issue by issue
    candidates: Indices
    #: where in the candidates each issue is
    issues: tuple[slice, ...]
    #: rows of random older entries, in an order of chance; who liked one of them must leave it out for themselves
    background: Indices
    people: Sequence[Known]
    _answered: dict[Method, Scores] = field(default_factory=dict)

    def by(self, method: Method) -> Scores:
        """What another method answers; asked again it is not worked out again."""
        if method not in self._answered:
            self._answered[method] = np.asarray(method(self), np.float32)
        return self._answered[method]

    def of(self, people: Sequence[Known]) -> "Question":
        """The same question for other people, or the same with other votes known."""
        return replace(self, people=people, _answered={})

    def issue(self, number: int) -> "Question":
        """The same question about one issue alone, as it comes up when that is made."""
        offered = self.candidates[self.issues[number]]
        return replace(self, candidates=offered, issues=(slice(0, len(offered)),), _answered={})

    def standard(self, scores: Scores) -> Scores:
        """The scores in standard deviations above the mean, for each person and issue."""
        return standard(scores, self.issues)


def standard(scores: Scores, issues: Iterable[slice | Indices]) -> Scores:
    """In standard deviations above each row's mean, issue by issue; 0 where all are the same."""
    found = np.zeros(scores.shape, np.float32)
    for issue in issues:
        part = scores[:, issue]
        spread = part.std(axis=1, keepdims=True)
        found[:, issue] = np.where(spread > 1e-9, (part - part.mean(axis=1, keepdims=True)) / (spread + 1e-12), 0)
    return found
