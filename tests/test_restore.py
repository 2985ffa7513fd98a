"""What is no backup makes no newsletter, and what is one is written over nothing."""

import sqlite3
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from newsroom import make_project

from newsletter.backup import RESTORED, back_up, restore
from newsletter.errors import ProjectError
from newsletter.store import SENDING, open_store, why_off
from subscribers.errors import DatabaseError

pytest_plugins = ("backup_fixtures",)

#: When the newsletter of `backup_fixtures` stood still.
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


# -- where it may not be made


@pytest.mark.parametrize(
    "name", ["newsletter.toml", "newsletter.db", "newsletter.db-wal", "newsletter.db-shm", "templates/mail/remind.md"]
)
def test_nothing_is_written_over(house: Path, name: str) -> None:
    """A log that was left behind by another database would be read into this one."""
    back_up(house, house / "backup.zip")
    target = house / "copy"
    (target / name).parent.mkdir(parents=True)
    (target / name).write_text("mine")
    with pytest.raises(ProjectError, match="Name an empty folder"):
        restore(house / "backup.zip", target, NOW)
    assert (target / name).read_text() == "mine"
    assert [path for path in target.rglob("*") if path.is_file()] == [target / name]


def test_a_folder_with_other_things_in_it_is_fine(house: Path) -> None:
    back_up(house, house / "backup.zip")
    (house / "copy").mkdir()
    (house / "copy" / "papers.jsonl").write_text("")
    restore(house / "backup.zip", house / "copy", NOW)
    assert (house / "copy" / "newsletter.toml").exists()


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


ODD_NAMES = [
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
]


def test_a_file_with_anything_else_in_it_is_refused(house: Path) -> None:
    back_up(house, house / "backup.zip")
    found = contents(house / "backup.zip")
    for n, name in enumerate(ODD_NAMES):
        odd = zipped(house / f"{n}.zip", {**found, name: b"evil"})
        before = sorted(house.rglob("*"))
        with pytest.raises(ProjectError, match="is no backup of a newsletter"):
            restore(odd, house / "copy", NOW)
        assert_nothing_made(house / "copy")
        assert sorted(house.rglob("*")) == before


@pytest.mark.parametrize("missing", ["newsletter.toml", "newsletter.db"])
def test_half_a_backup_is_none(house: Path, missing: str) -> None:
    back_up(house, house / "backup.zip")
    found = contents(house / "backup.zip")
    del found[missing]
    with pytest.raises(ProjectError, match="is no backup of a newsletter"):
        restore(zipped(house / "odd.zip", found), house / "copy", NOW)
    assert_nothing_made(house / "copy")


def test_a_backup_that_was_unpacked_and_packed_again_is_one(house: Path) -> None:
    """Other programs write an entry for every folder."""
    back_up(house, house / "backup.zip")
    again = zipped(house / "again.zip", {"templates/": b"", "issues/": b"", **contents(house / "backup.zip")})
    restore(again, house / "copy", NOW)
    assert (house / "copy" / "templates" / "mail" / "remind.md").is_file()


def test_a_link_in_it_is_no_way_out(house: Path) -> None:
    back_up(house, house / "backup.zip")

    def as_link(info: zipfile.ZipInfo) -> None:
        if info.filename == "templates/x":
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    odd = zipped(house / "odd.zip", {**contents(house / "backup.zip"), "templates/x": b"/etc/passwd"}, as_link)
    restore(odd, house / "copy", NOW)
    assert (house / "copy/templates/x").read_bytes() == b"/etc/passwd"
    assert not (house / "copy/templates/x").is_symlink()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04", b"SQLite format 3\0" * 100])
def test_what_is_no_zip_is_told_so(house: Path, content: bytes) -> None:
    (house / "odd.zip").write_bytes(content)
    with pytest.raises(ProjectError, match="is damaged, or no backup"):
        restore(house / "odd.zip", house / "copy", NOW)
    assert_nothing_made(house / "copy")


@pytest.mark.parametrize("content", [b"", b"not a database" * 1_000, b"SQLite format 3\0" + b"\xff" * 8_000])
def test_a_zip_with_something_else_for_a_database(house: Path, content: bytes) -> None:
    back_up(house, house / "backup.zip")
    odd = zipped(house / "odd.zip", {**contents(house / "backup.zip"), "newsletter.db": content})
    if content:
        with pytest.raises(DatabaseError):
            restore(odd, house / "copy", NOW)
        assert_nothing_made(house / "copy")
    else:  # an empty file is an empty database
        restore(odd, house / "copy", NOW)
        assert is_silent(house / "copy")


def is_silent(folder: Path) -> bool:
    db = open_store(folder / "newsletter.db")
    try:
        return why_off(db, SENDING) == RESTORED
    finally:
        db.conn.close()


def test_a_backup_of_a_newer_program_is_refused_as_a_whole(house: Path) -> None:
    with closing(sqlite3.connect(house / "newsletter.db")) as db:
        (table,) = db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%migrations%'").fetchone()
        db.execute(f"UPDATE {table} SET name = 'm999_the_future' WHERE name = 'm002_readers'")
        db.commit()
    back_up(house, house / "backup.zip")
    with pytest.raises(DatabaseError, match="newer version"):
        restore(house / "backup.zip", house / "copy", NOW)
    assert_nothing_made(house / "copy")


def test_what_is_interrupted_is_no_newsletter_that_could_send(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the switch is off there must not be one, whatever ends the restoring."""
    back_up(house, house / "backup.zip")

    def killed(*_: object, **__: object) -> None:
        names = sorted(path.name for path in (house / "copy").iterdir())
        assert "newsletter.toml" not in names
        assert "newsletter.db" not in names
        raise KeyboardInterrupt

    monkeypatch.setattr("newsletter.backup.switch", killed)
    with pytest.raises(KeyboardInterrupt):
        restore(house / "backup.zip", house / "copy", NOW)
    assert_nothing_made(house / "copy")


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
