"""Handing messages to a real SMTP server that answers as it is told."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from typing import Literal

import pytest
from mailserver import HANG_UP, SILENCE, TAKE_AND_HANG_UP, MailServer, mail_server

from newsletter.delivery.lines import Answered, Job, Ready, Returned
from newsletter.delivery.outcomes import Deferred, Outcome, Refused, Sent, Unknown
from newsletter.delivery.session import Server, open_session, trust
from newsletter.delivery.smtp import SmtpLines
from newsletter.errors import SettingsError, TransportDown

pytest_plugins = ("tls_fixtures",)

MESSAGE = b"From: a@example.org\r\nSubject: x\r\n\r\nfirst\r\n two.\r\n three =\r\n"
Security = Literal["starttls", "tls", "none"]


def transport(
    told: MailServer | int,
    *,
    host: str = "127.0.0.1",
    security: Security = "none",
    username: str = "",
    password: str = "",
    timeout: float = 5,
) -> SmtpLines:
    port = told if isinstance(told, int) else told.port
    return SmtpLines(Server(host, port, security, username, password, timeout))


def send(by: SmtpLines, recipient: str = "ada@example.net", message: bytes = MESSAGE) -> Outcome:
    """One message from beginning to end, given to another connection as often as the one it is on ends."""
    job = Job(1, "papers@example.org", recipient, message, recipient, date(2026, 11, 27))
    placed = False
    while True:
        if not placed and by.vacant(1):
            by.place(job)
            placed = True
        for event in by.events(0.1):
            match event:
                case Ready():
                    by.go(job)
                case Answered(outcome=outcome):
                    return outcome
                case Returned():
                    placed = False


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server without TLS."""
    with mail_server() as told:
        yield told


def test_the_server_gets_the_very_bytes_for_one_recipient(server: MailServer) -> None:
    with closing(transport(server)) as by:
        assert send(by) == Sent("250 taken")
    (mail,) = server.accepted
    assert mail.content == MESSAGE
    assert (mail.sender, mail.recipients) == ("papers@example.org", ("ada@example.net",))


def test_many_messages_take_one_connection(server: MailServer) -> None:
    with closing(transport(server)) as by:
        for n in range(20):
            assert isinstance(send(by, f"r{n}@example.net"), Sent)
    assert server.connections == 1
    assert [mail.recipients for mail in server.accepted] == [(f"r{n}@example.net",) for n in range(20)]


def test_a_server_that_closes_between_messages_is_called_again(server: MailServer) -> None:
    server.most = 2
    with closing(transport(server)) as by:
        assert [type(send(by, f"r{n}@example.net")) for n in range(5)] == [Sent] * 5
    assert [mail.recipients for mail in server.accepted] == [(f"r{n}@example.net",) for n in range(5)]
    assert server.connections == 3


@pytest.mark.parametrize(
    ("command", "answer", "expected"),
    [
        ("MAIL", "451 4.3.0 try later", Deferred("451 4.3.0 try later")),
        ("RCPT", "450 4.2.0 greylisted", Deferred("450 4.2.0 greylisted")),
        ("RCPT", "550 5.1.1 no such user", Refused("550 5.1.1 no such user")),
        ("DATA", "451 4.3.0 not now", Deferred("451 4.3.0 not now")),
        ("DATA", "554 5.5.1 no", Refused("554 5.5.1 no")),
        (".", "451 4.3.0 busy", Deferred("451 4.3.0 busy")),
        (".", "452 4.3.1 full", Deferred("452 4.3.1 full")),
        (".", "554 5.7.1 spam", Refused("554 5.7.1 spam")),
    ],
)
def test_an_answer_is_an_outcome_and_spoils_nothing_for_the_next(
    server: MailServer, command: str, answer: str, expected: Outcome
) -> None:
    server.answers = {command: [answer]}
    with closing(transport(server)) as by:
        assert send(by, "first@example.net") == expected
        assert send(by, "second@example.net") == Sent("250 taken")
    assert [mail.recipients for mail in server.accepted] == [("second@example.net",)]
    assert server.connections == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_421_before_the_message_says_nothing_about_it_and_it_goes_by_a_new_connection(
    server: MailServer, command: str
) -> None:
    server.answers = {command: ["421 4.3.2 shutting down"]}
    with closing(transport(server)) as by:
        assert send(by) == Sent("250 taken")
    assert server.connections == 2


