"""Tables as other programs write them: encodings, delimiters, quotes, and everything that can be broken."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.characters import MAX_LINE
from subscribers.tables import (
    MAX_CELL,
    BadRow,
    Row,
    Table,
    UnreadableTable,
    escape,
    looks_like_address,
    read_table,
    unescape,
)

HEAD = ["email", "name", "interests"]


def table(text: str | bytes) -> Table:
    return read_table(io.BytesIO(text.encode() if isinstance(text, str) else text))


def cells(text: str | bytes) -> list[list[str]]:
    """All rows; none may be bad."""
    rows = list(table(text))
    assert not [row for row in rows if isinstance(row, BadRow)], rows
    return [list(row.cells) for row in rows if isinstance(row, Row)]


def outline(text: str | bytes) -> list[tuple[int, str]]:
    """(line, first cell, or BAD) of every row."""
    return [(row.line, row.cells[0] if isinstance(row, Row) else "BAD") for row in table(text)]


# -- encodings


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_a_list_is_read_in_the_encoding_it_was_written_in(encoding: str, told: str) -> None:
    read = table("email;name\r\nzoe@example.org;Zoë Müller’s €\r\n".encode(encoding))
    rows = [row.cells for row in read if isinstance(row, Row)]
    assert rows == [("email", "name"), ("zoe@example.org", "Zoë Müller’s €")]
    assert told == read.encoding


def test_utf_16_by_its_other_byte_order_is_read_too() -> None:
    assert cells(b"\xfe\xff" + "email\nzoe@example.org".encode("utf-16-be")) == [["email"], ["zoe@example.org"]]


def test_one_broken_line_spoils_no_other_lines_letters() -> None:
    rows = cells("a@x.org,Zoë\n".encode() + "b@x.org,Zoë\n".encode("cp1252") + "c@x.org,Zoë\n".encode())
    assert {row[1] for row in rows} == {"Zoë"}


def test_a_byte_that_no_encoding_knows_is_shown_as_such() -> None:
    assert cells(b"a@x.org,Zo\x81") == [["a@x.org", "Zo\ufffd"]]


# -- delimiters and line ends


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_first_line_tells_what_stands_between_cells(delimiter: str, end: str) -> None:
    lines = [delimiter.join(HEAD), delimiter.join(["ada@example.org", "Ada", '"graphs, trees; more"'])]
    read = table(end.join(lines) + end)
    assert [row.cells for row in read if isinstance(row, Row)][1] == ("ada@example.org", "Ada", "graphs, trees; more")
    assert delimiter == read.delimiter


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("ada@example.org;Ada;graphs, trees, and more", ";"),
        ("ada@example.org,Ada;the first", ","),
        ("ada@example.org\tAda\tgraphs; trees; more; and more", "\t"),
        ('"Email Address";"Name, first; last"', ";"),
        ("E-Mail-Adresse;Name", ";"),
        ("email", ","),
        ("ada@example.org", ","),
        ("sep=;\nemail,name;address", ";"),
        ('"sep=\t"\nemail,name\tx', "\t"),
        ("\n\n  \nname;email", ";"),
        ("", ","),
        ('"' + "x" * 200_000, ","),
    ],
)
def test_the_delimiter_is_the_one_that_sets_the_address_free(line: str, delimiter: str) -> None:
    assert delimiter == table(line).delimiter


def test_excels_own_hint_is_no_row_and_counts_as_a_line() -> None:
    assert outline("sep=;\nemail;name\na@x.org;A") == [(2, "email"), (3, "a@x.org")]


def test_blank_lines_are_no_rows_but_are_counted() -> None:
    assert outline("\n\nemail,name\n\n , \na@x.org,A\n\n") == [(3, "email"), (6, "a@x.org")]


def test_a_quoted_cell_keeps_its_lines_quotes_and_delimiters() -> None:
    rows = cells('email,note\na@x.org,"one, ""two""\r\nthree\rfour\n"\nb@x.org,plain\n')
    assert rows[1:] == [["a@x.org", 'one, "two"\r\nthree\rfour\n'], ["b@x.org", "plain"]]


def test_a_quote_in_the_middle_of_a_bare_cell_is_a_letter_and_a_space_before_a_quote_is_none() -> None:
    assert cells('a@x.org,Ada "the first" Lovelace, "Byron, Lord"') == [
        ["a@x.org", 'Ada "the first" Lovelace', "Byron, Lord"]
    ]


def test_a_crlf_between_two_blocks_of_the_stream_is_one_line_end() -> None:
    long = "x" * ((1 << 16) - len("email\r\n") - 1)
    assert outline(f"email\r\n{long}\r\nb\r\nc") == [(1, "email"), (2, long), (3, "b"), (4, "c")]


# -- what is broken costs its own row


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("", "never closed"),
        ('b@x.org,"Bob"\n', "stands inside of a text"),
        ('"b@x.org","Bob"\n', "stands inside of a text"),
        ("b@x.org,Bob\n" * 600, "is not closed within 500 lines"),
        ("b@x.org," + "x" * 3_000 + "\n", "never closed"),
        (("b@x.org," + "x" * 3_000 + "\n") * 100, "more than 100,000 characters"),
    ],
)
def test_a_quote_that_is_never_closed_costs_its_own_row_only(rest: str, why: str) -> None:
    rows = list(table(f'email,name\na@x.org,"Ada\n{rest}z@x.org,Zoe\n'))
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert [row.line for row in bad] == [2]
    assert why in bad[0].why
    good = [(row.line, row.cells[0]) for row in rows if isinstance(row, Row)]
    assert good[0] == (1, "email")
    assert (len(rest.splitlines()) + 3, "z@x.org") == good[-1]
    assert len(rest.splitlines()) + 2 == len(good)


def test_many_quotes_that_are_never_closed_are_each_told_with_their_line() -> None:
    text = "".join(f'{n}@x.org,"A\n{n}b@x.org,B\n' for n in range(50))
    assert [row.line for row in table(text) if isinstance(row, BadRow)] == list(range(1, 100, 2))
    assert len([row for row in table(text) if isinstance(row, Row)]) == 50


@pytest.mark.slow
def test_lines_that_open_a_quote_each_time_do_not_take_for_ever() -> None:
    rows = list(table('a","b\n' * 3_000))
    assert [row.line for row in rows if isinstance(row, BadRow)] == list(range(1, 3_001))


def test_a_quote_that_ends_inside_a_cell_is_told() -> None:
    rows = list(table('email,name\na@x.org,"Ada" Lovelace\nb@x.org,B\n'))
    assert isinstance(rows[1], BadRow)
    assert rows[1].why.startswith("A quote ends in the middle of a cell.")
    assert rows[2] == Row(3, ("b@x.org", "B"))


@pytest.mark.parametrize("size", [MAX_CELL + 1, 131_073, 300_000, MAX_LINE + 10, 3 * MAX_LINE])
@pytest.mark.parametrize("quote", ["", '"'])
def test_an_endless_cell_is_a_bad_row(size: int, quote: str) -> None:
    rows = list(table(f"email,name\na@x.org,{quote}{'x' * size}{quote}\nb@x.org,B\n"))
    assert isinstance(rows[1], BadRow)
    assert rows[1].line == 2
    assert "characters" in rows[1].why
    assert rows[-1] == Row(3, ("b@x.org", "B"))


def test_a_row_of_very_many_cells_is_a_bad_row() -> None:
    assert outline("email,name\na@x.org" + ",x" * 200_000 + "\nb@x.org,B\n") == [
        (1, "email"),
        (2, "BAD"),
        (3, "b@x.org"),
    ]


def test_a_row_with_a_nul_is_a_bad_row() -> None:
    rows = list(table("email,name\na\0da@x.org,Ada\nb@x.org,B\n"))
    assert rows[1] == BadRow(2, "It holds NUL characters: the file is damaged there.")
    assert rows[2] == Row(3, ("b@x.org", "B"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"PK\x03\x04", "ZIP"), (b"\x1f\x8b\x08", "gzip"), (b"%PDF-1.7", "PDF"), (b"\xd0\xcf\x11\xe0", "spreadsheet")],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(head: bytes, kind: str) -> None:
    with pytest.raises(UnreadableTable, match=f"{kind}.*save it as CSV"):
        table(head + b"\0" * 100)


# -- formulas


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-omics", "@home", "'=x", "''=x", "\t=1", "＝1", "=", "-"])
def test_what_a_spreadsheet_would_run_is_written_as_text_and_reads_back(cell: str) -> None:
    assert escape(cell) == f"'{cell}"
    assert unescape(escape(cell)) == cell


@pytest.mark.parametrize("cell", ["", "Ada", "'tis", "''", "1+1", "a=b", "O'=Neill", " =1", "ada@example.org"])
def test_other_cells_are_left_alone(cell: str) -> None:
    assert escape(cell) == cell == unescape(cell)


def test_a_formula_is_taken_as_the_text_it_is() -> None:
    assert cells("ada@example.org,=HYPERLINK(1),-omics") == [["ada@example.org", "=HYPERLINK(1)", "-omics"]]


@given(st.text("'=+-@\t\r\nab＝", max_size=8))
def test_every_cell_reads_back_as_it_was(cell: str) -> None:
    assert unescape(escape(cell)) == cell
    assert escape(cell)[:1] not in list("=+-@\t\r\n＝")


# -- addresses


@pytest.mark.parametrize("cell", ["ada@example.org", " a+b@x.co ", "zoë@bücher.example"])
def test_a_cell_is_seen_to_be_an_address(cell: str) -> None:
    assert looks_like_address(cell)


@pytest.mark.parametrize("cell", ["", "email", "a@b", "a@x.org;Ada", "a@x.org, b@x.org", "<a@x.org>", "a @x.org", "@"])
def test_a_cell_is_seen_to_be_none(cell: str) -> None:
    assert not looks_like_address(cell)


# -- any bytes


@given(st.binary(max_size=300) | st.text("ab@.,;\"\t\r\n\0é='", max_size=80).map(str.encode))
def test_any_bytes_give_rows_or_our_own_error(content: bytes) -> None:
    try:
        rows = list(table(content))
    except UnreadableTable:
        return
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert all(row.line >= 1 for row in rows)


_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.lists(_WORDS, min_size=2, max_size=4), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_is_read_unchanged(rows: list[list[str]], delimiter: str) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["email", "name"])
    writer.writerows([[escape(cell) for cell in row] for row in rows])
    expected = [row for row in rows if any(cell.strip() for cell in row)]
    assert [["email", "name"], *expected] == cells(stream.getvalue())


# -- size


class Endless:
    """A stream that makes its bytes as they are read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (line := next(self._lines, b"")):
            self._rest += line
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _peak(stream: Endless) -> tuple[int, int]:
    """(rows, bytes at most) of reading it."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_table(stream))
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_two_hundred_thousand_lines_take_no_more_memory_than_a_few() -> None:
    wishes = b"graphs; " * 10
    lines = (b'reader.%d@example.org,"A name, and more",%s\n' % (n, wishes) for n in range(200_000))
    made = (b"".join(islice(lines, 500)) for _ in range(400))
    count, most = _peak(Endless(made))
    assert count == 200_000
    assert most < 3_000_000


def test_a_file_without_any_line_end_takes_no_more_memory_than_a_line() -> None:
    count, most = _peak(Endless(iter([b'a@x.org,"'] + [b"x" * 100_000] * 300)))
    assert count == 1
    assert most < 8_000_000
