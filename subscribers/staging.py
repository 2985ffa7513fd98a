"""A list on its way in: every row is understood once and kept aside, in a temporary table of this connection.

So a file of any size takes little memory, an address that stands in it twice is found, and the tables of readers are
locked for the short moments of writing only. The temporary table is on disk, and nobody else's: it goes with this
connection, and no other one is kept waiting for it.

Of several rows with one address the first counts, but for one: whoever *left, bounced or complained* in any of them has
done so.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlite_utils import Database

from subscribers.address import address_key
from subscribers.characters import Text
from subscribers.database import database_errors, stored
from subscribers.formats import ImportedReader, Reading, recognise
from subscribers.json_rows import json_rows, looks_like_json
from subscribers.systems import OURS, Part, Standing
from subscribers.tables import BadRow, Row, Table, UnreadableTable

#: Called with (done, to do).
Progress = Callable[[int, int], None]
#: How many readers are shown before they come in.
SHOWN = 5
#: So many bad rows are told one by one; of more only how many.
TOLD = 1_000
#: A date of consent may be ahead of our clock by so much.
TOLERANCE = timedelta(days=1)
_BATCH = 1_000
#: What counts where an address stands in a list twice; of equals the first.
_STRICTNESS = {Standing.UNSUBSCRIBED: 1, Standing.BOUNCED: 2, Standing.COMPLAINED: 3}
_COLUMNS = (
    "line, address, address_key, name, standing, strictness, frequency, day, at, timezone, created_at, confirmed_at, "
    "paused_until, announcements, ip, words, interests, evidence"
)


@dataclass(frozen=True, slots=True)
class Staged:
    """What a file holds."""

    #: the system that wrote it
    system: str
    #: is it an export of ours?
    ours: bool
    encoding: str
    #: what stands between two cells; empty for JSON
    delimiter: str
    #: (column as the file names it, what it is taken for)
    used: tuple[tuple[str, Part], ...]
    ignored: tuple[str, ...]
    #: the first readers, as they were understood
    first: tuple[ImportedReader, ...]
    #: rows with a reader, the header and blank lines aside
    rows: int
    #: rows with an address that stood in another row
    repeated: int
    #: the first of the rows that cannot be used
    bad: tuple[BadRow, ...]
    bad_count: int


@contextmanager
def staged(
    db: Database, path: Path, *, interests_from: str, now: datetime, progress: Callable[[str], Progress]
) -> Iterator[Staged]:
    """Read a file into the table `incoming`, which is there as long as this lasts.

    Raises `UnreadableTable` for a file that is no list of readers, `OSError` for one that cannot be opened.
    """
    if path.exists() and not path.is_file():
        raise UnreadableTable(f"{path} is no file. Save the list as a CSV file, and import that.")
    try:
        with path.open("rb") as stream, database_errors("The temporary file"):
            _drop(db)
            db.conn.execute(_TABLE)
            found = _Stage(db, path, stream, interests_from, now, progress).fill()
        yield found
    finally:
        _drop(db)


def standing_of(reader: ImportedReader) -> Standing:
    """How this reader comes in: nobody is active without a date of consent."""
    if reader.standing in (Standing.ACTIVE, Standing.PAUSED) and reader.confirmed_at is None:
        return Standing.PENDING
    return reader.standing


class _Stage:
    """Fills the table, and keeps what is to be told."""

    def __init__(
        self,
        db: Database,
        path: Path,
        stream: BinaryIO,
        interests_from: str,
        now: datetime,
        progress: Callable[[str], Progress],
    ) -> None:
        self._db = db
        self._path = path
        self._stream = stream
        self._interests_from = interests_from
        self._now = now
        self._progress = progress(f"Reading {path.name} (bytes)")
        self._bad: list[BadRow] = []
        self._bad_count = 0
        self._first: list[ImportedReader] = []
        self._rows = 0

    def fill(self) -> Staged:
        text = Text(self._stream)
        table = None if looks_like_json(text) else Table(text)
        rows = iter(table) if table else json_rows(text)
        first = next(rows, None)
        if first is None:
            raise UnreadableTable(f"{self._path} is empty: there is no reader in it.")
        if isinstance(first, BadRow):
            raise UnreadableTable(f"{self._path} cannot be read from line {first.line} on. {first.why}")
        reading = recognise(first.cells, interests_from=self._interests_from)
        if not reading.has_header:
            self._take(reading, [first])
        self._take_all(reading, rows)
        (kept,) = self._db.conn.execute("SELECT count(*) FROM incoming").fetchone()
        return Staged(
            system=reading.system.name,
            ours=reading.system is OURS,
            encoding=text.encoding,
            delimiter=table.delimiter if table else "",
            used=reading.used,
            ignored=reading.ignored,
            first=tuple(self._first),
            rows=self._rows,
            repeated=self._rows - self._bad_count - kept,
            bad=tuple(self._bad),
            bad_count=self._bad_count,
        )

    def _take_all(self, reading: Reading, rows: Iterator[Row | BadRow]) -> None:
        size = max(self._path.stat().st_size, 1)
        batch = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                self._take(reading, batch)
                batch = []
                self._progress(min(self._stream.tell(), size - 1), size)
        self._take(reading, batch)
        self._progress(size, size)

    def _take(self, reading: Reading, batch: list[Row | BadRow]) -> None:
        self._rows += len(batch)
        found = [row if isinstance(row, BadRow) else self._understand(reading, row) for row in batch]
        bad = [row for row in found if isinstance(row, BadRow)]
        self._bad_count += len(bad)
        self._bad += bad[: TOLD - len(self._bad)]
        readers = [row for row in found if isinstance(row, ImportedReader)]
        self._first += readers[: SHOWN - len(self._first)]
        origin = f"Imported from {reading.system.name} ({self._path.name}, line "
        values = [self._values(reader, origin, ours=reading.system is OURS) for reader in readers]
        with _transaction(self._db):
            self._db.conn.executemany(_INSERT, values)

    def _understand(self, reading: Reading, row: Row) -> ImportedReader | BadRow:
        reader = reading.reader(row)
        if isinstance(reader, ImportedReader) and (reader.confirmed_at or self._now) > self._now + TOLERANCE:
            return BadRow(row.line, f"Its date of consent, {reader.confirmed_at:%Y-%m-%d}, has not come yet.")
        return reader

    def _values(self, reader: ImportedReader, origin: str, *, ours: bool) -> tuple[object, ...]:
        standing = standing_of(reader)
        # A request from elsewhere counts from today: it is purged when nobody confirms it, but not at once.
        known_since = (
            self._now if standing is Standing.PENDING and not ours else reader.requested_at or reader.confirmed_at
        )
        kept = standing is not Standing.PENDING or ours
        cadence = reader.cadence
        return (
            reader.line,
            reader.address,
            address_key(reader.address),
            reader.name,
            standing,
            _STRICTNESS.get(standing, 0),
            cadence.frequency if cadence else None,
            cadence.day if cadence else None,
            f"{cadence.at:%H:%M}" if cadence else None,
            cadence.timezone if cadence else None,
            stored(min(known_since or self._now, self._now)),
            stored(reader.confirmed_at) if reader.confirmed_at and kept else None,
            reader.paused_until.isoformat() if reader.paused_until else None,
            int(reader.announcements),
            reader.confirmed_ip,
            f"{origin}{reader.line}): {reader.words or 'it says nothing about consent'}.",
            json.dumps([(interest.text, interest.muted) for interest in reader.interests], ensure_ascii=False),
            json.dumps(reader.evidence, ensure_ascii=False),
        )


@contextmanager
def _transaction(db: Database) -> Iterator[None]:
    """One that touches the temporary table only: no other connection waits for it, as it would for `writing`."""
    if db.conn.in_transaction:
        yield
        return
    db.conn.execute("BEGIN DEFERRED")
    try:
        yield
        db.conn.execute("COMMIT")
    except BaseException:
        db.conn.execute("ROLLBACK")
        raise


def _drop(db: Database) -> None:
    db.conn.execute("DROP TABLE IF EXISTS temp.incoming")


_TABLE = """
    CREATE TEMP TABLE incoming (
        n INTEGER PRIMARY KEY,
        line INTEGER NOT NULL,
        address TEXT NOT NULL,
        address_key TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        standing TEXT NOT NULL,
        strictness INTEGER NOT NULL,
        frequency TEXT,                       -- null: the usual cadence
        day INTEGER,
        at TEXT,
        timezone TEXT,
        created_at TEXT NOT NULL,
        confirmed_at TEXT,
        paused_until TEXT,
        announcements INTEGER NOT NULL,
        ip TEXT NOT NULL,
        words TEXT NOT NULL,
        interests TEXT NOT NULL,              -- JSON: [[text, muted], …]
        evidence TEXT NOT NULL                -- JSON: [[part, …], …]
    )
"""
_INSERT = f"""
    INSERT INTO incoming ({_COLUMNS}) VALUES ({", ".join("?" * (_COLUMNS.count(",") + 1))})
    ON CONFLICT (address_key) DO UPDATE SET ({_COLUMNS}) =
        ({", ".join(f"excluded.{column}" for column in _COLUMNS.split(", "))})
    WHERE excluded.strictness > strictness
"""
