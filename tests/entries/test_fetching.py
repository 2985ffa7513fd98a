"""From a location to bytes, whatever the server or the disk does."""

import gzip
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import httpx2
import pytest
from webhost import web_host

from newsletter.entries import fetching
from newsletter.entries.fetching import Document, Fetched, Validators, fetch_url, http_client, is_url
from newsletter.errors import SourceError

URL = "https://example.org/feed"
Answer = Callable[[httpx2.Request], httpx2.Response]


def answer(
    content: bytes = b"hello", status: int = 200, headers: dict[str, str] | None = None
) -> Callable[[httpx2.Request], httpx2.Response]:
    """A server that always answers the same."""
    return lambda request: httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(content))


def get(server: Answer, url: str = URL, validators: Validators = Validators()) -> Fetched:  # noqa: B008 (it is frozen)
    with http_client(httpx2.MockTransport(server)) as client:
        return fetch_url(url, client=client, validators=validators)


def content(fetched: Fetched) -> bytes:
    assert fetched.document is not None
    return fetched.document.content


def trouble(server: Answer, url: str = URL) -> str:
    with pytest.raises(SourceError) as error:
        get(server, url)
    return str(error.value)


def really_get(url: str) -> Fetched:
    with http_client() as client:
        return fetch_url(url, client=client, own=url)


# Answers


def test_an_answer_is_a_document_with_its_type_and_validators() -> None:
    headers = {"content-type": "application/rss+xml", "etag": '"v1"', "last-modified": "Fri, 20 Nov 2026 08:00:00 GMT"}
    fetched = get(answer(b"<rss/>", headers=headers))
    document = fetched.document
    assert document is not None
    assert (document.name, document.content, document.content_type) == (URL, b"<rss/>", "application/rss+xml")
    assert fetched.validators == Validators('"v1"', "Fri, 20 Nov 2026 08:00:00 GMT")


def test_a_request_says_who_asks_and_accepts_only_what_can_be_unpacked_with_a_limit() -> None:
    asked: list[httpx2.Request] = []

    def server(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answer()(request)

    get(server)
    [request] = asked
    assert request.headers["user-agent"].startswith("newsletter/")
    assert request.headers["accept-encoding"] == "gzip"
    assert "if-none-match" not in request.headers


def test_nothing_changed_since_is_no_document_and_keeps_the_validators() -> None:
    known = Validators('"v1"', "Fri, 20 Nov 2026 08:00:00 GMT")

    def server(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["if-none-match"] == known.etag
        assert request.headers["if-modified-since"] == known.last_modified
        return httpx2.Response(304)

    assert get(server, validators=known) == Fetched(None, known)


@pytest.mark.parametrize("etag", ['"é"', f'"{"x" * 60_000}"'])
def test_a_validator_that_cannot_be_sent_back_does_no_harm(etag: str) -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        assert "if-none-match" not in request.headers
        headers = [(b"etag", etag.encode())]
        return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(b"x"))

    again = get(server, validators=get(server).validators)
    assert content(again) == b"x"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, "the server answered 404 Not Found"), (500, "500 Internal Server Error"), (410, "410 Gone"), (429, "429")],
)
def test_an_answer_that_is_no_success_is_told_with_its_number(status: int, expected: str) -> None:
    assert expected in trouble(answer(b"<html>Sorry</html>", status))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx2.ConnectTimeout("slow"), "the server took too long to answer"),
        (httpx2.ReadTimeout("slow"), "the server took too long to answer"),
        (httpx2.ConnectError("Name or service not known"), "could not be reached: Name or service not known"),
        (httpx2.ConnectError(""), "could not be reached: ConnectError"),
        (httpx2.RemoteProtocolError("peer closed connection"), "could not be reached: peer closed connection"),
    ],
)
def test_a_server_that_cannot_be_asked_is_told(error: Exception, expected: str) -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        raise error

    assert expected in trouble(server)


@pytest.mark.parametrize("url", ["http://x.example/\n", "http://\ud800.example/", "https://example.org/\x00"])
def test_an_impossible_address_is_told(url: str) -> None:
    assert "is no valid address" in trouble(answer(), url)


@pytest.mark.parametrize("url", [f"http://{'a' * 70}.example/", "http://", "http://[", "http://127.0.0.1:1/"])
def test_an_address_where_nobody_can_be_is_told(url: str) -> None:
    with pytest.raises(SourceError):
        really_get(url)


