"""Mail that comes in, whatever it holds and however often it comes: dealt with once, whole or not at all."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from letters import PIECES, letter, parts_of_mail
from mailroom import ADA, BOB, FORGED, OP, OURS, Mailroom, text_of, to_whom, token_in
from reports import DEAD, returned

from newsletter.mailbox.envelope import MOST_BYTES, Disposition, Envelope
from newsletter.mailbox.receiving import Receiver, imap_server
from newsletter.readers import incoming
from newsletter.settings import load
from subscribers import database
from subscribers.bounces import bounces_of
from subscribers.errors import DatabaseBusy
from subscribers.states import State

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

pytest_plugins = ("mailroom_fixtures",)

QUESTION = "Who makes this? I like it a lot, and would love to know where it comes from."
#: All that a mail may change.
TABLES = (
    "subscribers",
    "interests",
    "evidence",
    "confirmations",
    "deliveries",
    "votes",
    "bounces",
    "attempts",
    "suppressions",
)


# -- for whom


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        (OURS, True),
        ("PAPERS@News.Example.ORG", True),
        ("papers+anything@news.example.org", True),
        ("papers+@news.example.org", True),
        ("paper@news.example.org", False),
        ("papersx@news.example.org", False),
        ("papers-b@news.example.org", False),
        ("papers@example.org", False),
        ("papers@news.example.org.evil.example", False),
        ("papers", False),
        ("", False),
        ("@news.example.org", False),
    ],
)
def test_only_our_own_address_with_or_without_a_detail_is_ours(room: Mailroom, address: str, ours: bool) -> None:
    assert room.receiver.accepts(address) is ours


def test_without_a_delimiter_there_are_no_details(room: Mailroom) -> None:
    path = room.project / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[mailbox]", '[mailbox]\ndelimiter = ""'), "utf-8")
    receiver = Receiver(room.project, load(room.project), lambda: None, room.clock)
    assert receiver.accepts(OURS)
    assert not receiver.accepts("papers+x@news.example.org")
    receiver.close()


def test_the_settings_of_the_mailbox_reach_the_server(room: Mailroom) -> None:
    path = room.project / "newsletter.toml"
    more = '[mailbox]\nimap_host = "imap.example.org"\nimap_username = "papers"\nimap_password = "secret"'
    path.write_text(path.read_text("utf-8").replace("[mailbox]", more), "utf-8")
    server = imap_server(load(room.project))
    assert (server.host, server.port, server.username, server.password) == ("imap.example.org", 993, "papers", "secret")
    assert "secret" not in repr(server)


# -- once


#: A mail, whom it makes us write to, and where it comes to.
ONCE = [
    ("subscribe", letter("subscribe\nrobots", From=BOB)),
    ("wish", letter("+ tumours")),
    ("data", letter("data")),
    ("stop", letter("stop")),
    ("help", letter("help")),
    ("unclear", letter("pause 99 weeks")),
    ("stranger", letter("resume", From=BOB)),
    ("doubtful", letter("daily", Authentication_Results=FORGED)),
    ("letter", letter(QUESTION)),
    ("wish and letter", letter(f"+ tumours\n\n{QUESTION}")),
]


@pytest.mark.parametrize(("what", "raw"), ONCE, ids=[what for what, _ in ONCE])
def test_the_same_mail_twice_is_one(room: Mailroom, what: str, raw: bytes) -> None:
    """With a Message-ID or, every other of these, without one."""
    room.reader()
    if len(what) % 2:
        raw = b"Message-ID: <1@example.org>\n" + raw
    room.take(raw)
    first = [to_whom(mail) for mail in room.mails()]
    before = room.rows(*TABLES)
    assert len(first) == 2 if what == "wish and letter" else 1
    for again in (raw, raw.replace(b"\n", b"\r\n"), raw):
        assert room.take(again) == "It was dealt with before."
        assert room.disposition is Disposition.DONE
    assert room.mails() == []
    assert room.rows(*TABLES) == before


def test_what_every_delivery_writes_anew_makes_no_other_mail(room: Mailroom) -> None:
    room.reader()
    raw = letter("+ tumours", Message_ID="<1@example.org>", Date="Sun, 22 Nov 2026 12:00:00 +0000")
    for n in range(3):
        top = f"Return-Path: <ada@example.org>\nDelivered-To: {n}@x\nReceived: by mx{n}; Sun, 22 Nov 2026 12:0{n}:00\n"
        room.take(top.encode() + raw)
    assert len(room.mails()) == 1


def test_another_mail_with_the_same_message_id_is_another_mail(room: Mailroom) -> None:
    """Some programs write the same one into all of theirs."""
    room.reader()
    for words in ("+ tumours", "+ forests", QUESTION, f"{QUESTION} And since when?"):
        room.take(letter(words, Message_ID="<1@example.org>"))
    assert [to_whom(mail) for mail in room.mails()] == [ADA, ADA, OP, OP]
    assert room.interests() == ["walking robots", "tumours", "forests"]


def test_the_same_words_again_are_another_mail(room: Mailroom) -> None:
    """Also where neither Message-ID nor Date tell: then what servers wrote at the top does."""
    room.reader()
    for hour, words in enumerate(["pause", "resume", "pause", "resume", "pause"]):
        room.take(f"Received: by mx; Sun, 22 Nov 2026 {hour}:00:00\n".encode() + letter(words))
    assert room.state() is State.PAUSED
    assert len(room.mails()) == 5


def test_a_bounce_twice_is_one(read_room: Mailroom) -> None:
    person = read_room.person()
    address = read_room.bounce_address(person, 1)
    for _ in range(2):
        read_room.take(returned(DEAD), to=address, sender="")
    read_room.forget_the_mark()
    read_room.take(returned(DEAD), to=address, sender="")
    assert len(bounces_of(read_room.db, person.id)) == 1


# -- whole or not at all


@pytest.mark.parametrize(("what", "raw"), ONCE, ids=[what for what, _ in ONCE])
def test_what_ends_before_its_mark_has_done_nothing_and_comes_again(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch, what: str, raw: bytes
) -> None:
    """As a kill at the worst moment: all is done and answered, and the note that it was is not written."""
    room.reader()
    before = room.rows(*TABLES)
    with monkeypatch.context() as patch:
        patch.setattr(incoming, "remember", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            room.take(raw)
    assert room.rows(*TABLES) == before
    assert room.mails() == []
    room.take(raw)
    assert {to_whom(mail) for mail in room.mails()} <= {ADA, BOB, OP}
    assert room.rows(*TABLES) != before


@pytest.mark.parametrize(("what", "raw"), [(what, raw) for what, raw in ONCE if what != "data"])
def test_even_without_the_mark_nothing_is_mailed_twice(room: Mailroom, what: str, raw: bytes) -> None:
    room.reader()
    raw = b"Message-ID: <1@example.org>\n" + raw
    room.take(raw)
    mails = len(room.mails())
    standing = room.rows("subscribers", "interests", "votes")
    room.forget_the_mark()
    room.take(raw)
    # A second "stop" is told that nothing comes any more.
    assert len(room.mails()) == 0
    assert mails >= 1
    assert room.rows("subscribers", "interests", "votes") == standing


def test_a_database_that_is_busy_loses_no_mail(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    receiver = Receiver(room.project, load(room.project), lambda: None, room.clock)
    envelope, raw = Envelope(ADA, (OURS,)), letter("subscribe\nwalking robots")
    other = sqlite3.connect(room.project / "newsletter.db", isolation_level=None)
    receiver.handle(envelope, letter("I am nobody's wish, but open the database, please.", From="x@example.org"))
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(DatabaseBusy):
            receiver.handle(envelope, raw)
    other.execute("ROLLBACK")
    other.close()
    assert receiver.handle(envelope, raw) is Disposition.DONE
    receiver.close()
    questions = [mail for mail in room.mails() if to_whom(mail) == ADA]
    assert len(questions) == 1
    assert len(token_in(questions[0])) == 26


def test_two_processes_that_take_the_same_mail_do_it_once(room: Mailroom) -> None:
    room.reader()
    other = Receiver(room.project, load(room.project), lambda: None, room.clock)
    envelope, raw = Envelope(ADA, (OURS,)), letter("data")
    assert room.receiver.handle(envelope, raw) is Disposition.DONE
    assert other.handle(envelope, raw) is Disposition.DONE
    other.close()
    assert len(room.mails()) == 1


def test_the_sender_is_woken_for_what_waits(room: Mailroom) -> None:
    room.write("subscribe")
    assert room.woken == 1


def test_what_was_dealt_with_is_forgotten_after_a_while(room: Mailroom) -> None:
    room.write("subscribe")
    assert len(room.rows("incoming")["incoming"]) == 1
    room.clock.forward(days=61)
    room.newsletter.tend()
    assert room.rows("incoming") == {"incoming": []}


def test_what_is_said_of_a_mail_names_nobody(room: Mailroom) -> None:
    room.reader()
    for _, raw in ONCE:
        said = room.take(raw)
        assert said.endswith(".")
        assert not any(name in said for name in ("ada", "bob", "@", "tumours"))


# -- bad input


def big(body: bytes = b"") -> bytes:
    head = letter("subscribe\nwalking robots", Message_ID="<1@example.org>")
    return head + b"\n-- \n" + body


def nested(depth: int) -> bytes:
    head = "From: ada@example.org\nSubject: subscribe\n"
    inner = "Content-Type: text/plain\n\nsubscribe\n"
    for n in range(depth):
        inner = f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n{inner}\n--b{n}--\n'
    return (head + inner).encode()


def zipped() -> bytes:
    kind, body = parts_of_mail(
        "Content-Type: text/plain\n\nsubscribe\nwalking robots",
        "Content-Type: application/zip\nContent-Disposition: attachment; filename=bomb.zip\n"
        "Content-Transfer-Encoding: base64\n\n" + "UEsDBBQAAAAIAAAAIQAAAAAA\n" * 1_000,
    )
    return letter(body, Content_Type=kind)


@pytest.mark.parametrize(
    "raw",
    [
        big(b"x" * 70 + b"\n" * 10),
        big((b"x" * 70 + b"\n") * (MOST_BYTES // 71)),
        big(b"x" * (MOST_BYTES - 1_000)),
        big(b"> quoted\n" * 400_000),
        nested(200),
        zipped(),
        letter("subscribe", Subject="x" * 500_000),
        letter("subscribe", References="<a@b> " * 50_000),
        letter("subscribe", To=", ".join(f"r{n}@example.org" for n in range(10_000))),
    ],
    ids=["small", "10 MB", "one line", "quotes", "200 parts", "zip", "subject", "references", "recipients"],
)
def test_huge_and_nested_mails_are_dealt_with(room: Mailroom, raw: bytes) -> None:
    room.take(raw)
    assert room.disposition is Disposition.DONE
    (mail,) = room.mails()
    assert to_whom(mail) in (ADA, OP)
    assert len(mail.as_bytes()) < 100_000


def test_broken_charsets_are_survived(room: Mailroom) -> None:
    room.reader()
    charsets = (
        "utf-8",
        "utf-7",
        "iso-2022-jp",
        "x-no-such",
        "utf-16",
        "idna",
        "rot13",
        "\udcff",
        "unicode_escape",
        "'",
    )
    for charset in charsets:
        for body in ("subscribe", "+ r\udcffobots \udcfe of ours", "\udcff\udcfe" * 50, "interests"):
            room.take(letter(body, Content_Type=f"text/plain; charset={charset}", Subject="=?x?q?=ff?= \udcff"))
    mails = room.mails()
    assert len(mails) > 10
    assert [mail.defects for mail in mails] == [[]] * len(mails)


_REQUESTS = [
    b"From: Ada <ada@example.org>\n",
    b"From: r\xc3\xa9 <ada@example.org>\n",
    b"To: papers+c-" + b"a" * 26 + b"@news.example.org\n",
    b"Message-ID: <\xff\xfe@x>\n",
    b"References: <weekly-2026-99-99.ab@x> <c-" + b"b" * 26 + b"@news.example.org>\n",
    b"Subject: Re: subscribe\n",
    b"Subject: leave AAEDALT4KhEqGKbKKPjOmLLX1Ag\n",
    b"Content-Type: text/plain; charset=utf-8\n",
    b"Content-Type: text/html\n",
    b"\nsubscribe\n",
    b"+ robots \xff\xed\xa0\x80 \x00\n",
    b"not: \xf0\x9f\xa4\x96\n",
    b"daily at 7\n",
    b"more 1\n",
    b"pause 2 weeks\n",
    b"data\n",
    b"stop\n",
    b"yes\n",
    b"I would like to know where this comes from, please.\n",
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.lists(st.sampled_from([*_REQUESTS, *PIECES]) | st.binary(max_size=15), max_size=14).map(b"".join),
    sender=st.sampled_from([ADA, BOB, "", None]),
)
def test_any_bytes_are_dealt_with_and_what_goes_out_is_a_mail(room: Mailroom, raw: bytes, sender: str | None) -> None:
    if room.state() is None:
        room.reader()
    room.take(raw, sender=sender)
    for mail in room.mails():
        assert mail.defects == []
        assert text_of(mail)
        assert mail.as_bytes().partition(b"\n\n")[0].isascii()
    room.clock.forward(hours=5)


def test_an_empty_mail_is_nothing(room: Mailroom) -> None:
    for raw in (b"", b"\n", b"\r\n\r\n", b"\x00"):
        room.take(raw)
        assert room.disposition is Disposition.DONE
    assert room.mails() == []


def test_the_receiver_lets_go_of_the_database(tmp_path: Path, room: Mailroom) -> None:
    room.write("subscribe")
    room.receiver.close()
    room.receiver.close()
    room.write("subscribe", sender=BOB)
    assert len(room.mails()) == 2
