"""The way to other machines: where it may lead is checked when it is connected to, and no answer takes too long."""

import ipaddress
import math
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import httpcore2
import httpx2

from newsletter.errors import SourceError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MayConnect = Callable[[Address], bool]

#: Extensions of a request: the moment (of `time.monotonic`) at which it must be through, and whether it goes to the
#: very host that the operator named, which may be anywhere.
DEADLINE, OWN_HOST = "deadline", "own_host"
#: IPv6 addresses by which a network reaches IPv4 (RFC 6052).
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
#: All that the internet's IPv6 addresses are from (RFC 4291): not so the old ones of a site, or ::127.0.0.1.
_UNICAST = ipaddress.ip_network("2000::/3")
#: For a network's own machinery (RFC 6890); Python knows only parts of it.
_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")
#: OpenSSL's numbers for what is wrong with a certificate.
_CERTIFICATE = {
    9: "its certificate is not valid yet (or this machine's clock is wrong)",
    10: "its certificate has expired",
    18: "its certificate is self-signed, so nobody vouches for it",
    19: "its certificate comes from an authority that nobody vouches for",
    20: "its certificate comes from an authority that is not known here",
    62: "its certificate is for another host",
    64: "its certificate is for another address",
}


class NotPublic(SourceError):
    """An address leads to a machine that is not on the public internet."""


def is_public(address: Address) -> bool:
    """True for an address on the public internet, also in what an IPv6 address wraps."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        wrapped = address.sixtofour
        if address in _TRANSLATED:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped:
            return is_public(wrapped)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast and address not in _PROTOCOLS


def anywhere(address: Address) -> bool:
    """True for every address."""
    return True


def is_this_machine(host: str) -> bool:
    """True for a host name that can mean no other machine than this."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def certificate_trouble(error: BaseException | None) -> str | None:
    """What is wrong with a server's certificate, where that is what stopped a request; else None."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return _CERTIFICATE.get(error.verify_code, f"its certificate is not good: {error.verify_message}")
        error = error.__cause__ or error.__context__
    return None


class CarefulTransport(httpx2.BaseTransport):
    """Sends each request over a connection of its own, to addresses that `may_connect` lets through only.

    The address that was checked is the one that is connected to, so a name that changes in between changes nothing.
    A proxy that the environment names is used (never for this machine itself). It looks names up by itself: then what
    the name means here is checked as far as that is known, and the rest is the proxy's to refuse.
    """

    def __init__(self, may_connect: MayConnect) -> None:
        self._may_connect = may_connect

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx2.create_ssl_context()  # reads the machine's certificates, which takes its time

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its body streams. Raises `NotPublic` beside what httpx2 raises."""
        url, extensions = request.url, request.extensions
        may_connect = anywhere if extensions.get(OWN_HOST) else self._may_connect
        proxy = _proxy_for(url)
        if proxy:
            _refuse_known(url.host, may_connect)
            may_connect = anywhere
        pool = httpcore2.ConnectionPool(
            ssl_context=self._tls if url.scheme == "https" else None,
            proxy=proxy,
            max_connections=1,
            network_backend=_Network(may_connect, float(extensions.get(DEADLINE, math.inf))),
        )
        asked = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=extensions,
        )
        try:
            with _as_httpx():
                answer = pool.handle_request(asked)
        except BaseException:
            pool.close()
            raise
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, pool), extensions=answer.extensions
        )


class _Body(httpx2.SyncByteStream):
    """The body of an answer; closing it closes the connection."""

    def __init__(self, answer: httpcore2.Response, pool: httpcore2.ConnectionPool) -> None:
        self._answer, self._pool = answer, pool

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        self._pool.close()


class _Network(httpcore2.NetworkBackend):
    """Connects to addresses that may be connected to, until a moment."""

    def __init__(self, may_connect: MayConnect, deadline: float) -> None:
        self._may_connect, self._deadline = may_connect, deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            found = _addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(error.strerror or str(error)) from error
        good = [address for address in found if self._may_connect(address)]
        if not good:
            raise _not_public(host, found)
        trouble: Exception = httpcore2.ConnectError("its name leads nowhere")
        for address in good:
            try:
                left = _left(self._deadline, timeout)
                stream = self._plain.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                trouble = error
            else:
                return _Stream(stream, self._deadline)
        raise trouble


class _Stream(httpcore2.NetworkStream):
    """A connection whose every step ends before a moment, however many small ones an answer is made of."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout))
        return _Stream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float | None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("it was not through in time")
    least = min(left, math.inf if timeout is None else timeout)
    return None if least == math.inf else least


def _addresses(host: str, port: int) -> list[Address]:
    """Every address of a name, as this machine finds them, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(where[0])) for *_, where in found))


def _refuse_known(host: str, may_connect: MayConnect) -> None:
    try:
        found = _addresses(host.strip("[]"), 0)
    except OSError:
        return  # a machine behind a proxy need not know any name
    if not any(may_connect(address) for address in found):
        raise _not_public(host, found)


def _not_public(host: str, found: list[Address]) -> NotPublic:
    where = ", ".join(str(address) for address in found if str(address) != host)
    return NotPublic(f"{host}{f' leads to {where}, which' if where else ''} is not on the public internet")


def _proxy_for(url: httpx2.URL) -> httpcore2.Proxy | None:
    proxies = urllib.request.getproxies()
    place = proxies.get(url.scheme) or proxies.get("all")
    if not place or is_this_machine(url.host) or urllib.request.proxy_bypass(url.host):
        return None
    proxy = httpx2.URL(place if "://" in place else f"http://{place}")
    if proxy.scheme not in ("http", "https"):
        raise httpx2.UnsupportedProtocol(f"the proxy that the environment names, {proxy.host}, is no HTTP proxy")
    return httpcore2.Proxy(
        httpcore2.URL(scheme=proxy.raw_scheme, host=proxy.raw_host, port=proxy.port, target=proxy.raw_path),
        auth=(proxy.username, proxy.password) if proxy.username else None,
    )


@contextmanager
def _as_httpx() -> Iterator[None]:
    """What httpcore2 raises as its namesake of httpx2."""
    try:
        yield
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        namesake: type[httpx2.RequestError] = getattr(httpx2, type(error).__name__)
        raise namesake(str(error)) from error
