"""What the sending loop asks of a way out, and what a way out tells it.

A message takes two steps, so that the ledger can stand between them: it is *placed* (its envelope may leave, nothing
is lost if that comes to nothing), and when the way is free for its content it is *ready*; only after its intent is
durable the loop says *go*, and the answer ends it.
"""

import time
from collections import deque
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from newsletter.delivery.outcomes import Deferred, Outcome
from newsletter.delivery.transport import Transport, file_name
from newsletter.errors import TransportDown


@dataclass(eq=False, slots=True)
class Job:
    """A finished message on its way out."""

    delivery_id: int
    #: the envelope; an empty sender is the null one
    sender: str
    recipient: str
    #: ends in CRLF, and no line of it begins with a dot: it goes out as it is (RFC 5321, section 4.5.2)
    message: bytes
    #: whom it is for, and the day of its Date: what a file of it is called after
    reader: str
    day: date
    #: headers that go before the message
    signature: bytes = b""
    #: None for a notice
    issue_id: int | None = None
    #: whose servers it goes to, for pacing
    provider: str = ""
    #: connections that were lost before it could be handed over
    losses: int = 0
    #: its intent is durable: the ledger says `sending`
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """The content may leave as soon as the ledger knows."""

    job: Job


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of it, and how many milliseconds after it was placed."""

    job: Job
    outcome: Outcome
    took: int


@dataclass(frozen=True, slots=True)
class Returned:
    """The connection ended before any of its content left: another may take it."""

    job: Job
    why: str


Event = Ready | Answered | Returned


class Lines(Protocol):
    """One or many ways out that are served together by one thread."""

    #: True where handing over the same message again changes nothing
    repeatable: bool

    def vacant(self, waiting: int) -> int:
        """How many messages may be placed now; opens what is sensible for so many that wait."""

    def place(self, job: Job) -> None:
        """Take a message whose envelope may leave."""

    def go(self, job: Job) -> None:
        """Its content may leave."""

    def withdraw(self, job: Job) -> None:
        """It must not leave, although it is ready."""

    def push(self) -> None:
        """What was said so far leaves now, as far as the network takes it."""

    def events(self, seconds: float) -> list[Event]:
        """What happened; waits so long for something at most. Raises `TransportDown` when nothing can leave."""

    @property
    def busy(self) -> bool:
        """Is a message in hand whose content has begun to leave?"""

    def close(self) -> None:
        """Let go of connections."""


def _file_name(job: Job) -> str:
    """Unique, and telling in a listing."""
    return f"{job.day:%Y-%m-%d}-{file_name(job.reader)}-{job.delivery_id}"


class OneByOne:
    """A transport that takes one message at a time, and waits for it."""

    def __init__(self, transport: Transport) -> None:
        self.repeatable = transport.repeatable
        self._transport = transport
        self._placed: Job | None = None
        self._events: deque[Event] = deque()
        self._down: TransportDown | None = None

    def vacant(self, waiting: int) -> int:
        """One, when there is none."""
        return int(self._placed is None and not self._down)

    def place(self, job: Job) -> None:
        """It is ready at once."""
        self._placed = job
        self._events.append(Ready(job))

    def go(self, job: Job) -> None:
        """Hand it over."""
        self._placed = None
        began, message = time.monotonic(), job.signature + job.message
        try:
            outcome = self._transport.send(message, sender=job.sender, recipient=job.recipient, name=_file_name(job))
        except TransportDown as down:
            # It did not take this one: its turn comes again, at once when the server is back.
            outcome, self._down = Deferred(str(down), timedelta(0)), down
        self._events.append(Answered(job, outcome, round((time.monotonic() - began) * 1_000)))

    def withdraw(self, job: Job) -> None:
        """Forget it."""
        self._placed = None

    def push(self) -> None:
        """It has left already."""

    def events(self, seconds: float) -> list[Event]:
        """What happened since; sleeps where nothing did."""
        if not self._events:
            if self._down:
                raise self._down
            time.sleep(seconds)
        found = list(self._events)
        self._events.clear()
        return found

    @property
    def busy(self) -> bool:
        """Nothing is ever half done."""
        return any(isinstance(event, Answered) for event in self._events)

    def close(self) -> None:
        """Let go of what the transport holds."""
        self._transport.close()
