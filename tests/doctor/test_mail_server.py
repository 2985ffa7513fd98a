"""Looking at a real mail server: no mail is handed over, whatever it does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate, server_side
from findings_told import ADVICE, FAILURE, OK, WARNING, having, one
from mailserver import HANG_UP, MailServer, free_port, mail_server

from newsletter.doctor import server
from newsletter.doctor.findings import Finding
from newsletter.doctor.server import ServerFacts, server_facts, server_findings
from newsletter.sections import SmtpSettings

SENDER = "papers@news.example.org"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def looked(port: int, *, size: int | None = 150_000, now: datetime | None = None, **more: Any) -> list[Finding]:
    settings = SmtpSettings(**{"host": "127.0.0.1", "port": port, "security": "none", **more})
    return server_findings(server_facts(settings, SENDER), settings, SENDER, size, now or datetime.now(UTC))


@pytest.fixture
def plain() -> Iterator[MailServer]:
    with mail_server() as told:
        yield told


def test_a_server_that_takes_our_mail_is_well_and_gets_none(plain: MailServer) -> None:
    having(looked(plain.port), OK, "takes mail from papers@news.example.org")
    assert plain.commands == ["MAIL"]
    assert plain.accepted == []


def test_what_it_offers_is_held_against_what_we_send(plain: MailServer) -> None:
    having(looked(plain.port), ADVICE, "PIPELINING")  # which this server does not have
    having(looked(plain.port, size=40_000_000), FAILURE, "33,554,432 bytes", "40,000,000")
    settings = SmtpSettings(host="127.0.0.1")
    for offers, words in (
        ({"pipelining": "", "8bitmime": "", "size": "1000000"}, "PIPELINING and 8BITMIME; messages up to 1,000,000"),
        ({"pipelining": "", "size": ""}, "PIPELINING; messages of any size"),
        ({"pipelining": "", "size": "9" * 40}, "of any size"),
    ):
        found = server_findings(ServerFacts(offers=offers), settings, SENDER, 100_000, NOW)
        having(found, OK, words)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it does not see that it is TLS at once
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_tls_and_login_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    path = certificate(tmp_path, days=60)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with mail_server(**{security: server_side(path)}, login=True) as told:
        found = looked(told.port, security=security, username="papers", password="right")
        having(found, OK, "answers and lets us in")
        having(found, OK, "Certificate", "60 days")
        assert told.logins == [("papers", "right")]
        assert told.accepted == []
        refused = looked(told.port, security=security, username="papers", password="wrong-secret")
        having(refused, FAILURE, "Login", "refuses the login (535", "NEWSLETTER_SMTP_PASSWORD")
        assert "wrong-secret" not in str(refused)


@pytest.mark.parametrize(("days", "severity"), [(60, OK), (20, ADVICE), (6, WARNING)])
def test_a_certificate_that_ends_soon_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, severity: Any
) -> None:
    path = certificate(tmp_path, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with mail_server(tls=server_side(path)) as told:
        having(looked(told.port, security="tls"), severity, "Certificate", f"{days} days")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_cannot_be_trusted_is_told(tmp_path: Path, security: str) -> None:
    with mail_server(**{security: server_side(certificate(tmp_path))}) as told:  # type: ignore[arg-type]
        one(looked(told.port, security=security), FAILURE, "Certificate", "cannot be trusted", "self-signed")


def test_a_certificate_of_another_host_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path, host="127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with mail_server(tls=server_side(path)) as told:
        one(looked(told.port, security="tls"), FAILURE, "cannot be trusted", "the name in the certificate")


def test_security_that_does_not_fit_the_port_is_told(plain: MailServer, tmp_path: Path) -> None:
    one(looked(plain.port, security="starttls"), FAILURE, "does not offer STARTTLS")
    one(looked(plain.port, security="tls"), FAILURE, "does not speak TLS")


def test_a_login_that_is_not_offered_is_told(plain: MailServer) -> None:
    settings = SmtpSettings(host="127.0.0.1", port=plain.port, security="none", username="u")
    one(server_findings(server_facts(settings, SENDER), settings, SENDER, None, NOW), FAILURE, "unprotected")
    one(looked(1, host=""), FAILURE, "smtp.host is not set")


def test_a_sender_that_is_refused_is_told_in_the_servers_words(plain: MailServer) -> None:
    plain.answers = {"MAIL": "553 5.7.1 not your address"}
    having(looked(plain.port), FAILURE, "takes no mail from papers@news.example.org (553 5.7.1 not your address)")
    plain.answers = {"MAIL": HANG_UP}
    having(looked(plain.port), FAILURE, "takes no mail from")


def test_a_server_that_is_not_there_is_told() -> None:
    one(looked(free_port()), FAILURE, "cannot be reached (Connection refused)", "smtp.port")


def test_mail_that_travels_unprotected_is_told_but_on_this_machine() -> None:
    settings = SmtpSettings(host="mail.example.org", security="none")
    having(server_findings(ServerFacts(), settings, SENDER, None, NOW), WARNING, "unprotected")
    having(server_findings(ServerFacts(secure=True), settings, SENDER, None, NOW), OK)
    local = SmtpSettings(host="localhost", security="none")
    one(server_findings(ServerFacts(), local, SENDER, None, NOW), OK)


@contextmanager
def babbling(*lines: bytes, for_ever: bytes = b"") -> Iterator[int]:
    """A server that says a line to whatever it is told, then something again and again; its port."""
    ended = threading.Event()

    def talk() -> None:
        sock, _ = listening.accept()
        with sock:
            sock.settimeout(0.05)
            try:
                for line in lines:
                    sock.sendall(line)
                    sock.recv(1_000)
                while not ended.is_set():
                    if for_ever:
                        sock.sendall(for_ever)
                    else:
                        time.sleep(0.01)
            except OSError:
                ended.wait(3)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize(
    ("lines", "for_ever"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], b""),
        ([b"\xff\x00\xfe\r\n"], b""),
        ([b"554 go away\r\n"], b""),
        ([b"220-\r\n"], b"220-more and more of it\r\n"),
        ([b"220 "], b"x" * 1_000),
        ([b"220 \xff\xff\r\n", b"250-\r\n250-SIZE x y z\r\n250-AUTH\r\n250 \xff\r\n"], b"what\r\n"),
        ([], b""),
    ],
)
def test_nonsense_and_silence_are_findings_and_soon(
    lines: list[bytes], for_ever: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.1)
    monkeypatch.setattr(server, "WHOLE", 0.4)
    start = time.monotonic()
    with babbling(*lines, for_ever=for_ever) as port:
        found = looked(port)
    assert found[0].severity is FAILURE
    assert found[0].todo
    assert time.monotonic() - start < 3


def test_the_name_in_its_greeting_and_its_address_are_noted(plain: MailServer) -> None:
    facts = server_facts(SmtpSettings(host="127.0.0.1", port=plain.port, security="none"), SENDER)
    assert facts.name
    assert (str(facts.peer), facts.secure, facts.expires) == ("127.0.0.1", False, None)


def test_days_are_counted_from_now() -> None:
    facts = ServerFacts(secure=True, expires=NOW + timedelta(days=10))
    having(server_findings(facts, SmtpSettings(host="mail.example.org"), SENDER, None, NOW), ADVICE, "(10 days)")
