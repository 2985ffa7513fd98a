"""`kill -9` while notices go out: none is lost, none comes twice, and what is uncertain is shown."""

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import MailServer, mail_server
from newsroom import make_project
from processes import Process

from newsletter import Newsletter
from subscribers.evidence import Origin

SEND = "newsletter.send_notices()"


def ask(project: Path, told: MailServer, count: int) -> set[str]:
    """So many people ask for the newsletter; a mail to each of them waits."""
    smtp = f'[smtp]\nhost = "127.0.0.1"\nsecurity = "none"\nport = {told.port}\nconnections = 2\n'
    server = f'\n[delivery]\ntransport = "smtp"\n\n{smtp}'
    make_project(project, server, entries=0)

    def slowly(_: str) -> None:
        time.sleep(0.003)

    told.on_recipient = slowly
    everybody = {f"r{n:03}@example.org" for n in range(count)}
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        for address in sorted(everybody):
            newsletter.readers.request(address, words="", origin=Origin("page"))
    return everybody


def waiting(project: Path) -> dict[str, list[str]]:
    """By state, whom the mails are for whose words are still kept."""
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(project / "newsletter.db")) as db:
        rows = db.execute(
            "SELECT d.state, address, recipe FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id"
        ).fetchall()
    for state, address, words in rows:
        # Words stay exactly as long as they may have to be sent.
        assert bool(words) is (state != "sent"), state
        found.setdefault(state, []).append(address)
    return found


@pytest.mark.slow
def test_every_notice_arrives_once_or_is_uncertain(tmp_path: Path) -> None:
    chance, hit = random.Random(4), 0
    with mail_server() as told:
        everybody = ask(tmp_path, told, 150)
        for _ in range(8):
            process = Process(tmp_path, SEND).go()
            goal = len(told.accepted) + chance.randint(0, 14)
            while len(told.accepted) < goal and process.runs:
                time.sleep(0.0005)
            time.sleep(chance.random() * 0.01)
            hit += process.runs
            process.kill()
        Process(tmp_path, SEND).go().said()
        after = waiting(tmp_path)
    got = Counter(mail.recipients[0] for mail in told.accepted)
    uncertain = set(after.pop("uncertain", []))
    assert hit > 0
    assert len(uncertain) <= hit * 2  # connections
    assert set(got.values()) == {1}
    assert set(got) | uncertain == everybody
    assert after.keys() == {"sent"}
    assert set(after["sent"]) | uncertain == everybody


@pytest.mark.slow
def test_two_that_send_at_once_send_each_notice_once(tmp_path: Path) -> None:
    with mail_server() as told:
        everybody = ask(tmp_path, told, 150)
        processes = [Process(tmp_path, SEND) for _ in range(2)]
        for process in [process.go() for process in processes]:
            process.said()
    got = Counter(mail.recipients[0] for mail in told.accepted)
    assert (set(got), set(got.values())) == (everybody, {1})
