"""Has the database gone back in time? A copy of yesterday, put in its place, knows nothing of what was sent since.

The database counts its claims, and a file beside it keeps the last count. A database that counts less than the file
is an older one: sending is switched off until the operator says so, and what was due by the last claim counts as
uncertain.
"""

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from newsletter.delivery.workers import FOLDER
from newsletter.errors import DeliveryError
from newsletter.store import SENDING, switch
from subscribers.database import stored, writing

_FILE = "claims.json"


def note(project: Path, claims: int, now: datetime) -> None:
    """Keep the count of a claim beside the database, before anything of it leaves."""
    path = project / FOLDER / _FILE
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"claims": claims, "at": stored(now)}))
    unfinished.replace(path)


def refuse_older(db: Database, project: Path, now: datetime) -> None:
    """Raise `DeliveryError`, and switch sending off, where the database is older than what was sent from here."""
    claims, at = _noted(project)
    with writing(db):
        (known,) = db.conn.execute("SELECT claims FROM handed_over").fetchone()
        if known >= claims or at is None:
            return
        doubt(db, at)
        # So that it is asked once: the operator's word is good for what is there now.
        db.conn.execute("UPDATE handed_over SET claims = ?", [claims])
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
        db.conn.execute("UPDATE handed_over SET doubted_until = max(coalesce(doubted_until, ''), ?)", [stored(until)])


def _noted(project: Path) -> tuple[int, datetime | None]:
    """The last count and its moment; of a file that is missing or broken nothing is known."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        noted = json.loads((project / FOLDER / _FILE).read_text())
        return int(noted["claims"]), datetime.fromisoformat(noted["at"])
    return 0, None
