"""People's libraries as files of numbers."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import EvaluationError
from newsletter.evaluation.libraries import holds_libraries, read_libraries


def written(folder: Path, people: str, words: str) -> Path:
    """A folder of these two files."""
    (folder / "users.dat").write_text(people)
    (folder / "mult.dat").write_text(words)
    return folder


def test_libraries_are_read_plain_or_gzipped(tmp_path: Path) -> None:
    assert not holds_libraries(tmp_path)
    written(tmp_path, "2 1 0\n1 2\n", "2 0:3 4:1\n0\n1 1:2\n")
    (tmp_path / "mult.dat.gz").write_bytes(gzip.compress((tmp_path / "mult.dat").read_bytes()))
    (tmp_path / "mult.dat").unlink()
    assert holds_libraries(tmp_path)
    found = read_libraries(tmp_path)
    assert found.chosen.toarray().tolist() == [[1, 1, 0], [0, 0, 1]]
    assert found.words.toarray().tolist() == [[3, 0, 0, 0, 1], [0] * 5, [0, 2, 0, 0, 0]]


@pytest.mark.parametrize(
    ("people", "words", "told"),
    [
        ("1 0\n2 0\n", "1 0:1\n", "users.dat, line 2: it says 2 and holds 1"),
        ("1 7\n", "1 0:1\n", "users.dat, line 1: 7"),
        ("1 -1\n", "1 0:1\n", "users.dat, line 1: -1"),
        ("one 0\n", "1 0:1\n", "users.dat, line 1: a count and then numbers"),
        ("1 0\n", "1 0\n", "mult.dat, line 1: a count and then number:count"),
        ("1 0\n", "1 0:1\n1 99999999999:1\n", "mult.dat, line 2"),
        ("1 0\n", "1 0:0\n", "mult.dat, line 1"),
        ("1 0\n", "", "mult.dat is empty"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, people: str, words: str, told: str) -> None:
    with pytest.raises(EvaluationError, match=told):
        read_libraries(written(tmp_path, people, words))


def test_a_folder_without_libraries_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"users\.dat and mult\.dat"):
        read_libraries(tmp_path)


@given(st.text("01 :-x\n.٣", max_size=40), st.text("01 :-x\n.٣", max_size=40))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, people: str, words: str) -> None:
    folder = written(tmp_path_factory.mktemp("libraries"), people, words)
    try:
        found = read_libraries(folder)
    except EvaluationError:
        return
    assert found.chosen.shape[1] == found.words.shape[0]
    assert set(np.unique(found.chosen.data)) <= {1}
