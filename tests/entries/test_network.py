"""Where a request may lead, and when it ends, whatever a name, a redirect or a server says."""

import ipaddress
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhost import say, web_host

from newsletter.entries import fetching
from newsletter.entries.fetching import FetchError, fetch_page, fetch_url, http_client, public_client, user_agent
from newsletter.entries.network import NotPublic, anywhere, is_public
from newsletter.errors import SourceError


def hello(handler: BaseHTTPRequestHandler) -> None:
    say(handler, "hello")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses that they have in this test, one look after another."""
    known: dict[str, list[str]] = {}
    really = socket.getaddrinfo

    def look(host: str, *more: Any, **named: Any) -> Any:
        if host not in known:
            return really(host, *more, **named)
        found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [info for one in found.split() for info in really(one, *more, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return known


# Addresses


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_on_the_public_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    """10.0.0.1 127.0.0.1 192.168.1.1 172.16.0.1 169.254.169.254 100.64.0.1 0.0.0.0 255.255.255.255 224.0.1.1
    192.0.2.1 198.18.0.1 ::1 :: fd00::1 fe80::1 fe80::1%eth0 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1
    64:ff9b::10.0.0.1 64:ff9b::127.0.0.1 2002:a00:1:: 2002:7f00:1:: ::127.0.0.1 fec0::1 64:ff9b:1::7f00:1
    ::ffff:0:127.0.0.1 5f00::1 192.0.0.8""".split(),
)
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_what_wraps_an_address_is_no_more_public_than_the_address(address: ipaddress.IPv4Address) -> None:
    wrapped = [int(address) | 0xFFFF << 32, int(address) | 0x64FF9B << 96, int(address) << 80 | 0x2002 << 112]
    assert {is_public(ipaddress.IPv6Address(one)) for one in wrapped} <= {is_public(address), False}


# Where a request may lead


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:{}", "http://localhost:{}", "http://2130706433:{}", "http://0x7f.1:{}", "http://127.1:{}",
     "http://0:{}", "http://[::ffff:7f00:1]:{}"],
)  # fmt: skip
def test_a_link_of_a_stranger_never_reaches_this_machine(place: str) -> None:
    asked: list[str] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        hello(handler)

    with web_host(note) as host, public_client("test") as client, pytest.raises(NotPublic, match="public internet"):
        fetch_page(place.format(host.rpartition(":")[2]), client=client)
    assert asked == []


def test_a_link_of_a_stranger_never_reaches_a_private_network_by_a_name(names: dict[str, list[str]]) -> None:
    names["papers.example.org"] = ["10.0.0.5 192.168.0.7"]
    with public_client("test") as client, pytest.raises(SourceError) as error:
        fetch_page("http://papers.example.org/", client=client)
    assert str(error.value) == "papers.example.org leads to 10.0.0.5, 192.168.0.7, which is not on the public internet"


def test_a_name_that_changes_its_address_after_the_look_changes_nothing(names: dict[str, list[str]]) -> None:
    # The first look says something harmless (and closed, so that nobody answers), each later one this machine.
    names["rebinding.example.org"] = ["127.0.0.2", "127.0.0.1"]

    def may(address: object) -> bool:
        return str(address) == "127.0.0.2"

    with web_host(hello) as host, http_client(may_connect=may) as client:
        port = host.rpartition(":")[2]
        with pytest.raises(FetchError, match="could not be reached"):
            fetch_page(f"http://rebinding.example.org:{port}/", client=client)
        with pytest.raises(NotPublic):
            fetch_page(f"http://rebinding.example.org:{port}/", client=client)


def test_of_many_addresses_a_good_one_that_answers_is_taken(names: dict[str, list[str]]) -> None:
    names["many.example.org"] = ["127.0.0.3 127.0.0.2 127.0.0.1"]
    with web_host(hello) as host, http_client(may_connect=lambda address: str(address) != "127.0.0.3") as client:
        page = fetch_page(f"http://many.example.org:{host.rpartition(':')[2]}/", client=client)
    assert page.content == b"hello"


def test_the_host_that_the_operator_named_may_be_anywhere() -> None:
    with web_host(hello) as host, http_client() as client:
        assert fetch_url(host, client=client, own=f"{host}/feed").document
        with pytest.raises(NotPublic):
            fetch_url(host, client=client, own="https://example.org/feed")


def test_a_redirect_from_the_named_host_to_another_port_of_it_is_refused() -> None:
    with web_host(hello) as inner, http_client() as client:

        def redirect(handler: BaseHTTPRequestHandler) -> None:
            say(handler, "", 302, location=f"{inner}/secret")

        with web_host(redirect) as host:
            with pytest.raises(NotPublic, match=r"127\.0\.0\.1 is not on the public internet"):
                fetch_url(host, client=client, own=host)
            with http_client(may_connect=anywhere) as allowed:
                assert fetch_url(host, client=allowed, own=host).document


def test_every_request_has_a_connection_of_its_own() -> None:
    """One that was opened for a host that may be private must not serve a redirect to it from elsewhere."""
    clients: list[object] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        clients.append(handler.client_address)
        hello(handler)

    with web_host(note) as host, http_client() as client:
        for _ in range(2):
            fetch_url(host, client=client, own=host)
        with pytest.raises(NotPublic):
            fetch_url(host, client=client)
    assert len(set(clients)) == 2


def test_a_request_says_who_asks_and_where_to_complain() -> None:
    asked: list[str] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["user-agent"])
        hello(handler)

    name = user_agent("https://news.example.org", "papers@news.example.org")
    with web_host(note) as host, http_client(user_agent=name) as client:
        fetch_url(host, client=client, own=host)
    assert asked == ["newsletter/0.1.0 (+https://news.example.org; papers@news.example.org)"]


# Proxies


def proxy(asked: list[str]) -> Callable[[BaseHTTPRequestHandler], None]:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        say(handler, "by proxy")

    return talk


def test_a_proxy_of_the_environment_is_used_but_not_for_private_places(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]
) -> None:
    asked: list[str] = []
    names.update({"papers.example.org": ["8.8.8.8"], "intranet.example.org": ["10.0.0.1"]})
    with web_host(proxy(asked)) as host, public_client("test") as client:
        monkeypatch.setenv("http_proxy", host)
        page = fetch_page("http://papers.example.org/x", client=client)
        for private in ("http://intranet.example.org/", "http://10.0.0.1/", "http://[fd00::1]/"):
            with pytest.raises(NotPublic):
                fetch_page(private, client=client)
    assert (page.content, asked) == (b"by proxy", ["http://papers.example.org/x"])


def test_a_name_that_only_the_proxy_knows_is_the_proxys_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with web_host(proxy(asked)) as host, public_client("test") as client:
        monkeypatch.setenv("all_proxy", host.removeprefix("http://"))
        fetch_page("http://nowhere.invalid/x", client=client)
    assert asked == ["http://nowhere.invalid/x"]


def test_hosts_that_need_no_proxy_and_this_machine_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with web_host(hello) as host, http_client() as client:
        assert fetch_url(host, client=client, own=host).document


def test_a_proxy_of_a_kind_that_is_not_spoken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://proxy.example.org:1080")
    with http_client() as client, pytest.raises(FetchError, match=r"proxy\.example\.org, is no HTTP proxy"):
        fetch_url("http://papers.example.org/", client=client)


# Time


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server below HTTP; `talk` has the connection."""
    listening = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connections.append(connection)
            try:
                talk(connection)
            except OSError:
                continue  # the client had enough

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for connection in connections:
            connection.close()


