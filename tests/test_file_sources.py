"""Files and folders as sources: what is new is read, once, and nothing while it is written."""

import os
import time
from pathlib import Path

from newsroom import Clock, entry, write_entries
from sourced import Open, summary
from sqlite_utils import Database
from webhost import feed_of

from newsletter.entries import store as entries


def files_of(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        write_entries(folder, [entry(int(name))], f"{name}.jsonl")
    return folder


def settle(*paths: Path) -> None:
    """As if some time had passed since the files were written."""
    for path in paths:
        os.utime(path, (time.time() - 10,) * 2)


def test_only_files_that_are_new_or_changed_are_read(sources: Open, tmp_path: Path) -> None:
    folder = files_of(tmp_path / "pages", "1", "2")
    found = sources(pages="pages")
    assert summary(found.pull()) == {"pages": (2, 0, None)}
    [report] = found.pull()
    assert (report.new, report.known, report.unchanged) == (0, 0, True)
    write_entries(folder, [entry(2), entry(3)], "2.jsonl")
    [report] = found.pull()
    assert (report.new, report.known, report.unchanged) == (1, 1, False)


def test_a_file_that_appears_is_due_at_once_but_not_while_it_is_written(sources: Open, tmp_path: Path) -> None:
    folder = files_of(tmp_path / "pages")
    found = sources(pages="pages")
    assert summary(found.pull(due_only=True)) == {"pages": (0, 0, None)}
    assert found.pull(due_only=True) == []
    files_of(folder, "1")
    assert found.pull(due_only=True) == []
    settle(folder / "1.jsonl")
    files_of(folder, "2")
    assert summary(found.pull(due_only=True)) == {"pages": (1, 0, None)}
    settle(folder / "2.jsonl")
    assert summary(found.pull(due_only=True)) == {"pages": (1, 0, None)}
    (folder / "1.jsonl").unlink()
    [report] = found.pull(due_only=True)
    assert (report.new, report.known, report.error) == (0, 0, None)
    assert found.pull(due_only=True) == []


def test_a_bad_file_is_told_once_and_hides_no_other(sources: Open, tmp_path: Path) -> None:
    folder = files_of(tmp_path / "pages", "1")
    (folder / "0.txt").write_text("Nothing like a page.")
    found = sources(pages="pages")
    [report] = found.pull()
    assert (report.new, [one.what for one in report.skipped]) == (1, ["0.txt"])
    [report] = found.pull()
    assert (report.skipped, report.unchanged) == ([], True)


def test_a_single_bad_file_goes_on_failing_until_it_is_mended(sources: Open, tmp_path: Path, standing: Clock) -> None:
    path = tmp_path / "page.txt"
    path.write_text("Nothing like a page.")
    found = sources(page="page.txt")
    assert [found.pull()[0].error is None for _ in range(2)] == [False, False]
    settle(path)
    found.pull()
    assert found.pull(due_only=True) == []
    path.write_text(feed_of(0, 1))
    settle(path)
    assert summary(found.pull(due_only=True)) == {"page": (1, 0, None)}


def test_a_folder_that_is_missing_is_told_and_read_once_it_is_there(sources: Open, tmp_path: Path) -> None:
    found = sources(pages="pages")
    [report] = found.pull(due_only=True)
    assert report.error
    assert "pages cannot be read: No such file or directory" in report.error
    assert found.pull(due_only=True) == []
    settle(files_of(tmp_path / "pages", "1") / "1.jsonl")
    assert summary(found.pull(due_only=True)) == {"pages": (1, 0, None)}


def test_files_that_a_stop_leaves_out_are_read_the_next_time(sources: Open, tmp_path: Path, store: Database) -> None:
    settle(*files_of(tmp_path / "pages", *"123456").iterdir())
    found = sources(pages="pages")
    [report] = found.pull(stop=lambda: entries.count(store) >= 2)
    assert report.new == 2
    assert summary(found.pull(due_only=True)) == {"pages": (4, 0, None)}


def test_a_source_that_is_to_be_read_in_another_way_is_read_again(sources: Open, tmp_path: Path) -> None:
    write_entries(tmp_path, [entry(1)], "page.txt")
    first = sources(page="page.txt").pull()
    second = sources(page='page.txt"\nkind = "jsonl').pull()
    assert (summary(first)["page"], summary(second)["page"]) == ((1, 0, None), (0, 1, None))
