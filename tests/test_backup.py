"""One file that holds everything, and a newsletter made of it that stays silent until it is told to speak."""

import os
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mainline import ADA, BOB, bring, rows
from newsroom import Clock, mails, recipients
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.backup import RESTORED, back_up, restore
from newsletter.deliveries import Doubt, Which
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.signing_keys import make_key, read_key
from newsletter.errors import DeliveryError, ProjectError
from newsletter.rendering.links import Purpose, Signer
from newsletter.rendering.store import load_keys
from subscribers.errors import Suppressed

pytest_plugins = ("backup_fixtures",)

#: When the newsletter of `backup_fixtures` stood still.
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EVE = "eve@example.org"
#: Is asked to confirm, and reminded of that later.
NEW = "new@example.org"


@pytest.fixture
def copy(house: Path) -> Path:
    """Its backup, restored."""
    back_up(house, house / "backup.zip")
    restore(house / "backup.zip", house / "copy", NOW)
    return house / "copy"


@pytest.fixture
def restored(copy: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Newsletter]:
    clock.now = NOW
    with Newsletter(copy, clock=clock, embedder=embedder) as newsletter:
        yield newsletter


# -- what is in it


def test_everything_is_in_it_and_what_was_sent_is_not(house: Path) -> None:
    size = back_up(house, house / "backup.zip")
    assert size == (house / "backup.zip").stat().st_size
    with zipfile.ZipFile(house / "backup.zip") as file:
        assert sorted(file.namelist()) == [
            "issues/weekly-2026-12-04.md",
            "newsletter.db",
            "newsletter.toml",
            "templates/mail/remind.md",
        ]
    assert list(house.glob("*.part")) == []
    assert not [path for path in house.iterdir() if path.name.startswith("tmp")]


