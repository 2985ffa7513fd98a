"""Searching an archive of 20,000 entries (or as many as SEARCH_ENTRIES says): beside one look at every vector."""

import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pytest
from busyness import WORDS
from conftest import WordEmbedder
from newsroom import make_project

from newsletter import Newsletter
from newsletter.entries.entry import content_hash
from newsletter.ranking.nearest import Nearest
from subscribers.database import writing

pytestmark = pytest.mark.slow
ENTRIES = int(os.environ.get("SEARCH_ENTRIES", "20000"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def filled(project: Path) -> Newsletter:
    """A newsletter whose archive was put straight into its tables, with vectors as the default model has them."""
    make_project(project, entries=0)
    newsletter, rng = Newsletter(project, embedder=WordEmbedder()), np.random.default_rng(0)
    for start in range(0, ENTRIES, 1_000):
        numbers = range(start, min(start + 1_000, ENTRIES))
        rows = rng.standard_normal((len(numbers), 384)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        with writing(newsletter.database) as db:
            for n, row in zip(numbers, rows.astype(np.float16), strict=True):
                said = " ".join(WORDS[int(i)] for i in rng.integers(0, len(WORDS), 120))
                values = [f"Paper{n} {said[:60]}", f"{said}.", '["Ada Lovelace"]', content_hash(str(n)), f"{NOW:%F}"]
                db.conn.execute(
                    "INSERT INTO entries (title, summary, authors, categories, content_hash, first_seen) "
                    "VALUES (?, ?, ?, '[]', ?, ?)",
                    values,
                )
                db.conn.execute("INSERT INTO vectors VALUES (?, 'words', ?)", [values[3], row.tobytes()])
    return newsletter


def test_searching_by_meaning_costs_less_than_a_look_at_every_vector(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with filled(tmp_path) as newsletter:
        db, wanted = newsletter.database, np.random.default_rng(1).standard_normal(384).astype(np.float32)
        wanted /= np.linalg.norm(wanted)
        archive = Nearest(db)
        tracemalloc.start()
        start = perf_counter()
        archive.catch_up("words")
        read, (kept, most) = perf_counter() - start, tracemalloc.get_traced_memory()
        tracemalloc.stop()

        def near() -> float:
            start = perf_counter()
            archive.near(wanted, 200)
            return perf_counter() - start

        def plain() -> float:
            start = perf_counter()
            rows = db.conn.execute(
                "SELECT v.vector FROM entries e JOIN vectors v ON v.content_hash = e.content_hash AND v.model = 'words'"
            )
            while chunk := rows.fetchmany(4_096):
                vectors = np.frombuffer(b"".join(one for (one,) in chunk), np.float16).reshape(len(chunk), -1)
                vectors.astype(np.float32) @ wanted
            return perf_counter() - start

        pairs = [(near(), plain()) for _ in range(5)]
        quick, slow = median(one for one, _ in pairs), median(one for _, one in pairs)
        with capsys.disabled():
            print(
                f"\n{ENTRIES:,} entries: reading them once {read:.2f} s, {kept / ENTRIES:.0f} bytes an entry are kept, "
                f"{most / 1e6:.0f} MB at most meanwhile; the nearest {quick * 1e3:.0f} ms, comparing every vector "
                f"{slow * 1e3:.0f} ms ({slow / quick:.1f} ×)"
            )
        assert kept < 80 * ENTRIES + 1_000_000
        assert min(one / two for one, two in pairs) < 0.8
