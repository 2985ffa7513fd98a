"""Editions, cards and recipes to try the room with."""

import quopri
from pathlib import Path
from typing import Any

from newsletter.issues.issue import Pick, ReasonKind, Section
from newsletter.rendering.card import Card
from newsletter.rendering.edition import Body, Edition, Reader, shared_variables
from newsletter.rendering.intro import intro_html, intro_text
from newsletter.rendering.links import Signer
from newsletter.rendering.look import Look, look_in
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.templates import load_sources

KEYS = {1: b"1" * 32, 2: b"2" * 32}
BASE_URL = "https://news.example.org"
SIGNER = Signer(BASE_URL, KEYS)
READER = Reader(7, "ada@example.com")
NOWHERE = Path("no-such-folder")


def edition(
    overrides: Path = NOWHERE, *, brand: str = "#a8401c", look: Look | None = None, intro: str = "", **newsletter: str
) -> Edition:
    """A frozen issue from these templates."""
    look = look or look_in(brand=brand)
    names = {
        "title": "Paper Robots",
        "address": "papers@example.org",
        "postal_address": "1 Bridge Street",
        "base_url": BASE_URL,
        "language": "en",
        "replies": "yes",
    } | newsletter
    issue: dict[str, Any] = {
        "name": "weekly-2026-11-27",
        "date": "Friday, 27 November",
        "arrivals": "Twelve things to read came in this week",
        "count": 12,
    }
    shared = shared_variables(
        newsletter=names,
        issue=issue,
        intro_html=intro_html(intro),
        intro_text=intro_text(intro),
        longest_sentence=look.theme.sentence,
    )
    return Edition(load_sources(overrides, look), shared)


def card(n: int, title: str = "", **words: Any) -> Card:
    """An entry with an abstract of three sentences, unless told otherwise."""
    values: dict[str, Any] = {
        "link": f"https://example.com/{n}?a=1&b=2",
        "linked": True,
        "people": "N. One, T. Two",
        "source": "arXiv",
        "date": "21\u00a0Nov",
        "sentences": ("Bridges sing in the wind.", "We measured a hundred of them.", "Three sang well."),
        "likes": 1_234,
    }
    return Card(entry_id=n, title=title or f"Title {n}", **(values | words))


def pick(
    n: int,
    section: Section = Section.FOR_YOU,
    reason: ReasonKind = ReasonKind.INTEREST,
    words: str = "singing bridges",
    sentence: int | None = 0,
) -> Pick:
    return Pick(n, section, 0.5, reason, words, sentence)


def recipe(*picks: Pick, **words: Any) -> Recipe:
    values: dict[str, Any] = {
        "name": "Ada",
        "number": 3,
        "rhythm": "on Fridays at 08:00, Paris time",
        "part_of_day": "morning",
        "since": "3 March 2026",
        "next_date": "Friday, 4 December",
        "follows": True,
        "key_id": 2,
    }
    return Recipe(picks=picks, **(values | words))


def read(body: Body) -> tuple[str, str]:
    """HTML and text as a mail program sees them."""
    html, text = (
        quopri.decodestring(b"".join(part)).decode("utf-8").replace("\r\n", "\n") for part in (body.html, body.text)
    )
    return html, text