def test_it_is_for_its_owners_eyes(house: Path, copy: Path) -> None:
    for path in (house / "backup.zip", copy / "newsletter.db", copy / "newsletter.toml"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_restored_newsletter_is_the_same_one(house: Path, copy: Path) -> None:
    assert rows(copy) == {**rows(house), "switches": 1}
    for name in ("newsletter.toml", "templates/mail/remind.md", "issues/weekly-2026-12-04.md"):
        assert (copy / name).read_bytes() == (house / name).read_bytes()
    assert sorted(path.name for path in copy.iterdir()) == ["issues", "newsletter.db", "newsletter.toml", "templates"]


def test_the_keys_that_sign_mail_come_back_for_their_owners_eyes(house: Path) -> None:
    keys = [make_key(house, selector, "ed25519") for selector in ("s202611", "s202612")]
    back_up(house, house / "backup.zip")
    restore(house / "backup.zip", house / "copy", NOW)
    for key in keys:
        path = house / "copy" / "keys" / f"{key.selector}.pem"
        assert path.read_bytes() == (house / "keys" / path.name).read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert read_key(house / "copy", key.selector).record("example.org") == key.record("example.org")
    assert stat.S_IMODE((house / "copy" / "keys").stat().st_mode) == 0o700


def test_a_key_that_is_there_is_not_written_over(house: Path) -> None:
    make_key(house, "s1", "ed25519")
    back_up(house, house / "backup.zip")
    (house / "copy").mkdir()
    other = make_key(house / "copy", "s1", "ed25519")
    with pytest.raises(ProjectError, match=r"keys/s1\.pem already"):
        restore(house / "backup.zip", house / "copy", NOW)
    assert read_key(house / "copy", "s1").record("example.org") == other.record("example.org")


def test_a_backup_is_never_written_over_and_needs_a_newsletter(house: Path) -> None:
    (house / "backup.zip").write_text("mine")
    with pytest.raises(ProjectError, match="exists already"):
        back_up(house, house / "backup.zip")
    assert (house / "backup.zip").read_text() == "mine"
    for missing in ("newsletter.toml", "newsletter.db"):
        (house / missing).unlink()
        with pytest.raises(ProjectError, match="There is no newsletter in"):
            back_up(house, house / "other.zip")
    assert not (house / "other.zip").exists()


def test_what_cannot_be_written_leaves_nothing(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError):
        back_up(house, house / "no" / "such" / "folder.zip")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(OSError, match="No space left"):
        back_up(house, house / "backup.zip")
    assert not list(house.glob("backup*"))


def test_a_template_from_before_1980_is_kept_too(house: Path) -> None:
    os.utime(house / "templates/mail/remind.md", (0, 0))
    back_up(house, house / "backup.zip")
    restore(house / "backup.zip", house / "copy", NOW)
    assert (house / "copy/templates/mail/remind.md").read_text().startswith("Subject: Hm?")


def test_what_was_written_just_now_is_in_it(house: Path) -> None:
    """It stands in the log beside the database for a while."""
    with closing(sqlite3.connect(house / "newsletter.db")) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("INSERT INTO attempts VALUES (x'01', 'just now')")
        writer.commit()
        writer.execute("INSERT INTO attempts VALUES (x'02', 'not yet')")
        back_up(house, house / "backup.zip")
        writer.rollback()
    restore(house / "backup.zip", house / "copy", NOW)
    with closing(sqlite3.connect(house / "copy" / "newsletter.db")) as copy:
        held = copy.execute("SELECT at FROM attempts WHERE length(key) = 1").fetchall()
    assert held == [("just now",)]


_WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
print("ready", flush=True)
n = 0
while True:
    n += 1
    db.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        db.execute("INSERT INTO attempts VALUES (?, ?)", [b"%d" % n, "x" * 2000])
    db.execute("COMMIT")
"""


def test_it_is_of_one_moment_while_another_process_writes(house: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, house / "newsletter.db"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        counts = []
        for n in range(5):
            back_up(house, house / f"{n}.zip")
            with zipfile.ZipFile(house / f"{n}.zip") as file:
                file.extract("newsletter.db", house / f"{n}")
            with closing(sqlite3.connect(house / f"{n}" / "newsletter.db")) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert db.execute("PRAGMA foreign_key_check").fetchall() == []
                halves = db.execute("SELECT key FROM attempts WHERE at LIKE 'x%' GROUP BY key HAVING count(*) != 2")
                assert halves.fetchall() == []
                counts.append(db.execute("SELECT count(*) FROM attempts").fetchone()[0])
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


# -- a restored one


def readers(project: Path) -> list[str]:
    """Who got an issue."""
    return [address for address in recipients(mails(project)) if address != NEW]


def test_it_sends_nothing_until_it_is_told_to(restored: Newsletter, copy: Path, clock: Clock) -> None:
    before = dict(restored.status().deliveries)
    assert before == {"sent": 1, "queued": 1}
    for act in (restored.send, lambda: restored.send(now=True), restored.send_notices):
        with pytest.raises(DeliveryError, match=f"Sending is switched off: {RESTORED}"):
            act()
    assert restored.status().sending_off == RESTORED
    assert not (copy / "outbox").exists()
    clock.forward(minutes=5)
    restored.switch_sending(off=False)
    restored.send(now=True)
    # What the original had sent is not sent again, and neither is what it may have sent since: that waited then.
    assert recipients(mails(copy)) == [BOB]
    assert dict(restored.status().deliveries) == {"sent": 2, "uncertain": 1}


@pytest.mark.parametrize("now", [False, True])
def test_what_fell_due_since_the_backup_is_uncertain(restored: Newsletter, copy: Path, clock: Clock, now: bool) -> None:
    """Nothing of it was composed when the backup was made; its original may have done that, until it was stopped."""
    clock.set("2026-11-27 09:00")
    restored.switch_sending(off=False)
    clock.forward(hours=1)
    assert restored.send(now=now).counts[DeliveryState.UNCERTAIN] == 2
    # Also where what is uncertain is repeated by itself, as in a folder: this is for the operator to decide.
    restored.send(now=now)
    assert readers(copy) == []
    doubted = restored.deliveries.listing(Which(state="uncertain")).shown
    assert {one.to for one in doubted} == {BOB, NEW}
    assert all("`newsletter deliveries retry --state uncertain` sends it" in one.delivery.why for one in doubted)
    restored.deliveries.retry(Which(state="uncertain"))
    restored.send()
    assert readers(copy) == [BOB]
    assert restored.status().deliveries["sent"] == 4


def test_the_doubt_ends_with_the_word_that_lets_mail_go_out(restored: Newsletter, copy: Path, clock: Clock) -> None:
    assert restored.deliveries.doubt() is not None
    clock.set("2026-11-27 07:59")
    restored.switch_sending(off=False)
    assert restored.deliveries.doubt() == Doubt(clock.now - timedelta(seconds=1), 1)
    clock.set("2026-11-27 08:00")
    restored.send()
    assert readers(copy) == [BOB]
    # A later word about mail is about mail: no copy is doubted anew.
    clock.set("2026-12-04 08:30")
    bring(restored, 50)
    restored.switch_sending(off=True)
    restored.switch_sending(off=False)
    assert restored.deliveries.doubt() is None
    restored.send()
    assert readers(copy) == [ADA, BOB, BOB]


def test_where_nothing_was_sent_since_all_of_it_goes_out(restored: Newsletter, copy: Path, clock: Clock) -> None:
    """Of a newsletter that moved to another machine."""
    clock.set("2026-11-27 09:00")
    restored.deliveries.trust()
    restored.switch_sending(off=False)
    assert restored.deliveries.doubt() is None
    assert restored.send().counts[DeliveryState.UNCERTAIN] == 0
    assert readers(copy) == [BOB]
    assert NEW in recipients(mails(copy))


def test_old_links_go_on_working(house: Path, restored: Newsletter) -> None:
    with closing(sqlite3.connect(house / "newsletter.db")) as connection:
        signer = Signer("https://news.example.org", load_keys(Database(connection)))
    found = restored.readers.by_link(signer.token(Purpose.LEAVE, restored.subscriber(ADA).id), Purpose.LEAVE)
    assert found is not None
    assert found[1].address == ADA


def test_who_complained_is_still_refused(restored: Newsletter) -> None:
    restored.readers.erase(restored.subscriber(EVE))
    with pytest.raises(Suppressed):
        restored.subscribe(EVE)


def test_the_entries_and_what_was_had_are_there(restored: Newsletter) -> None:
    assert restored.count_entries() == 12
    (copy,) = restored.back_issues.copies(restored.subscriber(ADA).id)
    assert copy.titles
