"""What long runs of `newsletter serve` share: feeds that grow, readers all over the world, and the count at the end."""

import random
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from conftest import WordEmbedder
from mailserver import Received
from newsroom import SETTINGS, empty_database, entry, parsed, write_entries
from webhost import feed_of, say, web_host

from newsletter import Newsletter
from newsletter.issues.calendar import period, slot_on
from newsletter.rendering.links import Purpose, verify_detail
from newsletter.rendering.store import load_keys
from subscribers.cadence import Frequency, parse_cadence
from subscribers.people import Subscriber

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/Los_Angeles")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Entries that a feed shows; older ones fall off.
SHOWN = 400
FEEDS = ("robots", "forests", "music")


def tell(words: str) -> None:
    """For who runs it by hand, with -s."""
    sys.stdout.write(f"\n{words}\n")


class Feeds:
    """Feeds on a server, with so many new entries an hour each, and a folder into which files are put."""

    def __init__(self, clock: Callable[[], datetime], an_hour: float) -> None:
        self.clock, self.start, self.an_hour = clock, clock(), an_hour
        #: once it stands, nothing new is published
        self.closed: datetime | None = None
        self.asked = 0

    def count(self) -> int:
        """How many each feed has published."""
        hours = ((self.closed or self.clock()) - self.start) / timedelta(hours=1)
        return 20 + int(hours * self.an_hour)

    def talk(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        count = self.count()
        tag = f'"{count}"'
        if handler.headers.get("if-none-match") == tag:
            say(handler, "", 304)
            return
        first = max(count - SHOWN, 0)
        say(handler, feed_of(first, count - first, handler.path.strip("/")), etag=tag)


@contextmanager
def feeds(clock: Callable[[], datetime], an_hour: float) -> Iterator[tuple[str, Feeds]]:
    """A server of feeds: its address, and what it shows."""
    shown = Feeds(clock, an_hour)
    with web_host(shown.talk) as host:
        yield host, shown


def make_town(project: Path, host: str, more: str, *, settings: str = SETTINGS) -> None:
    """A newsletter whose sources are those feeds and a folder."""
    tables = "".join(f'[[sources]]\nname = "{name}"\nlocation = "{host}/{name}"\n' for name in FEEDS)
    tables += '[[sources]]\nname = "folder"\nlocation = "folder"\n'
    (project / "folder").mkdir(parents=True)
    (project / "newsletter.toml").write_text(f"{settings}[pull]\nevery_minutes = 30\n{more}{tables}", "utf-8")
    empty_database(project / "newsletter.db")


def put_file(project: Path, number: int, each: int = 6) -> None:
    """Another file of the folder."""
    write_entries(project / "folder", [entry(n) for n in range(number * each, number * each + each)], f"{number}.jsonl")


def people(newsletter: Newsletter, count: int, chance: random.Random) -> None:
    """Readers in all zones, half of them daily."""
    for n in range(count):
        rhythm = ("daily", "", f"{chance.randrange(24):02}:{chance.choice(('00', '30'))}", chance.choice(ZONES))
        if n % 2:
            rhythm = ("weekly", chance.choice(DAYS), *rhythm[2:])
        interests = [chance.choice(("robots", "forests", "music"))]
        newsletter.subscribe(f"r{n:03}@example.org", interests=interests, cadence=parse_cadence(*rhythm))


def due_between(reader: Subscriber, begin: datetime, end: datetime) -> set[tuple[int, str]]:
    """(reader, period) of every issue that they ought to get in that time."""
    due = set()
    for days in range((end - begin).days + 4):
        day = begin.date() + timedelta(days=days - 1)
        if reader.cadence.frequency is Frequency.WEEKLY and day.isoweekday() != reader.cadence.day:
            continue
        if begin < slot_on(reader.cadence, day).at <= end:
            due.add((reader.id, period(reader.cadence.frequency, day)))
    return due


class Books:
    """What the ledger and the mail server say in the end."""

    def __init__(self, project: Path, accepted: list[Received]) -> None:
        with Newsletter(project, embedder=WordEmbedder()) as newsletter:
            self.readers = {reader.id: reader for reader in newsletter.subscribers()}
            keys = load_keys(newsletter.database)
            #: the deliveries that the operator is shown
            self.shown = Counter(str(one.state) for one in newsletter.not_sent())
        #: delivery → how often the server took it
        self.taken: Counter[int] = Counter()
        for mail in accepted:
            claim = verify_detail(mail.sender.partition("@")[0].partition("+b-")[2], Purpose.BOUNCE, keys)
            assert claim, mail.sender
            self.taken[claim.subject] += 1
        self.accepted = accepted
        with closing(sqlite3.connect(project / "newsletter.db")) as db:
            #: id, issue, reader, period, state, why, due
            self.deliveries = db.execute(
                "SELECT id, issue_id, subscriber_id, period, state, why, due_at FROM deliveries "
                "WHERE issue_id IS NOT NULL"
            ).fetchall()
            self.titles = Counter(title for (title,) in db.execute("SELECT title FROM entries"))
            #: frequency, date, has it a general edition?
            self.issues = db.execute("SELECT frequency, due_date, general IS NOT NULL FROM issues").fetchall()
            self.checked = db.execute("PRAGMA integrity_check").fetchone()[0]

    def of_state(self, *states: str) -> set[int]:
        """The deliveries in these states."""
        return {row[0] for row in self.deliveries if row[4] in states}

    def served(self) -> set[tuple[int, str]]:
        """(reader, period) that were sent, or may have been."""
        return {(row[2], row[3]) for row in self.deliveries if row[4] in ("sent", "uncertain")}

    def told_twice(self) -> list[tuple[str, str]]:
        """(reader, Message-ID) of which two messages were taken."""
        ids = Counter((mail.recipients[0], str(parsed(mail.content)["message-id"])) for mail in self.accepted)
        return [one for one, count in ids.items() if count > 1]

    def read_twice(self) -> list[tuple[str, str]]:
        """(reader, title) that stands in two of their messages."""
        read = Counter((mail.recipients[0], title) for mail in self.accepted for title in titles(mail.content))
        return [one for one, count in read.items() if count > 1]


def titles(message: bytes) -> set[str]:
    """The entries in a message, by the titles in its text part."""
    body = parsed(message).get_body(("plain",))
    assert body is not None
    return set(re.findall(r"^\d+\. ((?:Study|The) .*\d.*)$", body.get_content(), re.MULTILINE))
