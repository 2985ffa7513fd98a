"""Text into vectors: only what is new, kept as it goes."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from conftest import WordEmbedder
from sqlite_utils import Database

from newsletter.ranking import embedding
from newsletter.ranking.embedding import Vectors, vectors_of

TEXTS = ["A bridge", "A cell", "A bridge of cells", "Nothing"]


class Falling(WordEmbedder):
    """Stops in its second call, as a kill would."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.calls += 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return super().embed(texts, progress)


def test_vectors_come_in_the_order_of_the_texts(store: Database, embedder: WordEmbedder) -> None:
    expected = WordEmbedder().embed(TEXTS)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 2, 1]):
        found = vectors_of(store, embedder, [TEXTS[n] for n in order])
        assert found == pytest.approx(expected[order], abs=1e-3)
        assert found.dtype == np.float32


def test_only_unknown_texts_are_embedded_and_twins_once(store: Database, embedder: WordEmbedder) -> None:
    vectors_of(store, embedder, [TEXTS[0], TEXTS[0], TEXTS[1]])
    assert embedder.asked == 2
    vectors_of(store, embedder, TEXTS)
    assert embedder.asked == 4
    vectors_of(store, embedder, TEXTS * 3)
    assert embedder.asked == 4


def test_no_texts_are_no_trouble(store: Database, embedder: WordEmbedder) -> None:
    assert len(vectors_of(store, embedder, [])) == 0
    assert embedder.asked == 0


def test_vectors_of_another_model_are_others(store: Database, embedder: WordEmbedder) -> None:
    class Reversed(WordEmbedder):
        name = "reversed"

        def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
            return super().embed(texts, progress)[:, ::-1]

    mine = vectors_of(store, embedder, TEXTS)
    other = vectors_of(store, Reversed(), TEXTS)
    assert not np.allclose(mine, other)
    assert vectors_of(store, embedder, TEXTS) == pytest.approx(mine)


def test_progress_counts_what_is_new(store: Database, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 2)
    vectors_of(store, embedder, TEXTS[:1])
    told: list[tuple[int, int]] = []
    vectors_of(store, embedder, TEXTS, lambda done, todo: told.append((done, todo)))
    assert told == [(2, 3), (3, 3)]


def test_what_was_embedded_before_a_kill_is_kept(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 2)
    with pytest.raises(KeyboardInterrupt):
        vectors_of(store, Falling(), TEXTS)
    embedder = WordEmbedder()
    found = vectors_of(store, embedder, TEXTS)
    assert embedder.asked == 2
    assert found == pytest.approx(WordEmbedder().embed(TEXTS), abs=1e-3)


@pytest.mark.slow
def test_more_texts_than_a_statement_takes_are_found_again(store: Database, embedder: WordEmbedder) -> None:
    texts = [f"Text number {n}" for n in range(901)]
    vectors_of(store, embedder, texts)
    assert vectors_of(store, embedder, texts) == pytest.approx(WordEmbedder().embed(texts), abs=1e-3)
    assert embedder.asked == 901


def test_text_that_no_encoding_knows_has_a_vector(store: Database, embedder: WordEmbedder) -> None:
    assert vectors_of(store, embedder, ["\ud800", ""]).shape == (2, 256)
