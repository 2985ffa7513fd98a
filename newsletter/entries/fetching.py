"""From a location to bytes: a URL, a file or a folder, within limits of size and time."""

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import httpx2

from newsletter.errors import SourceError

MAX_FILE_BYTES = 100_000_000
MAX_HTTP_BYTES = 20_000_000
#: Seconds for a whole answer, however slowly it drips.
MAX_SECONDS = 60.0
MAX_REDIRECTS = 10
_TIMEOUT = httpx2.Timeout(15.0)


@dataclass(frozen=True, slots=True)
class Document:
    """One file or one answer of a server."""

    name: str
    content: bytes
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask "has it changed?" with (RFC 9110, section 13)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a location held; no documents where nothing has changed since the validators were given."""

    documents: tuple[Document, ...]
    validators: Validators
    #: files of a folder that could not be read, with the reason
    unread: tuple[tuple[str, str], ...] = ()


def http_client(transport: httpx2.BaseTransport | None = None) -> httpx2.Client:
    """The client for all pulling. Only gzip is offered, because that can be unpacked with a limit."""
    return httpx2.Client(
        transport=transport,
        timeout=_TIMEOUT,
        headers={"User-Agent": f"newsletter/{version('newsletter')} (feed reader)", "Accept-Encoding": "gzip"},
    )


def is_url(location: str) -> bool:
    """True for what is fetched over the network."""
    return location.lower().startswith(("http://", "https://"))


def fetch(location: str, *, base: Path, client: httpx2.Client, validators: Validators) -> Fetched:
    """Read a URL, a file, or all files of a folder (by name; hidden ones left out). Raises `SourceError`."""
    if is_url(location):
        return _fetch_url(location, client, validators)
    try:
        path = base / Path(location).expanduser()
    except RuntimeError as error:  # ~nobody
        raise SourceError(f"{location} is no path: {error}") from error
    try:
        if path.is_dir():
            files = sorted(f for f in path.iterdir() if f.is_file() and not f.name.startswith("."))
            if not files:
                raise SourceError(f"the folder {path} is empty")
            return _read_folder(files)
        return Fetched((_read(path),), Validators())
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL or half a surrogate
        raise SourceError(f"{location!r} is no path: {error}") from error


def _read_folder(files: list[Path]) -> Fetched:
    documents: list[Document] = []
    unread: list[tuple[str, str]] = []
    for file in files:
        try:
            documents.append(_read(file))
        except (OSError, SourceError) as error:
            unread.append((file.name, str(error)))
    return Fetched(tuple(documents), Validators(), tuple(unread))


def _read(path: Path) -> Document:
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise SourceError(f"{path} holds {size / 1e6:,.0f} MB; {MAX_FILE_BYTES / 1e6:.0f} MB is the most that is read")
    return Document(path.name, path.read_bytes())


def _fetch_url(url: str, client: httpx2.Client, validators: Validators) -> Fetched:
    asked = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    try:
        # A header that is not ASCII cannot be sent back; the server then simply answers in full.
        request = client.build_request("GET", url, headers={k: v for k, v in asked.items() if v and v.isascii()})
        with _final_answer(client, request) as answer:
            if answer.status_code == httpx2.codes.NOT_MODIFIED:
                return Fetched((), validators)
            if not answer.is_success:
                raise SourceError(f"the server answered {answer.status_code} {answer.reason_phrase}".rstrip())
            content = b"".join(_limited(answer))
            return Fetched(
                (Document(url, content, answer.headers.get("content-type", "")),),
                Validators(answer.headers.get("etag"), answer.headers.get("last-modified")),
            )
    except (httpx2.InvalidURL, UnicodeError) as error:  # UnicodeError: the name lookup's, for a label too long
        raise SourceError(f"{url} is no valid address: {error}") from error
    except httpx2.TimeoutException as error:
        raise SourceError("the server took too long to answer") from error
    except httpx2.HTTPError as error:
        raise SourceError(f"the server could not be reached: {str(error) or type(error).__name__}") from error


@contextmanager
def _final_answer(client: httpx2.Client, request: httpx2.Request) -> Iterator[httpx2.Response]:
    """The answer behind all redirects. The client could follow them, but would read their bodies without limits."""
    for _ in range(MAX_REDIRECTS + 1):
        answer = client.send(request, stream=True, follow_redirects=False)
        try:
            if answer.next_request is None:
                yield answer
                return
            request = answer.next_request
        finally:
            answer.close()
    raise SourceError("the server redirects again and again")


def _limited(answer: httpx2.Response) -> Iterator[bytes]:
    """The body, unpacked, within the limits: an answer may be huge, endless, slow, or a zip bomb."""
    encoding = answer.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise SourceError(f"the server packed its answer as {encoding!r}, which was not asked for")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    left, deadline = MAX_HTTP_BYTES, time.monotonic() + MAX_SECONDS
    for raw in answer.iter_raw():
        try:
            chunk = unpack.decompress(raw, left + 1) if unpack else raw
        except zlib.error as error:
            raise SourceError(f"its gzip packing is broken: {error}") from error
        left -= len(chunk)
        if left < 0:
            raise SourceError(f"it is larger than {MAX_HTTP_BYTES / 1e6:.0f} MB, which is the most that is read")
        if time.monotonic() > deadline:
            raise SourceError(f"it was not through after {MAX_SECONDS:.0f} seconds")
        yield chunk
    if unpack and not unpack.eof and answer.num_bytes_downloaded:
        raise SourceError("its gzip packing is broken: it ends too early")
