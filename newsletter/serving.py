"""`newsletter serve`: the pages, the mail that comes in, and the clock. One process, no model in it.

Pages, mailbox and each tick of the clock have their own thread and their own connection to the database; none waits for
another. One process serves a newsletter: a second one refuses, or stands by until the first has ended.
"""

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from newsletter import supervisor
from newsletter.delivery.sending import rehearsal
from newsletter.delivery.ways_out import lines_for
from newsletter.errors import MailboxError, NewsletterError
from newsletter.logs import Log, all_logs
from newsletter.mailbox.imap import ImapMailbox
from newsletter.mailbox.lmtp import LmtpServer
from newsletter.mailbox.receiving import Receiver, imap_server
from newsletter.metrics import serve_metrics
from newsletter.newsletter import Newsletter
from newsletter.ranking.embedding import Embedder
from newsletter.schedule import Opening, Pace, Schedule
from newsletter.sections import WebSettings
from newsletter.settings import FILE, Settings, load
from newsletter.studio.app import Studio, behind_login
from newsletter.watching import watch
from newsletter.web.app import create_app

#: Requests at once; more are turned away.
CONCURRENT = 500
#: Where the editor's desk is, below the pages.
DESK = "/studio"
#: Seconds between two looks whether the one that serves has ended.
STANDBY = 1.0


def serve(
    project: Path,
    log: Log,
    *,
    standby: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    embedder: Embedder | None = None,
    pace: Pace | None = None,
) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM). Raises what is wrong with the settings at once.

    `standby` waits while another process serves, and takes over when that has ended, however it ends. `clock`,
    `embedder` and `pace` are as `Newsletter` and `Schedule` know them.
    """
    settings = load(project)
    settings.refuse_unfinished(project / FILE)
    lines_for(settings, project).close()
    stop = threading.Event()
    with ExitStack() as running:
        running.enter_context(all_logs(log))
        running.enter_context(_told_to_stop(stop))
        if not running.enter_context(_alone(project, log, stop, standby=standby)):
            return
        schedule = Schedule(_opening(project, clock, embedder), clock, log, pace or Pace(), stop)
        _serve(project, settings, log, schedule, clock, stop)


def tick(
    project: Path,
    log: Log,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    embedder: Embedder | None = None,
) -> bool:
    """Do once what is due, and read the mailbox once. Nothing while another process serves; True where it went wrong.

    Raises what is wrong with the settings at once.
    """
    settings = load(project)
    settings.refuse_unfinished(project / FILE)
    stop = threading.Event()
    with ExitStack() as running:
        running.enter_context(all_logs(log))
        running.enter_context(_told_to_stop(stop))
        try:
            running.enter_context(_alone(project, log, stop, standby=False))
        except NewsletterError:
            log.say("Another process serves this newsletter and does all of this.")
            return False
        schedule = Schedule(_opening(project, clock, embedder), clock, log, Pace(), stop)
        with schedule.opened() as newsletter:
            off = newsletter.mail_is_off
        failed = settings.mailbox.receive == "imap" and not off and not _read_once(project, settings, log, clock)
        return not schedule.once() or failed


def _opening(project: Path, clock: Callable[[], datetime], embedder: Embedder | None) -> Opening:
    return lambda told: Newsletter(project, clock=clock, embedder=embedder, progress=told)


def _read_once(project: Path, settings: Settings, log: Log, clock: Callable[[], datetime]) -> bool:
    """Hand on what has arrived in the mailbox; False where something of it could not be."""
    receiver = Receiver(project, settings, lambda: None, clock)
    try:
        with ImapMailbox(imap_server(settings)) as mailbox:
            more = True
            while more:
                found = mailbox.fetch(receiver.handle)
                more = found.more
                for trouble in found.troubles:
                    log.trouble("a mail could not be handled", where=trouble.where)
                if found.done or found.kept:
                    log("mail came in", handled=found.done, kept=found.kept)
                if found.troubles:
                    return False
    except MailboxError as error:
        log.trouble("the mailbox cannot be read", why=str(error))
        return False
    finally:
        receiver.close()
    return True


def _serve(
    project: Path,
    settings: Settings,
    log: Log,
    schedule: Schedule,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> None:
    web = settings.web
    with ExitStack() as running:
        listening = running.enter_context(_listening(web))
        studio = running.enter_context(_desk(project, settings, schedule, clock))
        beside = {DESK: behind_login(studio, settings)} if studio else {}
        server = server_of(create_app(project, wake=schedule.wake, clock=clock, beside=beside), web)
        running.enter_context(_thread("end", lambda: _end(server, studio, stop), stop))
        if web.metrics_port:
            running.enter_context(serve_metrics(project, web.metrics_port))
            log.say(f"Metrics on http://127.0.0.1:{web.metrics_port}/metrics.")
        with schedule.opened() as newsletter:
            off, files = newsletter.mail_is_off, newsletter.sources.watched()
        if off and settings.mailbox.receives:
            # Of a restored copy: the mail belongs to the original.
            log.say("No mail is read, because none goes out. After `newsletter mail on` start this again.")
        else:
            running.enter_context(_receiving(project, settings, schedule.wake, clock, stop, log.say))
        if files:
            running.enter_context(_thread("watching", lambda: watch(files, schedule.changed, stop), stop))
        running.enter_context(schedule)
        log.say(f"Pages on http://{web.host}:{web.port}, for {settings.base_url}.")
        if said := rehearsal(settings.delivery.redirect_all_to):
            log.say(said)
        supervisor.ready()
        server.run([listening])
        supervisor.stopping()


@contextmanager
def _alone(project: Path, log: Log, stop: threading.Event, *, standby: bool) -> Iterator[bool]:
    """The lock of who serves; the kernel lets go of it when the process ends. False: told to stop while waiting.

    Raises `NewsletterError` where another process has it, and this one is not to stand by.
    """
    with (project / supervisor.LOCK).open("a") as file:
        # Who only asks whether somebody serves has the lock for a moment, too.
        for _ in range(10):
            if _locked(file.fileno()):
                yield True
                return
            stop.wait(0.05)
        if not standby:
            raise NewsletterError(
                "Another process serves this newsletter already. End it first, or let this one stand by with --standby."
            )
        log.say("Another process serves this newsletter; this one stands by.")
        supervisor.ready()
        while not stop.is_set():
            if _locked(file.fileno()):
                yield True
                return
            stop.wait(STANDBY)
        yield False


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _desk(
    project: Path, settings: Settings, schedule: Schedule, clock: Callable[[], datetime]
) -> Iterator[Studio | None]:
    """The editor's desk, where there is a password for it."""
    if not settings.web.studio_password.get_secret_value():
        yield None
        return
    base = urlsplit(settings.base_url).path + DESK
    studio = Studio(project, base=base, remote=True, clock=clock, wake=schedule.wake)
    studio.open()
    try:
        yield studio
    finally:
        studio.close()


