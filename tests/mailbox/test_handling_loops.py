"""Nobody is flooded, nothing goes round in circles, and what people write reaches a person."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from letters import html_letter, letter, parts_of_mail
from mailroom import ADA, BOB, EVE, OP, OURS, Mailroom, text_of, to_whom
from mailserver import MailServer, mail_server
from newsroom import Clock, parsed

from newsletter.mailbox.answering import MOST_FORWARDED
from newsletter.mailbox.envelope import Disposition, Envelope

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

pytest_plugins = ("mailroom_fixtures",)

QUESTION = "Who makes this? I like it a lot, and would love to know where it comes from."


@pytest.fixture
def other_room(tmp_path: Path, stocked: Path, clock: Clock) -> Iterator[Mailroom]:
    """Another newsletter of the same program, without an operator."""
    project = tmp_path / "other"
    shutil.copytree(stocked, project)
    settings = (project / "newsletter.toml").read_text("utf-8").replace("papers@news", "other@mail")
    settings = settings.replace('operator = "op@example.org"\n', "")
    (project / "newsletter.toml").write_text(settings, "utf-8")
    with ExitStack() as stack:
        yield Mailroom(project, clock, stack)


OTHER = "other@mail.example.org"


# -- circles


def as_it_was(raw: bytes) -> bytes:
    return raw


def without_its_marks(raw: bytes) -> bytes:
    """As a bad forwarder hands it on: nothing in it says that a program wrote it."""
    return raw.replace(b"Auto-Submitted:", b"X-Was-Submitted:")


@pytest.mark.parametrize("first", ["subscribe", "help", "stop", ""])
@pytest.mark.parametrize(("handed_on", "most"), [(as_it_was, 1), (without_its_marks, 6)])
def test_two_newsletters_that_write_to_each_other_stop(
    room: Mailroom, other_room: Mailroom, first: str, handed_on: Callable[[bytes], bytes], most: int
) -> None:
    room.write(first, sender=OTHER)
    written = 0
    for _ in range(20):
        found = [mail for mail in room.mails() if to_whom(mail) == OTHER]
        for mail in found:
            other_room.take(handed_on(mail.as_bytes()), to=OTHER, sender=None)
        back = [mail for mail in other_room.mails() if to_whom(mail) == OURS]
        for mail in back:
            room.take(handed_on(mail.as_bytes()), to=OURS, sender=None)
        if not found and not back:
            break
        written += len(found) + len(back)
    else:
        raise AssertionError("they still write")
    assert written <= most


@pytest.mark.parametrize("first", ["subscribe", "help", "+ robots", "data"])
def test_a_mail_program_that_sends_everything_back_is_answered_a_few_times(room: Mailroom, first: str) -> None:
    """Word for word, in its owner's name, and without any mark."""
    room.reader()
    room.write(first)
    written = 0
    for n in range(60):
        mails = [mail for mail in room.mails() if to_whom(mail) == ADA]
        written += len(mails)
        if not mails:
            break
        for mail in mails:
            room.write(text_of(mail), Subject=f"Re: {mail['Subject']} {n}")
    assert written <= 15


@pytest.mark.parametrize(
    ("words", "reads"),
    [("subscribe", True), ("subscribe", False), ("help", False), ("+ robots", True), ("stop", True), ("", False)],
)
def test_a_hundred_mails_in_a_day_get_a_few_answers(room: Mailroom, words: str, reads: bool) -> None:
    if reads:
        room.reader()
    for _ in range(100):
        room.write(words)
    assert len(room.mails()) <= 10


