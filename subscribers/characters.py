"""Bytes of a file that somebody else's program wrote → lines of text. Pure, and never more than a line in memory.

A byte order mark decides (UTF-8, UTF-16, UTF-32); UTF-16 without one is told by the zeros between its letters. All else
is read as UTF-8, and a line that is none as Windows-1252: so one broken line spoils no other one's letters.
"""

import codecs
from collections.abc import Iterator
from typing import Protocol

#: Longer lines are cut: no row of a table is that long, and a file without any line end must not fill the memory.
MAX_LINE = 1 << 20
_CHUNK = 1 << 16
#: UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Up to that many bytes; none at the end."""
        ...


class Text:
    """The text of a stream: as lines, or as pieces of any length. One pass, one of the two."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        head = stream.read(_CHUNK)
        mark, codec = next(((mark, codec) for mark, codec in _MARKS if head.startswith(mark)), (b"", ""))
        self._head = head[len(mark) :]
        self._codec = codec or _without_mark(head)
        self._legacy = False

    @property
    def encoding(self) -> str:
        """How the bytes were to be read, as far as they have been."""
        return "Windows-1252" if self._legacy else self._codec.upper().removesuffix("-LE").removesuffix("-BE")

    @property
    def head(self) -> bytes:
        """The first bytes, behind a byte order mark."""
        return self._head

    def lines(self) -> Iterator[str]:
        r"""Line after line with its end (\n, \r\n or \r), each cut at `MAX_LINE` bytes."""
        for line in _split(self._utf8()):
            try:
                yield line.decode()
            except UnicodeDecodeError:
                self._legacy = True
                yield line.decode("cp1252", "replace")

    def pieces(self) -> Iterator[str]:
        """Piece after piece; what cannot be read is a replacement character."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for chunk in self._utf8():
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)

    def _utf8(self) -> Iterator[bytes]:
        if self._codec == "utf-8":
            yield from self._chunks()
            return
        decoder = codecs.getincrementaldecoder(self._codec)("replace")
        for chunk in self._chunks():
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()

    def _chunks(self) -> Iterator[bytes]:
        chunk = self._head
        while chunk:
            yield chunk
            chunk = self._stream.read(_CHUNK)


def _without_mark(head: bytes) -> str:
    match [byte == 0 for byte in head[:4]]:
        case [False, True, False, True]:
            return "utf-16-le"
        case [True, False, True, False]:
            return "utf-16-be"
    return "utf-8"


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    skipping = False
    for chunk in chunks:
        block = rest + chunk
        # A \r at the very end may be half of a \r\n.
        end = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
        for line in block[:end].splitlines(keepends=True):
            if not skipping:
                yield line[:MAX_LINE]
            skipping = False
        rest = block[end:]
        if len(rest) > MAX_LINE:
            if not skipping:
                yield rest[:MAX_LINE]
            skipping = True
        if skipping:
            rest = b"\r" if rest.endswith(b"\r") else b""
    if rest and not skipping:
        yield from (line[:MAX_LINE] for line in rest.splitlines(keepends=True))
