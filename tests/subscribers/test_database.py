"""Opening a file, writing to it, and what SQLite's troubles become."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from subscribers import database
from subscribers.database import APPLICATION_ID, migrate, open_database, writing
from subscribers.errors import DatabaseBusy, DatabaseError, DiskFull, NotOurDatabase, SubscribersError
from subscribers.migrations import migrations


@pytest.mark.parametrize(("durable", "expected"), [(True, 2), (False, 1)])
def test_a_connection_uses_wal_foreign_keys_and_the_wanted_durability(
    tmp_path: Path, durable: bool, expected: int
) -> None:
    db = open_database(tmp_path / "a.db", durable=durable)
    pragmas = [db.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "foreign_keys")]
    assert pragmas == ["wal", 1]
    assert expected == db.conn.execute("PRAGMA synchronous").fetchone()[0]
    db.conn.close()


def test_a_block_of_writing_is_kept_whole(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db")
    with writing(db):
        db.conn.execute("CREATE TABLE t (x)")
        db.conn.execute("INSERT INTO t VALUES (1)")
    assert not db.conn.in_transaction
    assert db.conn.execute("SELECT x FROM t").fetchall() == [(1,)]
    db.conn.close()


def test_a_block_of_writing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db")
    db.conn.execute("CREATE TABLE t (x)")
    with pytest.raises(KeyboardInterrupt), writing(db):
        db.conn.execute("INSERT INTO t VALUES (1)")
        raise KeyboardInterrupt
    assert not db.conn.in_transaction
    assert db.conn.execute("SELECT x FROM t").fetchall() == []
    db.conn.close()


def test_a_nested_block_joins_the_outer_one_and_falls_with_it(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db")
    db.conn.execute("CREATE TABLE t (x)")
    with pytest.raises(ValueError, match="outer"), writing(db):
        with writing(db):
            db.conn.execute("INSERT INTO t VALUES (1)")
        raise ValueError("outer")
    assert db.conn.execute("SELECT x FROM t").fetchall() == []
    db.conn.close()


def test_two_connections_may_read_and_then_write_in_turn(tmp_path: Path) -> None:
    one, other = open_database(tmp_path / "a.db"), open_database(tmp_path / "a.db")
    one.conn.execute("CREATE TABLE t (x)")
    for db in (one, other, one):
        with writing(db):
            (count,) = db.conn.execute("SELECT count(*) FROM t").fetchone()
            db.conn.execute("INSERT INTO t VALUES (?)", [count])
    assert other.conn.execute("SELECT x FROM t").fetchall() == [(0,), (1,), (2,)]
    one.conn.close()
    other.conn.close()


def test_a_write_waits_for_another_and_then_says_that_the_file_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    one, other = open_database(tmp_path / "a.db"), open_database(tmp_path / "a.db")
    one.conn.execute("CREATE TABLE t (x)")
    one.conn.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseBusy, match=r"a\.db is locked by another process"), writing(other):
        raise AssertionError("the lock is held by the other connection")
    one.conn.execute("ROLLBACK")
    with writing(other):
        other.conn.execute("INSERT INTO t VALUES (1)")
    one.conn.close()
    other.conn.close()


def test_a_full_disk_is_told_and_what_was_stored_before_stays(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db")
    db.conn.execute("CREATE TABLE t (x)")
    with writing(db):
        db.conn.execute("INSERT INTO t VALUES ('before')")
    db.conn.execute(f"PRAGMA max_page_count = {db.conn.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(DiskFull, match="The disk is full"), writing(db):
        db.conn.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    assert not db.conn.in_transaction
    assert db.conn.execute("SELECT x FROM t").fetchall() == [("before",)]
    db.conn.close()


_NO_ROOM_BESIDE = """
import resource, signal, sys
from pathlib import Path
from subscribers.database import open_database
from subscribers.errors import DiskFull
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))  # what processes share takes 32 kB
try:
    open_database(Path(sys.argv[1]))
except DiskFull as error:
    print(error)
"""


def test_a_disk_that_was_full_before_is_told_as_one(tmp_path: Path) -> None:
    """Where not even the file for what processes share can be made, SQLite says no more than "disk I/O error"."""
    open_database(tmp_path / "a.db").conn.close()
    told = subprocess.run(
        [sys.executable, "-c", _NO_ROOM_BESIDE, tmp_path / "a.db"], capture_output=True, text=True, check=True
    )
    assert "The disk is full" in told.stdout
    assert "Free some room" in told.stdout


def test_a_mistake_in_sql_stays_what_it_is(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db")
    with pytest.raises(sqlite3.OperationalError, match="no such table"), writing(db):
        db.conn.execute("INSERT INTO nowhere VALUES (1)")
    assert not db.conn.in_transaction
    db.conn.close()


@pytest.mark.parametrize("content", [b"This is a shopping list.\n" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_of_another_kind_is_refused_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    with pytest.raises(NotOurDatabase, match=r"list\.txt is not a database of this program"):
        open_database(path)
    assert content == path.read_bytes()


def test_a_database_of_another_program_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(NotOurDatabase, match="is a database of another program"):
        open_database(path)
    assert before == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["other.db"]


@pytest.mark.parametrize("name", ["no/such/folder/a.db", "."])
def test_a_place_where_no_file_can_be_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatabaseError, match="cannot be opened for writing"):
        open_database(tmp_path / name)


def test_this_package_alone_can_bring_its_tables(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a.db")
    migrate(db, tmp_path / "a.db", [migrations])
    migrate(db, tmp_path / "a.db", [migrations])
    assert {"subscribers", "interests", "evidence", "suppressions"} <= set(db.table_names())
    assert db.conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    db.conn.close()


def test_all_troubles_have_one_root() -> None:
    assert all(issubclass(kind, SubscribersError) for kind in (DatabaseBusy, DiskFull, NotOurDatabase))
