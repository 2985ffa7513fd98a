"""Handing messages to an SMTP server over several connections at once."""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import ANY

import pytest
from mailserver import mail_server
from scripted import HANGS_UP, SILENT, Scripted, serving

from newsletter.delivery.lines import Answered, Event, Job, Ready, Returned
from newsletter.delivery.outcomes import Deferred, Outcome, Refused, Sent
from newsletter.delivery.session import Server
from newsletter.delivery.smtp import SmtpLines
from newsletter.delivery.wire import Wire
from newsletter.errors import TransportDown

pytest_plugins = ("tls_fixtures",)

MESSAGE = b"From: a@example.org\r\nSubject: x\r\n\r\nfirst\r\n two.\r\n three =\r\n"


def letter(n: int) -> Job:
    recipient = f"r{n}@example.net"
    return Job(n, "papers@example.org", recipient, MESSAGE, recipient, date(2026, 11, 27))


def pool(port: int, connections: int, messages_per_connection: int = 1_000) -> SmtpLines:
    return SmtpLines(Server("127.0.0.1", port, "none", "", "", 5), connections, messages_per_connection)


def wait_for_room(by: SmtpLines, room: int, waiting: int = 1_000) -> None:
    while by.vacant(waiting) < room:
        assert by.events(0.1) == []


def wait_for(by: SmtpLines, count: int) -> list[Event]:
    """So many events; nothing that is ready is told to go."""
    found: list[Event] = []
    while len(found) < count:
        found += by.events(0.1)
    return found


def send_all(by: SmtpLines, jobs: Sequence[Job]) -> dict[int, Outcome]:
    """Each from beginning to end, as the loop does it."""
    waiting, outcomes = list(jobs), dict[int, Outcome]()
    while len(outcomes) < len(jobs):
        for _ in range(by.vacant(len(waiting))):
            if waiting:
                by.place(waiting.pop(0))
        for event in by.events(0.1):
            match event:
                case Ready(job):
                    by.go(job)
                case Answered(job, outcome):
                    outcomes[job.delivery_id] = outcome
                case Returned(job):
                    job.losses += 1
                    waiting.insert(0, job)
    return outcomes


class Scripts:
    """What each connection in turn is answered, and what it heard."""

    def __init__(self, *answers: Mapping[str, Sequence[str]], offers: Sequence[str] = ("PIPELINING",)) -> None:
        self._answers, self._offers = answers, offers
        self.all: list[Scripted] = []

    def __call__(self, n: int) -> Scripted:
        answers = self._answers[min(n, len(self._answers) - 1)] if self._answers else {}
        self.all.append(Scripted({word: list(said) for word, said in answers.items()}, offers=self._offers))
        return self.all[-1]

    @property
    def accepted(self) -> list[str]:
        return sorted(to for script in self.all for (to,), _ in script.accepted)


def test_one_connection_comes_first_and_one_more_for_every_eight_that_wait() -> None:
    scripts = Scripts()
    with serving(scripts) as port, closing(pool(port, connections=3)) as by:
        assert by.vacant(1_000) == 0
        wait_for_room(by, 1, waiting=8)
        assert len(scripts.all) == 1
        wait_for_room(by, 2, waiting=9)
        wait_for_room(by, 3)
        assert by.vacant(1_000) == 3
        assert sorted(send_all(by, [letter(n) for n in range(60)])) == list(range(60))
    assert len(scripts.all) == 3
    assert scripts.accepted == sorted(f"r{n}@example.net" for n in range(60))


def test_a_few_messages_take_one_connection_of_many() -> None:
    scripts = Scripts()
    with serving(scripts) as port, closing(pool(port, connections=10)) as by:
        send_all(by, [letter(n) for n in range(8)])
    assert len(scripts.all) == 1


def test_a_wrong_password_is_said_once_by_however_many(secure: ssl.SSLContext, trusted: None) -> None:
    with mail_server(starttls=secure, login=True) as told:
        server = Server("localhost", told.port, "starttls", "us", "hunter2", 5)
        with closing(SmtpLines(server, 5)) as by, pytest.raises(TransportDown, match="refused the login"):
            wait_for_room(by, 1)
        assert (told.connections, set(told.logins)) == (1, {("us", "hunter2")})


