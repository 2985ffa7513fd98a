"""What is remembered of each source between pulls: the table `sources`, and which of them are due."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.entries.fetching import Validators
from newsletter.entries.files import Stamp
from newsletter.entries.retrying import LONGEST
from subscribers.database import stored, writing

_COLUMNS = "name, location, pulled_at, good_at, next_at, failures, failing_since, error, etag, last_modified, moved_to"
#: The name, no file's, under which `files` keeps how the source was read.
_READ_AS = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a source; of a new one, or of one at a new place, nothing."""

    name: str
    #: all the rest is good for this one only
    location: str
    #: the settings (and the program) by which it was read
    read_as: str = ""
    pulled_at: datetime | None = None
    #: the last pull that went well and whole
    good_at: datetime | None = None
    #: not before; None: as often as the settings say
    next_at: datetime | None = None
    #: in a row
    failures: int = 0
    failing_since: datetime | None = None
    #: in words; None if the last pull went well
    error: str | None = None
    validators: Validators = field(default=Validators())
    #: where the server says that it is for good
    moved_to: str | None = None
    #: what each file was like when it was read
    files: Mapping[str, Stamp] = field(default_factory=dict)

    def waits(self, now: datetime) -> bool:
        """Is it to be left alone for a while, after failures or on its server's word?"""
        return self.next_at is not None and self.due_at(now, LONGEST) > now

    def due_at(self, now: datetime, every: timedelta) -> datetime:
        """When it is to be pulled again; now if it never was, or if a clock that was wrong said something else."""
        if self.pulled_at is None:
            return now
        at = self.next_at or self.pulled_at + every
        return at if at <= now + max(every, LONGEST) else now


def due(known: Iterable[Memory], now: datetime, every: timedelta) -> list[str]:
    """The names of the sources whose time has come."""
    return [memory.name for memory in known if memory.due_at(now, every) <= now]


def memory_of(db: Database, name: str, location: str, read_as: str) -> Memory:
    """What is remembered of a source at that location; what it gave is forgotten where it is read in another way."""
    row = db.conn.execute(
        f"SELECT {_COLUMNS}, files FROM sources WHERE name = ? AND location = ?", [name, location]
    ).fetchone()
    memory = _memory(row) if row else Memory(name, location)
    if memory.read_as == read_as:
        return memory
    return Memory(
        name, location, read_as, memory.pulled_at, memory.good_at, failures=memory.failures,
        failing_since=memory.failing_since, error=memory.error,
    )  # fmt: skip


def remember(db: Database, memory: Memory) -> None:
    """Keep this of the source, and nothing else."""
    values = [
        memory.name,
        memory.location,
        *(moment and stored(moment) for moment in (memory.pulled_at, memory.good_at, memory.next_at)),
        memory.failures,
        memory.failing_since and stored(memory.failing_since),
        memory.error,
        memory.validators.etag,
        memory.validators.last_modified,
        memory.moved_to,
        json.dumps({_READ_AS: memory.read_as, **memory.files}),
    ]
    with writing(db):
        db.conn.execute(
            f"INSERT OR REPLACE INTO sources ({_COLUMNS}, files) VALUES ({', '.join('?' * len(values))})", values
        )


def _memory(row: tuple[str, ...]) -> Memory:
    name, location, pulled, good, next_, failures, failing, error, etag, modified, moved_to, kept = row
    files = json.loads(kept) if kept else {}
    return Memory(
        name=name,
        location=location,
        read_as=files.pop(_READ_AS, ""),
        pulled_at=_moment(pulled),
        good_at=_moment(good),
        next_at=_moment(next_),
        failures=int(failures),
        failing_since=_moment(failing),
        error=error,
        validators=Validators(etag, modified),
        moved_to=moved_to,
        files={name: (size, changed) for name, (size, changed) in files.items()},
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
