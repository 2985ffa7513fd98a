"""Two processes at once on the same newsletter."""

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import mail_server
from newsroom import mails, make_project, recipients
from processes import Process, at_once

from newsletter import Newsletter

EVERYBODY = [f"r{n:02}@example.org" for n in range(60)]
SEND = "print(newsletter.send(now=True).counts['sent'])"


def fill(project: Path) -> None:
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address in EVERYBODY:
            newsletter.subscribe(address, interests=["walking robots"])


@pytest.mark.slow
def test_two_that_pull_the_same_source_store_every_entry_once(tmp_path: Path) -> None:
    make_project(tmp_path, entries=400)
    work = "import json; (report,) = newsletter.pull(); print(json.dumps([report.new, report.known, report.error]))"
    reports = [json.loads(said) for said in at_once(*(Process(tmp_path, work) for _ in range(2)))]
    new, known = (sum(column) for column in zip(*(report[:2] for report in reports), strict=True))
    assert (new, known in (0, 400)) == (400, True)  # whoever comes when the other has ended finds nothing changed
    assert [report[2] for report in reports] == [None, None]
    with Newsletter(tmp_path) as newsletter:
        assert newsletter.count_entries() == 400


@pytest.mark.slow
def test_two_that_create_the_database_make_one(tmp_path: Path) -> None:
    make_project(tmp_path)
    at_once(*(Process(tmp_path, f"newsletter.subscribe('r{n}@example.org')") for n in range(3)))
    with Newsletter(tmp_path) as newsletter:
        assert len(list(newsletter.subscribers())) == 3
    db = sqlite3.connect(tmp_path / "newsletter.db")
    assert db.execute("SELECT count(*) FROM link_keys").fetchone() == (1,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


@pytest.mark.slow
def test_two_that_send_into_a_folder_send_everybody_one(tmp_path: Path) -> None:
    make_project(tmp_path)
    fill(tmp_path)
    sent = at_once(*(Process(tmp_path, SEND) for _ in range(2)))
    assert sum(map(int, sent)) == 60
    assert recipients(mails(tmp_path)) == EVERYBODY
    with Newsletter(tmp_path) as newsletter:
        assert newsletter.status().deliveries == {"sent": 60}


@pytest.mark.slow
def test_two_that_send_by_smtp_send_everybody_one(tmp_path: Path) -> None:
    with mail_server() as told:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\n'
        make_project(tmp_path, f'\n[delivery]\ntransport = "smtp"\n{smtp}')
        fill(tmp_path)
        sent = at_once(*(Process(tmp_path, SEND) for _ in range(2)))
    assert sum(map(int, sent)) == 60
    assert Counter(mail.recipients[0] for mail in told.accepted) == Counter(EVERYBODY)


@pytest.mark.slow
def test_who_leaves_while_another_process_sends_is_erased_and_nobody_is_hurt(tmp_path: Path) -> None:
    make_project(tmp_path)
    fill(tmp_path)
    leaving = "[newsletter.remove(f'r{n:02}@example.org') for n in range(0, 60, 3)]"
    at_once(Process(tmp_path, SEND), Process(tmp_path, leaving))
    with Newsletter(tmp_path) as newsletter:
        stayed = {person.address for person in newsletter.subscribers()}
        assert newsletter.status().deliveries == {"sent": 40}
    assert len(stayed) == 40
    assert stayed <= set(recipients(mails(tmp_path)))
