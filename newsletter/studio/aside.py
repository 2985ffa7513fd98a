"""What takes its time, checks and pictures of all readers, is done in a process of its own.

Python runs one thread at a time: beside a check of ten thousand readers every picture would wait for seconds.
"""

import asyncio
import os
import signal
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from newsletter.errors import NewsletterError
from newsletter.newsletter import Newsletter
from newsletter.studio.bench import Bench
from subscribers.errors import SubscribersError

T = TypeVar("T")
#: How much the process steps back behind those that somebody waits for.
NICE = 5
_DIED = (
    "The process that looks at all readers ended before it answered; most often the machine is out of memory. "
    "Nothing was changed. Ask again."
)
_CLOSING = "The desk is being closed, so this was not looked at. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be looked at."""

    what: str
    issue: str
    #: of checks: are links asked whether they answer?
    links: bool = False


def do(newsletter: Newsletter, errand: Errand) -> Any:
    """What comes of it. Raises what the newsletter does."""
    if errand.what == "checks":
        return newsletter.check(errand.issue, links=errand.links)
    drawn = newsletter.pictures
    if not errand.issue:  # nobody is there yet to get one
        return [drawn.weeks()]
    return drawn.all(errand.issue)


class Aside:
    """A process that does one errand after the other; it is started for the first. `do` belongs to one thread."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._process: BaseProcess | None = None
        self._ended = False
        self._connection: Connection[Errand, tuple[bool, Any]] | None = None

    def do(self, errand: Errand) -> Any:
        """As `do` above; what the process raises is said with the same words."""
        if self._ended:
            raise NewsletterError(_CLOSING)
        try:
            connection = self._running()
            connection.send(errand)
            good, answer = connection.recv()
        except (EOFError, OSError):
            self.close()
            raise NewsletterError(_CLOSING if self._ended else _DIED) from None
        if good:
            return answer
        raise NewsletterError(answer)

    def end(self) -> None:
        """End it for good in the middle of what it does, from any thread: it only looks."""
        self._ended = True
        process = self._process
        if process:
            process.terminate()

    def close(self) -> None:
        """End the process, if it runs."""
        if self._connection:
            self._connection.close()
        if self._process:
            self._process.terminate()
            self._process.join()
        self._process = self._connection = None

    def _running(self) -> "Connection[Errand, tuple[bool, Any]]":
        if self._connection is None:
            # A fork would take along threads' locks and the connections to the database.
            context = get_context("spawn")
            self._connection, theirs = context.Pipe()
            process = context.Process(target=_work, args=(self._project, theirs), daemon=True)
            process.start()
            self._process = process
            theirs.close()
            if self._ended:  # meanwhile
                process.terminate()
        return self._connection


class Here:
    """The same in this process."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def do(self, errand: Errand) -> Any:
        """As `do` above."""
        return do(self._bench.newsletter, errand)

    def close(self) -> None:
        """Let go of the database."""
        self._bench.close()


class Turns:
    """One answer for all who ask for the same before it is begun; who comes later wants a newer one."""

    def __init__(self) -> None:
        self._waiting: dict[object, asyncio.Task[Any]] = {}
        self._locks: dict[object, asyncio.Lock] = {}

    async def take(self, key: object, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` returns or raises, for whoever asks by that key."""
        if key not in self._waiting:
            task = self._waiting[key] = asyncio.create_task(self._make(key, make))
            # Where all who asked have gone, nobody else looks at what went wrong.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        # Whoever goes away does not take it from the others.
        return await asyncio.shield(self._waiting[key])

    async def _make(self, key: object, make: Callable[[], Awaitable[T]]) -> T:
        async with self._locks.setdefault(key, asyncio.Lock()):
            del self._waiting[key]
            try:
                return await make()
            finally:
                if key not in self._waiting:
                    del self._locks[key]


def _work(project: Path, connection: "Connection[tuple[bool, Any], Errand]") -> None:
    """The process: answers until whoever started it is gone."""
    # Ctrl-C is for who started it, and ends this one in time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    bench: Bench | None = None
    with suppress(EOFError, OSError):
        while True:
            errand = connection.recv()
            try:
                bench = bench or Bench(project, lambda _: Newsletter(project))
                answer = (True, do(bench.newsletter, errand))
            except (NewsletterError, SubscribersError) as error:
                answer = (False, str(error))
            except Exception as error:  # ours: whoever asked is told, and the next errand is done
                place = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
                answer = (False, f"That went wrong, and it is our fault ({where}).")
            connection.send(answer)
    if bench:
        bench.close()
