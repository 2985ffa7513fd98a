"""Lists of readers in JSON → rows of cells, one after the other. Pure, and never more than one reader in memory.

Read is an array of objects, at the top (`newsletter subscribers list --json`) or under "subscribers" (our own export).
The keys of the first object are the header, which comes first, as in a table. An object that is broken is a `BadRow`;
reading goes on in the next line, where our export has the next reader.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from subscribers.characters import Text
from subscribers.tables import BadRow, Row, UnreadableTable

#: No reader takes more characters than this, whatever evidence there is of them.
MAX_OBJECT = 2_000_000
#: So far in the list has to begin.
_MAX_HEAD = 100_000
_START = re.compile(r"\s*(?:\[|\{(?:(?!\"subscribers\").)*?\"subscribers\"\s*:\s*\[)", re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*")


def looks_like_json(text: Text) -> bool:
    """Does the stream begin as JSON does?"""
    head = text.head.replace(b"\0", b"").lstrip()
    return head[:1] == b"{" or re.match(rb"\[\s*[\{\]]", head) is not None


def json_rows(text: Text) -> Iterator[Row | BadRow]:
    """The header and the readers. Raises `UnreadableTable` where there is no list of them."""
    source = _Source(text)
    source.skip_to_list()
    header: tuple[str, ...] = ()
    for line, value in source:
        if value is None:
            yield BadRow(line, "It is no JSON object, or one that is broken or too long.")
            continue
        if not header:
            header = tuple(value)
            yield Row(line, tuple(map(_cell, header)))
        yield Row(line, tuple(_cell(value.get(name)) for name in header))


class _Source:
    """Text that is read as it is needed."""

    def __init__(self, text: Text) -> None:
        self._pieces = text.pieces()
        self._held = ""
        #: where in what is held the rest begins, and in which line that is
        self._at = 0
        self._line = 1
        self._decode = json.JSONDecoder().raw_decode

    def skip_to_list(self) -> None:
        while not (found := _START.match(self._held)):
            if len(self._held) > _MAX_HEAD or not self._more():
                raise UnreadableTable(
                    'This JSON holds no list of readers: an array of objects, at the top or under "subscribers", '
                    "each with an email. Export it again, or import a CSV file."
                )
        self._go_to(found.end())

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """(line, the object that begins there, or None for what is none), one after the other."""
        while self._skip_blanks():
            if self._held[self._at] == "]":
                return
            yield self._line, self._object()
        yield self._line, None  # it ends in the middle

    def _object(self) -> dict[str, Any] | None:
        while True:
            try:
                value, end = self._decode(self._held, self._at)
            except (ValueError, RecursionError):
                if len(self._held) - self._at > MAX_OBJECT or not self._more():
                    self._skip_line()
                    return None
                continue
            fits = end - self._at <= MAX_OBJECT
            self._go_to(end)
            return value if isinstance(value, dict) and fits else None

    def _skip_blanks(self) -> bool:
        """Go to what is no blank; False where nothing is left."""
        while True:
            found = _BETWEEN.match(self._held, self._at)
            self._go_to(found.end() if found else self._at)
            if self._at < len(self._held):
                return True
            if not self._more():
                return False

    def _skip_line(self) -> None:
        while (end := self._held.find("\n", self._at)) < 0:
            self._go_to(len(self._held))
            if not self._more():
                return
        self._go_to(end + 1)

    def _go_to(self, place: int) -> None:
        self._line += self._held.count("\n", self._at, place)
        self._at = place

    def _more(self) -> bool:
        for piece in self._pieces:
            if piece:
                self._held = self._held[self._at :] + piece
                self._at = 0
                return True
        return False


def _cell(value: object) -> str:
    """A value as the cell of a table would hold it."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no character
