"""An issue of ten real papers, as the demo has them: what signing and rendering are measured and tried with."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from newsletter.issues.issue import Pick, ReasonKind, Section
from newsletter.rendering.card import Card
from newsletter.rendering.edition import shared_variables
from newsletter.rendering.look import look_in
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.templates import load_sources

PAPERS = Path(__file__).parents[1] / "newsletter" / "demo" / "papers.jsonl"


def ten_papers() -> tuple[dict[str, str], dict[str, Any], Recipe, dict[int, Card]]:
    """The shipped templates, the variables that all copies share, one reader's recipe, and the cards."""
    papers = [json.loads(line) for line in PAPERS.read_text("utf-8").splitlines()[:10]]
    cards = {
        n: Card(n, p["title"], p["url"], True, ", ".join(p["authors"][:3]), "arXiv", "12 Oct",
                tuple(p["summary"].split(". ")), None)
        for n, p in enumerate(papers, 1)
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
    return load_sources(Path("no overrides"), look_in()), shared, recipe, cards
