"""What tests of signatures share: keys made once, their records in a DNS of our own, a real issue, a judge."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from dkim import DKIM, ValidationError
from ten_papers import ten_papers

from newsletter.delivery.signing_keys import SigningKey
from newsletter.rendering.edition import Body, Edition, Reader
from newsletter.rendering.links import Signer
from newsletter.rendering.message import Letterhead

DOMAIN = "news.example.org"
LINKS = Signer("https://news.example.org", {1: b"k" * 32})
READER = Reader(7, "ada@example.com")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)

Dns = Callable[..., bytes | None]


@cache
def _rsa(bits: int) -> RSAPrivateKey:
    """Finding one takes a while."""
    return generate_private_key(65_537, bits)


def rsa_key(selector: str = "s1", bits: int = 2_048) -> SigningKey:
    return SigningKey(selector, _rsa(bits))


@cache
def ed25519_key(selector: str = "e1") -> SigningKey:
    return SigningKey(selector, Ed25519PrivateKey.generate())


def dns(keys: Iterable[SigningKey], domain: str = DOMAIN) -> Dns:
    """Answers as dkimpy asks: by name, with a dot at its end."""
    records = {f"{record.name}.".encode(): record.value.encode() for record in (key.record(domain) for key in keys)}
    return lambda name, timeout=5: records.get(name)


def verdicts(signed: bytes, keys: Sequence[SigningKey], domain: str = DOMAIN) -> list[bool]:
    """What dkimpy says about each signature of the message, the topmost first."""
    judge = DKIM(signed)
    count = sum(name == b"DKIM-Signature" for name, _ in judge.headers)
    return [_verdict(judge, n, dns(keys, domain)) for n in range(count)]


def _verdict(judge: DKIM, number: int, records: Dns) -> bool:
    try:
        return bool(judge.verify(idx=number, dnsfunc=records))
    except ValidationError:  # another body
        return False


def an_issue(
    *, title: str = "Paper Robots", name: str = "Ada", address: str = "papers@news.example.org", subject: str = ""
) -> bytes:
    """A whole issue of ten real papers."""
    body = _body()
    body = replace(body, subject=subject or body.subject)
    letterhead = Letterhead(title=title, address=address, issue="weekly-2026-11-27")
    return letterhead.message(body, subscriber_id=7, name=name, address=READER.address, date=NOON, signer=LINKS)


@cache
def _body() -> Body:
    sources, shared, recipe, cards = ten_papers()
    return Edition(sources, shared).assemble(recipe, cards, READER, LINKS)
