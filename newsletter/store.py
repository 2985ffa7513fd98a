"""The newsletter's database: the tables of both packages in one file."""

from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from newsletter.migrations import migrations
from subscribers.database import migrate, open_database, stored, writing
from subscribers.migrations import migrations as subscribers_migrations

FILE = "newsletter.db"
#: The switch that stops all mail.
SENDING = "sending"


def open_store(path: Path, *, durable: bool = True) -> Database:
    """Open the database, bringing its tables up to date; the subscribers' first.

    Raises `subscribers.errors.DatabaseError` and its children, each with one clear sentence.
    """
    db = open_database(path, durable=durable)
    try:
        migrate(db, path, [subscribers_migrations, migrations])
    except BaseException:
        db.conn.close()
        raise
    return db


def switch(db: Database, name: str, *, off: bool, why: str, now: datetime) -> None:
    """Turn something off or on, for all processes, from now on; `why` is shown while it is off."""
    with writing(db):
        db.conn.execute("INSERT OR REPLACE INTO switches VALUES (?, ?, ?, ?)", [name, off, why, stored(now)])


def why_off(db: Database, name: str) -> str | None:
    """Why something is switched off; None where it is on."""
    row = db.conn.execute("SELECT why FROM switches WHERE name = ? AND off", [name]).fetchone()
    return str(row[0]) if row else None
