"""What the benchmark of sending measures with: a town of readers, Postfix's sink and source, a distant server.

Everything measured runs in a process of its own (`python sending_bench.py PROJECT`), so that its processor time, with
that of its threads and children, and its memory are its own and nobody else's.
"""

import asyncio
import json
import os
import re
import resource
import shutil
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, Pick, ReasonKind, Section
from newsletter.rendering.card import Card
from newsletter.rendering.edition import Edition, shared_variables
from newsletter.rendering.look import look_in
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.templates import load_sources
from newsletter.store import open_store
from subscribers.cadence import Frequency
from subscribers.database import stored, writing

SINK, SOURCE = (
    shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin") for name in ("smtp-sink", "smtp-source")
)
PAPERS = Path(__file__).parents[2] / "newsletter" / "demo" / "papers.jsonl"
#: So many copies are due before the rest: what is done once an issue (compiling it, rendering each card in each of its
#: places) is not counted. The plain way has nothing of the kind, and begins with fewer.
FIRST, FIRST_PLAINLY = 210, 10
EARLY = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
DUE = EARLY + timedelta(hours=1)
#: As many as the settings say: seven for the reader, three that everybody likes.
CARDS, PICKS, MINE, ISSUE = 30, 10, 7, IssueKey(Frequency.WEEKLY, EARLY.date())
SETTINGS = """\
title = "Paper Robots"
address = "papers@news.example.org"
postal_address = "1 Example Street, 12345 Exampleton"
base_url = "https://news.example.org"
delivery.transport = "smtp"
smtp = {{ host = "127.0.0.1", port = {port}, security = "none", connections = {connections} }}
mailbox.receive = "lmtp"
pacing.domains = {{}}
dkim.selector = "{selector}"
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What it took to hand over so many messages."""

    messages: int
    #: processor time of the process, its threads and its children, in seconds
    cpu: float
    seconds: float
    #: the most memory that the process had, in MB
    peak: float

    @property
    def each(self) -> float:
        """Microseconds of processor time a message."""
        return self.cpu / self.messages * 1e6

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


# -- the town


def issue_cards() -> dict[int, Card]:
    """Cards of the demo's papers."""
    papers = [json.loads(line) for line in PAPERS.read_text("utf-8").splitlines()[:CARDS]]
    return {
        n: Card(n, p["title"], p["url"], True, ", ".join(p["authors"][:3]), "arXiv", "12 Oct",
                tuple(p["summary"].split(". ")), 10 * n)
        for n, p in enumerate(papers, 1)
    }  # fmt: skip


def shared() -> dict[str, object]:
    """The variables that all copies share."""
    newsletter = {"title": "Paper Robots", "address": "papers@news.example.org", "language": "en", "replies": "yes"}
    newsletter |= {"postal_address": "1 Example Street, 12345 Exampleton", "base_url": "https://news.example.org"}
    issue = {"name": str(ISSUE), "date": "Friday", "arrivals": "54 things", "count": 54}
    return shared_variables(newsletter=newsletter, issue=issue, intro_html="", intro_text="")


def sources() -> dict[str, str]:
    """The shipped templates."""
    return load_sources(Path("no overrides"), look_in())


def recipe_of(n: int) -> Recipe:
    """Ten cards, in an order and with reasons that few others have."""
    chosen = [(n * 7 + step * (1 + n % 7)) % CARDS + 1 for step in range(CARDS)]
    distinct = list(dict.fromkeys(chosen))
    distinct += [entry for entry in range(1, CARDS + 1) if entry not in distinct]
    mine = [
        Pick(entry, Section.FOR_YOU, 0.5, ReasonKind.INTEREST, f"graph neural networks {n % 50}", entry % 3)
        for entry in distinct[:MINE]
    ]
    liked = [
        Pick(entry, Section.FAVOURITES, 0.5, ReasonKind.POPULAR, str(entry * 10), 0) for entry in distinct[MINE:PICKS]
    ]
    picks = (*mine, *liked)
    return Recipe(picks, f"Ada {n}", n % 90 + 1, "on Fridays at 08:00, Paris time", "morning", "3 March 2026",
                  "Friday, 4 December", True, 1)  # fmt: skip


