"""How much faster a reader's copy is made by joining than by the plain ways; ratios of one run.

pytest tests/benchmarks --benchmark-only -n 0
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from mjml import mjml2html
from ten_papers import ten_papers

from newsletter.rendering.card import Card
from newsletter.rendering.edition import Edition, Reader
from newsletter.rendering.links import Signer
from newsletter.rendering.look import look_in
from newsletter.rendering.message import Letterhead
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.templates import COMPILED, DOCUMENT, shipped_templates

pytestmark = pytest.mark.slow
SIGNER = Signer("https://news.example.org", {1: b"k" * 32})
READER = Reader(7, "ada@example.org")
DATE = datetime(2026, 11, 27, 7, tzinfo=UTC)


def an_issue() -> tuple[Edition, Edition, Recipe, dict[int, Card]]:
    """Ten cards as in the demo: prepared, and with its MJML left uncompiled for the plain way."""
    sources, shared, recipe, cards = ten_papers()
    document = look_in().apply((shipped_templates() / DOCUMENT).read_text("utf-8"), DOCUMENT)
    uncompiled = sources | {COMPILED: document}
    return Edition(sources, shared), Edition(uncompiled, shared), recipe, cards


def seconds(way: Callable[[], Any], rounds: int) -> float:
    """Median time of one call, after one to warm up."""
    way()
    taken = []
    for _ in range(rounds):
        start = perf_counter()
        way()
        taken.append(perf_counter() - start)
    return median(taken)


def report(capsys: pytest.CaptureFixture[str], benchmark: Any, what: str, plain: float) -> None:
    ours = benchmark.stats.stats.median
    benchmark.extra_info["times faster"] = round(plain / ours, 1)
    with capsys.disabled():
        print(
            f"\n{what}: {plain * 1e6:,.0f} µs the plain way, {ours * 1e6:,.0f} µs ours: {plain / ours:.0f} times faster"
        )


def test_a_copy_against_jinja_and_mjml_for_each_reader(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    edition, uncompiled, recipe, cards = an_issue()

    def plain() -> tuple[str, str]:
        _, html, text = uncompiled.render_plainly(recipe, cards, READER, SIGNER)
        return mjml2html(html, fonts={}), text

    taken = seconds(plain, 100)
    body = benchmark(edition.assemble, recipe, cards, READER, SIGNER)
    report(capsys, benchmark, "A reader's HTML and text", taken)
    assert len(body.html) > len(recipe.picks)


def test_message_bytes_against_the_email_package(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    edition, _, recipe, cards = an_issue()
    letterhead = Letterhead(title="News", address="news@example.org", issue="weekly-2026-11-27")
    body = edition.assemble(recipe, cards, READER, SIGNER)
    subject, html, text = edition.render_plainly(recipe, cards, READER, SIGNER)

    def plain() -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = "News <news@example.org>", "Ada <ada@example.org>", subject
        message["Message-ID"], message["List-Id"] = letterhead.message_id(7), "News <news.example.org>"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        return message.as_bytes()

    def ours() -> bytes:
        return letterhead.message(
            body, subscriber_id=7, name="Ada", address="ada@example.org", date=DATE, signer=SIGNER
        )

    taken = seconds(plain, 50)
    message = benchmark(ours)
    report(capsys, benchmark, "Message bytes of both bodies", taken)
    assert message.startswith(b"From: ")
