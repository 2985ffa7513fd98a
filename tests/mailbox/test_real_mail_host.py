"""The two ways in behind a real Postfix and a real Dovecot."""

import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import SMTP

import pytest
from mailhost import ADA, BOB, GONE, PAPERS, PASSWORD, MailHost, mail_host, wait_for

from newsletter.errors import MailboxError
from newsletter.mailbox.envelope import Disposition, Envelope
from newsletter.mailbox.imap import ImapMailbox
from newsletter.mailbox.imap_connection import KEYWORD, ImapServer
from newsletter.mailbox.lmtp import LmtpServer

pytestmark = pytest.mark.slow

TOKEN = "papers+bnc-0123@news.test"


def mail(name: str, recipient: str = PAPERS) -> bytes:
    return (
        f"From: Ada <{ADA}>\r\nTo: {recipient}\r\nSubject: {name}\r\nMessage-ID: <{name}@readers.test>\r\n\r\nstop\r\n"
    ).encode()


class Office:
    """Takes messages, and answers as it is told for each subject."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Envelope]] = []
        self.raws: list[bytes] = []
        self.answers: dict[str, Callable[[], Disposition]] = {}

    def __call__(self, envelope: Envelope, raw: bytes) -> Disposition:
        subject = str(message_from_bytes(raw, policy=SMTP)["Subject"])
        self.taken.append((subject, envelope))
        self.raws.append(raw)
        return self.answers.get(subject, lambda: Disposition.DONE)()

    @property
    def subjects(self) -> list[str]:
        return [subject for subject, _ in self.taken]


def fail() -> Disposition:
    raise ValueError("not now")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture(scope="module")
def dovecot() -> Iterator[MailHost]:
    """A host on which papers@news.test has a mailbox."""
    with mail_host() as host:
        yield host


@pytest.fixture
def mailbox(dovecot: MailHost) -> Iterator[ImapMailbox]:
    """That mailbox, in which everything is read already."""
    with ImapMailbox(ImapServer("127.0.0.1", dovecot.imap_port, "none", PAPERS, PASSWORD, timeout=10)) as mailbox:
        mailbox.fetch(lambda envelope, raw: Disposition.DONE)
        yield mailbox


def arrived(host: MailHost, raw: bytes, *recipients: str, sender: str = ADA) -> None:
    """Deliver, and wait until it lies in the mailbox of papers@news.test."""
    before = len(host.messages(PAPERS))
    host.deliver(raw, sender, recipients or [PAPERS])
    assert wait_for(lambda: len(host.messages(PAPERS)) > before), host.log()


def flags(host: MailHost, name: str) -> str:
    """The flags of a message, as Maildir has them in a file's name: S is seen, F flagged, a the first keyword."""
    inbox = host.folder / "mail" / PAPERS / "Maildir"
    (found,) = (path.name for path in inbox.glob("cur/*") if f"<{name}@".encode() in path.read_bytes())
    return found.rpartition(":2,")[2]


def test_mail_is_read_and_marked_as_the_handler_says(dovecot: MailHost, mailbox: ImapMailbox, office: Office) -> None:
    office.answers = {"a-person": lambda: Disposition.KEEP}
    for name in ("first", "a-person", "last"):
        arrived(dovecot, mail(name))
    report = mailbox.fetch(office)
    assert (report.done, report.kept, report.troubles, report.more) == (2, 1, (), False)
    assert office.subjects == ["first", "a-person", "last"]
    assert office.taken[0][1].sender == ADA
    mailbox.close()
    assert [flags(dovecot, name) for name in ("first", "a-person", "last")] == ["S", "Fa", "S"]
    assert KEYWORD in (dovecot.folder / "mail" / PAPERS / "Maildir" / "dovecot-keywords").read_text()
    assert mailbox.fetch(office).done == 0
    assert len(office.taken) == 3


def test_a_message_that_cannot_be_handled_stays_unread_until_the_third_time(
    dovecot: MailHost, mailbox: ImapMailbox, office: Office
) -> None:
    office.answers = {"bad": fail}
    arrived(dovecot, mail("bad"))
    arrived(dovecot, mail("good"))
    report = mailbox.fetch(office)
    assert [trouble.message_id for trouble in report.troubles] == ["<bad@readers.test>"]
    assert (report.done, office.subjects) == (1, ["bad", "good"])
    assert wait_for(lambda: flags(dovecot, "good") == "S", 5)
    assert flags(dovecot, "bad") == ""
    assert mailbox.fetch(office).troubles[0].given_up is False
    assert mailbox.fetch(office).troubles[0].given_up is True
    assert mailbox.fetch(office).troubles == ()
    assert "F" in flags(dovecot, "bad")
    assert "S" not in flags(dovecot, "bad")


def test_new_mail_wakes_who_waits_within_a_moment(dovecot: MailHost, mailbox: ImapMailbox, office: Office) -> None:
    assert not mailbox.wait(0.3)
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        dovecot.deliver(mail("wake-up"), ADA, [PAPERS])

    threading.Timer(0.3, send).start()
    assert mailbox.wait(30)
    assert time.monotonic() - sent[0] < 3
    mailbox.fetch(office)
    assert office.subjects == ["wake-up"]


