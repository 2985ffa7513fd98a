"""Models and back ends side by side: how fast they read, how much memory that takes, how well they tell texts apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from newsletter.errors import ModelError
from newsletter.evaluation.judged import Statements
from newsletter.evaluation.measures import gains_of, ndcg, ranked
from newsletter.evaluation.replay import graded
from newsletter.ranking.arrays import Indices, Vectors, product
from newsletter.ranking.embedding import Told
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.model_choice import MADE, ModelChoice

#: Neighbours of a text in which two ways of reading ought to agree.
NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """What one way of reading was found to be like."""

    choice: ModelChoice
    #: why it could not be measured; else empty
    trouble: str = ""
    #: how its numbers were computed
    precision: str = ""
    #: texts in a second of one core
    speed: float = 0.0
    #: bytes that its process held at most
    memory: int = 0
    #: the part of each text's ten nearest neighbours that the first way finds, too; None where that was not measured
    agreement: float | None = None
    #: nDCG@10 of statements and documents by closeness alone; None without judged data
    ndcg: float | None = None


def compare(
    choices: Sequence[ModelChoice],
    texts: Sequence[str],
    home: Path,
    batch: int,
    told: Told,
    judged: Statements | None = None,
    opening: Callable[..., ModelProcess] = ModelProcess,
) -> list[Compared]:
    """Let each of them read the texts (more than ten), and the judged documents and statements, if there are any.

    The first is what the others are compared with. `home` is the newsletter's folder; `opening` opens a model.
    """
    found: list[Compared] = []
    first: Indices | None = None
    for choice in choices:
        tell = told(f"{choice} reads")
        try:
            if choice.backend in MADE:
                with opening(choice, batch=batch, home=home) as maker:
                    maker.embed(texts[:1])
            with opening(choice, batch=batch, home=home) as model:
                model.embed(texts[:1])  # it is loaded before the clock runs
                before = model.seconds
                vectors = model.embed(texts, lambda done, tell=tell: tell(done, len(texts)))  # type: ignore[misc]
                speed = len(texts) / max(model.seconds - before, 1e-6)
                near = nearest(vectors)
                first = near if first is None and not found else first
                quality = _quality(model, judged, told) if judged else None
                agreement = None if first is None else agreed(first, near)
                found.append(Compared(choice, "", model.precision, speed, model.peak, agreement, quality))
        except ModelError as error:
            tell(1, 1)
            found.append(Compared(choice, str(error)))
    return found


def nearest(vectors: Vectors) -> Indices:
    """The nearest neighbours of each row, (rows, 10) or as many as there are; never itself."""
    cosines = product(vectors, vectors.T)
    np.fill_diagonal(cosines, -np.inf)
    return ranked(cosines, min(NEIGHBOURS, len(vectors) - 1))


def agreed(ours: Indices, theirs: Indices) -> float:
    """The mean part of the neighbours that both found."""
    shared = [len(np.intersect1d(one, other)) for one, other in zip(ours, theirs, strict=True)]
    return float(np.mean(shared) / ours.shape[1])


def _quality(model: ModelProcess, judged: Statements, told: Told) -> float:
    tell = told("Reading judged documents")
    count = len(judged.entries)
    documents = model.embed([entry.text for entry in judged.entries], lambda done: tell(done, count))
    statements = model.questions.embed([person.statements[0] for person in judged.people])
    scores = product(statements, documents.T)
    gains = gains_of(graded(judged.grades, np.arange(count), 0))
    return float(np.nanmean([ndcg(one, gain) for one, gain in zip(scores, gains, strict=True)]))