def test_421_to_a_message_is_later_and_the_next_one_goes_by_a_new_connection(server: MailServer) -> None:
    server.answers = {".": ["421 4.3.2 shutting down"]}
    with closing(transport(server)) as by:
        assert send(by, "first@example.net") == Deferred("421 4.3.2 shutting down")
        assert send(by, "second@example.net") == Sent("250 taken")
    assert server.connections == 2
    assert [mail.recipients for mail in server.accepted] == [("second@example.net",)]


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
def test_a_connection_that_breaks_before_the_message_is_tried_once_more(server: MailServer, command: str) -> None:
    server.answers = {command: [HANG_UP]}
    with closing(transport(server)) as by:
        assert send(by) == Sent("250 taken")
    assert len(server.accepted) == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
def test_a_server_that_hangs_up_again_and_again_is_down(server: MailServer, command: str) -> None:
    server.answers = {command: HANG_UP}
    with closing(transport(server)) as by, pytest.raises(TransportDown, match=r"again and again.* stays queued"):
        send(by)
    assert server.connections == 3


@pytest.mark.parametrize("answer", [HANG_UP, TAKE_AND_HANG_UP])
def test_a_connection_that_breaks_in_the_message_leaves_it_unknown_and_is_never_tried_again(
    server: MailServer, answer: str
) -> None:
    server.answers = {".": [answer]}
    with closing(transport(server)) as by:
        outcome = send(by)
        assert isinstance(outcome, Unknown)
        assert "the connection broke in mid-message" in outcome.why
        assert len(server.accepted) == (answer == TAKE_AND_HANG_UP)
        assert send(by, "next@example.net") == Sent("250 taken")


def test_a_server_that_never_answers_the_message_leaves_it_unknown(server: MailServer) -> None:
    server.answers = {".": [SILENCE]}
    with closing(transport(server, timeout=0.1)) as by:
        assert isinstance(send(by), Unknown)


def test_a_server_that_never_answers_at_all_is_down(server: MailServer) -> None:
    server.answers = {"MAIL": SILENCE}
    with (
        closing(transport(server, timeout=0.2)) as by,
        pytest.raises(TransportDown, match=r"again and again \(no answer for 0\.2 seconds"),
    ):
        send(by)
    assert server.accepted == []


@pytest.mark.parametrize("answer", ["530 5.7.0 Authentication required", "550 5.7.1 sender not allowed"])
def test_a_server_that_does_not_take_our_sender_is_no_fault_of_the_reader(server: MailServer, answer: str) -> None:
    server.answers = {"MAIL": answer}
    with closing(transport(server)) as by, pytest.raises(TransportDown) as down:
        send(by)
    assert answer in str(down.value)
    assert "papers@example.org" in str(down.value)


