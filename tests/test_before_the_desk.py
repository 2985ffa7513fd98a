"""A newsletter of the version before the editor's desk, in the middle of its work, opened by this one."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mainline import ADA, BOB, subscribe, titles
from newsroom import Clock, mails, make_project, parsed, recipients

from newsletter import Newsletter
from newsletter.backup import back_up, restore
from newsletter.issues.control import Word
from newsletter.issues.issue import IssueState, parse_issue_key
from newsletter.looking import Whom

FRIDAY, NEXT = "weekly-2026-11-27", "weekly-2026-12-04"
#: What the steps since then have added.
COLUMNS = (("issue_words", "until"), ("issues", "editorial"), ("entries", "image"))
PINNED = "https://papers.example.org/1"
INDEXES = ("entries_by_arrival", "votes_by_entry")
STEPS = ("m007_the_editors_desk", "m008_pictures", "m009_cheaper_looking")


def as_before(path: Path) -> None:
    """Take out of a database what the desk brought: columns, steps, and what frozen pieces say since."""
    with closing(sqlite3.connect(path)) as db, db:
        for index in INDEXES:
            db.execute(f"DROP INDEX {index}")
        for table, column in COLUMNS:
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("DELETE FROM _sqlite_migrations WHERE migration_set = 'newsletter' AND name IN (?, ?, ?)", STEPS)
        db.execute("UPDATE issue_entries SET card = json_remove(card, '$.image')")
        for id_, edition in db.execute("SELECT id, edition FROM issues").fetchall():
            said = json.loads(edition)
            said["shared"].pop("longest_sentence")
            db.execute("UPDATE issues SET edition = ? WHERE id = ?", [json.dumps(said), id_])


@pytest.fixture(scope="module")
def old_as_built(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """Friday's issue is made, with an intro and a pin, and held; the next one is held in advance. Made once."""
    project = make_project(tmp_path_factory.mktemp("old"))
    clock = Clock(datetime(2026, 11, 24, 12, tzinfo=UTC))
    with Newsletter(project, clock=clock, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address in (ADA, BOB):
            subscribe(newsletter, address)
        newsletter.editor.set_intro(FRIDAY, "Good morning, *all*.")
        newsletter.editor.pin(FRIDAY, [PINNED])
        newsletter.editor.hold(FRIDAY)
        newsletter.editor.hold(NEXT)
        clock.set("2026-11-27 07:30")
        newsletter.make()
    as_before(project / "newsletter.db")
    return project


@pytest.fixture
def old(old_as_built: Path, tmp_path: Path) -> Path:
    """The same, the test's own."""
    return Path(shutil.copytree(old_as_built, tmp_path / "old"))


@pytest.fixture
def newsletter(old: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Newsletter]:
    """It is opened on Friday at eight, when its readers wait."""
    clock.set("2026-11-27 08:01")
    with Newsletter(old, clock=clock, embedder=embedder) as opened:
        yield opened


def test_what_the_editor_had_done_is_still_known(newsletter: Newsletter) -> None:
    part, printing = newsletter.editor.editorial(FRIDAY), newsletter.issue(FRIDAY)[0]
    assert (part.intro, [entry.url for entry in part.pins]) == ("Good morning, *all*.", [PINNED])
    assert (part.drops, dict(part.edits), part.unknown, part.open) == ((), {}, (), False)
    assert printing.stored
    assert (printing.stored.state, len(printing.frozen.cards)) == (IssueState.HELD, 12)
    assert all(card.image == "" for card in printing.frozen.cards.values())


def test_what_was_held_stays_held_until_somebody_speaks(newsletter: Newsletter, clock: Clock) -> None:
    editor = newsletter.editor
    assert editor.words() == {parse_issue_key(FRIDAY): Word.HOLD, parse_issue_key(NEXT): Word.HOLD}
    assert editor.schedules() == {}
    clock.set("2026-12-20 12:00")
    assert editor.release_overdue() == []
    assert editor.words()[parse_issue_key(NEXT)] is Word.HOLD


def test_the_desk_shows_and_checks_what_was_made_before_it(newsletter: Newsletter) -> None:
    look = newsletter.looks.look(Whom(ADA), FRIDAY)
    assert look.preview
    assert look.picks[0].entry.url == PINNED
    assert newsletter.check(FRIDAY).worst in ("note", "warning")
    assert newsletter.pictures.shares(FRIDAY)


def test_what_was_made_before_goes_out(newsletter: Newsletter, old: Path, clock: Clock) -> None:
    newsletter.editor.schedule(FRIDAY, "2026-11-27T09:00")
    newsletter.send()
    assert mails(old) == []
    clock.set("2026-11-27 09:00")
    newsletter.editor.release_overdue()
    newsletter.send()
    sent = mails(old)
    assert recipients(sent) == [ADA, BOB]
    assert "Study 1 of segmentation of brain tumours in scans" in titles(sent[0])
    assert "Good morning" in str(parsed(sent[0]).get_body(("plain",)))


def test_a_backup_of_before_is_restored(old: Path, tmp_path: Path, clock: Clock, embedder: WordEmbedder) -> None:
    back_up(old, tmp_path / "old.zip")
    restore(tmp_path / "old.zip", tmp_path / "again", clock())
    with Newsletter(tmp_path / "again", clock=clock, embedder=embedder) as newsletter:
        assert newsletter.editor.intro(FRIDAY) == "Good morning, *all*."
        assert newsletter.editor.drop(NEXT, []).entries == ()
        assert newsletter.mail_is_off
