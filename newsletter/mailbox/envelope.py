"""What a way in hands over with a message, and what it is told in return."""

import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from enum import StrEnum
from pathlib import Path

#: A message up to here is taken whole.
MOST_BYTES = 10 * 1024 * 1024

#: Headers in which servers write down to whom a message came: Postfix and qmail, Postfix, Exim, and others.
_RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")
#: Bytes in which the head of a message must end; what comes later is not looked at here.
_MOST_HEAD = 256 * 1024
#: Characters of a header that are looked at, and recipients that are kept; honest mail has far less.
_MOST_HEADER = 2_000
_MOST_RECIPIENTS = 100
_MOST_ADDRESS = 320


class Disposition(StrEnum):
    """What becomes of a message that was handled."""

    #: all is done; nobody needs to see it
    DONE = "done"
    #: a person wrote, and there is nobody to forward it to: it stays where it is, for the operator to find
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom and to whom a message came, as the servers said (what its From and To say is another matter)."""

    #: '' is the null sender of bounces and automatic mail; None where no server wrote it down
    sender: str | None
    #: as they were written to, details (+token) included where the server kept them; () where none was written down
    recipients: tuple[str, ...]
    #: True where only the beginning of a very large message was fetched: enough for a command, not for forwarding
    cut: bool = False


#: Takes a message as it came. It must be idempotent: a message comes again where the process ends, or the connection
#: breaks, before it is marked as done.
Handle = Callable[[Envelope, bytes], Disposition]


def envelope_of(raw: bytes, *, cut: bool = False) -> Envelope:
    """The envelope as the last server wrote it into the message's head; the topmost Return-Path is its own."""
    head = _head(raw)
    paths = head.get_all("Return-Path") or []
    addresses = [address for name in _RECIPIENTS for address in _addresses(head.get_all(name) or [])]
    recipients = tuple(dict.fromkeys(addresses))[:_MOST_RECIPIENTS]
    return Envelope(_sender(str(paths[0])) if paths else None, recipients, cut)


def message_id_of(raw: bytes) -> str:
    """The Message-ID, or '' where there is none."""
    return " ".join(str(_head(raw)["Message-ID"] or "").split())[:_MOST_HEADER]


def place_of(error: BaseException) -> str:
    """An error's kind and where it was raised, without its words: they may be somebody's."""
    trace = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(trace[-1].filename).name}, line {trace[-1].lineno}" if trace else "?"


def _head(raw: bytes) -> Message:
    head = re.split(rb"\r?\n\r?\n", raw[:_MOST_HEAD], maxsplit=1)[0]
    # As text, because addresses may be UTF-8 (RFC 6532), and the parser gives up on bytes that are not ASCII.
    return message_from_string(head.decode("utf-8", "replace"))


def _sender(path: str) -> str | None:
    """Servers write `<address>`, some without the brackets; nothing in them is the null sender."""
    found = re.match(r"\s*(?:<\s*([^\s<>]*)\s*>|([^\s<>]+))", path[:_MOST_HEADER])
    if not found:
        return None
    address = found[1] if found[1] is not None else found[2]
    return address if _may_be(address) else None


def _addresses(values: Sequence[object]) -> list[str]:
    # No parser of people's headers: it would dive into comments, of which there may be thousands within each other.
    words = [word for value in values[:_MOST_RECIPIENTS] for word in re.split(r"[\s<>,;]+", str(value)[:_MOST_HEADER])]
    return [word for word in words if "@" in word and _may_be(word)]


def _may_be(address: str) -> bool:
    return len(address) <= _MOST_ADDRESS and address.isprintable()
