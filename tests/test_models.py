"""Changing the model: the old one serves until the new one has read what it has read."""

import io
import shutil
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from commandline import Run
from conftest import WordEmbedder
from hypothesis import given
from hypothesis import strategies as st
from mainline import ADA, Open, change_settings, subscribe
from newsroom import Clock, entry, make_project, write_entries
from sqlite_utils import Database

from newsletter import models
from newsletter.cli.standing_words import in_words
from newsletter.errors import ModelError, ModelUnusable
from newsletter.logs import Log
from newsletter.migrations import m010_ranking
from newsletter.models import Standing, which_model
from newsletter.newsletter import Newsletter
from newsletter.ranking import store as vectors_store
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.model_choice import BUNDLED, ModelChoice, questions_of
from newsletter.ranking.store import KeptModel
from newsletter.settings import load
from newsletter.studio.bench import Bench, SharedModel
from newsletter.working import tend

OLD, NEW = "old/model", "new/model"


class Library:
    """What all models of a test do and may not do."""

    def __init__(self) -> None:
        #: the texts that each has read, by the name of its vectors
        self.read: dict[str, list[str]] = {}
        #: those that cannot be loaded
        self.broken: set[str] = set()
        #: called before any of them reads
        self.before: Callable[[str], None] = lambda name: None


class Reader(WordEmbedder):
    """Stands where a model's process would be started; each model has its own order of the dimensions."""

    library: Library

    def __init__(self, choice: ModelChoice, *, batch: int, home: Path, background: bool = False) -> None:
        super().__init__()
        self.choice = choice
        self.name = choice.vectors(home)

    @property
    def questions(self) -> "Reader":
        if self.choice.model == BUNDLED:
            return self
        asked = Reader.__new__(Reader)
        asked.__dict__ |= self.__dict__ | {"name": questions_of(self.name)}
        return asked

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        if self.choice.model in self.library.broken:
            raise ModelUnusable(f"The model {self.choice.model!r} could not be loaded.")
        self.library.before(self.name)
        self.library.read.setdefault(self.name, []).extend(texts)
        order = np.random.default_rng(zlib.crc32(self.choice.model.encode())).permutation(256)
        return super().embed(texts, progress)[:, order]

    def close(self) -> None:
        """There is no process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setattr(Reader, "library", library, raising=False)
    monkeypatch.setattr("newsletter.models.ModelProcess", Reader)
    return library


@pytest.fixture
def opened(tmp_path: Path, clock: Clock, library: Library) -> Iterator[Open]:
    """Opens the newsletter of the test's folder as a command does; all are closed at the end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Newsletter(tmp_path, clock=clock))


@pytest.fixture
def changed(tmp_path: Path, opened: Open, library: Library) -> Newsletter:
    """The old model has read twelve entries and a reader's interest; now the settings name the new one."""
    make_project(tmp_path, f'[model]\nname = "{OLD}"\n')
    before = opened()
    before.pull()
    subscribe(before)
    before.preview(ADA)
    before.close()
    assert len(library.read[OLD]) >= 12
    change_settings(tmp_path, OLD, NEW)
    return opened()


def serving(newsletter: Newsletter) -> str:
    found = vectors_store.serving_model(newsletter.database)
    return found.vectors if found else ""


# -- the decision


