"""Whose turn it is at a server: no host is asked too often, by however many processes."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from sqlite_utils import Database

from newsletter.entries.network import is_this_machine
from subscribers.database import open_database, writing

#: Seconds between two requests to one host.
PAUSE = 1.0
#: What arXiv asks of all machines of one operator together (https://info.arxiv.org/help/api/tou.html).
ARXIV, ARXIV_PAUSE = "arxiv.org", 3.0
#: Seconds; a host that is taken for longer was taken by a clock that was wrong.
LONGEST = 60.0


class Stopped(Exception):
    """Nobody wants the answer any more."""


def host_of(url: str) -> str:
    """The host that a URL is asked from; all of arXiv's are one. Empty where there is none."""
    try:
        host = httpx2.URL(url).host.lower().rstrip(".")
    except (httpx2.InvalidURL, UnicodeError):
        return ""
    return ARXIV if host == ARXIV or host.endswith(f".{ARXIV}") else host


def pause_of(host: str) -> float:
    """Seconds that lie between two requests to a host; this machine needs no sparing."""
    if not host or is_this_machine(host):
        return 0.0
    return ARXIV_PAUSE if host == ARXIV else PAUSE


def take_slot(db: Database, host: str, now: datetime, pause: float) -> float:
    """Take the host's next free moment, for good; returns the seconds until then. No two callers get the same."""
    with writing(db):
        row = db.conn.execute("SELECT free_at FROM hosts WHERE host = ?", [host]).fetchone()
        free = datetime.fromisoformat(row[0]) if row else now
        slot = free if now < free <= now + timedelta(seconds=LONGEST) else now
        # In milliseconds, unlike other moments: whole seconds would bring some requests too near to each other.
        after = (slot + timedelta(seconds=pause)).isoformat(timespec="milliseconds")
        db.conn.execute("INSERT OR REPLACE INTO hosts VALUES (?, ?)", [host, after])
    return (slot - now).total_seconds()


class Turns:
    """Waits, in the thread that calls it, until a host may be asked. Close it in that thread.

    It reads the machine's own clock: other processes do too. Raises `Stopped` as soon as `halt` is set.
    """

    def __init__(
        self,
        database: Path,
        halt: threading.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path, self._halt, self._clock = database, halt, clock
        self._db: Database | None = None

    def __call__(self, url: str) -> None:
        """Wait for the turn of a URL's host."""
        host = host_of(url)
        if pause := pause_of(host):
            # Losing a slot to a power cut harms nobody.
            self._db = self._db or open_database(self._path, durable=False)
            until = time.monotonic() + take_slot(self._db, host, self._clock(), pause)
            self._halt.wait(max(until - time.monotonic(), 0))
        if self._halt.is_set():
            raise Stopped

    def close(self) -> None:
        """Let go of the database."""
        if self._db:
            self._db.conn.close()
            self._db = None
