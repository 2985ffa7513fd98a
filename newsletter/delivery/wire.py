"""One SMTP connection that never waits: what it is given goes out in as few writes as the server allows (RFC 2920).

The envelope of the next message leaves behind the content of the one before, so a message costs one round trip. The
content leaves only when it is told so. Whether a message that broke off was whole is known here: only one whose last
byte was handed to the network is uncertain.
"""

import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from newsletter.delivery.lines import Answered, Event, Job, Ready, Returned
from newsletter.delivery.outcomes import Deferred, Outcome, Refused, Sent, Unknown

#: More than that without an end is no answer of a mail server.
_LONGEST = 64_000
_AT_ONCE = 256_000
#: What TLS sends at once (RFC 8446, section 5.1): of more, only all of it would count as sent.
_RECORD = 16_384
#: RFC 5321, section 4.5.3.2.6: a server may take long over a message that it has; giving up leaves it uncertain.
FINAL = 10.0


class Step(Enum):
    """What an answer is to."""

    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    #: the end of the content
    END = auto()
    #: the end of an empty content, which nobody gets
    NOTHING = auto()
    RSET = auto()


_ENVELOPE = (Step.MAIL, Step.RCPT, Step.DATA)


@dataclass(eq=False, slots=True)
class _Taken:
    """A message on this connection."""

    job: Job
    placed_at: float
    #: commands that wait for the answer to the one before, where the server offers no pipelining
    left: list[tuple[Step, bytes]] = field(default_factory=list)
    #: what the server said to its envelope, if not yes
    refusal: Outcome | None = None
    #: bytes of this connection up to and with its last one; None before it goes
    ends_at: int | None = None
    ready: bool = False


