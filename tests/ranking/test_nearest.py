"""What is near in the whole archive: the same as if every vector were compared, and in step with the database."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import ParsedEntry, content_hash
from newsletter.ranking import nearest
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.nearest import Nearest
from newsletter.ranking.store import save_vectors

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def grown(db: Database, start: int, vectors: Vectors, model: str = "words") -> None:
    """Entries with the ids from `start` on, and their vectors."""
    count = len(vectors)
    papers = [ParsedEntry(f"Paper {n}", url=f"https://e.org/{n}") for n in range(start, start + count)]
    entries.save(db, "papers", "papers.jsonl", papers, NOW)
    embed(db, start, vectors, model)


def embed(db: Database, start: int, vectors: Vectors, model: str = "words") -> None:
    rows = {content_hash(f"Paper {start + n}"): row.astype(np.float16) for n, row in enumerate(vectors)}
    save_vectors(db, model, rows)


def clouds(rng: np.random.Generator, count: int, lean: float = 0.0) -> Vectors:
    """Vectors around twenty middles, as texts of twenty subjects are; `lean`: what all have in common."""
    middles = rng.standard_normal((20, 96))
    rows = middles[rng.integers(0, 20, count)] + 0.8 * rng.standard_normal((count, 96))
    return unit(np.asarray(rows + lean * np.ones(96), np.float32))


@pytest.mark.parametrize("lean", [0.0, 3.0])
def test_the_nearest_are_found_though_only_their_sides_are_kept(
    store: Database, monkeypatch: pytest.MonkeyPatch, lean: float
) -> None:
    monkeypatch.setattr(nearest, "COMPARED", 300)
    monkeypatch.setattr(nearest, "CHUNK", 500)
    vectors = clouds(np.random.default_rng(7), 3_000, lean)
    grown(store, 1, vectors)
    archive = Nearest(store)
    assert archive.catch_up("words")
    met = 0
    for wanted in vectors[::100]:
        ids, cosines = archive.near(wanted, 10)
        assert (np.diff(cosines) <= 0).all()
        assert cosines == pytest.approx(vectors[ids - 1] @ wanted, abs=2e-3)
        met += len({*ids.tolist()} & {*(np.argsort(-(vectors @ wanted))[:10] + 1).tolist()})
    assert met >= 0.98 * 10 * 30


def test_only_what_is_allowed_is_found(store: Database) -> None:
    vectors = clouds(np.random.default_rng(1), 50)
    grown(store, 1, vectors)
    archive = Nearest(store)
    archive.catch_up("words")
    assert set(archive.near(vectors[0], 10, lambda ids: np.isin(ids, [3, 7, 20]))[0].tolist()) == {3, 7, 20}
    assert len(archive.near(vectors[0], 10, lambda ids: ids < 0)[0]) == 0


def test_what_comes_later_is_found_as_well_and_so_are_vectors_that_come_later(store: Database) -> None:
    vectors = clouds(np.random.default_rng(2), 30)
    archive = Nearest(store)
    assert archive.catch_up("words")
    assert len(archive.near(vectors[0], 5)[0]) == 0
    grown(store, 1, vectors[:10])
    assert archive.catch_up("words")
    grown(store, 11, vectors[10:20])
    grown(store, 21, vectors[20:], model="another")
    assert archive.catch_up("words")
    assert archive.without.tolist() == [*range(21, 31)]
    assert archive.near(vectors[15], 1)[0].tolist() == [16]
    assert np.isnan(archive.cosines(vectors[0], np.array([1, 25]))).tolist() == [False, True]
    embed(store, 21, vectors[20:])
    assert archive.catch_up("words")
    assert archive.without.tolist() == []
    assert archive.near(vectors[25], 1)[0].tolist() == [26]


def test_another_model_is_another_archive(store: Database) -> None:
    rng = np.random.default_rng(3)
    old, new = clouds(rng, 20), clouds(rng, 20)
    grown(store, 1, old)
    embed(store, 1, new, "new")
    archive = Nearest(store)
    archive.catch_up("words")
    assert archive.near(old[4], 1)[0].tolist() == [5]
    archive.catch_up("new")
    assert archive.near(new[6], 1)[0].tolist() == [7]


def test_who_has_no_time_gets_the_newest_first(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "CHUNK", 10)
    vectors = clouds(np.random.default_rng(4), 40)
    grown(store, 1, vectors)
    archive, looks = Nearest(store), iter([True, True, False])
    assert not archive.catch_up("words", lambda: next(looks))
    assert set(archive.near(vectors[0], 40)[0].tolist()) == {*range(21, 41)}
    assert archive.catch_up("words")
    assert set(archive.near(vectors[0], 40)[0].tolist()) == {*range(1, 41)}
