"""What a supervisor hears from `newsletter serve`, and what it may ask: ready, alive, stuck, stopping."""

import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from commandline import start
from mailserver import mail_server
from serve_process import Hurried, served, wait_for
from test_serving import ADA, ask, by_smtp, project_with
from town import tell

from newsletter.settings import load

pytestmark = pytest.mark.slow


class Supervisor:
    """Listens as systemd does, and notes when it heard what."""

    def __init__(self, address: Path) -> None:
        self.heard: list[tuple[float, str]] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(address))
        self.socket.settimeout(0.2)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self) -> None:
        while not self.stop.is_set():
            try:
                self.heard.append((time.monotonic(), self.socket.recv(4096).decode()))
            except TimeoutError:
                continue

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        self.socket.close()

    @property
    def words(self) -> list[str]:
        return [word for _, word in self.heard]

    def times(self, word: str) -> list[float]:
        return [at for at, said in self.heard if said == word]


@contextmanager
def supervised(
    project: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *, watchdog: float = 0
) -> Iterator[tuple[Supervisor, "subprocess.Popen[str]"]]:
    """`newsletter serve` under a supervisor; it is ended at the end whatever happens."""
    supervisor = Supervisor(folder / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
    if watchdog:
        monkeypatch.setenv("WATCHDOG_USEC", str(int(watchdog * 1_000_000)))
    child = start("serve", "--project", project)
    try:
        assert wait_for(lambda: "READY=1" in supervisor.words or child.poll() is not None, 30)
        yield supervisor, child
    finally:
        child.kill()
        child.communicate()
        supervisor.close()


def asked(project: Path, path: str) -> tuple[int, str]:
    port = load(project).web.port
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except urllib.error.URLError as error:
        return 0, str(error)


def stopped(child: "subprocess.Popen[str]") -> float:
    """Tell it to end; returns the seconds that it takes."""
    began = time.monotonic()
    child.terminate()
    _, err = child.communicate(timeout=20)
    assert (child.returncode, "Traceback" in err) == (0, False), err
    return time.monotonic() - began


def test_it_says_that_it_is_ready_alive_in_time_and_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = project_with(tmp_path)
    with supervised(project, tmp_path, monkeypatch, watchdog=1.5) as (supervisor, child):
        # Who is told that it is ready may ask for a page at once.
        assert asked(project, "/healthz") == (200, "ok")
        assert wait_for(lambda: asked(project, "/readyz") == (200, "ready"), 20)
        assert wait_for(lambda: len(supervisor.times("WATCHDOG=1")) >= 6, 20)
        took = stopped(child)
        supervisor.stop.wait(0.5)
    assert supervisor.words[0] == "READY=1"
    assert supervisor.words.count("READY=1") == supervisor.words.count("STOPPING=1") == 1
    alive = supervisor.times("WATCHDOG=1")
    gaps = [after - before for before, after in pairwise(alive)]
    tell(f"alive every {max(gaps):.2f} s at most, of 1.5 s; ended in {took:.2f} s")
    assert max(gaps) < 1.5
    assert alive[0] - supervisor.times("READY=1")[0] < 1.5
    assert took < 5


def test_a_tick_that_is_stuck_is_told_and_the_watchdog_hears_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server that says nothing for longer than a tick may take, which is four seconds here."""
    supervisor, goes_on = Supervisor(tmp_path / "notify"), threading.Event()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "900000")
    with mail_server() as told:

        def silent(_: str) -> None:
            goes_on.wait(30)

        told.on_recipient = silent
        project = project_with(tmp_path, by_smtp(told.port))
        try:
            with served(project, Hurried(datetime.now(UTC), 1.0), stuck=4) as process:
                assert wait_for(lambda: asked(project, "/readyz") == (200, "ready"), 20)
                ask(project, ADA)
                assert wait_for(lambda: "deliver" in asked(project, "/readyz")[1], 15)
                status, why = asked(project, "/readyz")
                # Moments are kept in whole seconds, and here it ended and began in one.
                stuck = r"deliver (began at [-:\d ]{16} UTC and has not ended|has not run since [-:\d ]{16} UTC)"
                assert re.fullmatch(stuck, why)
                assert (status, asked(project, "/healthz")) == (503, (200, "ok"))
                before = len(supervisor.times("WATCHDOG=1"))
                assert before > 0
                time.sleep(2)
                assert len(supervisor.times("WATCHDOG=1")) - before <= 1  # one that was on its way
                goes_on.set()
                assert wait_for(lambda: asked(project, "/readyz") == (200, "ready"), 10)
                assert wait_for(lambda: len(supervisor.times("WATCHDOG=1")) > before + 2, 10)
                assert process.end() < 5
        finally:
            goes_on.set()
            supervisor.close()
    assert [mail.recipients for mail in told.accepted] == [(ADA,)]
