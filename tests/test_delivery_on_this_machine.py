"""What goes wrong on the machine itself: a full disk, a locked or an older database, a clock that is put back."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sending_town import CONNECTIONS, PARTLY, Town, town, until
from sink import Script, Visit, well

from newsletter.store import FILE as STORE

pytestmark = pytest.mark.slow

READERS = 100


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as made:
        yield made


def slow(seconds: float) -> Script:
    """A server that takes so long for a message."""

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "READING":
            await asyncio.sleep(seconds)
        return None

    return script


# -- the disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if (
        not mount
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=12m", "none", disk], capture_output=True).returncode
    ):
        pytest.skip("only root can make a small disk here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on it; returns the file to delete."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler


def test_a_disk_that_gets_full_while_it_sends(small_disk: Path) -> None:
    with town(small_disk) as there:
        there.people(READERS)
        there.sink.script = slow(0.01)
        command = there.command("send")
        until(lambda: len(there.sink.taken) > 10)
        filler = fill(small_disk)
        told = command.ended()
        assert told.status == 1, told
        assert "disk is full" in told.err.lower() or "no space left" in told.err.lower(), told.err
        # Where nothing can be written down nothing leaves.
        assert len(there.sink.taken) < READERS
        filler.unlink()
        there.settled(uncertain=CONNECTIONS)


def test_a_disk_that_is_full_before_it_begins(small_disk: Path) -> None:
    with town(small_disk) as there:
        there.people(READERS)
        filler = fill(small_disk)
        told = there.run("send")
        assert told.status == 1
        assert "The disk is full" in told.err, told.err
        assert "Free some room" in told.err
        assert there.sink.taken == []
        filler.unlink()
        assert not there.settled(uncertain=0).of("uncertain")


# -- the database


def test_a_database_that_another_process_locks_for_seconds(there: Town) -> None:
    """It waits, and goes on; a message that the server has by then is not forgotten."""
    there.people(READERS)
    there.sink.script = slow(0.01)
    command = there.command("send")
    until(lambda: len(there.sink.taken) > 10)
    with closing(sqlite3.connect(there.project / STORE, timeout=30, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        time.sleep(0.2)
        before = len(there.sink.taken)
        time.sleep(4)
        # Nothing is begun whose intent cannot be written down.
        assert len(there.sink.taken) == before
        db.execute("ROLLBACK")
    assert command.ended().status == 0
    assert not there.settled(uncertain=0).of("uncertain")


def test_a_reader_of_the_database_stops_nothing(there: Town) -> None:
    """A backup, a report, somebody with a browser of databases."""
    there.people(READERS)
    with closing(sqlite3.connect(there.project / STORE, isolation_level=None)) as db:
        db.execute("BEGIN")
        seen = db.execute("SELECT count(*) FROM deliveries WHERE state = 'queued'").fetchone()
        assert there.run("send").status == 0
        assert db.execute("SELECT count(*) FROM deliveries WHERE state = 'queued'").fetchone() == seen == (READERS,)
        db.execute("ROLLBACK")
    assert not there.settled(uncertain=0).of("uncertain")


def test_a_backup_while_it_sends(there: Town, tmp_path: Path) -> None:
    there.people(READERS)
    there.sink.script = slow(0.05)
    command = there.command("send")
    until(lambda: len(there.sink.taken) > 10)
    before = set(there.sink.accepted)
    assert there.run("backup", str(tmp_path / "backup.zip")).status == 0
    after = set(there.sink.accepted)
    assert command.runs, "it was through before the backup was"
    assert command.ended().status == 0
    assert not there.settled(uncertain=0).of("uncertain")
    # The copy is of one moment between the two.
    subprocess.run([sys.executable, "-m", "zipfile", "-e", tmp_path / "backup.zip", tmp_path / "copy"], check=True)
    with closing(sqlite3.connect(tmp_path / "copy" / STORE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        state = dict(
            db.execute(
                "SELECT address, deliveries.state FROM deliveries JOIN subscribers ON subscribers.id = subscriber_id"
            )
        )
    sent = {reader for reader, one in state.items() if one == "sent"}
    begun = {reader for reader, one in state.items() if one == "sending"}
    assert state.keys() == set(there.everybody)
    assert before - sent <= begun
    assert sent <= after
    assert len(begun) <= CONNECTIONS


# -- yesterday's copy


def put_back(there: Town, copy: bytes) -> None:
    """As an operator does who has kept the file alone."""
    for name in (STORE, f"{STORE}-wal", f"{STORE}-shm"):
        (there.project / name).unlink(missing_ok=True)
    (there.project / STORE).write_bytes(copy)


def test_a_database_that_was_put_back_to_an_older_copy_asks_before_it_sends(there: Town) -> None:
    there.people(READERS)
    yesterday = (there.project / STORE).read_bytes()
    assert not (there.project / f"{STORE}-wal").exists()
    assert there.run("send").status == 0
    assert len(there.sink.taken) == READERS
    put_back(there, yesterday)
    for _ in range(2):
        told = there.run("send")
        assert (told.status, told.out) == (1, "")
        assert "newsletter mail on" in told.err
        assert len(there.sink.taken) == READERS
    # The operator's word lets it go on, but for what may have been sent by the database that is lost.
    assert there.run("mail", "on").status == 0
    assert there.run("send").status == PARTLY
    assert len(there.sink.taken) == READERS
    assert there.account().of("uncertain") == set(there.everybody) == there.shown("uncertain")
    # What falls due from now on goes out.
    time.sleep(1.1)
    assert there.run("subscribers", "add", "new@example.org", "--interest", "walking robots").status == 0
    assert there.run("send", "--now", "--to", "new@example.org").status == 0
    assert [one.recipient for one in there.taken()[READERS:]] == ["new@example.org"]


def test_a_copy_that_was_put_back_in_the_middle_of_an_issue(there: Town) -> None:
    """Half of the readers had theirs when the copy was made, the others got it after."""
    there.people(READERS)
    there.sink.script = slow(0.02)
    command = there.command("send")
    until(lambda: len(there.sink.taken) > READERS // 2)
    command.kill()
    with closing(sqlite3.connect(there.project / STORE)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = (there.project / STORE).read_bytes()
    there.sink.script = well
    there.settled(uncertain=CONNECTIONS)
    put_back(there, copy)
    assert there.run("send").status == 1
    there.run("mail", "on")
    there.run("send")
    account = there.account()
    assert (account.lost, account.twice) == (set(), set())
    assert account.of("uncertain") >= {reader for reader in there.everybody if account.state[reader] != "sent"}


def test_the_newest_database_is_not_taken_for_an_older_one(there: Town, tmp_path: Path) -> None:
    """A newsletter that moves to another folder or machine, with all that belongs to it, just goes on."""
    there.people(READERS)
    there.sink.script = slow(0.02)
    command = there.command("send")
    until(lambda: len(there.sink.taken) > 20)
    command.kill()
    there.sink.script = well
    shutil.move(there.project, tmp_path / "moved")
    there.project = tmp_path / "moved"
    there.settled(uncertain=CONNECTIONS)


# -- the clock


@pytest.fixture
def faketime() -> str:
    """The library that tells a process another time."""
    found = [str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not found:
        pytest.skip("there is no libfaketime on this machine (Debian: faketime)")
    return found[0]


def test_a_clock_that_is_put_back_an_hour_while_it_sends(there: Town, tmp_path: Path, faketime: str) -> None:
    there.people(READERS)
    there.sink.script = slow(0.02)
    shown = tmp_path / "time"
    shown.write_text("+0\n")
    environment = {
        **os.environ,
        "LD_PRELOAD": faketime,
        "FAKETIME_TIMESTAMP_FILE": str(shown),
        "FAKETIME_NO_CACHE": "1",
        # Clocks that only count on do so.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    command = [sys.executable, "-m", "newsletter", "send", "--project", str(there.project)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sender:
        until(lambda: len(there.sink.taken) > READERS // 3, 60)
        shown.write_text("-1h\n")
        after = len(there.sink.taken)
        _, err = sender.communicate(timeout=60)
    assert (sender.returncode, err) == (0, b"")
    assert after < READERS
    changed = Counter(row[0][:13] for row in there.query("SELECT changed_at FROM deliveries"))
    assert len(changed) >= 2, "the clock was not put back"
    assert not there.settled(uncertain=0).of("uncertain")


@pytest.mark.parametrize("pace", ["", "[pacing]\nper_second = 50\nper_hour = 100000\n"])
def test_a_clock_that_was_put_back_between_a_kill_and_the_next_start(there: Town, pace: str) -> None:
    there.settings(pace)
    there.people(READERS)
    there.sink.script = slow(0.02)
    command = there.command("send")
    until(lambda: len(there.sink.taken) > READERS // 3)
    command.signal(signal.SIGKILL)
    until(lambda: not command.runs)
    there.sink.script = well
    # What was due an hour ago is due still, and no limit waits for the hour that comes again.
    there.settled(uncertain=CONNECTIONS, later=timedelta(minutes=-59))
