"""DKIM (RFC 6376): a signature over a finished message, which says that it is ours and was not changed.

This is done for every message, so it costs hardly more than the RSA operation itself: the body is hashed once for all
keys and never searched or changed (ours has CRLF only, so "simple" fits), and of the headers only the values are new.
There is no time in a signature, and both algorithms are deterministic: the same message gives the same bytes.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from newsletter.delivery.signing_keys import SigningKey, read_key
from newsletter.settings import Settings

#: Listed once more than they occur, so that nobody can add one and keep the signature valid: another sender or date,
#: a subject that is shown instead of ours, an unsubscribe link of theirs (RFC 6376, section 8.15).
_SEALED = "from to cc subject date message-id reply-to mime-version content-type list-unsubscribe list-unsubscribe-post"
#: Listed as often as they occur: an honest relay may add its own.
_SIGNED = "list-id list-post feedback-id auto-submitted in-reply-to references"
_NAMES = tuple((name.encode(), extra) for names, extra in ((_SEALED, 1), (_SIGNED, 0)) for name in names.split())
#: RFC 5322, section 2.1.1.
_COLUMNS = 78
#: Characters of a signature in a line, beside its " b=".
_WIDTH = _COLUMNS - 3


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A signature's header up to its b=, and what is to be signed."""

    key: SigningKey
    begin: bytes
    digest: bytes

    def signed(self) -> bytes:
        """The whole header."""
        value = b64encode(self.key.sign(self.digest))
        lines = [value[at : at + _WIDTH] for at in range(0, len(value), _WIDTH)]
        return b"".join((self.begin, b";\r\n b=", b"\r\n ".join(lines), b"\r\n"))


class DkimSigner:
    """Signs messages as one domain, with each of its keys. May be used by many threads at once."""

    def __init__(self, domain: str, keys: Sequence[SigningKey]) -> None:
        """`domain` in ASCII."""
        self._domain = domain
        self._keys = tuple(keys)

    @property
    def takes_long(self) -> bool:
        """Is it worth a thread of its own? RSA takes ten times as long as anything else that is done for a message."""
        return any(key.kind == "rsa" for key in self._keys)

    def sign(self, message: bytes) -> bytes:
        """The message with a DKIM-Signature of each key before it. Nothing in it changes."""
        return self.signature(message) + message

    def signature(self, message: bytes) -> bytes:
        """The headers that are to stand before the message: a DKIM-Signature of each key.

        The message is one of ours: lines end in CRLF, an empty one ends the headers.
        """
        return b"".join([one.signed() for one in self.prepare(message)])

    def prepare(self, message: bytes) -> list[Unsigned]:
        """All but what takes long, for each key: its signature proper."""
        end = message.find(b"\r\n\r\n")
        head = message if end < 0 else message[:end]
        body_hash = _body_hash(message, len(head) + 4)
        names, canonical = _signed_headers(head)
        headers_hash = sha256(canonical)
        prepared = []
        for key in self._keys:
            begin, as_hashed = _beginning(self._domain, key.selector, key.kind, names)
            whole = headers_hash.copy()
            whole.update(as_hashed + body_hash + b"; b=")
            prepared.append(Unsigned(key, begin + body_hash, whole.digest()))
        return prepared


def signer_of(settings: Settings, project: Path) -> DkimSigner | None:
    """Signs with the keys that dkim.selector names; None where it names none. Raises `SettingsError`."""
    # Twice the same name is one signature.
    selectors = dict.fromkeys(settings.dkim.selectors)
    keys = [read_key(project, selector) for selector in selectors]
    return DkimSigner(settings.domain, keys) if keys else None


def _body_hash(message: bytes, start: int) -> bytes:
    """In base64, of the body in its "simple" form: all empty lines at its end are one line's end (section 3.4.3)."""
    end = len(message)
    while message.endswith(b"\r\n", start, end):
        end -= 2
    digest = sha256(memoryview(message)[start:end])
    digest.update(b"\r\n")
    return b64encode(digest.digest())


def _signed_headers(head: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """The names for h=, and what is hashed of the headers."""
    found: dict[bytes, list[bytes]] = {}
    for line in _relaxed(head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        found.setdefault(name.rstrip(b" ").lower(), []).append(value.strip(b" "))
    names: list[bytes] = []
    lines: list[bytes] = []
    for name, extra in _NAMES:
        values = found.get(name, ())
        names += [name] * (len(values) + extra)
        # Of several the last comes first (section 5.4.2).
        lines += [b"%b:%b\r\n" % (name, value) for value in reversed(values)]
    return tuple(names), b"".join(lines)


def _relaxed(head: bytes) -> bytes:
    """Headers each in one line, and every run of spaces and tabs as one space (section 3.4.2)."""
    head = head.replace(b"\t", b" ").replace(b"\r\n ", b" ")
    while b"  " in head:
        head = head.replace(b"  ", b" ")
    return head


@lru_cache(maxsize=256)
def _beginning(domain: str, selector: str, kind: str, names: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """A signature up to its bh=, as it is written and as it is hashed; our messages have few kinds of headers."""
    tags = ["v=1;", f"a={kind}-sha256;", "c=relaxed/simple;", f"d={domain};", f"s={selector};"]
    *listed, last = (name.decode("ascii") for name in names)
    pieces = [(" ", tag) for tag in tags] + [(" ", f"h={listed[0]}:")]
    pieces += [("", f"{name}:") for name in listed[1:]] + [("", f"{last};")]
    lines = ["DKIM-Signature:"]
    for space, piece in pieces:
        if len(lines[-1]) + len(space) + len(piece) > _COLUMNS:
            lines.append(f" {piece}")
        else:
            lines[-1] += space + piece
    written = "\r\n".join([*lines, " bh="]).encode("ascii")
    name, _, value = _relaxed(written).partition(b":")
    return written, name.lower() + b":" + value.strip(b" ")
