"""Amazon SES: bounces, complaints and the like, in either shape (notifications, and events of a configuration set)."""

from newsletter.delivery.verdicts import Verdict, verdict_of
from newsletter.readers.correspondence import Kind, Told
from newsletter.web.hooks import judging
from newsletter.web.hooks.payload import Payload, part, parts, text, texts

#: Types of feedback (RFC 5965) that are no complaint of a person's.
_NO_COMPLAINTS = ("auth-failure", "dmarc", "not-spam", "virus")
#: Amazon does not even try: the address is on a list of dead ones.
_LISTED = ("Suppressed", "OnAccountSuppressionList")
#: It is about the mail.
_ABOUT_MAIL = ("MessageTooLarge", "ContentRejected", "AttachmentRejected")


def told(event: Payload) -> list[Told]:
    """What follows from an event, for each recipient; nothing for deliveries, clicks, and what we do not know."""
    mail = part(event, "mail")
    match text(event.get("eventType")) or text(event.get("notificationType")):
        case "Bounce":
            bounce = part(event, "bounce")
            return [
                _told("bounce", mail, text(one.get("emailAddress")), _words(bounce, one), _verdict(bounce, one))
                for one in parts(bounce.get("bouncedRecipients"))
            ]
        case "Complaint":
            complaint = part(event, "complaint")
            kind = text(complaint.get("complaintFeedbackType"))
            if kind.casefold() in _NO_COMPLAINTS:
                return []
            return [
                _told("complaint", mail, text(one.get("emailAddress")), kind or "complaint")
                for one in parts(complaint.get("complainedRecipients"))
            ]
        case "Reject":  # a virus, says Amazon, and sends it to nobody
            why = text(part(event, "reject").get("reason")) or "rejected by Amazon SES"
            return [_told("bounce", mail, one, why, Verdict.OURS) for one in texts(mail.get("destination"))]
        case "Subscription" if _wants_nothing(part(event, "subscription", "newTopicPreferences")):
            return [_told("leave", mail, one, "unsubscribed") for one in texts(mail.get("destination"))]
    return []


def _told(kind: Kind, mail: Payload, address: str, why: str, verdict: Verdict = Verdict.NONE) -> Told:
    wrote_to = texts(mail.get("destination"))
    # A report names the address that the mail was passed on to, if it was.
    address = wrote_to[0] if len(wrote_to) == 1 else address
    named = [text(part(mail, "commonHeaders").get("messageId"))]
    named += [text(h.get("value")) for h in parts(mail.get("headers")) if text(h.get("name")).lower() == "message-id"]
    return Told(
        kind,
        address,
        why,
        f"ses {text(mail.get('messageId'), 200)}",
        verdict,
        senders=(text(mail.get("source")),),
        message_ids=tuple(filter(None, named)),
    )


def _words(bounce: Payload, recipient: Payload) -> str:
    classes = f"{text(bounce.get('bounceType'))}, {text(bounce.get('bounceSubType'))}".strip(", ")
    return text(recipient.get("diagnosticCode")) or classes or "bounced"


def _verdict(bounce: Payload, recipient: Payload) -> Verdict:
    kind, sub = text(bounce.get("bounceType")), text(bounce.get("bounceSubType"))
    status, words = text(recipient.get("status")), text(recipient.get("diagnosticCode"))
    if kind == "Permanent" and sub in _LISTED:
        return Verdict.HARD
    if kind == "Permanent":
        return judging.for_good(status, words)
    if sub in _ABOUT_MAIL:
        return judging.ours(status, words)
    if sub == "MailboxFull":
        return Verdict.FULL
    if kind == "Transient" and sub == "General" and not (status or words):
        return Verdict.NONE  # so an out-of-office note is told, too
    return judging.for_now(status, words) if kind == "Transient" else verdict_of(status, words)


def _wants_nothing(wishes: Payload) -> bool:
    """Of all topics of a contact list, is none wanted any more?"""
    topics = [text(one.get("subscriptionStatus")) for one in parts(wishes.get("topicSubscriptionStatus"))]
    return wishes.get("unsubscribeAll") is True or (bool(topics) and set(topics) == {"OptOut"})
