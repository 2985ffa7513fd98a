"""`newsletter serve` in a process of its own, in which hours pass within seconds, and which can be killed.

The file is a test's helper and, started as a program, that process.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from conftest import WordEmbedder

from newsletter import newsletter, serving, ticks
from newsletter.delivery import ledger, sending
from newsletter.entries import fetching, pulling
from newsletter.entries import store as entries
from newsletter.entries.fetching import http_client
from newsletter.entries.network import anywhere
from newsletter.issues import store as issues
from newsletter.logs import Log
from newsletter.ranking.embedding import Vectors
from newsletter.schedule import Pace
from subscribers import consent
from subscribers.database import writing

QUICK = Pace(pull=0.25, make=0.2, deliver=0.15, tend=0.5)


@dataclass(frozen=True, slots=True)
class Hurried:
    """A clock that runs faster than others, and shows the same in every process."""

    start: datetime
    #: seconds of it in a real one
    speed: float = 3600.0
    #: the real moment of `start`, as `time.time` tells it
    epoch: float = field(default_factory=time.time)

    def __call__(self) -> datetime:
        return self.at(time.time())

    def at(self, real: float) -> datetime:
        """What it shows at that moment."""
        return self.start + timedelta(seconds=(real - self.epoch) * self.speed)

    def wait_until(self, moment: datetime) -> None:
        """Sleep until it shows that."""
        time.sleep(max((moment - self()).total_seconds() / self.speed, 0))


class Halting:
    """A hurried clock that stands while nobody serves: how fast a process starts is the machine's affair."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._hurried, self._stands = Hurried(start, speed), True

    def __call__(self) -> datetime:
        return self._hurried.start if self._stands else self._hurried()

    def go(self, epoch: float) -> None:
        """Run on from that real moment."""
        self._hurried, self._stands = replace(self._hurried, epoch=epoch), False

    def halt(self, away: timedelta) -> Hurried:
        """Stand, so much later than now; returns the clock for who serves next, from when they begin."""
        self._hurried, self._stands = replace(self._hurried, start=self() + away, epoch=0.0), True
        return self._hurried


@dataclass(frozen=True, slots=True)
class Orders:
    """What the process is told."""

    start: str
    speed: float
    #: 0: from the moment at which the process begins
    epoch: float
    #: the name of the moment at which it kills itself; empty: never
    die: str = ""
    #: seconds that the embedder takes for a text
    thinking: float = 0.0
    standby: bool = False
    #: seconds after which a tick is stuck
    stuck: float = 600.0


class ServeProcess:
    """Serves a project until it is ended or killed; keeps what it says."""

    def __init__(self, project: Path, clock: Hurried, **orders: Any) -> None:
        """`orders` are as `Orders` knows them."""
        self.project = project
        told = Orders(clock.start.isoformat(), clock.speed, clock.epoch, **orders)
        self.began = time.monotonic()
        self.child = subprocess.Popen(
            [sys.executable, __file__, str(project), json.dumps(asdict(told))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[dict[str, Any]] = []
        self.err = ""
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._listen_to_errors)]
        for thread in self._threads:
            thread.start()

    @property
    def runs(self) -> bool:
        return self.child.poll() is None

    @property
    def serves(self) -> bool:
        """Has it said that the pages are there?"""
        return self.has_said("Pages on")

    def has_said(self, words: str) -> bool:
        return any(words in str(line["event"]) for line in self.said)

    def troubles(self) -> list[str]:
        return [f"{line['event']}: {line.get('why', '')}" for line in self.said if line["level"] != "info"]

    def ready(self, seconds: float = 60) -> Self:
        """Wait until it serves, or has ended."""
        assert wait_for(lambda: self.serves or not self.runs, seconds), self.said
        return self

    def epoch(self) -> float | None:
        """The real moment from which its clock runs, once that is known; None where it ended before."""
        assert wait_for(lambda: self.has_said("the clock runs") or not self.runs, 60)
        return next((float(line["epoch"]) for line in list(self.said) if line["event"] == "the clock runs"), None)

    def kill(self) -> None:
        """As `kill -9` does."""
        self.child.kill()
        self._ended(20)

    def end(self, number: signal.Signals = signal.SIGTERM, patience: float = 30) -> float:
        """Tell it to stop; returns the seconds that it took. It must end well."""
        told = time.monotonic()
        self.child.send_signal(number)
        self._ended(patience)
        took = time.monotonic() - told
        assert (self.child.returncode, "Traceback" in self.err) == (0, False), self.err
        return took

    def has_died(self, seconds: float = 60) -> bool:
        """Wait until it has killed itself; False where it has not."""
        try:
            self._ended(seconds)
        except subprocess.TimeoutExpired:
            return False
        return self.child.returncode == -signal.SIGKILL

    def _ended(self, seconds: float) -> None:
        self.child.wait(seconds)
        for thread in self._threads:
            thread.join(20)
        for stream in (self.child.stdout, self.child.stderr):
            assert stream
            stream.close()

    def _listen(self) -> None:
        assert self.child.stdout
        for line in self.child.stdout:
            if line.endswith("}\n"):  # a kill may leave half a line
                self.said.append(json.loads(line))

    def _listen_to_errors(self) -> None:
        assert self.child.stderr
        self.err = self.child.stderr.read()


