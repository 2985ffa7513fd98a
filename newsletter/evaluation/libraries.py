"""People's libraries as files of numbers, for measuring what other people's choices add. Opens files.

The layout of the data sets citeulike-a and citeulike-t (Wang, Chen & Li 2013); each file may be gzipped:

* `users.dat`: a line a person: how many entries they chose, and the numbers of these entries, from 0
* `mult.dat`: a line an entry: how many different words it has, and of each `number:count`
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from newsletter.errors import EvaluationError
from newsletter.evaluation.files import find, numbered_lines

PEOPLE, WORDS = "users.dat", "mult.dat"
#: No number of an entry or a word, and no count, is larger: what is comes from another file.
_LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Libraries:
    """Who chose what, and the words of it. Sparse matrices of scipy, in rows."""

    #: (people, entries), 1 where somebody chose an entry
    chosen: Any
    #: (entries, words), how often each word stands in an entry
    words: Any


def holds_libraries(folder: Path) -> bool:
    """Whether the folder has this layout."""
    return find(folder, PEOPLE) is not None and find(folder, WORDS) is not None


def read_libraries(folder: Path) -> Libraries:
    """Read both files. Raises `EvaluationError`, with file and line, where one is missing or wrong."""
    from scipy.sparse import csr_matrix

    people, words = find(folder, PEOPLE), find(folder, WORDS)
    if people is None or words is None:
        raise EvaluationError(f"{folder} must hold {PEOPLE} and {WORDS}, the layout of citeulike-t.")
    columns, counts, ends = _rows(words, counted=True)
    width = max(columns, default=-1) + 1
    texts = csr_matrix((np.array(counts, np.float32), columns, ends), shape=(len(ends) - 1, width))
    rows, _, ends = _rows(people, counted=False, most=texts.shape[0] - 1)
    chosen = csr_matrix((np.ones(len(rows), np.float32), rows, ends), shape=(len(ends) - 1, texts.shape[0]))
    for matrix in (texts, chosen):
        matrix.sum_duplicates()
    chosen.data[:] = 1
    return Libraries(chosen, texts)


def _rows(path: Path, *, counted: bool, most: int = _LARGEST) -> tuple[list[int], list[int], list[int]]:
    """(numbers, counts, ends of the lines among them) of a file."""
    numbers: list[int] = []
    counts: list[int] = []
    ends = [0]
    for place, line in numbered_lines(path):
        stated, *items = line.split()
        try:
            pairs = [_pair(item, counted) for item in items]
            if int(stated) != len(pairs):
                raise EvaluationError(f"{path}, line {place}: it says {stated[:20]} and holds {len(pairs)}.")
        except ValueError:
            wanted = "a count and then number:count" if counted else "a count and then numbers"
            raise EvaluationError(f"{path}, line {place}: {wanted} are wanted, all of them whole numbers.") from None
        for number, count in pairs:
            if not (0 <= number <= most and 0 < count <= _LARGEST):
                raise EvaluationError(f"{path}, line {place}: {number}:{count} is out of range; numbers end at {most}.")
        numbers.extend(number for number, _ in pairs)
        counts.extend(count for _, count in pairs)
        ends.append(len(numbers))
    if len(ends) == 1:
        raise EvaluationError(f"{path} is empty.")
    return numbers, counts, ends


def _pair(item: str, counted: bool) -> tuple[int, int]:
    if not counted:
        return int(item), 1
    number, count = item.split(":")
    return int(number), int(count)
