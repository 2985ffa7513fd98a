"""One connection, seen from its other end: what follows from every break, and from silence."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import SILENT, Scripted
from wired import BOTH, ENVELOPE, MESSAGE, TIMEOUT, Line, converse, gone, job, told

from newsletter.delivery.lines import Answered, Event, Returned
from newsletter.delivery.outcomes import Deferred, Sent, Unknown
from newsletter.delivery.wire import FINAL

# -- a connection that breaks


def _hangs_up(line: Line) -> list[Event]:
    return line.hangs_up()


def _breaks_while_it_writes(line: Line) -> list[Event]:
    line.far.close()
    line.near.room = None
    return line.wire.write() + line.wire.read()


def _says_nothing(line: Line) -> list[Event]:
    return line.wire.overdue(time.monotonic() + TIMEOUT * FINAL + 1)


def _is_closed_here(line: Line) -> list[Event]:
    return line.wire.end("closed here")


@pytest.mark.parametrize("breaks", [_hangs_up, _breaks_while_it_writes, _says_nothing, _is_closed_here])
@BOTH
def test_after_whichever_byte_it_breaks_only_a_message_that_has_left_whole_is_uncertain(
    breaks: Callable[[Line], list[Event]], offers: str
) -> None:
    content = len(ENVELOPE) + len(MESSAGE + b".\r\n")
    for room in range(content + len(ENVELOPE) + 1):
        with Line(offers) as line:
            line.near.room = room
            found = converse(line, Scripted({".": [SILENT]}), [job(1), job(2)])
            begun = room >= len(ENVELOPE)
            assert told(found) == [(1, "ready")] * begun
            ends = dict(told(breaks(line)))
            why = line.wire.why
            assert line.wire.end("once more") == []
            assert (line.wire.closed, line.wire.why) == (True, why)
        if room < len(ENVELOPE):
            assert str(ends[1]).startswith("returned: "), room
        elif room == len(ENVELOPE):
            assert isinstance(ends[1], Deferred) or str(ends[1]).startswith("returned: ")
        else:
            assert isinstance(ends[1], Deferred if room < content else Unknown), room
        # The envelope of the second is behind the content of the first.
        assert ends.keys() == {1, 2} if begun and offers else {1}
        assert str(ends.get(2, "returned: ")).startswith("returned: ")


@given(st.integers(0, 600_000), st.lists(st.integers(1, 100_000), max_size=12), st.booleans())
def test_a_long_message_is_uncertain_only_where_the_network_has_all_of_it(
    length: int, reads: list[int], behind: bool
) -> None:
    one = job(message=MESSAGE + b"x" * length + b"\r\n")
    with Line() as line:
        line.wire.place(one)
        line.hears()
        line.says("250 yes|250 yes|354 go on")
        line.wire.go(one)
        if behind:
            line.wire.place(job(2))
        heard = 0
        for most in reads:
            assert line.wire.write() == []
            heard += len(line.takes(most))
        while data := line.takes(65_536):
            heard += len(data)
        first, *others = line.hangs_up()
        assert first.job is one
        assert isinstance(first, Answered)
        assert type(first.outcome) is (Unknown if heard >= len(one.message + b".\r\n") else Deferred)
        assert [type(other) for other in others] == [Returned] * behind


def test_what_was_said_before_it_broke_is_heard() -> None:
    with Line() as line:
        gone(line, job(1))
        line.wire.place(job(2))
        line.hears()
        line.far.sendall(b"250 taken\r\n250 yes\r\n")
        assert told(line.hangs_up()) == [(1, Sent("250 taken")), (2, "returned: the server closed it")]


# -- silence


def test_a_server_may_be_silent_for_its_time_and_longer_over_a_message_that_it_has() -> None:
    with Line() as line:
        assert line.wire.overdue(time.monotonic() + 100 * TIMEOUT) == []  # nothing is on it
        gone(line, job(1))
        now = time.monotonic()
        assert line.wire.overdue(now + TIMEOUT + 1) == []
        assert line.wire.overdue(now + TIMEOUT * FINAL - 100) == []
        ((_, outcome),) = told(line.wire.overdue(now + TIMEOUT * FINAL + 1))
        assert outcome == Unknown("the connection broke in mid-message (no answer for 10000 seconds)")
        assert line.wire.overdue(now + 100 * TIMEOUT) == []


def test_a_message_whose_envelope_is_not_answered_in_time_comes_back() -> None:
    with Line() as line:
        line.wire.place(job())
        line.hears()
        line.says("250 yes")
        now = time.monotonic()
        assert line.wire.overdue(now + TIMEOUT - 100) == []
        assert told(line.wire.overdue(now + TIMEOUT + 1)) == [(1, "returned: no answer for 1000 seconds")]


def test_a_content_that_the_network_does_not_take_in_time_is_not_whole() -> None:
    with Line() as line:
        one = job()
        line.wire.place(one)
        line.hears()
        line.says("250 yes|250 yes|354 go on")
        # Until it is told to go on, the silence is ours.
        assert line.wire.overdue(time.monotonic() + 100 * TIMEOUT) == []
        line.near.room = 10
        line.wire.go(one)
        line.hears()
        ((_, outcome),) = told(line.wire.overdue(time.monotonic() + TIMEOUT + 1))
        assert isinstance(outcome, Deferred)
