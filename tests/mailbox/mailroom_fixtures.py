"""The mail room as a fixture; a module of its own, because pytest loads it as a plugin."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailroom import ADA, BOB, SETTINGS, Mailroom
from mainline import bring, subscribe
from newsroom import Clock, make_project

from newsletter import Newsletter


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """Made once: a project whose twelve entries are in the database."""
    project = make_project(tmp_path_factory.mktemp("stocked"), SETTINGS)
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
    return project


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, stocked: Path) -> Path:
    """Made once: Ada, who follows robots, and Bob, who follows forests, have had two issues each."""
    project = tmp_path_factory.mktemp("published") / "news"
    shutil.copytree(stocked, project)
    clock = Clock(datetime.fromisoformat("2026-11-22T12:00:00+00:00"))
    with Newsletter(project, clock=clock, embedder=WordEmbedder()) as newsletter:
        subscribe(newsletter, ADA)
        subscribe(newsletter, BOB, interests=("forests counted from satellites",))
        for day, first in (("2026-11-27 09:00", 100), ("2026-12-04 09:00", 200)):
            bring(newsletter, first, 12)
            clock.set(day)
            newsletter.send()
    return project


@pytest.fixture
def room(tmp_path: Path, stocked: Path, clock: Clock) -> Iterator[Mailroom]:
    """A newsletter that takes mail; nobody reads it yet."""
    project = tmp_path / "news"
    shutil.copytree(stocked, project)
    with ExitStack() as stack:
        yield Mailroom(project, clock, stack)


@pytest.fixture
def read_room(tmp_path: Path, published: Path, clock: Clock) -> Iterator[Mailroom]:
    """One that two people read, on the Friday of their second issue; its outbox holds their issues, unread."""
    project = tmp_path / "news"
    shutil.copytree(published, project)
    clock.set("2026-12-04 12:00")
    with ExitStack() as stack:
        yield Mailroom(project, clock, stack)
