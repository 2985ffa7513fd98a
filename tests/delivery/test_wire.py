"""One connection, seen from its other end: what leaves by it, and what follows from every answer."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postbox import letter
from scripted import Scripted
from wired import BOTH, ENVELOPE, MESSAGE, SENDER, Line, converse, gone, job, told

from newsletter.delivery.lines import Answered, Ready
from newsletter.delivery.outcomes import Deferred, Outcome, Refused, Sent

# -- what leaves


def test_the_envelope_leaves_at_once_and_the_content_when_it_is_told_so() -> None:
    one = job(signature=b"DKIM-Signature: v=1\r\n")
    with Line() as line:
        assert line.wire.place(one) == []
        assert line.wire.wants_to_write
        assert line.hears() == ENVELOPE
        assert line.says("250 yes|250 yes|354 go on") == [Ready(one)]
        assert (line.hears(), line.wire.busy, line.wire.vacant) == (b"", False, False)
        assert line.wire.go(one)
        assert (line.wire.busy, line.wire.vacant) == (True, True)
        assert line.hears() == b"DKIM-Signature: v=1\r\n" + MESSAGE + b".\r\n"
        assert told(line.says("250 2.0.0 taken")) == [(1, Sent("250 2.0.0 taken"))]
        assert (line.wire.idle, line.wire.busy, line.wire.vacant, line.wire.closed) == (True, False, True, False)
        assert (line.wire.delivered, line.wire.answered) == (1, 1)


def test_without_pipelining_every_command_waits_for_the_answer_to_the_one_before() -> None:
    one = job()
    with Line("") as line:
        line.wire.place(one)
        assert line.hears() == b"MAIL FROM:<papers@example.org>\r\n"
        assert line.says("250 yes") == []
        assert line.hears() == b"RCPT TO:<r1@example.net>\r\n"
        assert line.says("250 yes") == []
        assert line.hears() == b"DATA\r\n"
        assert line.says("354 go on") == [Ready(one)]
        line.wire.go(one)
        assert not line.wire.vacant
        assert line.hears() == MESSAGE + b".\r\n"
        assert told(line.says("250 taken")) == [(1, Sent("250 taken"))]
        assert line.wire.vacant


def test_the_next_envelope_leaves_behind_the_content_and_no_third() -> None:
    with Line() as line:
        gone(line, job(1))
        two = job(2)
        line.wire.place(two)
        assert line.hears() == ENVELOPE.replace(b"r1", b"r2")
        assert not line.wire.vacant
        assert told(line.says("250 taken|250 yes|250 yes|354 go on")) == [(1, Sent("250 taken")), (2, "ready")]
        assert (line.wire.go(two), line.hears()) == (True, MESSAGE + b".\r\n")


@pytest.mark.parametrize(
    ("offers", "given", "line_of_mail"),
    [
        ("", {}, "MAIL FROM:<papers@example.org>"),
        ("", {"sender": ""}, "MAIL FROM:<>"),
        ("smtputf8 8bitmime", {}, "MAIL FROM:<papers@example.org>"),
        ("smtputf8", {"recipient": "jörg@example.net"}, "MAIL FROM:<papers@example.org> SMTPUTF8"),
        ("smtputf8", {"sender": "blätter@example.org"}, "MAIL FROM:<blätter@example.org> SMTPUTF8"),
        ("smtputf8", {"recipient": "r1@bücher.example"}, "MAIL FROM:<papers@example.org> SMTPUTF8"),
        ("8bitmime", {"message": b"X: y\r\n\r\n\xc3\xa4\r\n"}, "MAIL FROM:<papers@example.org> BODY=8BITMIME"),
        ("size", {"message": b"X: y\r\n\r\nz\r\n", "signature": b"S: t\r\n"}, "MAIL FROM:<papers@example.org> SIZE=17"),
        (
            "pipelining size 8bitmime smtputf8",
            {"recipient": "jörg@example.net", "message": b"\xc3\xa4\r\n"},
            "MAIL FROM:<papers@example.org> SMTPUTF8 BODY=8BITMIME SIZE=4",
        ),
    ],
)
def test_the_mail_line_asks_for_what_the_message_needs_where_the_server_offers_it(
    offers: str, given: dict[str, Any], line_of_mail: str
) -> None:
    with Line(offers) as line:
        line.wire.place(job(**given))
        assert line.hears().decode().split("\r\n")[0] == line_of_mail


@pytest.mark.parametrize("given", [{"recipient": "jörg@example.net"}, {"sender": "blätter@example.org"}])
def test_an_address_beyond_ascii_is_refused_here_where_the_server_takes_none_and_takes_no_room(
    given: dict[str, Any],
) -> None:
    with Line("pipelining", most=1) as line:
        (event,) = line.wire.place(job(**given))
        assert isinstance(event, Answered)
        assert isinstance(event.outcome, Refused)
        assert "SMTPUTF8" in event.outcome.why
        assert (line.hears(), line.wire.vacant, line.wire.idle, line.wire.spent) == (b"", True, True, False)


def test_it_ends_after_as_many_messages_as_it_should_take_and_says_goodbye() -> None:
    server = Scripted()
    with Line(most=2) as line:
        assert told(converse(line, server, [job(1), job(2), job(3)]))[-1] == (2, Sent("250 taken"))
        assert (line.wire.spent, line.wire.vacant, line.wire.closed) == (True, False, False)
        line.wire.quit()
        assert (line.wire.closed, line.takes(100)) == (True, b"QUIT\r\n")
        line.wire.quit()
        assert line.takes(100) == b""
    assert [to for (to,), _ in server.accepted] == ["r1@example.net", "r2@example.net"]


LINES = st.lists(st.sampled_from([".", "..", ".x", "x.", ". ", "", "From x", "ä.", "." * 80, "=2E", "x" * 75 + "."]))


@given(LINES, LINES, st.sampled_from(["\n", "\r\n", "\r", ""]))
def test_whatever_is_written_arrives_to_the_byte(text: list[str], html: list[str], end: str) -> None:
    """Lines that begin with a dot are no end, and lose none."""
    mail = letter(text=end.join(text), html=end.join(html), subject=" ".join(text), name=" ".join(html))
    message = mail.message(datetime(2026, 11, 27, 8, tzinfo=UTC))
    server = Scripted()
    with Line() as line:
        ends = told(converse(line, server, [job(1, message), job(2, message)]))
    assert ends == [(1, "ready"), (1, Sent("250 taken")), (2, "ready"), (2, Sent("250 taken"))]
    assert [content for _, content in server.accepted] == [message, message]


# -- what follows from an answer

#: What a server may say, "|" between lines.
ENVELOPES_ANSWERS = [
    "250 2.1.0 yes",
    "250-2.1.0 yes|250 yes",
    "451 4.3.0 later",
    "421 4.3.2 closing",
    "552-big|552 big",
]
SPLIT = {
    "MAIL": ENVELOPES_ANSWERS,
    "RCPT": [*ENVELOPES_ANSWERS, "550 5.1.1 no such user", "251 will forward"],
    "DATA": ["354 go on", "354-go|354 on", "451 4.3.0 later", "554 5.5.1 no", "421 4.3.2 closing"],
    ".": [
        "250 2.0.0 taken",
        "250-taken|250 as 1",
        "451 4.3.0 busy",
        "554-5.7.1 no|554 5.7.1 spam",
        "421 4.3.2 closing",
    ],
    "RSET": ["250 forgotten", "500 what?"],
}


@given(
    st.fixed_dictionaries({word: st.lists(st.sampled_from(says), max_size=4) for word, says in SPLIT.items()}),
    st.lists(st.integers(1, 60), min_size=1),
    st.sampled_from(["pipelining", ""]),
)
def test_however_the_answers_are_split_they_mean_the_same(
    answers: dict[str, list[str]], sizes: list[int], offers: str
) -> None:
    script = {word: [one.replace("|", "\r\n") for one in says] for word, says in answers.items()}
    whole, split = Scripted(script), Scripted(script)
    jobs = [job(n) for n in range(5)]
    with Line(offers) as line, Line(offers) as other:
        expected = told(converse(line, whole, jobs))
        assert told(converse(other, split, jobs, sizes)) == expected
    assert split.commands == whole.commands
    assert [f"r{n}@example.net" for n, what in expected if isinstance(what, Sent)] == [
        to for (to,), _ in whole.accepted
    ]


@BOTH
@pytest.mark.parametrize("said", ["250 yes", "251 will forward", "252 will try"])
def test_any_yes_to_an_envelope_is_one(said: str, offers: str) -> None:
    server = Scripted({"MAIL": [said], "RCPT": [said]})
    with Line(offers) as line:
        assert told(converse(line, server, [job()])) == [(1, "ready"), (1, Sent("250 taken"))]
    assert server.accepted == [(("r1@example.net",), MESSAGE)]


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_an_answer_of_several_lines_is_one_and_its_words_are_kept(ends: str) -> None:
    with Line() as line:
        gone(line, job())
        said = ends.join(["554-5.7.1 we do not", "554-", "554 5.7.1 like this \xa1", ""])
        assert line.says(said[:40].encode()) == []
        assert told(line.says(said[40:].encode())) == [(1, Refused("554 5.7.1 we do not  5.7.1 like this \xa1"))]


def test_words_that_are_no_text_are_no_trouble() -> None:
    with Line() as line:
        gone(line, job())
        assert told(line.says(b"451 sp\xe4ter\r\n")) == [(1, Deferred("451 sp\ufffdter"))]


REFUSALS = [
    ("MAIL", "451 4.3.0 later", Deferred("451 4.3.0 later")),
    ("MAIL", "552 5.3.4 too big", Refused("552 5.3.4 too big")),
    ("RCPT", "450 4.2.0 greylisted", Deferred("450 4.2.0 greylisted")),
    ("RCPT", "550 5.1.1 no such user", Refused("550 5.1.1 no such user")),
    ("DATA", "451 4.3.0 not now", Deferred("451 4.3.0 not now")),
    ("DATA", "554 5.5.1 no", Refused("554 5.5.1 no")),
    (".", "452 4.3.1 full", Deferred("452 4.3.1 full")),
    (".", "554 5.7.1 spam", Refused("554 5.7.1 spam")),
]


@BOTH
@pytest.mark.parametrize(("command", "answer", "outcome"), REFUSALS)
def test_a_refusal_is_this_messages_own_and_the_next_begins_anew(
    command: str, answer: str, outcome: Outcome, offers: str
) -> None:
    server = Scripted({command: [answer]})
    with Line(offers) as line:
        found = told(converse(line, server, [job(1)]))
        assert found[-1] == (1, outcome)
        assert ((1, "ready") in found) is (command == ".")
        assert (line.wire.idle, line.wire.vacant, line.wire.delivered, line.wire.answered) == (True, True, 0, 1)
        before = len(server.commands)
        assert told(converse(line, server, [job(2), job(3)])) == [
            (2, "ready"),
            (2, Sent("250 taken")),
            (3, "ready"),
            (3, Sent("250 taken")),
        ]
    assert [word[:4] for word in server.commands[before:]] == ["RSET", *["MAIL", "RCPT", "DATA"] * 2]
    assert [to for (to,), _ in server.accepted] == ["r2@example.net", "r3@example.net"]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("250 yes|550 no such user|354 go on", Refused("550 no such user")),
        ("451 later|503 need MAIL|354 go on", Deferred("451 later")),
    ],
)
@pytest.mark.parametrize("end", ["250 taken", "554 no valid recipients", "421 closing"])
def test_a_content_that_is_wanted_for_nobody_is_ended_and_empty(said: str, outcome: Outcome, end: str) -> None:
    one = job()
    with Line() as line:
        line.wire.place(one)
        assert line.hears() == ENVELOPE
        assert line.says(said) == []
        assert (line.wire.go(one), line.wire.vacant) == (False, False)
        assert line.hears() == b".\r\n"
        assert told(line.says(end)) == [(1, outcome)]
        assert (line.wire.delivered, line.wire.closed) == (0, end.startswith("421"))


def test_a_refusal_behind_a_content_that_was_taken_touches_only_its_own() -> None:
    with Line() as line:
        gone(line, job(1))
        line.wire.place(job(2))
        line.hears()
        assert told(line.says("250 taken|250 yes|550 no|554 nobody")) == [
            (1, Sent("250 taken")),
            (2, Refused("550 no")),
        ]
        line.wire.place(job(3))
        assert line.hears().startswith(b"RSET\r\nMAIL")


@BOTH
@pytest.mark.parametrize("said", ["530 5.7.0 log in first", "550 5.7.1 not yours", "503 5.5.1 hello first"])
def test_a_sender_that_is_not_taken_bars_the_way_and_the_message_comes_back(said: str, offers: str) -> None:
    with Line(offers) as line:
        assert told(converse(line, Scripted({"MAIL": [said]}), [job()])) == [(1, f"returned: {said}")]
        assert (line.wire.barred, line.wire.closed, line.wire.why) == ((said, SENDER), True, said)


def test_an_envelope_behind_a_content_that_a_server_does_not_forget_comes_back() -> None:
    """Not for every server a message is over when it says no to it: for such a one the next MAIL is in that message."""
    with Line() as line:
        assert told(converse(line, Scripted(), [job(1)]))[-1] == (1, Sent("250 taken"))
        gone(line, job(2))
        line.wire.place(job(3))
        assert told(line.says("554 spam|503 nested MAIL")) == [
            (2, Refused("554 spam")),
            (3, "returned: 503 nested MAIL"),
        ]
        assert (line.wire.closed, line.wire.barred) == (True, None)


def test_and_so_it_does_on_a_connection_that_has_taken_nothing_yet() -> None:
    with Line() as line:
        gone(line, job(1))
        line.wire.place(job(2))
        assert told(line.says("554 spam|503 nested MAIL")) == [
            (1, Refused("554 spam")),
            (2, "returned: 503 nested MAIL"),
        ]
        assert (line.wire.closed, line.wire.barred) == (True, None)
