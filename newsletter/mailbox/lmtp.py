"""Mail that comes in from one's own Postfix, by LMTP (RFC 2033): every recipient gets an answer of its own.

What is answered with 4xx stays in Postfix's queue and comes again, so nothing is lost while the newsletter is down,
and what handles a message must be idempotent.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session

from newsletter.errors import MailboxError, SettingsError
from newsletter.mailbox.envelope import MOST_BYTES, Disposition, Envelope, Handle, place_of
from newsletter.mailbox.loopback import is_loopback

#: Lines may be longer than mail allows, but not so long that a few of them fill the memory.
MOST_LINE = 1024 * 1024
MOST_RECIPIENTS = 1_000
#: Seconds of silence after which a connection is closed.
SILENCE = 300.0

_KNOWN = "250 2.1.5 go on"
_TAKEN = "250 2.0.0 taken"
_UNKNOWN = "550 5.1.1 there is nobody of that name here"
_MALFORMED = "501 5.1.3 that is no address"
_TOO_MANY = "452 4.5.3 that are too many recipients at once"
_TOO_LARGE = f"552 5.3.4 the message is larger than {MOST_BYTES // 1024 // 1024} MB"
_LONG_LINE = "554 5.6.0 the message has a line that is much too long"
_AGAIN = "451 4.3.0 the message could not be handled, try again later"
_NOBODY_READS = "451 4.3.5 a person should read this, and the newsletter has none named yet; try again later"
_STOPPING = "451 4.3.2 the newsletter is being stopped, try again later"


class LmtpServer:
    """Takes mail at a port of this machine, from `start` to `stop` (or in a `with` block)."""

    def __init__(
        self,
        host: str,
        port: int,
        accepts: Callable[[str], bool],
        handle: Handle,
        *,
        told: Callable[[str], None] = lambda sentence: None,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Port 0 takes any free one; see `port`.

        `accepts` says whether an address is ours, and `handle` takes a message; both are called in one and the same
        thread, one at a time, and so is `at_end`, last of all (to close what belongs to that thread). `told` gets a
        sentence when a message could not be handled, with nothing out of the message. Raises `SettingsError` for an
        address that others can reach.
        """
        if not is_loopback(host):
            raise SettingsError(
                f"mailbox.lmtp_host is {host!r}, which is not this machine's own: LMTP knows no login, so anybody who "
                "reaches that port could send mail in another's name. Use '127.0.0.1' or '::1'."
            )
        self.host = host
        self.port = port
        self._handler = _Handler(accepts, handle, told)
        self._at_end = at_end
        self._controller: _Controller | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Take mail from now on. Raises `MailboxError` where the port cannot be had."""
        # Its log names senders and recipients.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        listening = self._listen()
        self.port = int(listening.getsockname()[1])
        self._handler.begin()
        self._controller = _Controller(self._handler, listening)
        self._controller.start()

    def stop(self) -> None:
        """Finish the message in hand, answer it, and take no more. Does nothing where it does not run."""
        controller, self._controller = self._controller, None
        if controller:
            try:
                self._handler.end(self._at_end)
            finally:
                controller.last_words()
                controller.stop()

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self.host, self.port))
            listening.listen()
        except OSError as error:
            listening.close()
            raise MailboxError(
                f"LMTP cannot listen on {self.host}:{self.port}: {error.strerror or error}. Set another "
                "mailbox.lmtp_port, or end what has this one."
            ) from error
        return listening


class _Handler:
    """Decides what is answered; the hooks have the names that aiosmtpd calls them by."""

    def __init__(self, accepts: Callable[[str], bool], handle: Handle, told: Callable[[str], None]) -> None:
        self._accepts = accepts
        self._handle = handle
        self._told = told
        self._worker: ThreadPoolExecutor | None = None
        #: nothing is handed to the worker after its last task
        self._ending = threading.Lock()

    def begin(self) -> None:
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lmtp-mail")

    def end(self, at_end: Callable[[], None]) -> None:
        """From here on everything is put off; returns when the message in hand is done."""
        with self._ending:
            worker, self._worker = self._worker, None
            last = worker.submit(at_end) if worker else None
        if worker and last:
            worker.shutdown(wait=True)
            last.result()

    async def handle_RCPT(  # noqa: N802
        self, server: LMTP, session: Session, transaction: Transaction, address: str, options: list[str]
    ) -> str:
        if not address.isprintable():  # surrogates, of what is not UTF-8, are not
            return _MALFORMED
        if len(transaction.rcpt_tos) >= MOST_RECIPIENTS:
            return _TOO_MANY
        accepted = await self._in_turn("a recipient", lambda: self._accepts(address))
        if isinstance(accepted, str):
            return accepted
        if not accepted:
            return _UNKNOWN
        transaction.rcpt_tos.append(address)
        return _KNOWN

    async def handle_DATA(self, server: LMTP, session: Session, transaction: Transaction) -> str:  # noqa: N802
        sender = str(transaction.mail_from)
        # aiosmtpd hands the null sender over as it was written.
        envelope = Envelope("" if sender == "<>" else sender, tuple(map(str, transaction.rcpt_tos)))
        raw = transaction.content
        assert isinstance(raw, bytes)  # noqa: S101 — aiosmtpd does not decode unless told to
        disposition = await self._in_turn("a message", lambda: Disposition(self._handle(envelope, raw)))
        if disposition is Disposition.DONE:
            return _TAKEN
        if disposition is Disposition.KEEP:
            self._told("A person's mail waits in the mail server: set mailbox.operator, to whom it is forwarded then.")
            return _NOBODY_READS
        return str(disposition)

    async def handle_exception(self, error: Exception) -> str:
        """What goes wrong on the way here is no verdict about the message."""
        self._told(f"Mail could not be taken by LMTP ({place_of(error)}). The mail server will try again.")
        return _AGAIN

    async def _in_turn(self, what: str, function: Callable[[], bool | Disposition]) -> bool | Disposition | str:
        """Call it in the one thread, after what came before; the answer to give instead where that fails."""
        with self._ending:
            if not self._worker:
                return _STOPPING
            result = self._worker.submit(function)
        try:
            return await asyncio.wrap_future(result)
        except Exception as error:
            self._told(f"{what.capitalize()} could not be handled ({place_of(error)}). The mail server will try again.")
            return _AGAIN


class _Connection(LMTP):
    """One connection: after the message there is one answer for each recipient, also where it is refused.

    aiosmtpd gives a single one (aio-libs/aiosmtpd#517), and a server that waits for the second hangs.
    """

    line_length_limit = MOST_LINE
    #: how many answers are due; 0 outside of DATA
    _due = 0

    async def push(self, status: str | bytes) -> None:
        said = status if isinstance(status, str) else status.decode("ascii", "replace")
        if said.startswith("354"):
            self._due = len(self.envelope.rcpt_tos) if self.envelope else 0
        else:
            said = _in_our_words(said)
            due, self._due = self._due, 0
            said = "\r\n".join([said] * max(due, 1))
        await super().push(said)


class _Controller(Controller):
    """Runs the server in a thread of its own, on a socket that listens already."""

    def __init__(self, handler: _Handler, listening: socket.socket) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__(handler, hostname=host, port=port, ready_timeout=10)
        self._listening = listening

    def factory(self) -> LMTP:
        return _Connection(
            self.handler,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="newsletter",
            timeout=SILENCE,
            loop=self.loop,
        )

    def last_words(self) -> None:
        """Let answers that are ready leave."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), self.loop).result()

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


def _in_our_words(said: str) -> str:
    """aiosmtpd's own refusals of a message, with the codes that make a mail server act rightly."""
    if said.startswith("552 "):
        return _TOO_LARGE
    if said.startswith("500 Line too long"):
        return _LONG_LINE
    return said
