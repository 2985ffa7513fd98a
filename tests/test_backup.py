"""One file that holds everything, and a newsletter made of it that stays silent until it is told to speak."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import WordEmbedder
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mainline import ADA, BOB, rows, subscribe
from newsroom import Clock, mails, make_project, recipients
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.backup import RESTORED, back_up, restore
from newsletter.errors import DeliveryError, ProjectError
from newsletter.rendering.links import Purpose, Signer
from newsletter.rendering.store import load_keys
from newsletter.store import SENDING, open_store, why_off
from subscribers import consent
from subscribers.errors import DatabaseError, Suppressed
from subscribers.evidence import Origin
from subscribers.suppression import Reason

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EVE = "eve@example.org"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """A newsletter with readers, somebody who complained, a mail that waits, own templates and an intro. Made once."""
    project = make_project(tmp_path_factory.mktemp("built"))
    with Newsletter(project, clock=Clock(NOW), embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address in (ADA, BOB, EVE):
            subscribe(newsletter, address)
        eve, origin = newsletter.subscriber(EVE), Origin("mail")
        consent.suppress_person(newsletter.database, eve, Reason.COMPLAINED, words="", origin=origin, now=NOW)
        newsletter.send(now=True, to=ADA)
        newsletter.readers.request("new@example.org", words="", origin=Origin("page"))
    for name, text in (("templates/mail/remind.md", "Subject: Hm?\n\nHm.\n"), ("issues/weekly-2026-12-04.md", "Hi\n")):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return project


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """The same, the test's own."""
    return Path(shutil.copytree(built, tmp_path, dirs_exist_ok=True))


@pytest.fixture
def copy(project: Path) -> Path:
    """Its backup, restored."""
    back_up(project, project / "backup.zip")
    restore(project / "backup.zip", project / "copy", NOW)
    return project / "copy"


@pytest.fixture
def restored(copy: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Newsletter]:
    clock.now = NOW
    with Newsletter(copy, clock=clock, embedder=embedder) as newsletter:
        yield newsletter


# -- what is in it


def test_everything_is_in_it_and_what_was_sent_is_not(project: Path) -> None:
    size = back_up(project, project / "backup.zip")
    assert size == (project / "backup.zip").stat().st_size
    with zipfile.ZipFile(project / "backup.zip") as file:
        assert sorted(file.namelist()) == [
            "issues/weekly-2026-12-04.md",
            "newsletter.db",
            "newsletter.toml",
            "templates/mail/remind.md",
        ]
    assert list(project.glob("*.part")) == []
    assert not [path for path in project.iterdir() if path.name.startswith("tmp")]


def test_it_is_for_its_owners_eyes(project: Path, copy: Path) -> None:
    for path in (project / "backup.zip", copy / "newsletter.db", copy / "newsletter.toml"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_restored_newsletter_is_the_same_one(project: Path, copy: Path) -> None:
    assert rows(copy) == {**rows(project), "switches": 1}
    for name in ("newsletter.toml", "templates/mail/remind.md", "issues/weekly-2026-12-04.md"):
        assert (copy / name).read_bytes() == (project / name).read_bytes()
    assert sorted(path.name for path in copy.iterdir()) == ["issues", "newsletter.db", "newsletter.toml", "templates"]


def test_a_backup_is_never_written_over_and_needs_a_newsletter(project: Path) -> None:
    (project / "backup.zip").write_text("mine")
    with pytest.raises(ProjectError, match="exists already"):
        back_up(project, project / "backup.zip")
    assert (project / "backup.zip").read_text() == "mine"
    for missing in ("newsletter.toml", "newsletter.db"):
        (project / missing).unlink()
        with pytest.raises(ProjectError, match="There is no newsletter in"):
            back_up(project, project / "other.zip")
    assert not (project / "other.zip").exists()


def test_what_cannot_be_written_leaves_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError):
        back_up(project, project / "no" / "such" / "folder.zip")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(OSError, match="No space left"):
        back_up(project, project / "backup.zip")
    assert not list(project.glob("backup*"))


def test_a_template_from_before_1980_is_kept_too(project: Path) -> None:
    os.utime(project / "templates/mail/remind.md", (0, 0))
    back_up(project, project / "backup.zip")
    restore(project / "backup.zip", project / "copy", NOW)
    assert (project / "copy/templates/mail/remind.md").read_text().startswith("Subject: Hm?")


