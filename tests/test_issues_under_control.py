"""The operator's word while another process sends: it acts at once, loses nobody, and nobody gets two."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import MailServer, mail_server
from newsroom import make_project
from processes import Process

from newsletter import Newsletter

SEND = "print(newsletter.send(now=True).counts['sent'])"
EVERYBODY = [f"r{n:03}@example.org" for n in range(200)]
#: A server that takes so long for a message: all of them together take four seconds.
SLOWLY = 0.02


@pytest.fixture
def told() -> Iterator[MailServer]:
    """A slow mail server."""

    def slowly(_: str) -> None:
        time.sleep(SLOWLY)

    with mail_server() as told:
        told.on_recipient = slowly
        yield told


@pytest.fixture
def newsletter(tmp_path: Path, told: MailServer) -> Iterator[Newsletter]:
    """Two hundred readers who get one issue by that server."""
    smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\nconnections = 1\n'
    make_project(tmp_path, f'\n[delivery]\ntransport = "smtp"\non_uncertain = "resend"\n{smtp}')
    with Newsletter(tmp_path, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        for address in EVERYBODY:
            newsletter.subscribe(address, interests=["walking robots"])
        yield newsletter


def sending(newsletter: Newsletter, told: MailServer) -> tuple[Process, str]:
    """Another process that is in the middle of sending, and the issue's name."""
    process = Process(newsletter.project, SEND).go()
    while len(told.accepted) < 20:
        assert process.runs
        time.sleep(0.01)
    (issue,) = newsletter.frozen_issues()
    return process, str(issue.key)


def got(told: MailServer) -> Counter[str]:
    return Counter(mail.recipients[0] for mail in told.accepted)


@pytest.mark.slow
def test_a_hold_stops_a_running_send_behind_the_message_in_hand_and_a_release_goes_on(
    newsletter: Newsletter, told: MailServer
) -> None:
    process, issue = sending(newsletter, told)
    said = newsletter.editor.hold(issue)
    at_hold = len(told.accepted)
    process.said()
    # The message in hand, and no other: the sender itself ended, for there was nothing left that may go.
    assert at_hold <= len(told.accepted) <= at_hold + 1
    waiting = newsletter.status().deliveries["queued"]
    assert waiting == 200 - len(told.accepted)
    assert f"{issue} is held: " in said
    assert int(Process(newsletter.project, SEND).go().said()) == 0
    newsletter.editor.release(issue)
    assert int(Process(newsletter.project, SEND).go().said()) == waiting
    assert got(told) == Counter(EVERYBODY)


@pytest.mark.slow
def test_a_cancel_drops_all_but_what_is_out_and_in_hand(newsletter: Newsletter, told: MailServer) -> None:
    process, issue = sending(newsletter, told)
    newsletter.editor.cancel(issue)
    at_cancel = len(told.accepted)
    process.said()
    assert at_cancel <= len(told.accepted) <= at_cancel + 1
    assert set(got(told).values()) == {1}
    states = newsletter.status().deliveries
    assert states == {"sent": len(told.accepted), "dropped": 200 - len(told.accepted)}
    kept = newsletter.database.conn.execute("SELECT count(DISTINCT subscriber_id) FROM received").fetchone()
    assert kept == (len(told.accepted),)


@pytest.mark.slow
def test_a_sender_that_is_killed_leaves_a_held_issue_held(newsletter: Newsletter, told: MailServer) -> None:
    process, issue = sending(newsletter, told)
    process.kill()
    newsletter.editor.hold(issue)
    time.sleep(10 * SLOWLY)  # what the server has of it, it takes
    before = len(told.accepted)
    Process(newsletter.project, SEND).go().said()
    assert len(told.accepted) == before
    newsletter.editor.release(issue)
    Process(newsletter.project, SEND).go().said()
    # What was in hand when it was killed may come once more, the same to the byte (on_uncertain = "resend").
    assert set(got(told)) == set(EVERYBODY)
    assert sum(got(told).values()) - 200 <= 1


@pytest.mark.slow
def test_who_is_killed_while_dropping_leaves_nothing_that_goes_out(newsletter: Newsletter, told: MailServer) -> None:
    process, issue = sending(newsletter, told)
    newsletter.editor.hold(issue)
    process.said()
    out = len(told.accepted)
    cancel = (
        "import os; from newsletter import word_of_operator as said; "
        f"said.drop_waiting = lambda *_: os.kill(os.getpid(), 9); newsletter.editor.cancel({issue!r})"
    )
    killed = Process(newsletter.project, cancel).go()
    while killed.runs:
        time.sleep(0.01)
    killed.kill()
    assert newsletter.status().deliveries["queued"] == 200 - out
    Process(newsletter.project, SEND).go().said()
    assert len(told.accepted) == out
    assert newsletter.status().deliveries == {"sent": out, "dropped": 200 - out}
