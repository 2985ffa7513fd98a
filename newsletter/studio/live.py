"""What changes while the desk is open: noticed on disk and in the database, and told to every page that listens."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import watchfiles
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.issues import editorial
from newsletter.issues import store as issues
from newsletter.rendering.templates import shipped_templates
from newsletter.settings import FILE
from newsletter.store import FILE as STORE
from newsletter.store import open_store
from newsletter.studio.bench import stamp
from subscribers import people
from subscribers.database import database_errors
from subscribers.errors import DatabaseError

log = logging.getLogger("newsletter.studio")

#: Milliseconds: changes within the first are one, and the second is how often the settings' file is looked at.
TOGETHER_MS, GLANCE_MS = 20, 60
#: Seconds between two looks at the database.
PULSE = 1.0
#: Seconds after which a page that hears nothing is told that we are still there.
BEAT = 15.0
#: Pages that may listen at once.
MOST_LISTENERS = 100
#: For who has no place: come again in half a minute.
LATER = b"retry: 30000\n\n"
#: What editors and our own programs leave for a moment.
_PASSING = (".part", ".tmp", ".swp", ".swx", "~")


class Hub:
    """Tells pages what has changed. `listen` and `close` belong to the server's loop, `tell` to any thread."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[bytes | None], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._closed = False

    @property
    def full(self) -> bool:
        """Do as many listen as may?"""
        return len(self._listeners) >= MOST_LISTENERS

    @property
    def heard(self) -> bool:
        """Does anybody listen?"""
        return bool(self._listeners)

    async def listen(self, allowed: Callable[[], bool] = lambda: True) -> AsyncIterator[bytes]:
        """Server-sent events, until the page goes, the desk closes, or it is not allowed any more."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        if self._closed:
            return
        if not self._joined(queue):
            yield LATER
            return
        try:
            yield b"retry: 500\n\n"
            while True:
                try:
                    said = await asyncio.wait_for(queue.get(), BEAT)
                except TimeoutError:
                    said = b": still here\n\n"
                if said is None or not allowed():
                    return
                yield said
        finally:
            with self._lock:
                self._listeners.pop(queue, None)

    def tell(self, event: str, **data: Any) -> None:
        """Say it to every page."""
        self._put(f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode())

    def close(self) -> None:
        """Let go of every page."""
        with self._lock:
            self._closed = True
        self._put(None)

    def _joined(self, queue: asyncio.Queue[bytes | None]) -> bool:
        """Has it a place? Of many that come at once, each was told before that there is room."""
        with self._lock:
            if self._closed or self.full:
                return False
            self._listeners[queue] = asyncio.get_running_loop()
            return True

    def _put(self, said: bytes | None) -> None:
        with self._lock:
            for queue, loop in self._listeners.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(queue.put_nowait, said)


def watch(project: Path, changed: Callable[[set[str]], None], stop: threading.Event) -> None:
    """Call `changed` with what has changed (template, settings, editorial, entries, issue), until `stop` is set.

    It is called in this thread; what happens meanwhile is told after that.
    """
    pulse = _Pulse(project / STORE)
    try:
        settings, unseen = stamp(project / FILE), set[str]()
        while not stop.is_set():
            folders = _folders(project)
            for changes in _seen(folders, stop):
                what = {_kind(project, Path(path)) for _, path in changes} | pulse.beat() | unseen
                unseen = set()
                if settings != (seen := stamp(project / FILE)):
                    settings = seen
                    what.add("settings")
                if _folders(project) != folders:
                    # What is written into a new folder before it is watched is told once it is.
                    unseen = {"template", "editorial"}
                if what | unseen:
                    changed(what | unseen)
                if unseen:
                    break
    finally:
        pulse.close()


def _seen(folders: Sequence[Path], stop: threading.Event) -> Iterator[set[watchfiles.main.FileChange]]:
    """What changes there, every GLANCE_MS; by looking now and then where the system does not tell.

    It ends where a folder is gone.
    """
    for polling in (False, True):
        try:
            yield from watchfiles.watch(
                *folders,
                watch_filter=_lasting,
                debounce=TOGETHER_MS,
                step=TOGETHER_MS // 2,
                stop_event=stop,
                rust_timeout=GLANCE_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                force_polling=polling or None,
                ignore_permission_denied=True,
            )
            return
        except FileNotFoundError:
            stop.wait(GLANCE_MS / 1000)
            return
        except (OSError, RuntimeError) as error:  # no more folders can be watched on this machine, most often
            log.warning("changes on disk are noticed later than they could be: %s", error)
            stop.wait(PULSE)


def _folders(project: Path) -> Sequence[Path]:
    return [
        folder for folder in (project / "templates", project / editorial.FOLDER, shipped_templates()) if folder.is_dir()
    ]


def _lasting(_: watchfiles.Change, path: str) -> bool:
    return not path.endswith(_PASSING) and not Path(path).name.startswith(".")


def _kind(project: Path, path: Path) -> str:
    return "editorial" if (project / editorial.FOLDER).resolve() in path.resolve().parents else "template"


class _Pulse:
    """What others do to the database. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: Database | None = None
        self._next = 0.0
        self._version = 0
        self._seen: dict[str, object] = {}
        self.beat()

    def beat(self) -> set[str]:
        """What has changed since the last look: entries, issue. Looks now and then only."""
        if time.monotonic() < self._next:
            return set()
        self._next = time.monotonic() + PULSE
        try:
            with database_errors(self._path):
                return self._look()
        except DatabaseError:  # busy, or away for a moment: the next look tells
            self.close()
            return set()

    def close(self) -> None:
        """Let go of the database."""
        if self._db:
            self._db.conn.close()
        self._db = None

    def _look(self) -> set[str]:
        self._db = db = self._db or open_store(self._path)
        (version,) = db.conn.execute("PRAGMA data_version").fetchone()
        if version == self._version and self._seen:
            return set()
        self._version = version
        before, self._seen = (
            self._seen,
            {
                "entries": (entries.newest_id(db), entries.count(db)),
                "issue": (issues.all_issues(db), issues.words(db), issues.schedules(db), people.count_by_state(db)),
            },
        )
        return {name for name, seen in self._seen.items() if before and before[name] != seen}