def _babbling(at: str) -> Callable[[socket.socket], None]:
    """A server whose answer to one command is no answer of SMTP."""

    def talk(connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            stream.write(b"220 hello\r\n")
            stream.flush()
            in_message = False
            while line := stream.readline():
                word = b"." if line == b".\r\n" else b"" if in_message else line[:4].upper()
                if not word:
                    continue
                in_message = word == b"DATA" and at != "DATA"
                said = b"354 go on\r\n" if in_message else b"250 yes\r\n"
                stream.write(b"what a lovely day\r\n" if word == at[:4].encode() else said)
                stream.flush()

    return talk


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_an_answer_that_is_none_is_never_taken_for_yes(command: str) -> None:
    def serve() -> None:
        for _ in range(3):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            _babbling(command)(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        by = transport(listener.getsockname()[1])
        if command == ".":
            assert isinstance(send(by), Unknown)
        else:
            with pytest.raises(TransportDown):
                send(by)
        by.close()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_starttls_with_a_trusted_certificate(secure: ssl.SSLContext, trusted: None) -> None:
    with mail_server(starttls=secure) as told:
        with closing(transport(told, host="localhost", security="starttls")) as by:
            assert isinstance(send(by), Sent)
        assert [mail.secure for mail in told.accepted] == [True]


def test_tls_from_the_first_byte(secure: ssl.SSLContext, trusted: None) -> None:
    with mail_server(tls=secure) as told:
        with closing(transport(told, host="localhost", security="tls")) as by:
            assert isinstance(send(by), Sent)
        assert [mail.content for mail in told.accepted] == [MESSAGE]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_said_in_the_open(
    secure: ssl.SSLContext, security: Security
) -> None:
    with (
        mail_server(
            starttls=secure if security == "starttls" else None, tls=secure if security == "tls" else None
        ) as told,
        closing(transport(told, host="localhost", security=security, username="u", password="right")) as by,
    ):
        with pytest.raises(TransportDown, match=r"certificate that cannot be trusted .*self-signed") as down:
            send(by)
        assert "smtp.host" in str(down.value)
        assert (told.accepted, told.commands, told.logins) == ([], [], [])


def test_a_certificate_of_another_name_is_refused(secure: ssl.SSLContext, trusted: None) -> None:
    with (
        mail_server(starttls=secure) as told,
        closing(transport(told, host="127.0.0.1", security="starttls")) as by,
        pytest.raises(TransportDown, match=r"certificate that cannot be trusted .*127\.0\.0\.1"),
    ):
        send(by)


def test_a_server_without_starttls_gets_nothing(server: MailServer) -> None:
    with (
        closing(transport(server, security="starttls", username="u", password="right")) as by,
        pytest.raises(TransportDown, match=r"does not offer .*STARTTLS"),
    ):
        send(by)
    assert (server.accepted, server.commands) == ([], [])


def test_tls_to_a_server_that_speaks_plainly_is_down(server: MailServer) -> None:
    with closing(transport(server, security="tls")) as by, pytest.raises(TransportDown, match="cannot be reached"):
        send(by)


def test_a_login(secure: ssl.SSLContext, trusted: None) -> None:
    with mail_server(starttls=secure, login=True) as told:
        settings = {"host": "localhost", "username": "us", "password": "right"}
        with closing(transport(told, security="starttls", **settings)) as by:  # type: ignore[arg-type]
            assert isinstance(send(by), Sent)
        assert told.logins == [("us", "right")]


def test_a_wrong_password_is_a_sentence_that_does_not_say_it(secure: ssl.SSLContext, trusted: None) -> None:
    with (
        mail_server(starttls=secure, login=True) as told,
        closing(transport(told, host="localhost", security="starttls", username="us", password="hunter2")) as by,
    ):
        with pytest.raises(TransportDown, match=r"refused the login .*NEWSLETTER_SMTP_PASSWORD") as down:
            send(by)
        assert "hunter2" not in str(down.value)
        assert down.value.__cause__ is None
        assert told.accepted == []


def test_a_password_outside_ascii_is_a_sentence_that_does_not_say_it(secure: ssl.SSLContext, trusted: None) -> None:
    with (
        mail_server(starttls=secure, login=True) as told,
        closing(transport(told, host="localhost", security="starttls", username="us", password="schlüssel")) as by,
    ):
        with pytest.raises(TransportDown, match="ASCII") as down:
            send(by)
        assert "schl" not in str(down.value)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = rf"127\.0\.0\.1:{port} cannot be reached: .*refused"
    with closing(transport(port)) as by, pytest.raises(TransportDown, match=said):
        send(by)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "mail..example.org", "m" * 64 + ".example.org"])
def test_a_host_that_is_none_is_a_sentence(host: str) -> None:
    with closing(transport(25, host=host)) as by, pytest.raises(TransportDown, match="cannot be reached"):
        send(by)


def test_a_password_never_travels_unprotected() -> None:
    with pytest.raises(SettingsError, match=r"smtp\.security is 'none' together with a login"):
        transport(25, username="us", password="right")


def test_no_host_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match=r"smtp\.host is not set"):
        transport(25, host="")


def test_the_password_is_in_no_repr() -> None:
    server = Server("mail.example.org", 587, "starttls", "us", "hunter2", 5)
    assert "hunter2" not in repr(server) + str(server)


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_session_ends_when_its_socket_is_closed(secure: ssl.SSLContext, trusted: None, security: Security) -> None:
    with mail_server(starttls=secure if security == "starttls" else None) as told:
        server = Server("localhost", told.port, security, "", "", 5)
        session = open_session(server, trust(server))
        session.socket.close()
        assert session.socket.fileno() == -1


def test_closing_says_goodbye(server: MailServer) -> None:
    by = transport(server)
    send(by)
    by.close()
    assert server.connections == 1
