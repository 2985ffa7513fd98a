"""Postmark: who calls shows a password, for nothing is signed; bounces, complaints, changes of its suppressions."""

import hmac
from base64 import b64decode
from collections.abc import Callable

from newsletter.delivery.verdicts import Verdict, verdict_of
from newsletter.readers.correspondence import Told
from newsletter.web.hooks import judging
from newsletter.web.hooks.payload import Payload, text

#: What Postmark's classes say; those that are missing here tell of no failure (an out-of-office note, say).
_VERDICTS: dict[str, Callable[[str, str], Verdict]] = {
    "HardBounce": judging.for_good,
    "BadEmailAddress": judging.for_good,
    "SoftBounce": judging.for_now,
    "Transient": judging.for_now,
    "DnsError": judging.for_now,
    "Unknown": verdict_of,
    "Blocked": judging.ours,
    "SpamNotification": judging.ours,
    "VirusNotification": judging.ours,
    "DMARCPolicy": judging.ours,
    "SMTPApiError": judging.ours,
}
#: Nothing more is sent to them by Postmark, because they or the operator said so there.
_LEAVES = ("Unsubscribe", "ManuallyDeactivated", "ManualSuppression")
_COMPLAINT = "SpamComplaint"


def is_genuine(authorization: str, password: str) -> bool:
    """Does this Authorization header (RFC 7617) hold the password? The user's name may be any."""
    scheme, _, credentials = authorization.partition(" ")
    try:
        _, _, given = b64decode(credentials.strip(), validate=True).partition(b":")
    except ValueError:
        return False
    return hmac.compare_digest(given, password.encode()) and scheme.lower() == "basic"


def identity(payload: Payload) -> tuple[str, ...]:
    """What tells one event from another."""
    return tuple(text(payload.get(name)) for name in ("RecordType", "ID", "MessageID", "Recipient", "ChangedAt"))


def told(payload: Payload) -> list[Told]:
    """What follows from a call; nothing for what is no trouble, and for kinds of calls that we do not know."""
    kind, why = text(payload.get("Type")), text(payload.get("Details")) or text(payload.get("Description"))
    address = text(payload.get("Email"))
    match text(payload.get("RecordType")):
        case "Bounce" | "SpamComplaint":
            judge = _VERDICTS.get(kind)
            verdict = judge("", text(payload.get("Details"))) if judge else Verdict.NONE
        case "SubscriptionChange" if payload.get("SuppressSending") is True:
            kind, address = text(payload.get("SuppressionReason")), text(payload.get("Recipient"))
            verdict = Verdict.HARD if kind == "HardBounce" else Verdict.NONE
            why = f"{kind}, says {text(payload.get('Origin')) or 'nobody'}"
        case _:
            return []
    mail = f"postmark {text(payload.get('MessageID'), 100)}"
    if kind == _COMPLAINT:
        return [Told("complaint", address, why or kind, mail)]
    if kind in _LEAVES:
        return [Told("leave", address, why or kind, mail)]
    return [Told("bounce", address, why or kind, mail, verdict)]
