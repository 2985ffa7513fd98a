"""`newsletter serve`: the pages, the mail that comes in, the notices that go out. One process, no model in it.

Each of the three has its own thread and its own connection to the database; none waits for another.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from newsletter.errors import NewsletterError
from newsletter.mailbox.envelope import place_of
from newsletter.mailbox.imap import ImapMailbox
from newsletter.mailbox.lmtp import LmtpServer
from newsletter.mailbox.receiving import Receiver, imap_server
from newsletter.newsletter import Newsletter
from newsletter.settings import FILE, Settings, WebSettings, load
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
    wake, stop = threading.Event(), threading.Event()
    web = settings.web
    server = server_of(create_app(project, wake=wake.set), web)
    with ExitStack() as running:
        running.enter_context(_thread("notices", lambda: _send(project, wake, stop, told), stop, wake))
        running.enter_context(_receiving(project, settings, wake, stop, told))
        told(f"Pages on http://{web.host}:{web.port}, for {settings.base_url}.")
        server.run()
    if not server.started:
        raise NewsletterError(
            f"The pages cannot be served on {web.host}:{web.port}: the port is taken, or the address "
            "is not this machine's. Set web.port or web.host."
        )


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


def _send(project: Path, wake: threading.Event, stop: threading.Event, told: Told) -> None:
    """Send notices as they come, and do what time brings. What goes wrong is told once, and tried again."""
    trouble, tended = "", 0.0
    with Newsletter(project) as newsletter:
        while not stop.is_set():
            wake.clear()
            try:
                if time.monotonic() - tended > TEND or not tended:
                    newsletter.tend()
                    tended = time.monotonic()
                newsletter.send_notices()
                if trouble:
                    told("Mail can leave again.")
                trouble = ""
            except (NewsletterError, SubscribersError) as error:
                if str(error) != trouble:
                    trouble = str(error)
                    told(trouble)
                stop.wait(DOWN)
                continue
            except Exception as error:  # one broken notice must not end all others, and its words may name people
                told(f"Notices could not be sent, by a fault of the program: {place_of(error)}.")
                stop.wait(DOWN)
                continue
            wake.wait(LOOK)
