"""`newsletter evaluate`, but for the words at the terminal: reads what there is, replays it, measures."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from newsletter.evaluation.layouts import read
from newsletter.evaluation.measuring import Measured, measured
from newsletter.evaluation.own_votes import replay_of_votes
from newsletter.evaluation.reading import kept_vectors, question_of
from newsletter.evaluation.replay import Replay, mixed, replay_of
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import Embedder, Told, vectors_of
from subscribers.people import everybody


def evaluate_folder(folder: Path, embedder: Embedder, told: Told, *, mix: int = 1) -> tuple[Replay, list[Measured]]:
    """Every method over the judged data of a folder (see `layouts`); `mix` people are made one.

    The vectors of what must be read are kept in the user's cache. Raises `EvaluationError` and `ModelError`.
    """
    replay = mixed(replay_of(read(folder)), mix)
    with kept_vectors() as db:
        question = question_of(replay, db, embedder, told)
    return replay, measured(replay, question, told("Ranking"))


def evaluate_votes(db: Database, embedder: Embedder, told: Told, *, mix: int = 1) -> tuple[Replay, list[Measured]]:
    """The same over the votes of a newsletter's own readers (see `own_votes`), whose vectors its database keeps."""
    replay = mixed(replay_of_votes(db, list(everybody(db))), mix)
    return replay, measured(replay, question_of(replay, db, embedder, told), told("Ranking"))


@contextmanager
def reader_of(embedder: Embedder, told: Told) -> Iterator[Callable[[Sequence[str]], Vectors]]:
    """What gives one unit row a text, and keeps them in the user's cache."""
    with kept_vectors() as db:
        yield lambda texts: vectors_of(db, embedder, texts, told("Reading sentences"))