@contextmanager
def served(project: Path, clock: Hurried, **how: Any) -> Iterator[ServeProcess]:
    """Serves while the block runs, and is ended well; killed where the block fails."""
    with ended(ServeProcess(project, clock, **how)) as process:
        yield process.ready()


@contextmanager
def ended(process: ServeProcess) -> Iterator[ServeProcess]:
    """The process, which is ended well when the block ends; killed where the block fails."""
    try:
        yield process
        if process.runs:
            process.end()
    finally:
        if process.runs:
            process.kill()


def wait_for(condition: Callable[[], object], seconds: float = 30) -> bool:
    """Ask again and again until the answer is true or the time has passed; returns the last answer."""
    end = time.monotonic() + seconds
    while not (answer := bool(condition())) and time.monotonic() < end:
        time.sleep(0.01)
    return answer


# -- in the process itself


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _after(place: Any, name: str) -> None:
    """Die as soon as that function has done its work once."""
    work = getattr(place, name)

    def once(*arguments: Any, **options: Any) -> None:
        work(*arguments, **options)
        _die()

    setattr(place, name, once)


def _in_half_a_save() -> None:
    """Die when half of a document is stored and committed, and nothing is remembered of its source."""
    save = entries.save

    def half(db: Any, source: str, document: str, found: Sequence[Any], now: datetime) -> tuple[int, int]:
        done = save(db, source, document, found[: len(found) // 2], now)
        if done[0]:
            _die()
        return save(db, source, document, found, now)

    vars(entries)["save"] = half


def _enqueue_half(*, committed: bool) -> None:
    """Die when half of the composed copies are written down, and committed or not."""
    enqueue = ledger.enqueue

    def half(db: Any, deliveries: Sequence[Any], now: datetime) -> None:
        if len(deliveries) < 2:
            enqueue(db, deliveries, now)
            return
        with writing(db):
            enqueue(db, deliveries[: len(deliveries) // 2], now)
            if not committed:
                _die()
        _die()

    ledger.enqueue = half


#: Where it may be told to die.
MOMENTS: dict[str, Callable[[], None]] = {
    "half of a document is stored": _in_half_a_save,
    "a source is stored and not remembered": lambda: _after(pulling, "_save"),
    "an issue is frozen and has no general edition": lambda: _after(issues, "freeze"),
    "an issue has its general edition and no copies": lambda: _after(issues, "set_general"),
    "half of the copies are written down": lambda: _enqueue_half(committed=True),
    "half of the copies are written and not committed": lambda: _enqueue_half(committed=False),
    "copies are claimed and none is begun": lambda: _after(sending, "claim"),
    "a pause is over and not committed": lambda: _after(consent, "resume"),
    "the upkeep is half done": lambda: _after(newsletter, "tend"),
}


class _Thinking(WordEmbedder):
    """Takes its time, as a model does."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        for n, _ in enumerate(texts):
            time.sleep(self._seconds)
            if progress:
                progress(n)
        return super().embed(texts, progress)


def _public_here(user_agent: str) -> Any:
    """This machine stands for the public internet."""
    return http_client(user_agent=user_agent, may_connect=anywhere)


def main(project: Path, orders: Orders) -> None:
    clock = Hurried(datetime.fromisoformat(orders.start), orders.speed, orders.epoch or time.time())
    log = Log(sys.stdout, human=False, clock=clock)
    log("the clock runs", epoch=clock.epoch)
    vars(fetching)["public_client"] = _public_here
    if orders.die:
        MOMENTS[orders.die]()
    ticks.STUCK = timedelta(seconds=orders.stuck)
    serving.serve(
        project,
        log,
        clock=clock,
        embedder=_Thinking(orders.thinking) if orders.thinking else WordEmbedder(),
        pace=QUICK,
        standby=orders.standby,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Orders(**json.loads(sys.argv[2])))
