"""`newsletter serve`: pages, mail and notices in one process, told in sentences, light, and stopped with care."""

import io
import json
import re
import signal
import smtplib
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from commandline import Run, fails, start
from mailserver import HANG_UP, SILENCE, MailServer, free_port, mail_server
from newsroom import SETTINGS, mails, make_project, parsed, recipients

from newsletter import Newsletter, serving
from newsletter.logs import Log
from newsletter.schedule import Pace
from newsletter.settings import load
from subscribers.evidence import Origin

QUICK = Pace(pull=0.2, make=0.2, deliver=0.1, tend=0.2)
ADA, OURS = "ada@example.org", "papers@news.example.org"
PAGE = Origin("page", "https://news.example.org/")


def wait_for(ready: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def ask(project: Path, *addresses: str) -> None:
    """People ask for the newsletter on a page."""
    with Newsletter(project) as newsletter:
        for address in addresses:
            newsletter.readers.request(address, words="Send it to me", origin=PAGE)


def states(project: Path) -> list[str]:
    """Of every delivery."""
    with Newsletter(project) as newsletter:
        return [row[0] for row in newsletter.database.conn.execute("SELECT state FROM deliveries ORDER BY id")]


class Serving(io.StringIO):
    """What a test sees of it while it runs in a thread of the test's."""

    def __init__(self, project: Path, port: int) -> None:
        super().__init__()
        self.project, self.port = project, port
        self.told: list[str] = []
        #: what went wrong, and that it works again
        self.troubles: list[str] = []

    def write(self, line: str) -> int:
        """Of its log."""
        found = json.loads(line)
        self.told.append(found["event"])
        if found["level"] != "info" or found["event"].endswith("works again."):
            self.troubles.append(found.get("why", found["event"]))
        return len(line)

    def get(self, path: str = "/") -> tuple[int, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return int(answer.status), answer.read().decode()


@contextmanager
def serve(project: Path, patch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """Serves in a thread until the block ends; whatever it raises is raised there."""
    made: list[uvicorn.Server] = []
    make = serving.server_of

    def kept(*arguments: object) -> uvicorn.Server:
        made.append(make(*arguments))  # type: ignore[arg-type]
        return made[0]

    patch.setattr(serving, "server_of", kept)
    found = Serving(project, load(project).web.port)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            serving.serve(project, Log(found, human=False), pace=QUICK)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_for(lambda: raised or (made and made[0].started))
        if not raised:
            yield found
    finally:
        if made:
            made[0].should_exit = True
        thread.join(20)
        assert not thread.is_alive()
        if raised:
            raise raised[0]


def project_with(folder: Path, more: str = "", *, settings: str = SETTINGS) -> Path:
    return make_project(folder / "news", f"[web]\nport = {free_port()}\n{more}", settings=settings)


def by_smtp(port: int) -> str:
    return (
        f'[delivery]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\ntimeout = 5\n'
    )


# -- what it does


def test_pages_are_served_and_what_they_are_asked_for_is_mailed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_with(tmp_path)
    ask(project, ADA)
    with serve(project, monkeypatch) as served:
        status, page = served.get()
        assert (status, "Paper Robots" in page) == (200, True)
        wait_for(lambda: mails(project))
    assert f"Pages on http://127.0.0.1:{served.port}, for https://news.example.org." in served.told
    assert recipients(mails(project)) == [ADA]


def test_mail_comes_in_by_lmtp_and_its_answer_leaves_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    project = project_with(tmp_path, f'[mailbox]\nreceive = "lmtp"\nlmtp_port = {port}\n')
    raw = f"From: {ADA}\r\nTo: {OURS}\r\nSubject: subscribe\r\n\r\nwalking robots\r\n"
    with serve(project, monkeypatch) as served:
        assert f"Mail by LMTP on 127.0.0.1:{port}." in served.told
        with smtplib.LMTP("127.0.0.1", port, timeout=10) as client:
            client.sendmail(ADA, [OURS], raw)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail(ADA, ["nobody@news.example.org"], raw)
        wait_for(lambda: mails(project), 5)
    assert recipients(mails(project)) == [ADA]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@pytest.mark.slow
def test_a_server_that_is_down_is_told_once_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server() as told:
        told.answers["MAIL"] = HANG_UP
        project = project_with(tmp_path, by_smtp(told.port))
        ask(project, ADA)
        with serve(project, monkeypatch) as served:
            wait_for(lambda: served.troubles)
            tries = told.connections
            wait_for(lambda: told.connections > tries + 3)
            (trouble,) = served.troubles
            assert f"127.0.0.1:{told.port} closed the connection again and again" in trouble
            del told.answers["MAIL"]
            wait_for(lambda: told.accepted)
            wait_for(lambda: served.troubles[1:])
        assert served.troubles[1:] == ["deliver works again."]
    assert [mail.recipients for mail in told.accepted] == [(ADA,)]


@pytest.mark.slow
def test_a_fault_in_one_round_is_told_once_without_its_words_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_with(tmp_path)
    ask(project, ADA)
    deliver, broken = Newsletter.deliver, threading.Event()
    broken.set()

    def sometimes(self: Newsletter) -> object:
        if broken.is_set():
            raise ValueError(f"{ADA} has broken it")
        return deliver(self)

    monkeypatch.setattr(Newsletter, "deliver", sometimes)
    with serve(project, monkeypatch) as served:
        wait_for(lambda: served.troubles)
        time.sleep(0.2)
        broken.clear()
        wait_for(lambda: mails(project))
        wait_for(lambda: served.troubles[1:])
    trouble, relief = served.troubles
    assert re.fullmatch(r"It is a fault of the program: ValueError in test_serving.py, line \d+\.", trouble)
    assert relief == "deliver works again."


@pytest.mark.slow
def test_what_time_brings_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = project_with(tmp_path)
    done = threading.Event()
    monkeypatch.setattr(Newsletter, "tend", lambda self: done.set())
    with serve(project, monkeypatch):
        assert done.wait(10)


# -- what may be wrong is a sentence, and the process ends


def test_a_port_that_is_taken_is_a_sentence_and_nothing_was_begun(run: Run, tmp_path: Path) -> None:
    project = project_with(tmp_path)
    ask(project, ADA)
    port = load(project).web.port
    with socket.create_server(("127.0.0.1", port)):
        fails(
            run("serve", "--project", project),
            f"newsletter: The pages cannot be served on 127.0.0.1:{port}: Address already in use. Set another web.port",
        )
    assert states(project) == ["queued"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('host = "192.0.2.1"\n', "The pages cannot be served on 192.0.2.1:"),
        ('host = "no such host"\n', "The pages cannot be served on no such host:"),
        ('[mailbox]\nreceive = "imap"\n', "mailbox.imap_host is not set"),
        ('[mailbox]\nreceive = "lmtp"\nlmtp_host = "0.0.0.0"\n', "LMTP knows no login"),
        ('[mailbox]\nreceive = "pigeons"\n', "mailbox.receive in "),
        ('[delivery]\ntransport = "smtp"\n', "smtp.host is not set"),
    ],
)
def test_settings_that_cannot_work_are_a_sentence(run: Run, tmp_path: Path, more: str, words: str) -> None:
    fails(run("serve", "--project", project_with(tmp_path, more)), words)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SETTINGS.replace("postal_address", "# "), "postal_address is not set in "),
        (
            SETTINGS.replace("news.example.org", "news.example.com")
            + '[delivery]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\n',
            "is still an example",
        ),
        ("title = \n", "is not valid TOML"),
    ],
)
def test_settings_that_are_not_finished_are_a_sentence(run: Run, tmp_path: Path, settings: str, words: str) -> None:
    project = make_project(tmp_path / "news", settings=settings)
    fails(run("serve", "--project", project), words)


