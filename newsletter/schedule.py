"""The clock of `newsletter serve`: a few ticks, called again and again, that do whatever is due.

APScheduler calls them; what is due is in the database, so a tick that was missed, or called twice, does no harm, and
after any downtime the next one catches up. Each tick has a thread of its own, opens the newsletter, and lets go of it
with whatever it started: the model's process ends with the tick that needed it.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers import SchedulerNotRunningError
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter import supervisor, ticks
from newsletter.errors import NewsletterError
from newsletter.logs import Log
from newsletter.mailbox.envelope import place_of
from newsletter.newsletter import Newsletter
from newsletter.ranking.embedding import Progress
from newsletter.working import WORK, Stopping
from subscribers.errors import SubscribersError

#: Opens the newsletter in the thread that asks; `progress` is called between two pieces of long work.
Opening = Callable[[Callable[[str], Progress]], Newsletter]
#: Seconds between two looks whether the clock was put back.
MINDING = 10.0
#: Seconds between two signs that long work goes on.
SIGN = 60.0
#: Seconds after which what was pulled is too old to make an issue of: the machine slept, or has just started.
FRESH = 600.0
#: Seconds that making waits for pulling, if that takes long; it looks as often as the second.
PATIENCE, HEARING = 300.0, 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two calls of each tick."""

    pull: float = 60.0
    make: float = 60.0
    #: it is called at once when something is put into the outbox
    deliver: float = 20.0
    tend: float = 300.0


class Schedule:
    """Calls the ticks while the block runs. At its end the message in hand is finished; what waits goes on waiting."""

    def __init__(
        self, opening: Opening, clock: Callable[[], datetime], log: Log, pace: Pace, stop: threading.Event
    ) -> None:
        self._opening = opening
        self._clock = clock
        self._log = log
        self._stop = stop
        self._asked = threading.Event()
        #: the real moment at which a pull ended last, or was none to wait for
        self._pulled: float | None = None
        #: did a source fail, where nothing else did?
        self._partly = False
        #: what went wrong in each tick; told when it changes
        self._trouble: dict[str, str] = {}
        # It warns of each call that finds the one before still at work, which is as it should be.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            executors={name: ThreadPoolExecutor(1) for name in (*WORK, "alive", "default")},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        for name in WORK:
            seconds = getattr(pace, name)
            self._scheduler.add_job(
                self._tick, "interval", [name], seconds=seconds, id=name, executor=name, next_run_time=datetime.now(UTC)
            )
        if often := supervisor.watchdog_seconds():
            self._scheduler.add_job(self._alive, "interval", seconds=often / 3, id="alive", executor="alive")

    def __enter__(self) -> Self:
        with self.opened() as newsletter:
            last = ticks.all_ticks(newsletter.database).get("pull")
        # After one that did not outlive its process, making waits for no other: it could wait for ever.
        if last and (last.running or (last.ended_at and self._clock() - last.ended_at < timedelta(seconds=FRESH))):
            self._pulled = time.time()
        self._scheduler.start()
        threading.Thread(target=self._mind_the_clock, name="clock", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._scheduler.shutdown(wait=True)

    def opened(self) -> Newsletter:
        """The newsletter, for a moment's look."""
        return self._opening(lambda what: lambda done, todo: None)

    def once(self) -> bool:
        """Call every tick once, one after the other; False where one of them, or a source, went wrong."""
        for name in WORK:
            self._tick(name)
        return not (self._partly or any(self._trouble.values()))

    def wake(self) -> None:
        """Something was put into the outbox. Called from any thread."""
        self._asked.set()
        self._at_once("deliver")

    def changed(self) -> None:
        """A file that is a source has changed. Called from any thread."""
        self._at_once("pull")

    def _mind_the_clock(self) -> None:
        """A clock that is put back would leave every next call hours ahead: then all are called now."""
        ahead = time.time() - time.monotonic()
        while not self._stop.wait(MINDING):
            before, ahead = ahead, time.time() - time.monotonic()
            if ahead < before - 1:
                for job in self._scheduler.get_jobs():
                    self._at_once(job.id)

    def _at_once(self, name: str) -> None:
        # Before the start and after the end there is nobody to wake, and nothing is lost: it is in the database.
        with suppress(JobLookupError, SchedulerNotRunningError):
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def _tick(self, name: str) -> None:
        if name == "make":
            self._await_pull()
        while not self._stop.is_set():
            if name == "deliver":
                self._asked.clear()
            found = self._worked(name)
            if found != self._trouble.get(name, ""):
                self._trouble[name] = found
                if found:
                    self._log.trouble(f"{name} went wrong", why=found)
                else:
                    self._log.say(f"{name} works again.")
            # Whoever woke it while it ran was not heard by the scheduler.
            if found or name != "deliver" or not self._asked.is_set():
                return

    def _await_pull(self) -> None:
        """Let a pull come first: an issue that fell due in the meantime would be frozen without what came in."""
        end = time.monotonic() + PATIENCE
        while not (self._is_fresh() or time.monotonic() > end or self._stop.wait(HEARING)):
            pass

    def _is_fresh(self) -> bool:
        # By the clock of the wall: the other one stands while a machine sleeps.
        return self._pulled is not None and 0 <= time.time() - self._pulled < FRESH

    def _worked(self, name: str) -> str:
        """Do it; returns what went wrong, in words, or nothing."""
        signed = time.monotonic()
        opened: list[Newsletter] = []

        def between(done: int, todo: int) -> None:
            nonlocal signed
            if self._stop.is_set():
                raise Stopping
            if opened and time.monotonic() - signed > SIGN:
                signed = time.monotonic()
                ticks.began(opened[0].database, name, self._clock())

        try:
            with self._opening(lambda what: between) as newsletter:
                opened.append(newsletter)
                ticks.began(newsletter.database, name, self._clock())
                error = ""
                try:
                    self._partly |= not WORK[name](newsletter, self._stop, self._log)
                except Stopping:
                    raise
                except Exception as failure:
                    error = _in_words(failure)
                ticks.ended(newsletter.database, name, self._clock(), error or None)
                return error
        except Stopping:
            return self._trouble.get(name, "")
        except Exception as failure:  # it could not even be opened
            return _in_words(failure)
        finally:
            if name == "pull":
                self._pulled = time.time()

    def _alive(self) -> None:
        """Tell the supervisor that all goes on, as long as it does."""
        with suppress(Exception):
            try:
                with self.opened() as newsletter:
                    hangs = ticks.why_not_ready(ticks.all_ticks(newsletter.database), self._clock())
            except (NewsletterError, SubscribersError):
                hangs = ""  # as broken settings: a new start would not mend them, and end the pages as well
            if not hangs:
                supervisor.alive()


def _in_words(failure: Exception) -> str:
    """One broken thing must not end all others; the words of a fault of ours may name people."""
    if isinstance(failure, NewsletterError | SubscribersError):
        return str(failure)
    return f"It is a fault of the program: {place_of(failure)}."
