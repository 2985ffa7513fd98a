"""Pulling a source: ask | parse | identify, merge, clean | store | remember how it went."""

import random as chance
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx2
from sqlite_utils import Database

from newsletter.entries import files, store
from newsletter.entries.entry import Parsed, Skipped
from newsletter.entries.fetching import (
    Document,
    Fetched,
    FetchError,
    Turn,
    Validators,
    at_once,
    fetch_url,
    is_url,
    this_version,
)
from newsletter.entries.network import NotPublic
from newsletter.entries.retrying import next_try
from newsletter.entries.source_states import Memory, remember
from newsletter.entries.sources import Kind, error_words, parse
from newsletter.entries.sources.requests import Request, requests_for
from newsletter.errors import SourceError

#: After so many failures in a row at the place where a source has moved to, the place it moved from is asked.
TRIES_AT_NEW_PLACE = 3


@dataclass(frozen=True, slots=True)
class Source:
    """One place where entries come from, as the settings name it."""

    name: str
    location: str
    kind: Kind = "auto"
    year: int | None = None
    cross_lists: bool = True

    @property
    def read_as(self) -> str:
        """By what it is read: where this changes, all of it is read again, changed or not."""
        return f"{this_version()} {self.kind} {self.year} {self.cross_lists}"


@dataclass(frozen=True, slots=True)
class Popularity:
    """Popularity that is to be read again, because an issue is about to be frozen."""

    #: of the entries since that day
    since: date
    #: a source that was pulled at or after this moment has given it already
    at: datetime


@dataclass(slots=True)
class PullReport:
    """What came of pulling one source."""

    name: str
    new: int = 0
    known: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    #: why nothing could be read, or None
    error: str | None = None
    #: when `newsletter serve` asks again
    next_try: datetime | None = None
    #: where it has moved for good: what newsletter.toml should say
    moved_to: str | None = None
    #: nothing is different from the last time
    unchanged: bool = False
    #: until when it was to be left alone, where you asked nevertheless
    asked_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Haul:
    """What the servers gave for one source."""

    main: Fetched | SourceError
    #: beside it: days that were missed, popularity
    others: tuple[Document | Skipped, ...] = ()
    #: how long a server of these wants to be left alone
    wait: timedelta | None = None


def requests_of(source: Source, memory: Memory, now: datetime, popular_since: date | None) -> tuple[Request, ...]:
    """What to ask for; the first is the main one."""
    return requests_for(
        source.kind,
        source.location,
        last_good=memory.good_at,
        now=now,
        popular_since=popular_since,
        cross_lists=source.cross_lists,
    )


def gather(
    source: Source,
    memory: Memory,
    *,
    client: httpx2.Client,
    now: datetime,
    popular_since: date | None = None,
    turn: Turn = at_once,
) -> Haul:
    """Ask for all of it; needs no database, so that it may run in any thread. Raises nothing for a server's sake."""
    try:
        asked = requests_of(source, memory, now, popular_since)
        main = _ask_main(source, asked[0].url, memory, client, turn)
        if main.document and not main.document.content.strip():
            raise FetchError("the server's answer is empty")
    except SourceError as error:
        return Haul(_explained(error))
    others: list[Document | Skipped] = []
    wait: timedelta | None = None
    for request in asked[1:]:
        try:
            document = fetch_url(request.url, client=client, own=source.location, turn=turn).document
            if document:
                others.append(document)
        except SourceError as error:
            others.append(Skipped(request.url, str(_explained(error))))
            wait = (error.retry_after if isinstance(error, FetchError) else None) or wait
    return Haul(main, tuple(others), wait)


def _ask_main(source: Source, url: str, memory: Memory, client: httpx2.Client, turn: Turn) -> Fetched:
    if (place := memory.moved_to) and memory.failures < TRIES_AT_NEW_PLACE:
        try:
            there = fetch_url(place, client=client, validators=memory.validators, own=source.location, turn=turn)
        except FetchError as error:
            if error.status not in (404, 410):
                raise
        else:
            # Under the name that it has always had.
            document = there.document and replace(there.document, name=url)
            return replace(there, document=document, moved_to=there.moved_to or place)
    validators = Validators() if memory.moved_to else memory.validators
    return fetch_url(url, client=client, validators=validators, own=source.location, turn=turn)


def _explained(error: SourceError) -> SourceError:
    if isinstance(error, NotPublic):
        return NotPublic(f"{error}; `pull.private_networks = true` allows it")
    if isinstance(error, FetchError) and (words := error_words(error.body)):
        return FetchError(f"{error}: {words}", status=error.status, retry_after=error.retry_after)
    return error


def take_in(
    db: Database,
    source: Source,
    haul: Haul,
    memory: Memory,
    *,
    now: datetime,
    every: timedelta,
    random: chance.Random,
) -> PullReport:
    """Store what the servers gave, then remember how it went: a kill in between repeats the pull, and loses nothing."""
    report = PullReport(source.name)
    others: list[tuple[Document, Parsed]] = []
    try:
        if isinstance(haul.main, SourceError):
            raise haul.main
        documents = [(haul.main.document, read(haul.main.document, source, now))] if haul.main.document else []
        others = _readable(haul.others, source, now, report.skipped)
    except SourceError as error:
        return _failed(db, report, memory, error, now, every, random)
    incomplete = len(others) < len(haul.others)
    for document, parsed in (*documents, *others):
        _save(db, source, document, parsed, report, now)
    report.unchanged = not documents and not haul.others
    report.moved_to = haul.main.moved_to
    report.next_try = next_try(0, now, every, haul.wait, random)
    remember(
        db,
        Memory(
            source.name,
            source.location,
            source.read_as,
            pulled_at=now,
            # What was missed is asked for again, as long as this stays.
            good_at=memory.good_at if incomplete else now,
            next_at=report.next_try if haul.wait else None,
            validators=haul.main.validators,
            moved_to=haul.main.moved_to,
        ),
    )
    return report