def test_a_hundred_different_mails_of_one_address_too(room: Mailroom) -> None:
    room.reader()
    every = [
        "subscribe",
        "help",
        "interests",
        "pause 99 weeks",
        "data",
        "daily",
        "erase me",
        "+ a\n- a",
        "resume",
        "more 1",
    ]
    for n in range(200):
        room.write(every[n % len(every)])
    assert len(room.mails()) <= 10 + 1 + 3 + 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated"},
        {"Precedence": "list"},
        {"List_Id": "<x.example.org>"},
        {"X_Loop": OURS},
        {"From": "MAILER-DAEMON@example.org"},
        {"Received": "\nReceived: ".join(f"by hop{n}.example.org" for n in range(30))},
    ],
)
def test_what_a_program_or_a_list_sends_is_neither_done_nor_answered(room: Mailroom, headers: dict[str, Any]) -> None:
    room.reader()
    for words in ("subscribe", "stop", "help", QUESTION):
        room.write(words, **headers)
    assert room.mails() == []
    assert [one.event for one in room.evidence()] == ["subscribed and confirmed"]


def test_the_null_sender_is_neither_done_nor_answered(room: Mailroom) -> None:
    room.write("subscribe", envelope="")
    room.write("subscribe", envelope="<>")
    assert (room.mails(), room.state()) == ([], None)


# -- what a stranger can make us write to somebody else


def test_nothing_that_is_written_in_somebody_s_name_is_repeated_to_them(room: Mailroom) -> None:
    hers: dict[str, Any] = {"sender": BOB, "envelope": EVE, "From": f"pills <{BOB}>"}
    seen = 0
    for words in (
        "subscribe\ncheap pills at https://evil.example/now",
        "subscribe: cheap pills at https://evil.example/now",
        "+ cheap pills at https://evil.example/now",
        "+ cheap pills\n- cheap pills",
        "+ cheap pills\nnot: cheap pills",
        "pause for pills weeks",
        "more pills",
        "time zone pills/now",
        "help pills",
        "stop pills",
        "weekly on pills",
    ):
        first, _, rest = words.partition("\n")
        room.write(words, Subject="", **hers)
        room.write(rest, **{**hers, "Subject": first})
        theirs = [mail for mail in room.mails() if to_whom(mail) == BOB]
        assert len(theirs) <= 2
        assert not any("pills" in str(mail) or "pills" in text_of(mail) for mail in theirs)
        seen += len(theirs)
        room.clock.forward(days=1, seconds=1)
    assert seen >= 8


# -- letters


def test_a_letter_reaches_the_operator_and_is_not_answered(room: Mailroom) -> None:
    room.reader()
    room.write(f"Hello,\n\n{QUESTION}\n\nBest,\nAda", Subject="A question", Reply_To="eve@evil.example")
    (mail,) = room.mails()
    assert (to_whom(mail), mail["Reply-To"], mail["Auto-Submitted"]) == (OP, ADA, "auto-generated")
    assert (mail["Subject"], room.disposition) == (f"{ADA} wrote: A question", Disposition.DONE)
    assert QUESTION in text_of(mail).replace("> ", "")
    assert "(a reader, active)" in text_of(mail)


def test_what_hangs_on_a_letter_goes_with_it(room: Mailroom) -> None:
    kind, body = parts_of_mail(
        f"Content-Type: text/plain\n\n{QUESTION}",
        "Content-Type: application/zip; name=a.zip\nContent-Disposition: attachment; filename=a.zip\n"
        "Content-Transfer-Encoding: base64\n\nUEsDBAoAAAAAAA==",
    )
    raw = letter(body, Content_Type=kind, Subject="With a file")
    room.take(raw)
    (mail,) = room.mails()
    (whole,) = mail.iter_attachments()
    assert whole.get_content() == raw


