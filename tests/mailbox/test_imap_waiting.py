"""Waiting for mail, and going on for as long as it takes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapserver import HANG_UP, SILENCE, ImapServerDouble, imap_server

from newsletter.errors import MailboxError
from newsletter.mailbox import imap, imap_connection
from newsletter.mailbox.envelope import Disposition, Envelope
from newsletter.mailbox.imap import LONGEST_PAUSE, ImapMailbox, pause_after
from newsletter.mailbox.imap_connection import ImapServer

#: They wait, as mailboxes do.
pytestmark = pytest.mark.slow

MAIL = b"Message-ID: <one@readers.test>\r\n\r\nsubscribe\r\n"


#: Seconds that mailboxes wait here for mail or for an answer, and far fewer, in which they notice that it came. No test
#: takes so long; where something is overslept, it does.
LONG, SOON = 60, 15


def done(envelope: Envelope, raw: bytes) -> Disposition:
    return Disposition.DONE


def until(condition: Callable[[], object], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(condition())


@pytest.fixture
def server() -> Iterator[ImapServerDouble]:
    with imap_server() as double:
        yield double


@pytest.fixture
def mailbox(server: ImapServerDouble) -> Iterator[ImapMailbox]:
    with ImapMailbox(ImapServer("127.0.0.1", server.port, "none", "papers", "right", timeout=LONG)) as mailbox:
        mailbox.fetch(done)
        yield mailbox


class Clerk:
    """Runs a mailbox in a thread until the block ends, and notes what it is told."""

    def __init__(self, mailbox: ImapMailbox, handle: Callable[[Envelope, bytes], Disposition] = done) -> None:
        self.told: list[str] = []
        self.stop = threading.Event()
        self._thread = threading.Thread(target=mailbox.run, args=(handle, self.stop, self.told.append))

    def ends(self) -> float:
        """Stop it; how many seconds that took."""
        began = time.monotonic()
        self.stop.set()
        self._thread.join()
        return time.monotonic() - began

    @contextmanager
    def at_work(self) -> Iterator["Clerk"]:
        self._thread.start()
        try:
            yield self
        finally:
            self.ends()


def clerk(server: ImapServerDouble, handle: Callable[[Envelope, bytes], Disposition] = done) -> Clerk:
    return Clerk(ImapMailbox(ImapServer("127.0.0.1", server.port, "none", "papers", "right", timeout=LONG)), handle)


@pytest.fixture(autouse=True)
def little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping takes a fraction of the time that it may take."""
    assert imap._GRACE + imap_connection._GLANCE < 2
    monkeypatch.setattr(imap, "_GRACE", 0.2)
    monkeypatch.setattr(imap_connection, "_GLANCE", 0.1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are short."""
    monkeypatch.setattr(imap, "pause_after", lambda failures, chance: 0.02)


def test_new_mail_wakes_who_waits(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    threading.Timer(0.1, server.arrive, [MAIL]).start()
    began = time.monotonic()
    assert mailbox.wait(LONG)
    assert time.monotonic() - began < SOON
    assert mailbox.fetch(done).done == 1


def test_where_nothing_comes_the_time_passes(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    began = time.monotonic()
    assert not mailbox.wait(0.2)
    assert 0.2 <= time.monotonic() - began < SOON


def test_mail_that_came_while_others_were_fetched_is_not_slept_over(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    server.arrive(MAIL)
    server.heard = lambda command: command.startswith("UID STORE") and len(server.mails) < 2 and server.arrive(MAIL)
    assert mailbox.fetch(done).done == 1
    server.heard = lambda command: None
    assert mailbox.wait(LONG)
    assert mailbox.fetch(done).done == 1
    assert not mailbox.wait(0.05)


@pytest.mark.parametrize("idling", [b"+ idling\r\n* 1 EXISTS\r\n", b"* 1 EXISTS\r\n+ idling\r\n"])
def test_mail_that_comes_in_the_moment_in_which_waiting_begins_is_not_slept_over(
    server: ImapServerDouble, mailbox: ImapMailbox, idling: bytes
) -> None:
    server.idling = idling
    began = time.monotonic()
    assert mailbox.wait(LONG)
    assert time.monotonic() - began < SOON


def test_small_talk_of_the_server_wakes_nobody(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    server.idling = b"+ idling\r\n* OK Still here\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 1 EXPUNGE\r\n"
    assert not mailbox.wait(0.1)


def test_a_server_that_cannot_announce_is_waited_for_asleep(server: ImapServerDouble) -> None:
    server.capabilities = "IMAP4rev1"
    with ImapMailbox(ImapServer("127.0.0.1", server.port, "none", "papers", "right", timeout=LONG)) as mailbox:
        assert not mailbox.wait(0.1)
        assert server.said("IDLE") == []


def test_a_server_that_offers_idle_and_refuses_it_is_waited_for_asleep(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    server.answers["IDLE"] = "NO not today"
    began = time.monotonic()
    assert not mailbox.wait(0.2)
    assert time.monotonic() - began >= 0.2
    assert mailbox.fetch(done).done == 0
    assert not mailbox.wait(0.01)
    assert len(server.said("IDLE")) == 1


def test_nobody_idles_so_long_that_the_server_would_hang_up(
    server: ImapServerDouble, mailbox: ImapMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert imap_connection._LONGEST_IDLE < 29 * 60
    monkeypatch.setattr(imap_connection, "_LONGEST_IDLE", 0.02)
    assert not mailbox.wait(0.6)
    assert len(server.said("IDLE")) >= 3


def test_a_server_that_hangs_up_on_who_waits_is_noticed_at_once(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    server.answers["IDLE"] = [HANG_UP]
    began = time.monotonic()
    with pytest.raises(MailboxError, match="broke the connection off"):
        mailbox.wait(LONG)
    assert time.monotonic() - began < SOON
    assert not mailbox.wait(0.01)


def test_it_goes_on_fetching_what_arrives_and_ends_soon(server: ImapServerDouble) -> None:
    with clerk(server).at_work() as at_work:
        for _ in range(3):
            server.arrive(MAIL)
            assert until(lambda: all(mail.flags == {r"\Seen"} for mail in server.mails))
        assert at_work.ends() < SOON
        assert at_work.told == ["New mail in the folder INBOX of 127.0.0.1 is read."]
    assert server.said("LOGOUT")


@pytest.mark.usefixtures("impatient")
def test_each_change_is_told_once_and_never_the_password(server: ImapServerDouble) -> None:
    server.answers["greeting"] = HANG_UP
    with clerk(server).at_work() as at_work:
        assert until(lambda: server.connections > 5)
        server.answers["greeting"] = "* OK come in\r\n"
        assert until(lambda: len(at_work.told) == 2)
        server.answers |= {"greeting": HANG_UP, "IDLE": HANG_UP, "NOOP": HANG_UP}
        server.arrive(MAIL)
        before = server.connections
        assert until(lambda: server.connections > before + 3)
    assert len(at_work.told) == 3
    away, read, away_again = at_work.told
    assert away == away_again
    assert away.startswith(f"The mail server 127.0.0.1:{server.port} cannot be reached (")
    assert read.startswith("New mail in the folder INBOX")
    assert "right" not in "".join(at_work.told)


@pytest.mark.usefixtures("impatient")
def test_a_connection_that_ends_after_it_was_of_use_is_replaced_without_a_word(server: ImapServerDouble) -> None:
    server.answers["IDLE"] = HANG_UP
    with clerk(server).at_work() as at_work:
        assert until(lambda: server.connections > 3)
    assert len(at_work.told) == 1


@pytest.mark.usefixtures("impatient")
def test_a_login_that_was_refused_is_not_tried_again_and_again(server: ImapServerDouble) -> None:
    server.password = "another"
    with clerk(server).at_work() as at_work:
        assert until(lambda: at_work.told)
        time.sleep(0.2)
        assert len(server.said("LOGIN")) == 1
        assert at_work.ends() < SOON
    assert "refused the login" in at_work.told[0]


@pytest.mark.parametrize("command", ["greeting", "LOGIN", "NOOP", "UID FETCH", "UID STORE", "IDLE", "LOGOUT"])
def test_who_waits_for_a_silent_server_ends_soon(server: ImapServerDouble, command: str) -> None:
    server.arrive(MAIL)
    server.answers[command] = SILENCE
    with clerk(server).at_work() as at_work:
        if command == "greeting":
            assert until(lambda: server.connections)
        elif command != "LOGOUT":
            assert until(lambda: server.said(command))
        assert at_work.ends() < SOON


def test_a_message_in_hand_is_finished_and_marked_before_the_end(server: ImapServerDouble) -> None:
    in_hand = threading.Event()

    def slowly(envelope: Envelope, raw: bytes) -> Disposition:
        in_hand.set()
        time.sleep(0.5)
        return Disposition.DONE

    one, two = server.arrive(MAIL), server.arrive(MAIL)
    with clerk(server, slowly).at_work() as at_work:
        assert in_hand.wait(SOON)
        at_work.ends()
    assert (one.flags, two.flags) == ({r"\Seen"}, set())


def test_a_failure_is_told_without_a_word_of_it_and_tried_again(
    server: ImapServerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "_TRY_AGAIN", (0.01, 0.01))

    def fail(envelope: Envelope, raw: bytes) -> Disposition:
        raise ValueError("ada@readers.test wrote nonsense")

    mail = server.arrive(MAIL)
    with clerk(server, fail).at_work() as at_work:
        assert until(lambda: r"\Flagged" in mail.flags)
        assert until(lambda: len(at_work.told) == 3)
    _, again, flagged = at_work.told
    assert "UID 101" in again
    assert again.endswith("It is tried again.")
    assert flagged.endswith("It was flagged and is left to you.")
    assert "ada@" not in "".join(at_work.told)


def test_what_failed_a_moment_ago_waits_while_others_are_fetched(server: ImapServerDouble) -> None:
    taken: list[bytes] = []

    def fail(envelope: Envelope, raw: bytes) -> Disposition:
        taken.append(raw)
        raise ValueError

    server.arrive(MAIL)
    with clerk(server, fail).at_work():
        assert until(lambda: taken)
        server.arrive(MAIL + b"two")
        assert until(lambda: len(taken) == 2)
        time.sleep(0.1)
    assert taken == [MAIL, MAIL + b"two"]


def test_what_breaks_a_handler_for_good_ends_the_work(server: ImapServerDouble) -> None:
    def interrupted(envelope: Envelope, raw: bytes) -> Disposition:
        raise KeyboardInterrupt

    mail = server.arrive(MAIL)
    mailbox = ImapMailbox(ImapServer("127.0.0.1", server.port, "none", "papers", "right"))
    with pytest.raises(KeyboardInterrupt):
        mailbox.run(interrupted, threading.Event(), lambda sentence: None)
    assert mail.flags == set()


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_and_never_get_too_long(failures: int, chance: float) -> None:
    pause = pause_after(failures, chance)
    assert 0.5 <= pause <= LONGEST_PAUSE
    assert pause_after(failures + 1, chance) >= pause
    assert pause_after(1, 0) == 1
    assert pause_after(100, 0) == LONGEST_PAUSE
