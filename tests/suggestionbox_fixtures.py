"""Fixtures for tests of suggestions; a module of their own, because pytest loads it as a plugin."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from conftest import WordEmbedder
from newsroom import Clock, make_project
from suggestionbox import OPERATOR, PAGE, Web

from newsletter import Newsletter
from newsletter.entries.fetching import http_client
from subscribers.cadence import parse_cadence


@pytest.fixture
def web() -> Web:
    web = Web()
    web.put(PAGE)
    return web


@pytest.fixture
def read_by_two(tmp_path: Path, clock: Clock, web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsletter]:
    """Five entries are pulled; Ada and Bob read it. Servers are asked again at once.

    Its name is its own: a plugin that one file asks for is there for all files after it.
    """
    for pause in ("PAUSE", "ARXIV_PAUSE"):
        monkeypatch.setattr(f"newsletter.entries.spacing.{pause}", 0.0)
    http = http_client(httpx2.MockTransport(web))
    make_project(tmp_path, OPERATOR, entries=5)
    with Newsletter(tmp_path, clock=clock, embedder=WordEmbedder(), http=http) as newsletter:
        newsletter.pull()
        for name in ("Ada", "Bob"):
            cadence = parse_cadence("weekly", "friday", "08:00", "UTC")
            newsletter.subscribe(
                f"{name.lower()}@example.org", name=name, interests=["walking robots"], cadence=cadence
            )
        yield newsletter
