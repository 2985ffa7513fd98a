"""Fixtures for tests of calls by mail services; a module of their own, because pytest loads it as a plugin."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hookhouse import SETTINGS, Amazon, Hookhouse
from newsroom import Clock
from website import NOON

pytest_plugins = ("website_fixtures",)


@pytest.fixture(scope="session")
def one_amazon() -> Amazon:
    """Made once: its key takes its time."""
    return Amazon()


@pytest.fixture
def amazon(one_amazon: Amazon) -> Amazon:
    """Amazon SNS, asked for nothing yet."""
    one_amazon.asked, one_amazon.answers = [], {}
    return one_amazon


@pytest.fixture(scope="session")
def hooked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: the newsletter of the pages, with the secrets of all services."""
    project = tmp_path_factory.mktemp("hooked") / "newsletter"
    shutil.copytree(built, project)
    with (project / "newsletter.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    return project


@pytest.fixture
def house(hooked: Path, tmp_path: Path, amazon: Amazon) -> Iterator[Hookhouse]:
    """A newsletter of the test's own that services call."""
    project = shutil.copytree(hooked, tmp_path / "newsletter")
    with ExitStack() as stack:
        yield Hookhouse(project, Clock(NOON), amazon, stack)
