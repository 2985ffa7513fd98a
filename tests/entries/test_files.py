"""Files and folders as sources: what is there, what has changed, what cannot be read."""

import os
import time
from pathlib import Path

import pytest

from newsletter.entries import files
from newsletter.entries.files import is_settled, look_at, read_file
from newsletter.errors import SourceError


def test_a_file_is_found_from_the_project_and_by_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_bytes(b"hello")
    for location in ("page.txt", str(tmp_path / "page.txt")):
        found = look_at(location, tmp_path)
        assert not found.is_folder
        assert found.stamps["page.txt"][0] == 5
        document = read_file(found.paths["page.txt"])
        assert (document.name, document.content, document.found_at) == ("page.txt", b"hello", "")


def test_a_folder_holds_its_files_without_the_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".hidden"):
        (tmp_path / name).write_text(name)
    (tmp_path / "inner").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    found = look_at(".", tmp_path)
    assert found.is_folder
    assert found.changed({}) == ["a.txt", "b.txt"]


def test_an_empty_folder_is_no_trouble(tmp_path: Path) -> None:
    assert look_at(".", tmp_path).stamps == {}


def test_what_has_another_size_or_moment_has_changed(tmp_path: Path) -> None:
    for name in ("same", "longer", "later", "gone"):
        (tmp_path / name).write_text("x")
    known = look_at(".", tmp_path).stamps
    (tmp_path / "longer").write_text("xx")
    os.utime(tmp_path / "longer", ns=(known["longer"][1],) * 2)
    os.utime(tmp_path / "later", ns=(known["later"][1] + 1_000_000,) * 2)
    (tmp_path / "gone").unlink()
    (tmp_path / "new").write_text("x")
    assert look_at(".", tmp_path).changed(known) == ["later", "longer", "new"]


@pytest.mark.parametrize(("age", "expected"), [(0.1, False), (1.9, False), (3, True), (1e6, True), (-1e6, True)])
def test_a_file_is_settled_when_nobody_wrote_to_it_just_now(age: float, expected: bool) -> None:
    assert is_settled((1, int((time.time() - age) * 1e9))) == expected


def test_a_file_that_is_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 10)
    (tmp_path / "a.txt").write_text("x" * 11)
    with pytest.raises(SourceError, match="is the most that is read"):
        read_file(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("missing.txt", "cannot be read: No such file or directory"),
        ("~nobody-of-that-name/x", "is no path"),
        ("nul\x00", "is no path"),
        ("half\ud800", "is no path"),
        ("x" * 5_000, "cannot be read: File name too long"),
        ("ftp://example.org/feed", "cannot be read"),
        ("pipe", "is neither a file nor a folder"),
    ],
)
def test_a_place_that_cannot_be_read_is_told(tmp_path: Path, location: str, expected: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match=expected):
        look_at(location, tmp_path)


def test_a_file_that_goes_before_it_is_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read_file(tmp_path / "gone.txt")
