"""Bringing readers in from another system, and our own export back in. The one place that acts on a list.

* **A date of consent** makes a reader active, and goes into the evidence with where it came from. Without one they are
  pending: they get nothing until they confirm, and a confirmation is sent when the operator asks for that.
* **Suppressed** addresses are refused, whatever the reason: a list is no fresh opt-in.
* **Known** people stay as they are, so running it twice does no harm.
* Who **left** there has left here; who **bounced or complained** there goes on our suppression list and is no reader.
* A **bad row** is told with its line, and stops nothing.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlite_utils import Database

from subscribers.cadence import Cadence
from subscribers.database import stored, writing
from subscribers.formats import ImportedReader
from subscribers.staging import Progress, Staged, staged
from subscribers.states import State
from subscribers.suppression import Reason, suppress_many, suppressed_among
from subscribers.systems import Part, Standing
from subscribers.tables import BadRow

#: Rows in one transaction: the write lock is held for some milliseconds.
BATCH = 500


class Fate(StrEnum):
    """What becomes of a row."""

    ACTIVE = "active"
    PAUSED = "paused"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    #: bounced or complained there: is on our suppression list now
    SUPPRESSED = "suppressed"
    #: is on it already
    REFUSED = "refused"
    KNOWN = "known"
    #: the address stood in another row of the list
    REPEATED = "repeated"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Understood:
    """What a list holds, and what would become of it."""

    #: the system that wrote it
    system: str
    encoding: str
    #: what stands between two cells; empty for JSON
    delimiter: str
    #: (column as the file names it, what it is taken for)
    used: tuple[tuple[str, Part], ...]
    #: columns that are not looked at
    ignored: tuple[str, ...]
    #: the first readers, as they were understood
    first: tuple[ImportedReader, ...]
    rows: int
    counts: dict[Fate, int]
    #: the first of the rows that cannot be used, in the order of the file
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a list."""

    system: str
    rows: int
    counts: dict[Fate, int]
    #: the first of the rows that could not be used, in the order of the file
    bad: tuple[BadRow, ...]
    #: how many were asked to confirm
    asked: int


@dataclass(frozen=True, slots=True)
class _Row:
    n: int
    address: str
    key: str
    standing: Standing


def _silent(_: str) -> Progress:
    return lambda done, todo: None


def understand(
    db: Database,
    path: Path,
    *,
    now: datetime,
    interests_from: str = "",
    progress: Callable[[str], Progress] = _silent,
) -> Understood:
    """Read a list and say what `import_readers` would do with it. Changes nothing.

    Raises `UnreadableTable` for a file that is no list of readers, `OSError` for one that cannot be opened.
    """
    with staged(db, path, interests_from=interests_from, now=now, progress=progress) as found:
        counts: Counter[Fate] = Counter()
        for batch in _batches(db):
            counts.update(_fates(db, batch, _known(db, batch)).values())
    return Understood(
        system=found.system,
        encoding=found.encoding,
        delimiter=found.delimiter,
        used=found.used,
        ignored=found.ignored,
        first=found.first,
        rows=found.rows,
        counts=_all_counts(counts, found),
        bad=found.bad,
    )


def import_readers(
    db: Database,
    path: Path,
    *,
    cadence: Cadence,
    now: datetime,
    interests_from: str = "",
    progress: Callable[[str], Progress] = _silent,
    ask: Callable[[str], object] | None = None,
) -> ImportReport:
    """Bring the readers of a list in; those without a cadence of their own get `cadence`.

    `ask` is called with the address of everybody in the list who is pending and was never asked to confirm, once all
    are in: also of who came with an earlier run. `progress(what)` is asked for a callback before each piece of work.
    Raises as `understand` does; what was stored before an error stays, and the next run goes on from there.
    """
    with staged(db, path, interests_from=interests_from, now=now, progress=progress) as found:
        todo = max(found.rows - found.repeated - found.bad_count, 1)
        counts: Counter[Fate] = Counter()
        told = progress("Bringing readers in")
        for batch in _batches(db):
            with writing(db):
                known = _known(db, batch)
                fates = _fates(db, batch, known)
                listed = {row.address: Reason(row.standing) for row in batch if fates[row.n] is Fate.SUPPRESSED}
                suppress_many(db, listed, now)
                # Our own export brings suppressed people back too: the operator sees them, and may lift it.
                comes = _READERS | {Fate.SUPPRESSED} if found.ours else _READERS
                new = [row.n for row in batch if fates[row.n] in comes and row.key not in known]
                _insert(db, new, cadence, now)
            counts.update(fates.values())
            told(min(counts.total(), todo - 1), todo)
        told(todo, todo)
        asked = _ask(db, ask, progress("Asking them to confirm")) if ask else 0
    return ImportReport(found.system, found.rows, _all_counts(counts, found), found.bad, asked)


def _known(db: Database, batch: list[_Row]) -> set[str]:
    """The keys of those who are among our people, in any state."""
    rows = db.conn.execute(
        "SELECT address_key FROM subscribers WHERE address_key IN (SELECT value FROM json_each(?))",
        [json.dumps([row.key for row in batch])],
    )
    return {key for (key,) in rows}


