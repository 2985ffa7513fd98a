"""What a delivery report, a complaint or an out-of-office note says, and what follows from it.

Reports come in two standards (RFC 3464, RFC 5965) and in every mail server's own words. Who is meant is best told by
our own token in the return path; what is read here is the second-best answer, and the only one to "dead or not?".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from typing import Literal

from newsletter.delivery.verdicts import Verdict, told_by, verdict_of
from newsletter.mailbox.automatic import is_away_note
from newsletter.mailbox.html_text import seen
from newsletter.mailbox.parts import (
    MAX_LEAF,
    header,
    headers,
    parse,
    parts_of,
    subparts,
    text_of,
)
from newsletter.mailbox.plain_bounces import addresses_in, failed_addresses, notice_and_original, valid_addresses
from newsletter.mailbox.reading import bare_subject

Kind = Literal["bounce", "complaint", "vacation", "delay"]

MAX_TEXT = 2_000
MAX_RECIPIENTS = 20
#: Headers of the message that came back in which our token may stand.
ORIGINAL_HEADERS = ("return-path", "message-id", "list-unsubscribe", "to", "x-original-to", "feedback-id")
#: Fields of a report in which it may stand.
REPORT_FIELDS = ("original-envelope-id", "original-rcpt-to", "original-mail-from", "x-postfix-sender")


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine wrote about a message of ours."""

    #: "delay" is everything that is not the end of it: delayed, relayed, expanded, delivered
    kind: Kind
    #: whom it names, the address that we wrote to before the one it was passed on to
    recipients: tuple[str, ...]
    #: enhanced status code ("5.1.1"), empty where none is given
    status: str
    #: the diagnostic, or else the words around it
    text: str
    #: facts that may hold our own token, by their names in lower case (`ORIGINAL_HEADERS`, `REPORT_FIELDS`)
    original_headers: Mapping[str, str]
    #: all addresses in those facts and in the mail as it came: one may be our return path
    addresses: tuple[str, ...]


def bounce_in(message: Message, raw: bytes = b"") -> Report | None:
    """The report that a message is (see `parts.parse`); None where it is none.

    `raw` are its bytes: some servers send our message back in a form that nobody can take apart.
    """
    report = _report(message)
    if report is None:
        return None
    named = addresses_in(" ".join(report.original_headers.values()))
    anywhere = addresses_in(raw[:MAX_LEAF].decode("ascii", "replace"))
    return replace(report, addresses=tuple(dict.fromkeys((*named, *anywhere))))


def _report(message: Message) -> Report | None:
    parts = list(parts_of(message))
    if any(_kind(part) == "message/feedback-report" for part in parts):
        return _complaint(parts)
    if complaint := _old_complaint(message, parts):
        return complaint
    fields = [block for part in parts if _kind(part) in _STATUS_PARTS for block in subparts(part)]
    notice, returned = _notice(parts)
    by_machine = _is_from_machine(message)
    if not fields and by_machine:
        fields = _fields_in(notice)
    original = _original(parts, returned, fields)
    about = [block for block in fields if header(block, "Action") or header(block, "Final-Recipient")]
    if about:
        return _standard(message, about, notice, original)
    if not by_machine:
        return None
    return _plain(message, notice, original) or _away(message, notice, original)


def verdict(report: Report) -> Verdict:
    """What follows for the person. A complaint is no failure: what follows from it is by its kind alone."""
    match report.kind:
        case "bounce":
            return verdict_of(report.status, report.text)
        case "delay":
            return Verdict.NONE if report.status.startswith("2.") else Verdict.DELAY
    return Verdict.NONE


_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_FAILED = ("fail", "error", "expired")


def _standard(message: Message, about: Sequence[Message], notice: str, original: Mapping[str, str]) -> Report:
    """A report with fields. Where several people are in it, those who failed count, and the first tells why."""
    failed = [block for block in about if header(block, "Action").casefold().startswith(_FAILED)]
    silent = [block for block in about if not header(block, "Action")]
    failed = failed or [block for block in silent if not header(block, "Status").startswith(("2.", "4."))]
    chosen = failed or about
    names = ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient")
    recipients = valid_addresses(_after_type(header(block, name)) for block in chosen for name in names)
    status = next((code for block in chosen if (code := _status(header(block, "Status")))), "")
    diagnostic = " ".join(header(block, "Diagnostic-Code") for block in chosen[:1]).strip()
    if failed and (not diagnostic or told_by(status, diagnostic) is None):
        # The fields do not say why; the words for people may.
        diagnostic = f"{diagnostic} {notice}".strip()
    elif _AFTER_DATA.search(notice):
        diagnostic += " (in reply to end of DATA command)"
    if not recipients:
        recipients = failed_addresses(message, notice, original.get("to", ""))
    return Report(
        kind="bounce" if failed else "delay",
        recipients=recipients[:MAX_RECIPIENTS],
        status=status,
        text=diagnostic[:MAX_TEXT],
        original_headers=original,
        addresses=(),
    )


