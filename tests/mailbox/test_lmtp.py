"""Mail by LMTP: every recipient gets an answer, and nothing is lost."""

import smtplib
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import MailboxError, SettingsError
from newsletter.mailbox.envelope import MOST_BYTES, Disposition, Envelope
from newsletter.mailbox.lmtp import MOST_LINE, LmtpServer

#: They wait, as servers let one wait.
pytestmark = pytest.mark.slow

MAIL = b"From: ada@readers.test\r\nSubject: subscribe\r\n\r\n.\r\n..two dots\r\n caf\xe9\r\n"
OURS = {"papers@news.test", "papers+token@news.test"}


class Office:
    """Takes messages, and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[tuple[Envelope, bytes]] = []
        self.threads: set[int] = set()
        self.told: list[str] = []
        #: called for every message
        self.answer: Callable[[], Disposition] = lambda: Disposition.DONE

    def accepts(self, address: str) -> bool:
        self.threads.add(threading.get_ident())
        if address.startswith("broken"):
            raise ValueError(address)
        return address.lower() in OURS

    def handle(self, envelope: Envelope, raw: bytes) -> Disposition:
        self.threads.add(threading.get_ident())
        answer = self.answer()
        self.taken.append((envelope, raw))
        return answer


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def server(office: Office) -> Iterator[LmtpServer]:
    with LmtpServer("127.0.0.1", 0, office.accepts, office.handle, told=office.told.append) as server:
        yield server


@pytest.fixture
def client(server: LmtpServer) -> Iterator[smtplib.LMTP]:
    with smtplib.LMTP(server.host, server.port, timeout=10) as client:
        client.ehlo()
        yield client


def hand_over(client: smtplib.LMTP, raw: bytes, *recipients: str, sender: str = "ada@readers.test") -> list[str]:
    """One transaction, answer by answer."""
    answers = [client.docmd(f"MAIL FROM:<{sender}>")]
    answers += [client.docmd(f"RCPT TO:<{recipient}>") for recipient in recipients]
    known = sum(code == 250 for code, _ in answers[1:])
    answers.append(client.docmd("DATA"))
    if answers[-1][0] == 354:
        client.send(smtplib._quote_periods(raw) + b".\r\n")  # type: ignore[attr-defined]
        answers += [client.getreply() for _ in range(known)]
    # An answer too many, or too few, would show here.
    assert client.noop()[0] == 250
    return [f"{code} {text.decode()}" for code, text in answers]


def test_the_very_bytes_and_the_envelope_are_handed_on(office: Office, client: smtplib.LMTP) -> None:
    hand_over(client, MAIL, "papers+token@news.test")
    assert office.taken == [(Envelope("ada@readers.test", ("papers+token@news.test",)), MAIL)]


def test_a_null_sender_is_empty(office: Office, client: smtplib.LMTP) -> None:
    hand_over(client, MAIL, "papers+token@news.test", sender="")
    assert office.taken[0][0].sender == ""


def test_two_recipients_are_one_message_and_two_answers(office: Office, client: smtplib.LMTP) -> None:
    answers = hand_over(client, MAIL, *sorted(OURS))
    assert [answer[:9] for answer in answers[-2:]] == ["250 2.0.0", "250 2.0.0"]
    assert [envelope.recipients for envelope, _ in office.taken] == [tuple(sorted(OURS))]


def test_a_second_message_of_the_same_connection_is_one_of_its_own(office: Office, client: smtplib.LMTP) -> None:
    hand_over(client, MAIL, *sorted(OURS))
    hand_over(client, MAIL, "papers@news.test")
    assert [len(envelope.recipients) for envelope, _ in office.taken] == [2, 1]


def test_who_is_unknown_is_refused_before_the_message(office: Office, client: smtplib.LMTP) -> None:
    answers = hand_over(client, MAIL, "nobody@news.test", "papers@news.test")
    assert answers[1].startswith("550 5.1.1 ")
    assert answers[-1].startswith("250 ")
    assert hand_over(client, MAIL, "nobody@news.test")[-1].startswith("503 ")
    assert office.taken[0][0].recipients == ("papers@news.test",)
    assert len(office.taken) == 1


def test_a_failure_is_answered_for_each_recipient_and_told_without_a_word_of_it(
    office: Office, client: smtplib.LMTP
) -> None:
    def fail() -> Disposition:
        raise ValueError("ada@readers.test wrote nonsense")

    office.answer = fail
    answers = hand_over(client, MAIL, *sorted(OURS))
    assert [answer[:9] for answer in answers[-2:]] == ["451 4.3.0", "451 4.3.0"]
    assert len(office.told) == 1
    assert "could not be handled (ValueError in test_lmtp.py, line " in office.told[0]
    assert "ada" not in office.told[0] + "".join(answers)


def test_mail_for_a_person_waits_in_the_mail_server_until_there_is_one(office: Office, client: smtplib.LMTP) -> None:
    office.answer = lambda: Disposition.KEEP
    assert hand_over(client, MAIL, "papers@news.test")[-1].startswith("451 4.3.5 ")
    assert "mailbox.operator" in office.told[0]


def test_an_answer_that_is_none_is_a_failure(office: Office, client: smtplib.LMTP) -> None:
    office.answer = lambda: None  # type: ignore[assignment, return-value]
    assert hand_over(client, MAIL, "papers@news.test")[-1].startswith("451 4.3.0 ")


def test_where_nobody_can_say_who_is_known_the_mail_waits(office: Office, client: smtplib.LMTP) -> None:
    assert hand_over(client, MAIL, "broken@news.test")[1].startswith("451 4.3.0 ")
    assert "A recipient could not be handled (ValueError in test_lmtp.py" in office.told[0]


def test_what_is_too_large_is_refused_for_each_recipient(office: Office, client: smtplib.LMTP) -> None:
    large = b"x" * 9_000 + b"\r\n"
    large *= MOST_BYTES // len(large) + 1
    answers = hand_over(client, large, *sorted(OURS))
    assert [answer[:9] for answer in answers[-2:]] == ["552 5.3.4", "552 5.3.4"]
    assert client.docmd(f"MAIL FROM:<ada@readers.test> SIZE={MOST_BYTES + 1}")[1].startswith(b"5.3.4 ")
    assert hand_over(client, MAIL, "papers@news.test")[-1].startswith("250 ")
    assert len(office.taken) == 1


def test_lines_may_be_long_but_not_endless(office: Office, client: smtplib.LMTP) -> None:
    assert hand_over(client, b"x" * 100_000 + b"\r\n", "papers@news.test")[-1].startswith("250 ")
    answers = hand_over(client, b"x" * (MOST_LINE + 10) + b"\r\n", *sorted(OURS))
    assert [answer[:9] for answer in answers[-2:]] == ["554 5.6.0", "554 5.6.0"]
    assert len(office.taken) == 1


def test_addresses_in_utf8_are_taken_as_they_are(office: Office, client: smtplib.LMTP) -> None:
    client.command_encoding = "utf-8"
    assert client.docmd("MAIL FROM:<zoë@readers.test> SMTPUTF8")[0] == 250
    assert client.docmd("RCPT TO:<zoë@news.test>")[0] == 550
    assert client.docmd("RCPT TO:<papers@news.test>")[0] == 250
    assert client.data(MAIL)[0] == 250
    assert office.taken[0][0].sender == "zoë@readers.test"


def test_what_is_no_text_is_no_address(office: Office, server: LmtpServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as sock, sock.makefile("rb") as answers:
        sock.sendall(b"LHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<\xff\xfe@news.test>\r\nQUIT\r\n")
        assert b"\r\n501 5.1.3 " in answers.read()
    assert office.taken == []


def test_everything_is_called_in_one_thread_that_is_not_the_caller_s(
    office: Office, server: LmtpServer, tmp_path: Path
) -> None:
    """A connection to SQLite made there can be used there, and closed at the end."""
    opened: list[sqlite3.Connection] = []

    def write() -> Disposition:
        if not opened:
            opened.append(sqlite3.connect(tmp_path / "mail.db"))
            opened[0].execute("CREATE TABLE mail (number)")
        opened[0].execute("INSERT INTO mail VALUES (1)")
        opened[0].commit()
        return Disposition.DONE

    office.answer = write
    own = LmtpServer("::1", 0, office.accepts, office.handle, at_end=lambda: opened[0].close())
    with own:
        clients = [smtplib.LMTP(own.host, own.port, timeout=10) for _ in range(4)]
        threads = [threading.Thread(target=c.sendmail, args=("a@b.test", ["papers@news.test"], MAIL)) for c in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
    assert len(office.taken) == 4
    assert len(office.threads) == 1
    assert threading.get_ident() not in office.threads
    with closing(sqlite3.connect(tmp_path / "mail.db")) as db:
        assert db.execute("SELECT count(*) FROM mail").fetchone() == (4,)


def test_only_one_message_is_handled_at_a_time(office: Office, server: LmtpServer) -> None:
    at_once: list[int] = []
    running = threading.Semaphore(1)

    def slowly() -> Disposition:
        at_once.append(running.acquire(blocking=False))
        time.sleep(0.05)
        running.release()
        return Disposition.DONE

    office.answer = slowly
    with smtplib.LMTP(server.host, server.port) as one, smtplib.LMTP(server.host, server.port) as other:
        threads = [
            threading.Thread(target=client.sendmail, args=("a@b.test", ["papers@news.test"], MAIL))
            for client in (one, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert at_once == [True, True]


def test_stopping_finishes_and_answers_the_message_in_hand(office: Office, server: LmtpServer) -> None:
    in_hand, said = threading.Event(), []

    def slowly() -> Disposition:
        in_hand.set()
        time.sleep(0.3)
        return Disposition.DONE

    office.answer = slowly
    client = smtplib.LMTP(server.host, server.port, timeout=10)
    sending = threading.Thread(target=lambda: said.append(client.sendmail("a@b.test", ["papers@news.test"], MAIL)))
    sending.start()
    assert in_hand.wait(5)
    server.stop()
    sending.join()
    client.close()
    assert said == [{}]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=1)


def test_a_client_that_breaks_off_in_mid_message_hands_nothing_on(office: Office, server: LmtpServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as sock:
        sock.sendall(b"LHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<papers@news.test>\r\nDATA\r\nSubject: half a")
        time.sleep(0.1)
    with smtplib.LMTP(server.host, server.port, timeout=10) as client:
        client.ehlo()
        hand_over(client, MAIL, "papers@news.test")
    assert [raw for _, raw in office.taken] == [MAIL]
    assert office.told == []


def test_a_server_can_be_stopped_twice_and_started_again(office: Office, server: LmtpServer) -> None:
    port = server.port
    server.stop()
    server.stop()
    server.start()
    assert server.port == port
    with smtplib.LMTP(server.host, port, timeout=10) as client:
        client.ehlo()
        assert hand_over(client, MAIL, "papers@news.test")[-1].startswith("250 ")


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1", "mail.example.org"])
def test_others_must_not_reach_it(office: Office, host: str) -> None:
    with pytest.raises(SettingsError, match="LMTP knows no login"):
        LmtpServer(host, 2425, office.accepts, office.handle)


def test_a_port_that_is_taken_is_said(office: Office, server: LmtpServer) -> None:
    with pytest.raises(MailboxError, match=f"cannot listen on 127.0.0.1:{server.port}: Address already in use"):
        LmtpServer("127.0.0.1", server.port, office.accepts, office.handle).start()


_COMMANDS = (b"MAIL FROM:<a@b.test>", b"RCPT TO:<papers@news.test>", b"DATA", b".", b"RSET", b"LHLO y", b"QUIT")
_LINE = st.one_of(st.sampled_from(_COMMANDS), st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")))


@given(st.lists(_LINE, max_size=8))
@settings(max_examples=10)
@pytest.mark.slow
def test_whatever_is_said_to_it_the_next_message_is_taken(lines: list[bytes]) -> None:
    office = Office()
    with LmtpServer("127.0.0.1", 0, office.accepts, office.handle) as server:
        with socket.create_connection((server.host, server.port), timeout=5) as sock:
            sock.sendall(b"LHLO x\r\n" + b"".join(line + b"\r\n" for line in lines))
        with smtplib.LMTP(server.host, server.port, timeout=5) as client:
            client.ehlo()
            hand_over(client, MAIL, "papers@news.test")
    assert MAIL in [raw for _, raw in office.taken]
