"""A newsletter that was restored from a backup, before the mail server to which its original had been sending."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sending_town import CONNECTIONS, PARTLY, Town, town, until

from newsletter.backup import restore
from newsletter.settings import FILE as SETTINGS
from newsletter.store import FILE as STORE

pytestmark = pytest.mark.slow

READERS = 40


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as made:
        made.people(READERS)
        yield made


def back_up(there: Town, folder: Path) -> Path:
    assert there.run("backup", str(folder / "backup.zip")).status == 0
    return folder / "backup.zip"


def restored(there: Town, backup: Path, folder: Path) -> None:
    """From now on the town has the newsletter in that folder."""
    restore(backup, folder, datetime.now(UTC))
    there.project = folder
    assert there.run("send").status == 1


def put_back_after_sending(there: Town, tmp_path: Path) -> None:
    """In its own folder, where the guard's note is still there."""
    backup = back_up(there, tmp_path)
    assert there.run("send").status == 0
    for name in (SETTINGS, STORE, f"{STORE}-wal", f"{STORE}-shm"):
        (there.project / name).unlink(missing_ok=True)
    restored(there, backup, there.project)


def test_what_was_sent_since_the_backup_is_not_sent_again(there: Town, tmp_path: Path) -> None:
    backup = back_up(there, tmp_path)
    assert there.run("send").status == 0
    restored(there, backup, tmp_path / "restored")
    assert f"{READERS} copies wait" in there.run("mail", "on").out
    told = there.run("send")
    assert told.status == PARTLY
    assert f"{READERS} copies may or may not have arrived" in told.err
    assert len(there.sink.taken) == READERS
    assert there.account().of("uncertain") == set(there.everybody) == there.shown("uncertain")
    # The operator's word sends it, and only that.
    there.run("send")
    assert len(there.sink.taken) == READERS
    assert there.run("deliveries", "retry", "--state", "uncertain", "--yes").status == 0
    assert there.run("send").status == 0
    assert len(there.sink.taken) == 2 * READERS


def test_a_backup_of_the_middle_of_an_issue(there: Town, tmp_path: Path) -> None:
    """Some had theirs when it was made, some were in hand, the others got it after."""
    command = there.command("send")
    until(lambda: len(there.sink.taken) > READERS // 3)
    command.kill()
    backup = back_up(there, tmp_path)
    there.settled(uncertain=CONNECTIONS)
    restored(there, backup, tmp_path / "restored")
    there.run("mail", "on")
    there.run("send")
    account = there.account()
    assert (account.lost, account.twice, account.denied) == (set(), set(), set())
    assert account.of("sent", "uncertain") == account.everybody


def test_one_that_moved_before_it_had_sent_goes_on(there: Town, tmp_path: Path) -> None:
    restored(there, back_up(there, tmp_path), tmp_path / "restored")
    assert there.run("mail", "on", "--all").out == "Mail goes out.\n"
    assert there.settled(uncertain=0).accepted.keys() == set(there.everybody)


def test_one_that_is_restored_in_its_own_folder_is_asked_about_once(there: Town, tmp_path: Path) -> None:
    """There the guard sees the same."""
    put_back_after_sending(there, tmp_path)
    time.sleep(1.1)  # the last claim was in this second, perhaps
    there.run("mail", "on")
    assert there.run("send").status == PARTLY
    assert there.account().of("uncertain") == set(there.everybody)
    assert len(there.sink.taken) == READERS


def test_a_word_that_nothing_was_sent_is_doubted_where_something_was(there: Town, tmp_path: Path) -> None:
    put_back_after_sending(there, tmp_path)
    there.run("mail", "on", "--all")
    told = there.run("send")
    assert told.status == 1
    assert "the database is older than the last mail that was sent from here" in told.err
    assert len(there.sink.taken) == READERS
