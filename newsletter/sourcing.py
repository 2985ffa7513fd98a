"""Where entries come from: pulling all sources, looking at one, adding one, and how they do."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx2
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.discovery import Discovered, discover
from newsletter.entries.entry import Parsed
from newsletter.entries.fetching import Document, Turn, fetch_url, http_client, is_url, user_agent, whole
from newsletter.entries.files import path_of
from newsletter.entries.network import anywhere, is_public
from newsletter.entries.pulling import (
    Haul,
    Popularity,
    PullReport,
    Source,
    files_changed,
    gather,
    look,
    requests_of,
    take_files,
    take_in,
)
from newsletter.entries.side_by_side import side_by_side
from newsletter.entries.source_states import Memory, due, memory_of
from newsletter.entries.spacing import Turns, host_of, pause_of
from newsletter.errors import SourceError
from newsletter.project import add_source
from newsletter.ranking.embedding import Progress
from newsletter.sections import SourceSettings
from newsletter.settings import Settings, load
from newsletter.store import FILE as STORE
from subscribers.database import database_errors


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source of the settings does."""

    name: str
    location: str
    #: how many entries it has brought
    entries: int
    #: None: never yet
    pulled_at: datetime | None
    #: the last time that it went well
    good_at: datetime | None
    #: when `newsletter serve` asks again
    next_at: datetime
    #: in a row
    failures: int
    failing_since: datetime | None
    #: in words; None if it went well last time
    error: str | None
    #: where it has moved for good: what newsletter.toml should say
    moved_to: str | None


class Sources:
    """The sources of a newsletter. Use it from one thread, and close it."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        clock: Callable[[], datetime],
        told: Callable[[str], Progress],
        http: httpx2.Client | None = None,
    ) -> None:
        """`told(what)` gives a callback (done, to do); `http` stands in for the network, and is closed with this."""
        self._db, self._project, self._settings = db, project, settings
        self._clock, self._told, self._http = clock, told, http
        self._random = random.Random()  # noqa: S311 (a wait is no secret)

    def close(self) -> None:
        """Let go of the network."""
        if self._http:
            self._http.close()

    def pull(
        self,
        *,
        due_only: bool = False,
        fresh: Popularity | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> list[PullReport]:
        """Bring in what the sources have, side by side. One that fails is reported and stops no other.

        With `due_only` only those whose time has come, and files that have changed; without it all of them, also one
        that was to be left alone for a while (its report says so). With `fresh` popularity is read again. Once `stop`
        says so it returns within a second or the length of one document; what was not stored by then is due again.
        """
        now, stop = self._clock(), stop or (lambda: False)
        with database_errors(self._project / STORE):
            chosen = self._chosen(now, fresh) if due_only else self._known()
            tell, reports = self._told("Pulling"), dict[str, PullReport]()
            for report in self._pulled(chosen, now, fresh.since if fresh else None, stop, settled=due_only):
                reports[report.name] = report
                tell(len(reports), len(chosen))
        for source, memory in chosen:
            if source.name in reports and memory.waits(now):
                reports[source.name].asked_before = memory.next_at
        return [reports[source.name] for source, _ in chosen if source.name in reports]

    def _pulled(
        self,
        chosen: Sequence[tuple[Source, Memory]],
        now: datetime,
        popular_since: date | None,
        stop: Callable[[], bool],
        *,
        settled: bool,
    ) -> Iterator[PullReport]:
        every, client = self._every(), self._client()
        groups: dict[str, list[tuple[Source, Memory]]] = {}
        for source, memory in chosen:
            if is_url(source.location):
                host = host_of(memory.moved_to or source.location)
                groups.setdefault(host if pause_of(host) else source.name, []).append((source, memory))

        def fetch(one: tuple[Source, Memory], turn: Turn) -> Haul:
            return gather(*one, client=client, now=now, popular_since=popular_since, turn=turn)

        # The longest row of one host first: it takes longest.
        rows = sorted(groups.values(), key=len, reverse=True)
        with side_by_side(rows, fetch, database=self._project / STORE, stop=stop) as coming:
            for source, memory in chosen:
                if not is_url(source.location) and not stop():
                    yield take_files(
                        self._db, source, memory, base=self._project, now=now, every=every, random=self._random,
                        settled=settled, stop=stop,
                    )  # fmt: skip
            for (source, memory), haul in coming:
                yield take_in(self._db, source, haul, memory, now=now, every=every, random=self._random)

    def check(self, source: SourceSettings) -> Parsed:
        """Read a source without storing anything. Raises `SourceError`."""
        with self._turn() as turn:
            return look(_source(source), base=self._project, client=self._client(), now=self._clock(), turn=turn)

    def add(self, source: SourceSettings) -> Parsed:
        """Write a source into the settings' file, once it was read well. Raises `SourceError`, `SettingsError`."""
        found = self.check(source)
        add_source(self._project, source)
        self._settings = load(self._project)
        return found

    def discover(self, location: str) -> Discovered:
        """The feed behind the address of a page, or what is there itself. Raises `SourceError`."""
        with self._turn() as turn:

            def get(url: str) -> Document:
                return whole(fetch_url(url, client=self._client(), own=location, turn=turn))

            return discover(location, get=get, today=self._clock().date())

    def states(self) -> list[SourceState]:
        """How every source of the settings does."""
        now, brought = self._clock(), entries.count_by_source(self._db)
        return [
            SourceState(
                name=source.name,
                location=source.location,
                entries=brought.get(source.name, 0),
                pulled_at=memory.pulled_at,
                good_at=memory.good_at,
                next_at=memory.due_at(now, self._every()),
                failures=memory.failures,
                failing_since=memory.failing_since,
                error=memory.error,
                moved_to=memory.moved_to,
            )
            for source, memory in self._known()
        ]

    def watched(self) -> list[Path]:
        """The files and folders among the sources, for `newsletter.watching`."""
        paths = []
        for source in self._settings.sources:
            if not is_url(source.location):
                try:
                    paths.append(path_of(source.location, self._project))
                except SourceError:
                    continue  # told by pulling
        return paths

    def _known(self) -> list[tuple[Source, Memory]]:
        known = [_source(source) for source in self._settings.sources]
        return [(one, memory_of(self._db, one.name, one.location, one.read_as)) for one in known]

    def _chosen(self, now: datetime, fresh: Popularity | None) -> list[tuple[Source, Memory]]:
        """What is due, what has popularity to be read again, and files that have changed."""
        known = self._known()
        names = set(due((memory for _, memory in known), now, self._every()))
        for source, memory in known:
            if not is_url(source.location):
                if files_changed(memory, self._project):
                    names.add(source.name)
            elif fresh and memory.pulled_at and memory.pulled_at < fresh.at and not memory.waits(now):
                with_popularity = requests_of(source, memory, now, fresh.since)
                if len(with_popularity) > len(requests_of(source, memory, now, None)):
                    names.add(source.name)
        return [(source, memory) for source, memory in known if source.name in names]

    def _every(self) -> timedelta:
        return timedelta(minutes=self._settings.pull.every_minutes)

    def _client(self) -> httpx2.Client:
        if self._http is None:
            self._http = http_client(
                user_agent=user_agent(self._settings.base_url, self._settings.address),
                may_connect=anywhere if self._settings.pull.private_networks else is_public,
            )
        return self._http

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        with closing(Turns(self._project / STORE, threading.Event())) as turn:
            yield turn


def _source(settings: SourceSettings) -> Source:
    return Source(settings.name, settings.location, settings.kind, settings.year, settings.cross_lists)
