"""Bytes that came in → a message and its parts, with every measure bounded.

The stdlib's parser looks at each line once per enclosing part, and reads some headers in quadratic time: a small mail
made for it costs minutes. So the tree is built here, out of heads cut to size, and the stdlib reads only those. What
lies deeper or further than the limits is not looked at. Nothing here raises, whatever the bytes.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from newsletter.mailbox.decoding import MAX_HEADER, decoded, in_unicode, one_line

#: Parts within parts.
MAX_DEPTH = 12
MAX_PARTS = 150
#: Bytes of one part's headers together, and how many there are.
MAX_HEAD = 262_144
MAX_HEADERS = 1_000
#: Characters of one part as it came (base64, say), and of its text.
MAX_LEAF = 262_144
MAX_TEXT = 65_536

# A line that is neither a header nor the continuation of one begins the body, blank or not.
_HEAD = re.compile(rb"(?:From [^\n]*\n)?(?:[!-9;-~]{1,200}[ \t]{0,20}:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z))*")
_BLANK_LINE = re.compile(rb"\n[ \t]*\n")
#: Made of blocks of headers.
_BLOCKS = ("message/delivery-status", "message/global-delivery-status", "message/feedback-report")
_MESSAGES = ("message/rfc822", "message/global")


def parse(raw: bytes) -> Message:
    """The message. Text parts hold at most 256 kB as they came, all others nothing."""
    return _Builder().part(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), 0)


def parts_of(message: Message) -> Iterator[Message]:
    """The parts that are not multipart themselves, in order; an enclosed message counts as one."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in subparts(message):
            yield from parts_of(part)
    else:
        yield message


def subparts(part: Message) -> list[Message]:
    """What a part is made of: parts, the enclosed message, or blocks of headers."""
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def headers(message: Message, name: str) -> list[str]:
    """The values of all headers of a name, from the top, each decoded and in one line."""
    wanted = name.casefold()
    return [decoded(value) for key, value in message.raw_items() if key.casefold() == wanted]


def header(message: Message, name: str) -> str:
    """The value of the topmost header of a name, empty where there is none."""
    return next(iter(headers(message, name)), "")


def addresses(values: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of name and address in the values of headers; what holds no address is left out."""
    found: list[tuple[str, str]] = []
    for value in values:
        with suppress(ValueError, IndexError, RecursionError):
            found += getaddresses([value])
    return [(one_line(name), address) for name, address in found if address.count("@") == 1 and address.isprintable()]


def text_of(part: Message, most: int = MAX_TEXT) -> str:
    """The text of a part, at most 64 k characters unless more is asked for."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return in_unicode(payload, parameter(part, "charset") or "utf-8")[:most]


def parameter(part: Message, name: str) -> str:
    """A parameter of Content-Type, empty where there is none or it cannot be read."""
    with suppress(ValueError, LookupError, TypeError):
        value = part.get_param(name, "")
        return str(value[2] if isinstance(value, tuple) else value)
    return ""


def is_attachment(part: Message) -> bool:
    """Whether the part is something beside the text: a file, a picture, another message."""
    with suppress(ValueError, LookupError, TypeError):
        if part.get_content_disposition() == "attachment" or part.get_filename():
            return True
    return part.get_content_type() not in ("text/plain", "text/html")


class _Builder:
    """Counts the parts of one message."""

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def part(self, raw: bytes, depth: int) -> Message:
        self._left -= 1
        message, body = _head_and_body(raw)
        kind = message.get_content_type()
        if depth >= MAX_DEPTH or self._left <= 0:
            message.set_payload("")
        elif kind in _BLOCKS:
            blocks = _BLANK_LINE.split(_uncoded(message, body)[:MAX_LEAF], MAX_PARTS)
            message.set_payload([_head_and_body(block.strip(b"\n") + b"\n\n")[0] for block in blocks if block.strip()])
        elif kind in _MESSAGES:
            message.set_payload([self.part(_uncoded(message, body), depth + 1)])
        elif kind.startswith("multipart/") and (pieces := _pieces(body, parameter(message, "boundary"), self._left)):
            message.set_payload([self.part(piece, depth + 1) for piece in pieces if self._left > 0])
        else:
            message.set_payload(_as_came(body) if kind.startswith(("text/", "message/", "multipart/")) else "")
        return message


def _head_and_body(raw: bytes) -> tuple[Message, bytes]:
    head = _HEAD.match(raw, 0, MAX_HEAD)
    end = head.end() if head else 0
    message = Message()
    message.set_payload("")
    for name, value in list(BytesHeaderParser().parsebytes(raw[:end]).raw_items())[:MAX_HEADERS]:
        message.set_raw(name, str(value)[:MAX_HEADER])
    return message, raw[end:].removeprefix(b"\n")


def _pieces(body: bytes, boundary: str, most: int) -> list[bytes]:
    """What stands between the delimiter lines; nothing where there are none."""
    if not boundary:
        return []
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    pieces: list[bytes] = []
    start = -1
    for found in re.finditer(rb"^--" + mark + rb"(--)?[ \t]*$", body, re.MULTILINE):
        if start >= 0:
            pieces.append(body[start : max(start, found.start() - 1)])
        start = found.end() + 1
        if found[1] or len(pieces) >= most:
            return pieces
    return [*pieces, body[start:]] if start >= 0 else []


def _uncoded(message: Message, body: bytes) -> bytes:
    """The bytes of an enclosed message or report, which some servers send as base64."""
    if header(message, "Content-Transfer-Encoding").lower() not in ("base64", "quoted-printable"):
        return body
    message.set_payload(_as_came(body))
    payload = message.get_payload(decode=True)
    del message["Content-Transfer-Encoding"]
    return payload.replace(b"\r\n", b"\n") if isinstance(payload, bytes) else body


def _as_came(body: bytes) -> str:
    return body[:MAX_LEAF].decode("ascii", "surrogateescape")
