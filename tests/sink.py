"""A mail server that writes down every message before it says that it has it, and misbehaves as a test wants.

Real sockets, real TLS; it speaks ESMTP with PIPELINING, 8BITMIME and SIZE, STARTTLS and AUTH where told to. What it
said yes to stands in a file, so that the count does not come from the program that is tested.
"""

import asyncio
import base64
import hashlib
import json
import os
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: Larger than any message of a test.
_MOST = 2**22
_END = b"\r\n.\r\n"


class HangUp(Exception):
    """Raised by a script: the connection is closed at once, without a word."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server said yes to, or was about to."""

    recipient: str
    sender: str
    message_id: str
    #: of the content as it came, dots unstuffed
    digest: str
    size: int
    connection: int
    #: seconds since 1970
    at: float
    #: over TLS?
    secure: bool


@dataclass(eq=False)
class Visit:
    """One connection."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secure: bool = False
    #: messages taken on it
    taken: int = 0
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    #: seconds for each line of a message
    slow: float = 0.0

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()


#: What a script is asked, in the order of a connection's life, with the command's argument. It returns the answer to
#: give instead, or None; it may wait, raise `HangUp`, or never return.
#: CONNECT EHLO STARTTLS AUTH MAIL RCPT DATA, then READING (after the 354, before the message), "." (the message has
#: come, nothing is written down), TAKEN (it is written down, the 250 not said), SAID (the 250 is on its way), QUIT
Script = Callable[[Visit, str, str], Awaitable[str | None]]


async def well(visit: Visit, verb: str, argument: str) -> str | None:
    """The script of a server that is well."""
    return None


async def forever() -> None:
    """Never goes on; ended with the server."""
    await asyncio.Event().wait()


class Sink:
    """The server: what it heard, and how it behaves. Scripts run in its thread; the rest may be read anywhere."""

    def __init__(self, log: Path, *, starttls: ssl.SSLContext | None, tls: ssl.SSLContext | None, login: bool) -> None:
        self.script: Script = well
        self.taken: list[Taken] = []
        #: (connection, verb) of every command
        self.commands: list[tuple[int, str]] = []
        #: name and password of every login
        self.logins: list[tuple[str, str]] = []
        self.connections = 0
        #: the only password that it takes
        self.password = "right"
        self.port = 0
        self._starttls, self._tls, self._login = starttls, tls, login
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.up()

    def heard(self, verb: str) -> int:
        """How often that command came."""
        return sum(said == verb for _, said in list(self.commands))

    @property
    def accepted(self) -> Counter[str]:
        """How often it took a message for whom."""
        return Counter(one.recipient for one in list(self.taken))

    def up(self) -> None:
        """Listen, on the port of before."""
        asyncio.run_coroutine_threadsafe(self._up(), self._loop).result(10)

    def down(self) -> None:
        """Hang up on everybody and refuse all connections."""
        asyncio.run_coroutine_threadsafe(self._down(), self._loop).result(10)

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        os.close(self._log)

    async def _up(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        self._server = await asyncio.start_server(self._visited, sock=listening, limit=_MOST, ssl=self._tls)
        self.port = listening.getsockname()[1]

    async def _down(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for task in self._visits:
            task.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        # A transport that is aborted lets go of its socket in the loop's next turns.
        await asyncio.sleep(0.01)

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._visits.add(task)
        self.connections += 1
        visit = Visit(self.connections, reader, writer, secure=self._tls is not None)
        try:
            await self._talk(visit)
        except (HangUp, OSError, EOFError, asyncio.CancelledError):
            visit.writer.transport.abort()
        finally:
            self._visits.discard(task)
            visit.writer.close()
            with suppress(OSError, EOFError):
                await visit.writer.wait_closed()

    async def _talk(self, visit: Visit) -> None:
        await visit.say(await self.script(visit, "CONNECT", "") or "220 sink.example ESMTP")
        while line := await visit.reader.readline():
            verb, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
            verb = verb.upper()
            self.commands.append((visit.number, verb))
            answer = await self.script(visit, verb, argument) or await self._answer(visit, verb, argument)
            if answer:
                await visit.say(answer)
            if verb == "QUIT" or answer.startswith("421"):
                return

    async def _answer(self, visit: Visit, verb: str, argument: str) -> str:
        """What a server that is well says; empty where it is said already."""
        match verb:
            case "EHLO":
                offers = ["PIPELINING", "8BITMIME", "SIZE 10485760"]
                if self._starttls and not visit.secure:
                    offers.append("STARTTLS")
                if self._login:
                    offers.append("AUTH PLAIN LOGIN")
                return "\r\n".join(["250-sink.example", *(f"250-{one}" for one in offers[:-1]), f"250 {offers[-1]}"])
            case "STARTTLS" if self._starttls and not visit.secure:
                await visit.say("220 go ahead")
                await visit.writer.start_tls(self._starttls)
                visit.secure = True
                return ""
            case "AUTH":
                return await self._log_in(visit, *argument.split())
            case "MAIL":
                visit.sender, visit.recipients = _address(argument), []
            case "RCPT":
                visit.recipients.append(_address(argument))
            case "DATA":
                return await self._take(visit) if visit.recipients else "503 5.5.1 no recipient"
            case "RSET":
                visit.recipients = []
            case "QUIT":
                return "221 bye"
            case "HELO" | "NOOP":
                pass
            case _:
                return "502 5.5.2 not understood"
        return "250 2.0.0 well"

    async def _take(self, visit: Visit) -> str:
        await visit.say("354 go ahead")
        await self.script(visit, "READING", visit.recipients[0])
        content = await _content(visit)
        refused = await self.script(visit, ".", visit.recipients[0])
        if refused and refused[0] in "45":
            return refused
        found = re.search(rb"^message-id:\s*(\S+)", content, re.IGNORECASE | re.MULTILINE)
        for recipient in visit.recipients:
            taken = Taken(
                recipient=recipient,
                sender=visit.sender,
                message_id=found[1].decode() if found else "",
                digest=hashlib.blake2b(content, digest_size=16).hexdigest(),
                size=len(content),
                connection=visit.number,
                at=time.time(),
                secure=visit.secure,
            )
            # One write, before anybody hears of it: neither end of the line can undo it.
            os.write(self._log, json.dumps(asdict(taken)).encode() + b"\n")
            self.taken.append(taken)
        visit.taken += 1
        recipient, visit.recipients = visit.recipients[0], []
        await visit.say(await self.script(visit, "TAKEN", recipient) or f"250 2.0.0 queued as {len(self.taken)}")
        await self.script(visit, "SAID", recipient)
        return ""

    async def _log_in(self, visit: Visit, kind: str, first: str = "") -> str:
        if kind == "PLAIN":
            first = first or await _asked(visit, "334 ")
            _, name, password = base64.b64decode(first).decode().split("\0")
        else:
            name = base64.b64decode(first or await _asked(visit, "334 VXNlcm5hbWU6")).decode()
            password = base64.b64decode(await _asked(visit, "334 UGFzc3dvcmQ6")).decode()
        self.logins.append((name, password))
        return "235 2.7.0 welcome" if password == self.password else "535 5.7.8 no such login"


def logged(log: Path) -> list[Taken]:
    """What stands in the file."""
    return [Taken(**json.loads(line)) for line in log.read_text("utf-8").splitlines()]


@contextmanager
def sink(
    log: Path,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: bool = False,
) -> Iterator[Sink]:
    """Runs until the block ends; `login`: it offers one."""
    running = Sink(log, starttls=starttls, tls=tls, login=login)
    try:
        yield running
    finally:
        running.close()


async def _content(visit: Visit) -> bytes:
    content = b""
    while (line := await visit.reader.readline()) != b".\r\n":
        if not line:
            raise EOFError
        content += line
        if visit.slow:
            await asyncio.sleep(visit.slow)
        else:
            # Not one by one: there are hundreds.
            content += await visit.reader.readuntil(_END)
            break
    return content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")


async def _asked(visit: Visit, prompt: str) -> str:
    await visit.say(prompt)
    return (await visit.reader.readline()).decode().strip()


def _address(argument: str) -> str:
    found = re.search(r"<([^>]*)>", argument)
    return found[1] if found else ""