def drip(text: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    return talk


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "talk"),
    [
        ("http", drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200)),
        ("http", drip(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200)),
        ("http", drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 20)),
        ("https", drip(b"\x16\x03\x03\x02\x00" + b"\x00" * 200)),
        ("https", lambda connection: time.sleep(0.6)),
    ],
    ids=["slow header", "slow body", "endless promises", "slow handshake", "no handshake"],
)
def test_whatever_drips_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch, scheme: str, talk: Callable[[socket.socket], None]
) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.3)
    with raw_server(talk) as host, http_client() as client:
        start = time.monotonic()
        with pytest.raises(FetchError, match="it was not through after 0 seconds"):
            fetch_url(f"{scheme}://{host}/", client=client, own=f"{scheme}://{host}/")
        assert time.monotonic() - start < 1


def test_the_time_is_one_for_all_redirects_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.3)

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        say(handler, "", 302, location=handler.path + "x")

    with web_host(redirect) as host, http_client() as client, pytest.raises(FetchError, match="not through after"):
        fetch_url(f"{host}/", client=client, own=host)


# Certificates


def openssl(*command: str | Path) -> None:
    subprocess.run(["openssl", *command], check=True, capture_output=True)


def certificate(folder: Path, name: str = "IP:127.0.0.1", days: int = 1) -> Path:
    """A certificate for that name and its key in one file, signed by itself."""
    key, asked, one, both = (folder / file for file in ("key.pem", "asked.pem", "one.pem", "both.pem"))
    elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-new", *elliptic, "-subj", "/CN=papers.example.org", "-keyout", key, "-out", asked)
    (folder / "more").write_text(f"subjectAltName={name}")
    openssl("x509", "-req", "-in", asked, "-signkey", key, "-days", str(days), "-extfile", folder / "more", "-out", one)
    both.write_text(one.read_text() + key.read_text())
    return both


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of the only certificate that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))
    return tmp_path / "one.pem"


def secure_trouble(path: Path, host: str = "127.0.0.1") -> str:
    with web_host(hello, certificate=path) as place, http_client() as client:
        url = place.replace("127.0.0.1", host)
        with pytest.raises(FetchError) as error:
            fetch_url(url, client=client, own=url)
    return str(error.value)


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    told = secure_trouble(certificate(tmp_path))
    assert told == "the server is not to be trusted: its certificate is self-signed, so nobody vouches for it"


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_has_expired_is_told(tmp_path: Path) -> None:
    assert (
        secure_trouble(certificate(tmp_path, days=-1)) == "the server is not to be trusted: its certificate has expired"
    )


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_told(tmp_path: Path) -> None:
    path = certificate(tmp_path, "DNS:other.example.org")
    assert "its certificate is for another address" in secure_trouble(path)
    assert "its certificate is for another host" in secure_trouble(path, "localhost")


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_is_trusted_does_not_stand_in_the_way(tmp_path: Path) -> None:
    with web_host(hello, certificate=certificate(tmp_path)) as host, http_client() as client:
        fetched = fetch_url(host, client=client, own=host)
    assert fetched.document
    assert fetched.document.content == b"hello"


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with web_host(hello) as host, http_client() as client:
        url = host.replace("http:", "https:")
        with pytest.raises(FetchError, match="could not be reached"):
            fetch_url(url, client=client, own=url)


def test_what_httpx2_cannot_ask_for_is_told() -> None:
    with http_client() as client, pytest.raises(FetchError, match="is no web address"):
        fetch_page("ftp://example.org/feed", client=client)
    with pytest.raises(httpx2.UnsupportedProtocol), http_client() as client:
        client.get("ftp://example.org/feed")
