"""Looking at readers, one after the other: 1,000 entries, 10,000 readers, all texts known."""

import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from newsroom import Clock, make_project
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.entries import store as entries
from newsletter.looking import Whom
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import vectors_of
from newsletter.ranking.sentences import split_sentences
from newsletter.ranking.votes import set_vote
from subscribers.cadence import Frequency
from subscribers.database import writing
from subscribers.finding import find_readers

pytestmark = pytest.mark.slow
READERS, ENTRIES, SUBJECTS, LOOKS = 10_000, 1_000, 40, 25
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


@pytest.fixture
def busy(tmp_path: Path) -> Newsletter:
    """A newsletter with that many entries and readers, and two votes of each tenth of them."""
    rng = np.random.default_rng(1)
    make_project(tmp_path, entries=[made_up(n, rng) for n in range(ENTRIES)])
    embedder = SubjectEmbedder()
    newsletter = Newsletter(tmp_path, clock=Clock(datetime(2026, 11, 22, 12, tzinfo=UTC)), embedder=embedder)
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


def timed(work: Callable[..., Any], *arguments: Any) -> float:
    start = perf_counter()
    work(*arguments)
    return perf_counter() - start


def test_looking_at_one_reader_after_another(busy: Newsletter, capsys: pytest.CaptureFixture[str]) -> None:
    looks = busy.looks
    whom = [Whom(f"reader{n}@example.org") for n in range(0, 7 * LOOKS, 7)]
    busy.preview(whom[0].address)  # templates are compiled, files are read: the machine is warm for both
    plain = min(timed(busy.preview, one.address) for one in whom[:5])
    first = timed(looks.look, whom[0])
    other = [timed(looks.look, one) for one in whom[1:]]
    imagined = median(timed(looks.look, Whom(interests=f"Subject{n} {WORDS[0]}")) for n in range(5))
    search = median(timed(looks.readers, "weekly-2026-11-27", "subject7 gra") for _ in range(5))
    with capsys.disabled():
        print(
            f"\n{READERS:,} readers, {ENTRIES:,} entries: a plain preview {plain * 1e3:.0f} ms; a first look "
            f"{first * 1e3:.0f} ms ({first / plain:.1f} ×), another reader {min(other) * 1e3:.0f} ms "
            f"({min(other) / plain:.2f} ×; half of them in {median(other) * 1e3:.0f}), an imagined one "
            f"{imagined * 1e3:.0f} ms; searching readers {search * 1e3:.0f} ms"
        )
    assert min(other) < plain / 2


def test_a_hundred_thousand_readers_are_searched_at_once(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with writing(store):
        store.conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
            "INSERT INTO subscribers (id, address, address_key, name, state, frequency, day, at, timezone, created_at) "
            "SELECT i, 'reader' || i || '@example.org', 'reader' || i || '@example.org', 'Reader Number ' || i, "
            "'active', 'weekly', 5, '08:00', 'UTC', '2026-11-01T00:00:00+00:00' FROM n"
        )
        for place, line in enumerate(("graph neural networks for music", "segmentation of scans", "robots that walk")):
            store.conn.execute(
                "INSERT INTO interests SELECT id, ?, ? || ' ' || (id % 1000), 0 FROM subscribers",
                [place, line],
            )
    taken = {}
    for search in ("", "reader99999", "scans 77", "nobody at all", "ümlaut"):
        start = perf_counter()
        find_readers(store, Frequency.WEEKLY, [5], search, 50)
        taken[search] = (perf_counter() - start) * 1e3
    with capsys.disabled():
        print("\n100,000 readers, 300,000 interests, ms a search:", {s: round(ms) for s, ms in taken.items()})
    [found], count = find_readers(store, Frequency.WEEKLY, [5], "reader99999", 50)
    assert (found.address, count) == ("reader99999@example.org", 1)
