"""Fixtures of the editor's desk."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from deskroom import PASSWORD, Room, furnish


@pytest.fixture
def door(tmp_path: Path, quick_templates: None) -> Iterator[Room]:
    """A desk on one's own machine; nobody has come in."""
    with ExitStack() as stack:
        yield Room(furnish(tmp_path), stack)


@pytest.fixture
def room(door: Room) -> Room:
    """The same, with the editor at it."""
    return door.come_in()


@pytest.fixture
def gate(tmp_path: Path, quick_templates: None) -> Iterator[Room]:
    """A desk among the pages for readers; nobody has logged in."""
    with ExitStack() as stack:
        project = furnish(tmp_path, f'[web]\nstudio_password = "{PASSWORD}"\n')
        yield Room(project, stack, remote=True, base="/studio")
