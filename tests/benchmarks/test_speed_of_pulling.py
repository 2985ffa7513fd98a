"""What pulling takes: 50 sources of 200 entries, half of them known, from a real server that needs a moment to answer.

pytest tests/benchmarks --benchmark-only -n 0
"""

import shutil
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import WordEmbedder
from newsroom import SETTINGS, empty_database
from webhost import feed_of, say, web_host

from newsletter.entries import store as entries
from newsletter.ranking.embedding import vectors_of
from newsletter.store import open_store

pytestmark = pytest.mark.slow

SOURCES, EACH = 50, 200
#: Seconds that the server takes for an answer.
MOMENT = 0.2
PULL = """
import resource, sys, time
from pathlib import Path
from newsletter import Newsletter
from newsletter.entries import side_by_side
side_by_side.MOST = int(sys.argv[2])
with Newsletter(Path(sys.argv[1])) as newsletter:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    reports = newsletter.pull()
    taken = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert not any(report.error for report in reports), reports
print(taken, sum(r.new for r in reports), sum(r.known for r in reports), sum(r.unchanged for r in reports))
print(before / 1e3, after / 1e3)
"""


class Pulled(NamedTuple):
    seconds: float
    new: int
    known: int
    unchanged: int
    #: MB of the process
    before: float
    after: float


def pull(project: Path, at_once: int = 8) -> Pulled:
    """In a process of its own, so that its memory can be told."""
    done = subprocess.run([sys.executable, "-c", PULL, project, str(at_once)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seconds, new, known, unchanged, before, after = done.stdout.split()
    return Pulled(float(seconds), int(new), int(known), int(unchanged), float(before), float(after))


def embedded(project: Path, embedder: WordEmbedder) -> int:
    """How many texts must be embedded for all entries that there are."""
    db, before = open_store(project / "newsletter.db"), embedder.asked
    every = entries.by_ids(db, range(1, entries.newest_id(db) + 1))
    vectors_of(db, embedder, [entry.text for entry in every.values()])
    db.conn.close()
    return embedder.asked - before


def test_fifty_sources_half_of_whose_entries_are_known(
    benchmark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = [EACH // 2]
    feeds: dict[tuple[str, int], bytes] = {}

    def talk(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(MOMENT)
        name, tag = handler.path.strip("/"), f'"{count[0]}"'
        if handler.headers.get("if-none-match") == tag:
            say(handler, "", 304)
        else:
            body = feeds.setdefault((name, count[0]), feed_of(0, count[0], name).encode())
            say(handler, body, etag=tag)

    project, copy, embedder = tmp_path / "one", tmp_path / "other", WordEmbedder()
    project.mkdir()
    with web_host(talk) as host:
        tables = "".join(f'[[sources]]\nname = "s{n}"\nlocation = "{host}/s{n}"\n' for n in range(SOURCES))
        (project / "newsletter.toml").write_text(SETTINGS + tables)
        empty_database(project / "newsletter.db")
        assert pull(project).new == SOURCES * EACH // 2
        assert embedded(project, embedder) == SOURCES * EACH // 2
        count[0] = EACH
        shutil.copytree(project, copy)
        one_by_one = pull(copy, 1)
        first = benchmark.pedantic(pull, (project,), rounds=1)
        again = pull(project)
    assert (first.new, first.known, first.unchanged) == (SOURCES * EACH // 2, SOURCES * EACH // 2, 0)
    assert (one_by_one.new, one_by_one.known) == (first.new, first.known)
    assert (again.new, again.known, again.unchanged) == (0, 0, SOURCES)
    assert embedded(project, embedder) == SOURCES * EACH // 2, "only what is new is embedded"
    bare = SOURCES * MOMENT / 8
    with capsys.disabled():
        print(
            f"\n{SOURCES} sources × {EACH} entries, half of them known, {MOMENT * 1e3:.0f} ms an answer: "
            f"{first.seconds:.1f} s ({SOURCES * EACH / first.seconds:,.0f} entries a second), one after the other "
            f"{one_by_one.seconds:.1f} s, {one_by_one.seconds / first.seconds:.1f} × that; unchanged, again: "
            f"{again.seconds:.2f} s, {again.seconds / bare:.2f} × the server's own time; "
            f"memory at most {first.after:.0f} MB, {first.after - first.before:.0f} of it for pulling"
        )
    assert first.seconds < one_by_one.seconds
    assert again.seconds < first.seconds / 2