# Redirects


def test_a_redirect_is_followed_and_the_document_keeps_the_name_it_was_asked_by() -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/feed":
            return httpx2.Response(301, headers={"location": "/new"})
        return answer(b"moved")(request)

    document = get(server).document
    assert document == Document(URL, b"moved", found_at="https://example.org/new")


def test_validators_are_asked_with_behind_a_redirect_too() -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/feed":
            return httpx2.Response(302, headers={"location": "/new"})
        assert request.headers["if-none-match"] == '"v1"'
        return httpx2.Response(304)

    assert get(server, validators=Validators('"v1"')).document is None


def test_redirects_in_a_circle_end() -> None:
    assert "redirects again and again" in trouble(answer(b"", 302, {"location": URL}))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/", "http://[", "javascript:alert(1)"])
def test_a_redirect_to_no_web_address_is_told(target: str) -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme not in ("http", "https"):
            raise httpx2.UnsupportedProtocol(f"{request.url.scheme} is not spoken here")
        return httpx2.Response(302, headers={"location": target})

    with pytest.raises(SourceError):
        get(server)


def test_the_endless_body_of_a_redirect_is_not_read() -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/new":
            return answer(b"moved")(request)

        def endless() -> Iterator[bytes]:
            raise AssertionError("the body of a redirect was read")
            yield b""

        return httpx2.Response(302, headers={"location": "/new"}, content=endless())

    assert content(get(server)) == b"moved"


# Bodies


def test_a_packed_answer_is_unpacked() -> None:
    rss = b"<rss/>" * 10_000
    assert content(get(answer(gzip.compress(rss), headers={"content-encoding": "gzip"}))) == rss


def test_an_empty_answer_that_claims_to_be_packed_is_empty() -> None:
    assert content(get(answer(b"", headers={"content-encoding": "gzip"}))) == b""


@pytest.mark.parametrize(
    "broken",
    [b"not gzip at all", gzip.compress(b"x" * 9_999)[:-12], gzip.compress(b"x")[:5]],
    ids=["none", "cut", "cut in its head"],
)
def test_a_broken_packing_is_told(broken: bytes) -> None:
    assert "its gzip packing is broken" in trouble(answer(broken, headers={"content-encoding": "gzip"}))


def test_a_damaged_packing_is_told() -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 50))
    packed[len(packed) // 2] ^= 0xFF
    assert "its gzip packing is broken" in trouble(answer(bytes(packed), headers={"content-encoding": "gzip"}))


def test_a_packing_that_was_not_asked_for_is_refused() -> None:
    assert "packed its answer as 'br'" in trouble(answer(headers={"content-encoding": "br"}))


def test_a_zip_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 100_000_000, compresslevel=1)
    assert len(bomb) < 1_000_000
    assert "it is larger than 20 MB" in trouble(answer(bomb, headers={"content-encoding": "gzip"}))


def test_an_answer_of_more_than_20_mb_is_refused() -> None:
    assert "it is larger than 20 MB" in trouble(answer(b"x" * 20_000_001))
    assert len(content(get(answer(b"x" * 20_000_000)))) == 20_000_000


def test_an_answer_without_end_is_cut_off() -> None:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"<item>and on and on</item>" * 1_000)

    with web_host(talk) as url, http_client() as client, pytest.raises(SourceError, match="it is larger than 1 MB"):
        fetch_url(url, client=client, own=url, limit=1_000_000)


def test_an_answer_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.2)

    def talk(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.02)

    with web_host(talk) as url, pytest.raises(SourceError, match="it was not through after 0 seconds"):
        really_get(url)


def test_an_answer_that_stops_before_its_announced_end_is_told() -> None:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"<rss>")

    with web_host(talk) as url, pytest.raises(SourceError, match="the answer broke off: "):
        really_get(url)


def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_TIMEOUT", httpx2.Timeout(0.1))
    with web_host(lambda handler: time.sleep(0.5)) as url, pytest.raises(SourceError, match="took too long"):
        really_get(url)


# Places


@pytest.mark.parametrize(
    ("location", "expected"),
    [("https://example.org", True), ("HTTP://example.org", True), ("pages", False), ("/a/http://b", False)],
)
def test_a_url_is_told_from_a_path(location: str, expected: bool) -> None:
    assert expected == is_url(location)
