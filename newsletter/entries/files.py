"""Sources that are files and folders: what is there, what has changed since, and reading it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from newsletter.entries.fetching import Document
from newsletter.errors import SourceError

MAX_FILE_BYTES = 100_000_000
#: A file that was written to within so many seconds may not be whole yet.
SETTLING = 2.0

#: What a file was like: its size in bytes and the moment of its last change in nanoseconds.
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What a file source holds."""

    is_folder: bool
    #: every file that is there (hidden ones left out), by name
    stamps: dict[str, Stamp]
    #: the files themselves, by name
    paths: dict[str, Path] = field(default_factory=dict)

    def changed(self, known: Mapping[str, Stamp]) -> list[str]:
        """The names of files that are not as they were known, in order."""
        return sorted(name for name, stamp in self.stamps.items() if known.get(name) != stamp)


def path_of(location: str, base: Path) -> Path:
    """The path that a location means, seen from the folder `base`. Raises `SourceError`."""
    try:
        return base / Path(location).expanduser()
    except RuntimeError as error:  # ~nobody
        raise SourceError(f"{location} is no path: {error}") from error


def look_at(location: str, base: Path) -> Found:
    """What is at a location; an empty folder is no trouble. Raises `SourceError`."""
    path = path_of(location, base)
    try:
        status = path.stat()
        if S_ISREG(status.st_mode):
            return Found(False, {path.name: (status.st_size, status.st_mtime_ns)}, {path.name: path})
        if not S_ISDIR(status.st_mode):
            raise SourceError(f"{path} is neither a file nor a folder")
        stamps, paths = dict[str, Stamp](), dict[str, Path]()
        for file in path.iterdir():
            if file.name.startswith(".") or not file.is_file():
                continue
            try:
                status = file.stat()
            except FileNotFoundError:
                continue  # taken away while we look
            stamps[file.name] = (status.st_size, status.st_mtime_ns)
            paths[file.name] = file
        return Found(True, stamps, paths)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL or half a surrogate
        raise SourceError(f"{location!r} is no path: {error}") from error


def is_settled(stamp: Stamp) -> bool:
    """False for a file that was changed just now, as somebody may still be writing it."""
    # A moment in the future is the mistake of a clock; to wait for it could take years.
    return not 0 <= time.time() - stamp[1] / 1e9 < SETTLING


def read_file(path: Path) -> Document:
    """One file as a document. Raises `SourceError`."""
    try:
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            most = MAX_FILE_BYTES / 1e6
            raise SourceError(f"{path} holds {size / 1e6:,.0f} MB; {most:.0f} MB is the most that is read")
        return Document(path.name, path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
