"""Fixtures for tests of the pages; a module of their own, because pytest loads it as a plugin."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from newsroom import Clock
from website import NOON, Website, build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """The newsletter that every test gets a copy of."""
    folder = tmp_path_factory.mktemp("website")
    build(folder)
    return folder


@pytest.fixture
def website(built: Path, tmp_path: Path) -> Iterator[Website]:
    """The pages of a newsletter of the test's own."""
    project = shutil.copytree(built, tmp_path / "newsletter")
    with ExitStack() as stack:
        yield Website(project, Clock(NOON), stack)


@pytest.fixture(scope="module")
def still(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    """The same for tests that change nothing and leave the clock alone: they share it."""
    project = shutil.copytree(built, tmp_path_factory.mktemp("still") / "newsletter")
    with ExitStack() as stack:
        yield Website(project, Clock(NOON), stack)
