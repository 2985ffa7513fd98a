"""What tests of mail that comes in share: writing to the newsletter, and reading what it writes back."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from conftest import WordEmbedder
from letters import letter
from newsroom import Clock, parsed
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.delivery.return_path import MARK
from newsletter.mailbox.envelope import Disposition, Envelope
from newsletter.mailbox.receiving import Receiver
from newsletter.rendering.links import Purpose, Signer
from newsletter.rendering.store import load_keys
from newsletter.settings import load
from subscribers import people
from subscribers.cadence import parse_cadence
from subscribers.evidence import Evidence, evidence_of
from subscribers.people import Subscriber
from subscribers.states import State

#: Few syncs: these tests lose no power.
SETTINGS = """
[mailbox]
receive = "command"
operator = "op@example.org"
trusted_results = "mx.news.example.org"

[delivery]
durability = "process"
"""
OURS, OP = "papers@news.example.org", "op@example.org"
ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@evil.example"
#: As our own mail server writes it of a sender who is not who they say they are.
FORGED = "mx.news.example.org; dmarc=fail header.from=example.org"


class Mailroom:
    """One newsletter that mail comes in to, its clock, and what goes out."""

    def __init__(self, project: Path, clock: Clock, stack: ExitStack) -> None:
        self.project, self.clock = project, clock
        self.newsletter = stack.enter_context(Newsletter(project, clock=clock, embedder=WordEmbedder()))
        #: how often the sender was woken
        self.woken = 0
        self.receiver = Receiver(project, load(project), self._wake, clock)
        stack.callback(self.receiver.close)
        #: of the last mail
        self.disposition = Disposition.DONE
        self._written = 0
        self._read: set[Path] = set()

    def _wake(self) -> None:
        self.woken += 1

    # -- in

    def take(self, raw: bytes, *, to: str = OURS, sender: str | None = ADA) -> str:
        """One mail comes in; returns what the newsletter says it did."""
        self.disposition = self.receiver.handle(Envelope(sender, (to,)), raw)
        return self.receiver.said

    def write(
        self,
        body: str = "",
        *,
        sender: str = ADA,
        answers: EmailMessage | None = None,
        to: str = "",
        envelope: str | None = None,
        **headers: str,
    ) -> str:
        """Somebody writes with a mail program, be it in answer to a mail of ours; returns what was done."""
        self._written += 1
        to = to or (str((answers["Reply-To"] or answers["From"]).addresses[0].addr_spec) if answers else OURS)
        named = {
            "From": f"Somebody <{sender}>",
            "To": to,
            "Date": f"Sun, 22 Nov 2026 12:00:{self._written % 60:02} +0000",
            "Message-ID": f"<{self._written}@example.org>",
        }
        if answers:
            before = str(answers["References"] or "")
            named |= {
                "Subject": f"Re: {answers['Subject']}",
                "In-Reply-To": str(answers["Message-ID"]),
                "References": f"{before} {answers['Message-ID']}".strip(),
            }
        raw = letter(body, **{**named, **{name.replace("_", "-"): value for name, value in headers.items()}})
        return self.take(raw, to=to, sender=sender if envelope is None else envelope)

    def told(self, body: str = "", **more: Any) -> EmailMessage:
        """The same, and the one mail that goes out upon it."""
        self.write(body, **more)
        (mail,) = self.mails()
        return mail

    # -- out

    def mails(self) -> list[EmailMessage]:
        """What goes out now, notices only, in the order in which it waited."""
        self.newsletter.send_notices()
        return self.new_mails()

    def new_mails(self) -> list[EmailMessage]:
        """What was written to the outbox since the last look."""
        fresh = set((self.project / "outbox").glob("*.eml")) - self._read
        self._read |= fresh
        return [parsed(path.read_bytes()) for path in sorted(fresh, key=lambda path: int(path.stem.rpartition("-")[2]))]

    # -- behind the counter

    @property
    def db(self) -> Database:
        return self.newsletter.database

    def reader(
        self, address: str = ADA, *interests: str, cadence: tuple[str, str, str, str] = ("weekly", "friday", "8", "UTC")
    ) -> Subscriber:
        """Somebody whom the operator has brought in."""
        return self.newsletter.subscribe(
            address, interests=interests or ("walking robots",), cadence=parse_cadence(*cadence)
        )

    def person(self, address: str = ADA) -> Subscriber:
        return people.get(self.db, address)

    def state(self, address: str = ADA) -> State | None:
        """None for nobody."""
        person = people.find(self.db, address)
        return person.state if person else None

    def interests(self, address: str = ADA) -> list[str]:
        return [str(interest) for interest in self.person(address).interests]

    def evidence(self, address: str = ADA) -> list[Evidence]:
        return evidence_of(self.db, self.person(address).id)

    def bounce_address(self, person: Subscriber, delivery_id: int) -> str:
        """Where a delivery to somebody comes back to."""
        local, _, domain = OURS.rpartition("@")
        return f"{local}+{MARK}{self.signer.detail(Purpose.BOUNCE, person.id, delivery_id)}@{domain}"

    @property
    def signer(self) -> Signer:
        return Signer("https://news.example.org", load_keys(self.db))

    def forget_the_mark(self) -> None:
        """As if the process had ended just before it noted that a mail was dealt with."""
        self.db.conn.execute("DELETE FROM incoming")

    def rows(self, *tables: str) -> dict[str, list[tuple[object, ...]]]:
        """All that some tables hold."""
        return {table: self.db.conn.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


Take = Callable[..., str]


def text_of(mail: EmailMessage) -> str:
    """The plain part, in one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def to_whom(mail: EmailMessage) -> str:
    """The one recipient."""
    (address,) = mail["to"].addresses
    return str(address.addr_spec)


def token_in(mail: EmailMessage) -> str:
    """The token of the one confirmation that the mail asks for."""
    (token,) = set(re.findall(r"/confirm/([a-z2-7]{26})\b", text_of(mail)))
    return str(token)
