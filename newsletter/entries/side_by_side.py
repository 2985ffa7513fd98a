"""Asking many servers at once: some threads fetch, the caller takes what comes as it comes."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from newsletter.entries.fetching import Turn
from newsletter.entries.spacing import Stopped, Turns

MOST = 8
#: Seconds after which a caller who wants to stop is heard.
HEARING = 0.2

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def side_by_side(
    groups: Sequence[Sequence[Item]],
    fetch: Callable[[Item, Turn], Result],
    *,
    database: Path,
    stop: Callable[[], bool],
) -> Iterator[Iterator[tuple[Item, Result]]]:
    """What `fetch` gives for every item, in the order in which it comes; the items of a group one after another.

    It begins at once, and what comes ends early once `stop` says so. The threads are the process's, not ours: a server
    that hangs holds nobody up, for at the end nobody waits for it. What `fetch` raises is raised where it is taken.
    """
    todo: queue.SimpleQueue[Sequence[Item]] = queue.SimpleQueue()
    for group in groups:
        todo.put(group)
    # One is kept waiting, so that memory holds few.
    done: queue.Queue[tuple[Item, Result | Exception]] = queue.Queue(1)
    halt = threading.Event()

    def hand_over(item: Item, result: Result | Exception) -> None:
        while not halt.is_set():
            with suppress(queue.Full):
                done.put((item, result), timeout=HEARING)
                break

    def work() -> None:
        with closing(Turns(database, halt)) as turn, suppress(queue.Empty, Stopped):
            while True:
                for item in todo.get_nowait():
                    if halt.is_set():
                        raise Stopped
                    try:
                        result: Result | Exception = fetch(item, turn)
                    except Stopped:
                        raise
                    except Exception as error:  # whatever it is: the caller's, not the thread's
                        result = error
                    hand_over(item, result)

    def coming() -> Iterator[tuple[Item, Result]]:
        left = sum(len(group) for group in groups)
        while left and not stop():
            try:
                item, result = done.get(timeout=HEARING)
            except queue.Empty:
                continue
            left -= 1
            if isinstance(result, Exception):
                raise result
            yield item, result

    for n in range(min(MOST, len(groups))):
        threading.Thread(target=work, name=f"pull-{n}", daemon=True).start()
    try:
        yield coming()
    finally:
        halt.set()
