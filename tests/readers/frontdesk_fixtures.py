"""The desk as a fixture; a module of its own, because pytest loads it as a plugin."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import WordEmbedder
from frontdesk import MAILBOX, Desk
from newsroom import Clock, make_project

from newsletter import Newsletter


@pytest.fixture(scope="session")
def pulled(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """Made once: a project whose twelve entries are in the database."""
    project = make_project(tmp_path_factory.mktemp("pulled"), MAILBOX)
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
    return project


@pytest.fixture
def desk(tmp_path: Path, pulled: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Desk]:
    """The open newsletter, with short words for what tests ask of it."""
    project = tmp_path / "news"
    shutil.copytree(pulled, project)
    with ExitStack() as stack:
        yield Desk(lambda: stack.enter_context(Newsletter(project, clock=clock, embedder=embedder)), clock)