def test_what_is_too_large_goes_by_its_text_alone_and_says_so(room: Mailroom) -> None:
    kind, body = parts_of_mail(
        f"Content-Type: text/plain\n\n{QUESTION}",
        "Content-Type: image/png\nContent-Disposition: attachment; filename=a.png\n"
        "Content-Transfer-Encoding: base64\n\n" + "iVBORw0KGgoAAAANSUhEUgAA\n" * (MOST_FORWARDED // 25 + 1),
    )
    room.take(letter(body, Content_Type=kind))
    (mail,) = room.mails()
    assert QUESTION in text_of(mail).replace("> ", "")
    assert "too large" in text_of(mail)
    assert len(mail.as_bytes()) < 50_000


def test_a_letter_from_an_address_that_cannot_be_answered_is_not_lost(room: Mailroom) -> None:
    raw = letter(QUESTION, From="Zoë <zoë@example.org>", Subject="Hello")
    room.take(raw)
    (mail,) = room.mails()
    assert (to_whom(mail), mail["Reply-To"]) == (OP, None)
    # Who it was stands in the mail itself.
    (whole,) = mail.iter_attachments()
    assert "zoë@example.org".encode() in whole.get_content()


def test_the_operator_is_not_told_that_a_reply_reaches_who_has_no_address(room: Mailroom) -> None:
    forwarded = room.told(QUESTION, From="Zoë <zoë@example.org>")
    assert "Your reply goes to them" not in text_of(forwarded)


def test_the_operator_s_own_letters_do_not_come_back(room: Mailroom) -> None:
    room.write(QUESTION, sender=OP)
    room.write("I have read your question, and thank you for it. It comes from us.", sender=OP.upper())
    assert (room.mails(), room.disposition) == ([], Disposition.DONE)


@pytest.mark.parametrize(
    "hostile",
    [
        {"Subject": "=?utf-8?q?Hi=0D=0ABcc=3A_victim=40example.com?="},
        {"Subject": "# [click](https://evil.example) <script>alert(1)</script> {{ 12345 * 6 }}"},
        {"From": f'"x\r\n y <img src=x>" <{ADA}>'},
        {"Message_ID": "<" + "x" * 480 + "@example.org>"},
        {"Message_ID": "<ümlaut@example.org>"},
        {"Message_ID": "<a@example.org> (\udcff\udcfe)"},
        {"References": " ".join(f"<{n}.{'r' * 60}@example.org>" for n in range(80))},
    ],
)
def test_what_a_letter_holds_becomes_no_header_and_no_markup(room: Mailroom, hostile: dict[str, str]) -> None:
    room.reader()
    for words in (QUESTION, "+ robots", "> <b>quoted</b>\n\n<b>That is not so, I believe.</b> {{ 12345 * 6 }}"):
        mail = room.told(words, **hostile)
        raw = mail.as_bytes()
        assert mail["Bcc"] is None
        assert mail.defects == []
        assert to_whom(mail) in (ADA, OP)
        assert all(len(line) <= 998 for line in raw.split(b"\n"))
        assert raw.partition(b"\n\n")[0].isascii()
        html = str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]
        assert not any(piece in html for piece in ("<script", "<img", "<b>", 'href="https://evil'))
        assert "74070" not in html


def test_a_letter_as_html_alone_is_forwarded_in_words(room: Mailroom) -> None:
    room.take(html_letter(f"<style>p {{color: red}}</style><p>Hello,</p><p>{QUESTION}</p>", Subject="Hi"))
    (mail,) = room.mails()
    assert QUESTION in text_of(mail).replace("> ", "")
    assert "color" not in text_of(mail)


# -- without an operator


def test_without_an_operator_a_letter_stays_where_it_is(other_room: Mailroom) -> None:
    for _ in range(3):
        other_room.take(letter(QUESTION, Message_ID="<1@example.org>"), to=OTHER)
        assert other_room.disposition is Disposition.KEEP
    assert other_room.mails() == []


def test_without_an_operator_wishes_are_done_once_and_the_words_beside_them_stay(other_room: Mailroom) -> None:
    other_room.reader()
    raw = letter(f"+ robots that swim\n\n{QUESTION}", Message_ID="<1@example.org>")
    for _ in range(3):
        other_room.take(raw, to=OTHER)
        assert other_room.disposition is Disposition.KEEP
        other_room.newsletter.readers.change(
            other_room.person(), origin=other_room.evidence()[0].origin, interests=["mine"]
        )
    assert other_room.interests() == ["mine"]
    (answer,) = other_room.mails()
    assert "You follow “robots that swim” now." in text_of(answer)


