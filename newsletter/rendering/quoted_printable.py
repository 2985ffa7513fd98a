"""Quoted-printable in segments that can be joined (RFC 2045, section 6.7).

Every encoded segment ends where a line ends, with a soft break if need be, so that the next one begins in the
first column: encoding each once and joining them gives the same text as encoding the whole.

No line of it begins with a dot, so that a mail goes out as it is: SMTP doubles such dots, and to look for them in each
mail would take as long as putting it together (RFC 5321, section 4.5.2).
"""

import re
from binascii import b2a_qp
from functools import lru_cache

#: binascii does not count what it makes of a space at a line's end.
_TOO_LONG = re.compile(rb"^(.{74,75})(=20|=09)$", re.MULTILINE)
#: A short value in one line: a name, a number, an address.
_AS_IT_IS = re.compile(rb"(?!\.)[!-<>-~](?:[ -<>-~]{0,72}[!-<>-~])?")
_LEADING_DOTS = re.compile(rb"^\.{1,24}", re.MULTILINE)


def encode_html(text: str) -> bytes:
    """A piece of HTML: characters beyond ASCII become `&#NNN;`, so that a charset can never go wrong."""
    return _encode(text.encode("ascii", "xmlcharrefreplace"))


@lru_cache(maxsize=8_192)
def encode_text(text: str) -> bytes:
    """A piece of plain text, in UTF-8; kept, because many readers share an interest."""
    return _encode(text.encode("utf-8", "replace"))


@lru_cache(maxsize=8_192)
def encode_value(text: str) -> bytes:
    """A short value that stands in HTML, escaped there; kept, because many readers share an interest."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return encode_html(escaped.replace('"', "&#34;").replace("'", "&#39;"))


def encode_token(text: str) -> bytes:
    """A link of ours: URL-safe ASCII."""
    return _encode(text.encode("ascii"))


def _encode(data: bytes) -> bytes:
    if not data:
        return b""
    if _AS_IT_IS.fullmatch(data):
        return data + b"=\r\n"
    encoded = b2a_qp(data.replace(b"\r\n", b"\n"), istext=True)
    encoded = _TOO_LONG.sub(rb"\1=\n\2", encoded)
    while b"\n." in encoded or encoded.startswith(b"."):
        encoded = _LEADING_DOTS.sub(lambda dots: b"=2E" * len(dots[0]) + b"=\n", encoded)
    encoded = encoded.replace(b"\n", b"\r\n")
    last = encoded.rsplit(b"\n", 1)[-1]
    if not last:
        return encoded
    if len(last) > 75:  # the soft break's own "=" must fit into 76 columns
        cut = 72 - (2 if last[70:71] == b"=" else 1 if last[71:72] == b"=" else 0)
        rest = b"=2E" + last[cut + 1 :] if last.startswith(b".", cut) else last[cut:]
        encoded = encoded[: len(encoded) - len(last) + cut] + b"=\r\n" + rest
    return encoded + b"=\r\n"
