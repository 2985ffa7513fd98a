"""Looking at readers, one after the other: 1,000 entries, 10,000 readers, all texts known."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from busyness import ENTRIES, READERS, WORDS, SubjectEmbedder, busy_newsletter
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.looking import Whom
from subscribers.cadence import Frequency
from subscribers.database import writing
from subscribers.finding import find_readers

pytestmark = pytest.mark.slow
LOOKS = 25


@pytest.fixture
def busy(tmp_path: Path) -> Newsletter:
    return busy_newsletter(tmp_path, SubjectEmbedder())


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
