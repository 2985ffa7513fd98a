"""Handing messages to a mail server (RFC 5321) over several connections that are kept; one thread serves them all.

Only opening a connection waits, and has a thread of its own for that. Measured: a selector over pipelined connections
takes a third of the time that a thread for each takes, and needs no lock; what is costly beside it, signing, is done by
threads that do not need the interpreter (see `preparing.py`).
"""

import selectors
import socket
import threading
import time
from collections import deque

from newsletter.delivery.lines import Event, Job, Ready
from newsletter.delivery.session import Server, Session, open_session, trust
from newsletter.delivery.wire import Wire
from newsletter.errors import TransportDown

#: Another connection is opened for every so many messages that wait.
_EACH = 8
#: Seconds after which a connection that could not be opened is tried again: beside others, and where there is none.
_MORE, _AGAIN = 30.0, 1.0
#: Connections one after the other that came to nothing, or ended before any message went by them: it is not well.
_MOST_LOST = 3
#: Seconds between two looks for connections that are silent for too long.
_LOOK = 0.5


class SmtpLines:
    """A mail server, reached by as many connections as are sensible; the first is opened for the first message."""

    repeatable = False

    def __init__(self, server: Server, connections: int = 1, messages_per_connection: int = 1_000_000) -> None:
        server.refuse_unfit()
        self._server = server
        self._trusted = trust(server)
        self._most = connections
        self._each = messages_per_connection
        self._wires: set[Wire] = set()
        self._by_job: dict[Job, Wire] = {}
        #: free ones, the idle last; as of the last question
        self._free: list[Wire] = []
        #: those on which something happened since the last look, and those that the network does not take all from
        self._touched: set[Wire] = set()
        self._stuck: set[Wire] = set()
        self._events: list[Event] = []
        self._selector = selectors.DefaultSelector()
        #: connections that are being opened, and what became of them
        self._opening = 0
        self._opened: deque[Session | TransportDown] = deque()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        #: when another may be opened beside those that are there, and when one where there is none
        self._more_at = self._again_at = 0.0
        self._lost = 0
        #: has it taken anything yet?
        self._well = False
        self._down: TransportDown | None = None
        self._looked = 0.0
        self._closed = False

    def vacant(self, waiting: int) -> int:
        """How many messages may be placed now; opens connections for the others that wait."""
        if self._down:
            return 0
        self._free = [wire for wire in self._wires if wire.vacant]
        self._free.sort(key=lambda wire: wire.idle)
        free, there = len(self._free), len(self._wires) + self._opening
        wanted = min(self._most, -(-waiting // _EACH)) if waiting > free else 0
        if not self._wires:
            # One first: a password that is wrong, said by all at once, may lock the account.
            wanted = min(wanted, 1)
        if there < wanted and time.monotonic() >= (self._more_at if there else self._again_at):
            for _ in range(wanted - there):
                self._opening += 1
                threading.Thread(target=self._open, daemon=True, name="connecting").start()
        return free

    def place(self, job: Job) -> None:
        """The envelope goes behind whatever that connection is at; idle ones come first."""
        wire = self._free.pop()
        self._by_job[job] = wire
        self._touched.add(wire)
        self._note(wire.place(job))

    def go(self, job: Job) -> None:
        """Its content may leave."""
        if wire := self._by_job.get(job):
            self._touched.add(wire)
            if not wire.go(job):
                self._note(wire.hang_up())

    def withdraw(self, job: Job) -> None:
        """The server waits for a content that must not leave: only hanging up ends that."""
        if wire := self._by_job.pop(job, None):
            self._touched.add(wire)
            self._note([event for event in wire.hang_up() if event.job is not job])

    @property
    def busy(self) -> bool:
        """Is a content on its way, or one not told of yet?"""
        return bool(self._events) or any(wire.busy for wire in self._wires)

    def push(self) -> None:
        """Write what there is."""
        for wire in self._touched:
            if wire.wants_to_write:
                self._note(wire.write())
            if wire.closed or wire.wants_to_write == (wire in self._stuck):
                continue
            self._stuck ^= {wire}
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if wire.wants_to_write else 0)
            self._selector.modify(wire.socket, wanted, wire)

    def events(self, seconds: float) -> list[Event]:
        """Write what there is, and hear what the server says."""
        self.push()
        for key, _ in self._selector.select(0 if self._events else max(seconds, 0)):
            if key.fileobj is self._woken:
                self._woken.recv(4_096)
                continue
            wire: Wire = key.data
            self._touched.add(wire)
            if wire.wants_to_write:
                self._note(wire.write())
            self._note(wire.read())
            if wire.barred:
                self._down = self._refused(*wire.barred)
        self._take_opened()
        self._look_after()
        found, self._events = self._events, []
        if not found and self._down and not self.busy:
            raise self._down
        return found

    def close(self) -> None:
        """Say goodbye; twice does no harm."""
        if self._closed:
            return
        self._closed = True
        for wire in self._wires:
            if wire.idle:
                wire.quit()
            self._selector.unregister(wire.socket)
            wire.socket.close()
        self._wires.clear()
        self._selector.close()
        self._wake.close()
        self._woken.close()
        self._drop_opened()

    # -- connections

    def _open(self) -> None:
        """In a thread of its own."""
        found: Session | TransportDown
        try:
            found = open_session(self._server, self._trusted)
        except TransportDown as down:
            found = down
        self._opened.append(found)
        try:
            self._wake.send(b".")
        except OSError:  # closed meanwhile
            self._drop_opened()

    def _drop_opened(self) -> None:
        while self._opened:
            found = self._opened.popleft()
            if isinstance(found, Session):
                found.socket.close()

    def _take_opened(self) -> None:
        while self._opened:
            found = self._opened.popleft()
            self._opening -= 1
            if isinstance(found, Session):
                wire = Wire(found.socket, found.offers, self._server.timeout, self._each)
                self._wires.add(wire)
                self._selector.register(wire.socket, selectors.EVENT_READ, wire)
            elif self._wires or self._opening:
                # The others go on; a server has a limit of connections that nobody told us.
                self._more_at = time.monotonic() + _MORE
            elif self._well and self._lost + 1 < _MOST_LOST:
                # It may not have noticed yet that the one before has ended.
                self._lost += 1
                self._again_at = time.monotonic() + _AGAIN
            else:
                self._down = found

    def _look_after(self) -> None:
        """Drop what is over, and what is silent."""
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked = now
            self._touched |= self._wires
            for wire in self._wires:
                self._note(wire.overdue(now))
        for wire in self._touched:
            if wire.spent:
                wire.quit()
            if wire.closed:
                self._wires.remove(wire)
                self._stuck.discard(wire)
                self._forget(wire)
        self._touched = {wire for wire in self._wires & self._touched if wire.wants_to_write or wire in self._stuck}

    def _forget(self, wire: Wire) -> None:
        # In this order: the next connection may have the same number.
        self._selector.unregister(wire.socket)
        wire.socket.close()
        self._well = self._well or wire.answered > 0
        if wire.answered or wire.hung_up:
            self._lost = 0
        elif any(other.answered for other in self._wires):
            # The others go on: it ends those that nothing goes by, or has a limit of connections.
            self._more_at = time.monotonic() + _MORE
        else:
            self._lost += 1
        if self._lost >= _MOST_LOST and self._down is None:
            self._down = self._server.down(f"closed the connection again and again ({wire.why})")

    def _note(self, events: list[Event]) -> None:
        for event in events:
            self._events.append(event)
            if not isinstance(event, Ready):
                self._by_job.pop(event.job, None)

    def _refused(self, said: str, sender: str) -> TransportDown:
        """About us, not about a reader: most often it wants a login first."""
        down = self._server.down(f"does not take mail from {sender} ({said})")
        return TransportDown(f"{down} Check address, smtp.username and smtp.security.")
