"""A model that reads in several places at once: where there is much to read, each part goes to somebody else.

A part is as many texts as are read at once anyway, so every vector is the same as if one had read all of them.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from newsletter.errors import ModelError
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import CHUNK
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.model_choice import ModelChoice
from newsletter.workforce import Workforce

#: Where workers keep what a back end makes of a model.
HOME = Path("~/.cache/newsletter")


class Spread:
    """An `Embedder` that lets a workforce read long lists of texts, and reads short ones itself."""

    def __init__(self, model: ModelProcess, choice: ModelChoice, home: Path, batch: int, workforce: Workforce) -> None:
        """`choice` is what `model` was made of, in the newsletter's folder `home`."""
        self._model = model
        self._choice = replace(choice, model=choice.loadable(home)) if choice.folder(home) else choice
        self._batch = batch
        self._workforce = workforce

    @property
    def name(self) -> str:
        """As of the model."""
        return self._model.name

    @property
    def questions(self) -> "Spread | _SpreadQuestions":
        """The same for interests and searches."""
        return self if self._model.questions is self._model else _SpreadQuestions(self)

    @property
    def at_once(self) -> int:
        """How many chunks are read at the same time."""
        return self._workforce.at_once

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """As of the model. Raises `ClusterError`, too."""
        return self.answer(texts, progress, queries=False)

    def answer(self, texts: Sequence[str], progress: Callable[[int], None] | None = None, *, queries: bool) -> Vectors:
        """The same, of what is looked for or of what is found."""
        if len(texts) <= CHUNK:
            return self._model.answer(texts, progress, queries=queries)
        parts = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        named = self._model.questions.name if queries else self.name
        everywhere = [[one] * len(parts) for one in (self._choice, self._batch, queries, named)]
        rows, done = list[Vectors](), 0
        for part, read in zip(parts, self._workforce.map(read_part, parts, *everywhere), strict=True):
            rows.append(read)
            done += len(part)
            if progress:
                progress(done)
        return np.concatenate(rows)


class _SpreadQuestions:
    """What is looked for, where the model reads that in another way."""

    def __init__(self, spread: Spread) -> None:
        self._spread = spread

    @property
    def name(self) -> str:
        """As of the model's."""
        return self._spread._model.questions.name

    @property
    def at_once(self) -> int:
        """As of the others."""
        return self._spread.at_once

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """As of the others."""
        return self._spread.answer(texts, progress, queries=True)


def read_part(texts: Sequence[str], choice: ModelChoice, batch: int, queries: bool, name: str) -> Vectors:
    """One row a text: a part of the work of reading. The model's process stays, for the next one.

    Raises `ModelError` where the model here is another one than that of this name.
    """
    model, lock = _model(choice, batch)
    here = model.questions.name if queries else model.name
    if here != name:
        raise ModelError(f"The model {choice} is {here} there and {name} here. Bring the same one to both.")
    with lock:
        return model.answer(texts, queries=queries)


@cache
def _model(choice: ModelChoice, batch: int) -> tuple[ModelProcess, threading.Lock]:
    home = HOME.expanduser()
    return ModelProcess(choice, batch=batch, home=home), threading.Lock()
