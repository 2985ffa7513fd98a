"""`newsletter serve` for days that pass in seconds, with a real Postfix and a real Dovecot, seen from the mailboxes.

`RUN_SECONDS=600 pytest tests/test_real_run.py -m slow -n 0 -s` runs for ten minutes (25 days), and prints what came.
"""

import email.policy
import imaplib
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from conftest import WordEmbedder
from mailhost import BOB, GONE, PAPERS, PASSWORD, MailHost, mail_host
from mailserver import free_port
from serve_process import Hurried, served, wait_for
from test_mail_walk import Post
from town import due_between, feeds, make_town, tell, titles
from webhost import say, web_host

from newsletter import Newsletter
from newsletter.issues.calendar import slot_on
from subscribers.bounces import bounces_of
from subscribers.cadence import parse_cadence
from subscribers.people import Subscriber
from subscribers.states import State

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("RUN_SECONDS", "60"))
#: A second is an hour.
SPEED = 3600.0
#: A Thursday.
START = datetime(2026, 11, 26, 6, tzinfo=UTC)
#: Nothing comes before its hour; after it mail takes a second or two, which are hours here, and more on a busy machine.
LATE = timedelta(hours=12)

EARLY, LIKES, PAUSES, LEAVES, SUGGESTS, WEEKLY, FAR, JOINS = ALL = tuple(
    f"{name}@readers.test" for name in ("early", "likes", "pauses", "leaves", "suggests", "weekly", "far", "joins")
)
DEAD = f"dead@{GONE}"
RHYTHMS = {
    EARLY: ("daily", "", "08:00", "UTC"),
    LIKES: ("daily", "", "12:00", "Europe/Paris"),
    PAUSES: ("daily", "", "08:00", "America/New_York"),
    LEAVES: ("daily", "", "09:30", "America/New_York"),
    SUGGESTS: ("daily", "", "20:00", "Asia/Kolkata"),
    WEEKLY: ("weekly", "friday", "07:00", "UTC"),
    FAR: ("weekly", "saturday", "10:00", "Pacific/Auckland"),
    DEAD: ("daily", "", "10:00", "UTC"),
}
PAGE = "Gliding owls and what they hear"


def settings_of(host: MailHost, web: int, redirect: str = "") -> tuple[str, str]:
    """The first level, and the tables."""
    first = (
        f'title = "Paper Robots"\naddress = "{PAPERS}"\npostal_address = "1 Example Street, 12345 Exampleton"\n'
        f'base_url = "http://localhost:{web}"\n'
    )
    more = f"""\
[cadence]
frequency = "weekly"
day = "wednesday"
[web]
port = {web}
[delivery]
transport = "smtp"
redirect_all_to = "{redirect}"
[smtp]
host = "127.0.0.1"
port = {host.smtp_port}
security = "none"
[mailbox]
operator = "{BOB}"
receive = "imap"
imap_host = "127.0.0.1"
imap_port = {host.imap_port}
imap_security = "none"
imap_username = "{PAPERS}"
imap_password = "{PASSWORD}"
"""
    return first, more


def subscribe(project: Path, clock: Hurried, *addresses: str) -> None:
    with Newsletter(project, embedder=WordEmbedder(), clock=lambda: clock.start) as newsletter:
        for address in addresses:
            newsletter.subscribe(address, interests=["robots", "owls"], cadence=parse_cadence(*RHYTHMS[address]))


class Inbox:
    """What lies in somebody's mailbox, seen by IMAP."""

    def __init__(self, host: MailHost, user: str, clock: Hurried) -> None:
        self.user = user
        #: (when it came by the hurried clock, the message)
        self.mails: list[tuple[datetime, EmailMessage]] = []
        with imaplib.IMAP4("127.0.0.1", host.imap_port) as connection:
            connection.login(user, PASSWORD)
            connection.select("INBOX", readonly=True)
            for number in connection.search(None, "ALL")[1][0].split():
                answer: Any = connection.fetch(number.decode(), "(INTERNALDATE BODY.PEEK[])")[1]
                head, raw = answer[0]
                at = imaplib.Internaldate2tuple(head)
                assert at
                message = email.message_from_bytes(raw, policy=email.policy.default)
                assert isinstance(message, EmailMessage)
                self.mails.append((clock.at(time.mktime(at)), message))

    @property
    def issues(self) -> list[tuple[datetime, EmailMessage]]:
        return [(at, message) for at, message in self.mails if titles(message.as_bytes())]

    @property
    def subjects(self) -> list[str]:
        return [str(message["subject"]) for _, message in self.mails]


