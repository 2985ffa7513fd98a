"""Where the work of a page is done: a few threads, each with a newsletter (or whatever else is opened) of its own.

A connection to SQLite stays in the thread that opened it, and the server's own thread must never wait for a disk.
Two are enough: while one waits for another process's write, the other goes on answering, for a megabyte more. Four
gave fewer pages a second than one (506, 615): the work between is Python's, and they only wait for each other.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar


class Closing(Protocol):
    """What lies on a desk."""

    def close(self) -> None:
        """Let go of the database."""


T = TypeVar("T")
D = TypeVar("D", bound=Closing)
DESKS = 2
#: Milliseconds that who asks here waits for another process's write. A person waits for the answer: better to be told
#: soon to come again than to wait half a minute.
PATIENCE_MS = 5_000


class Desks(Generic[D]):
    """Answers one question after the other at each desk."""

    def __init__(
        self,
        opening: Callable[[], D],
        count: int = DESKS,
        name: str = "web",
        *,
        outdated: Callable[[D], bool] = lambda open_: False,
    ) -> None:
        """`opening` opens the newsletter; called in each thread, again after it failed or became outdated."""
        self._opening = opening
        self._outdated = outdated
        self._count = count
        self._name = name
        self._jobs: SimpleQueue[tuple[Callable[[D], Any], Future[Any]] | None] = SimpleQueue()
        self._threads: list[Thread] = []

    async def ask(self, job: Callable[[D], T]) -> T:
        """What the job returns or raises; it runs at whichever desk is free."""
        return await asyncio.wrap_future(self.put(job))

    def put(self, job: Callable[[D], T]) -> "Future[T]":
        """The same for who is no coroutine."""
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    @property
    def waiting(self) -> int:
        """How many questions wait for a desk."""
        return self._jobs.qsize()

    def open(self) -> None:
        """Begin to work."""
        self._threads = [Thread(target=self._work, name=f"{self._name}-{n}", daemon=True) for n in range(self._count)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Finish what was asked for, and let go of the database."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _work(self) -> None:
        open_: D | None = None
        while (given := self._jobs.get()) is not None:
            job, future = given
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if open_ and self._outdated(open_):
                    last, open_ = open_, None
                    last.close()
                open_ = open_ or self._opening()
                future.set_result(job(open_))
            except BaseException as error:  # whatever it is, it belongs to who asked
                future.set_exception(error)
        if open_:
            open_.close()
