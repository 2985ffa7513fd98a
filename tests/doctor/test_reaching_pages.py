"""Are the pages at base_url ours, and does the clock agree? With the real pages on a real server."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from certificates import certificate
from findings_told import ADVICE, FAILURE, OK, WARNING, having, one
from mailserver import free_port
from newsroom import make_project
from webhost import Talk, say, web_host

from newsletter.doctor import pages
from newsletter.doctor.findings import Finding
from newsletter.doctor.pages import Page, PagesFacts, clock_findings, pages_facts, pages_findings, proof_of
from newsletter.rendering.store import load_keys
from newsletter.store import open_store
from newsletter.web.app import create_app

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@contextmanager
def served(project: Path, port: int) -> Iterator[None]:
    """The real pages of that newsletter."""
    config = uvicorn.Config(create_app(project, desks=1), port=port, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        thread.join()


def keys_of(project: Path) -> dict[int, bytes]:
    db = open_store(project / "newsletter.db")
    try:
        return load_keys(db)
    finally:
        db.conn.close()


def found(facts: PagesFacts, by_mail: bool = True) -> list[Finding]:
    """As if it were not on this machine, which is a finding of its own."""
    elsewhere = PagesFacts("https://news.example.org", facts.health, facts.proof, facts.at)
    return pages_findings(elsewhere, by_mail=by_mail, now=datetime.now(UTC))


@pytest.mark.parametrize("base", ["", "/news"])
def test_our_own_pages_are_told_from_another_newsletters(tmp_path: Path, quick_templates: None, base: str) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}{base}"
    settings = f'postal_address = "x"\naddress = "a@news.example.org"\nbase_url = "{address}"\n'
    ours = make_project(tmp_path / "ours", settings=settings)
    keys = keys_of(ours)
    with served(ours, port):
        one(found(pages_facts(address, proof_of(address, keys))), OK, "it is this newsletter")
        other = {number: key[::-1] for number, key in keys.items()}
        one(found(pages_facts(address, proof_of(address, other))), FAILURE, "another database")
        one(found(pages_facts(f"{address}/wrong", "")), FAILURE, "is not this newsletter (404)")


def answering(talk: Talk, by_mail: bool = True) -> list[Finding]:
    with web_host(talk) as place:
        return found(pages_facts(place, f"{place}/p/x"), by_mail)


def saying(*content: Any, **more: Any) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: say(handler, *content, **more)


def test_another_web_site_is_told() -> None:
    one(answering(saying("<h1>It works!</h1>")), FAILURE, "is not this newsletter")
    one(answering(saying("ok")), FAILURE, "is not this newsletter")
    one(answering(saying("no", 404)), FAILURE, "(404)")


def test_a_web_server_without_the_newsletter_behind_it_is_told() -> None:
    for status in (502, 503, 504):
        one(answering(saying("", status)), FAILURE, f"answers {status}", "newsletter serve")


def test_a_detour_is_told_for_one_click_does_not_follow() -> None:
    detour = saying("", 301, location="https://www.example.org/healthz")
    one(answering(detour), WARNING, "https://www.example.org/healthz", "as base_url")


def test_without_mail_to_readers_it_is_only_advice() -> None:
    one(answering(saying("", 502), by_mail=False), ADVICE, "502")


def test_nobody_there_is_told_and_nonsense_too(monkeypatch: pytest.MonkeyPatch) -> None:
    one(found(pages_facts(f"http://127.0.0.1:{free_port()}", "")), FAILURE, "cannot be reached")
    one(found(pages_facts("https://nowhere.invalid", "")), FAILURE, "cannot be reached")
    monkeypatch.setattr(pages, "WHOLE", 0.15)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            handler.wfile.write(b"X-More: x\r\n")
            time.sleep(0.01)

    one(answering(endless), FAILURE, "cannot be reached")

    def nonsense(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\xff\xfe\r\n\r\n")

    one(answering(nonsense), FAILURE, "cannot be reached")
    one(answering(saying("ok" * 1_000_000, date="not a date")), FAILURE, "is not this newsletter")


def test_a_links_address_on_this_machine_helps_nobody_else() -> None:
    facts = PagesFacts("http://localhost:8000", Page(200, b"ok"))
    one(pages_findings(facts, by_mail=True, now=NOW), FAILURE, "is this machine")
    one(pages_findings(facts, by_mail=False, now=NOW), OK)


def test_certificates_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path, days=10)
    with web_host(saying("ok"), certificate=path) as place:
        one(found(pages_facts(place, "")), FAILURE, "do not trust", "self-signed")
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        told = found(pages_facts(place, ""))
    having(told, OK, "answers")
    having(told, ADVICE, "Certificate", "10 days")


@pytest.mark.parametrize(("minutes", "words"), [(5, "5 minutes behind"), (-7, "7 minutes ahead of")])
def test_a_clock_that_others_do_not_share_is_told(minutes: int, words: str) -> None:
    there = Page(200, b"ok", date=NOW + timedelta(minutes=minutes))
    one(clock_findings(PagesFacts("https://x", there, None, NOW), None, NOW), WARNING, words)


def test_a_clock_that_agrees_is_well_and_so_is_one_that_nobody_was_asked_about() -> None:
    there = Page(200, b"ok", date=NOW + timedelta(minutes=1))
    one(clock_findings(PagesFacts("https://x", there, None, NOW), None, NOW), OK, "as the web server says too")
    one(clock_findings(None, NOW - timedelta(days=1), NOW), OK, "22 November 2026, 12:00")


def test_a_clock_that_was_put_back_is_told() -> None:
    one(clock_findings(None, NOW + timedelta(minutes=3), NOW), WARNING, "was put back, or is wrong")


def test_the_clock_of_the_web_server_is_read() -> None:
    with web_host(saying("ok")) as place:
        facts = pages_facts(place, "")
    assert facts.health.date
    assert facts.at
    assert abs(facts.health.date - facts.at) < timedelta(seconds=5)
