"""`kill -9` at any moment: nothing is lost, nothing comes twice, and what is uncertain is shown."""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import MailServer, mail_server
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


def by_smtp(project: Path, told: MailServer, on_uncertain: str) -> None:
    smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\n'
    make_project(project, f'\n[delivery]\ntransport = "smtp"\non_uncertain = "{on_uncertain}"\n{smtp}')

    def slowly(_: str) -> None:
        time.sleep(0.003)

    told.on_recipient = slowly


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


def uncertain(project: Path) -> list[str]:
    """Whose copy is uncertain, when the last run has ended well."""
    Process(project, SEND).go().said()
    with Newsletter(project) as newsletter:
        by_state = newsletter.status().deliveries
        addresses = {person.id: person.address for person in newsletter.subscribers()}
        rows = newsletter._db.conn.execute("SELECT subscriber_id FROM deliveries WHERE state = 'uncertain'").fetchall()
    assert by_state.get("uncertain", 0) == len(rows)
    assert by_state.keys() <= {"sent", "uncertain"}
    return [addresses[subscriber_id] for (subscriber_id,) in rows]


@pytest.mark.slow
@pytest.mark.parametrize(("readers", "kills"), [(40, 2), (200, 10)])
def test_by_smtp_nobody_is_lost_and_nobody_gets_two(tmp_path: Path, readers: int, kills: int) -> None:
    with mail_server() as told:
        by_smtp(tmp_path, told, "hold")
        everybody = fill(tmp_path, readers)
        hit = kill_again_and_again(tmp_path, kills, lambda: len(told.accepted), readers // kills - 2, seed=readers)
        open_ = uncertain(tmp_path)
    got = Counter(mail.recipients[0] for mail in told.accepted)
    assert set(got.values()) == {1}
    assert set(got) | set(open_) == set(everybody)
    assert len(open_) <= hit
    assert hit > 0


@pytest.mark.slow
def test_by_smtp_with_resend_everybody_gets_it_and_a_repetition_can_be_told(tmp_path: Path) -> None:
    with mail_server() as told:
        by_smtp(tmp_path, told, "resend")
        everybody = fill(tmp_path, 100)
        hit = kill_again_and_again(tmp_path, 6, lambda: len(told.accepted), 14, seed=1)
        assert uncertain(tmp_path) == []
    got = Counter(mail.recipients[0] for mail in told.accepted)
    assert set(got) == set(everybody)
    assert sum(got.values()) - len(everybody) <= hit
    for address in everybody:
        assert len({mail.content for mail in told.accepted if mail.recipients == (address,)}) == 1


@pytest.mark.slow
def test_in_a_folder_every_message_is_there_once_and_whole(tmp_path: Path) -> None:
    make_project(tmp_path)
    everybody = fill(tmp_path, 200)
    outbox = tmp_path / "outbox"
    hit = kill_again_and_again(tmp_path, 10, lambda: len(list(outbox.glob("*.eml"))), 18, seed=2)
    assert hit > 0
    assert uncertain(tmp_path) == []
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
