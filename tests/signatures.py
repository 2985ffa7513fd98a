"""What tests of signatures share: keys made once, their records in a DNS of our own, a real issue, a judge."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from dkim import DKIM, ValidationError

from newsletter.delivery.signing_keys import SigningKey
from newsletter.issues.issue import Pick, ReasonKind, Section
from newsletter.rendering.card import Card
from newsletter.rendering.edition import Body, Edition, Reader, shared_variables
from newsletter.rendering.links import Signer
from newsletter.rendering.message import Letterhead
from newsletter.rendering.palette import palette_for
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.templates import load_sources

DOMAIN = "news.example.org"
LINKS = Signer("https://news.example.org", {1: b"k" * 32})
READER = Reader(7, "ada@example.com")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
_PAPERS = Path(__file__).parents[1] / "newsletter" / "demo" / "papers.jsonl"

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
    papers = [json.loads(line) for line in _PAPERS.read_text("utf-8").splitlines()[:10]]
    cards = {
        n: Card(n, paper["title"], paper["url"], True, ", ".join(paper["authors"][:3]), "arXiv", "12 Oct",
                tuple(paper["summary"].split(". ")), None)
        for n, paper in enumerate(papers, 1)
    }  # fmt: skip
    picks = tuple(Pick(n, Section.FOR_YOU, 0.5, ReasonKind.INTEREST, "graph neural networks", n % 3) for n in cards)
    recipe = Recipe(picks, "Ada", 12, "on Fridays at 08:00, Paris time", "morning", "3 March 2026",
                    "Friday, 4 December", True, 1)  # fmt: skip
    newsletter = dict.fromkeys(("title", "address", "postal_address"), "News") | {
        "base_url": "https://news.example.org",
        "language": "en",
        "replies": "yes",
    }
    issue = {"name": "weekly-2026-11-27", "date": f"{date(2026, 11, 27):%A}", "arrivals": "54 things", "count": 54}
    shared = shared_variables(newsletter=newsletter, issue=issue, intro_html="", intro_text="")
    sources = load_sources(Path("no overrides"), palette_for("#a8401c"))
    return Edition(sources, shared).assemble(recipe, cards, READER, LINKS)
