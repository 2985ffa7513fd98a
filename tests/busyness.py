"""A newsletter with a thousand entries and ten thousand readers, all of whose texts are known."""

import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from newsroom import Clock, make_project

from newsletter import Newsletter
from newsletter.entries import store as entries
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import vectors_of
from newsletter.ranking.sentences import split_sentences
from newsletter.ranking.votes import set_vote

READERS, ENTRIES, SUBJECTS = 10_000, 1_000, 40
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORDS = [
    f"{a}{b}{c}" for a in ("gra", "pro", "neu", "lin") for b in ("phi", "te", "ro", "ma") for c in ("cal", "ns", "x")
]


class SubjectEmbedder:
    """Texts of one subject (their first word) are near each other; after it is closed it reads nothing new."""

    name = "subjects"
    closed = False

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        assert not self.closed, "the model was asked for a text that is known"
        rows = np.stack([self._row(text) for text in texts])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def _row(self, text: str) -> Vectors:
        subject, own = (np.random.default_rng(zlib.crc32(said.encode())) for said in (text.split()[0].lower(), text))
        return np.asarray(subject.standard_normal(384) + 0.8 * own.standard_normal(384), np.float32)


def made_up(n: int, rng: np.random.Generator) -> dict[str, Any]:
    subject = f"Subject{n % SUBJECTS}"
    said = [f"{subject} {' '.join(rng.choice(WORDS, 18))} we show {k}." for k in range(9)]
    return {"title": f"{subject} study {n}", "url": f"https://papers.example.org/{n}", "summary": " ".join(said)}


def busy_newsletter(folder: Path, embedder: SubjectEmbedder) -> Newsletter:
    """A newsletter with that many entries and readers, and two votes of each tenth of them."""
    rng = np.random.default_rng(1)
    make_project(folder, entries=[made_up(n, rng) for n in range(ENTRIES)])
    newsletter = Newsletter(folder, clock=Clock(NOON), embedder=embedder)
    newsletter.pull()
    found = entries.by_ids(newsletter.database, range(1, ENTRIES + 1))
    texts = [text for entry in found.values() for text in (entry.text, *split_sentences(entry.summary))]
    lines = [f"Subject{n} {word}" for n in range(SUBJECTS) for word in WORDS[:5]]
    vectors_of(newsletter.database, embedder, [*texts, *lines])
    embedder.closed = True
    db, now = newsletter.database, datetime(2026, 11, 20, 12, tzinfo=UTC)
    with db.conn:
        db.conn.execute("BEGIN")
        for n in range(READERS):
            interests = [lines[i] for i in rng.choice(len(lines), 3, replace=False)]
            muted = [f"not: {lines[int(rng.integers(len(lines)))]}"] if n % 5 == 0 else []
            newsletter.subscribe(f"reader{n}@example.org", interests=[*interests, *muted])
            if n % 10 == 0:
                set_vote(db, n + 1, int(rng.integers(1, ENTRIES)), 1, now)
                set_vote(db, n + 1, int(rng.integers(1, ENTRIES)), -1, now)
    return newsletter