def _plain(message: Message, notice: str, original: Mapping[str, str]) -> Report | None:
    """A report in a mail server's own words."""
    subject = header(message, "Subject")
    if is_away_note(bare_subject(subject)[0]):
        return None
    recipients = failed_addresses(message, notice, original.get("to", ""))
    told = told_by("", notice)
    in_words = bool(_FAILURE.search(notice[:MAX_TEXT]))
    says_so = bool(_FAILURE.search(subject)) or bool(headers(message, "X-Failed-Recipients"))
    if not (says_so or in_words) or not (told or in_words or recipients):
        return None
    delayed = _STILL_TRYING.search(f"{subject} {notice[:MAX_TEXT]}") and told in (None, Verdict.SOFT)
    code = re.search(r"(?<![\w.])[45]\.[0-7]\.\d{1,3}(?!\w|\.\d)", notice)
    return Report(
        kind="delay" if delayed and not _GIVEN_UP.search(f"{subject} {notice[:MAX_TEXT]}") else "bounce",
        recipients=recipients[:MAX_RECIPIENTS],
        status=code[0] if code else "",
        text=notice[:MAX_TEXT],
        original_headers=original,
        addresses=(),
    )


def _away(message: Message, notice: str, original: Mapping[str, str]) -> Report | None:
    auto = header(message, "Auto-Submitted").casefold()
    names = {name.casefold() for name, _ in message.raw_items()}
    answers = auto.startswith("auto-replied") or bool(
        names & {"x-autoreply", "x-autorespond", "x-auto-response-suppress"}
    )
    if not (answers or is_away_note(bare_subject(header(message, "Subject"))[0])):
        return None
    sender = valid_addresses([header(message, "From")])
    return Report("vacation", sender[:1], "", notice[:MAX_TEXT], original, ())


def _complaint(parts: Sequence[Message]) -> Report | None:
    """A person's "this is spam" (RFC 5965); None for what such reports tell about ourselves."""
    reports = [block for part in parts if _kind(part) == "message/feedback-report" for block in subparts(part)]
    kind = next((kind for block in reports if (kind := header(block, "Feedback-Type"))), "")
    if kind.casefold() in _NO_COMPLAINTS:
        return None
    original = _original(parts, "", reports)
    named = [one for block in reports for name in _COMPLAINED for one in headers(block, name)]
    recipients = valid_addresses(named) or valid_addresses([original.get("to", "")])
    return Report("complaint", recipients[:MAX_RECIPIENTS], "", kind[:MAX_TEXT], original, ())


def _old_complaint(message: Message, parts: Sequence[Message]) -> Report | None:
    """The older kind, which only encloses the message."""
    enclosed = [one for part in parts if _kind(part) == "message/rfc822" for one in subparts(part)]
    subject = header(message, "Subject").casefold()
    if not enclosed or not ("complaint about message" in subject or "abuse report" in subject):
        return None
    original = _original(parts, "", [])
    recipients = valid_addresses(headers(enclosed[0], "X-HmXmrOriginalRecipient")) or valid_addresses(
        [original.get("to", "")]
    )
    return Report("complaint", recipients[:MAX_RECIPIENTS], "", "abuse", original, ())


_COMPLAINED = ("Original-Rcpt-To", "Removal-Recipient")
_NO_COMPLAINTS = ("auth-failure", "dmarc", "not-spam", "virus")


def _kind(part: Message) -> str:
    return part.get_content_type()