def kept(vectors: str = OLD) -> KeptModel:
    return KeptModel(vectors, ModelChoice(vectors), True, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_first_model_serves_at_once() -> None:
    assert not which_model(None, NEW, "", unread=False).keeps


@given(st.booleans(), st.sampled_from(["", "it is gone"]), st.sampled_from([OLD, NEW]))
def test_the_old_model_serves_exactly_while_it_can_and_something_is_left(unread: bool, gone: str, vectors: str) -> None:
    decision = which_model(kept(vectors), NEW, gone, unread=unread)
    assert decision.keeps is (vectors == OLD and not gone and unread)
    assert decision.why == (gone if vectors == OLD and unread else "")


# -- the change


def test_until_the_new_one_has_read_everything_the_old_one_serves(changed: Newsletter, library: Library) -> None:
    asked = {name: len(texts) for name, texts in library.read.items()}
    preview = changed.preview(ADA)
    assert preview.picks
    assert changed.models.embedder.name == OLD
    assert {name: len(texts) for name, texts in library.read.items()} == asked
    assert changed.models.standing() == Standing(OLD, NEW, 0, 12)
    assert not changed.models.is_outdated


def test_what_comes_in_meanwhile_is_read_by_the_old_one(tmp_path: Path, changed: Newsletter, library: Library) -> None:
    write_entries(tmp_path, [entry(n) for n in range(14)])
    changed.pull()
    subscribe(changed, "bob@example.org", ("brain tumours",))
    changed.preview("bob@example.org")
    assert NEW not in library.read
    assert "brain tumours" in library.read[OLD] + library.read.get(questions_of(OLD), [])
    assert changed.models.standing().of == 14


def test_when_it_has_it_serves(changed: Newsletter, library: Library, opened: Open) -> None:
    same = changed.preview(ADA)
    assert changed.models.change() == Standing(NEW)
    assert len(library.read[NEW]) == 12
    assert library.read[questions_of(NEW)] == ["walking robots"]
    assert serving(changed) == NEW
    # Whoever has it open goes on as it was, and knows.
    assert changed.models.embedder.name == OLD
    assert changed.models.is_outdated
    again = opened()
    assert again.models.embedder.name == NEW
    assert not again.models.is_outdated
    # A model that differs in the order of its numbers only picks the same.
    assert [pick.title for pick in again.preview(ADA).picks] == [pick.title for pick in same.picks]
    assert len(library.read[OLD]) > 12


def test_nothing_is_changed_where_nothing_is_to_change(changed: Newsletter, opened: Open) -> None:
    changed.models.change()
    again = opened()
    assert again.models.change() is None
    assert again.models.standing() == Standing(NEW)


def test_no_time_is_no_trouble(changed: Newsletter, library: Library) -> None:
    assert changed.models.change(-1) == Standing(OLD, NEW, 0, 12)
    assert NEW not in library.read


def test_a_kill_in_the_middle_loses_nothing(
    changed: Newsletter, library: Library, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "CHUNK", 5)
    calls: list[str] = []

    def killed(name: str) -> None:
        calls.append(name)
        if len(calls) == 2:
            raise KeyboardInterrupt

    library.before = killed
    with pytest.raises(KeyboardInterrupt):
        changed.models.change()
    again = opened()
    assert again.models.embedder.name == OLD
    assert again.models.standing() == Standing(OLD, NEW, 5, 12)
    library.before = lambda name: None
    again.models.change()
    assert len(library.read[NEW]) == len(set(library.read[NEW])) == 12


def test_what_the_old_one_read_meanwhile_is_read_before_the_new_one_serves(
    tmp_path: Path, changed: Newsletter, library: Library, opened: Open
) -> None:
    def meanwhile(name: str) -> None:
        library.before = lambda name: None
        other = opened()
        write_entries(tmp_path, [entry(n) for n in range(16)])
        other.pull()
        assert other.preview(ADA).picks
        other.close()

    library.before = meanwhile
    assert changed.models.change() == Standing(NEW)
    assert len(library.read[NEW]) == 16


def test_what_was_voted_on_and_what_is_new_is_read_first(store: Database) -> None:
    vector = np.ones(2, np.float16)
    for n, day in enumerate(("2026-01-01", "2026-01-02", "2026-11-01", "2026-11-20"), 1):
        store.conn.execute(
            "INSERT INTO entries (title, summary, authors, categories, content_hash, first_seen) "
            "VALUES ('', '', '[]', '[]', ?, ?)",
            [bytes([n]), f"{day}T00:00:00+00:00"],
        )
        vectors_store.save_vectors(store, OLD, {bytes([n]): vector})
    store.conn.execute("INSERT INTO votes VALUES (1, 1, 1, '2026-11-20')")
    assert vectors_store.unread_entries(store, OLD, NEW) == [4, 3, 1, 2]
    vectors_store.save_vectors(store, NEW, {bytes([4]): vector})
    assert vectors_store.unread_entries(store, OLD, NEW) == [3, 1, 2]
    assert vectors_store.count_unread(store, OLD, NEW) == (3, 4)


def test_a_new_model_that_cannot_be_loaded_changes_nothing(changed: Newsletter, library: Library, opened: Open) -> None:
    library.broken.add(NEW)
    with pytest.raises(ModelError, match=f"'{NEW}' could not be loaded. Until then everything goes by '{OLD}', as"):
        changed.models.change()
    assert opened().preview(ADA).picks
    assert serving(changed) == OLD


def test_an_old_model_that_cannot_be_loaded_goes_at_once(
    tmp_path: Path, changed: Newsletter, library: Library, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    library.broken.add(OLD)
    write_entries(tmp_path, [entry(n) for n in range(14)])
    changed.pull()
    with pytest.raises(ModelError, match=f"'{OLD}', by which everything went so far, .* it goes by '{NEW}'.*once more"):
        changed.preview(ADA)
    assert changed.models.is_outdated
    changed.close()
    assert "From here on it goes by 'new/model'" in caplog.text
    again = opened()
    assert again.models.embedder.name == NEW
    assert again.preview(ADA).picks


def test_a_folder_that_is_gone_goes_at_once(
    tmp_path: Path, opened: Open, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    make_project(tmp_path, '[model]\nname = "small"\n')
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "config.json").write_text("{}")
    before = opened()
    before.pull()
    subscribe(before)
    before.preview(ADA)
    before.close()
    change_settings(tmp_path, "small", NEW)
    assert opened().models.embedder.name.startswith("small@")
    shutil.rmtree(tmp_path / "small")
    after = opened()
    assert after.models.embedder.name == NEW
    assert "its files have changed or are gone. From here on" in caplog.text
    assert after.preview(ADA).picks


def test_who_changes_back_does_not_wait_again(
    tmp_path: Path, changed: Newsletter, library: Library, opened: Open
) -> None:
    changed.models.change()
    read = {name: len(texts) for name, texts in library.read.items()}
    change_settings(tmp_path, NEW, OLD)
    assert opened().models.embedder.name == OLD
    assert serving(changed) == OLD
    assert {name: len(texts) for name, texts in library.read.items()} == read


def test_vectors_of_a_model_that_was_left_go_after_two_weeks(
    changed: Newsletter, opened: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "FORGOTTEN", 9)
    changed.models.change()
    after = opened()
    clock.forward(days=13)
    assert after.models.tidy() == 0
    clock.forward(days=2)
    while after.models.tidy():
        pass
    names = dict(after.database.conn.execute("SELECT model, count(*) FROM vectors GROUP BY model"))
    assert names == {NEW: 12, questions_of(NEW): 1}
    assert [one.vectors for one in vectors_store.kept_models(after.database)] == [NEW]


def test_what_a_model_read_that_never_came_to_serve_goes(
    tmp_path: Path, changed: Newsletter, opened: Open, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "CHUNK", 5)
    times = iter([0.0, 0.0, 1e9])
    monkeypatch.setattr("newsletter.ranking.patience.monotonic", lambda: next(times, 1e9))
    assert changed.models.change(60) == Standing(OLD, NEW, 5, 12)
    change_settings(tmp_path, NEW, OLD)
    after = opened()
    assert after.models.tidy() == 5
    assert after.models.tidy() == 0
    names = {name for (name,) in after.database.conn.execute("SELECT DISTINCT model FROM vectors")}
    assert names <= {OLD, questions_of(OLD)}


def test_a_wrong_name_is_put_right_without_waiting(tmp_path: Path, opened: Open, library: Library) -> None:
    make_project(tmp_path, '[model]\nname = "bundeld"\n')
    library.broken.add("bundeld")
    before = opened()
    before.pull()
    subscribe(before)
    with pytest.raises(ModelError, match="'bundeld' could not be loaded"):
        before.preview(ADA)
    change_settings(tmp_path, "bundeld", NEW)
    assert opened().models.embedder.name == NEW


def test_a_database_of_before_goes_on_with_the_model_that_it_was_read_by(tmp_path: Path) -> None:
    db = Database(tmp_path / "old.db")
    db.conn.execute("CREATE TABLE vectors (content_hash BLOB, model TEXT, vector BLOB)")
    db.conn.execute("CREATE TABLE votes (at TEXT)")
    db.conn.executemany("INSERT INTO vectors VALUES (?, ?, x'')", [(b"a", "x/y"), (b"a", "z"), (b"b", "z")])
    m010_ranking(db)
    found = vectors_store.serving_model(db)
    assert found and (found.vectors, found.choice) == ("z", ModelChoice("z"))
    db.conn.close()


# -- who asks


def test_the_upkeep_changes_it_and_says_so(changed: Newsletter) -> None:
    told = io.StringIO()
    assert tend(changed, threading.Event(), Log(told, human=True))
    assert serving(changed) == NEW
    assert "everything goes by another model now" in told.getvalue()


def test_the_status_says_how_far_it_is(changed: Newsletter, clock: Clock) -> None:
    words = " ".join(" ".join(in_words(changed.status(), clock())).split())
    assert f"Everything goes by {OLD} until {NEW} has read what that knows: 0 of 12 entries so far." in words
    changed.models.change()
    assert "Everything goes by" not in " ".join(in_words(changed.status(), clock()))


def test_the_desk_goes_by_the_model_that_serves(
    tmp_path: Path, changed: Newsletter, opened: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.studio.bench.ModelProcess", Reader)
    shared = SharedModel()
    bench = Bench(tmp_path, lambda by: Newsletter(tmp_path, clock=clock, embedder=shared.of(tmp_path, by)))
    assert bench.newsletter.models.embedder.name == OLD
    changed.models.change()
    assert bench.newsletter.models.embedder.name == NEW
    assert load(tmp_path).model.name == NEW
    bench.close()
    shared.close()


def test_the_command_says_by_which_model_everything_goes(run: Run, ready: Path) -> None:
    assert run("model", "change").out == "Everything goes by bundled, as the settings say.\n"
    assert run("model", "change", "--json").json == {"serving": "bundled", "coming": "", "read": 0, "of": 0}
    settings = ready / "newsletter.toml"
    settings.write_text(f'{settings.read_text()}\n[model]\nname = "{NEW}"\n')
    # Nothing was read by the one before.
    assert run("model", "change").out == f"Everything goes by {NEW}, as the settings say.\n"
    assert run("status", "--json").json["model"]["serving"] == NEW
