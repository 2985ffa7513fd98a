"""Who serves, and who waits; one turn for cron; and how soon it ends when it is told to."""

import fcntl
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from commandline import Run, fails, start
from conftest import WordEmbedder
from mailserver import mail_server
from newsroom import SETTINGS, empty_database, entry, mails, write_entries
from serve_process import Hurried, ServeProcess, served, wait_for
from test_serving import ADA, ask, by_smtp, project_with, states
from test_serving import process as serving_process
from town import tell
from webhost import web_host

from newsletter import Newsletter, supervisor
from newsletter.ticks import NAMES, all_ticks

#: A clock as others have it.
NOW = Hurried(datetime.now(UTC), 1.0)
OTHER = "Another process serves this newsletter already. End it first, or let this one stand by with --standby."


def endings(project: Path) -> dict[str, str]:
    """Of every tick: how it ended last."""
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        return {name: tick.error or "well" for name, tick in all_ticks(newsletter.database).items()}


# -- one serves


@contextmanager
def somebody_serves(project: Path) -> Iterator[None]:
    """The lock is held, as a process holds it that serves."""
    with (project / supervisor.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.slow
def test_a_second_one_refuses_in_a_sentence_and_does_nothing(run: Run, tmp_path: Path) -> None:
    project = project_with(tmp_path)
    ask(project, ADA)
    with somebody_serves(project):
        fails(run("serve", "--project", project), OTHER)
    assert states(project) == ["queued"]


@pytest.mark.slow
def test_a_turn_for_cron_leaves_it_to_who_serves(run: Run, tmp_path: Path) -> None:
    project = project_with(tmp_path)
    ask(project, ADA)
    with somebody_serves(project):
        ran = run("tick", "--project", project)
    assert (ran.status, states(project)) == (0, ["queued"])
    assert "Another process serves this newsletter and does all of this." in ran.err


@pytest.mark.slow
def test_who_asks_whether_somebody_serves_keeps_nobody_from_serving(run: Run, tmp_path: Path) -> None:
    project, stop = project_with(tmp_path), threading.Event()
    (project / supervisor.LOCK).touch()

    def ask_on() -> None:
        while not stop.is_set():
            supervisor.is_serving(project)

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        for _ in range(20):
            ran = run("tick", "--project", project)
            assert (ran.status, "Another process" in ran.err) == (0, False), ran.err
    finally:
        stop.set()
        thread.join()


@pytest.mark.slow
def test_a_second_process_refuses_and_one_that_stands_by_takes_over(tmp_path: Path) -> None:
    project = project_with(tmp_path)
    first = ServeProcess(project, NOW).ready()
    second = ServeProcess(project, NOW, standby=True)
    try:
        assert wait_for(lambda: second.has_said("this one stands by"), 20)
        third = start("serve", "--project", project)
        _, err = third.communicate(timeout=30)
        assert (third.returncode, OTHER in err) == (1, True), err
        turn = start("tick", "--project", project)
        _, err = turn.communicate(timeout=30)
        assert (turn.returncode, "Another process serves" in err) == (0, True), err
        assert not second.serves
        killed = time.monotonic()
        first.kill()
        assert wait_for(lambda: second.serves, 10)
        after_kill = time.monotonic() - killed
        ask(project, ADA)
        assert wait_for(lambda: mails(project), 10)
        with _waiting(project) as fourth:
            ended = time.monotonic()
            second.end()
            assert wait_for(lambda: fourth.serves, 10)
            after_end = time.monotonic() - ended
            fourth.end()
    finally:
        for process in (first, second):
            if process.runs:
                process.kill()
    tell(f"taken over {after_kill:.2f} s after a kill, {after_end:.2f} s after the word to end")
    assert after_kill < 2
    assert after_end < 3


@contextmanager
def _waiting(project: Path) -> Iterator[ServeProcess]:
    process = ServeProcess(project, NOW, standby=True)
    try:
        assert wait_for(lambda: process.has_said("this one stands by"), 20)
        yield process
    finally:
        if process.runs:
            process.kill()


@pytest.mark.slow
def test_one_that_stands_by_ends_at_once(tmp_path: Path) -> None:
    project = project_with(tmp_path)
    with somebody_serves(project), _waiting(project) as process:
        assert process.end() < 2


# -- one turn


def settle(path: Path) -> None:
    """Nobody has written to it for a while."""
    os.utime(path, (time.time() - 60,) * 2)


def test_one_turn_does_all_that_is_due_once(run: Run, tmp_path: Path) -> None:
    project = due_project(tmp_path, "", readers=1)
    ask(project, ADA)
    for _ in range(2):
        assert run("tick", "--project", project).status == 0
        assert endings(project) == dict.fromkeys(NAMES, "well")
        assert states(project) == ["sent", "sent"]
    assert len(mails(project)) == 2


def test_a_source_that_fails_is_told_and_the_others_are_done(run: Run, tmp_path: Path) -> None:
    project = project_with(tmp_path)
    settle(project / "papers.jsonl")
    with (project / "newsletter.toml").open("a") as file:
        file.write('[[sources]]\nname = "lost"\nlocation = "lost.jsonl"\n')
    ask(project, ADA)
    ran = run("tick", "--project", project)
    assert (ran.status, "lost.jsonl" in ran.err) == (3, True), ran.err
    assert states(project) == ["sent"]
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        assert newsletter.count_entries() == 12


def test_a_broken_template_is_told_and_the_notices_leave(run: Run, tmp_path: Path) -> None:
    project = due_project(tmp_path, "", readers=1)
    (project / "templates/issue").mkdir(parents=True)
    (project / "templates/issue/issue.mjml").write_text("<mjml>{{ no such thing }}</mjml>")
    ask(project, "bob@example.org")
    ran = run("tick", "--project", project)
    assert (ran.status, "issue.mjml" in ran.err) == (3, True), ran.err
    assert states(project) == ["sent"]


@pytest.mark.slow
def test_two_turns_at_once_are_harmless(tmp_path: Path) -> None:
    project = project_with(tmp_path)
    everybody = [f"r{n}@example.org" for n in range(30)]
    ask(project, *everybody)
    turns = [start("tick", "--project", project) for _ in range(3)]
    for turn in turns:
        _, err = turn.communicate(timeout=60)
        assert (turn.returncode, "Traceback" in err) == (0, False), err
    assert Counter(states(project)) == {"sent": 30}
    assert len(mails(project)) == 30


# -- told to end, in the middle of each thing


def due_project(folder: Path, more: str, readers: int, entries: int = 12) -> Path:
    """Everybody is due at once."""
    project = project_with(folder, f'[cadence]\nfrequency = "daily"\nat = "00:00"\n{more}')
    settle(write_entries(project, [entry(n) for n in range(entries)]))
    with Newsletter(project, embedder=WordEmbedder(), clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as newsletter:
        for n in range(readers):
            newsletter.subscribe(f"r{n:04}@example.org", interests=["walking robots"])
    return project


@pytest.mark.slow
def test_it_ends_soon_while_a_server_drips(tmp_path: Path) -> None:
    asked = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(600):
            handler.wfile.write(b"<")
            asked.set()
            time.sleep(0.1)

    with web_host(drip) as host:
        (tmp_path / "newsletter.toml").write_text(f'{SETTINGS}[[sources]]\nname = "slow"\nlocation = "{host}/feed"\n')
        empty_database(tmp_path / "newsletter.db")
        with served(tmp_path, NOW) as process:
            assert asked.wait(20)
            took = process.end()
    tell(f"ended in {took:.2f} s")
    assert took < 5


@pytest.mark.slow
@pytest.mark.parametrize(("readers", "thinking"), [(4, 0.05), (1200, 0)])
def test_it_ends_soon_while_it_embeds_or_composes(tmp_path: Path, readers: int, thinking: float) -> None:
    project = due_project(tmp_path, "", readers, entries=400)
    with served(project, NOW, thinking=thinking) as process:
        assert wait_for(lambda: has_begun(project, "make"), 20)
        time.sleep(0.7)
        took = process.end()
    found = Counter(states(project))
    tell(f"ended in {took:.2f} s: {dict(found)}")
    assert took < 5
    assert found["uncertain"] == found["sending"] == found["claimed"] == 0
    with served(project, NOW):
        assert wait_for(lambda: Counter(states(project))["sent"] == readers, 90), Counter(states(project))


@pytest.mark.slow
def test_it_ends_soon_while_the_model_is_loaded(tmp_path: Path) -> None:
    """That takes ten seconds and more on a busy machine, in a process of its own."""
    project = due_project(tmp_path, "", readers=5, entries=600)
    with serving_process(project) as child:
        assert wait_for(lambda: has_begun(project, "make"), 30)
        time.sleep(1)
        told = time.monotonic()
        child.terminate()
        _, err = child.communicate(timeout=40)
        took = time.monotonic() - told
    assert (child.returncode, "Traceback" in err) == (0, False), err
    tell(f"ended in {took:.2f} s")
    assert took < 5
    assert states(project) == []


def has_begun(project: Path, name: str) -> bool:
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        found = all_ticks(newsletter.database).get(name)
    return found is not None and found.began_at is not None


@pytest.mark.slow
def test_the_message_in_hand_is_finished_where_a_server_takes_its_time(tmp_path: Path) -> None:
    with mail_server() as told:

        def slowly(_: str) -> None:
            time.sleep(1)

        told.on_recipient = slowly
        project = due_project(tmp_path, by_smtp(told.port), 20)
        with served(project, NOW) as process:
            assert wait_for(lambda: told.accepted, 30)
            took = process.end()
        found = Counter(states(project))
        tell(f"ended in {took:.2f} s: {dict(found)}")
        assert took < 5
        assert found == {"sent": len(told.accepted), "queued": 20 - len(told.accepted)}


@pytest.mark.slow
def test_it_ends_soon_while_nothing_happens(tmp_path: Path) -> None:
    with served(project_with(tmp_path), NOW) as process:
        time.sleep(1)
        took = process.end()
    tell(f"ended in {took:.2f} s")
    assert took < 3
