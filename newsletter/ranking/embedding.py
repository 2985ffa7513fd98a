"""Text into vectors: only what is not known yet, by whatever embedder there is."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import numpy as np
from sqlite_utils import Database

from newsletter.entries.entry import content_hash
from newsletter.ranking import store
from newsletter.ranking.arrays import Vectors as Vectors

Progress = Callable[[int, int], None]
#: asked for a callback before each piece of long work
Told = Callable[[str], Progress]

#: Texts embedded before they are stored: a kill in the middle loses no more than these.
CHUNK = 256


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """The model's name and version: vectors of different names are never compared."""

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """One row of unit length per text; `progress` is told how many are done. Raises `ModelError`."""


@runtime_checkable
class Asked(Protocol):
    """An embedder that reads what is looked for (interests, searches) in another way than what is found."""

    @property
    def questions(self) -> Embedder:
        """The same for those; under a name of its own where their vectors may differ."""


@runtime_checkable
class Several(Protocol):
    """An embedder that reads several chunks at the same time."""

    @property
    def at_once(self) -> int:
        """So many."""


def for_questions(embedder: Embedder) -> Embedder:
    """The embedder for interests and searches: itself, where it reads every text in one way."""
    return embedder.questions if isinstance(embedder, Asked) else embedder


class Guarded:
    """An `Embedder` that is asked within something else: a lock, or words of our own for what goes wrong."""

    def __init__(self, embedder: Embedder, guard: Callable[[], AbstractContextManager[object]]) -> None:
        """`guard` is entered for each question anew."""
        self._embedder = embedder
        self._guard = guard

    @property
    def name(self) -> str:
        """As of what it guards."""
        return self._embedder.name

    @property
    def at_once(self) -> int:
        """As of what it guards."""
        return self._embedder.at_once if isinstance(self._embedder, Several) else 1

    @property
    def questions(self) -> Embedder:
        """As of what it guards, guarded too."""
        return Guarded(for_questions(self._embedder), self._guard)

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """As of what it guards."""
        with self._guard():
            return self._embedder.embed(texts, progress)


def vectors_of(
    db: Database,
    embedder: Embedder,
    texts: Sequence[str],
    progress: Progress | None = None,
    *,
    questions: bool = False,
) -> Vectors:
    """Vectors of the texts, shape (texts, dimensions), float32; unknown texts are embedded and kept.

    `questions`: the texts are interests or searches. `progress` is called with (done, to do) for the unknown ones.
    Raises `ModelError`.
    """
    embedder = for_questions(embedder) if questions else embedder
    if not texts:
        return np.zeros((0, 1), np.float32)
    hashes = [content_hash(text) for text in texts]
    known = store.load_vectors(db, embedder.name, set(hashes))
    missing = {h: text for h, text in zip(hashes, texts, strict=True) if h not in known}
    todo = list(missing.items())
    # What is read at once is kept at once. Who reads several chunks is asked only where there are several.
    size = CHUNK * embedder.at_once if len(todo) > CHUNK and isinstance(embedder, Several) else CHUNK
    for start in range(0, len(todo), size):
        chunk = todo[start : start + size]

        def tell(done: int, start: int = start) -> None:
            if progress:
                progress(start + done, len(todo))

        rows = embedder.embed([text for _, text in chunk], tell).astype(np.float16)
        fresh = {h: row for (h, _), row in zip(chunk, rows, strict=True)}
        store.save_vectors(db, embedder.name, fresh)
        known.update(fresh)
    return np.stack([known[h] for h in hashes]).astype(np.float32)


def known_vectors(db: Database, embedder: Embedder, texts: Sequence[str]) -> dict[str, Vectors]:
    """The vectors of those texts that were read before, float32; the model is not asked."""
    hashes = {text: content_hash(text) for text in texts}
    known = store.load_vectors(db, embedder.name, set(hashes.values()))
    return {text: known[h].astype(np.float32) for text, h in hashes.items() if h in known}
