"""Do bounces, complaints and replies find back? With a real IMAP server and a real port."""

import socket
from pathlib import Path
from typing import Any

import pytest
from findings_told import ADVICE, FAILURE, OK, WARNING, having, one
from imapserver import imap_server
from mailserver import free_port
from newsroom import make_project

from newsletter.doctor import incoming
from newsletter.doctor.incoming import imap_facts, lmtp_facts, mailbox_findings, returns_findings
from newsletter.settings import Settings, load


def settings_of(folder: Path, **mailbox: Any) -> Settings:
    more = "".join(f"{name} = {value!r}\n" for name, value in mailbox.items())
    make_project(folder, f"[mailbox]\n{more}", entries=0)
    return load(folder)


def imap_settings(folder: Path, port: int, password: str = "right") -> Settings:
    return settings_of(
        folder,
        receive="imap",
        imap_host="127.0.0.1",
        imap_port=port,
        imap_security="none",
        imap_username="papers",
        imap_password=password,
    )


def test_a_mailbox_that_opens_is_well_and_stays_as_it_is(tmp_path: Path) -> None:
    with imap_server() as server:
        server.arrive(b"Subject: x\r\n\r\nx\r\n")
        settings = imap_settings(tmp_path, server.port)
        one(mailbox_findings(imap_facts(settings), settings, serving=True), OK, "INBOX at 127.0.0.1 opens")
        assert server.mails[0].flags == set()
        assert server.said("UID") == []


def test_a_mailbox_that_does_not_open_is_told_without_the_password(tmp_path: Path) -> None:
    with imap_server() as server:
        settings = imap_settings(tmp_path, server.port, "wrong-secret")
        found = mailbox_findings(imap_facts(settings), settings, serving=True)
    one(found, FAILURE, "refused the login", "NEWSLETTER_MAILBOX_IMAP_PASSWORD")
    assert "wrong-secret" not in str(found)


def test_a_mailbox_that_is_not_there_or_unsafe_is_told(tmp_path: Path) -> None:
    settings = imap_settings(tmp_path / "a", free_port())
    one(mailbox_findings(imap_facts(settings), settings, serving=True), FAILURE, "cannot be reached")
    settings = settings_of(tmp_path / "b", receive="imap", imap_host="mail.example.org", imap_security="none")
    one(mailbox_findings(imap_facts(settings), settings, serving=True), FAILURE, "unprotected")


def test_a_mailbox_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = imap_settings(tmp_path, silent.getsockname()[1])
        one(mailbox_findings(imap_facts(settings), settings, serving=True), FAILURE, "cannot be reached")


def test_lmtp_must_be_listened_to_while_it_serves(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings = settings_of(tmp_path / "a", receive="lmtp", lmtp_port=listening.getsockname()[1])
        one(mailbox_findings(lmtp_facts(settings), settings, serving=True), OK, "LMTP")
    settings = settings_of(tmp_path / "b", receive="lmtp", lmtp_port=free_port())
    one(mailbox_findings(lmtp_facts(settings), settings, serving=True), FAILURE, "Nothing listens", "although")
    one(mailbox_findings(lmtp_facts(settings), settings, serving=False), ADVICE, "Start `newsletter serve`")


def test_where_nothing_is_received_nobody_is_asked(tmp_path: Path) -> None:
    for receive in ("nothing", "command"):
        settings = settings_of(tmp_path / receive, receive=receive)
        assert mailbox_findings(None, settings, serving=True) == []


def test_bounces_must_come_back_somehow(tmp_path: Path) -> None:
    having(returns_findings(settings_of(tmp_path / "a")), WARNING, "reach nobody", "mailbox.receive")
    having(returns_findings(settings_of(tmp_path / "b", receive="command")), OK, "papers+…@news.example.org")
    having(returns_findings(settings_of(tmp_path / "c", receive="command", delimiter="")), ADVICE, "mailbox.delimiter")


def test_a_webhook_tells_them_too(tmp_path: Path) -> None:
    make_project(tmp_path, '[webhooks]\npostmark_password = "hush-hush"\nmailgun_key = "secret-key"\n', entries=0)
    found = returns_findings(load(tmp_path))
    having(found, OK, "Postmark, Mailgun tells bounces by a webhook")
    assert "hush-hush" not in str(found)


def test_alarms_should_reach_a_person(tmp_path: Path) -> None:
    having(returns_findings(settings_of(tmp_path / "a", receive="command")), ADVICE, "mailbox.operator is empty")
    found = returns_findings(settings_of(tmp_path / "b", receive="command", operator="me@example.org"))
    one(found, OK)
