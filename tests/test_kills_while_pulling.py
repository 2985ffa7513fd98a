"""A pull that is killed in the middle: nothing that was stored is lost, and nothing comes twice."""

import random
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from newsroom import SETTINGS, empty_database, entry, write_entries
from processes import Process
from webhost import feed_of, say, web_host

from newsletter.entries import store as entries
from newsletter.store import open_store

pytestmark = pytest.mark.slow

SOURCES, EACH, KILLS = 12, 250, 10
WORK = "print(sum(r.new for r in newsletter.pull()), sum(r.known for r in newsletter.sources.pull()))"


def test_a_pull_that_is_killed_ten_times_brings_every_entry_once(tmp_path: Path) -> None:
    tags: dict[str, int] = {}

    def talk(handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.strip("/")
        if handler.headers.get("if-none-match") == f'"{name}"':
            tags[name] = tags.get(name, 0) + 1
            say(handler, "", 304)
            return
        time.sleep(0.02)
        # Every second entry is known from the source before.
        say(handler, feed_of(int(name) * EACH // 2, EACH), etag=f'"{name}"')

    with web_host(talk) as host:
        tables = "".join(f'[[sources]]\nname = "s{n}"\nlocation = "{host}/{n}"\n' for n in range(SOURCES))
        (tmp_path / "newsletter.toml").write_text(SETTINGS + tables + '[[sources]]\nname = "f"\nlocation = "f"\n')
        empty_database(tmp_path / "newsletter.db")
        (tmp_path / "f").mkdir()
        for n in range(20):
            write_entries(tmp_path / "f", [entry(m) for m in range(n * 30, n * 30 + 60)], f"{n}.jsonl")

        moments, stored = random.Random(4), [0]
        for _ in range(KILLS):
            process = Process(tmp_path, WORK).go()
            time.sleep(moments.uniform(0.05, 0.8))
            process.kill()
            db = open_store(tmp_path / "newsletter.db")
            stored.append(entries.count(db))
            assert db.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            db.conn.close()
        assert stored == sorted(stored)
        killed_in_the_middle = len(set(stored)) > 2
        new, known = map(int, Process(tmp_path, WORK).go().said().split())

    db = open_store(tmp_path / "newsletter.db")
    of_feeds, of_files = EACH // 2 * (SOURCES - 1) + EACH, 19 * 30 + 60
    assert entries.count(db) == of_feeds + of_files
    assert stored[-1] + new == of_feeds + of_files
    assert known == 0, "what was stored whole is not read again"
    titles = [title for (title,) in db.conn.execute("SELECT title FROM entries")]
    assert len(titles) == len(set(titles))
    assert entries.count_by_source(db) == {"f": of_files, **{f"s{n}": EACH for n in range(SOURCES)}}
    assert [error for (error,) in db.conn.execute("SELECT error FROM sources")] == [None] * (SOURCES + 1)
    db.conn.close()
    assert killed_in_the_middle, stored