def _notice(parts: Sequence[Message]) -> tuple[str, str]:
    """The words for people, and what stands below them of the message that came back."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if _kind(part) == kind or (kind == "text/plain" and _kind(part).startswith("multipart/")):
                text = seen(text_of(part, MAX_LEAF)).written if kind == "text/html" else text_of(part)
                if text.strip():
                    return notice_and_original(text)
    return "", ""


def _fields_in(notice: str) -> list[Message]:
    """Blocks of fields that stand in the text instead of a part of their own."""
    blocks: list[Message] = []
    for line in notice.splitlines()[:500]:
        found = _FIELD.match(line.strip()[:1_000])
        if not found:
            continue
        if found[1].casefold() == "final-recipient" or not blocks:
            blocks.append(Message())
        blocks[-1].set_raw(found[1], found[2])
    return [block for block in blocks if header(block, "Final-Recipient")]


_FIELD = re.compile(
    r"(Final-Recipient|Original-Recipient|Action|Status|Diagnostic-Code):\s{0,20}(.{1,900})", re.IGNORECASE
)


def _original(parts: Sequence[Message], returned: str, fields: Sequence[Message]) -> dict[str, str]:
    """Facts about our message that may hold our token."""
    facts: dict[str, str] = {}
    for part in parts:
        if _kind(part) in ("message/rfc822", "message/global"):
            sources = subparts(part)[:1]
        elif _kind(part) in ("text/rfc822-headers", "message/global-headers"):
            sources = [parse(text_of(part).encode("utf-8", "replace"))]
        else:
            continue
        for source in sources:
            facts = _facts(source, ORIGINAL_HEADERS) | facts
    if returned and not facts:
        facts = _facts(parse(returned.lstrip().encode("utf-8", "replace")), ORIGINAL_HEADERS)
    for block in fields:
        facts = _facts(block, REPORT_FIELDS) | facts
    return facts


def _facts(message: Message, names: Sequence[str]) -> dict[str, str]:
    return {name: value for name in names if (value := header(message, name)[:1_000])}


def _after_type(value: str) -> str:
    """ "rfc822; ada@example.org" → the address."""
    return value.rpartition(";")[2].strip()


def _status(value: str) -> str:
    found = re.search(r"[245]\.\d{1,3}\.\d{1,3}", value)
    return found[0] if found else ""


def _is_from_machine(message: Message) -> bool:
    """Whether a program wrote this, as far as headers tell."""
    path = headers(message, "Return-Path")
    auto = header(message, "Auto-Submitted").casefold()
    subject, is_reply = bare_subject(header(message, "Subject"))
    return (
        any("".join(one.split()) in ("", "<>") for one in path)
        or bool(_MACHINE.search(header(message, "From")))
        or any(_MACHINE.search(one) for one in path)
        or (bool(auto) and not auto.startswith("no"))
        or bool(headers(message, "X-Failed-Recipients"))
        or (not is_reply and bool(_SUBJECT.match(subject)))
        or bool(headers(message, "X-Autoreply") or headers(message, "X-Auto-Response-Suppress"))
        or is_away_note(subject)
    )


#: How bounces begin that show in no other way that a program wrote them.
_SUBJECT = re.compile(
    r"undeliver(?:ed|able)\b|returned mail\b|mail delivery (?:failed|failure|error)|delivery (?:status )?notification"
    r"|failure notice|non-?delivery|mail system error|delivery failure\b|message you sent blocked|mail failure",
    re.IGNORECASE,
)
_AFTER_DATA = re.compile(r"in reply to end of\s{1,20}data", re.IGNORECASE)
_MACHINE = re.compile(r"mailer-?daemon|postmaster|mail delivery|mdaemon|mail administrator|mail_service", re.IGNORECASE)
_FAILURE = re.compile(
    r"undeliver|returned (?:e?-?mail|message|to sender)|return(?:ing)? (?:message|mail) to sender|non-?deliver"
    r"|deliver\w{0,3} (?:\w+ )?(?:fail|error|problem|status|notification|report|unsuccess)|failure (?:notice|delivery)"
    r"|(?:mail|message|delivery) (?:\w+ )?(?:fail|error|failure)|(?:not|n't) (?:be )?(?:delivered|reach)"
    r"|unable to deliver|could not (?:be )?deliver|blocked by|error (?:sending|in)|mail system error"
    r"|unknown user|user unknown|(?:delivery|message|mail) (?:\w+ ){0,2}delayed|not yet (?:been )?delivered"
    r"|unzustellbar|nicht zugestellt|non remis|no entregado|mancato recapito|não entregue|onbestelbaar|не доставлен",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"warning|delayed|still (?:being )?(?:retr|try|attempt)|will (?:be retried|retry|keep trying|continue)",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"giv(?:en|ing) up|permanent|cannot send message for|could not send message for|fatal", re.IGNORECASE
)
