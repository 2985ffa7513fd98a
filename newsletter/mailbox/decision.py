"""What a mail to us asks for: one pure function from the mail to what is to be done about it.

Nothing here knows who is subscribed, or whether a token is genuine: whoever acts asks that.
"""

import re
from dataclasses import dataclass, replace
from email.message import Message

from newsletter.mailbox.answers import is_no, is_yes
from newsletter.mailbox.automatic import why_not_answer
from newsletter.mailbox.bounces import Report, bounce_in
from newsletter.mailbox.commands import Understood, commands_in
from newsletter.mailbox.parts import header, parse
from newsletter.mailbox.reading import Incoming, read
from newsletter.readers.asked import Decline
from newsletter.readers.mails import CONFIRM

#: As `delivery.return_path.MARK`: what stands behind the + of the address that a bounce comes back to.
BOUNCE = "b-"
_TOKEN = "[a-z2-7]{26}"  # noqa: S105 — the shape of one
_IN_MESSAGE_ID = re.compile(rf"<{CONFIRM}({_TOKEN})@[^<>\s]*>", re.IGNORECASE)
_IN_LINK = re.compile(rf"/confirm/({_TOKEN})\b")
_LEAVE_LINK = re.compile(r"/u/([\w-]{20,80})")
_LEAVE = re.compile(r"(leave|quiet)[\s:=]+([\w-]{20,80})", re.IGNORECASE)
#: Stands for a sender who has no address that can be answered; whoever it is may be a person all the same.
_SOMEBODY = "somebody@invalid"


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
    #: all that was written, the answer among it
    understood: Understood
    #: what the same words ask for where nothing waits for them any more
    otherwise: "Action"


@dataclass(frozen=True, slots=True)
class LeaveByToken:
    """What the mailto address of List-Unsubscribe sends."""

    incoming: Incoming
    token: str
    #: True where it is about announcements alone
    quiet: bool
    #: what the mail asks for where the token is none of ours
    otherwise: "Action"


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
    leave = _LEAVE.search(incoming.subject)
    if report is not None and not (leave and report.kind == "vacation"):
        named = _details(tuple(report.addresses), address, delimiter)
        returned = [detail.removeprefix(BOUNCE) for detail in named if detail.startswith(BOUNCE)]
        link = _LEAVE_LINK.search(report.original_headers.get("list-unsubscribe", ""))
        return Returned(report, tuple(dict.fromkeys([*bounced, *returned])), link[1] if link else "")
    wishes = _wishes(incoming, header(message, "From"), address)
    if leave:
        if leave[0] == incoming.subject and leave[1].lower() == "leave":
            wishes = _wishes(replace(incoming, subject="leave"), header(message, "From"), address)
        return LeaveByToken(incoming, leave[2], leave[1].lower() == "quiet", wishes)
    if isinstance(wishes, Ignore):
        return wishes
    if token := _confirmation(incoming, message, details, address):
        understood = commands_in(incoming.subject, incoming.lines, reply=incoming.subject_is_reply)
        if understood.unclear and not understood.commands:
            return wishes  # a yes and a no at once are neither
        if is_yes(incoming.subject_is_reply, incoming.lines):
            return Reply(incoming, token, True, understood, wishes)
        if is_no(incoming.subject_is_reply, incoming.lines):
            return Reply(incoming, token, False, understood, wishes)
    return wishes


def _wishes(incoming: Incoming, author: str, address: str) -> Ignore | Commands | Letter:
    """What a mail asks for by its words alone; `author` is its From as it was written."""
    nameless = incoming.sender is None and "@" in author
    if why := why_not_answer(replace(incoming, sender=_SOMEBODY) if nameless else incoming, own_addresses=(address,)):
        return Ignore(why)
    if nameless:
        return Letter(incoming)  # nobody that we could answer: a person should read it
    understood = commands_in(incoming.subject, incoming.lines, reply=incoming.subject_is_reply)
    if understood.commands == (Decline(),):
        return Letter(incoming)  # "I never asked for this", below no question of ours: a person should read it
    if understood.commands or understood.unclear or not understood.prose:
        return Commands(incoming, understood, genuine=incoming.dmarc != "fail")
    return Letter(incoming)


def _confirmation(incoming: Incoming, message: Message, details: list[str], address: str) -> str:
    """The token of a confirmation that this mail answers, empty where it answers none."""
    for detail in details:
        if detail.startswith(CONFIRM):
            return detail.removeprefix(CONFIRM)
    ours = "@" + address.rpartition("@")[2].casefold() + ">"
    for reference in _newest_first(incoming, message):
        if found := _IN_MESSAGE_ID.fullmatch(reference):
            return found[1].lower()
        if reference.casefold().endswith(ours):
            return ""  # another mail of ours, further down in the talk that began with the question
    found = _IN_LINK.search(incoming.quoted)
    return found[1] if found else ""


def _newest_first(incoming: Incoming, message: Message) -> list[str]:
    """The mails before this one, beginning with the one that it answers."""
    named = header(message, "In-Reply-To")
    answered = [reference for reference in incoming.references if reference in named]
    return [*answered, *(one for one in reversed(incoming.references) if one not in answered)]


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
