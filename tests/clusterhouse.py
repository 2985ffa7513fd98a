"""A cluster for tests: a real scheduler and real workers, each a process of its own, on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

TESTS = Path(__file__).parent


class ClusterHouse:
    """Starts a scheduler, and workers as they are asked for; all end with it."""

    def __init__(self, folder: Path, *security: str) -> None:
        """`security` are options of Dask's commands, for TLS."""
        self._folder, self._security = folder, security
        self._contact = folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(self._contact))
        self.address: str = _patiently(lambda: json.loads(self._contact.read_text())["address"])

    def worker(self) -> subprocess.Popen[bytes]:
        """Another worker with one thread."""
        return self._start(
            "worker",
            *("--scheduler-file", str(self._contact), "--nthreads", "1", "--no-nanny", "--no-dashboard"),
            *("--memory-limit", "0", "--local-directory", str(self._folder)),
        )

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, *self._security]
        # Workers import what the tests do; a warning of theirs is no failure of ours.
        environment = os.environ | {"PYTHONPATH": str(TESTS), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
        log = (self._folder / f"{what}-{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self._folder)
        log.close()
        self._processes.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


@contextmanager
def cluster_of(folder: Path, workers: int, *security: str) -> Iterator[ClusterHouse]:
    """A cluster with so many workers."""
    folder.mkdir(exist_ok=True)
    with ClusterHouse(folder, *security) as house:
        for _ in range(workers):
            house.worker()
        yield house


def _patiently(ask: object, seconds: float = 30.0) -> str:
    until = time.monotonic() + seconds
    while True:
        try:
            return str(ask())  # type: ignore[operator]
        except (OSError, ValueError, KeyError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
