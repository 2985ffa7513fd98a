"""Files of judged data, plain or gzipped, as values with the place that an error names. Opens files; judges nothing."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from gzip import GzipFile
from io import BufferedReader
from pathlib import Path
from typing import Any

from newsletter.errors import EvaluationError


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a file, and where it stands."""

    value: Any
    #: as in "people.jsonl, line 3"
    place: str
    #: what an object of records calls it, where the file holds one
    name: str | None = None

    def wrong(self, what: str) -> EvaluationError:
        """What to raise where something in it is wrong."""
        return EvaluationError(f"{self.place}: {what}")

    def fields(self) -> dict[str, Any]:
        """The record as named fields. Raises `EvaluationError` where it is something else."""
        if not isinstance(self.value, dict):
            raise self.wrong("this must be an object with named fields, as {…}.")
        return self.value

    def text(self, *names: str) -> str:
        """The first of these fields that holds something, as tidy text; a list becomes its parts; empty for none."""
        fields = self.fields()
        for name in names:
            value = fields.get(name)
            if isinstance(value, list):
                value = " ".join(str(part) for part in value)
            if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
                return " ".join(str(value).split())
        return ""

    def day(self, *names: str) -> date | None:
        """The first of these fields that holds anything, as a day; None for none. Raises `EvaluationError`."""
        found = self.text(*names)
        if not found:
            return None
        try:
            day = datetime.fromisoformat(found).date()
        except ValueError:
            raise self.wrong(f"{found[:40]!r} is not a date. Write it as 2024-03-31.") from None
        if not 1000 < day.year < 9000:
            raise self.wrong(f"{found[:40]!r} is too far away to be the day of anything.")
        return day


@dataclass(slots=True)
class Opened:
    """A file that is being read."""

    #: its bytes, unpacked
    content: GzipFile | BufferedReader
    #: how many of its lines were read; who reads counts
    lines: int = 0


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """A file, plain or gzipped. Raises `EvaluationError`, with the line, where its bytes are no text."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as content:
        file = Opened(content)
        behind = f"{path}, behind line"
        try:
            yield file
        except UnicodeDecodeError:
            raise EvaluationError(f"{behind} {file.lines}: this is not UTF-8. Convert the file to UTF-8.") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise EvaluationError(f"{behind} {file.lines}: this is no whole gzip file ({error}).") from None


def find(folder: Path, *names: str) -> Path | None:
    """The first of these files that is there, plain or with .gz behind its name."""
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def items_of(path: Path) -> Iterator[Item]:
    """The records of a .jsonl file, or of a .json file that holds a list or an object.

    Those of an object have names. Raises `EvaluationError` with file and line.
    """
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        for number, line in numbered_lines(path):
            place = f"{path}, line {number}"
            try:
                yield Item(json.loads(line), place)
            except (ValueError, RecursionError) as error:
                raise EvaluationError(f"{place}: this is not JSON ({error}). Every line must be one object.") from None
        return
    # Every line in its place, the empty ones too: an error names its line.
    lines = dict(numbered_lines(path))
    text = "".join(lines.get(number, "\n") for number in range(1, max(lines, default=0) + 1))
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{path}, line {error.lineno}: this is not JSON ({error.msg}).") from None
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"{path}: this is not JSON that can be read ({error}).") from None
    if isinstance(value, dict):
        yield from (Item(own, f"{path}, {name!r}", name) for name, own in value.items())
    elif isinstance(value, list):
        yield from (Item(own, f"{path}, item {number}") for number, own in enumerate(value, 1))
    else:
        raise EvaluationError(f"{path}: it must hold a list or an object.")


def graded_pairs(path: Path) -> Iterator[tuple[str, str, float, Item]]:
    """(who, id, grade) of a file of three columns (four as of TREC's qrels), and where each stands.

    Columns stand between tabs, or spaces where there are no tabs; a first line whose grade is no number is a head. Two
    columns alone say that something is relevant: their grade is 1.
    Raises `EvaluationError` with file and line.
    """
    for number, line in numbered_lines(path):
        item = Item(line, f"{path}, line {number}")
        columns = [column.strip() for column in line.split("\t")] if "\t" in line else line.split()
        if len(columns) == 4:
            del columns[1]
        if len(columns) == 2:
            columns.append("1")
        if len(columns) != 3:
            raise item.wrong(f"three columns are wanted (who, id, grade), there are {len(columns)}.")
        try:
            grade = float(columns[2])
        except ValueError:
            if number == 1:
                continue
            raise item.wrong(f"the grade {columns[2][:40]!r} is not a number.") from None
        if not abs(grade) <= 100:
            raise item.wrong(f"the grade {columns[2][:40]!r} is too large. Grades are small, as 0 to 5.")
        yield columns[0], columns[1], grade, item


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that hold anything, with their numbers."""
    with opened(path) as file:
        for number, line in enumerate(file.content, 1):
            file.lines = number
            if line.strip():
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
