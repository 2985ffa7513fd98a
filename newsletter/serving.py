"""`newsletter serve`: the pages, the mail that comes in, the notices that go out. One process, no model in it.

Each of the three has its own thread and its own connection to the database; none waits for another.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from newsletter.delivery.transport import transport_for
from newsletter.errors import NewsletterError
from newsletter.mailbox.envelope import place_of
from newsletter.mailbox.imap import ImapMailbox
from newsletter.mailbox.lmtp import LmtpServer
from newsletter.mailbox.receiving import Receiver, imap_server
from newsletter.newsletter import Newsletter
from newsletter.sections import WebSettings
from newsletter.settings import FILE, Settings, load
from newsletter.web.app import create_app
from subscribers.errors import SubscribersError

Told = Callable[[str], None]
#: Questions at once; more are turned away.
CONCURRENT = 500
#: Seconds between two looks at the outbox where nobody says that something is in it.
LOOK = 20.0
#: Seconds between two rounds of what time brings.
TEND = 300.0
#: Seconds before the next try where no mail can leave.
DOWN = 60.0


def serve(project: Path, told: Told) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM). Raises what is wrong with the settings at once."""
    settings = load(project)
    settings.refuse_unfinished(project / FILE)
    transport_for(settings, project).close()
    wake, stop = threading.Event(), threading.Event()
    web = settings.web
    server = server_of(create_app(project, wake=wake.set), web)
    with ExitStack() as running:
        listening = running.enter_context(_listening(web))
        running.enter_context(_stopped_by_signals(server))
        running.enter_context(_thread("notices", lambda: _send(project, wake, stop, told), stop, wake))
        with Newsletter(project) as newsletter:
            off = newsletter.status().sending_off
        if off and settings.mailbox.receives:
            # Of a restored copy: the mail belongs to the original.
            told(f"No mail is read, because none goes out ({off}). After `newsletter mail on` start this again.")
        else:
            running.enter_context(_receiving(project, settings, wake, stop, told))
        told(f"Pages on http://{web.host}:{web.port}, for {settings.base_url}.")
        server.run([listening])


def _listening(web: WebSettings) -> socket.socket:
    """The socket for the pages. Had before anything else begins, so that a second `serve` does nothing at all."""
    try:
        return socket.create_server(
            (web.host, web.port), family=socket.AF_INET6 if ":" in web.host else socket.AF_INET, backlog=CONCURRENT
        )
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise NewsletterError(
            f"The pages cannot be served on {web.host}:{web.port}: {why}. Set another web.port or web.host, or end "
            "what has this one."
        ) from error


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """SIGINT and SIGTERM end the server, and then the block in its own time.

    The server itself raises the signal once more when it has ended; by default the process would then be gone in
    the middle of a message. Who insists, by a second signal, has that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    said: list[int] = []

    def stop(number: int, frame: object) -> None:
        server.should_exit = True
        said.append(number)
        if len(said) > 1:
            as_before()
            signal.raise_signal(number)

    def as_before() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        as_before()


def server_of(app: FastAPI, web: WebSettings) -> uvicorn.Server:
    """A server for the pages: quiet, because addresses of pages hold tokens, and believing one proxy only."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=web.host,
            port=web.port,
            proxy_headers=bool(web.trusted_proxy),
            forwarded_allow_ips=web.trusted_proxy or None,
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            limit_concurrency=CONCURRENT,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
        )
    )


@contextmanager
def _receiving(
    project: Path, settings: Settings, wake: threading.Event, stop: threading.Event, told: Told
) -> Iterator[None]:
    """Mail comes in while the block runs, in the way that the settings name."""
    mailbox = settings.mailbox
    if not mailbox.receives or mailbox.receive == "command":
        yield
        return
    receiver = Receiver(project, settings, wake.set)
    if mailbox.receive == "lmtp":
        server = LmtpServer(
            mailbox.lmtp_host,
            mailbox.lmtp_port,
            receiver.accepts,
            receiver.handle,
            told=told,
            at_end=receiver.close,
        )
        with server:
            told(f"Mail by LMTP on {mailbox.lmtp_host}:{mailbox.lmtp_port}.")
            yield
        return
    imap = ImapMailbox(imap_server(settings))

    def read() -> None:
        try:
            imap.run(receiver.handle, stop, told)
        finally:
            receiver.close()

    with _thread("mailbox", read, stop, wake):
        yield


@contextmanager
def _thread(name: str, work: Callable[[], None], stop: threading.Event, wake: threading.Event) -> Iterator[None]:
    """Work that goes on beside the block, and is told to stop when that ends."""
    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        wake.set()
        thread.join()


class _Stopping(Exception):
    """It is time to stop, between two messages."""


def _send(project: Path, wake: threading.Event, stop: threading.Event, told: Told) -> None:
    """Send notices as they come, and do what time brings. What goes wrong is told once, and tried again."""

    def between_messages(done: int, todo: int) -> None:
        if stop.is_set():
            raise _Stopping

    trouble, tended = "", 0.0
    with ExitStack() as opened:
        newsletter: Newsletter | None = None
        while not stop.is_set():
            wake.clear()
            try:
                newsletter = newsletter or opened.enter_context(
                    Newsletter(project, progress=lambda what: between_messages)
                )
                if time.monotonic() - tended > TEND or not tended:
                    newsletter.tend()
                    tended = time.monotonic()
                newsletter.send_notices()
            except _Stopping:
                break
            except (NewsletterError, SubscribersError) as error:
                found = str(error)
            except Exception as error:  # one broken notice must not end all others, and its words may name people
                found = f"Notices could not be sent, by a fault of the program: {place_of(error)}."
            else:
                if trouble:
                    told("Mail can leave again.")
                trouble = ""
                wake.wait(LOOK)
                continue
            if found != trouble:
                trouble = found
                told(trouble)
            stop.wait(DOWN)