def test_it_runs_until_it_is_told_to_stop_and_reads_all_that_came(
    dovecot: MailHost, mailbox: ImapMailbox, office: Office
) -> None:
    stop, told = threading.Event(), list[str]()
    at_work = threading.Thread(target=mailbox.run, args=(office, stop, told.append))
    at_work.start()
    try:
        for number in range(10):
            dovecot.deliver(mail(f"m{number}"), ADA, [PAPERS])
        assert wait_for(lambda: len(office.taken) == 10), (told, dovecot.log())
    finally:
        began = time.monotonic()
        stop.set()
        at_work.join()
    assert time.monotonic() - began < 2
    assert sorted(office.subjects) == [f"m{number}" for number in range(10)]
    assert told == ["New mail in the folder INBOX of 127.0.0.1 is read."]


def test_a_wrong_password_and_a_missing_folder_are_said(dovecot: MailHost) -> None:
    for password, folder, said in (("letmein", "INBOX", "refused the login"), (PASSWORD, "Nowhere", "'Nowhere'")):
        server = ImapServer("127.0.0.1", dovecot.imap_port, "none", PAPERS, password, folder, timeout=10)
        with pytest.raises(MailboxError, match=said) as refused, ImapMailbox(server) as mailbox:
            mailbox.fetch(lambda envelope, raw: Disposition.DONE)
        assert password not in str(refused.value)


def test_a_hard_bounce_comes_back_to_the_token_from_the_null_sender(
    dovecot: MailHost, mailbox: ImapMailbox, office: Office
) -> None:
    arrived(dovecot, mail("an-issue", f"eva@{GONE}"), f"eva@{GONE}", sender=TOKEN)
    mailbox.fetch(office)
    assert office.taken == [("Undelivered Mail Returned to Sender", Envelope("", (TOKEN,)))]
    assert b"Status: 5.1.1" in office.raws[0]


def test_nothing_leaves_the_machine(dovecot: MailHost) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        dovecot.deliver(mail("outward", "somebody@example.org"), ADA, ["somebody@example.org"])


@pytest.fixture(scope="module")
def behind_postfix() -> Iterator[tuple[MailHost, LmtpServer, Office]]:
    """An LMTP server to which Postfix hands all mail for news.test."""
    office = Office()
    ours = {PAPERS, TOKEN, "leave@news.test"}
    with (
        LmtpServer("127.0.0.1", 0, ours.__contains__, office) as server,
        mail_host(lmtp_port=server.port) as host,
    ):
        yield host, server, office


def test_two_recipients_are_one_message_and_postfix_is_content(
    behind_postfix: tuple[MailHost, LmtpServer, Office],
) -> None:
    host, _, office = behind_postfix
    host.deliver(mail("to-both"), ADA, [PAPERS, "leave@news.test"])
    assert wait_for(lambda: host.log().count("dsn=2.0.0, status=sent (250 2.0.0 taken)") == 2), host.log()
    assert office.subjects == ["to-both"]
    assert office.taken[0][1].sender == ADA
    assert set(office.taken[0][1].recipients) == {PAPERS, "leave@news.test"}


def test_who_is_unknown_is_refused_at_the_door_so_that_nobody_gets_a_bounce(
    behind_postfix: tuple[MailHost, LmtpServer, Office],
) -> None:
    host, _, office = behind_postfix
    before = len(office.taken)
    refused = host.deliver(mail("to-some"), ADA, ["nobody@news.test", PAPERS])
    assert list(refused) == ["nobody@news.test"]
    assert refused["nobody@news.test"][0] == 550
    assert b"5.1.1" in refused["nobody@news.test"][1]
    assert wait_for(lambda: len(office.taken) > before), host.log()
    assert office.taken[-1] == ("to-some", Envelope(ADA, (PAPERS,)))
    assert host.messages(ADA) == []


def test_what_cannot_be_handled_stays_with_postfix_and_comes_again(
    behind_postfix: tuple[MailHost, LmtpServer, Office],
) -> None:
    host, server, office = behind_postfix
    sent = host.log().count("status=sent (250 2.0.0 taken)")
    office.answers["again"] = fail
    host.deliver(mail("again"), ADA, [PAPERS, TOKEN])
    assert wait_for(lambda: office.subjects.count("again") == 2), host.log()
    server.stop()
    host.deliver(mail("while-away"), BOB, [PAPERS])
    office.answers.clear()
    server.start()
    assert wait_for(lambda: "while-away" in office.subjects), host.log()
    assert wait_for(lambda: host.log().count("status=sent (250 2.0.0 taken)") == sent + 3), host.log()
    assert office.subjects.count("while-away") == 1
    assert host.messages(ADA) == host.messages(BOB) == []


def test_a_bounce_comes_in_by_lmtp_from_the_null_sender(behind_postfix: tuple[MailHost, LmtpServer, Office]) -> None:
    host, _, office = behind_postfix
    before = len(office.taken)
    host.deliver(mail("an-issue"), TOKEN, [f"eva@{GONE}", f"eve@{GONE}"])
    assert wait_for(lambda: len(office.taken) > before), host.log()
    assert office.taken[-1][1] == Envelope("", (TOKEN,))
    assert office.raws[-1].count(b"Status: 5.1.1") == 2
