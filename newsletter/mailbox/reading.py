"""Bytes of a mail → who wrote it, to whom, and what a person wrote in it. Survives any bytes, in linear time."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message

from newsletter.mailbox.authentication import Dmarc, dmarc_verdict
from newsletter.mailbox.courtesies import without_greeting, without_signature
from newsletter.mailbox.decoding import one_line
from newsletter.mailbox.html_text import seen
from newsletter.mailbox.parts import (
    MAX_LEAF,
    addresses,
    header,
    headers,
    is_attachment,
    parameter,
    parse,
    parts_of,
    text_of,
)
from newsletter.mailbox.quoting import unquoted
from subscribers.address import parse_address
from subscribers.errors import InvalidAddress

#: Characters of a line, and lines of a mail, that are looked at.
MAX_LINE = 1_000
MAX_LINES = 2_000
#: Characters of quoted text that are kept.
MAX_QUOTED = 16_384
MAX_RECIPIENTS = 50
MAX_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class Signs:
    """What may show that no person wrote this mail to us (RFC 3834)."""

    #: values in lower case, empty where the header is missing
    auto_submitted: str
    precedence: str
    #: names of the List-… headers that there are, in lower case
    list_headers: tuple[str, ...]
    #: names of X-Autoreply and the like, in lower case
    auto_headers: tuple[str, ...]
    #: addresses in X-Loop
    loops: tuple[str, ...]
    #: servers that the mail has passed
    hops: int
    #: a delivery or disposition report, or a complaint
    report: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail to us, as far as anybody needs to know it."""

    #: the one address in From; None where there is none, or several
    sender: str | None
    sender_name: str
    #: None for unknown, empty for the null sender of automatic mail
    envelope_from: str | None
    #: envelope recipients, or else the addresses that the headers name
    recipients: tuple[str, ...]
    #: in one line, without "Re:" and its kin
    subject: str
    #: whether the subject bore "Re:" or its kin
    subject_is_reply: bool
    #: with its <…>, empty where there is none
    message_id: str
    #: ids of In-Reply-To and References, each with its <…>
    references: tuple[str, ...]
    #: what this person wrote now, without quotes, greeting and signature; blank lines divide paragraphs
    lines: tuple[str, ...]
    #: what was quoted; links of ours may be in it
    quoted: str
    #: whether anything hangs on the mail beside its text
    attachments: bool
    #: what our own server says of the sender's domain
    dmarc: Dmarc
    signs: Signs


def read(
    mail: bytes | Message,
    *,
    envelope_from: str | None = None,
    recipients: Sequence[str] = (),
    authserv_id: str = "",
) -> Incoming:
    """What came in.

    `envelope_from` and `recipients` are the envelope's where it is known ("" or "<>" for the null sender, None for
    unknown); headers stand in for them. `authserv_id` is the name under which our own server writes
    Authentication-Results; without it the topmost header counts. A message that `parts.parse` made is taken too.
    """
    message = parse(mail) if isinstance(mail, bytes) else mail
    sender, name = _sender(message)
    subject, is_reply = bare_subject(header(message, "Subject"))
    lines, quoted, attachments = _body(message)
    return Incoming(
        sender=sender,
        sender_name=name,
        envelope_from=_envelope_from(message, envelope_from),
        recipients=tuple(recipients)[:MAX_RECIPIENTS] or _recipients(message),
        subject=subject,
        subject_is_reply=is_reply,
        message_id=next(iter(_ids(headers(message, "Message-ID")[:1])), ""),
        references=_ids([*headers(message, "In-Reply-To"), *headers(message, "References")]),
        lines=lines,
        quoted=quoted,
        attachments=attachments,
        dmarc=dmarc_verdict(
            headers(message, "Authentication-Results"),
            authserv_id=authserv_id,
            domain=(sender or "").rpartition("@")[2],
        ),
        signs=_signs(message),
    )


def _sender(message: Message) -> tuple[str | None, str]:
    found = addresses(headers(message, "From"))
    if len(found) != 1:
        return None, ""
    name, address = found[0]
    with suppress(InvalidAddress):
        return parse_address(address), name[:100]
    return None, name[:100]


def _envelope_from(message: Message, given: str | None) -> str | None:
    if given is None:
        given = next(iter(headers(message, "Return-Path")), None)
    if given is None:
        return None
    return one_line(given).replace("<", "").replace(">", "").strip()


