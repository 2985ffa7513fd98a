"""The vectors of judged data: read by the model once, and kept in the user's cache for the next run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from newsletter.entries.entry import Entry
from newsletter.evaluation.question import Question
from newsletter.evaluation.replay import Replay
from newsletter.evaluation.terms import Terms
from newsletter.ranking.embedding import Embedder, Told, vectors_of
from newsletter.store import open_store

FILE = "evaluated.db"


def cache_folder() -> Path:
    """Where this user's programs keep what they can make again, by the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newsletter"


@contextmanager
def kept_vectors() -> Iterator[Database]:
    """The database in the user's cache that keeps the vectors of judged data; it may be deleted at any time."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    db = open_store(folder / FILE, durable=False)
    try:
        yield db
    finally:
        db.conn.close()


def question_of(replay: Replay, db: Database, embedder: Embedder, told: Told) -> Question:
    """The replay's question, with all that people chose known; the model reads what `db` does not keep yet."""
    vectors = vectors_of(db, embedder, [_text(entry) for entry in replay.entries], told("Reading entries"))
    lines = sorted({line for person in replay.people for line in person.statements})
    read = vectors_of(db, embedder, lines, told("Reading statements"), questions=True)
    return Question(
        entries=replay.entries,
        vectors=np.asarray(vectors, np.float32),
        lines=dict(zip(lines, read, strict=True)),
        terms=Terms(replay.entries),
        candidates=replay.candidates,
        issues=replay.issues,
        background=replay.background,
        people=replay.people,
    )


def _text(entry: Entry) -> str:
    """What the model reads; some collections begin a summary with the title."""
    return entry.summary if entry.summary.startswith(entry.title) else entry.text