def take_files(
    db: Database,
    source: Source,
    memory: Memory,
    *,
    base: Path,
    now: datetime,
    every: timedelta,
    random: chance.Random,
    settled: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> PullReport:
    """Read and store the files that are new or changed; with `settled` those that nobody is writing just now.

    What `stop` leaves out is still new to the next pull.
    """
    report = PullReport(source.name)
    # After a failure all is read again: to be told "unchanged" would hide the trouble.
    known = {} if memory.error else memory.files
    try:
        found = files.look_at(source.location, base)
    except SourceError as error:
        return _failed(db, report, replace(memory, files={}), error, now, every, random)
    kept = {name: stamp for name, stamp in known.items() if name in found.stamps}
    whole = True
    for name in found.changed(known):
        if stop():
            whole = False
            break
        if settled and not files.is_settled(found.stamps[name]):
            continue
        kept[name] = found.stamps[name]
        try:
            document = files.read_file(found.paths[name])
            parsed = read(document, source, now)
        except SourceError as error:
            if not found.is_folder:
                return _failed(db, report, replace(memory, files=kept), error, now, every, random)
            report.skipped.append(Skipped(name, str(error)))
        else:
            _save(db, source, document, parsed, report, now)
    report.unchanged = whole and kept == known
    report.next_try = next_try(0, now, every, None, random)
    remember(db, Memory(source.name, source.location, source.read_as, pulled_at=now, good_at=now, files=kept))
    return report


def files_changed(memory: Memory, base: Path) -> bool:
    """True where files are not as they were, and nobody is writing them just now."""
    try:
        found = files.look_at(memory.location, base)
    except SourceError:
        return bool(memory.files)
    gone = memory.files.keys() - found.stamps.keys()
    return bool(gone) or any(files.is_settled(found.stamps[name]) for name in found.changed(memory.files))


def _failed(
    db: Database,
    report: PullReport,
    memory: Memory,
    error: SourceError,
    now: datetime,
    every: timedelta,
    random: chance.Random,
) -> PullReport:
    failures = memory.failures + 1
    wait = error.retry_after if isinstance(error, FetchError) else None
    report.next_try = next_try(failures, now, every, wait, random)
    report.error = str(error)
    report.moved_to = memory.moved_to
    remember(
        db,
        replace(
            memory,
            pulled_at=now,
            next_at=report.next_try,
            failures=failures,
            failing_since=memory.failing_since or now,
            error=report.error,
        ),
    )
    return report


def _readable(
    others: Sequence[Document | Skipped], source: Source, now: datetime, skipped: list[Skipped]
) -> list[tuple[Document, Parsed]]:
    """What can be read of these; the rest is added to `skipped`."""
    good = []
    for one in others:
        if isinstance(one, Skipped):
            skipped.append(one)
            continue
        try:
            good.append((one, read(one, source, now)))
        except SourceError as error:
            skipped.append(Skipped(one.name, str(error)))
    return good


def _save(db: Database, source: Source, document: Document, parsed: Parsed, report: PullReport, now: datetime) -> None:
    new, known = store.save(db, source.name, document.name, parsed.entries, now)
    report.new += new
    report.known += known
    report.skipped += parsed.skipped


def read(document: Document, source: Source, now: datetime) -> Parsed:
    """Parse one document as its source's settings say. Raises `SourceError`, also for a fault of ours."""
    try:
        return parse(
            document.content,
            name=document.found_at or document.name,
            today=now.date(),
            kind=source.kind,
            year=source.year,
            content_type=document.content_type,
            cross_lists=source.cross_lists,
        )
    except SourceError:
        raise
    except Exception as error:  # it must not end the pull of all other sources, again with every try
        raise SourceError(f"it cannot be read, by a fault of this program ({type(error).__name__})") from error


def look(source: Source, *, base: Path, client: httpx2.Client, now: datetime, turn: Turn = at_once) -> Parsed:
    """What a source holds right now, nothing stored. Raises `SourceError`."""
    if is_url(source.location):
        fresh = Memory(source.name, source.location)
        haul = gather(source, fresh, client=client, now=now, turn=turn)
        if isinstance(haul.main, SourceError):
            raise haul.main
        return read(haul.main.document, source, now) if haul.main.document else Parsed()
    found = files.look_at(source.location, base)
    skipped: list[Skipped] = []
    parsed = []
    for name in sorted(found.paths):
        try:
            parsed.append(read(files.read_file(found.paths[name]), source, now))
        except SourceError as error:
            if not found.is_folder:
                raise
            skipped.append(Skipped(name, str(error)))
    if skipped and not parsed:
        raise SourceError(f"no file in it could be read; {skipped[0]}")
    return Parsed(
        tuple(entry for one in parsed for entry in one.entries),
        (*skipped, *(one for each in parsed for one in each.skipped)),
    )
