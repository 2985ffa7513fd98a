"""The choice of a sentence against labelled ones: does it say an idea or a result, and is it this reader's? Pure.

Every abstract is read by six readers made of its neighbours, the nearest, third and tenth nearest by the abstracts'
vectors: three who follow a line (the words labelled as the neighbour's task), three who like the neighbour's abstract.
The weights of our own choice were found on one half of the abstracts, by a hash of their ids; figures are of the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from newsletter.errors import EvaluationError
from newsletter.evaluation.bootstrap import Interval, interval
from newsletter.evaluation.labelled import Abstract, Labelled, read_labelled
from newsletter.ranking.arrays import Vectors, product
from newsletter.ranking.sentences import MOST, telling_sentence

#: Which neighbours of an abstract read it.
NEIGHBOURS = (0, 2, 9)
#: The measures, each a share or mean over abstracts, and what they mean.
MEASURES = {
    "tells": "says an idea or a result",
    "best": "says one, and of those that do is the nearest to the reader",
    "leads": "says only a problem or a task",
    "near": "0 for a sentence as near to the reader as the mean of all, 1 for the nearest",
    "differs": "two readers of the same kind get different sentences",
}
#: Those by which ours is compared with others.
COMPARED = ("tells", "best")
OURS = "this newsletter"
#: TextRank's damping factor, and steps of its iteration.
DAMPING, STEPS = 0.85, 50


@dataclass(frozen=True, slots=True)
class Read:
    """An abstract with its vectors, and who reads it."""

    abstract: Abstract
    #: (sentences, d), unit rows
    vectors: Vectors
    #: (lines of neighbours, d) and (abstracts of neighbours, d), unit rows
    readers: tuple[Vectors, Vectors]


#: Chooses one of an abstract's sentences for somebody who wants a unit vector (d,).
Choosing = Callable[[Read, Vectors], int]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one way of choosing reached: by measure (abstracts,)."""

    method: str
    values: dict[str, Vectors]


