"""Fetching from a mailbox: each message is handed on, then marked, whatever happens in between."""

from collections.abc import Callable, Iterator

import pytest
from imapserver import HANG_UP, ImapServerDouble, imap_server

from newsletter.errors import MailboxError
from newsletter.mailbox.envelope import MOST_BYTES, Disposition, Envelope
from newsletter.mailbox.imap import FetchReport, ImapMailbox
from newsletter.mailbox.imap_connection import BEGINNING, KEYWORD, ImapServer
from subscribers.errors import DatabaseBusy

DONE, KEEP = Disposition.DONE, Disposition.KEEP


def mail(name: str, body: str = "") -> bytes:
    return (
        f"Return-Path: <ada@readers.test>\r\nDelivered-To: papers+x@news.test\r\nMessage-ID: <{name}@readers.test>\r\n"
        f"\r\n{body}"
    ).encode()


class Desk:
    """Takes messages, as it is told for each by its first Message-ID letters."""

    def __init__(self, **answers: Disposition | Exception | Callable[[], Disposition]) -> None:
        self.answers = answers
        self.taken: list[str] = []
        self.envelopes: list[Envelope] = []
        self.raws: list[bytes] = []

    def __call__(self, envelope: Envelope, raw: bytes) -> Disposition:
        name = raw.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()
        self.taken.append(name)
        self.envelopes.append(envelope)
        self.raws.append(raw)
        answer = self.answers.get(name, DONE)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Disposition) else answer()


@pytest.fixture
def server() -> Iterator[ImapServerDouble]:
    with imap_server() as double:
        yield double


@pytest.fixture
def mailbox(server: ImapServerDouble) -> Iterator[ImapMailbox]:
    with ImapMailbox(ImapServer("127.0.0.1", server.port, "none", "papers", "right", timeout=30), batch=3) as mailbox:
        yield mailbox


