"""From a URL to bytes, within limits of size, time and place."""

import re
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version

import httpx2

from newsletter.entries.network import (
    DEADLINE,
    OWN_HOST,
    CarefulTransport,
    MayConnect,
    certificate_trouble,
    is_public,
)
from newsletter.entries.retrying import parse_http_date, parse_retry_after
from newsletter.errors import SourceError

MAX_HTTP_BYTES = 20_000_000
#: For a page behind a reader's link.
MAX_PAGE_BYTES = 2_000_000
#: For what a server says of its error.
MAX_ERROR_BYTES = 65_536
#: Seconds for a whole answer with all its redirects, however slowly it drips.
MAX_SECONDS = 60.0
MAX_REDIRECTS = 10
_TIMEOUT = httpx2.Timeout(15.0)
#: Characters of a validator that is sent back; many servers refuse a request with headers of 8,000 and more.
_MAX_VALIDATOR = 1_000

#: Called with a URL before it is asked for; returns when it is our turn.
Turn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Document:
    """One file or one answer of a server."""

    #: the file's name or the URL that was asked for
    name: str
    content: bytes
    content_type: str = ""
    #: where redirects led to: what its links are relative to; empty for a file
    found_at: str = ""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask "has it changed?" with (RFC 9110, section 13)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server gave."""

    #: None where nothing has changed since the validators were given
    document: Document | None
    validators: Validators
    #: where the server says that it is for good, if it is not where we asked
    moved_to: str | None = None


class FetchError(SourceError):
    """A server did not give what it was asked for."""

    def __init__(
        self, text: str, *, status: int | None = None, retry_after: timedelta | None = None, body: bytes = b""
    ) -> None:
        super().__init__(text)
        #: of its answer, if there was one
        self.status = status
        #: how long it wants to be left alone
        self.retry_after = retry_after
        #: what it said of the reason, for programs (JSON or XML); empty where it said nothing short
        self.body = body


def user_agent(base_url: str = "", address: str = "") -> str:
    """Who asks, and where to complain."""
    where = "; ".join(([f"+{base_url}"] if base_url else []) + ([address] if address else []))
    return f"newsletter/{this_version()}" + (f" ({where})" if where else "")


@cache
def this_version() -> str:
    """Which version of this program it is; to find it takes longer than most of what a source is asked for."""
    return version("newsletter")


def http_client(
    transport: httpx2.BaseTransport | None = None,
    *,
    user_agent: str = user_agent(),
    may_connect: MayConnect = is_public,
) -> httpx2.Client:
    """The client for all pulling; many threads may use one.

    `may_connect` says which addresses are asked beside the host that the operator named. Only gzip is offered,
    because that can be unpacked with a limit.
    """
    return httpx2.Client(
        transport=transport or CarefulTransport(may_connect),
        timeout=_TIMEOUT,
        headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
    )


def public_client(user_agent: str) -> httpx2.Client:
    """A client for links that strangers send in: it reaches nothing but the public internet."""
    return http_client(user_agent=user_agent, may_connect=is_public)


class PublicNetwork:
    """That client, made when it is first needed. One that stands in for it stays open, whoever closes this."""

    def __init__(self, user_agent: str, instead: httpx2.Client | None = None) -> None:
        self._user_agent, self._instead = user_agent, instead
        self._own: httpx2.Client | None = None

    @property
    def client(self) -> httpx2.Client:
        """What asks."""
        if self._instead:
            return self._instead
        if self._own is None:
            self._own = public_client(self._user_agent)
        return self._own

    def close(self) -> None:
        """Let go of the network."""
        if self._own:
            self._own.close()


def is_url(location: str) -> bool:
    """True for what is fetched over the network."""
    return location.lower().startswith(("http://", "https://"))


def at_once(url: str) -> None:
    """It is always our turn."""


def fetch_page(url: str, *, client: httpx2.Client, turn: Turn = at_once) -> Document:
    """What is behind a link, of at most 2 MB; its `name` is the address where redirects led. Raises `SourceError`."""
    document = whole(fetch_url(url, client=client, turn=turn, limit=MAX_PAGE_BYTES))
    return Document(document.found_at, document.content, document.content_type)


def whole(fetched: Fetched) -> Document:
    """The document where it was asked for without validators, so that there is one."""
    if fetched.document is None:
        raise AssertionError("an answer without a document to a request without validators")
    return fetched.document


def fetch_url(
    url: str,
    *,
    client: httpx2.Client,
    validators: Validators = Validators(),
    own: str | None = None,
    turn: Turn = at_once,
    limit: int = MAX_HTTP_BYTES,
) -> Fetched:
    """Ask for a URL and follow where it leads. Raises `FetchError`, and `NotPublic` for a private network.

    `own` is a URL as the operator wrote it: its host (and port) may be anywhere. `turn` is called before each request,
    `limit` is the most bytes that are read, unpacked.
    """
    if not is_url(url):
        raise FetchError(f"{url} is no web address")
    asked = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    began = False
    try:
        # What is not ASCII cannot be sent back, and what is huge would be refused: then it simply answers in full.
        conditions = {
            name: value for name, value in asked.items() if value and value.isascii() and len(value) <= _MAX_VALIDATOR
        }
        request = client.build_request("GET", url, headers=conditions)
        with _final_answer(client, request, own, turn) as (answer, moved_to):
            if answer.status_code == httpx2.codes.NOT_MODIFIED and conditions:
                return Fetched(None, validators, moved_to)
            if not answer.is_success:
                raise _refusal(answer)
            began = True
            content = b"".join(_limited(answer, limit))
            found_at = str(answer.request.url)
            return Fetched(
                Document(url, content, answer.headers.get("content-type", ""), found_at),
                Validators(answer.headers.get("etag"), answer.headers.get("last-modified")),
                moved_to,
            )
    except (httpx2.InvalidURL, UnicodeError) as error:  # UnicodeError: the name lookup's, for a label too long
        raise FetchError(f"{url} is no valid address: {error}") from error
    except httpx2.TimeoutException as error:
        raise FetchError(
            "the answer stopped in the middle" if began else "the server took too long to answer"
        ) from error
    except httpx2.HTTPError as error:
        text = str(error) or type(error).__name__
        if certificate := certificate_trouble(error):
            raise FetchError(f"the server is not to be trusted: {certificate}") from error
        raise FetchError(f"{'the answer broke off' if began else 'the server could not be reached'}: {text}") from error


@contextmanager
def _final_answer(
    client: httpx2.Client, request: httpx2.Request, own: str | None, turn: Turn
) -> Iterator[tuple[httpx2.Response, str | None]]:
    """The answer behind all redirects, and its address if each of them was for good.

    The client could follow them, but would go anywhere, and read their bodies without limits.
    """
    named, left, for_good = httpx2.URL(own) if own else None, MAX_SECONDS, True
    for hop in range(MAX_REDIRECTS + 1):
        turn(str(request.url))
        began = time.monotonic()
        is_own = named is not None and _place(named) == _place(request.url)
        request.extensions = {**request.extensions, DEADLINE: began + left, OWN_HOST: is_own}
        try:
            answer = client.send(request, stream=True, follow_redirects=False)
        except httpx2.TimeoutException:
            if time.monotonic() - began < left:
                raise
            raise _too_slow() from None
        try:
            if answer.next_request is None:
                yield answer, str(request.url) if hop and for_good else None
                return
            _refuse_to_follow(request.url, answer.next_request.url)
            for_good = for_good and answer.status_code in (301, 308)
            request = answer.next_request
        finally:
            answer.close()
        left -= time.monotonic() - began
    raise FetchError("the server redirects again and again")


def _place(url: httpx2.URL) -> tuple[str, int | None]:
    return url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _refuse_to_follow(here: httpx2.URL, there: httpx2.URL) -> None:
    if there.scheme not in ("http", "https"):
        raise FetchError(f"the server redirects to {str(there)[:200]}, which is no web address")
    if here.scheme == "https" and there.scheme == "http":
        raise FetchError(f"the server redirects to {str(there)[:200]}, which is not encrypted while this is")


def _refusal(answer: httpx2.Response) -> FetchError:
    text = f"the server answered {answer.status_code} {answer.reason_phrase}".rstrip()
    if answer.status_code == httpx2.codes.GONE:
        text += ": it was taken down for good. Look for its new address, or take it out of newsletter.toml"
    its_now = parse_http_date(answer.headers.get("date")) or datetime.now(UTC)
    wait = parse_retry_after(answer.headers.get("retry-after"), its_now)
    body = b""
    if re.search(r"^(application|text)/([\w.-]+\+)?(json|xml)\b", answer.headers.get("content-type", "")):
        with suppress(FetchError, httpx2.HTTPError):
            body = b"".join(_limited(answer, MAX_ERROR_BYTES))
    return FetchError(text, status=answer.status_code, retry_after=wait, body=body)


def _limited(answer: httpx2.Response, limit: int) -> Iterator[bytes]:
    """The body, unpacked, within the limits: an answer may be huge, endless, slow, or a zip bomb."""
    encoding = answer.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise FetchError(f"the server packed its answer as {encoding!r}, which was not asked for")
    too_large = FetchError(f"it is larger than {limit / 1e6:.0f} MB, which is the most that is read")
    announced = answer.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and len(announced) < 20 and int(announced) > limit:
        raise too_large
    unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    left, deadline = limit, answer.request.extensions[DEADLINE]
    try:
        for raw in answer.iter_raw():
            try:
                chunk = unpack.decompress(raw, left + 1) if unpack else raw
            except zlib.error as error:
                raise FetchError(f"its gzip packing is broken: {error}") from error
            left -= len(chunk)
            if left < 0:
                raise too_large
            if time.monotonic() > deadline:
                raise _too_slow()
            yield chunk
    except httpx2.TimeoutException:
        if time.monotonic() < deadline:
            raise
        raise _too_slow() from None
    if unpack and not unpack.eof and answer.num_bytes_downloaded:
        raise FetchError("its gzip packing is broken: it ends too early")


def _too_slow() -> FetchError:
    return FetchError(f"it was not through after {MAX_SECONDS:.0f} seconds")
