"""`kill -9` at any moment while mail goes into a folder, or issues are made: nothing is lost, nothing comes twice.

Before a mail server it is `test_delivery_killed.py` that counts.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder
from newsroom import mails, make_project, parsed, recipients
from processes import Process

from newsletter import Newsletter

SEND = "newsletter.send(now=True)"


def fill(project: Path, readers: int) -> list[str]:
    everybody = [f"r{n:03}@example.org" for n in range(readers)]
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address in everybody:
            newsletter.subscribe(address, interests=["walking robots"])
    return everybody


def kill_again_and_again(project: Path, kills: int, done: Callable[[], int], most: int, seed: int) -> int:
    """Start sending and kill it after a few messages, so many times; returns how many kills hit a running process."""
    chance = random.Random(seed)
    hit = 0
    for _ in range(kills):
        process = Process(project, SEND).go()
        goal = done() + chance.randint(0, most)
        while done() < goal and process.runs:
            time.sleep(0.0005)
        time.sleep(chance.random() * 0.01)
        hit += process.runs
        process.kill()
    return hit


def states(project: Path) -> dict[str, int]:
    """Copies by their state, when the last run has ended well."""
    Process(project, SEND).go().said()
    with Newsletter(project) as newsletter:
        return dict(newsletter.status().deliveries)


@pytest.mark.slow
def test_in_a_folder_every_message_is_there_once_and_whole(tmp_path: Path) -> None:
    make_project(tmp_path)
    everybody = fill(tmp_path, 200)
    outbox = tmp_path / "outbox"
    hit = kill_again_and_again(tmp_path, 10, lambda: len(list(outbox.glob("*.eml"))), 18, seed=2)
    assert hit > 0
    assert states(tmp_path) == {"sent": 200}
    assert recipients(mails(tmp_path)) == everybody
    assert {path.suffix for path in outbox.iterdir()} == {".eml"}
    with Newsletter(tmp_path) as newsletter:
        for message in mails(tmp_path):
            assert newsletter.preview(str(parsed(message)["to"])).message == message


@pytest.mark.slow
def test_killed_while_it_composes_or_pulls_it_goes_on_where_it_was(tmp_path: Path) -> None:
    make_project(tmp_path, entries=400)
    chance = random.Random(3)
    work = "newsletter.pull(); [newsletter.subscribe(f'r{n}@example.org') for n in range(5)]; newsletter.send(now=True)"
    for _ in range(8):
        process = Process(tmp_path, work).go()
        time.sleep(chance.random() * 0.6)
        process.kill()
    with Newsletter(tmp_path, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        assert newsletter.count_entries() == 400
        there = {person.address for person in newsletter.subscribers()}
        for address in {f"r{n}@example.org" for n in range(5)} - there:
            newsletter.subscribe(address)
        newsletter.send(now=True)
        assert newsletter.status().deliveries == {"sent": 5}
    assert recipients(mails(tmp_path)) == [f"r{n}@example.org" for n in range(5)]