def test_what_was_written_just_now_is_in_it(project: Path) -> None:
    """It stands in the log beside the database for a while."""
    with closing(sqlite3.connect(project / "newsletter.db")) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("INSERT INTO attempts VALUES (x'01', 'just now')")
        writer.commit()
        writer.execute("INSERT INTO attempts VALUES (x'02', 'not yet')")
        back_up(project, project / "backup.zip")
        writer.rollback()
    restore(project / "backup.zip", project / "copy", NOW)
    with closing(sqlite3.connect(project / "copy" / "newsletter.db")) as copy:
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


def test_it_is_of_one_moment_while_another_process_writes(project: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, project / "newsletter.db"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        counts = []
        for n in range(5):
            back_up(project, project / f"{n}.zip")
            with zipfile.ZipFile(project / f"{n}.zip") as file:
                file.extract("newsletter.db", project / f"{n}")
            with closing(sqlite3.connect(project / f"{n}" / "newsletter.db")) as db:
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


def test_it_sends_nothing_until_it_is_told_to(restored: Newsletter, copy: Path, clock: Clock) -> None:
    before = dict(restored.status().deliveries)
    assert before == {"sent": 1, "queued": 1}
    for act in (restored.send, lambda: restored.send(now=True), restored.send_notices):
        with pytest.raises(DeliveryError, match=f"Sending is switched off: {RESTORED}"):
            act()
    assert restored.status().sending_off == RESTORED
    assert not (copy / "outbox").exists()
    restored.switch_sending(off=False)
    restored.send(now=True)
    # What the original had sent is not sent again; what waited is.
    assert recipients(mails(copy)) == [BOB, "new@example.org"]


def test_old_links_go_on_working(project: Path, restored: Newsletter) -> None:
    with closing(sqlite3.connect(project / "newsletter.db")) as connection:
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


# -- where it may not be made


@pytest.mark.parametrize(
    "name", ["newsletter.toml", "newsletter.db", "newsletter.db-wal", "newsletter.db-shm", "templates/mail/remind.md"]
)
def test_nothing_is_written_over(project: Path, name: str) -> None:
    """A log that was left behind by another database would be read into this one."""
    back_up(project, project / "backup.zip")
    target = project / "copy"
    (target / name).parent.mkdir(parents=True)
    (target / name).write_text("mine")
    with pytest.raises(ProjectError, match="Name an empty folder"):
        restore(project / "backup.zip", target, NOW)
    assert (target / name).read_text() == "mine"
    assert [path for path in target.rglob("*") if path.is_file()] == [target / name]


def test_a_folder_with_other_things_in_it_is_fine(project: Path) -> None:
    back_up(project, project / "backup.zip")
    (project / "copy").mkdir()
    (project / "copy" / "papers.jsonl").write_text("")
    restore(project / "backup.zip", project / "copy", NOW)
    assert (project / "copy" / "newsletter.toml").exists()


# -- what is no backup


def zipped(path: Path, files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda _: None) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            change(info)
            file.writestr(info, content)
    return path


def contents(backup: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(backup) as file:
        return {name: file.read(name) for name in file.namelist()}


def assert_nothing_made(folder: Path) -> None:
    assert not folder.exists() or list(folder.rglob("*")) == []


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "templates/../../evil.txt",
        "/tmp/evil.txt",
        "templates\\..\\..\\evil.txt",
        "evil.txt",
        "newsletter.db-wal",
        ".newsletter.db.lock",
        "Templates/x.md",
        "templates",
        ".",
        "..",
        "./newsletter.toml",
        "outbox/x.eml",
        "issues/../newsletter.db",
    ],
)
def test_a_file_with_anything_else_in_it_is_refused(project: Path, name: str) -> None:
    back_up(project, project / "backup.zip")
    before = sorted(project.rglob("*"))
    odd = zipped(project / "odd.zip", {**contents(project / "backup.zip"), name: b"evil"})
    with pytest.raises(ProjectError, match="is no backup of a newsletter"):
        restore(odd, project / "copy", NOW)
    assert_nothing_made(project / "copy")
    assert sorted(project.rglob("*")) == sorted([*before, odd])


@pytest.mark.parametrize("missing", ["newsletter.toml", "newsletter.db"])
def test_half_a_backup_is_none(project: Path, missing: str) -> None:
    back_up(project, project / "backup.zip")
    found = contents(project / "backup.zip")
    del found[missing]
    with pytest.raises(ProjectError, match="is no backup of a newsletter"):
        restore(zipped(project / "odd.zip", found), project / "copy", NOW)
    assert_nothing_made(project / "copy")


