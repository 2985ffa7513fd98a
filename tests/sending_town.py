"""What the proofs of delivery share: a newsletter of many readers before a server that misbehaves, and the count.

What was delivered is counted from the server's own log, what became of everybody else from the database by SQL:
neither asks the program that is tested.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conftest import WordEmbedder
from newsroom import Clock, make_project
from sending_process import Command, Ended
from sink import Sink, Taken, logged, sink

from newsletter import Newsletter
from newsletter.store import FILE as STORE
from subscribers.cadence import parse_cadence
from subscribers.database import writing

CONNECTIONS = 4
#: What is still to come.
WAITING = ("queued", "claimed", "deferred")
PARTLY = 3


@dataclass(frozen=True, slots=True)
class Account:
    """What became of everybody."""

    everybody: frozenset[str]
    #: how often the server took a message for whom, by its log
    accepted: Counter[str]
    #: reader → state of their copy, by the database
    state: Mapping[str, str]

    def of(self, *states: str) -> set[str]:
        return {reader for reader, state in self.state.items() if state in states}

    @property
    def lost(self) -> set[str]:
        """Who has nothing, and whom nothing waits for or is shown about."""
        told = self.of("uncertain", "sending", "failed", *WAITING)
        return {reader for reader in self.everybody if not self.accepted[reader] and reader not in told}

    @property
    def twice(self) -> set[str]:
        return {reader for reader, count in self.accepted.items() if count > 1}

    @property
    def denied(self) -> set[str]:
        """Who has it, though the ledger would send it to them again, or says that it never will."""
        return self.accepted.keys() - self.of("sent", "uncertain", "sending")

    def __str__(self) -> str:
        return (
            f"{len(self.everybody):,} readers, {self.accepted.total():,} messages taken: {len(self.lost)} lost, "
            f"{len(self.twice)} twice, {len(self.of('uncertain'))} uncertain"
        )


class Town:
    """A newsletter whose readers are due, and the mail server before it."""

    def __init__(self, project: Path, server: Sink, log: Path) -> None:
        self.project, self.sink, self._log = project, server, log
        self.everybody: list[str] = []
        #: for every process that sends
        self.environment: dict[str, str] = {}
        self._commands: list[Command] = []

    def settings(self, more: str = "", *, smtp: str = "", delivery: str = "", connections: int = CONNECTIONS) -> None:
        """Write the settings: lines of [smtp] and of [delivery], and whole tables."""
        make_project(
            self.project,
            f'[delivery]\ntransport = "smtp"\n{delivery}\n[smtp]\nhost = "127.0.0.1"\nport = {self.sink.port}\n'
            f"connections = {connections}\n" + (smtp or 'security = "none"\ntimeout = 10') + f"\n{more}\n",
        )

    def people(self, count: int, *, rhythms: tuple[str, ...] = ("daily",), composed: bool = True) -> None:
        """So many readers, whose hour was an hour ago; their copies are written down, or still to be composed.

        With more than one rhythm they get different issues.
        """
        hour = datetime.now(UTC) - timedelta(hours=1)
        clock = Clock(hour - timedelta(days=9))
        with Newsletter(self.project, embedder=WordEmbedder(), clock=clock) as newsletter:
            with writing(newsletter.database):
                for n in range(count):
                    day = {"weekly": f"{hour:%A}".lower()}.get(rhythm := rhythms[n % len(rhythms)], "")
                    cadence = parse_cadence(rhythm, day, f"{hour:%H:%M}", "UTC")
                    newsletter.subscribe(f"r{n:04}@example.org", interests=["walking robots"], cadence=cadence)
                    self.everybody.append(f"r{n:04}@example.org")
            clock.now = hour
            newsletter.pull()
            if composed:
                clock.now = datetime.now(UTC)
                newsletter.make()
        if composed:
            assert Counter(self.account().state.values()) == {"queued": count}

    # -- processes

    def command(self, *arguments: str, **how: Any) -> Command:
        """`newsletter …`, begun; it ends with the town."""
        command = Command(self.project, *arguments, environment=self.environment, **how)
        self._commands.append(command)
        return command

    def run(self, *arguments: str, **how: Any) -> Ended:
        """`newsletter …`, to its end."""
        return self.command(*arguments, **how).ended()

    def close(self) -> None:
        for command in self._commands:
            command.kill()

    # -- books

    def query(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.project / STORE, timeout=30)) as db:
            return db.execute(sql).fetchall()

    def states(self) -> Counter[str]:
        """Copies by their state."""
        return Counter(dict(self.query("SELECT state, count(*) FROM deliveries WHERE notice IS NULL GROUP BY 1")))

    def taken(self) -> list[Taken]:
        """What the server took for readers, by its log."""
        return [one for one in logged(self._log) if one.recipient.endswith("@example.org")]

    def account(self) -> Account:
        """What became of the first copy of everybody."""
        rows = self.query(
            "SELECT address, deliveries.state FROM deliveries JOIN subscribers ON subscribers.id = subscriber_id "
            "WHERE notice IS NULL ORDER BY deliveries.id DESC"
        )
        accepted = Counter(one.recipient for one in self.taken())
        return Account(frozenset(self.everybody), accepted, dict(rows))

    def settled(self, *, uncertain: int, later: timedelta = timedelta(0)) -> Account:
        """Send until nothing waits any more, as often as an operator starts it, and count.

        Nobody is left out, nobody has it twice, at most so many are uncertain, and each of these is shown.
        """
        for _ in range(3):
            self.run("send", later=later)
            if not self.states().keys() & {"sending", *WAITING}:
                break
        account = self.account()
        assert (account.lost, account.twice, account.denied) == (set(), set(), set()), account
        assert account.state.keys() == account.everybody
        assert account.of("sending", *WAITING) == set()
        assert len(account.of("uncertain")) <= uncertain, account
        if account.of("uncertain"):
            assert self.shown("uncertain") == account.of("uncertain")
        return account

    def shown(self, state: str) -> set[str]:
        """The readers whose copies the operator is shown as in that state."""
        told = self.run("deliveries", "--state", state, "--limit", "100000", "--json")
        assert told.status == 0, told.err
        return {row["email"] for row in json.loads(told.out)["deliveries"]}


@contextmanager
def town(folder: Path, *, settings: str = "", smtp: str = "", delivery: str = "", **server: Any) -> Iterator[Town]:
    """A town without people; `server` is as `sink` knows it."""
    with ExitStack() as stack:
        running = stack.enter_context(sink(folder / "sink.log", **server))
        made = Town(folder / "news", running, folder / "sink.log")
        made.settings(settings, smtp=smtp, delivery=delivery)
        stack.callback(made.close)
        yield made


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for it; it must come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.002)
