"""No host is asked too often, by however many processes; many hosts are asked at once."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.entries import spacing
from newsletter.entries.fetching import Turn
from newsletter.entries.side_by_side import MOST, side_by_side
from newsletter.entries.spacing import Stopped, Turns, host_of, pause_of, take_slot
from newsletter.store import open_store

NOW = datetime(2026, 11, 22, 12, 0, 0, 900_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "host", "pause"),
    [
        ("https://rss.arxiv.org/rss/cs.AI", "arxiv.org", 3),
        ("http://export.arxiv.org/api/query?x", "arxiv.org", 3),
        ("https://ARXIV.org./abs/1", "arxiv.org", 3),
        ("https://notarxiv.org/", "notarxiv.org", 1),
        ("https://example.org:8080/feed", "example.org", 1),
        ("http://10.0.0.1/feed", "10.0.0.1", 1),
        ("http://127.0.0.1:80/", "127.0.0.1", 0),
        ("http://localhost/", "localhost", 0),
        ("http://[::1]/", "::1", 0),
        ("nothing of the kind", "", 0),
    ],
)
def test_a_url_has_a_host_and_a_host_its_pause(url: str, host: str, pause: float) -> None:
    assert (host_of(url), pause_of(host_of(url))) == (host, pause)


def test_slots_of_a_host_follow_each_other(store: Database) -> None:
    assert [take_slot(store, "arxiv.org", NOW, 3) for _ in range(3)] == [0, 3, 6]
    assert take_slot(store, "example.org", NOW, 1) == 0
    assert take_slot(store, "arxiv.org", NOW + timedelta(seconds=20), 3) == 0
    assert take_slot(store, "arxiv.org", NOW + timedelta(seconds=20.5), 3) == pytest.approx(2.5)


@pytest.mark.parametrize("jump", [timedelta(days=-300), timedelta(hours=-2), timedelta(days=300)])
def test_a_clock_that_jumps_blocks_nobody(store: Database, jump: timedelta) -> None:
    take_slot(store, "arxiv.org", NOW, 3)
    assert take_slot(store, "arxiv.org", NOW + jump, 3) <= spacing.LONGEST
    assert take_slot(store, "arxiv.org", NOW + jump, 3) == pytest.approx(3, abs=0.01)


@given(st.lists(st.floats(0, 5), min_size=2, max_size=20))
def test_no_two_slots_are_nearer_than_the_pause(gaps: list[float]) -> None:
    db = Database(memory=True)
    try:
        db.conn.execute("CREATE TABLE hosts (host TEXT PRIMARY KEY, free_at TEXT NOT NULL)")
        now, slots = NOW, []
        for gap in gaps:
            now += timedelta(seconds=gap)
            slots.append(now + timedelta(seconds=take_slot(db, "x", now, 3)))
    finally:
        db.conn.close()
    apart = [(later - earlier).total_seconds() for earlier, later in pairwise(slots)]
    assert min(apart) > 2.998


def test_a_turn_is_waited_for_and_given_up_at_once(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spacing, "PAUSE", spacing.LONGEST / 2)
    halt = threading.Event()
    with closing(Turns(tmp_path / "newsletter.db", halt)) as turn:
        start = time.monotonic()
        turn("https://example.org/a")
        assert time.monotonic() - start < spacing.PAUSE / 3, "the first need not wait"
        start = time.monotonic()
        threading.Timer(0.1, halt.set).start()
        with pytest.raises(Stopped):
            turn("https://example.org/b")
        assert 0.1 <= time.monotonic() - start < spacing.PAUSE / 3


@pytest.mark.slow
def test_two_processes_never_ask_a_host_too_soon_after_each_other(tmp_path: Path, store: Database) -> None:
    code = (
        "import sys, threading, time; from pathlib import Path\n"
        "from newsletter.entries import spacing\n"
        "spacing.PAUSE = 0.3\n"
        "turn = spacing.Turns(Path(sys.argv[1]), threading.Event())\n"
        "for n in range(8):\n"
        "    turn(f'https://example.org/{n}'); print(time.time())\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "newsletter.db")]
    three = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    moments = sorted(float(line) for process in three for line in process.communicate(timeout=60)[0].split())
    assert [process.returncode for process in three] == [0, 0, 0]
    apart = [later - earlier for earlier, later in pairwise(moments)]
    assert len(moments) == 24
    assert min(apart) > 0.25


# Side by side


def run(
    tmp_path: Path, groups: list[list[str]], fetch: Callable[[str, Turn], str], stop: Callable[[], bool] = lambda: False
) -> list[tuple[str, str]]:
    with side_by_side(groups, fetch, database=tmp_path / "newsletter.db", stop=stop) as coming:
        return list(coming)


def test_what_takes_long_delays_nothing_else(tmp_path: Path) -> None:
    open_ = threading.Event()

    def fetch(item: str, turn: Turn) -> str:
        if item == "slow":
            open_.wait(5)
        return item.upper()

    with side_by_side([["slow"], ["a", "b"], ["c"]], fetch, database=tmp_path / "x.db", stop=lambda: False) as coming:
        first = [next(coming) for _ in range(3)]
        open_.set()
        assert sorted(first) == [("a", "A"), ("b", "B"), ("c", "C")]
        assert list(coming) == [("slow", "SLOW")]


def test_items_of_a_group_come_one_after_another_and_few_at_once(tmp_path: Path) -> None:
    lock, now, most, order = threading.Lock(), [0], [0], list[str]()

    def fetch(item: str, turn: Turn) -> str:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            order.append(item)
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        return item

    done = run(tmp_path, [[f"{group}{n}" for n in range(3)] for group in "abcdefghijklmnopqrst"], fetch)
    assert len(done) == 60
    assert most[0] == MOST
    assert [item for item in order if item[0] == "k"] == ["k0", "k1", "k2"]


def test_who_stops_does_not_wait_for_what_hangs(tmp_path: Path) -> None:
    hanging, stopping = threading.Event(), threading.Event()

    def fetch(item: str, turn: Turn) -> str:
        if item == "hangs":
            hanging.wait(60)
        else:
            stopping.set()
        return item

    start = time.monotonic()
    done = run(tmp_path, [["hangs", "never begun"], ["quick"]], fetch, stopping.is_set)
    assert time.monotonic() - start < 20
    assert done in ([], [("quick", "quick")])
    hanging.set()


def test_results_that_nobody_takes_hold_no_thread(tmp_path: Path) -> None:
    def ours() -> int:
        return sum(thread.name.startswith("pull-") for thread in threading.enumerate())

    before = ours()
    with side_by_side(
        [[str(n)] for n in range(100)], lambda item, turn: item, database=tmp_path / "x.db", stop=lambda: False
    ) as coming:
        next(coming)
        time.sleep(0.1)
    deadline = time.monotonic() + 5
    while ours() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ours() <= before


def test_a_mistake_in_a_thread_reaches_the_caller(tmp_path: Path) -> None:
    def fetch(item: str, turn: Turn) -> str:
        raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError, match="a"):
        run(tmp_path, [["a"]], fetch)


def test_turns_are_taken_in_the_threads(store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacing, "PAUSE", 0.1)
    moments: list[float] = []

    def fetch(item: str, turn: Turn) -> str:
        turn("https://example.org/")
        moments.append(time.monotonic())
        return item

    began = time.monotonic()
    run(tmp_path, [["a"], ["b"], ["c"]], fetch)
    assert max(moments) - began > 0.19
    db = open_store(tmp_path / "newsletter.db")
    assert db.conn.execute("SELECT host FROM hosts").fetchall() == [("example.org",)]
    db.conn.close()
