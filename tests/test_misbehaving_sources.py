"""A server that does everything wrong that servers do: nothing lost, nothing doubled, each told in words."""

import gzip
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from newsroom import Clock
from sourced import Open
from sqlite_utils import Database
from webhost import feed_of, say, web_host

from newsletter.entries import fetching
from newsletter.entries import store as entries
from newsletter.entries.pulling import PullReport
from newsletter.sourcing import Sources

Talk = Callable[[BaseHTTPRequestHandler], None]


def huge(handler: BaseHTTPRequestHandler) -> None:
    say(handler, b"", content_length="50000000")
    for _ in range(500):
        handler.wfile.write(b"x" * 100_000)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(500):
        handler.wfile.write(b"<!-- and on and on, as nobody needs it -->" * 2_500)


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"<")
        time.sleep(0.02)


def drips_its_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-Patience: is a virtue\r\n")
        time.sleep(0.02)


def breaks_off(handler: BaseHTTPRequestHandler) -> None:
    say(handler, feed_of(0, 3, "broken")[:-40], content_length="100000")


def packed(handler: BaseHTTPRequestHandler) -> None:
    say(handler, gzip.compress(feed_of(0, 3, "packed").encode()), content_encoding="gzip")


def cut(handler: BaseHTTPRequestHandler) -> None:
    say(handler, gzip.compress(feed_of(0, 300, "cut").encode())[:-30], content_encoding="gzip")


def bomb(handler: BaseHTTPRequestHandler) -> None:
    say(handler, gzip.compress(b" " * 100_000_000, 1), content_encoding="gzip")


def wrong_charset(handler: BaseHTTPRequestHandler) -> None:
    text = '<?xml version="1.0" encoding="utf-8"?>' + feed_of(0, 2, "naïve café")
    say(handler, text.encode("latin-1"), content_type="application/atom+xml; charset=utf-8")


def speaks_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 mail.example.org ESMTP\r\n")


#: What each path does, and what is told of it; None where it goes well.
CASES: dict[str, tuple[Talk, str | None]] = {
    "good": (lambda h: say(h, feed_of(0, 3, "good")), None),
    "same": (lambda h: say(h, feed_of(0, 3, "good")), None),
    "packed": (packed, None),
    "latin": (wrong_charset, None),
    "moved": (lambda h: say(h, "", 301, location="/good"), None),
    "empty-feed": (lambda h: say(h, feed_of(0, 0)), None),
    "unchanged": (lambda h: say(h, "", 304), "the server answered 304 Not Modified"),
    "gone": (lambda h: say(h, "", 410), "the server answered 410 Gone: it was taken down for good"),
    "missing": (lambda h: say(h, "<html>404</html>", 404), "the server answered 404 Not Found"),
    "oops": (lambda h: say(h, "Traceback", 500), "the server answered 500 Internal Server Error"),
    "busy": (lambda h: say(h, "", 503, retry_after="600"), "the server answered 503 Service Unavailable"),
    "often": (lambda h: say(h, "", 429, retry_after="later"), "the server answered 429 Too Many Requests"),
    "page": (lambda h: say(h, "<!DOCTYPE html><html><body>x</body></html>"), "it is a web page, not a feed"),
    "nothing": (lambda h: say(h, ""), "the server's answer is empty"),
    "huge": (huge, "it is larger than 20 MB"),
    "endless": (endless, "it is larger than 20 MB"),
    "bomb": (bomb, "it is larger than 20 MB"),
    "breaks": (breaks_off, "the answer broke off"),
    "cut": (cut, "its gzip packing is broken: it ends too early"),
    "brotli": (lambda h: say(h, b"x", content_encoding="br"), "packed its answer as 'br'"),
    "circle": (lambda h: say(h, "", 302, location="/circle"), "redirects again and again"),
    "files": (lambda h: say(h, "", 302, location="file:///etc/passwd"), "redirects to file://"),
    "metadata": (lambda h: say(h, "", 302, location="http://169.254.169.254/"), "169.254.169.254 is not on the public"),
    "router": (lambda h: say(h, "", 301, location="http://192.168.1.1/feed"), "192.168.1.1 is not on the public"),
    "mail": (speaks_nothing, "could not be reached"),
    "hangs-up": (lambda h: None, "could not be reached"),
}


#: What only ends when the time is up.
SLOW: dict[str, tuple[Talk, str]] = {
    "drips": (drips, "it was not through after 6 seconds"),
    "head": (drips_its_head, "it was not through after 6 seconds"),
}


@contextmanager
def misbehaving(sources: Open, cases: Mapping[str, tuple[Talk, str | None]]) -> Iterator[Sources]:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        cases[handler.path.strip("/")][0](handler)

    with web_host(talk) as host:
        yield sources(**{name: f"{host}/{name}" for name in cases})


def assert_told(reports: list[PullReport], cases: Mapping[str, tuple[Talk, str | None]]) -> None:
    """Each as its case says, in one line, with the next try beside it."""
    assert [report.name for report in reports] == list(cases)
    for report in reports:
        expected = cases[report.name][1]
        assert (report.error is None) == (expected is None), report
        if expected:
            assert report.error
            assert expected in report.error
            assert report.next_try
            assert "\n" not in report.error


@pytest.mark.slow
def test_each_kind_of_misbehaviour_is_told_in_words_and_hurts_no_other_source(
    sources: Open, store: Database, standing: Clock
) -> None:
    with misbehaving(sources, CASES) as found:
        first = found.pull()
        assert_told(first, CASES)
        counts = {report.name: report.new + report.known for report in first if report.new + report.known}
        assert counts == {"good": 3, "same": 3, "packed": 3, "moved": 3, "latin": 2}
        assert entries.count(store) == 8
        assert [report.name for report in first if report.moved_to] == ["moved"]
        tries = {report.name: report.next_try for report in first}
        assert tries["busy"] == standing.now + timedelta(minutes=10)
        assert tries["often"]
        assert timedelta(minutes=2) < tries["often"] - standing.now < timedelta(minutes=4)

        standing.forward(days=2)
        assert_told(found.pull(due_only=True), CASES)
        assert entries.count(store) == 8
        failing = [state for state in found.states() if state.error]
        assert {state.failures for state in failing} == {2}
        assert {state.failing_since for state in failing} == {standing.now - timedelta(days=2)}


@pytest.mark.slow
def test_what_drips_is_left_in_time_and_holds_up_nobody(
    sources: Open, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 6.0)
    with misbehaving(sources, {**SLOW, **CASES}) as found:
        start, all_stored = time.monotonic(), list[float]()

        def stop() -> bool:
            if entries.count(store) == 8 and not all_stored:
                all_stored.append(time.monotonic() - start)
            return False

        assert_told(found.pull(stop=stop), {**SLOW, **CASES})
        assert all_stored[0] < 5
        assert time.monotonic() - start < 9