def test_a_lmtp_port_that_is_taken_is_a_sentence(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        project = project_with(tmp_path, f'[mailbox]\nreceive = "lmtp"\nlmtp_port = {port}\n')
        fails(run("serve", "--project", project), f"LMTP cannot listen on 127.0.0.1:{port}: Address already in use")


def test_a_database_that_is_none_is_a_sentence(run: Run, tmp_path: Path) -> None:
    project = project_with(tmp_path)
    (project / "newsletter.db").write_bytes(b"no database at all " * 500)
    fails(run("serve", "--project", project), "newsletter.db is not a database of this program")


# -- in a process of its own


@contextmanager
def process(project: Path) -> Iterator[subprocess.Popen[str]]:
    """`newsletter serve`, once its pages are there; it is ended at the end whatever happens."""
    child = start("serve", "--project", project)
    try:
        assert child.stderr
        assert any("Pages on" in line for line in iter(child.stderr.readline, ""))
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def memory_of(child: subprocess.Popen[str]) -> float:
    """Resident, in MB."""
    status = Path(f"/proc/{child.pid}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_light_loads_no_model_and_ends_at_once_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    project = project_with(tmp_path, f'[mailbox]\nreceive = "lmtp"\nlmtp_port = {free_port()}\n')
    ask(project, ADA)
    with process(project) as child:
        port = load(project).web.port
        for path in ("/", "/archive", "/privacy", "/matching?q=walking+robots"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                assert answer.status == 200
        wait_for(lambda: mails(project))
        assert memory_of(child) < 150
        maps = Path(f"/proc/{child.pid}/maps").read_text("utf-8")
        assert "sqlite" in maps
        assert "torch" not in maps
        begun = time.monotonic()
        child.send_signal(number)
        _, err = child.communicate(timeout=10)
        assert time.monotonic() - begun < 5
    assert (child.returncode, "Traceback" in err) == (0, False), err


class Slow:
    """Takes its time for every message that it has, at most so many seconds."""

    def __init__(self, told: MailServer, seconds: float) -> None:
        self.waits, self.goes_on = threading.Event(), threading.Event()

        def slowly() -> None:
            self.waits.set()
            self.goes_on.wait(seconds)

        told.on_message = slowly


@pytest.mark.slow
def test_the_message_in_hand_is_finished_and_no_other_is_begun(tmp_path: Path) -> None:
    """Else it would be uncertain whether it was sent, and a person may wait for it in vain."""
    with mail_server() as told:
        slow = Slow(told, 0.5)
        project = project_with(tmp_path, by_smtp(told.port))
        ask(project, *[f"r{n}@example.org" for n in range(20)])
        with process(project) as child:
            assert slow.waits.wait(10)
            child.terminate()
            _, err = child.communicate(timeout=10)
            assert (child.returncode, "Traceback" in err) == (0, False), err
    found = states(project)
    assert set(found) == {"sent", "queued"}
    assert 1 <= found.count("sent") == len(told.accepted) <= 3


@pytest.mark.slow
def test_who_insists_ends_it_in_mid_message(tmp_path: Path) -> None:
    with mail_server() as told:
        arrived = threading.Event()
        told.answers["."], told.on_message = SILENCE, arrived.set
        project = project_with(tmp_path, by_smtp(told.port))
        ask(project, ADA)
        with process(project) as child:
            assert arrived.wait(10)
            child.terminate()
            time.sleep(0.5)
            assert child.poll() is None
            child.terminate()
            child.communicate(timeout=3)
    assert child.returncode == -signal.SIGTERM
    assert told.accepted == []


@pytest.mark.slow
def test_after_a_kill_the_next_start_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = project_with(tmp_path)
    with process(project) as child:
        child.kill()
        child.communicate()
    ask(project, ADA)
    with serve(project, monkeypatch):
        wait_for(lambda: mails(project))
    assert parsed(mails(project)[0])["Subject"] == "Do you want Paper Robots?"