def town(path: Path, readers: int, more: int = 0, *, first: int = FIRST) -> None:
    """A database in which a copy of one issue is queued for every reader, and `more` after them whom nobody reaches.

    Every domain has a few readers, so that no provider's pace is in the way.
    """
    db = open_store(path, durable=False)
    with writing(db):
        db.conn.executemany(
            "INSERT INTO entries (id, title, summary, authors, categories, content_hash, first_seen) "
            "VALUES (?, 'Study', '', '[]', '[]', x'00', ?)",
            [(n, stored(EARLY)) for n in range(1, CARDS + 1)],
        )
    edition = Edition(sources(), dict(shared())).dump()
    cards = {n: card.dump() for n, card in issue_cards().items()}
    issue = issues.freeze(db, ISSUE, up_to_entry=CARDS, edition=edition, cards=cards, pins=[], now=EARLY)
    with writing(db):
        _people(db, readers + more)
        row = "INSERT INTO deliveries (issue_id, subscriber_id, period, state, recipe, due_at, changed_at) "
        db.conn.executemany(
            f"{row} VALUES (?, ?, ?, 'queued', ?, ?, ?)",
            (
                (issue.id, n, ISSUE.period, recipe_of(n).dump(), stored(EARLY if n <= first else DUE), stored(EARLY))
                for n in range(1, readers + 1)
            ),
        )
        # As many as one likes at the speed of SQLite, all with the recipe of somebody before them.
        db.conn.execute(
            f"{row} WITH RECURSIVE n (n) AS (SELECT ?1 + 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1 + ?2) "
            "SELECT issue_id, n, period, state, recipe, due_at, deliveries.changed_at FROM n "
            "JOIN deliveries ON deliveries.id = ?3 + n % (?1 - ?3) + 1 WHERE ?2 > 0",
            [readers, more, first],
        )
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.conn.close()


def _people(db: Database, count: int) -> None:
    """So many active readers who follow three things each."""
    numbers = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1) "
    db.conn.execute(
        "INSERT INTO subscribers (id, address, address_key, name, state, frequency, day, at, timezone, created_at, "
        f"confirmed_at, changed_at) {numbers} SELECT n, 'reader' || n || '@d' || (n % 5000) || '.example', "
        "'reader' || n || '@d' || (n % 5000) || '.example', 'Ada ' || n, 'active', 'weekly', 5, '08:00', 'UTC', "
        "?2, ?2, ?2 FROM n",
        [count, stored(EARLY - timedelta(days=90))],
    )
    db.conn.execute(
        f"INSERT INTO interests {numbers} SELECT n.n, place, 'graph neural networks ' || place, 0 FROM n, "
        "(SELECT 0 AS place UNION SELECT 1 UNION SELECT 2)",
        [count],
    )


def project(
    folder: Path, database: Path, port: int, *, connections: int = 1, key: tuple[str, bytes] | None = None
) -> Path:
    """A newsletter with a copy of that database; `key` is a selector and its private key, where mail is signed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = SETTINGS.format(port=port, connections=connections, selector=key[0] if key else "")
    (folder / "newsletter.toml").write_text(text)
    if key:
        (folder / "keys").mkdir(mode=0o700)
        (folder / "keys" / f"{key[0]}.pem").write_bytes(key[1])
        (folder / "keys" / f"{key[0]}.pem").chmod(0o600)
    shutil.copy(database, folder / "newsletter.db")
    return folder


def sizes(folder: Path, database: Path) -> list[int]:
    """Bytes of the messages that this database leads to."""
    settings = project(folder, database, 1) / "newsletter.toml"
    settings.write_text(settings.read_text().replace('"smtp"', '"folder"'))
    run(folder)
    return [path.stat().st_size for path in (folder / "outbox").glob("*.eml")]


def states(folder: Path) -> dict[str, int]:
    """How many deliveries are in each state."""
    db = open_store(folder / "newsletter.db")
    found = dict(db.conn.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
    db.conn.close()
    return found


# -- servers


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _reachable(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")


@dataclass
class Sink:
    """Postfix's smtp-sink: takes everything, forgets it, and counts it."""

    port: int
    tally: Path

    def accepted(self) -> int:
        """How many messages it has taken so far."""
        with self.tally.open("rb") as file:
            file.seek(max(self.tally.stat().st_size - 200, 0))
            found = re.findall(rb"mesg=(\d+)", file.read())
        return int(found[-1]) if found else 0


@contextmanager
def sink(tally: Path) -> Iterator[Sink]:
    """Runs one; `tally` is a file of its own for what it counts."""
    port = free_port()
    assert SINK
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with tally.open("wb") as file, _process([SINK, *user, "-c", f"127.0.0.1:{port}", "200"], file):
        _reachable(port)
        yield Sink(port, tally)


