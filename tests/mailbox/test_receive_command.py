"""`newsletter receive`: one mail from standard input, and a status that a mail server understands."""

import io
import sqlite3
import sys
from pathlib import Path

import pytest
from commandline import Ran, Run, fails
from letters import letter
from mailroom import ADA, OP, OURS
from newsroom import mails, make_project, parsed, recipients

from newsletter import Newsletter
from newsletter.mailbox.envelope import MOST_BYTES
from subscribers import database
from subscribers.states import State

QUESTION = "Who makes this? I like it a lot, and would love to know where it comes from."
#: What mail servers read (sysexits.h): try again later; give it up.
LATER, REFUSED = 75, 65


class Receive:
    """Runs the command with a mail on standard input."""

    def __init__(self, run: Run, patch: pytest.MonkeyPatch, project: Path) -> None:
        self._run, self._patch, self.project = run, patch, project

    def __call__(self, raw: bytes, *options: str) -> Ran:
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        return self._run("receive", "--project", self.project, *options)

    def sent(self) -> list[str]:
        """Whom the mails that now leave are for."""
        with Newsletter(self.project) as newsletter:
            newsletter.send_notices()
        return recipients(mails(self.project))

    def state(self, address: str = ADA) -> State:
        with Newsletter(self.project) as newsletter:
            return newsletter.subscriber(address).state


@pytest.fixture
def receive(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Receive:
    project = make_project(tmp_path / "news", f'[mailbox]\nreceive = "command"\noperator = "{OP}"\n')
    return Receive(run, monkeypatch, project)


def test_a_mail_is_taken_and_said_what_was_done(receive: Receive) -> None:
    ran = receive(letter("subscribe\nwalking robots"))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.strip() == "Somebody asked to subscribe, and was asked whether it was they."
    assert receive.sent() == [ADA]
    assert receive(letter("subscribe\nwalking robots")).out.strip() == "It was dealt with before."


def test_the_envelope_may_be_given(receive: Receive) -> None:
    receive(letter("subscribe"))
    receive.sent()
    (question,) = mails(receive.project)
    token = str(parsed(question)["Message-ID"])[3:].partition("@")[0]
    ran = receive(letter("yes"), "--sender", "<ada@example.org>", "--recipient", f"papers+c-{token}@news.example.org")
    assert (ran.status, receive.state()) == (0, State.ACTIVE)


def test_the_envelope_may_stand_in_the_mail(receive: Receive) -> None:
    ran = receive(b"Return-Path: <>\nDelivered-To: " + OURS.encode() + b"\n" + letter("subscribe"))
    assert (ran.status, "null envelope sender" in ran.out) == (0, True)
    assert receive.sent() == []


def test_a_null_sender_may_be_given(receive: Receive) -> None:
    for sender in ("", "<>"):
        assert "null envelope sender" in receive(letter("subscribe", Date=f"now{sender}"), "--sender", sender).out
    assert receive.sent() == []


@pytest.mark.parametrize("raw", [b"", b"\n", b" \r\n\t "])
def test_nothing_on_standard_input_is_a_mistake(receive: Receive, raw: bytes) -> None:
    fails(receive(raw), "There is no mail on standard input", status=2)


def test_a_letter_waits_where_there_is_nobody_to_read_it(receive: Receive) -> None:
    path = receive.project / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace(f'operator = "{OP}"', ""), "utf-8")
    for _ in range(2):
        ran = receive(letter(f"subscribe\n\n{QUESTION}"))
        assert (ran.status, "mailbox.operator names nobody" in ran.err) == (LATER, True)
    assert receive.sent() == [ADA]


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES - 1_000, 0), (MOST_BYTES + 1_000, REFUSED)])
def test_a_letter_that_is_too_large_is_refused_and_not_asked_for_again(
    receive: Receive, size: int, status: int
) -> None:
    raw = letter(f"{QUESTION}\n\n-- \n") + b"x" * 70 + b"\n"
    raw += (b"x" * 70 + b"\n") * ((size - len(raw)) // 71 + 1)
    ran = receive(raw[:size])
    assert ran.status == status
    assert ("larger than 10 MB" in ran.err) is (status != 0)
    assert receive.sent() == ([OP] if status == 0 else [])


def test_a_wish_is_heard_however_large_its_mail_is(receive: Receive) -> None:
    assert receive(letter("subscribe\n-- \n") + b"x" * 2 * MOST_BYTES).status == 0
    assert receive.sent() == [ADA]


# Any other status makes a mail server give the mail up.


def test_a_database_that_is_busy_is_a_sentence_and_the_mail_comes_again(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(letter("help"))
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(receive.project / "newsletter.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    fails(receive(letter("subscribe")), "newsletter.db is locked by another process", status=LATER)
    other.execute("ROLLBACK")
    other.close()
    assert receive(letter("subscribe")).status == 0


def test_a_fault_of_the_program_names_nobody_and_the_mail_comes_again(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"{ADA} has broken it")

    monkeypatch.setattr("newsletter.mailbox.receiving.decide", broken)
    ran = receive(letter("subscribe"))
    fails(ran, "The mail could not be handled (ValueError in test_receive_command.py, line", status=LATER)
    assert ADA not in ran.err


def test_wrong_settings_are_a_sentence_and_the_mail_comes_again(receive: Receive) -> None:
    (receive.project / "newsletter.toml").write_text("title = \n")
    fails(receive(letter("subscribe")), "newsletter.toml is not valid TOML", status=LATER)