def test_once_there_is_an_operator_the_words_reach_them(other_room: Mailroom) -> None:
    other_room.reader()
    raw = letter(f"+ robots that swim\n\n{QUESTION}", Message_ID="<1@example.org>")
    other_room.take(raw, to=OTHER)
    settings = (other_room.project / "newsletter.toml").read_text("utf-8")
    settings = settings.replace("[mailbox]", f'[mailbox]\noperator = "{OP}"')
    (other_room.project / "newsletter.toml").write_text(settings, "utf-8")
    with ExitStack() as stack:
        room = Mailroom(other_room.project, other_room.clock, stack)
        for _ in range(2):
            room.take(raw, to=OTHER)
            assert room.disposition is Disposition.DONE
        assert sorted(to_whom(mail) for mail in room.mails()) == [ADA, OP]


def test_what_was_fetched_in_part_only_is_done_and_never_forwarded(room: Mailroom) -> None:
    room.reader()
    cut = Envelope(ADA, (OURS,), cut=True)
    assert room.receiver.handle(cut, letter("+ tumours")) is Disposition.DONE
    assert room.receiver.handle(cut, letter(QUESTION)) is Disposition.KEEP
    assert [to_whom(mail) for mail in room.mails()] == [ADA]


# -- as it leaves


@pytest.fixture
def heard(tmp_path: Path, stocked: Path, clock: Clock) -> Iterator[tuple[Mailroom, MailServer]]:
    """A newsletter that sends through a real server."""
    with mail_server() as told, ExitStack() as stack:
        project = tmp_path / "news"
        shutil.copytree(stocked, project)
        settings = (
            (project / "newsletter.toml").read_text("utf-8").replace("[delivery]", '[delivery]\ntransport = "smtp"')
        )
        settings += f'\n[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\n'
        (project / "newsletter.toml").write_text(settings, "utf-8")
        yield Mailroom(project, clock, stack), told


def heard_of(told: MailServer) -> dict[str, tuple[str, EmailMessage]]:
    """Subject → envelope sender, message; each has one recipient, the one in its To."""
    found: dict[str, Any] = {}
    for one in told.accepted:
        message = parsed(one.content)
        assert one.recipients == (to_whom(message),)
        found[str(message["Subject"])] = (one.sender, message)
    return found


def test_answers_have_no_sender_to_come_back_to(heard: tuple[Mailroom, MailServer]) -> None:
    room, told = heard
    room.reader(BOB)
    for words in ("subscribe", "pause 99 weeks", "interests"):
        room.write(words, sender=ADA)
    for words in ("+ robots", "data", "subscribe", "help"):
        room.write(words, sender=BOB)
    room.write("daily", sender=BOB, Authentication_Results="mx.news.example.org; dmarc=fail header.from=example.org")
    room.newsletter.send_notices()
    mails = heard_of(told)
    assert set(mails) == {
        "Do you want Paper Robots?",
        "How to write to Paper Robots",
        "Nothing was done",
        "Done",
        "What we keep about you",
        "You read Paper Robots already",
        "Was that you?",
    }
    for sender, message in mails.values():
        assert sender == "<>"
        assert (message["Auto-Submitted"], bool(message["In-Reply-To"])) == ("auto-replied", True)
        assert message["In-Reply-To"] in message["References"]


def test_a_forwarded_letter_comes_back_to_us_where_it_cannot_be_delivered(heard: tuple[Mailroom, MailServer]) -> None:
    room, told = heard
    room.write(QUESTION)
    room.newsletter.send_notices()
    ((sender, message),) = heard_of(told).values()
    assert (sender, to_whom(message)) == (OURS, OP)