@contextmanager
def far_away(port: int) -> Iterator[int]:
    """The same server, 20 milliseconds there and back; gives the port."""
    distant = free_port()
    with _process([sys.executable, __file__, "--proxy", str(distant), str(port)], subprocess.DEVNULL):
        _reachable(distant)
        yield distant


@contextmanager
def _process(command: list[str], out: IO[bytes] | int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def ceiling(port: int, *, messages: int, connections: int, size: int) -> Run:
    """What Postfix's own smtp-source reaches against the same sink, with messages of the same size."""
    assert SOURCE
    count = ["-s", str(connections), "-m", str(messages), "-l", str(size), "-d"]
    with measured() as result:
        subprocess.run([SOURCE, *count, f"127.0.0.1:{port}"], check=True)
    return result(messages)


async def _delay(listen: int, port: int) -> None:
    async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        now = asyncio.get_running_loop().time

        async def arrive() -> None:
            while True:
                at, data = await under_way.get()
                if (wait := at - now()) > 0:
                    await asyncio.sleep(wait)
                if not data:
                    writer.close()
                    return
                writer.write(data)

        arriving = asyncio.create_task(arrive())
        with suppress(OSError):
            while data := await reader.read(1 << 18):
                under_way.put_nowait((now() + 0.010, data))
        under_way.put_nowait((now() + 0.010, b""))
        with suppress(OSError):
            await arriving

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port, limit=1 << 18)
        await asyncio.gather(one_way(reader, there[1]), one_way(there[0], writer))

    server = await asyncio.start_server(talk, "127.0.0.1", listen, limit=1 << 18)
    await server.serve_forever()


# -- measuring


@contextmanager
def measured() -> Iterator[Callable[[int], Run]]:
    """Gives a function that tells what was used until the end of the block, for so many messages."""
    before, start = _processor_time(), time.perf_counter()
    taken: list[float] = []
    yield lambda messages: Run(messages, taken[0], taken[1], peak_memory())
    seconds, after = time.perf_counter() - start, _processor_time()
    taken += [after - before, seconds]


def _processor_time() -> float:
    """Seconds of this process, its threads and the children that it waited for; finer than `os.times`."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_memory(process: int | str = "self") -> float:
    """The most memory that a process had so far, in MB."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) / 1_000


def deliver(folder: Path) -> Run:
    """Hand over what is queued; in this process."""
    start, since = [EARLY + timedelta(minutes=1)], time.monotonic()
    with Newsletter(folder, clock=lambda: start[0] + timedelta(seconds=time.monotonic() - since)) as newsletter:
        newsletter.deliver()
        start[0] = DUE + timedelta(minutes=1)
        with measured() as result:
            counts = newsletter.deliver()
    return result(sum(counts.values()))


def run(folder: Path, script: Path = Path(__file__), *arguments: str) -> Run:
    """The same in a process of its own, or what another script does there."""
    done = subprocess.run([sys.executable, script, folder, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Run(**json.loads(done.stdout))


def peak_when(reached: Callable[[], bool], folder: Path) -> float:
    """How much memory, in MB, the same needed until that was reached; the process is killed then."""
    with subprocess.Popen([sys.executable, __file__, folder], stdout=subprocess.DEVNULL) as process:
        try:
            while not reached():
                assert process.poll() is None, "it ended before"
                time.sleep(0.02)
            return peak_memory(process.pid)
        finally:
            process.kill()


def smtplib_alone(port: int, *, messages: int, size: int) -> Run:
    """A finished message handed over again and again on one connection of the standard library's."""
    message = b"Subject: one\r\n\r\n" + b"x" * 70 + b"\r\n"
    message += (b"y" * 70 + b"\r\n") * ((size - len(message)) // 72)
    with smtplib.SMTP("127.0.0.1", port) as connection:
        connection.ehlo()
        with measured() as result:
            for n in range(messages):
                connection.sendmail("papers@news.example.org", f"reader{n}@d.example", message)
    return result(messages)


def tell(result: Run) -> None:
    """To the process that waits for it."""
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    if sys.argv[1] == "--proxy":
        asyncio.run(_delay(int(sys.argv[2]), int(sys.argv[3])))
    else:
        tell(deliver(Path(sys.argv[1])))
