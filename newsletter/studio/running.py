"""`newsletter preview`: the desk on this machine, from the command until Ctrl-C."""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from tempfile import mkstemp
from urllib.parse import urlencode

from markupsafe import escape

from newsletter.addressees import addressee_of
from newsletter.errors import NewsletterError
from newsletter.issues.issue import parse_issue_key
from newsletter.rendering.store import load_keys
from newsletter.settings import load
from newsletter.store import FILE as STORE
from newsletter.store import open_store
from newsletter.studio.doors import Key
from subscribers import people
from subscribers.database import database_errors

#: The port that is taken where it is free: an address that is known is found again.
PORT = 8010
HOST = "127.0.0.1"


def run(
    project: Path,
    *,
    reader: str = "",
    issue: str = "",
    port: int | None = None,
    ready: Callable[[str], None],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Serve the desk until the process is told to stop (SIGINT, SIGTERM).

    `ready` is told the address with its key as soon as a browser may be sent there. Without a port it is PORT, or any
    that is free. Raises what is wrong with the settings, and `NewsletterError` where the port is taken.
    """
    base = _refuse_unknown(project, reader, issue)
    stop, key = threading.Event(), Key()
    with ExitStack() as running:
        listening = running.enter_context(_listening(port))
        running.enter_context(_told_to_stop(stop))
        number = listening.getsockname()[1]
        query = {"key": key.value, **{name: said for name, said in (("issue", issue), ("reader", reader)) if said}}
        ready(f"http://{HOST}:{number}{base}/?{urlencode(query)}")
        # While the browser starts: what comes meanwhile waits at the socket.
        _serve(project, base, listening, number, key, stop, clock)


def _serve(
    project: Path,
    base: str,
    listening: socket.socket,
    port: int,
    key: Key,
    stop: threading.Event,
    clock: Callable[[], datetime],
) -> None:
    import uvicorn

    from newsletter.studio.app import Studio, local

    studio = Studio(project, base=base, clock=clock)
    config = uvicorn.Config(
        local(studio, key, port),
        proxy_headers=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)

    def answer() -> None:
        try:
            server.run([listening])
        finally:
            stop.set()

    studio.open()
    # Not in the main thread: signals are for `stop` alone.
    thread = threading.Thread(target=answer, name="studio-server")
    thread.start()
    try:
        stop.wait()
    finally:
        studio.leave()
        server.should_exit = True
        thread.join()
        studio.close()


@contextmanager
def opening_page(address: str) -> Iterator[Path]:
    """A file that only its owner may read and that leads to the address.

    The command line of a browser is for everybody on the machine to see, and the address has the key in it.
    """
    descriptor, name = mkstemp(prefix="newsletter-", suffix=".html")
    path = Path(name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        onward = f'<meta http-equiv="refresh" content="0;url={escape(address)}">'
        file.write(f'<!doctype html><meta charset="utf-8">{onward}')
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _refuse_unknown(project: Path, reader: str, issue: str) -> str:
    """Raise what is wrong with the settings, the database or what was asked for, before a browser opens.

    Returns what stands before every path of this newsletter's desk.
    """
    load(project)
    with database_errors(project / STORE):
        db = open_store(project / STORE)
        try:
            person = people.get(db, reader) if reader else None
            keys = load_keys(db)
        finally:
            db.conn.close()
    key = parse_issue_key(issue) if issue else None
    if person and key:
        addressee_of(person, key)
    return _base(keys)


def _base(keys: Mapping[int, bytes]) -> str:
    """A path that nobody else knows, the same whenever this newsletter's desk is opened.

    Cookies know no ports. With one that is good for all paths, a browser that is led to a server of somebody else's on
    this machine would hand it to them, and with it the desk.
    """
    secret = keys[min(keys)] if keys else secrets.token_bytes(32)
    return "/" + blake2b(key=secret, digest_size=12, person=b"desk").hexdigest()


def _listening(port: int | None) -> socket.socket:
    for wanted in (PORT, 0) if port is None else (port,):
        try:
            return socket.create_server((HOST, wanted))
        except OSError as error:
            if port is None and wanted:
                continue
            raise NewsletterError(
                f"The desk cannot be opened on port {wanted}: {error.strerror}. Name another one, or leave --port out "
                "to have any that is free."
            ) from error
    raise AssertionError  # 0 is always free, or raises


@contextmanager
def _told_to_stop(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM end the block in its own time; who insists, by a second one, has it at once."""

    def end(number: int, frame: object) -> None:
        if stop.is_set():
            as_before()
            signal.raise_signal(number)
        stop.set()

    def as_before() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        as_before()