def _fates(db: Database, batch: list[_Row], known: set[str]) -> dict[int, Fate]:
    """What becomes of each row, by its number."""
    suppressed = suppressed_among(db, [row.address for row in batch])
    return {row.n: _fate(row.standing, row.key in known, suppressed.get(row.address)) for row in batch}


def _fate(standing: Standing, known: bool, suppressed: Reason | None) -> Fate:
    if standing in (Standing.BOUNCED, Standing.COMPLAINED):
        graver = standing is Standing.COMPLAINED and suppressed is not Reason.COMPLAINED
        if suppressed and graver:
            return Fate.SUPPRESSED
        return Fate.KNOWN if known or suppressed else Fate.SUPPRESSED
    if suppressed:
        return Fate.REFUSED
    return Fate.KNOWN if known else Fate(standing)


def _insert(db: Database, new: list[int], cadence: Cadence, now: datetime) -> None:
    """Write these rows down: people, interests, evidence."""
    values = {
        "new": json.dumps(new),
        "frequency": cadence.frequency,
        "day": cadence.day,
        "at": f"{cadence.at:%H:%M}",
        "timezone": cadence.timezone,
        "now": stored(now),
    }
    for statement in (_PEOPLE, _INTERESTS, _EVIDENCE, _IMPORTED):
        db.conn.execute(statement, values)


def _ask(db: Database, ask: Callable[[str], object], told: Progress) -> int:
    (todo,) = db.conn.execute("SELECT count(*) FROM incoming WHERE standing = 'pending'").fetchone()
    asked = 0
    for batch in _batches(db):
        rows = db.conn.execute(
            "SELECT address FROM subscribers s WHERE address_key IN (SELECT value FROM json_each(?)) "
            "AND state = 'pending' AND NOT EXISTS "
            "(SELECT 1 FROM confirmations c WHERE c.subscriber_id = s.id AND c.purpose = 'subscribe') ORDER BY id",
            [json.dumps([row.key for row in batch if row.standing is Standing.PENDING])],
        ).fetchall()
        addresses = [address for (address,) in rows]
        suppressed = suppressed_among(db, addresses)
        for address in addresses:
            if address not in suppressed:
                ask(address)
                asked += 1
                told(min(asked, todo - 1), todo)
    told(max(todo, 1), max(todo, 1))
    return asked


def _batches(db: Database) -> Iterator[list[_Row]]:
    """The rows of the list that count, some hundred at a time."""
    last = 0
    while rows := db.conn.execute(
        "SELECT n, address, address_key, standing FROM incoming WHERE n > ? ORDER BY n LIMIT ?", [last, BATCH]
    ).fetchall():
        last = rows[-1][0]
        yield [_Row(n, address, key, Standing(standing)) for n, address, key, standing in rows]


def _all_counts(counts: Counter[Fate], found: Staged) -> dict[Fate, int]:
    counts += Counter({Fate.REPEATED: found.repeated, Fate.BAD: found.bad_count})
    return {fate: counts[fate] for fate in Fate}


_READERS = frozenset({Fate.ACTIVE, Fate.PAUSED, Fate.PENDING, Fate.UNSUBSCRIBED})
_NEW = "n IN (SELECT value FROM json_each(:new))"
_STATE = (
    f"CASE WHEN standing IN ('{Standing.BOUNCED}', '{Standing.COMPLAINED}') THEN '{State.SUPPRESSED}' ELSE standing END"
)
_PEOPLE = f"""
    INSERT INTO subscribers (address, address_key, name, state, frequency, day, at, timezone, created_at, confirmed_at,
        paused_until, announcements, changed_at, joined_at)
    SELECT address, address_key, name, {_STATE}, coalesce(frequency, :frequency), coalesce(day, :day),
        coalesce(at, :at), coalesce(timezone, :timezone), created_at, confirmed_at, paused_until, announcements,
        :now, :now
    FROM incoming WHERE {_NEW} ORDER BY n
"""
_INTERESTS = f"""
    INSERT INTO interests (subscriber_id, position, text, muted)
    SELECT s.id, wish.key, json_extract(wish.value, '$[0]'), json_extract(wish.value, '$[1]')
    FROM incoming JOIN subscribers s USING (address_key), json_each(incoming.interests) wish WHERE {_NEW}
"""
_EVIDENCE = f"""
    INSERT INTO evidence (subscriber_id, at, event, origin, words, page, message_id, ip, agent)
    SELECT s.id, json_extract(e.value, '$[0]'), json_extract(e.value, '$[1]'), json_extract(e.value, '$[2]'),
        json_extract(e.value, '$[3]'), json_extract(e.value, '$[4]'), json_extract(e.value, '$[5]'),
        json_extract(e.value, '$[6]'), json_extract(e.value, '$[7]')
    FROM incoming JOIN subscribers s USING (address_key), json_each(incoming.evidence) e WHERE {_NEW} ORDER BY n, e.key
"""
_IMPORTED = f"""
    INSERT INTO evidence (subscriber_id, at, event, origin, words, ip)
    SELECT s.id, :now, 'imported as ' || s.state, 'import', incoming.words, incoming.ip
    FROM incoming JOIN subscribers s USING (address_key) WHERE {_NEW} ORDER BY n
"""
