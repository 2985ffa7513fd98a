"""The newsletter as the desk works on it: opened anew when its settings have changed; one model for all threads."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from newsletter.errors import NewsletterError
from newsletter.newsletter import Newsletter
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.embedding import Embedder
from newsletter.ranking.model import ModelProcess
from newsletter.settings import FILE, Settings, load
from subscribers.errors import SubscribersError


class SharedModel:
    """An `Embedder` for several threads: one process with the model, that answers one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: ModelProcess | None = None
        self._made_for: tuple[str, int] | None = None

    def of(self, settings: Settings) -> Embedder:
        """The model that the settings name."""
        wanted = (settings.model.name, settings.model.batch)
        with self._lock:
            if self._process is None or self._made_for != wanted:
                self._close()
                self._process, self._made_for = ModelProcess(wanted[0], batch=wanted[1]), wanted
            return _Turn(self._lock, self._process)

    def close(self) -> None:
        """End the process, if it runs."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._process:
            self._process.close()
        self._process = self._made_for = None


class _Turn:
    """The model, for one thread at a time."""

    def __init__(self, lock: threading.Lock, process: ModelProcess) -> None:
        self._lock = lock
        self._process = process

    @property
    def name(self) -> str:
        return self._process.name

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        with self._lock:
            return self._process.embed(texts, progress)


class Bench:
    """One thread's newsletter. While the settings on disk are wrong, it is the one before."""

    def __init__(self, project: Path, opening: Callable[[Settings], Newsletter]) -> None:
        """`opening` opens the newsletter by these settings. Raises what that does."""
        self._path = project / FILE
        self._project = project
        self._opening = opening
        self._seen = stamp(self._path)
        #: why the settings on disk do not hold; empty where they do
        self.trouble = ""
        self._newsletter = opening(load(project))

    @property
    def newsletter(self) -> Newsletter:
        """By the settings of this moment."""
        seen = stamp(self._path)
        if seen != self._seen:
            self._seen = seen
            try:
                fresh = self._opening(load(self._project))
            except (NewsletterError, SubscribersError) as error:
                self.trouble = str(error)
            else:
                self._newsletter.close()
                self._newsletter, self.trouble = fresh, ""
        return self._newsletter

    def close(self) -> None:
        """Let go of the database."""
        self._newsletter.close()


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written: when, how long, which; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
