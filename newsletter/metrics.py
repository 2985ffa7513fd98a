"""Metrics for Prometheus, on a port of this machine only. Each scrape reads the database, by a connection of its own.

No label names a person; a source's name is the operator's own word.
"""

import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlite_utils import Database

from newsletter.alarms import OF_LATE
from newsletter.delivery import tallies
from newsletter.delivery.outcomes import DeliveryState
from newsletter.entries import store as entries
from newsletter.errors import NewsletterError
from newsletter.issues.issue import IssueState
from newsletter.settings import load
from newsletter.store import FILE, SENDING, why_off
from newsletter.ticks import all_ticks
from subscribers import people
from subscribers.states import State

HOST = "127.0.0.1"
#: Seconds that a scrape waits for another process's write.
_PATIENCE = 2.0


class Watched(Collector):
    """What a scrape gets. Made anew each time, in the thread that asks."""

    def __init__(self, project: Path, clock: Callable[[], datetime]) -> None:
        self._project = project
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Everything, or only that the database cannot be read."""
        yield InfoMetricFamily("newsletter_build", "Which program this is.", {"version": version("newsletter")})
        try:
            with closing(sqlite3.connect(_read_only(self._project / FILE), uri=True, timeout=_PATIENCE)) as connection:
                found = list(metrics(Database(connection), self._names(), self._clock()))
        except sqlite3.Error:
            found = []
        yield _number("newsletter_database_up", "1 where the database can be read.", int(bool(found)))
        yield from found

    def _names(self) -> frozenset[str] | None:
        """The sources of the settings as they are now; None where these cannot be read, and all are told of."""
        try:
            return frozenset(source.name for source in load(self._project).sources)
        except NewsletterError:
            return None


def metrics(db: Database, names: Container[str] | None, now: datetime) -> Iterator[Metric]:
    """What the database says at this moment; `names` are those of sources that still are some."""
    total = CounterMetricFamily("newsletter_entries", "Entries that were brought in.")
    total.add_metric([], entries.count(db))
    yield total
    yield from _sources(db, names)
    yield _by("newsletter_subscribers", "People by state.", "state", _all(State, people.count_by_state(db)))
    copies, notices = tallies.count_by_kind(db)
    yield _by("newsletter_deliveries", "Copies of issues by state.", "state", _all(DeliveryState, copies))
    yield _by("newsletter_notices", "Notices by state.", "state", _all(DeliveryState, notices))
    issues: dict[str, int] = dict(db.conn.execute("SELECT state, count(*) FROM issues GROUP BY state"))
    yield _by("newsletter_issues", "Issues that were made, by state.", "state", _all(IssueState, issues))
    ticks = all_ticks(db)
    good = {name: tick.good_at for name, tick in ticks.items()}
    yield _by("newsletter_tick_last_success_timestamp_seconds", "When it last went well.", "tick", _seconds(good))
    failing = {name: int(tick.error is not None) for name, tick in ticks.items()}
    yield _by("newsletter_tick_failing", "1 where it went wrong the last time.", "tick", failing)
    back = tallies.returned(db, now - OF_LATE, now).returned
    yield _number("newsletter_bounces_recent", "Of the mails of two days: how many came back or were refused.", back)
    off = int(why_off(db, SENDING) is not None)
    yield _number("newsletter_sending_off", "1 where the operator has stopped all mail.", off)


@contextmanager
def serve_metrics(project: Path, port: int, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[int]:
    """Answer scrapes on that port of 127.0.0.1 while the block runs; 0 takes a free one. Gives the port.

    Raises `NewsletterError` where the port cannot be had.
    """
    registry = CollectorRegistry()
    registry.register(Watched(project, clock))
    try:
        server, thread = start_http_server(port, addr=HOST, registry=registry)
    except OSError as error:
        raise NewsletterError(
            f"Metrics cannot be served on {HOST}:{port}: {error.strerror or error}. Set another web.metrics_port, "
            "or end what has this one."
        ) from error
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sources(db: Database, names: Container[str] | None) -> Iterator[Metric]:
    every = db.conn.execute("SELECT name, good_at, failures FROM sources").fetchall()
    rows = [row for row in every if names is None or row[0] in names]
    good = {name: datetime.fromisoformat(at) if at else None for name, at, _ in rows}
    yield _by("newsletter_source_last_success_timestamp_seconds", "The last good pull.", "source", _seconds(good))
    failures = {name: count for name, _, count in rows}
    yield _by("newsletter_source_failures", "Pulls that went wrong, in a row.", "source", failures)
    brought = {name: count for name, count in entries.count_by_source(db).items() if names is None or name in names}
    yield _by("newsletter_source_entries", "Entries that it has brought.", "source", brought)


def _by(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _number(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_, value=value)


def _all(states: Iterable[str], counts: Mapping[str, int]) -> dict[str, int]:
    """Also the states in which nothing is: an alert may ask for any."""
    return {str(state): counts.get(state, 0) for state in states}


def _seconds(moments: Mapping[str, datetime | None]) -> dict[str, float]:
    return {name: moment.timestamp() for name, moment in moments.items() if moment}


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=ro"
