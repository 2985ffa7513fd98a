"""Mailgun: a call is signed by its time and a token (not by what it says); failures, complaints, unsubscriptions."""

import hmac
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

from newsletter.delivery.verdicts import Verdict
from newsletter.readers.correspondence import Kind, Told
from newsletter.web.hooks import judging
from newsletter.web.hooks.payload import Payload, part, text

#: A call is good for so long.
FRESH = timedelta(minutes=15)
#: Mailgun's own codes and reasons for not even trying: what happened before at this address.
_BOUNCED, _LEFT, _COMPLAINED = (
    ("605", "suppress-bounce"),
    ("606", "suppress-unsubscribe"),
    ("607", "suppress-complaint"),
)


def is_genuine(payload: Payload, key: str) -> bool:
    """Is the call signed with that key?"""
    signature = part(payload, "signature")
    signed = text(signature.get("timestamp")) + text(signature.get("token"))
    good = hmac.digest(key.encode(), signed.encode(), "sha256").hex()
    return hmac.compare_digest(good.encode(), text(signature.get("signature")).lower().encode())


def is_fresh(payload: Payload, now: datetime) -> bool:
    """Was it signed just now?"""
    stamp = text(part(payload, "signature").get("timestamp"), 20)
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        return False
    return abs(now - datetime.fromtimestamp(int(stamp), UTC)) <= FRESH


def token(payload: Payload) -> str:
    """What is good for one event only."""
    return text(part(payload, "signature").get("token"))


def identity(payload: Payload) -> tuple[str, ...]:
    """What tells one event from another: Mailgun's ids alone are unique within a day."""
    event = part(payload, "event-data")
    return tuple(text(event.get(name)) for name in ("id", "timestamp", "event", "recipient"))


def told(payload: Payload) -> list[Told]:
    """What follows from a call; nothing for deliveries, for what is tried again, and for what we do not know."""
    event = part(payload, "event-data")
    headers, status = part(event, "message", "headers"), part(event, "delivery-status")
    code, reason = text(status.get("code")), text(event.get("reason"))
    said = (text(status.get("enhanced-code")), code, text(status.get("message")), text(status.get("description")))
    words = " ".join(filter(None, said)) or reason
    what, verdict = _judged(text(event.get("event")), text(event.get("severity")), code, reason, said[0], words)
    if what is None:
        return []
    message_id = text(headers.get("message-id")).strip("<> ")
    return [
        Told(
            what,
            text(event.get("recipient")) or parseaddr(text(headers.get("to")))[1],
            words or text(part(event, "reject").get("reason")) or what,
            f"mailgun {message_id[:200]}",
            verdict,
            senders=(text(part(event, "envelope").get("sender")),),
            message_ids=(f"<{message_id}>",),
        )
    ]


def _judged(event: str, severity: str, code: str, reason: str, status: str, words: str) -> tuple[Kind | None, Verdict]:
    match event:
        case "complained":
            return "complaint", Verdict.NONE
        case "unsubscribed":
            return "leave", Verdict.NONE
        case "rejected":  # by Mailgun itself
            return "bounce", Verdict.OURS
        case "failed" if severity == "permanent":
            pass
        case _:
            return None, Verdict.NONE
    if code == _COMPLAINED[0] or reason == _COMPLAINED[1]:
        return "complaint", Verdict.NONE
    if code == _LEFT[0] or reason == _LEFT[1]:
        return "leave", Verdict.NONE
    if code == _BOUNCED[0] or reason == _BOUNCED[1]:
        return "bounce", Verdict.HARD
    if reason == "bounce":
        return "bounce", judging.for_good(status, words)
    if reason == "espblock":
        return "bounce", judging.ours(status, words)
    return "bounce", judging.for_now(status, words)  # "generic", and "old": it was tried for hours
