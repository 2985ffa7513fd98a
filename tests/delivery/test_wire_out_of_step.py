"""One connection, seen from its other end: a server that ends it by 421, or whose answer is none."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Scripted
from wired import BOTH, MESSAGE, Line, converse, gone, job, told

from newsletter.delivery.lines import Answered, Event, Job, Ready
from newsletter.delivery.outcomes import Deferred, Refused, Sent, Unknown


@BOTH
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("before", [0, 1])
def test_421_before_the_content_ends_the_connection_and_the_message_comes_back(
    command: str, offers: str, before: int
) -> None:
    yes = "354 go on" if command == "DATA" else "250 yes"
    server = Scripted({command: [yes] * before + ["421 closing"]})
    with Line(offers) as line:
        # One that has taken a message before is well: that this one was lost once already says nothing about it.
        found = told(converse(line, server, [job(n, losses=before) for n in range(before + 1)]))
        assert found[-1] == (before, "returned: 421 closing")
        assert (line.wire.closed, line.wire.why, line.wire.answered) == (True, "421 closing", before)


@pytest.mark.parametrize(
    ("command", "offers"),
    [
        ("MAIL", ""),
        ("RCPT", ""),
        ("DATA", ""),
        ("MAIL", "pipelining"),
        ("RCPT", "pipelining"),
        ("DATA", "pipelining"),
    ],
)
def test_421_to_a_message_that_a_connection_was_lost_over_before_is_about_that_message(
    command: str, offers: str
) -> None:
    with Line(offers) as line:
        found = told(converse(line, Scripted({command: ["421 closing"]}), [job(losses=1)]))
        assert found == [(1, Deferred("421 closing"))]
        assert (line.wire.closed, line.wire.answered) == (True, 1)


@pytest.mark.parametrize("said", ["250 yes|550 no such user", "250 yes|550 no such user|354 go on"])
def test_a_server_that_refuses_a_reader_and_hangs_up_has_refused_that_reader(said: str) -> None:
    with Line() as line:
        line.wire.place(job())
        line.hears()
        assert told(line.says(said)) == []
        line.hears()
        assert told(line.hangs_up()) == [(1, Refused("550 no such user"))]


def test_421_to_a_content_is_its_answer_and_the_next_comes_back() -> None:
    with Line() as line:
        gone(line, job(1))
        line.wire.place(job(2))
        line.hears()
        assert told(line.says("421 closing")) == [(1, Deferred("421 closing")), (2, "returned: 421 closing")]
        assert line.wire.closed


@BOTH
def test_421_to_a_reset_gives_the_message_back(offers: str) -> None:
    server = Scripted({"RCPT": ["550 no"], "RSET": ["421 closing"]})
    with Line(offers) as line:
        found = told(converse(line, server, [job(1), job(2)]))
    assert found == [(1, Refused("550 no")), (2, "returned: 421 closing")]


@pytest.mark.parametrize("ready", [False, True])
def test_a_goodbye_that_nobody_asked_for_gives_back_what_has_not_begun(ready: bool) -> None:
    one = job()
    with Line() as line:
        if ready:
            line.wire.place(one)
            line.hears()
            assert line.says("250 yes|250 yes|354 go on") == [Ready(one)]
        assert told(line.says("421 idle for too long")) == [(1, "returned: 421 idle for too long")] * ready
        assert (line.wire.closed, line.wire.why) == (True, "421 idle for too long")
        assert (line.wire.go(one), line.wire.vacant) == (False, False)


GARBAGE = [
    "what a lovely day",
    "",
    "0 x",
    "000 x",
    "100 go on",
    "600 x",
    "25",
    "-250 x",
    "\u0662\u0665\u0660 x",
    "HTTP/1.1 200 OK",
]


@BOTH
@pytest.mark.parametrize("said", GARBAGE)
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_what_is_no_answer_ends_the_connection(command: str, said: str, offers: str) -> None:
    with Line(offers) as line:
        line.wire.place(job())
        answers = {"MAIL": "250 yes", "RCPT": "250 yes", "DATA": "354 go on", ".": said} | {command: said}
        found: list[Event] = []
        for answer in answers.values():
            if line.wire.closed:
                break
            line.hears()
            found += line.says(answer)
            if answer == "354 go on":
                assert line.wire.go(found[-1].job)
        _, end = told(found)[-1]
        assert isinstance(end, Unknown) if command == "." else str(end).startswith("returned: it answered")
        assert line.wire.closed


@BOTH
@pytest.mark.parametrize("said", ["250 yes", "200", "299-yes|299 yes"])
def test_a_yes_where_a_content_should_be_asked_for_is_no_yes_to_a_message(said: str, offers: str) -> None:
    server = Scripted({"DATA": [said.replace("|", "\r\n")]})
    with Line(offers) as line:
        found = told(converse(line, server, [job()]))
        assert server.accepted == []
        assert [what for _, what in found if isinstance(what, Sent)] == []


def test_a_yes_to_a_message_that_has_not_left_is_no_yes() -> None:
    one = job()
    with Line() as line:
        line.wire.place(one)
        line.hears()
        line.says("250 yes|250 yes|354 go on")
        line.near.room = len(MESSAGE)
        line.wire.go(one)
        line.hears()
        assert [what for _, what in told(line.says("250 taken")) if isinstance(what, Sent)] == []


@pytest.mark.parametrize(
    "endless",
    [
        b"250-" + b"x" * 70_000,
        b"x" * 70_000,
        b"250-\r\n" * 20_000,
    ],
    ids=["one line", "no answer", "many lines"],
)
@pytest.mark.parametrize("size", [1_000, 65_536])
def test_an_answer_without_an_end_ends_the_connection(endless: bytes, size: int) -> None:
    with Line() as line:
        gone(line, job(1))
        line.wire.place(job(2))
        line.hears()
        found: list[Event] = []
        for start in range(0, len(endless), size):
            found += line.says(endless[start : start + size])
        why = "it goes on without an end"
        assert told(found) == [
            (1, Unknown(f"the connection broke in mid-message ({why})")),
            (2, f"returned: {why}"),
        ]
        assert (line.wire.closed, line.wire.why) == (True, why)


def test_an_answer_may_be_long() -> None:
    with Line() as line:
        gone(line, job())
        assert line.says(b"250-" + b"x" * 30_000) == []
        assert line.says(b"x\r\n250-" + b"y" * 30_000) == []
        assert [type(event) for event in line.says(b"\r\n250 z\r\n")] == [Answered]


FRAGMENTS = st.sampled_from(
    [
        b"250 yes\r\n",
        b"354 go\r\n",
        b"451 later\r\n",
        b"550 no\r\n",
        b"421 bye\r\n",
        b"250-",
        b"550-no\r\n",
        b"25",
        b"\n",
    ]
)


@given(st.lists(FRAGMENTS | st.binary(max_size=20), max_size=60), st.sampled_from(["pipelining", ""]), st.data())
def test_whatever_a_server_says_every_message_ends_once(said: list[bytes], offers: str, data: st.DataObject) -> None:
    jobs = [job(n) for n in range(len(said) + 1)]
    placed: list[Job] = []
    found: list[Event] = []
    with Line(offers) as line:
        for words in said:
            if line.wire.vacant and data.draw(st.booleans()):
                placed.append(jobs[len(placed)])
                found += line.wire.place(placed[-1])
            line.hears()
            for event in line.says(words):
                found.append(event)
                if isinstance(event, Ready) and not line.wire.closed:
                    assert line.wire.go(event.job)
        found += line.hangs_up()
        assert line.wire.closed
        assert line.wire.hang_up() == line.wire.read() == line.wire.write() == []
    ends = Counter(event.job for event in found if not isinstance(event, Ready))
    assert ends == Counter(placed)
    ready = Counter(event.job for event in found if isinstance(event, Ready))
    assert set(ready.values()) <= {1}
