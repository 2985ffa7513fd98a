"""Things that may take their time, each in a thread of its own: who hangs holds up nobody for ever."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.mailbox.envelope import place_of


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Why there is no result."""

    why: str


class SideBySide:
    """Runs at once what it is given; the threads end with the process, wherever they hang."""

    def __init__(self, jobs: Mapping[str, Callable[[], Any]]) -> None:
        self._results: dict[str, Any] = {}
        self._threads = {
            name: threading.Thread(target=self._run, args=(name, job), name=f"doctor {name}", daemon=True)
            for name, job in jobs.items()
        }
        self._began = time.monotonic()
        for thread in self._threads.values():
            thread.start()

    def results(self, seconds: float) -> dict[str, Any]:
        """What each has brought, so many seconds after the beginning at the latest; else a `NotKnown`."""
        for thread in self._threads.values():
            thread.join(max(0.0, self._began + seconds - time.monotonic()))
        late = NotKnown(f"it was not through within {seconds:g} seconds")
        return {name: self._results.get(name, late) for name in self._threads}

    def _run(self, name: str, job: Callable[[], Any]) -> None:
        try:
            self._results[name] = job()
        # What others answer may break anything; that is a finding, and the other jobs go on.
        except Exception as error:
            self._results[name] = NotKnown(f"it broke off ({place_of(error)})")