def _recipients(message: Message) -> tuple[str, ...]:
    names = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
    found = [address for name in names for _, address in addresses(headers(message, name)[:MAX_RECIPIENTS])]
    return tuple(dict.fromkeys(found))[:MAX_RECIPIENTS]


def _ids(values: Sequence[str]) -> tuple[str, ...]:
    found = [one for value in values for one in re.findall(r"<[^<>\s]{1,500}>", value)]
    return tuple(dict.fromkeys(found))[:MAX_REFERENCES]


# The kinds that mail programs write, some with a count: "Re:", "RE[2]:", "AW:", "Antw.:".
_PREFIX = re.compile(
    r"(?:re|r|aw|antw|antwort|sv|vs|ang|ref|rif|rv|res|resp|odp|ynt|tr|fw|fwd|wg|i|enc|doorst|vb|vl|pd|回复|答复|转发)"
    r"(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s{0,3}\.?\s{0,3}[:：]\s{0,9}",
    re.IGNORECASE,
)


def bare_subject(text: str) -> tuple[str, bool]:
    """A subject without "Re:" and its kin, and whether it had one."""
    subject = text
    while found := _PREFIX.match(subject):
        subject = subject[found.end() :]
    return subject[:MAX_LINE].strip(), len(subject) < len(text)


def _body(message: Message) -> tuple[tuple[str, ...], str, bool]:
    """What was written, what was quoted, and whether anything else hangs on the mail."""
    parts = list(parts_of(message))
    texts = {kind: [p for p in parts if p.get_content_type() == kind and not is_attachment(p)] for kind in _KINDS}
    # The text of the message itself is its body, whatever name it bears.
    attachments = any(is_attachment(part) for part in parts if part is not message or not _is_text(part))
    written, quoted = "", ""
    for kind in _KINDS:
        for part in texts[kind][:1] or ([message] if message.get_content_type() == kind else []):
            if kind == "text/html":
                shown = seen(text_of(part, MAX_LEAF))
                written, quoted = shown.written, shown.quoted
            else:
                written, quoted = _unwrapped(part, text_of(part)), ""
        if written.strip() or quoted.strip():
            break
    lines, more = unquoted(_tidy(written.splitlines()))
    lines = _trimmed(without_greeting(without_signature(lines)))
    return tuple(lines), "\n".join((*more, *_tidy(quoted.splitlines())))[:MAX_QUOTED], attachments


_KINDS = ("text/plain", "text/html")


def _is_text(part: Message) -> bool:
    return part.get_content_type() in _KINDS


def _unwrapped(part: Message, text: str) -> str:
    """The text with the soft breaks of format=flowed (RFC 3676) undone."""
    if parameter(part, "format").lower() != "flowed":
        return text
    lines: list[str] = []
    soft = False
    for line in text.split("\n", MAX_LINES * 4):
        line = line.rstrip("\r")
        if soft and not line.startswith(">"):
            lines[-1] += line
        else:
            lines.append(line)
        soft = line.endswith(" ") and line.strip() not in ("--", "") and not line.startswith(">")
    return "\n".join(lines)


def _tidy(lines: Sequence[str]) -> list[str]:
    return [one_line(line[:MAX_LINE]) for line in lines[:MAX_LINES]]


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Without blank lines at either end, and with one where there were several."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return kept


_AUTO_HEADERS = frozenset(
    "x-autoreply x-autoreply-from x-autorespond x-autoresponder x-auto-response-suppress x-vacation".split()
)


def _signs(message: Message) -> Signs:
    names = [name.casefold() for name, _ in message.raw_items()]
    loops = [address for _, address in addresses(headers(message, "X-Loop")[:MAX_RECIPIENTS])]
    auto = [n for n in _AUTO_HEADERS.intersection(names) if header(message, n).casefold() not in ("no", "none", "")]
    return Signs(
        auto_submitted=header(message, "Auto-Submitted").casefold()[:200],
        precedence=header(message, "Precedence").casefold()[:200],
        list_headers=tuple(sorted({name for name in names if name.startswith("list-")}))[:20],
        auto_headers=tuple(sorted(auto)),
        loops=tuple(loops),
        hops=names.count("received"),
        report=message.get_content_type() == "multipart/report"
        or any(part.get_content_type() in _REPORTS for part in parts_of(message)),
    )


_REPORTS = frozenset(
    f"message/{kind}"
    for kind in ("delivery-status", "global-delivery-status", "feedback-report", "disposition-notification")
)
