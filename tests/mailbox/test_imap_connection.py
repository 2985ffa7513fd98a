"""Reaching a mailbox: only safely, and with a sentence for whatever is in the way."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imapserver import HANG_UP, SILENCE, ImapServerDouble, imap_server

from newsletter.errors import MailboxError, SettingsError
from newsletter.mailbox.envelope import Disposition
from newsletter.mailbox.imap import ImapMailbox
from newsletter.mailbox.imap_connection import CannotRead, ImapServer, Obstacle
from newsletter.mailbox.loopback import is_loopback

pytest_plugins = ("tls_fixtures",)

#: They wait, as servers let one wait.
pytestmark = pytest.mark.slow


def reach(server: ImapServer) -> None:
    """Connect, and fetch what is there: nothing."""
    with ImapMailbox(server) as mailbox:
        mailbox.fetch(lambda envelope, raw: Disposition.DONE)


def refusal(server: ImapServer) -> tuple[Obstacle, str]:
    """What is in the way, and how it is said; the password never is."""
    with pytest.raises(CannotRead) as refused:
        reach(server)
    if server.password:
        assert server.password not in str(refused.value)
    return refused.value.obstacle, str(refused.value)


@pytest.fixture
def double() -> Iterator[ImapServerDouble]:
    with imap_server() as double:
        yield double


@pytest.fixture
def server(double: ImapServerDouble) -> ImapServer:
    return ImapServer("127.0.0.1", double.port, "none", "papers@news.test", "right", timeout=30)


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[ImapServerDouble]:
    """A server with TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with imap_server(context) as double:
        yield double


@pytest.mark.usefixtures("trusted")
def test_a_trusted_server_is_read_through_tls_and_starttls(secure: ImapServerDouble) -> None:
    reach(ImapServer("localhost", secure.port, "tls", "papers", "right", timeout=30))
    secure.tls_at_once = False
    secure.capabilities = "IMAP4rev1 STARTTLS"
    reach(ImapServer("localhost", secure.port, "starttls", "papers", "right", timeout=30))
    assert len(secure.said("LOGIN")) == 2


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("announced", [b"+ idling\r\n* 1 EXISTS\r\n", b"+ idling\r\n"])
def test_new_mail_wakes_who_waits_behind_tls(secure: ImapServerDouble, announced: bytes) -> None:
    secure.idling = announced
    with ImapMailbox(ImapServer("localhost", secure.port, "tls", "papers", "right", timeout=30)) as mailbox:
        mailbox.fetch(lambda envelope, raw: Disposition.DONE)
        assert not announced.endswith(b"idling\r\n") or not mailbox.wait(0.1)
        threading.Timer(0.1, secure.arrive, [b""]).start()
        began = time.monotonic()
        assert mailbox.wait(60)
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_login(
    secure: ImapServerDouble, security: str
) -> None:
    secure.tls_at_once = security == "tls"
    secure.capabilities = "IMAP4rev1 STARTTLS"
    obstacle, said = refusal(ImapServer("localhost", secure.port, security, "papers", "right", timeout=30))  # type: ignore[arg-type]
    assert obstacle is Obstacle.CERTIFICATE
    assert "cannot be trusted (self-signed certificate)" in said
    assert secure.said("LOGIN") == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(secure: ImapServerDouble) -> None:
    obstacle, said = refusal(ImapServer("127.0.0.1", secure.port, "tls", "papers", "right", timeout=30))
    assert (obstacle, "Check mailbox.imap_host" in said) == (Obstacle.CERTIFICATE, True)


def test_a_server_without_tls_gets_no_password(double: ImapServerDouble, server: ImapServer) -> None:
    assert refusal(replace(server, security="starttls"))[0] is Obstacle.SECURITY
    assert refusal(replace(server, security="tls"))[0] is Obstacle.SECURITY
    assert double.said("LOGIN") == []