def test_a_backup_that_was_unpacked_and_packed_again_is_one(project: Path) -> None:
    """Other programs write an entry for every folder."""
    back_up(project, project / "backup.zip")
    again = zipped(project / "again.zip", {"templates/": b"", "issues/": b"", **contents(project / "backup.zip")})
    restore(again, project / "copy", NOW)
    assert (project / "copy" / "templates" / "mail" / "remind.md").is_file()


def test_a_link_in_it_is_no_way_out(project: Path) -> None:
    back_up(project, project / "backup.zip")

    def as_link(info: zipfile.ZipInfo) -> None:
        if info.filename == "templates/x":
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    odd = zipped(project / "odd.zip", {**contents(project / "backup.zip"), "templates/x": b"/etc/passwd"}, as_link)
    restore(odd, project / "copy", NOW)
    assert (project / "copy/templates/x").read_bytes() == b"/etc/passwd"
    assert not (project / "copy/templates/x").is_symlink()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04", b"SQLite format 3\0" * 100])
def test_what_is_no_zip_is_told_so(project: Path, content: bytes) -> None:
    (project / "odd.zip").write_bytes(content)
    with pytest.raises(ProjectError, match="is damaged, or no backup"):
        restore(project / "odd.zip", project / "copy", NOW)
    assert_nothing_made(project / "copy")


@pytest.mark.parametrize("content", [b"", b"not a database" * 1_000, b"SQLite format 3\0" + b"\xff" * 8_000])
def test_a_zip_with_something_else_for_a_database(project: Path, content: bytes) -> None:
    back_up(project, project / "backup.zip")
    odd = zipped(project / "odd.zip", {**contents(project / "backup.zip"), "newsletter.db": content})
    if content:
        with pytest.raises(DatabaseError):
            restore(odd, project / "copy", NOW)
        assert_nothing_made(project / "copy")
    else:  # an empty file is an empty database
        restore(odd, project / "copy", NOW)
        assert is_silent(project / "copy")


def is_silent(folder: Path) -> bool:
    db = open_store(folder / "newsletter.db")
    try:
        return why_off(db, SENDING) == RESTORED
    finally:
        db.conn.close()


def test_a_backup_of_a_newer_program_is_refused_as_a_whole(project: Path) -> None:
    with closing(sqlite3.connect(project / "newsletter.db")) as db:
        (table,) = db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%migrations%'").fetchone()
        db.execute(f"UPDATE {table} SET name = 'm999_the_future' WHERE name = 'm002_readers'")
        db.commit()
    back_up(project, project / "backup.zip")
    with pytest.raises(DatabaseError, match="newer version"):
        restore(project / "backup.zip", project / "copy", NOW)
    assert_nothing_made(project / "copy")


def test_what_is_interrupted_is_no_newsletter_that_could_send(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the switch is off there must not be one, whatever ends the restoring."""
    back_up(project, project / "backup.zip")

    def killed(*_: object, **__: object) -> None:
        names = sorted(path.name for path in (project / "copy").iterdir())
        assert "newsletter.toml" not in names
        assert "newsletter.db" not in names
        raise KeyboardInterrupt

    monkeypatch.setattr("newsletter.backup.switch", killed)
    with pytest.raises(KeyboardInterrupt):
        restore(project / "backup.zip", project / "copy", NOW)
    assert_nothing_made(project / "copy")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A backup of an empty newsletter."""
    folder = make_project(tmp_path_factory.mktemp("small"), entries=0)
    open_store(folder / "newsletter.db").conn.close()
    back_up(folder, folder / "backup.zip")
    return (folder / "backup.zip").read_bytes()


@given(data=st.data())
@hypothesis_settings(max_examples=30)
def test_a_damaged_backup_makes_nothing_or_a_silent_one(small: bytes, data: st.DataObject) -> None:
    damaged = bytearray(small)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(small) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(small) // 2, len(small)))
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "odd.zip").write_bytes(damaged[:cut])
        try:
            restore(folder / "odd.zip", folder / "copy", NOW)
        except (ProjectError, DatabaseError):
            assert_nothing_made(folder / "copy")
        else:
            assert is_silent(folder / "copy")
