"""What a mail to us asks for: one pure function from the mail to what is to be done about it.

Nothing here knows who is subscribed, or whether a token is genuine: whoever acts asks that.
"""

import re
from dataclasses import dataclass

from newsletter.mailbox.answers import is_no, is_yes
from newsletter.mailbox.automatic import is_away_note, why_not_answer
from newsletter.mailbox.bounces import Report, bounce_in
from newsletter.mailbox.commands import Understood, commands_in
from newsletter.mailbox.parts import parse
from newsletter.mailbox.reading import Incoming, read
from newsletter.readers.asked import Decline
from newsletter.readers.mails import CONFIRM

#: As `delivery.return_path.MARK`: what stands behind the + of the address that a bounce comes back to.
BOUNCE = "b-"
_TOKEN = "[a-z2-7]{26}"  # noqa: S105 — the shape of one
_IN_MESSAGE_ID = re.compile(rf"<{CONFIRM}({_TOKEN})@[^<>\s]*>", re.IGNORECASE)
_IN_LINK = re.compile(rf"/confirm/({_TOKEN})\b")
_LEAVE_LINK = re.compile(r"/u/([\w-]{20,80})")
_LEAVE = re.compile(r"leave[\s:=]+([\w-]{20,80})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing is done and nothing is answered."""

    why: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail of ours came back, or somebody complained about one."""

    report: Report
    #: what may be a signed token of ours, out of the address that it came to or of the mail that came back
    details: tuple[str, ...]
    #: what may be the token of its link to leave; empty where the report holds none
    leave: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a mail that asked for a confirmation."""

    incoming: Incoming
    token: str
    yes: bool


@dataclass(frozen=True, slots=True)
class LeaveByToken:
    """What the mailto address of List-Unsubscribe sends."""

    incoming: Incoming
    token: str


@dataclass(frozen=True, slots=True)
class Commands:
    """Wishes, or an attempt at some (`understood.unclear`)."""

    incoming: Incoming
    understood: Understood
    #: False where our server says that the sender may be forged: what changes something needs a confirming click
    genuine: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A person writes to a person."""

    incoming: Incoming


Action = Ignore | Returned | Reply | LeaveByToken | Commands | Letter


def decide(
    raw: bytes,
    *,
    sender: str | None,
    recipients: tuple[str, ...],
    address: str,
    delimiter: str,
    authserv_id: str = "",
) -> Action:
    """What this mail asks for.

    `sender` and `recipients` are the envelope's as far as it is known; `address` is ours, `delimiter` what stands
    before a detail in it, empty where there are none.
    """
    message = parse(raw)
    incoming = read(message, envelope_from=sender, recipients=recipients, authserv_id=authserv_id)
    details = _details(incoming.recipients, address, delimiter)
    bounced = [detail.removeprefix(BOUNCE) for detail in details if detail.startswith(BOUNCE)]
    report = bounce_in(message, raw)
    if report is not None:
        named = _details(tuple(report.addresses), address, delimiter)
        returned = [detail.removeprefix(BOUNCE) for detail in named if detail.startswith(BOUNCE)]
        link = _LEAVE_LINK.search(report.original_headers.get("list-unsubscribe", ""))
        return Returned(report, tuple(dict.fromkeys([*bounced, *returned])), link[1] if link else "")
    if found := _LEAVE.search(incoming.subject):
        return LeaveByToken(incoming, found[1])
    if why := why_not_answer(incoming, own_addresses=(address,)):
        return Ignore(why)
    if is_away_note(incoming.subject):
        return Ignore("it is an out-of-office note")
    if token := _confirmation(incoming, details):
        if is_yes(incoming.subject_is_reply, incoming.lines):
            return Reply(incoming, token, yes=True)
        if is_no(incoming.subject_is_reply, incoming.lines):
            return Reply(incoming, token, yes=False)
    understood = commands_in(incoming.subject, incoming.lines, reply=incoming.subject_is_reply)
    if understood.commands == (Decline(),):
        return Letter(incoming)  # "I never asked for this", below no question of ours: a person should read it
    if understood.commands or understood.unclear or not understood.prose:
        return Commands(incoming, understood, genuine=incoming.dmarc != "fail")
    return Letter(incoming)


def _confirmation(incoming: Incoming, details: list[str]) -> str:
    """The token of a confirmation that this mail answers, empty where it answers none."""
    for detail in details:
        if detail.startswith(CONFIRM):
            return detail.removeprefix(CONFIRM)
    for reference in incoming.references:
        if found := _IN_MESSAGE_ID.fullmatch(reference):
            return found[1].lower()
    found = _IN_LINK.search(incoming.quoted)
    return found[1] if found else ""


def _details(recipients: tuple[str, ...], address: str, delimiter: str) -> list[str]:
    """What stands behind the delimiter of our own address, in lower case."""
    if not delimiter:
        return []
    local, _, domain = address.casefold().rpartition("@")
    start = f"{local}{delimiter}"
    found = []
    for recipient in recipients:
        theirs, _, at = recipient.casefold().rpartition("@")
        if at == domain and theirs.startswith(start):
            found.append(theirs.removeprefix(start))
    return found
