"""What is put into a watched folder is told of soon; folders that come and go are no trouble."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter import watching
from newsletter.watching import watch


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET", 0.05)
    monkeypatch.setattr(watching, "LOOK_AGAIN", 0.3)


class Watched:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1

    def told(self, *, within: float = 5.0) -> bool:
        """Was something told since the last question, or is it soon?"""
        seen, until = self.times, time.monotonic() + within
        while self.times == seen and time.monotonic() < until:
            time.sleep(0.01)
        return self.times > seen


@contextmanager
def watching_over(*paths: Path) -> Iterator[Watched]:
    watched, stop = Watched(), threading.Event()
    thread = threading.Thread(target=watch, args=(paths, watched, stop))
    thread.start()
    time.sleep(0.2)  # until it looks
    try:
        yield watched
    finally:
        stop.set()
        start = time.monotonic()
        thread.join()
        assert time.monotonic() - start < 10


def after(watched: Watched, change: Callable[[], object], *, within: float = 5.0) -> bool:
    """Is a change told of?"""
    threading.Timer(0.02, change).start()
    return watched.told(within=within)


@pytest.mark.slow
def test_a_file_that_appears_changes_or_goes_is_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    with watching_over(folder) as watched:
        assert after(watched, lambda: (folder / "a.txt").write_text("x"))
        time.sleep(0.3)
        assert after(watched, lambda: (folder / "a.txt").write_text("y"))
        time.sleep(0.3)
        assert after(watched, lambda: (folder / "a.txt").unlink())


@pytest.mark.slow
def test_a_single_file_is_watched_but_not_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("x")
    with watching_over(tmp_path / "a.jsonl") as watched:
        assert not after(watched, lambda: (tmp_path / "newsletter.db-wal").write_text("x"), within=0.5)
        assert after(watched, lambda: (tmp_path / "a.jsonl").write_text("y"))
        # As an editor saves: another file takes the name.
        (tmp_path / "b").write_text("z")
        time.sleep(0.3)
        assert after(watched, lambda: (tmp_path / "b").replace(tmp_path / "a.jsonl"))


@pytest.mark.slow
def test_a_folder_that_comes_later_vanishes_and_comes_again_is_watched(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"

    def put() -> None:
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("x")

    with watching_over(folder) as watched:
        for _ in range(2):
            assert after(watched, put)
            time.sleep(0.6)
            assert after(watched, lambda: (folder / "b.txt").write_text("x"))
            time.sleep(0.3)
            assert after(watched, lambda: shutil.rmtree(tmp_path / "not"))
            time.sleep(0.6)


@pytest.mark.slow
def test_many_changes_are_told_of_few_times(tmp_path: Path) -> None:
    with watching_over(tmp_path) as watched:
        for n in range(100):
            (tmp_path / f"{n}.txt").write_text("x")
        assert watched.told()
        time.sleep(0.5)
        assert watched.times <= 5


@pytest.mark.parametrize("paths", [(), ("nowhere/at/all",)])
def test_it_stops_at_once_when_it_is_told_to(tmp_path: Path, paths: tuple[str, ...]) -> None:
    with watching_over(*(tmp_path / path for path in paths)) as watched:
        assert watched.times == 0


def test_it_stops_while_it_waits_for_a_writer_to_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET", 60)
    with watching_over(tmp_path) as watched:
        (tmp_path / "a.txt").write_text("x")
        time.sleep(0.2)
    assert watched.times == 0
