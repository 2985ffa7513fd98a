"""The newsletter's database: the tables of both packages in one file."""

from pathlib import Path

from sqlite_utils import Database

from newsletter.migrations import migrations
from subscribers.database import migrate, open_database
from subscribers.migrations import migrations as subscribers_migrations

FILE = "newsletter.db"


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