def test_a_login_without_tls_is_for_this_machine_only() -> None:
    with pytest.raises(SettingsError, match=r"'none' and imap\.example\.org is not this machine"):
        ImapMailbox(ImapServer("imap.example.org", 143, "none", "papers", "right"))


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *[(host, True) for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1")],
        *[(host, False) for host in ("", "0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "127.0.0.1.nip.io")],
    ],
)
def test_this_machine_is_known_by_its_own_names_only(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_a_host_must_be_named_and_a_login_must_be_one_line() -> None:
    with pytest.raises(SettingsError, match="imap_host is not set"):
        ImapMailbox(ImapServer("", 993, "tls", "papers", "right"))
    with pytest.raises(SettingsError, match="imap_password holds a line break") as refused:
        ImapMailbox(ImapServer("localhost", 993, "tls", "papers", "right\r\nA1 DELETE INBOX"))
    assert "DELETE" not in str(refused.value)


def test_a_server_shows_no_password(server: ImapServer) -> None:
    assert "right" not in repr(server)


@pytest.mark.parametrize("password", ['with "quotes" and \\', "schlüssel"])
def test_any_password_of_one_line_can_be_told(double: ImapServerDouble, server: ImapServer, password: str) -> None:
    double.password = password
    reach(replace(server, password=password))


def test_a_wrong_password_is_said_without_it(double: ImapServerDouble, server: ImapServer) -> None:
    double.answers["LOGIN"] = "NO [AUTHENTICATIONFAILED] papers may not come in with letmein"
    obstacle, said = refusal(replace(server, password="letmein"))
    assert obstacle is Obstacle.LOGIN
    assert "refused the login ([AUTHENTICATIONFAILED] papers may not come in with …)" in said
    assert "NEWSLETTER_MAILBOX_IMAP_PASSWORD" in said


def test_a_folder_that_is_not_there_is_said(server: ImapServer) -> None:
    obstacle, said = refusal(replace(server, folder="Nowhere"))
    assert (obstacle, "does not open the folder 'Nowhere' (no such folder)" in said) == (Obstacle.FOLDER, True)


def test_a_folder_in_which_nothing_can_be_marked_is_refused(double: ImapServerDouble, server: ImapServer) -> None:
    double.read_only = True
    assert refusal(server)[0] is Obstacle.FOLDER


def test_a_server_that_is_away_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    obstacle, said = refusal(ImapServer("127.0.0.1", port, "none", "papers", "right"))
    assert (obstacle, f"127.0.0.1:{port} cannot be reached" in said) == (Obstacle.AWAY, True)
    assert refusal(ImapServer("no-such-host.invalid", 993, "tls", "papers", "right"))[0] is Obstacle.AWAY


@pytest.mark.parametrize("command", ["greeting", "CAPABILITY", "LOGIN", "SELECT", "NOOP", "UID SEARCH"])
@pytest.mark.parametrize("what", [HANG_UP, SILENCE])
def test_a_server_that_hangs_up_or_falls_silent_passes_anywhere(
    double: ImapServerDouble, server: ImapServer, command: str, what: str
) -> None:
    double.answers[command] = what
    assert refusal(replace(server, timeout=0.2))[0].passes


@pytest.mark.parametrize("command", ["greeting", "CAPABILITY", "LOGIN", "SELECT", "NOOP", "UID SEARCH"])
@given(st.binary(max_size=60), st.data())
@settings(max_examples=5)
def test_whatever_a_server_babbles_is_a_mailbox_error(command: str, babble: bytes, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(["* ", "NO ", "+ ", "* SEARCH ", "* OK [PERMANENTFLAGS ", ""])) + repr(babble)
    with imap_server() as double:
        double.answers[command] = text + ("\r\n" if command == "greeting" else "")
        server = ImapServer("127.0.0.1", double.port, "none", "papers", "right", timeout=0.1)
        try:
            reach(server)
        except MailboxError as error:
            assert str(error).startswith("The mail server 127.0.0.1:")
