"""What tests of the command line share: running a command in this process, or in one of its own."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder
from newsroom import make_project
from typer.main import get_command

from newsletter.cli import main

#: All commands, put together once: that takes longer than most of them, and a person does it once a process, too.
_commands = cache(get_command)

ADA, BOB = "ada@example.org", "bob@example.org"


class Words(WordEmbedder):
    """Stands where the model's process would be started."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def close(self) -> None:
        """There is no process."""


@dataclass(frozen=True)
class Ran:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status in (0, 3), self.err
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quick_templates: None) -> Run:
    """Runs a command line in this process, as `newsletter …` does."""
    monkeypatch.setattr("newsletter.models.ModelProcess", Words)
    monkeypatch.setattr("typer.main.get_command", _commands)

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["newsletter", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ran(int(end.value.code or 0), out, err)

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter with twelve entries to pull, in which we stand."""
    make_project(tmp_path / "news")
    monkeypatch.chdir(tmp_path / "news")
    return tmp_path / "news"


@pytest.fixture
def ready(project: Path, run: Run) -> Path:
    """Pulled, with two readers."""
    run("pull")
    for address in (ADA, BOB):
        run("subscribers", "add", address, "--interest", "walking robots", "--weekly", "friday", "08:00")
    return project


def fails(ran: Ran, *words: str, status: int = 1) -> None:
    """It ended with that status and one message on standard error, nothing on standard output."""
    assert (ran.status, ran.out) == (status, ""), ran.err
    assert ran.err.strip()
    for word in words:
        assert word in ran.err


def start(*arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "newsletter", *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@contextmanager
def silent_server() -> Iterator[tuple[int, Callable[[], None]]]:
    """A server that accepts and then says nothing: (port, wait until somebody came)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        taken: list[socket.socket] = []

        def accepted() -> None:
            taken.append(server.accept()[0])
            time.sleep(0.1)

        yield server.getsockname()[1], accepted
        for connection in taken:
            connection.close()
