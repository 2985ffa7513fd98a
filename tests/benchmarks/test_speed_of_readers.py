"""What readers wait for: a page from a real server on loopback, and a mail that is understood, done and answered.

pytest tests/benchmarks --benchmark-only -n 0
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mailserver import free_port
from newsroom import make_project

from newsletter import Newsletter
from newsletter.mailbox.decision import decide
from newsletter.mailbox.envelope import Envelope
from newsletter.mailbox.receiving import Receiver
from newsletter.rendering.links import Purpose
from newsletter.settings import load
from newsletter.web.app import create_app

pytestmark = pytest.mark.slow

ADA = "ada@example.org"
SETTINGS = """\
title = "Paper Robots"
address = "papers@news.example.org"
postal_address = "1 Example Street, 12345 Exampleton"
[web]
port = {port}
[mailbox]
receive = "command"
"""


@contextmanager
def served(project: Path) -> Iterator[str]:
    """The address of the pages, while the block runs."""
    from newsletter.serving import server_of

    web = load(project).web
    server = server_of(create_app(project), web)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{web.port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("page", ["subscribe", "preferences"])
def test_a_page(benchmark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], page: str) -> None:
    project = make_project(tmp_path, settings=SETTINGS.format(port=free_port()))
    with Newsletter(project) as newsletter:
        newsletter.pull()
        person = newsletter.subscribe(ADA, interests=["walking robots"])
        link = newsletter.readers.link(Purpose.PREFERENCES, person)
    path = "/" if page == "subscribe" else "/p/" + link.rpartition("/")[2]
    with served(project) as base, httpx2.Client(base_url=base) as client:
        answer = benchmark.pedantic(client.get, (path,), rounds=200, warmup_rounds=10)
        health = []
        for _ in range(200):
            start = time.perf_counter()
            client.get("/favicon.ico")
            health.append(time.perf_counter() - start)
    assert answer.status_code == 200
    taken, bare = benchmark.stats.stats.median, sorted(health)[100]
    with capsys.disabled():
        print(
            f"\nthe {page} page: {taken * 1e3:.1f} ms, {taken / bare:.1f} × an empty answer of the same server "
            f"({bare * 1e3:.1f} ms); {len(answer.content) / 1e3:.1f} kB"
        )


def test_a_mail(benchmark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(tmp_path, settings=SETTINGS.format(port=free_port()))
    with Newsletter(project) as newsletter:
        for n in range(300):
            newsletter.subscribe(f"r{n}@example.org", interests=["walking robots"])
    receiver = Receiver(project, load(project), lambda: None)
    numbers = iter(range(300))

    def mail(n: int) -> bytes:
        text = "Hello,\r\n\r\n+ graph networks\r\n\r\nThank you!\r\n-- \r\nA reader\r\n"
        head = (
            f"From: r{n}@example.org\r\nTo: papers@news.example.org\r\nMessage-ID: <{n}@example.org>\r\nSubject: \r\n"
        )
        return f"{head}\r\n{text}".encode()

    def deal() -> None:
        n = next(numbers)
        receiver.handle(Envelope(f"r{n}@example.org", ("papers@news.example.org",)), mail(n))

    benchmark.pedantic(deal, rounds=250, warmup_rounds=10)
    receiver.close()
    understood = []
    for n in range(200):
        start = time.perf_counter()
        decide(mail(n), sender=None, recipients=(), address="papers@news.example.org", delimiter="+")
        understood.append(time.perf_counter() - start)
    taken, pure = benchmark.stats.stats.median, sorted(understood)[100]
    with capsys.disabled():
        print(
            f"\na mail: {taken * 1e3:.1f} ms until it is done and its answer written down, "
            f"{taken / pure:.1f} × understanding it ({pure * 1e3:.1f} ms)"
        )
