"""Amazon SNS, which brings what SES tells: the envelope of a message, its signature, and whom an address belongs to."""

import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from newsletter.web.hooks.payload import Payload

NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
#: The same for what asks to confirm a subscription, or tells of its end.
_SIGNED_ABOUT = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_ABOUT = (CONFIRMATION, "UnsubscribeConfirmation")
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 — Amazon's default; the topic can be set to version 2
    "2": hashes.SHA256(),
}
_HOST = re.compile(r"sns\.[a-z]{2,3}(?:-[a-z]{2,12}){1,3}-\d{1,2}\.amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as SNS posts it; nothing in it is true before its signature is."""

    kind: str
    message_id: str
    topic: str
    message: str
    #: where an asked-for subscription is confirmed; empty for notifications
    subscribe_url: str
    certificate_url: str
    version: str
    signature: bytes
    #: what is signed
    signed: bytes
    at: datetime


def envelope_of(payload: Payload) -> Envelope:
    """Take a posted object apart. Raises `ValueError` where it is no message of SNS's."""
    kind = payload.get("Type")
    if kind not in (NOTIFICATION, *_ABOUT):
        raise ValueError("no message of SNS's")
    names = _SIGNED_ABOUT if kind in _ABOUT else _SIGNED
    needed = {*names, "SigningCertURL", "SignatureVersion", "Signature"} - {"Subject"}
    if any(not isinstance(payload.get(name), str) for name in needed):
        raise ValueError("a field is missing")
    if not isinstance(payload.get("Subject", ""), str | None):
        raise ValueError("the subject is no text")
    lines = [f"{name}\n{payload[name]}\n" for name in names if payload.get(name) is not None]
    at = datetime.fromisoformat(payload["Timestamp"])
    if at.tzinfo is None:
        raise ValueError("the time has no zone")
    return Envelope(
        kind=kind,
        message_id=payload["MessageId"],
        topic=payload["TopicArn"],
        message=payload["Message"],
        subscribe_url=payload["SubscribeURL"] if kind in _ABOUT else "",
        certificate_url=payload["SigningCertURL"],
        version=payload["SignatureVersion"],
        signature=b64decode(payload["Signature"], validate=True),
        signed="".join(lines).encode(),
        at=at,
    )


def is_certificate_url(url: str) -> bool:
    """Does a certificate at this address come from SNS?"""
    return _is_sns(url) and urlsplit(url).path.endswith(".pem")


def is_confirmation_url(url: str, topic: str) -> bool:
    """Does this address confirm a subscription to that topic, and nothing else?"""
    if not _is_sns(url):
        return False
    query = parse_qs(urlsplit(url).query)
    return query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [topic]


def is_genuine(envelope: Envelope, certificate: x509.Certificate, now: datetime) -> bool:
    """Has the owner of that certificate signed it, and is the certificate valid now?"""
    key, algorithm = certificate.public_key(), _HASHES.get(envelope.version)
    if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
        return False
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return False
    try:
        key.verify(envelope.signature, envelope.signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _is_sns(url: str) -> bool:
    """Exactly sns.REGION.amazonaws.com, by https, with no port and no login."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or len(url) > 2_000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None
