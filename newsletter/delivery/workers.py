"""Which process has claimed what, and whether it still lives.

A worker holds a lock on a file of its own; the kernel lets go of it when the process ends, however it ends. So a
worker whose lock can be taken is surely dead, and one whose lock is held surely lives.
"""

import fcntl
import secrets
from pathlib import Path
from types import TracebackType
from typing import IO, Self

FOLDER = ".senders"


class Worker:
    """This process, while it sends."""

    def __init__(self, project: Path) -> None:
        self.name = secrets.token_hex(8)
        self._path = project / FOLDER / self.name
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(exist_ok=True)
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)
        if self._file:
            self._file.close()


def is_dead(project: Path, name: str) -> bool:
    """True where the worker of that name does not run any more."""
    path = project / FOLDER / name
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
