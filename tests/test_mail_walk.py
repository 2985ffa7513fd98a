"""Joining, voting and leaving by mail, through a real Postfix and a real Dovecot, with `newsletter serve` running."""

import email.policy
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailhost import ADA, BOB, GONE, PAPERS, PASSWORD, MailHost, mail_host, wait_for
from mailserver import free_port
from newsroom import make_project

from newsletter import Newsletter
from subscribers.bounces import bounces_of
from subscribers.states import State

pytestmark = pytest.mark.slow


@contextmanager
def serving(project: Path) -> Iterator[None]:
    """`newsletter serve` in a process of its own, until the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "newsletter", "serve", "--project", str(project)], stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stderr
        line = ""
        while "Pages on" not in line:
            line = child.stderr.readline()
            assert line, "serve has ended"
        yield
    finally:
        child.terminate()
        _, err = child.communicate(timeout=30)
        assert "Traceback" not in err, err


def project_for(folder: Path, host: MailHost, mailbox: str) -> tuple[Path, int]:
    port = free_port()
    settings = f"""\
title = "Paper Robots"
address = "{PAPERS}"
postal_address = "1 Example Street, 12345 Exampleton"
base_url = "http://127.0.0.1:{port}"
[web]
port = {port}
[delivery]
transport = "smtp"
[smtp]
host = "127.0.0.1"
port = {host.smtp_port}
security = "none"
[mailbox]
operator = "{BOB}"
{mailbox}
"""
    return make_project(folder, settings=settings), port


class Post:
    """A person's mailbox and mail program."""

    def __init__(self, host: MailHost, user: str) -> None:
        self.host = host
        self.user = user
        self.read = 0

    def next(self) -> EmailMessage:
        """The next mail, once it is there."""
        wait_for(lambda: len(self.host.messages(self.user)) > self.read, 40)
        raw = self.host.messages(self.user)[self.read]
        self.read += 1
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def write(self, text: str, *, subject: str = "", answers: EmailMessage | None = None) -> None:
        message = EmailMessage()
        to = PAPERS
        if answers:
            to = str(answers["Reply-To"] or answers["From"])
            message["In-Reply-To"] = answers["Message-ID"]
            subject = f"Re: {answers['Subject']}"
        message["From"], message["To"], message["Subject"] = f"Somebody <{self.user}>", to, subject
        message["Message-ID"] = f"<{self.read}.{abs(hash(text))}@readers.test>"
        message.set_content(text)
        address = re.search(r"[^<\s]+@[^>\s]+", to)
        assert address
        self.host.deliver(message.as_bytes(), self.user, [address[0]])


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part
    return str(part.get_content())


def send_issue(project: Path, address: str) -> None:
    with Newsletter(project, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        newsletter.send(now=True, to=address)


def state_of(project: Path, address: str) -> Callable[[], State]:
    def state() -> State:
        with Newsletter(project, embedder=WordEmbedder()) as newsletter:
            return newsletter.subscriber(address).state

    return state


def walk(project: Path, host: MailHost) -> None:
    ada = Post(host, ADA)
    ada.write("Hello there,\n\nsubscribe\nwalking robots\nnot: surveys\n\nThank you!\nAda\n-- \nAda L.\n")
    question = ada.next()
    assert question["Return-Path"] in ("<>", None, "")
    assert question["Auto-Submitted"] == "auto-replied"
    assert "walking robots" not in text_of(question)  # anybody could have written it in Ada's name
    assert state_of(project, ADA)() is State.PENDING

    ada.write("Yes please\n\n> Somebody, we hope you, asked for …\n", answers=question)
    welcome = ada.next()
    assert "You are in" in text_of(welcome)
    assert "walking robots" in text_of(welcome)
    assert state_of(project, ADA)() is State.ACTIVE

    send_issue(project, ADA)
    issue = ada.next()
    assert "walking robots" in text_of(issue)

    ada.write("more 1", answers=issue)
    assert "More like “" in text_of(ada.next())

    ada.write("Who makes this? I like it a lot, and would love to know where it comes from.", subject="A question")
    forwarded = Post(host, BOB).next()
    assert forwarded["Reply-To"] == ADA
    assert "would love to know" in text_of(forwarded)

    header = str(issue["List-Unsubscribe"])
    link = header[header.index("<") + 1 : header.index(">")]
    with urllib.request.urlopen(link) as answer:
        assert answer.status == 200
    assert state_of(project, ADA)() is State.ACTIVE
    with urllib.request.urlopen(link, data=b"List-Unsubscribe=One-Click") as answer:
        assert answer.status == 200
    assert state_of(project, ADA)() is State.UNSUBSCRIBED


def test_by_lmtp(tmp_path: Path) -> None:
    lmtp = free_port()
    with mail_host(lmtp_port=lmtp) as host:
        project, _ = project_for(tmp_path, host, f'receive = "lmtp"\nlmtp_port = {lmtp}')
        with serving(project):
            walk(project, host)


def test_by_imap(tmp_path: Path) -> None:
    with mail_host() as host:
        mailbox = f"""\
receive = "imap"
imap_host = "127.0.0.1"
imap_port = {host.imap_port}
imap_security = "none"
imap_username = "{PAPERS}"
imap_password = "{PASSWORD}"
"""
        project, _ = project_for(tmp_path, host, mailbox)
        with serving(project):
            walk(project, host)


def test_a_mail_that_a_refusing_host_sends_back_counts_against_its_reader_alone(tmp_path: Path) -> None:
    lmtp = free_port()
    with mail_host(lmtp_port=lmtp) as host:
        project, _ = project_for(tmp_path, host, f'receive = "lmtp"\nlmtp_port = {lmtp}')
        with Newsletter(project, embedder=WordEmbedder()) as newsletter:
            nobody = newsletter.subscribe(f"nobody@{GONE}", interests=["walking robots"])
            ada = newsletter.subscribe(ADA, interests=["walking robots"])
            newsletter.pull()
            with serving(project):
                newsletter.send(now=True)
                wait_for(lambda: bool(bounces_of(newsletter.database, nobody.id)), 40)
            [bounce] = bounces_of(newsletter.database, nobody.id)
            assert bounce.weight == 3
            assert "5.1.1" in bounce.why or "User unknown" in bounce.why
            assert bounces_of(newsletter.database, ada.id) == []
            assert newsletter.subscriber(f"nobody@{GONE}").state is State.ACTIVE
