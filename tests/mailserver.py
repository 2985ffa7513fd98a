"""A real SMTP server in the process, that answers as it is told and keeps what it accepted."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

#: Close the connection instead of answering.
HANG_UP = "hang up"
#: Take the message, then close the connection instead of saying so.
TAKE_AND_HANG_UP = "take and hang up"
#: Say nothing for longer than anybody waits.
SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Received:
    """An accepted message."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    #: True where it came over TLS
    secure: bool


@dataclass
class MailServer:
    """What the server heard, and what it answers; an answer is taken by the command's name, and once if in a list."""

    port: int = 0
    accepted: list[Received] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    #: name and password of every login
    logins: list[tuple[str, str]] = field(default_factory=list)
    #: "MAIL", "RCPT", "DATA" (before the message), "." (after it) → an answer, or a list of answers to give in turn
    answers: dict[str, Any] = field(default_factory=dict)
    #: called for every recipient; its answer goes before the others
    on_recipient: Callable[[str], str | None] = lambda address: None
    #: called for every message that has come, before it is answered
    on_message: Callable[[], None] = lambda: None
    #: after so many messages of one connection the server closes it
    most: int = 0

    def answer(self, command: str) -> str | None:
        found = self.answers.get(command)
        if isinstance(found, list):
            return str(found.pop(0)) if found else None
        return found if found is None else str(found)

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (answer := self.answer("MAIL")) and (said := await _act(server, answer)):
            return said
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_recipient(address) or self.answer("RCPT")
        if answer and (said := await _act(server, answer)):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.on_message()
        answer = self.answer(".")
        if answer is None or answer == TAKE_AND_HANG_UP or answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.accepted.append(
                Received(str(envelope.mail_from), tuple(map(str, envelope.rcpt_tos)), content, session.ssl is not None)
            )
        if answer:
            return await _act(server, answer)
        server.taken += 1
        if self.most and server.taken >= self.most:
            asyncio.get_running_loop().call_soon(server.transport.close)
        return "250 taken"

    def login(self, server: Any, session: Session, envelope: Envelope, mechanism: str, auth_data: Any) -> AuthResult:
        name, password = auth_data.login.decode(), auth_data.password.decode()
        self.logins.append((name, password))
        return AuthResult(success=password == "right", handled=False, message="535 5.7.8 No such login")


async def _act(server: Any, answer: str) -> str:
    if answer in (HANG_UP, TAKE_AND_HANG_UP):
        server.transport.abort()
        return "250 nobody hears this"
    if answer == SILENCE:
        await asyncio.sleep(3)
        server.transport.abort()
        return "250 too late"
    return answer


class _Connection(SMTP):
    """One connection; notes commands and may refuse DATA before the message."""

    def __init__(self, told: MailServer, **options: Any) -> None:
        super().__init__(told, **options)
        self.told = told
        self.taken = 0
        told.connections += 1

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        self.told.commands.append("MAIL")
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self.told.commands.append("DATA")
        if answer := self.told.answer("DATA"):
            said = await _act(self, answer)
            if said == answer:
                await self.push(said)
            return
        await super().smtp_DATA(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        self.told.commands.append("AUTH")
        await super().smtp_AUTH(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Connection(self.handler, **self.SMTP_kwargs)


@contextmanager
def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: bool = False
) -> Iterator[MailServer]:
    """Runs until the block ends."""
    told = MailServer()
    options: dict[str, Any] = {"tls_context": starttls, "require_starttls": starttls is not None}
    if login:
        options |= {"authenticator": told.login, "auth_required": True, "auth_require_tls": starttls is not None}
        if tls:
            options["auth_require_tls"] = False
    controller = _Controller(told, hostname="127.0.0.1", port=free_port(), ready_timeout=10, ssl_context=tls, **options)
    controller.start()
    told.port = controller.port
    # The controller itself looks whether it is there.
    told.connections = 0
    try:
        yield told
    finally:
        controller.stop()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