class Person(Post):
    """Reads their mail from time to time and, once, does something about it."""

    def first(self, fits: Callable[[EmailMessage], bool]) -> EmailMessage | None:
        for raw in self.host.messages(self.user):
            message = email.message_from_bytes(raw, policy=email.policy.default)
            if isinstance(message, EmailMessage) and fits(message):
                return message
        return None


def is_issue(message: EmailMessage) -> bool:
    return bool(titles(message.as_bytes()))


def hour_of(reader: Subscriber, at: datetime) -> datetime:
    """The last of their hours before a moment."""
    days = [(at - timedelta(days=n)).date() for n in range(-1, 9)]
    return max(slot for day in days if (slot := slot_on(reader.cadence, day).at) <= at and _due(reader, day))


def _due(reader: Subscriber, day: date) -> bool:
    return reader.cadence.frequency == "daily" or day.isoweekday() == reader.cadence.day


class Run:
    """People who read, answer and join while the days pass."""

    def __init__(self, project: Path, host: MailHost, page: str, clock: Hurried) -> None:
        self.project, self.host, self.page, self.clock = project, host, page, clock
        #: who did what, when
        self.done: dict[str, float] = {}

    def step(self) -> None:
        for user, text in ((LIKES, "more 1"), (PAUSES, "pause 2 weeks"), (LEAVES, "stop")):
            if user not in self.done and (issue := Person(self.host, user).first(is_issue)):
                Person(self.host, user).write(text, answers=issue)
                self.done[user] = time.time()
        if SUGGESTS not in self.done and (issue := Person(self.host, SUGGESTS).first(is_issue)):
            Person(self.host, SUGGESTS).write(f"submit {self.page} because owls hear well", subject="A paper")
            self.done[SUGGESTS] = time.time()
        if JOINS not in self.done:
            Person(self.host, JOINS).write("subscribe\nrobots\n")
            self.done[JOINS] = time.time()
        elif "confirms" not in self.done and (question := Person(self.host, JOINS).first(lambda message: True)):
            Person(self.host, JOINS).write("yes", answers=question)
            self.done["confirms"] = time.time()
        if "accepted" not in self.done and SUGGESTS in self.done:
            with Newsletter(self.project, embedder=WordEmbedder(), clock=self.clock) as newsletter:
                for look in newsletter.suggestions.open():
                    if look.suggestion.state == "waiting":
                        newsletter.suggestions.accept(look.suggestion.id)
                        self.done["accepted"] = time.time()


def test_days_pass_and_everybody_gets_theirs(tmp_path: Path) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        say(
            handler,
            f"<html><head><title>{PAGE}</title><meta name='description' content='Owls glide, and hear a robot walk. "
            "This is told here in two sentences.'></head><body><p>Owls.</p></body></html>",
            content_type="text/html",
        )

    with mail_host(more=ALL) as host, web_host(page) as pages:
        clock = Hurried(START, SPEED)
        with feeds(clock, 1.0) as (feed_host, shown):
            project = tmp_path / "news"
            first, more = settings_of(host, free_port())
            make_town(project, feed_host, more, settings=first)
            subscribe(project, clock, *RHYTHMS)
            run = Run(project, host, f"{pages}/owls", clock)
            end = START + timedelta(seconds=SECONDS * SPEED)
            with served(project, clock) as process:
                while clock() < end:
                    run.step()
                    time.sleep(0.3)
                shown.closed = clock()
                time.sleep(3)  # what is on its way
                assert process.troubles() == []
                took = process.end()
            boxes = {user: Inbox(host, user, clock) for user in (*ALL, BOB)}
            check(project, boxes, run, clock, end)
            total = Counter({user.partition("@")[0]: len(box.issues) for user, box in boxes.items()})
            tell(f"{SECONDS:.0f} s, {(end - START) / timedelta(days=1):.1f} days; ended in {took:.2f} s; {total}")


