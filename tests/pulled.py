"""Pulling one source, without the others and without waiting."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import httpx2
from sqlite_utils import Database

from newsletter.entries.fetching import is_url
from newsletter.entries.pulling import PullReport, Source, gather, take_files, take_in
from newsletter.entries.source_states import Memory, memory_of


def memory(db: Database, source: Source) -> Memory:
    return memory_of(db, source.name, source.location, source.read_as)


def pull(db: Database, source: Source, *, base: Path, client: httpx2.Client, now: datetime) -> PullReport:
    known, every, random = memory(db, source), timedelta(hours=1), Random(1)
    if not is_url(source.location):
        return take_files(db, source, known, base=base, now=now, every=every, random=random)
    haul = gather(source, known, client=client, now=now)
    return take_in(db, source, haul, known, now=now, every=every, random=random)