class Wire:
    """An open session, logged in, in which messages are handed over one behind the other."""

    def __init__(self, sock: socket.socket, offers: frozenset[str], timeout: float, most: int) -> None:
        """`offers` are the server's extensions in lower case, `timeout` is in seconds, `most` messages go by it."""
        sock.setblocking(False)
        #: whoever made it closes it, once `closed` is true
        self.socket = sock
        self.delivered = 0
        #: messages that the server said anything final about
        self.answered = 0
        self.closed = False
        #: was that our doing?
        self.hung_up = False
        #: why it was closed, in words
        self.why = ""
        #: (what it said, to which sender) where the server takes no mail from us at all
        self.barred: tuple[str, str] | None = None
        self._pipelining = "pipelining" in offers
        self._offers = offers
        self._pending = getattr(sock, "pending", None)
        self._timeout = timeout
        self._left = most
        #: the one whose content goes or went, and the one whose envelope is behind it
        self._current: _Taken | None = None
        self._next: _Taken | None = None
        self._expected: deque[tuple[Step, _Taken | None]] = deque()
        #: what the network has not taken yet, and how many bytes were given to it in all, and taken by it
        self._out: deque[bytes | memoryview] = deque()
        self._given = self._sent = 0
        # Plain sockets take several pieces in one call, TLS one after the other.
        self._gathers = not isinstance(sock, ssl.SSLSocket)
        self._in = b""
        #: lines of an answer that goes on, and their bytes
        self._said: list[bytes] = []
        self._length = 0
        self._reset = False
        self._heard = time.monotonic()

    @property
    def vacant(self) -> bool:
        """May another message be placed?"""
        if self.closed or self._left <= 0 or self._next:
            return False
        if self._current is None:
            return True
        return self._pipelining and self._current.ends_at is not None

    @property
    def idle(self) -> bool:
        """Is there no message on it?"""
        return self._current is None and self._next is None

    @property
    def spent(self) -> bool:
        """Has it handed over as many as it should?"""
        return self._left <= 0 and self.idle

    @property
    def busy(self) -> bool:
        """Has a content begun to leave that is not answered?"""
        return not self.closed and self._current is not None and self._current.ends_at is not None

    @property
    def wants_to_write(self) -> bool:
        """Is there something that the network has not taken yet?"""
        return bool(self._out)

    # -- what the loop says

    def place(self, job: Job) -> list[Event]:
        """Write the envelope; an address that the server cannot take is answered at once."""
        beyond = not (job.recipient.isascii() and job.sender.isascii())
        if beyond and "smtputf8" not in self._offers:
            why = "the mail server takes no addresses beyond ASCII (it offers no SMTPUTF8)"
            return [Answered(job, Refused(why), 0)]
        self._left -= 1
        options = " SMTPUTF8" if beyond else ""
        if "8bitmime" in self._offers and not job.message.isascii():
            options += " BODY=8BITMIME"
        if "size" in self._offers:
            options += f" SIZE={len(job.signature) + len(job.message)}"
        commands = f"MAIL FROM:<{job.sender}>{options}\r\nRCPT TO:<{job.recipient}>\r\nDATA\r\n"
        taken = _Taken(job, time.monotonic())
        if self._current is None:
            self._current = taken
            self._heard = taken.placed_at
        else:
            self._next = taken
        self._say(taken, commands.encode())
        return []

    def go(self, job: Job) -> bool:
        """Let its content leave; False where the connection ended meanwhile."""
        taken = self._current
        if self.closed or taken is None or taken.job is not job or not taken.ready:
            return False
        if not self._out:
            self._heard = time.monotonic()
        self._give(job.signature, job.message, b".\r\n")
        taken.ends_at = self._given
        self._expected.append((Step.END, taken))
        return True

    def hang_up(self) -> list[Event]:
        """End it, whatever is on it."""
        self.hung_up = True
        return self.end("it was closed")

    def end(self, why: str) -> list[Event]:
        """The connection is over; what is on it is not."""
        if self.closed:
            return []
        self.closed = True
        self.why = why
        self._out.clear()
        events: list[Event] = []
        for taken in (self._current, self._next):
            if taken is None:
                continue
            if taken.refusal is not None:
                self.answered += 1
                events.append(_answered(taken, taken.refusal))
            elif taken.ends_at is None:
                events.append(Returned(taken.job, why))
            elif self._sent >= taken.ends_at:
                events.append(_answered(taken, Unknown(f"the connection broke in mid-message ({why})")))
            else:
                events.append(_answered(taken, Deferred(f"the connection broke before the message was whole ({why})")))
        self._current = self._next = None
        return events

    def quit(self) -> None:
        """Say goodbye, where nothing is on it."""
        if not self.closed:
            self._give(b"QUIT\r\n")
            self.write()
            self.closed = True

    # -- what the network says

    def write(self) -> list[Event]:
        """Hand the network what it takes."""
        try:
            while self._out and not self.closed:
                if self._gathers:
                    count = self.socket.sendmsg(self._out)
                else:
                    count = self.socket.send(memoryview(self._out[0])[:_RECORD])
                self._left_with(count)
                self._heard = time.monotonic()
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError as error:
            return self.end(_because(error))
        return []

    def _give(self, *pieces: bytes) -> None:
        self._out.extend(filter(None, pieces))
        self._given += sum(map(len, pieces))

    def _left_with(self, count: int) -> None:
        self._sent += count
        while self._out and count >= len(self._out[0]):
            count -= len(self._out.popleft())
        if count:
            self._out[0] = memoryview(self._out[0])[count:]

    def read(self) -> list[Event]:
        """Take what the server said."""
        over = ""
        try:
            while True:
                data = self.socket.recv(_AT_ONCE)
                if not data:
                    over = "the server closed it"
                    break
                self._in += data
                if len(data) < _AT_ONCE and not (self._pending and self._pending()):
                    break
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            over = _because(error)
        self._heard = time.monotonic()
        events: list[Event] = []
        for code, said in self._answers():
            if not self.closed:
                events += self._understand(code, said)
        if self._length + len(self._in) > _LONGEST:
            over = over or "it goes on without an end"
        return events + self.end(over) if over else events

    def overdue(self, now: float) -> list[Event]:
        """What follows where the server was silent for too long; `now` is `time.monotonic()`."""
        if self.idle or (self._current and self._current.ready and self._current.ends_at is None):
            return []
        final = self.busy and not self._out
        patience = self._timeout * FINAL if final else self._timeout
        return self.end(f"no answer for {patience:g} seconds") if now - self._heard > patience else []

    # -- the conversation

    def _say(self, taken: _Taken, envelope: bytes) -> None:
        steps: tuple[Step, ...] = _ENVELOPE
        if self._reset:
            self._reset = False
            envelope, steps = b"RSET\r\n" + envelope, (Step.RSET, *steps)
        if not self._pipelining:
            taken.left = list(zip(steps, envelope.splitlines(keepends=True), strict=True))
            self._say_next(taken)
            return
        self._give(envelope)
        for step in steps:
            self._expected.append((step, taken))

    def _say_next(self, taken: _Taken) -> None:
        step, line = taken.left.pop(0)
        self._give(line)
        self._expected.append((step, taken))

    def _answers(self) -> list[tuple[int, str]]:
        """The whole answers so far."""
        *lines, self._in = self._in.split(b"\n")
        answers = []
        for line in lines:
            self._said.append(line[4:].strip())
            self._length += len(line)
            if line[3:4] != b"-":
                code = int(line[:3]) if line[:3].isdigit() else 0
                answers.append((code, f"{code} {b' '.join(self._said).decode('utf-8', 'replace')}".strip()))
                self._said.clear()
                self._length = 0
        return answers

    def _understand(self, code: int, said: str) -> list[Event]:
        if not 200 <= code < 600:
            return self.end(f"it answered {said[:100]!r}")
        if not self._expected:
            # Nobody asked: it says goodbye.
            return self.end(said)
        step, taken = self._expected.popleft()
        if self._is_out_of_step(step, taken, code):
            return self.end(f"it answered {said[:100]!r}")
        if taken is None or step is Step.RSET:
            events: list[Event] = []
        elif step is Step.END:
            events = self._ended(taken, code, said)
        elif step is Step.NOTHING:
            events = self._over(taken)
        else:
            events = self._to_envelope(step, taken, code, said)
        if code == 421:
            return events + self.end(said)
        if taken and taken.left and not taken.refusal:
            self._say_next(taken)
        return events

    def _is_out_of_step(self, step: Step, taken: _Taken | None, code: int) -> bool:
        """Is it no answer to that? A yes to what it cannot have must not be taken for one to a message."""
        if 300 <= code < 400:
            return step is not Step.DATA or code != 354
        early = step is Step.END and taken and taken.ends_at and self._sent < taken.ends_at
        return code < 300 and (step is Step.DATA or bool(early))

    def _ended(self, taken: _Taken, code: int, said: str) -> list[Event]:
        self.delivered += code < 300
        self.answered += 1
        # Not for every server is what was begun over when it says no; another MAIL in it would be refused.
        self._reset = code >= 300
        self._current, self._next = self._next, None
        return [_answered(taken, _outcome(code, said))]

    def _to_envelope(self, step: Step, taken: _Taken, code: int, said: str) -> list[Event]:
        wanted = 354 if step is Step.DATA else 250
        fine = code == wanted or (step is not Step.DATA and 200 <= code < 300)
        if not fine and taken.refusal is None:
            if code == 421 and (self.delivered or taken.job.losses == 0):
                return []  # the connection is over, not the message: `end` gives it back
            if step is Step.MAIL and code == 503 and self.answered:
                # Its envelope went out behind a content that the server did not take.
                return self.end(said)
            if step is Step.MAIL and code >= 500 and code != 552:
                self.barred = said, taken.job.sender
                return self.end(said)
            taken.refusal = _outcome(code, said)
            if not self._pipelining:
                taken.left.clear()
                return self._over(taken)
        if step is not Step.DATA:
            return []
        if taken.refusal is None:
            taken.ready = True
            return [Ready(taken.job)]
        if fine:
            # It wants a content although there is nobody to get it (RFC 2920, section 3.1).
            self._give(b".\r\n")
            self._expected.append((Step.NOTHING, taken))
            return []
        return self._over(taken)

    def _over(self, taken: _Taken) -> list[Event]:
        """Its envelope was refused."""
        self.answered += 1
        self._reset = True
        self._current = None
        assert taken.refusal is not None  # noqa: S101 — else it would be ready
        return [_answered(taken, taken.refusal)]


def _answered(taken: _Taken, outcome: Outcome) -> Answered:
    return Answered(taken.job, outcome, round((time.monotonic() - taken.placed_at) * 1_000))


def _outcome(code: int, said: str) -> Outcome:
    if code < 300:
        return Sent(said)
    return Deferred(said) if code < 500 else Refused(said)


def _because(error: OSError) -> str:
    if isinstance(error, ssl.SSLEOFError):
        return "the server closed it"
    return str(error.strerror or error)
