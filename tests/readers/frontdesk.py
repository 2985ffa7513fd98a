"""What tests of the desk share: asking for something, sending what waits, reading it."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from newsroom import Clock, parsed
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.delivery.sending import Run
from newsletter.readers.desk import Pending, Readers
from newsletter.readers.mails import Thread
from subscribers import people
from subscribers.cadence import Cadence, parse_cadence
from subscribers.evidence import Origin
from subscribers.people import Subscriber

#: Few syncs: these tests lose no power.
MAILBOX = """
[mailbox]
receive = "command"
operator = "op@example.org"

[delivery]
durability = "process"
"""
ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@evil.example"
OURS, OP = "papers@news.example.org", "op@example.org"
PAGE = Origin("page", "https://news.example.org/", "", "203.0.113.7", "Firefox/140")
MAIL = Origin("mail", OURS, "<1@example.org>")
OPERATOR = Origin("operator")
DAILY = parse_cadence("daily", "", "06:30", "Asia/Tokyo")
FRIDAYS = parse_cadence("weekly", "friday", "08:00", "UTC")


class Desk:
    """A newsletter, its clock, and what has come out of it."""

    def __init__(self, open_: Callable[[], Newsletter], clock: Clock) -> None:
        self._open = open_
        self.clock = clock
        self.newsletter = open_()
        self._read: set[Path] = set()

    @property
    def readers(self) -> Readers:
        return self.newsletter.readers

    @property
    def db(self) -> Database:
        return self.newsletter.database

    @property
    def folder(self) -> Path:
        return self.newsletter.project

    def restart(self) -> None:
        """As if the process had ended and begun anew."""
        self.newsletter.close()
        self.newsletter = self._open()

    def ask(
        self,
        address: str = ADA,
        *,
        name: str = "Ada",
        interests: tuple[str, ...] = ("walking robots", "not: surveys"),
        cadence: Cadence | None = None,
        origin: Origin = PAGE,
        thread: Thread | None = None,
    ) -> None:
        self.readers.request(
            address,
            name=name,
            interests=interests,
            cadence=cadence,
            words="Send it to me",
            origin=origin,
            thread=thread,
        )

    def asked(self, address: str = ADA, **more: Any) -> str:
        """Ask, send what waits, and return the token in the mail to that address."""
        self.ask(address, **more)
        (mail,) = [mail for mail in self.mails() if to(mail) == address]
        return token_in(mail)

    def confirm(self, token: str) -> Pending | None:
        return self.readers.confirm(token, words="Yes, send it to me", origin=PAGE)

    def reader(self, address: str = ADA, **more: Any) -> Subscriber:
        """Somebody who asked and confirmed."""
        self.confirm(self.asked(address, **more))
        return self.person(address)

    def person(self, address: str = ADA) -> Subscriber:
        return people.get(self.db, address)

    def mails(self) -> list[EmailMessage]:
        """What goes out now, notices only, in the order in which it waited."""
        self.newsletter.send_notices()
        return self.new_mails()

    def new_mails(self) -> list[EmailMessage]:
        """What was written to the outbox since the last look."""
        fresh = set((self.folder / "outbox").glob("*.eml")) - self._read
        self._read |= fresh
        return [parsed(path.read_bytes()) for path in sorted(fresh, key=lambda path: int(path.stem.rpartition("-")[2]))]

    def leave(self, person: Subscriber) -> Subscriber:
        return self.readers.leave(person, words="Leave", origin=PAGE)

    def compose(self, monkeypatch: Any) -> None:
        """Write everybody's copy down, and send nothing."""

        with monkeypatch.context() as patch:
            patch.setattr("newsletter.dispatching.deliver", lambda *_, **__: Run())
            self.newsletter.send(now=True)

    def states(self) -> list[str]:
        """Of every delivery, in words."""
        return [row[0] for row in self.db.conn.execute("SELECT state FROM deliveries ORDER BY id")]

    def dump(self) -> list[str]:
        """Everything that the database holds, but for counters and limits."""
        counters = (
            "sqlite_sequence",
            '"attempts"',
            '"handed_over"',
            '"senders"',
            '"sent_by_minute"',
            "writable_schema",
        )
        return [line for line in self.db.conn.iterdump() if not any(counter in line for counter in counters)]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def to(mail: EmailMessage) -> str:
    (address,) = mail["to"].addresses
    return str(address.addr_spec)


def token_in(mail: EmailMessage) -> str:
    """The token of the one confirmation that the mail asks for."""
    found = set(re.findall(r"https://news\.example\.org/confirm/([a-z2-7]{26})\b", text_of(mail)))
    assert len(found) == 1, text_of(mail)
    return str(found.pop())
