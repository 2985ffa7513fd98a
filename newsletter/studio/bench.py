"""The newsletter as the desk works on it: opened anew when its settings have changed; one model for all threads."""

import threading
from collections.abc import Callable
from pathlib import Path

from newsletter.errors import NewsletterError
from newsletter.models import choice_serving
from newsletter.newsletter import Newsletter
from newsletter.ranking.embedding import Embedder, Guarded
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.model_choice import ModelChoice
from newsletter.ranking.store import serving_model
from newsletter.settings import FILE, Settings, load
from newsletter.store import FILE as STORE
from newsletter.store import open_store
from subscribers.errors import SubscribersError


class SharedModel:
    """An `Embedder` for several threads: one process with the model, that answers one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: ModelProcess | None = None
        self._made_for: tuple[ModelChoice, int] | None = None

    def of(self, project: Path, settings: Settings) -> Embedder:
        """The model that everything goes by: the one that the settings name, or the one before as long as it serves."""
        db = open_store(project / STORE)
        try:
            wanted = (choice_serving(db, settings.model, project), settings.model.batch)
        finally:
            db.conn.close()
        with self._lock:
            if self._process is None or self._made_for != wanted:
                self._close()
                self._process, self._made_for = ModelProcess(wanted[0], batch=wanted[1], home=project), wanted
            return Guarded(self._process, lambda: self._lock)

    def close(self) -> None:
        """End the process, if it runs."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._process:
            self._process.close()
        self._process = self._made_for = None


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
        self._model = serving_model(self._newsletter.database)

    @property
    def newsletter(self) -> Newsletter:
        """By the settings of this moment."""
        seen, model = stamp(self._path), serving_model(self._newsletter.database)
        if (seen, model) != (self._seen, self._model):
            self._seen, self._model = seen, model
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
