"""The database file: made from nothing, brought up to date from an old one, refused where it is not ours."""

import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import ParsedEntry
from newsletter.entries.source_states import Memory, remember
from newsletter.store import open_store
from subscribers import database, people
from subscribers.errors import DatabaseBusy, DiskFull, NewerDatabase, NotOurDatabase
from subscribers.evidence import evidence_of
from subscribers.suppression import Reason, suppression_of

SAVED = Path(__file__).parent / "data" / "database-0.1.0.sql"


def schema(db: Database) -> set[tuple[str, ...]]:
    """All that defines the tables, white space aside."""
    rows = db.conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return {(*names, " ".join((sql or "").split())) for *names, sql in rows}


def applied(db: Database) -> list[tuple[str, str]]:
    return db.conn.execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY id").fetchall()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The database that version 0.1.0 left behind."""
    path = tmp_path / "saved.db"
    old = sqlite3.connect(path)
    old.executescript(SAVED.read_text(encoding="utf-8"))
    old.close()
    return path


def test_a_new_file_gets_all_tables_the_subscribers_first(store: Database) -> None:
    assert applied(store)[0] == ("subscribers", "m001_people")
    assert ("newsletter", "m001_the_main_line") in applied(store)
    assert {"subscribers", "entries", "issues", "deliveries"} <= set(store.table_names())
    assert store.conn.execute("SELECT length(key) FROM link_keys").fetchall() == [(32,)]
    assert store.conn.execute("PRAGMA foreign_key_check").fetchall() == []


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    first = open_store(path)
    before = list(first.conn.iterdump())
    first.conn.close()
    again = open_store(path)
    assert before == list(again.conn.iterdump())
    again.conn.close()


def test_every_database_has_its_own_keys(tmp_path: Path) -> None:
    one, other = open_store(tmp_path / "one.db"), open_store(tmp_path / "other.db")
    for table in ("link_keys", "suppression_key"):
        query = f"SELECT key FROM {table}"
        assert one.conn.execute(query).fetchone() != other.conn.execute(query).fetchone()
    one.conn.close()
    other.conn.close()


def test_an_old_database_is_brought_to_the_shape_of_a_new_one(saved: Path, store: Database) -> None:
    upgraded = open_store(saved)
    assert schema(store) == schema(upgraded)
    assert set(applied(store)) == set(applied(upgraded))
    assert upgraded.conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert upgraded.conn.execute("PRAGMA foreign_key_check").fetchall() == []
    upgraded.conn.close()


def test_an_old_database_keeps_what_it_knew(saved: Path) -> None:
    db = open_store(saved)
    ada, bob = people.everybody(db)
    assert (ada.address, str(ada.cadence)) == ("Ada@example.org", "weekly on Fridays at 08:00, Europe/Paris")
    assert [str(interest) for interest in ada.interests] == ["bridges that sing", "not: surveys"]
    assert (bob.state, len(evidence_of(db, bob.id))) == ("paused", 2)
    assert suppression_of(db, "carol@example.net") is Reason.ERASED
    assert suppression_of(db, "dan@example.net") is Reason.COMPLAINED
    song = entries.find(db, "2611.00001")
    assert song is not None
    assert (song.title, song.sources) == (
        "On the Songs of Suspension Bridges",
        ("a made-up feed", "made-up papers"),
    )
    assert entries.count(db) == 3
    db.conn.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    path.write_text("Not a database at all, but a note that somebody left here.\n" * 20)
    with pytest.raises(NotOurDatabase, match="is not a database of this program"):
        open_store(path)


def test_a_damaged_database_is_refused(saved: Path) -> None:
    open_store(saved).conn.close()
    content = bytearray(saved.read_bytes())
    content[100:4096] = b"\xa5" * (4096 - 100)
    saved.write_bytes(content)
    with pytest.raises(NotOurDatabase):
        open_store(saved)


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    other = sqlite3.connect(path)
    other.executescript("PRAGMA application_id = 7; CREATE TABLE subscribers (id)")
    other.close()
    with pytest.raises(NotOurDatabase, match="is a database of another program"):
        open_store(path)


@pytest.mark.parametrize("package", ["newsletter", "subscribers"])
def test_a_database_from_a_newer_version_is_refused_and_stays_as_it_is(saved: Path, package: str) -> None:
    future = sqlite3.connect(saved)
    future.execute("INSERT INTO _sqlite_migrations VALUES (99, ?, 'm999_the_future', '2030-01-01')", [package])
    future.commit()
    before = list(future.iterdump())
    with pytest.raises(NewerDatabase, match=r"written by a newer version of this program .*m999_the_future.*Upgrade"):
        open_store(saved)
    assert before == list(future.iterdump())
    future.close()


def test_a_file_that_another_process_holds_is_told_as_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(tmp_path / "newsletter.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseBusy, match="is locked by another process"):
        open_store(tmp_path / "newsletter.db")
    holder.execute("ROLLBACK")
    db = open_store(tmp_path / "newsletter.db")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseBusy, match="nothing was changed"):
        remember(db, Memory("a", "somewhere", pulled_at=now))
    db.conn.close()
    holder.close()


def test_a_full_disk_while_saving_entries_loses_nothing_that_was_stored(store: Database, now: datetime) -> None:
    def some(start: int, count: int) -> list[ParsedEntry]:
        return [ParsedEntry(f"A made-up paper, number {n}", "word " * 1_000) for n in range(start, start + count)]

    entries.save(store, "a", "first", some(0, 5), now)
    pages = store.conn.execute("PRAGMA page_count").fetchone()[0]
    store.conn.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(DiskFull, match="Free some room"):
        entries.save(store, "a", "second", some(5, 90), now)
    assert entries.count(store) == 5
    store.conn.execute("PRAGMA max_page_count = 1000000")
    assert entries.save(store, "a", "second", some(0, 95), now) == (90, 5)


@pytest.mark.slow
def test_two_processes_may_make_the_same_new_database_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from newsletter.store import open_store\n"
        "print('ready', flush=True); sys.stdin.readline(); open_store(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "newsletter.db")]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        process.stdout.readline()
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in both:
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")
    db = open_store(tmp_path / "newsletter.db")
    assert len(applied(db)) == len(set(applied(db)))
    db.conn.close()
