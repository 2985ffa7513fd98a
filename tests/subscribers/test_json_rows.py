"""Lists of readers in JSON: one object after the other, and what can be broken in them."""

import io
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.characters import Text
from subscribers.json_rows import json_rows, looks_like_json
from subscribers.tables import BadRow, Row, UnreadableTable


def objects(text: str | bytes) -> list[Row | BadRow]:
    return list(json_rows(Text(io.BytesIO(text.encode() if isinstance(text, str) else text))))


@pytest.mark.parametrize("text", ['{"subscribers": []}', "[]", ' \n[\n{"email": "a@x.org"}]', '\ufeff[{"a": 1}]'])
def test_json_is_told_from_a_table(text: str) -> None:
    assert looks_like_json(Text(io.BytesIO(text.encode())))


@pytest.mark.parametrize("text", ["email,name", "[email],name", "", "a@x.org", '"{",b'])
def test_a_table_is_told_from_json(text: str) -> None:
    assert not looks_like_json(Text(io.BytesIO(text.encode())))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_objects_of_a_json_list_are_rows_under_their_keys(indent: int | None, encoding: str) -> None:
    people = [{"email": "a@x.org", "name": "Zoë", "ok": True, "likes": ["b"], "none": None}, {"email": "b@x.org"}]
    expected = [("email", "name", "ok", "likes", "none"), ("a@x.org", "Zoë", "true", '["b"]', "")]
    for value in (people, {"a": [1], "subscribers": people, "z": 1}):
        rows = objects(json.dumps(value, indent=indent, ensure_ascii=False).encode(encoding))
        assert [*expected, ("b@x.org", "", "", "", "")] == [row.cells for row in rows if isinstance(row, Row)]
        assert len(rows) == 3


def test_the_line_of_an_object_is_told() -> None:
    assert [row.line for row in objects('{"subscribers": [\n{"email": "a"},\n\n{"email": "b"}\n]}')] == [2, 2, 4]


@pytest.mark.parametrize("broken", ['{"email": "b",,}', "17", '"x"', "[1]", '{"email": ' + "[" * 100_000 + "}"])
def test_a_broken_object_costs_its_own_line_only(broken: str) -> None:
    rows = objects('{"subscribers": [\n{"email": "a"},\n' + broken + ',\n{"email": "c"}\n]}')
    assert rows[2] == BadRow(3, "It is no JSON object, or one that is broken or too long.")
    assert rows[3:] == [Row(4, ("c",))]


def test_a_list_that_was_cut_off_is_told_at_its_end() -> None:
    rows = objects('{"subscribers": [\n{"email": "a"},\n{"email": "b')
    assert isinstance(rows[-1], BadRow)
    assert rows[1] == Row(2, ("a",))


@pytest.mark.parametrize("text", ['{"readers": []}', "{", '{"subscribers": 1}', "{" + " " * 300_000])
def test_json_without_a_list_of_readers_is_refused(text: str) -> None:
    with pytest.raises(UnreadableTable, match="holds no list of readers"):
        objects(text)


def test_half_a_surrogate_pair_is_no_character() -> None:
    assert objects(r'[{"email": "a\ud800"}]')[1] == Row(1, ("a?",))


class Pieces:
    """A stream that makes its bytes as they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _: int) -> bytes:
        return next(self._pieces, b"")


@pytest.mark.slow
def test_twenty_thousand_objects_in_one_line_take_little_memory() -> None:
    made = (b'{"email": "reader.%d@example.org", "name": "%s"},' % (n, b"x" * 100) for n in range(20_000))
    stream = Pieces(b"[" + piece if not n else piece for n, piece in enumerate(made))
    tracemalloc.start()
    count = sum(1 for _ in json_rows(Text(stream)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_002  # with the header, and the end that is missing
    assert most < 3_000_000


@given(st.binary(max_size=100).map(b"[{".__add__) | st.text('[]{},"a:1\n\\', max_size=40).map(str.encode))
def test_any_bytes_give_objects_or_our_own_error(content: bytes) -> None:
    try:
        rows = objects(content)
    except UnreadableTable:
        return
    assert all(row.line >= 1 for row in rows)