def _end(server: uvicorn.Server, studio: Studio | None, stop: threading.Event) -> None:
    stop.wait()
    if studio:
        # Its pages listen for as long as they are open: nobody waits for them to end by themselves.
        studio.leave()
    server.should_exit = True


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
def _told_to_stop(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM end the block in its own time: the message in hand is finished.

    Who insists, by a second signal, has the process gone in the middle of it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    said: list[int] = []

    def end(number: int, frame: object) -> None:
        stop.set()
        said.append(number)
        if len(said) > 1:
            as_before()
            signal.raise_signal(number)

    def as_before() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        as_before()


class _Server(uvicorn.Server):
    """Leaves signals to us: the desk's pages have to be let go before it can end, and it would wait for them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing of the kind."""
        yield


def server_of(app: FastAPI, web: WebSettings) -> uvicorn.Server:
    """A server for the pages: quiet, because addresses of pages hold tokens, and believing one proxy only."""
    return _Server(
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
    project: Path,
    settings: Settings,
    wake: Callable[[], None],
    clock: Callable[[], datetime],
    stop: threading.Event,
    told: Callable[[str], None],
) -> Iterator[None]:
    """Mail comes in while the block runs, in the way that the settings name."""
    mailbox = settings.mailbox
    if not mailbox.receives or mailbox.receive == "command":
        yield
        return
    receiver = Receiver(project, settings, wake, clock)
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

    with _thread("mailbox", read, stop):
        yield


@contextmanager
def _thread(name: str, work: Callable[[], None], stop: threading.Event) -> Iterator[None]:
    """Work that goes on beside the block, and is told to stop when that ends."""
    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