@dataclass(frozen=True, slots=True)
class SentencesReport:
    """All ways side by side, ours first."""

    chosen: tuple[Chosen, ...]
    reported: int
    tuned_on: int
    left_out: int

    def told(self) -> str:
        """What was done, in words."""
        return (
            f"Chose a sentence of each of {self.reported:,} abstracts for {2 * len(NEIGHBOURS)} readers each, made of "
            f"its neighbours. {self.tuned_on:,} more are the half that our own weights were found on; "
            f"{self.left_out:,} were left out: their labels do not fit their text, or name neither idea nor result."
        )

    def compared(self, other: Chosen, measure: str) -> Interval | None:
        """By how much ours is above another; over abstracts drawn again and again."""
        return interval(self.chosen[0].values[measure], other.values[measure])

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Head and lines: of every way, what it reached."""
        means = [[f"{chosen.values[name].mean():.3f}" for name in MEASURES] for chosen in self.chosen]
        return ["", *MEASURES], [[chosen.method, *own] for chosen, own in zip(self.chosen, means, strict=True)]

    def differences(self) -> tuple[list[str], list[list[str]]]:
        """Head and lines: by how much ours is above every other way, and in 95 of 100 draws of abstracts."""
        lines = []
        for chosen in self.chosen[1:]:
            apart = [self.compared(chosen, name) for name in COMPARED]
            lines.append([f"{OURS} − {chosen.method}", *(str(own or "") for own in apart)])
        return ["", *COMPARED], lines

    def as_json(self) -> dict[str, Any]:
        """The same for scripts."""
        found = []
        for chosen in self.chosen:
            values = {name: round(float(own.mean()), 4) for name, own in chosen.values.items()}
            apart = {name: self.compared(chosen, name) for name in COMPARED}
            below = {name: astuple(own) for name, own in apart.items() if own}
            found.append({"method": chosen.method, **values, "ours_above": below})
        told = {"abstracts": self.reported, "tuned_on": self.tuned_on, "left_out": self.left_out}
        return {**told, "measures": MEASURES, "methods": found}


def evaluate_sentences(folder: Path, read: Callable[[Sequence[str]], Vectors]) -> SentencesReport:
    """Choose sentences of the labelled abstracts of a folder (see `newsletter.evaluation.labelled`) in every way.

    `read` gives one unit row a text. Raises `EvaluationError`, and what `read` raises.
    """
    data = read_labelled(folder)
    _enough(data, folder)
    texts = sorted({t for a in data.abstracts for t in (a.text, *a.sentences, a.task) if t})
    vectors = dict(zip(texts, read(texts), strict=True))
    reported = [read_by for read_by in with_readers(data.abstracts, vectors) if not read_by.abstract.tuned_on]
    chosen = tuple(Chosen(name, measured(reported, choosing)) for name, choosing in methods().items())
    return SentencesReport(chosen, len(reported), len(data.abstracts) - len(reported), data.left_out)


def _enough(data: Labelled, folder: Path) -> None:
    """Raises `EvaluationError` where not every abstract can have its neighbours, or none is left to report."""
    wanted = max(NEIGHBOURS) + 2
    there = sum(bool(abstract.task) for abstract in data.abstracts)
    if there < wanted or all(abstract.tuned_on for abstract in data.abstracts):
        raise EvaluationError(
            f"{folder} holds {there:,} abstracts whose labels fit and name a task. Readers are made of neighbours: "
            f"at least {wanted} are needed, one of them in the half that is reported. {data.left_out:,} were left out: "
            "their labels do not fit their text, or name neither idea nor result."
        )


def with_readers(abstracts: Sequence[Abstract], vectors: dict[str, Vectors]) -> list[Read]:
    """Every abstract and its readers; `vectors` are unit rows of all texts, sentences and tasks."""
    rows = np.stack([vectors[abstract.text] for abstract in abstracts])
    alike = product(rows, rows.T)
    np.fill_diagonal(alike, -np.inf)
    found = []
    for n, abstract in enumerate(abstracts):
        order = np.argsort(-alike[n], kind="stable")[:-1]
        lines = [vectors[abstracts[m].task] for m in order if abstracts[m].task]
        readers = np.stack([lines[k] for k in NEIGHBOURS]), rows[order[list(NEIGHBOURS)]]
        found.append(Read(abstract, np.stack([vectors[said] for said in abstract.sentences]), readers))
    return found


def measured(reads: Sequence[Read], choosing: Choosing) -> dict[str, Vectors]:
    """By measure (abstracts,): the mean over an abstract's readers, of `differs` over pairs of the same kind."""
    found: dict[str, list[float]] = {name: [] for name in MEASURES}
    for read in reads:
        telling, leading = np.array(read.abstract.telling), np.array(read.abstract.only_leading)
        picks = [np.array([choosing(read, wanted) for wanted in kind]) for kind in read.readers]
        pick = np.concatenate(picks)
        cosines = product(np.concatenate(read.readers), read.vectors.T)
        best = np.where(telling, cosines, -np.inf).argmax(axis=1)
        mean = cosines.mean(axis=1)
        above = np.take_along_axis(cosines, pick[:, None], axis=1)[:, 0] - mean
        found["tells"].append(float(telling[pick].mean()))
        found["best"].append(float((pick == best).mean()))
        found["leads"].append(float(leading[pick].mean()))
        found["near"].append(float((above / np.maximum(cosines.max(axis=1) - mean, 1e-9)).mean()))
        pairs = [a != b for own in picks for n, a in enumerate(own) for b in own[n + 1 :]]
        found["differs"].append(float(np.mean(pairs)))
    return {name: np.array(values, np.float32) for name, values in found.items()}


def methods() -> dict[str, Choosing]:
    """Ours, then what others do. "random" is the same in every run."""
    dice = np.random.default_rng(0)
    return {
        OURS: lambda read, wanted: telling_sentence(read.abstract.sentences, read.vectors, wanted),
        "nearest": lambda read, wanted: int(np.argmax(read.vectors[:MOST] @ wanted)),
        "centroid": lambda read, wanted: int(np.argmax(read.vectors @ read.vectors.mean(axis=0))),
        "TextRank": lambda read, wanted: int(np.argmax(textrank(read.vectors))),
        "lead-1": lambda read, wanted: 0,
        "last": lambda read, wanted: len(read.vectors) - 1,
        "random": lambda read, wanted: int(dice.integers(len(read.vectors))),
    }


def textrank(vectors: Vectors) -> Vectors:
    """How much each sentence is recommended by the others, (n,), summing to 1: TextRank (Mihalcea & Tarau 2004).

    Sentences recommend each other by their cosine, here of vectors (n, d) of unit length, where the paper counts words.
    """
    count = len(vectors)
    weights = np.maximum(product(vectors, vectors.T), 0).astype(np.float64)
    np.fill_diagonal(weights, 0)
    sums = weights.sum(axis=1, keepdims=True)
    # Who recommends nobody recommends all alike, as in PageRank.
    shares = np.where(sums > 0, weights / np.maximum(sums, 1e-12), 1 / count)
    ranks = np.full(count, 1 / count)
    for _ in range(STEPS):
        ranks = (1 - DAMPING) / count + DAMPING * (shares.T @ ranks)
    return ranks.astype(np.float32)
