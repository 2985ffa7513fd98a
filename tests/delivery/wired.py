"""What tests of one connection share: a wire with its other end at hand, and messages to give to it."""

import socket
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import cycle
from types import TracebackType
from typing import Any, Self

import pytest
from scripted import SILENT, Scripted

from newsletter.delivery.lines import Answered, Event, Job, Ready, Returned
from newsletter.delivery.outcomes import Outcome
from newsletter.delivery.wire import Wire

SENDER = "papers@example.org"
MESSAGE = b"From: papers@example.org\r\nSubject: x\r\n\r\nHello.\r\n"
ENVELOPE = b"MAIL FROM:<papers@example.org>\r\nRCPT TO:<r1@example.net>\r\nDATA\r\n"
#: Seconds that no test takes.
TIMEOUT = 1_000.0
BOTH = pytest.mark.parametrize("offers", ["pipelining", ""], ids=["pipelining", "one by one"])


class Narrow(socket.socket):
    """A network that takes only so many bytes more."""

    room: int | None = None

    def send(self, data: Any, flags: int = 0, /) -> int:
        if self.room is None:
            return super().send(data, flags)
        if not self.room:
            raise BlockingIOError
        count = super().send(data[: self.room], flags)
        self.room -= count
        return count

    def sendmsg(self, buffers: Iterable[Any], *more: Any) -> int:
        return self.send(b"".join(buffers))


class Line:
    """A wire, and its other end."""

    def __init__(self, offers: str = "pipelining", most: int = 100) -> None:
        near, self.far = socket.socketpair()
        self.near = Narrow(near.family, near.type, near.proto, near.detach())
        self.far.setblocking(False)
        self.wire = Wire(self.near, frozenset(offers.split()), TIMEOUT, most)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.near.close()
        self.far.close()

    def hears(self) -> bytes:
        """All that leaves now."""
        heard = b""
        while True:
            assert self.wire.write() == []
            data = self.takes(65_536)
            if not data:
                return heard
            heard += data

    def takes(self, most: int) -> bytes:
        """What is at hand at the other end."""
        try:
            return self.far.recv(most)
        except BlockingIOError:
            return b""

    def says(self, words: str | bytes) -> list[Event]:
        self.far.sendall(
            words if isinstance(words, bytes) else "".join(f"{word}\r\n" for word in words.split("|")).encode()
        )
        return self.wire.read()

    def hangs_up(self) -> list[Event]:
        """Once for what it said before, once for its end."""
        self.far.close()
        return self.wire.read() + self.wire.read()


def job(n: int = 1, message: bytes = MESSAGE, recipient: str = "", **more: Any) -> Job:
    recipient = recipient or f"r{n}@example.net"
    values: dict[str, Any] = {"sender": SENDER, "reader": recipient, "day": date(2026, 11, 27)}
    return Job(delivery_id=n, recipient=recipient, message=message, **(values | more))


def told(events: Iterable[Event]) -> list[tuple[int, str | Outcome]]:
    """Whom each event is about, and what it says."""
    found: list[tuple[int, str | Outcome]] = []
    for event in events:
        match event:
            case Ready(of):
                found.append((of.delivery_id, "ready"))
            case Returned(of, why):
                found.append((of.delivery_id, f"returned: {why}"))
            case Answered(of, outcome):
                found.append((of.delivery_id, outcome))
    return found


def converse(line: Line, server: Scripted, jobs: Iterable[Job], sizes: Sequence[int] = (65_536,)) -> list[Event]:
    """Hand over the messages until nobody says any more; the answers come in pieces of those sizes, in turn."""
    waiting, size, events = deque(jobs), cycle(sizes), list[Event]()
    while True:
        while waiting and line.wire.vacant:
            events += line.wire.place(waiting.popleft())
        answers = server.hear(line.hears())
        if not answers:
            return events
        while answers:
            length = next(size)
            piece, answers = answers[:length], answers[length:]
            heard = line.says(piece)
            for event in heard:
                if isinstance(event, Ready):
                    assert line.wire.go(event.job)
            events += heard


def gone(line: Line, of: Job) -> None:
    """Let a message leave, up to its end."""
    assert line.wire.place(of) == []
    assert isinstance(converse(line, Scripted({".": [SILENT]}), [])[-1], Ready)
    assert line.wire.busy