def test_messages_go_to_connections_that_are_free_before_they_go_behind_others() -> None:
    scripts = Scripts()
    with serving(scripts) as port, closing(pool(port, connections=2)) as by:
        wait_for_room(by, 2)
        jobs = [letter(n) for n in range(3)]
        by.place(jobs[0])
        assert [event.job for event in wait_for(by, 1)] == [jobs[0]]
        by.go(jobs[0])
        by.place(jobs[1])
        assert by.vacant(0) == 1
        by.place(jobs[2])
        wait_for(by, 3)
    assert sorted(sum(word.startswith("MAIL") for word in script.commands) for script in scripts.all) == [1, 2]


def test_a_connection_that_the_server_refuses_beside_others_is_not_missed() -> None:
    scripts = Scripts()

    def greeting(n: int) -> str:
        return "220 hi" if n < 2 else "421 too many connections"

    with serving(scripts, greeting) as port, closing(pool(port, connections=6)) as by:
        outcomes = send_all(by, [letter(n) for n in range(200)])
        assert set(outcomes.values()) == {Sent("250 taken")}
        tried = len(scripts.all)
        send_all(by, [letter(n) for n in range(200, 300)])
        # And is not asked for again at once.
        assert len(scripts.all) == tried
    assert len(scripts.accepted) == 300
    assert [bool(script.accepted) for script in scripts.all[2:]] == [False] * (len(scripts.all) - 2)


def test_a_server_that_refuses_every_connection_is_down() -> None:
    with (
        serving(Scripts(), lambda n: "421 not today") as port,
        closing(pool(port, connections=3)) as by,
        pytest.raises(TransportDown, match=r"cannot be reached.*not today.*stays queued"),
    ):
        wait_for_room(by, 1)


def test_a_connection_takes_so_many_messages_and_says_goodbye() -> None:
    scripts = Scripts()
    with serving(scripts) as port, closing(pool(port, 1, messages_per_connection=2)) as by:
        assert len(send_all(by, [letter(n) for n in range(9)])) == 9
    assert [len(script.accepted) for script in scripts.all] == [2, 2, 2, 2, 1]
    assert [script.commands[-1] for script in scripts.all] == ["QUIT"] * 5


def test_a_connection_that_breaks_takes_its_own_message_only() -> None:
    scripts = Scripts({".": [HANGS_UP]}, {})
    with serving(scripts) as port, closing(pool(port, connections=2)) as by:
        wait_for_room(by, 2)
        outcomes = send_all(by, [letter(n) for n in range(20)])
    assert sorted(type(outcome).__name__ for outcome in outcomes.values()) == ["Sent"] * 19 + ["Unknown"]
    assert len(scripts.accepted) == 19


def test_a_message_that_must_not_leave_does_not_and_is_not_told_of() -> None:
    scripts = Scripts()
    with serving(scripts) as port, closing(pool(port, connections=1)) as by:
        wait_for_room(by, 1)
        one = letter(1)
        by.place(one)
        assert wait_for(by, 1) == [Ready(one)]
        by.withdraw(one)
        by.withdraw(one)
        assert (by.busy, by.events(0)) == (False, [])
        assert send_all(by, [letter(2)]) == {2: Sent("250 taken")}
        by.go(one)
        assert by.events(0) == []
    assert scripts.accepted == ["r2@example.net"]
    assert len(scripts.all) == 2


def test_messages_that_must_not_leave_say_nothing_about_the_server() -> None:
    """As where an issue is paused just when several connections begin."""
    scripts = Scripts()
    with serving(scripts) as port, closing(pool(port, connections=3)) as by:
        wait_for_room(by, 3)
        jobs = [letter(n) for n in range(3)]
        for job in jobs:
            by.place(job)
        wait_for(by, 3)
        for job in jobs:
            by.withdraw(job)
        assert send_all(by, [letter(9)]) == {9: Sent("250 taken")}


@pytest.mark.parametrize(
    "offers",
    [
        (),
        ("PIPELINING",),
    ],
    ids=["one by one", "pipelining"],
)
@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("421 4.7.0 not for this reader", Deferred("421 4.7.0 not for this reader")),
        (f"550 5.1.1 no such user{HANGS_UP}", Refused("550 5.1.1 no such user")),
    ],
    ids=["421", "550"],
)
def test_a_reader_over_whom_the_server_hangs_up_stops_nobody_elses_mail(
    offers: tuple[str, ...], said: str, outcome: Outcome
) -> None:
    scripts = Scripts({"RCPT TO:<r5@example.net>": [said]}, offers=offers)
    with serving(scripts) as port, closing(pool(port, connections=1)) as by:
        outcomes = send_all(by, [letter(n) for n in range(10)])
    assert outcomes.pop(5) == outcome
    assert outcomes == {n: Sent("250 taken") for n in range(10) if n != 5}


