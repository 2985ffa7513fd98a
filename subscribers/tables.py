r"""Tables as other programs write them (CSV): a stream of bytes → rows of cells, one after the other. Pure.

A row that cannot be read is a `BadRow` with its line, and stops nothing. In particular:

* **A quote that is never closed** costs its own row only. It swallows lines until a quote stands where none can, until
  the end, or until the row has grown too long; then the row is reported with the line *where the quote opened*, and
  reading goes on in the line after that one.
* A cell over 100,000 characters, a row over 250,000 or over 500 lines, and a row with a NUL are bad rows.
* **Formulas** are text: a cell that begins with `=`, `+`, `-` or `@` is taken as it is written. What we write is made
  harmless by the apostrophe that spreadsheets know as "this is text" (`escape`), and that apostrophe, be it ours or a
  spreadsheet's, is taken off when a table is read: `read(escape(cell)) == cell` for every cell.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from subscribers.characters import Stream, Text
from subscribers.errors import SubscribersError

MAX_CELL = 100_000
MAX_ROW = 250_000
MAX_LINES = 500
#: What stands between two cells, the most usual first.
DELIMITERS = (",", ";", "\t")

#: How a spreadsheet tells a formula; the wide ones are what Japanese and Chinese keyboards type.
_FORMULA = "=+\\-@\t\r\n＝＋－＠"
_ESCAPED = re.compile(f"'+[{_FORMULA}]")
_DANGEROUS = re.compile(f"'*[{_FORMULA}]")
#: As much of an address as is needed to tell one from other words; `parse_address` decides.
_ADDRESS = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\"]+")
#: Excel's own hint in the first line.
_SEPARATOR = re.compile(r"\"?sep=([,;\t])\"?\s*", re.IGNORECASE)
_OTHER_FILES = (
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3\x00", "a database"),
)


class UnreadableTable(SubscribersError):
    """The file as a whole is no list of readers."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    #: the line in which it begins, from 1
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be used."""

    #: the line in which it begins, from 1
    line: int
    #: a sentence: what is wrong with it
    why: str


class Table:
    """A table in a stream of bytes. Its first row, if it is a header, is a row like any other."""

    def __init__(self, text: Text) -> None:
        """Look at the first line. Raises `UnreadableTable` for a file of another kind."""
        for magic, kind in _OTHER_FILES:
            if text.head.startswith(magic):
                raise UnreadableTable(
                    f"This file is {kind}, not a table as text. Unpack it, or save it as CSV, and import that file."
                )
        self._text = text
        self._lines = _Lines(text.lines())
        #: what stands between two cells
        self.delimiter = self._lines.skip_to_delimiter()

    @property
    def encoding(self) -> str:
        """How the bytes were to be read, as far as they have been."""
        return self._text.encoding

    def __iter__(self) -> Iterator[Row | BadRow]:
        lines = self._lines
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        while True:
            lines.begin()
            start = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                why = _why(error, lines.taken)
                lines.give_back()
                yield BadRow(start, why)
                continue
            if not any(map(str.strip, cells)):
                continue
            if lines.size > MAX_ROW:
                yield BadRow(start, f"It is longer than {MAX_ROW:,} characters.")
            elif (longest := max(map(len, cells))) > MAX_CELL:
                yield BadRow(start, f"It has a cell of {longest:,} characters; {MAX_CELL:,} is the most.")
            elif any("\0" in line for line in lines.taken):
                yield BadRow(start, "It holds NUL characters: the file is damaged there.")
            else:
                yield Row(start, tuple(map(unescape, cells)))


def read_table(stream: Stream) -> Table:
    """The table in that stream."""
    return Table(Text(stream))


def looks_like_address(cell: str) -> bool:
    """Is this cell meant to be an address?"""
    return _ADDRESS.fullmatch(cell.strip()) is not None


def escape(cell: str) -> str:
    """The cell as it may be written: a spreadsheet would run `=1+1`, and shows `'=1+1` as the text it is."""
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def unescape(cell: str) -> str:
    """The cell as it was meant: the opposite of `escape`."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


class _TooLong(Exception):
    """The row grew beyond what a row can be."""


class _Lines:
    """Lines for the csv module, counted; those of a row that went wrong can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        #: of the line that was handed out last, from 1
        self.number = 0
        #: the lines of the row that is being read
        self.taken: list[str] = []
        #: its characters
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.size > MAX_ROW or len(self.taken) >= MAX_LINES:
            raise _TooLong
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.size += len(line)
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """A new row."""
        self.taken = []
        self.size = 0

    def give_back(self) -> None:
        """All lines of the row but the first."""
        self.number -= len(self.taken) - 1
        self._again.extendleft(reversed(self.taken[1:]))

    def skip_to_delimiter(self) -> str:
        """Find the delimiter by the first line that is not blank, and stay before it."""
        for line in self:
            self.begin()
            if found := _SEPARATOR.fullmatch(line):
                return found[1]
            if line.strip():
                self.number -= 1
                self._again.append(line)
                return max(DELIMITERS, key=lambda delimiter: _promise(line, delimiter))
        return DELIMITERS[0]


def _promise(line: str, delimiter: str) -> tuple[bool, int]:
    """How well a delimiter fits the first line: does a cell of its own name or hold the address, how many cells."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return False, 0
    named = any("mail" in cell.casefold() and not any(other in cell for other in DELIMITERS) for cell in cells)
    return named or any(map(looks_like_address, cells)), len(cells)


def _why(error: Exception, lines: list[str]) -> str:
    if "field limit" in str(error):
        return f"It has a cell of more than {MAX_CELL:,} characters."
    only = "Only this row is left out; reading goes on in the next line."
    if isinstance(error, _TooLong):
        return (
            f"A quote opens in this line and is not closed within {MAX_LINES} lines or {MAX_ROW:,} characters. {only}"
        )
    if "end of data" in str(error):
        return f"A quote opens in this line and is never closed. {only}"
    if len(lines) > 1:
        return f"A quote opens in this line, and the next one, {len(lines) - 1} below, stands inside of a text. {only}"
    return 'A quote ends in the middle of a cell. Write a quote inside of a quoted cell twice: "".'
