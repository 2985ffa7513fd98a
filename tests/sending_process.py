"""A `newsletter` command in a process of its own, that can be killed.

It is the real command; only what turns words into vectors stands in for the model. It is forked from a process that
has imported everything, for tests that start hundreds: nobody learns anything from a second of imports each time.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["pytest", "sending_process", "newsletter.serving", "newsletter.cli.app"])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


class Command:
    """`newsletter …`, which begins at once."""

    def __init__(
        self,
        project: Path,
        *arguments: str,
        later: timedelta = timedelta(0),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`later`: so far its clock is ahead."""
        self._said = tempfile.TemporaryDirectory()
        self._out, self._err = Path(self._said.name) / "out", Path(self._said.name) / "err"
        order = (["newsletter", *arguments, "--project", str(project)], dict(environment or {}), later)
        self._child = _FORKING.Process(target=_become, args=(*order, str(self._out), str(self._err)))
        self._child.start()
        assert self._child.pid
        self.pid: int = self._child.pid

    @property
    def runs(self) -> bool:
        return self._child.is_alive()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> bool:
        """As `kill -9` does; False where it had ended by itself."""
        self._child.kill()
        self._child.join(20)
        self._said.cleanup()
        return self._child.exitcode == -signal.SIGKILL

    def ended(self, seconds: float = 120) -> Ended:
        """How it ended, when it has; whatever was wrong, it must say so in words."""
        self._child.join(seconds)
        status = self._child.exitcode
        assert status is not None, f"it still runs after {seconds} s"
        out, err = self._out.read_text("utf-8"), self._err.read_text("utf-8")
        self._said.cleanup()
        assert "Traceback" not in err, err
        return Ended(status, out, err)


# -- in the process itself


class _Words:
    """Stands where the model's process would be started."""

    name = "words"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Any:
        from conftest import WordEmbedder

        return WordEmbedder().embed(texts, progress)

    def close(self) -> None:
        """There is no process."""


def _become(command: list[str], environment: Mapping[str, str], later: timedelta, out: str, err: str) -> None:
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.update(environment)
    from newsletter import models, newsletter
    from newsletter.cli import main

    vars(models)["ModelProcess"] = _Words
    if later:
        vars(newsletter)["Newsletter"] = partial(newsletter.Newsletter, clock=lambda: datetime.now(UTC) + later)
    sys.argv = command
    main()