def test_connections_that_end_unused_beside_one_that_is_well_are_no_sign_that_the_server_is_down() -> None:
    """As where a server ends those that are idle for its time."""
    scripts = Scripts({}, {"EHLO": [f"250 hello{HANGS_UP}"]})
    with serving(scripts) as port, closing(pool(port, connections=4)) as by:
        assert send_all(by, [letter(0)]) == {0: Sent("250 taken")}
        while sum(script.over for script in scripts.all) < 3:
            by.vacant(1_000)
            by.events(0.1)
        for n in range(100):
            assert send_all(by, [letter(n)]) == {n: Sent("250 taken")}


def test_one_connection_at_a_time_is_as_fast_as_it_is() -> None:
    """Nobody waits for what the server does not allow, when the one that it allows is used up."""
    scripts = Scripts()
    taken: list[int] = []

    def greeting(n: int) -> str:
        if any(not scripts.all[other].over for other in taken):
            return "421 too many connections"
        taken.append(n)
        return "220 hi"

    began = time.monotonic()
    with serving(scripts, greeting) as port, closing(pool(port, 4, messages_per_connection=20)) as by:
        assert len(send_all(by, [letter(n) for n in range(60)])) == 60
    assert time.monotonic() - began < 20


@contextmanager
def over_tls(secure: ssl.SSLContext, certificate: tuple[Path, Path], job: Job) -> Iterator[tuple[Wire, ssl.SSLSocket]]:
    """A connection on which the content of that message may leave, and its other side."""
    near, far = socket.socketpair()
    with ThreadPoolExecutor() as other:
        opening = other.submit(secure.wrap_socket, far, server_side=True)
        ours = ssl.create_default_context(cafile=certificate[0]).wrap_socket(near, server_hostname="localhost")
        theirs = opening.result()
    with ours, theirs:
        wire = Wire(ours, frozenset({"pipelining"}), 5, 10)
        wire.place(job)
        assert wire.write() == []
        assert theirs.recv(1_000).startswith(b"MAIL FROM:<papers@example.org>\r\nRCPT")
        theirs.sendall(b"250 yes\r\n250 yes\r\n354 go on\r\n")
        assert wire.read() == [Ready(job)]
        wire.go(job)
        yield wire, theirs


def test_over_tls_too_a_slow_reader_is_heard_while_it_reads(
    secure: ssl.SSLContext, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("newsletter.delivery.wire.time.monotonic", lambda: now[0])
    job = replace(letter(1), message=MESSAGE + b"x" * 70 + b"\r\n" * 1_000_000)
    with over_tls(secure, certificate, job) as (wire, theirs):
        heard = 0
        while heard < len(job.message) + 3:
            now[0] += 1
            assert wire.write() == wire.overdue(now[0]) == []
            wanted = heard + 100_000
            while heard < min(wanted, len(job.message) + 3):
                heard += len(theirs.recv(16_384))
                wire.write()
        assert now[0] > 1_010, "longer than its patience"


def test_a_connection_that_breaks_while_it_is_written_to_ends_in_order_over_tls_too(
    secure: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    job = letter(1)
    with over_tls(secure, certificate, job) as (wire, theirs):
        theirs.close()
        (event,) = wire.write()
        assert wire.why == "the server closed it"
        why = "the connection broke before the message was whole (the server closed it)"
        assert event == Answered(job, Deferred(why), ANY)
        assert (wire.closed, wire.wants_to_write) == (True, False)


def test_closing_is_no_trouble_at_any_moment() -> None:
    scripts = Scripts()
    with serving(scripts) as port:
        never, opening, twice = (pool(port, connections=2) for _ in range(3))
        never.close()
        opening.vacant(1)
        opening.close()
        wait_for_room(twice, 2)
        twice.place(letter(1))
        assert isinstance(wait_for(twice, 1)[0], Ready)
        twice.close()
        twice.close()
    assert scripts.accepted == []


def test_no_goodbye_is_said_behind_a_message_that_is_not_answered() -> None:
    scripts = Scripts({".": [SILENT]})
    with serving(scripts) as port:
        by = pool(port, connections=1)
        wait_for_room(by, 1)
        job = letter(1)
        by.place(job)
        assert wait_for(by, 1) == [Ready(job)]
        by.go(job)
        assert (by.events(0), by.busy) == ([], True)
        by.close()
    assert [word[:4] for word in scripts.all[0].commands[1:]] == ["MAIL", "RCPT", "DATA"]
