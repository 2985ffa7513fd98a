"""From a location to bytes: a URL, a file or a folder, within limits of size and time."""

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import httpx2

from newsletter.errors import SourceError

MAX_FILE_BYTES = 100_000_000
MAX_HTTP_BYTES = 20_000_000
#: Seconds for a whole answer, however slowly it drips.
MAX_SECONDS = 60.0
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
        follow_redirects=True,
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
    path = base / Path(location).expanduser()
    try:
        if path.is_dir():
            files = sorted(f for f in path.iterdir() if f.is_file() and not f.name.startswith("."))
            if not files:
                raise SourceError(f"the folder {path} is empty")
            return _read_folder(files)
        return Fetched((_read(path),), Validators())
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error


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
        with client.stream("GET", url, headers={k: v for k, v in asked.items() if v}) as answer:
            if answer.status_code == httpx2.codes.NOT_MODIFIED:
                return Fetched((), validators)
            if not answer.is_success:
                raise SourceError(f"the server answered {answer.status_code} {answer.reason_phrase}".rstrip())
            content = b"".join(_limited(answer))
            return Fetched(
                (Document(url, content, answer.headers.get("content-type", "")),),
                Validators(answer.headers.get("etag"), answer.headers.get("last-modified")),
            )
    except httpx2.InvalidURL as error:
        raise SourceError(f"{url} is no valid address: {error}") from error
    except httpx2.TimeoutException as error:
        raise SourceError("the server took too long to answer") from error
    except httpx2.HTTPError as error:
        raise SourceError(f"the server could not be reached: {error or type(error).__name__}") from error


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
