"""What changes while the desk is open is noticed, and told."""

import asyncio
import gc
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import watchfiles
from deskroom import ISSUE, Room, furnish
from newsroom import entry, write_entries

from newsletter.desks import PATIENCE_MS
from newsletter.errors import NewsletterError
from newsletter.studio import live
from newsletter.studio.aside import Aside, Errand, Turns, do
from newsletter.studio.bench import Bench
from newsletter.studio.live import Hub, watch

pytest_plugins = ("deskroom_fixtures",)


class Noticed:
    """What was noticed so far."""

    def __init__(self) -> None:
        self.what = set[str]()

    def __call__(self, what: set[str]) -> None:
        self.what |= what

    def soon(self, *names: str) -> bool:
        """Is it noticed within some seconds? It is forgotten then."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if {*names} <= self.what:
                self.what.clear()
                return True
            time.sleep(0.005)
        return False


@contextmanager
def watching(project: Path) -> Iterator[Noticed]:
    noticed, stop = Noticed(), threading.Event()
    thread = threading.Thread(target=watch, args=(project, noticed, stop))
    thread.start()
    time.sleep(0.3)
    try:
        yield noticed
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def quick_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PULSE", 0.05)


def test_files_that_are_saved_are_noticed(tmp_path: Path, quick_templates: None) -> None:
    project = furnish(tmp_path)
    (project / "templates" / "issue").mkdir(parents=True)
    (project / "issues").mkdir()
    with watching(project) as noticed:
        (project / "templates" / "issue" / "card.html").write_text("x", "utf-8")
        assert noticed.soon("template")
        (project / "issues" / f"{ISSUE}.md").write_text("Hello", "utf-8")
        assert noticed.soon("editorial")
        # as editors save: a new file takes the old one's place
        fresh = project / "fresh"
        fresh.write_text((project / "newsletter.toml").read_text("utf-8") + "\n", "utf-8")
        fresh.replace(project / "newsletter.toml")
        assert noticed.soon("settings")


def test_folders_that_appear_are_noticed_and_watched(tmp_path: Path, quick_templates: None) -> None:
    project = furnish(tmp_path)
    with watching(project) as noticed:
        (project / "issues").mkdir()
        assert noticed.soon("editorial")
        time.sleep(0.3)
        noticed.what.clear()
        (project / "issues" / f"{ISSUE}.md").write_text("Hello", "utf-8")
        assert noticed.soon("editorial")


def test_what_is_written_into_a_new_folder_before_it_is_watched_is_told(tmp_path: Path, quick_templates: None) -> None:
    project = furnish(tmp_path)
    told: list[set[str]] = []
    stop = threading.Event()

    def told_of(what: set[str]) -> None:
        if not told:
            # The page has looked by now; the system says nothing of this, for nobody watches the folder yet.
            (project / "issues" / f"{ISSUE}.md").write_text("written just now", "utf-8")
        told.append(what)

    thread = threading.Thread(target=watch, args=(project, told_of, stop))
    thread.start()
    time.sleep(0.3)
    (project / "issues").mkdir()
    end = time.monotonic() + 10
    while len(told) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert "editorial" in told[1]


def test_without_an_issue_there_is_still_a_picture_of_the_weeks(door: Room) -> None:
    [weeks] = do(door.newsletter, Errand("pictures", "", links=False))
    assert "week" in weeks.title.lower() + weeks.caption.lower()


def test_what_passes_is_not_noticed(tmp_path: Path, quick_templates: None) -> None:
    project = furnish(tmp_path)
    (project / "templates").mkdir()
    with watching(project) as noticed:
        for name in (".card.html.swp", "card.html~", "card.part", ".#card"):
            (project / "templates" / name).write_text("x", "utf-8")
        time.sleep(0.4)
        assert noticed.what == set()


def test_the_desk_says_soon_that_another_process_writes(door: Room) -> None:
    def patience(bench: Bench) -> tuple[int]:
        (found,) = bench.newsletter.database.conn.execute("PRAGMA busy_timeout").fetchone()
        return (int(found),)

    assert door.studio._quick.put(patience).result() == (PATIENCE_MS,)


def test_what_others_do_to_the_database_is_noticed(door: Room, quick_pulse: None) -> None:
    with watching(door.project) as noticed:
        door.newsletter.editor.hold(ISSUE)
        assert noticed.soon("issue")
        write_entries(door.project, [entry(n) for n in range(40, 44)])
        door.newsletter.pull()
        assert noticed.soon("entries")


def said(events: list[bytes]) -> list[Any]:
    return [json.loads(event.split(b"data: ")[1]) for event in events if b"data: " in event]


def test_every_page_that_listens_is_told_until_the_desk_closes() -> None:
    async def meet() -> list[list[bytes]]:
        hub = Hub()

        async def hear() -> list[bytes]:
            return [event async for event in hub.listen()]

        listeners = [asyncio.create_task(hear()) for _ in range(2)]
        while len(hub._listeners) < 2:
            await asyncio.sleep(0.001)
        await asyncio.to_thread(hub.tell, "changed", what=["template"], error=None)
        await asyncio.to_thread(hub.close)
        return await asyncio.gather(*listeners)

    for events in asyncio.run(meet()):
        assert said(events) == [{"what": ["template"], "error": None}]


def test_a_page_that_goes_is_forgotten_and_one_that_comes_late_is_let_go() -> None:
    async def go() -> None:
        hub = Hub()
        listening = hub.listen()
        await anext(listening)
        assert hub.heard
        await listening.aclose()  # type: ignore[attr-defined]
        assert not hub.heard
        hub.close()
        assert [event async for event in hub.listen()] == []

    asyncio.run(go())


def test_a_change_is_tried_before_pages_are_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[dict[str, Any]]()
    monkeypatch.setattr(room.studio.hub, "tell", lambda event, **data: told.append(data))
    monkeypatch.setattr(Hub, "heard", True)
    room.get(f"/copy?issue={ISSUE}")
    card = room.project / "templates" / "issue" / "card.html"
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text("{{ pick.titel }}", "utf-8")
    room.studio._changed({"template"})
    error = told[-1]["error"]
    assert (error["file"], error["line"], error["source"]) == (str(card), 1, "{{ pick.titel }}")
    card.unlink()
    room.studio._changed({"template"})
    assert told[-1] == {"what": ["template"], "error": None}


def test_no_more_pages_listen_than_may_though_they_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def come() -> list[bytes]:
        hub = Hub()
        pages = [hub.listen() for _ in range(5)]
        return [await anext(page) for page in pages]

    monkeypatch.setattr(live, "MOST_LISTENERS", 3)
    assert asyncio.run(come()) == [b"retry: 500\n\n"] * 3 + [live.LATER] * 2


def test_where_the_system_watches_no_more_folders_changes_are_looked_for(
    tmp_path: Path, quick_templates: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project, real = furnish(tmp_path), watchfiles.watch
    (project / "issues").mkdir()

    def exhausted(*folders: Path, force_polling: bool | None = None, **options: Any) -> Any:
        if not force_polling:
            raise RuntimeError("OS file watch limit reached")
        return real(*folders, force_polling=True, **options)

    monkeypatch.setattr(watchfiles, "watch", exhausted)
    monkeypatch.setattr(live, "PULSE", 0.05)
    with watching(project) as noticed:
        time.sleep(0.2)
        (project / "issues" / f"{ISSUE}.md").write_text("Hello", "utf-8")
        assert noticed.soon("editorial")
    assert "OS file watch limit reached" in caplog.text


def test_what_goes_wrong_after_a_change_does_not_end_the_watching(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = list[dict[str, Any]]()
    monkeypatch.setattr(room.studio.hub, "tell", lambda event, **data: told.append(data))
    monkeypatch.setattr(Hub, "heard", True)

    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(room.studio.glances, "glimpse", broken)
    room.studio._changed({"template"})
    assert [data["what"] for data in told] == [["template"]]
    assert "OSError" in caplog.text


# -- what takes its time


def test_who_asks_for_the_same_before_it_is_begun_gets_one_answer() -> None:
    async def ask() -> tuple[list[int], int]:
        turns, made, go = Turns(), 0, asyncio.Event()

        async def make() -> int:
            nonlocal made
            made += 1
            await go.wait()
            return made

        first = asyncio.create_task(turns.take("checks", make))
        await asyncio.sleep(0.01)
        later = [asyncio.create_task(turns.take("checks", make)) for _ in range(5)]
        await asyncio.sleep(0.01)
        later.pop().cancel()
        go.set()
        return await asyncio.gather(first, *later), made

    assert asyncio.run(ask()) == ([1, 2, 2, 2, 2], 2)


@pytest.mark.slow
def test_errands_are_done_in_another_process_that_may_die(tmp_path: Path, quick_templates: None) -> None:
    aside = Aside(furnish(tmp_path))
    try:
        with pytest.raises(NewsletterError, match="names no issue"):
            aside.do(Errand("checks", "soon"))
        assert aside._process
        aside._process.kill()
        with pytest.raises(NewsletterError, match="ended before it answered"):
            aside.do(Errand("checks", "soon"))
        with pytest.raises(NewsletterError, match="names no issue"):
            aside.do(Errand("checks", "soon"))
    finally:
        aside.close()


def test_what_goes_wrong_where_nobody_waits_any_more_is_not_news() -> None:
    async def leave() -> list[object]:
        complaints, turns, go = list[object](), Turns(), asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said["message"]))

        async def make() -> int:
            await go.wait()
            raise NewsletterError("no")

        waiting = asyncio.create_task(turns.take("checks", make))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.sleep(0.01)
        go.set()
        await asyncio.sleep(0.01)
        gc.collect()
        assert turns._locks == {}
        return complaints

    assert asyncio.run(leave()) == []


@pytest.mark.slow
def test_a_desk_that_closes_begins_no_further_errand(tmp_path: Path, quick_templates: None) -> None:
    aside = Aside(furnish(tmp_path))
    try:
        aside.end()
        with pytest.raises(NewsletterError, match="is being closed"):
            aside.do(Errand("checks", ISSUE))
        assert aside._process is None
    finally:
        aside.close()
