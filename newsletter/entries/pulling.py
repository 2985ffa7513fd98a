"""Pulling one source: fetch | parse | identify, merge, clean | store. The one place of this room that acts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx2
from sqlite_utils import Database

from newsletter.entries import store
from newsletter.entries.entry import Parsed, Skipped
from newsletter.entries.fetching import Document, Fetched, Validators, fetch
from newsletter.entries.sources import Kind, parse
from newsletter.errors import SourceError


@dataclass(frozen=True, slots=True)
class Source:
    """One place where entries come from, as the settings name it."""

    name: str
    location: str
    kind: Kind = "auto"
    year: int | None = None


@dataclass(slots=True)
class PullReport:
    """What came of pulling one source."""

    name: str
    new: int = 0
    known: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    #: why nothing could be read, or None
    error: str | None = None


def pull(db: Database, source: Source, *, base: Path, client: httpx2.Client, now: datetime) -> PullReport:
    """Bring in what a source has. Never raises for the source's sake: its trouble is in the report."""
    report = PullReport(source.name)
    validators = Validators()
    try:
        remembered = store.validators_of(db, source.name, source.location)
        fetched = fetch(source.location, base=base, client=client, validators=remembered)
        validators = fetched.validators
        for document, parsed in _readable(fetched, source, now, report.skipped):
            new, known = store.save(db, source.name, document.name, parsed.entries, now)
            report.new += new
            report.known += known
            report.skipped += parsed.skipped
    except SourceError as error:
        report.error = str(error)
        validators = Validators()  # of something unreadable: to be told "not changed" would hide that
    store.note_pull(db, source.name, source.location, now, error=report.error, validators=validators)
    return report


def look(source: Source, *, base: Path, client: httpx2.Client, now: datetime) -> Parsed:
    """What a source holds right now, nothing stored. Raises `SourceError`."""
    fetched = fetch(source.location, base=base, client=client, validators=Validators())
    skipped: list[Skipped] = []
    found = [parsed for _, parsed in _readable(fetched, source, now, skipped)]
    if skipped and not found:
        raise SourceError(f"no file in it could be read; {skipped[0]}")
    return Parsed(
        tuple(entry for parsed in found for entry in parsed.entries),
        (*skipped, *(one for parsed in found for one in parsed.skipped)),
    )


def _readable(
    fetched: Fetched, source: Source, now: datetime, skipped: list[Skipped]
) -> Iterator[tuple[Document, Parsed]]:
    """What can be read; a file of a folder that cannot is added to `skipped`, alone it raises `SourceError`."""
    skipped += [Skipped(name, why) for name, why in fetched.unread]
    for document in fetched.documents:
        try:
            parsed = read(document, source, now)
        except SourceError as error:
            if len(fetched.documents) == 1:
                raise
            skipped.append(Skipped(document.name, str(error)))
        else:
            yield document, parsed


def read(document: Document, source: Source, now: datetime) -> Parsed:
    """Parse one document as its source's settings say. Raises `SourceError`."""
    return parse(
        document.content,
        name=document.name,
        today=now.date(),
        kind=source.kind,
        year=source.year,
        content_type=document.content_type,
    )
