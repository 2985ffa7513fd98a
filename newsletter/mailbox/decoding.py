"""Letters out of bytes, whatever charset they claim, and lines that people can read."""

import codecs
import unicodedata
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header

#: Characters of a header's value that are looked at.
MAX_HEADER = 4_000

#: Codecs that are none of mail's: slow on text made for it, or loud about errors.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})


def in_unicode(text: bytes, charset: str) -> str:
    """Bytes in a charset as text. Without a charset that exists: UTF-8, or else what Windows calls ANSI."""
    name = "utf-8"
    with suppress(LookupError, ValueError):
        name = codecs.lookup(charset).name.replace("_", "-")
    if name not in _NO_CHARSETS and name not in ("utf-8", "ascii"):
        with suppress(LookupError, ValueError):  # LookupError: a codec, but not of text
            return text.decode(name, "replace")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut_off = error.reason == "unexpected end of data"
        return text.decode("utf-8-sig", "ignore") if cut_off else text.decode("cp1252", "replace")


def decoded(value: str) -> str:
    """A header's value as people read it, in one line. `value` is what the stdlib's parser keeps."""
    text = in_unicode(value[:MAX_HEADER].encode("utf-8", "surrogateescape"), "utf-8")
    if "=?" in text:
        with suppress(HeaderParseError, ValueError, LookupError):
            text = "".join(_piece(piece, charset) for piece, charset in decode_header(text))
    return one_line(text)


def one_line(text: str) -> str:
    """At most 4,000 characters without breaks, control and hidden characters; joiners stay, some scripts need them."""
    if text.isascii() and text[:MAX_HEADER].isprintable():
        return " ".join(text[:MAX_HEADER].split())
    shown = (c if c.isprintable() else _hidden(c) for c in unicodedata.normalize("NFC", text[:MAX_HEADER]))
    return " ".join("".join(shown).split())


def _hidden(c: str) -> str:
    if unicodedata.category(c) == "Cf":
        return c if c in "\u200c\u200d" else ""
    return " "


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # What stands between encoded words comes as the stdlib's own escape, not in a charset.
    return in_unicode(piece, charset) if charset else piece.decode("raw_unicode_escape", "replace")
