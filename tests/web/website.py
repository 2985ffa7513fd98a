"""What tests of the pages share: a newsletter with readers and an issue that is out, and a browser of sorts."""

import re
import sqlite3
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conftest import WordEmbedder
from newsroom import SETTINGS, Clock, make_project
from starlette.testclient import TestClient

from newsletter import Newsletter
from newsletter.rendering.links import PATHS, Purpose, Signer
from newsletter.rendering.store import load_keys
from newsletter.store import FILE, open_store
from newsletter.web.app import create_app
from subscribers.cadence import parse_cadence
from subscribers.people import Subscriber

ADA, BOB = "ada@example.org", "bob@example.org"
#: A Sunday noon; Ada's issue comes on Fridays.
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
#: What a form that asks for the newsletter carries beside its nonce.
JOINING = {
    "address": "carol@example.org",
    "name": "Carol",
    "interests": "walking robots\nnot: surveys",
    "cadence": "weekly",
    "weekday": "monday",
    "day": "1",
    "hour": "07:00",
    "timezone": "Europe/Paris",
}
#: What never changes by looking at a page, whoever looks.
_WATCHED = (
    *("subscribers", "interests", "votes", "evidence", "confirmations", "deliveries", "suppressions", "bounces"),
    *("suggestions", "entries"),
)


class Website:
    """The pages of one newsletter, in a process of their own making."""

    def __init__(self, project: Path, clock: Clock, stack: ExitStack, base: str = "") -> None:
        self.project, self.clock, self.base = project, clock, base
        #: for looking behind the pages; it has a connection of its own
        self.newsletter = stack.enter_context(Newsletter(project, clock=clock, embedder=WordEmbedder()))
        #: how often the sender was woken
        self.woken = 0
        app = create_app(project, wake=self._wake, clock=clock)
        self.client = stack.enter_context(TestClient(app, follow_redirects=False, client=("192.0.2.7", 50000)))

    def _wake(self) -> None:
        self.woken += 1

    def ada(self) -> Subscriber:
        return self.newsletter.subscriber(ADA)

    def link(self, purpose: Purpose, subject: int = 0, address: str = ADA) -> str:
        """A path with a token of somebody's."""
        return self.link_of(self.newsletter.subscriber(address).id, purpose, subject)

    def link_of(self, subscriber_id: int, purpose: Purpose, subject: int = 0) -> str:
        token = self.signer.token(purpose, subscriber_id, subject)
        return f"{self.base}/{PATHS[purpose]}/{token}"

    @property
    def signer(self) -> Signer:
        db = open_store(self.project / FILE)
        try:
            return Signer("", load_keys(db))
        finally:
            db.conn.close()

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def nonce(self, path: str) -> str:
        """What the form on that page carries."""
        return nonce_in(self.get(path).text)

    def press(self, path: str, **fields: str) -> Any:
        """Post the form on that page with these fields, as a browser does after a click."""
        return self.client.post(path.partition("?")[0], data={"nonce": self.nonce(path), **fields})

    def confirm_links(self) -> list[str]:
        """The paths behind the buttons of the mails that ask for something, in their order."""
        with sqlite3.connect(self.project / FILE) as db:
            rows = db.execute("SELECT recipe FROM deliveries WHERE notice IS NOT NULL ORDER BY id").fetchall()
        db.close()
        links = (re.search(r"https?://[^/]+(\S*/confirm/[a-z2-7]+)", str(row[0])) for row in rows)
        return [found[1] for found in links if found]

    def state(self) -> dict[str, list[str]]:
        """Everything that is kept about anybody."""
        db = sqlite3.connect(self.project / FILE)
        try:
            return {table: sorted(repr(row) for row in db.execute(f"SELECT * FROM {table}")) for table in _WATCHED}
        finally:
            db.close()


def nonce_in(html: str) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', html)
    assert found, "there is no form of ours on this page"
    return found[1]


def text_of(answer: Any) -> str:
    """The words of a page's main part, as a person reads them."""
    main = re.search(r"<main>(.*)</main>", answer.text, re.DOTALL)
    assert main, answer.text
    plain = re.sub(r"<[^>]+>", " ", main[1])
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        plain = plain.replace(entity, character)
    return " ".join(plain.split())


def build(folder: Path, more: str = "", settings: str = SETTINGS) -> None:
    """A newsletter with two readers who have been sent an issue."""
    make_project(folder, more, settings=settings)
    with Newsletter(folder, clock=Clock(NOON), embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        cadence = parse_cadence("weekly", "friday", "08:00", "Europe/Paris")
        newsletter.subscribe(ADA, name="Ada", interests=["walking robots", "not: surveys"], cadence=cadence)
        newsletter.subscribe(BOB, interests=["brain tumours"], cadence=cadence)
        newsletter.send(now=True)
