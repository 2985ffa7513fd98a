"""Has the database gone back in time? A copy of yesterday, put in its place, knows nothing of what was sent since.

The database counts its claims, and a file beside it keeps the last count. A database that counts less than the file
is an older one: sending is switched off until the operator says so, and what was due by the last claim counts as
uncertain. Of one that was restored from a backup nothing beside it tells; there that is what was due by the operator's
word, for its original may have been sending until then.
"""

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.delivery.records import Delivery
from newsletter.delivery.workers import FOLDER
from newsletter.errors import DeliveryError
from newsletter.store import SENDING, switch
from subscribers.database import stored, writing

_FILE = "claims.json"
#: Why a copy is uncertain that its database never sent.
DOUBTED = (
    "the database was put back to an older copy: the one before may have sent it. "
    "`newsletter deliveries retry --state uncertain` sends it."
)
#: Stands for the moment at which the operator will let mail go out.
_TO_COME = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Doubted:
    """What another database may have sent."""

    #: whatever was due by then
    until: datetime
    #: the id of the newest delivery when that began: notices that came later are this database's own
    newest: int

    def covers(self, delivery: Delivery) -> bool:
        """May that have been sent?"""
        return delivery.due_at <= self.until and (delivery.notice is None or delivery.id <= self.newest)


def note(project: Path, claims: int, now: datetime) -> None:
    """Keep the count of a claim beside the database, before anything of it leaves."""
    path = project / FOLDER / _FILE
    unfinished = path.with_suffix(".part")
    # Another sender may be at it; and whoever comes late with an older count must not take it back.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if claims > _noted(project)[0]:
            unfinished.write_text(json.dumps({"claims": claims, "at": stored(now)}))
            unfinished.replace(path)
    finally:
        os.close(folder)


def refuse_older(db: Database, project: Path, now: datetime) -> None:
    """Raise `DeliveryError`, and switch sending off, where the database is older than what was sent from here."""
    claims, at = _noted(project)
    with writing(db):
        before = doubted(db)
        (known,) = db.conn.execute("SELECT claims FROM handed_over").fetchone()
        if known >= claims or at is None:
            return
        # So that it is asked once: the operator's word is good for what is there now.
        db.conn.execute("UPDATE handed_over SET claims = ?", [claims])
        if before and before.until >= at:
            return  # it was restored here, and that was asked then
        doubt(db, at)
        why = (
            f"the database is older than the last mail that was sent from here (on {at:%Y-%m-%d at %H:%M} UTC), so it "
            "was put back to an earlier copy"
        )
        switch(db, SENDING, off=True, why=why, now=now)
    raise DeliveryError(
        f"Nothing is sent: {why}. It does not know who has got what since, and would send that again. After "
        "`newsletter mail on` mail goes out, but for what was due by then: that is shown as uncertain, and "
        "`newsletter deliveries retry --state uncertain` sends it."
    )


def doubt(db: Database, until: datetime) -> None:
    """What was due by then may have been sent by a database that this one knows nothing of."""
    with writing(db):
        db.conn.execute(
            "UPDATE handed_over SET doubted_until = max(coalesce(doubted_until, ''), ?), "
            "doubted_newest = (SELECT coalesce(max(id), 0) FROM deliveries)",
            [stored(until)],
        )


def doubt_restored(db: Database) -> None:
    """What is due before the operator lets mail go out may have been sent by the original of this copy."""
    doubt(db, _TO_COME)


def trust(db: Database) -> None:
    """By the operator's word this database knows of all that was sent."""
    with writing(db):
        db.conn.execute("UPDATE handed_over SET doubted_until = NULL")


def doubted(db: Database) -> Doubted | None:
    """What may have been sent by a database that is not this one; None where nothing is in doubt."""
    until, newest = db.conn.execute("SELECT doubted_until, doubted_newest FROM handed_over").fetchone()
    if until == stored(_TO_COME):
        on = db.conn.execute("SELECT at FROM switches WHERE name = ? AND NOT off", [SENDING]).fetchone()
        if on:
            # The doubt ends with that word: what is queued in the same second is this one's.
            until = stored(datetime.fromisoformat(on[0]) - timedelta(seconds=1))
            with writing(db):
                db.conn.execute(
                    "UPDATE handed_over SET doubted_until = ? WHERE doubted_until = ?", [until, stored(_TO_COME)]
                )
    return Doubted(datetime.fromisoformat(until), newest) if until else None


def _noted(project: Path) -> tuple[int, datetime | None]:
    """The last count and its moment; of a file that is missing or broken nothing is known."""
    with suppress(OSError, ValueError, KeyError, TypeError, OverflowError):
        noted = json.loads((project / FOLDER / _FILE).read_text())
        return int(noted["claims"]), datetime.fromisoformat(noted["at"])
    return 0, None
