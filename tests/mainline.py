"""What tests of the main line share: a newsletter with entries, and short ways to fill it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from conftest import WordEmbedder
from newsroom import Clock, entry, make_project, parsed, write_entries

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from subscribers.cadence import parse_cadence

ADA, BOB = "ada@example.org", "bob@example.org"
Open = Callable[..., Newsletter]
SENT, DROPPED = DeliveryState.SENT, DeliveryState.DROPPED


@pytest.fixture
def clock(now: datetime) -> Clock:
    """Stands at Sunday noon, until it is set."""
    return Clock(now)


@pytest.fixture
def open_newsletter(tmp_path: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Open]:
    """Opens the newsletter of the test's folder; all are closed at the end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Newsletter(tmp_path, clock=clock, embedder=embedder))


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
    return {line for line in body.get_content().splitlines() if line.startswith("Study ")}


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
