"""What tests of the main line share: a newsletter with entries, and short ways to fill it."""

import re
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import jinja2
import pytest
from conftest import WordEmbedder
from newsroom import Clock, entry, make_project, parsed, write_entries

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.entries.fetching import http_client
from newsletter.rendering.card import Card
from newsletter.rendering.edition import Edition, Reader, check
from newsletter.rendering.links import Signer
from newsletter.rendering.look import Look
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.templates import load_sources
from subscribers.cadence import parse_cadence

ADA, BOB = "ada@example.org", "bob@example.org"
Open = Callable[..., Newsletter]
SENT, DROPPED = DeliveryState.SENT, DeliveryState.DROPPED


@pytest.fixture(scope="session")
def quick_templates() -> Iterator[None]:
    """What is compiled is kept for the tests that ask for this, which have no network; own templates are read anew."""
    sources, compiled = cache(load_sources), dict[Hashable, Any]()
    tried: set[Hashable] = set()

    def compile_once(self: jinja2.Environment, source: str, name: str | None = None, *how: Any, **more: Any) -> Any:
        escaped = self.autoescape(name) if callable(self.autoescape) else self.autoescape
        lines = (self.trim_blocks, self.lstrip_blocks, self.keep_trailing_newline)
        known = (*self.filters, *self.tests, *self.extensions)
        same = (source, name, how, *more.items(), escaped, lines, known)
        if same not in compiled:
            compiled[same] = compile_plainly(self, source, name, *how, **more)
        return compiled[same]

    def load(folder: Path, look: Look) -> dict[str, str]:
        return load_sources(folder, look) if folder.exists() else dict(sources(Path("/no-such-folder"), look))

    def try_once(edition: Edition, recipe: Recipe, cards: Mapping[int, Card], reader: Reader, signer: Signer) -> None:
        # What went well goes well again; whose key signs its links changes nothing in that.
        same = (edition.dump(), recipe.dump(), reader, *(cards[pick.entry_id] for pick in recipe.picks))
        if same not in tried:
            check(edition, recipe, cards, reader, signer)
            tried.add(same)

    def offline(**options: Any) -> httpx2.Client:
        # Without a network there is no reading of certificates, which takes longer than most tests.
        return http_client(httpx2.MockTransport(refuse))

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("there is no network in a test")

    compile_plainly = jinja2.Environment.compile
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", compile_once)
        patch.setattr("newsletter.press.load_sources", load)
        patch.setattr("newsletter.press.check", try_once)
        patch.setattr("newsletter.sourcing.http_client", offline)
        yield


@pytest.fixture
def clock(now: datetime, quick_templates: None) -> Clock:
    """Stands at Sunday noon, until it is set."""
    return Clock(now)


@pytest.fixture
def open_newsletter(tmp_path: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Open]:
    """Opens the newsletter of the test's folder; all are closed at the end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Newsletter(tmp_path, clock=clock, embedder=embedder))


def change_settings(project: Path, old: str, new: str) -> None:
    """Edit the settings' file; who opens the newsletter after that goes by it."""
    path = project / "newsletter.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def newsletter(tmp_path: Path, open_newsletter: Open) -> Newsletter:
    """Twelve entries are pulled, nobody is subscribed."""
    newsletter = (make_project(tmp_path), open_newsletter())[1]
    newsletter.pull()
    return newsletter


def subscribe(
    newsletter: Newsletter,
    address: str = ADA,
    interests: tuple[str, ...] = ("walking robots",),
    cadence: tuple[str, str, str, str] = ("weekly", "friday", "08:00", "UTC"),
) -> None:
    newsletter.subscribe(address, interests=interests, cadence=parse_cadence(*cadence))


def titles(message: bytes) -> set[str]:
    """The entries in a message, by the titles in its text part."""
    body = parsed(message).get_body(("plain",))
    assert body is not None
    numbered = (re.fullmatch(r"\d+\. (Study .*)", line) for line in body.get_content().splitlines())
    return {found[1] for found in numbered if found}


def bring(newsletter: Newsletter, start: int, count: int = 8) -> None:
    write_entries(newsletter.project, [entry(n) for n in range(start, start + count)])
    newsletter.pull()


def rows(project: Path) -> dict[str, int]:
    """How many rows every table has."""
    db = sqlite3.connect(project / "newsletter.db")
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    db.close()
    return found