def check(project: Path, boxes: dict[str, Inbox], run: Run, clock: Hurried, end: datetime) -> None:
    acts = {name: clock.at(at) for name, at in run.done.items()}
    assert acts.keys() == {LIKES, PAUSES, LEAVES, SUGGESTS, JOINS, "confirms", "accepted"}
    with Newsletter(project, embedder=WordEmbedder(), clock=lambda: end) as newsletter:
        readers = {reader.address: reader for reader in newsletter.subscribers()}
        bounces = bounces_of(newsletter.database, readers[DEAD].id)
        votes = newsletter.database.conn.execute("SELECT subscriber_id, value FROM votes").fetchall()
        states = Counter(state for (state,) in newsletter.database.conn.execute("SELECT state FROM deliveries"))
    late = []
    for user in ALL:
        ids = Counter(str(message["message-id"]) for _, message in boxes[user].mails)
        assert set(ids.values()) == {1}, user
        for at, message in boxes[user].issues:
            assert message["to"].addresses[0].addr_spec == user
            if user == JOINS:
                continue
            dated = message["date"].datetime
            hour = hour_of(readers[user], dated)
            late.append(max(at, dated) - hour)
            assert late[-1] < LATE, (user, hour, dated, at)
    usual, longest = (f"{seconds / timedelta(hours=1):.1f} s" for seconds in (median(late), max(late)))
    tell(f"in the mailbox {usual} after the hour, {longest} at most")
    # -- each of theirs, once
    for user in (EARLY, LIKES, SUGGESTS, WEEKLY, FAR):
        due = due_between(readers[user], START, end - LATE)
        most = due_between(readers[user], START, end + LATE)
        assert len(due) <= len(boxes[user].issues) <= len(most), user
        read = Counter(title for _, message in boxes[user].issues for title in titles(message.as_bytes()))
        assert set(read.values()) <= {1}, user
    # -- who asked for something got it
    assert (readers[LIKES].id, 1) in votes
    assert any("More like" in text_of(message) for _, message in boxes[LIKES].mails)
    assert readers[LEAVES].state is State.UNSUBSCRIBED
    assert all(at <= acts[LEAVES] + LATE for at, _ in boxes[LEAVES].issues)
    back = acts[PAUSES] + timedelta(weeks=2)
    assert readers[PAUSES].state is (State.ACTIVE if back + timedelta(days=1) < end else State.PAUSED)
    away = [at for at, _ in boxes[PAUSES].issues if acts[PAUSES] + LATE < at < back - timedelta(days=1)]
    assert away == []
    assert len(boxes[PAUSES].issues) >= 1 + max((end - back) // timedelta(days=1) - 1, 0)
    assert any(PAGE in text_of(message) for user in (EARLY, LIKES, SUGGESTS) for _, message in boxes[user].issues)
    assert any("one suggestion waits for you" in subject for subject in boxes[BOB].subjects)
    # -- who joined was not left in silence
    assert readers[JOINS].state is State.ACTIVE
    soon = boxes[JOINS].issues[0][0] - acts["confirms"]
    tell(f"first issue {soon / timedelta(hours=1):.1f} s after the yes")
    assert soon < LATE
    # -- the dead mailbox came back, and the ledger agrees with the mailboxes
    assert bounces
    assert all(bounce.weight == 3 for bounce in bounces)
    assert states.keys() <= {"sent", "queued", "dropped"}


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part
    return re.sub(r"\s+", " ", str(part.get_content()))


def test_a_full_rehearsal_goes_to_the_operator_alone(tmp_path: Path) -> None:
    with mail_host(more=ALL) as host:
        clock = Hurried(START, SPEED)
        with feeds(clock, 1.0) as (feed_host, _):
            project = tmp_path / "news"
            first, more = settings_of(host, free_port(), BOB)
            make_town(project, feed_host, more, settings=first)
            subscribe(project, clock, *RHYTHMS)
            with served(project, clock) as process:
                assert process.has_said("REHEARSAL: every mail goes to ")
                Person(host, JOINS).write("subscribe\nrobots\n")
                clock.wait_until(START + timedelta(hours=30))
                assert wait_for(lambda: len(host.messages(BOB)) >= 9, 20)
                assert process.troubles() == []
            operator = Inbox(host, BOB, clock)
            to = {message["to"].addresses[0].addr_spec for _, message in operator.mails}
            tell(f"{len(operator.mails)} mails to the operator, for {len(to)} people")
            assert {EARLY, LIKES, PAUSES, LEAVES, SUGGESTS, WEEKLY, JOINS, DEAD} <= to
            assert len({str(message["message-id"]) for _, message in operator.mails}) == len(operator.mails)
            assert [user for user in ALL if host.messages(user)] == []
            assert all("Undelivered" not in subject for subject in operator.subjects)