def test_what_nobody_has_seen_is_handed_on_the_oldest_first_and_as_it_is(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    for name in ("one", "two"):
        server.arrive(mail(name, "caf\xe9 \0 \r\n.\r\n"))
    server.arrive(mail("read"), r"\Seen")
    desk = Desk()
    assert mailbox.fetch(desk) == FetchReport(2, 0, (), more=False)
    assert desk.taken == ["one", "two"]
    assert desk.raws[0] == server.mails[0].raw
    assert desk.envelopes[0] == Envelope("ada@readers.test", ("papers+x@news.test",))


def test_a_message_is_marked_after_it_was_handled_and_not_before(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    one = server.arrive(mail("one"))
    before: list[set[str]] = []

    def look() -> Disposition:
        before.append(set(one.flags))
        return DONE

    mailbox.fetch(Desk(one=look))
    assert before == [set()]
    assert one.flags == {r"\Seen"}


def test_nothing_is_handed_on_twice(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    server.arrive(mail("one"))
    server.arrive(mail("two"))
    desk = Desk(two=KEEP)
    mailbox.fetch(desk)
    assert mailbox.fetch(desk) == FetchReport(0, 0, (), more=False)
    assert desk.taken == ["one", "two"]


def test_what_is_kept_is_flagged_and_stays_unread_for_the_operator(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    one = server.arrive(mail("one"))
    assert mailbox.fetch(Desk(one=KEEP)) == FetchReport(0, 1, (), more=False)
    assert one.flags == {r"\Flagged", KEYWORD}


def test_where_a_server_takes_no_keywords_what_is_kept_is_flagged_and_read(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    server.permanent = r"\Seen \Flagged"
    one = server.arrive(mail("one"))
    desk = Desk(one=KEEP)
    mailbox.fetch(desk)
    mailbox.fetch(desk)
    assert one.flags == {r"\Flagged", r"\Seen"}
    assert desk.taken == ["one"]
    assert KEYWORD not in "".join(server.commands)


def test_what_a_person_deleted_is_left_alone_and_nothing_is_ever_expunged(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    server.arrive(mail("gone"), r"\Deleted")
    server.arrive(mail("one"))
    desk = Desk()
    mailbox.fetch(desk)
    mailbox.close()
    assert desk.taken == ["one"]
    assert {"EXPUNGE", "CLOSE"}.isdisjoint(server.commands)


def test_what_cannot_be_handled_stays_unread_and_stops_no_other(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    bad, _ = server.arrive(mail("bad")), server.arrive(mail("good"))
    desk = Desk(bad=ValueError("cannot be"))
    report = mailbox.fetch(desk)
    assert (report.done, desk.taken, bad.flags) == (1, ["bad", "good"], set())
    (trouble,) = report.troubles
    assert (trouble.message_id, trouble.why) == ("<bad@readers.test>", "ValueError: cannot be")
    assert (trouble.tries, trouble.given_up) == (1, False)
    assert trouble.where.startswith("ValueError in test_imap.py, line ")


def test_the_third_failure_leaves_a_message_to_the_operator(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    bad = server.arrive(mail("bad"))
    desk = Desk(bad=ValueError("cannot be"))
    reports = [mailbox.fetch(desk) for _ in range(4)]
    assert [[t.given_up for t in report.troubles] for report in reports] == [[False], [False], [True], []]
    assert bad.flags == {r"\Flagged", KEYWORD}
    assert desk.taken == ["bad"] * 3


def test_a_database_that_is_busy_for_long_gives_no_message_up(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    one = server.arrive(mail("one"))
    desk = Desk(one=DatabaseBusy("another process holds it"))
    assert not any(trouble.given_up for _ in range(9) for trouble in mailbox.fetch(desk).troubles)
    assert one.flags == set()


def test_an_answer_that_is_none_is_a_failure(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    one = server.arrive(mail("one"))
    report = mailbox.fetch(Desk(one=lambda: None))  # type: ignore[arg-type, return-value]
    assert report.troubles[0].why.startswith("ValueError")
    assert one.flags == set()


def test_a_fetch_takes_a_batch_and_says_that_more_waits(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    for number in range(5):
        server.arrive(mail(f"m{number}"))
    desk = Desk()
    assert mailbox.fetch(desk) == FetchReport(3, 0, (), more=True)
    assert mailbox.fetch(desk) == FetchReport(2, 0, (), more=False)
    assert desk.taken == [f"m{number}" for number in range(5)]


def test_of_a_very_large_message_only_the_beginning_is_handed_on(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    huge = mail("huge", "stop\r\n") + b"x" * MOST_BYTES
    server.arrive(huge)
    large = mail("large") + b"y" * (BEGINNING + 1)
    server.arrive(large)
    exact = mail("exact")
    server.arrive(exact + b"z" * (MOST_BYTES - len(exact)))
    desk = Desk()
    assert mailbox.fetch(desk).done == 3
    assert [envelope.cut for envelope in desk.envelopes] == [True, False, False]
    assert [len(raw) for raw in desk.raws] == [BEGINNING, len(large), MOST_BYTES]
    assert huge.startswith(desk.raws[0])


def test_a_message_that_vanished_meanwhile_is_no_trouble(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    server.arrive(mail("one"))
    server.arrive(mail("two"))
    server.answers["UID FETCH 101"] = "OK there is no such message"
    assert mailbox.fetch(Desk()) == FetchReport(1, 0, (), more=False)


def test_a_short_message_may_come_in_quotes(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    server.arrive(mail("one"))
    server.answers["UID FETCH"] = '* 1 FETCH (UID 101 RFC822.SIZE 4 BODY[]<0> "a\\"b\\\\")'
    desk = Desk()
    mailbox.fetch(desk)
    assert desk.raws == [b'a"b\\']


def test_what_the_server_does_not_give_out_stops_no_other(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    bad, _ = server.arrive(mail("bad")), server.arrive(mail("good"))
    server.answers["UID FETCH 101"] = "NO the disk is broken"
    desk = Desk()
    reports = [mailbox.fetch(desk) for _ in range(4)]
    assert desk.taken == ["good"]
    assert "the disk is broken" in reports[0].troubles[0].why
    assert reports[3].troubles == ()
    assert r"\Flagged" in bad.flags


def test_a_server_that_hangs_up_in_mid_fetch_is_told_and_the_rest_comes_next_time(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    for name in ("one", "two"):
        server.arrive(mail(name))
    server.answers["UID FETCH 102"] = [HANG_UP]
    desk = Desk()
    with pytest.raises(
        MailboxError, match=r"127\.0\.0\.1:\d+ broke the connection off .* stays in the mailbox"
    ) as told:
        mailbox.fetch(desk)
    assert told.value.report == FetchReport(1, 0, (), more=True)
    assert mailbox.fetch(desk).done == 1
    assert desk.taken == ["one", "two"]


def test_what_was_handled_when_the_connection_broke_is_only_marked_later(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    one = server.arrive(mail("one"))
    server.answers["UID STORE"] = [HANG_UP]
    desk = Desk()
    with pytest.raises(MailboxError):
        mailbox.fetch(desk)
    assert one.flags == set()
    assert mailbox.fetch(desk).done == 1
    assert one.flags == {r"\Seen"}
    assert desk.taken == ["one"]


def test_what_was_handled_under_numbers_that_changed_comes_again(
    server: ImapServerDouble, mailbox: ImapMailbox
) -> None:
    server.arrive(mail("one"))
    server.answers["UID STORE"] = [HANG_UP]
    desk = Desk()
    with pytest.raises(MailboxError):
        mailbox.fetch(desk)
    server.validity = 2
    mailbox.fetch(desk)
    assert desk.taken == ["one", "one"]


def test_a_mark_that_the_server_refuses_is_told(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    server.arrive(mail("one"))
    server.answers["UID STORE"] = "NO you may not"
    desk = Desk()
    for _ in range(2):
        with pytest.raises(MailboxError, match=r"does not let a message be marked \(you may not\)"):
            mailbox.fetch(desk)
    assert desk.taken == ["one"]


def test_a_connection_that_went_stale_is_made_anew_in_silence(server: ImapServerDouble, mailbox: ImapMailbox) -> None:
    mailbox.fetch(Desk())
    server.arrive(mail("one"))
    server.answers["NOOP"] = [HANG_UP]
    assert mailbox.fetch(Desk()).done == 1
    assert server.connections == 2
