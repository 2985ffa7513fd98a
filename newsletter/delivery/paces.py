"""What is kept about how fast mail leaves, over restarts and for all processes. All SQL about paces; times are UTC.

Moments are seconds since 1970 here, as the rules of `pacing` count in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlite_utils import Database

from subscribers.database import stored, writing


@dataclass(frozen=True, slots=True)
class Pace:
    """A row: one provider, or all mail ('')."""

    free_at: float = 0.0
    #: 0.0 where nothing is paused
    paused_until: float = 0.0
    why: str = ""
    storms: int = 0


def load_paces(db: Database) -> dict[str, Pace]:
    """All rows by name; those that do not say anything are not there."""
    return {
        name: Pace(free_at, datetime.fromisoformat(paused_until).timestamp() if paused_until else 0.0, why, storms)
        for name, free_at, paused_until, why, storms in db.conn.execute(
            "SELECT name, free_at, paused_until, why, storms FROM paces"
        )
    }


def save_paces(db: Database, paces: Mapping[str, Pace]) -> None:
    """Write rows; one that says nothing goes."""
    with writing(db):
        for name, pace in paces.items():
            if pace == Pace():
                db.conn.execute("DELETE FROM paces WHERE name = ?", [name])
                continue
            until = stored(datetime.fromtimestamp(pace.paused_until, UTC)) if pace.paused_until else None
            db.conn.execute(
                "INSERT OR REPLACE INTO paces (name, free_at, paused_until, why, storms) VALUES (?, ?, ?, ?, ?)",
                [name, pace.free_at, until, pace.why, pace.storms],
            )


def load_minutes(db: Database, since: int) -> dict[int, int]:
    """How many messages began in each minute from that one on."""
    return dict(db.conn.execute("SELECT minute, messages FROM sent_by_minute WHERE minute >= ?", [since]))


def add_minutes(db: Database, messages: Mapping[int, int]) -> None:
    """Count messages that began, by their minutes."""
    with writing(db):
        db.conn.executemany(
            "INSERT INTO sent_by_minute (minute, messages) VALUES (?, ?) "
            "ON CONFLICT (minute) DO UPDATE SET messages = messages + excluded.messages",
            list(messages.items()),
        )


def replace_minutes(db: Database, messages: Mapping[int, int]) -> None:
    """Keep these and no others."""
    with writing(db):
        db.conn.execute("DELETE FROM sent_by_minute")
        add_minutes(db, messages)


def prune_minutes(db: Database, before: int) -> None:
    """Forget minutes that no limit asks for any more."""
    with writing(db):
        db.conn.execute("DELETE FROM sent_by_minute WHERE minute < ?", [before])


def sender_since(db: Database, address: str) -> float | None:
    """When the first message left from that address; None where none has."""
    row = db.conn.execute("SELECT since FROM senders WHERE address = ?", [address.casefold()]).fetchone()
    return datetime.fromisoformat(row[0]).timestamp() if row else None


def add_sender(db: Database, address: str, since: float) -> None:
    """Note when the first message left; what is known already stays."""
    with writing(db):
        db.conn.execute(
            "INSERT OR IGNORE INTO senders (address, since) VALUES (?, ?)",
            [address.casefold(), stored(datetime.fromtimestamp(since, UTC))],
        )
