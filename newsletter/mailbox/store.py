"""All SQL about mail that was dealt with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlite_utils import Database

from subscribers.database import stored, writing


def known(db: Database, key: bytes) -> bool:
    """Was that mail dealt with before?"""
    return db.conn.execute("SELECT 1 FROM incoming WHERE key = ?", [key]).fetchone() is not None


def remember(db: Database, key: bytes, now: datetime) -> None:
    """Note that it was dealt with."""
    with writing(db):
        db.conn.execute("INSERT OR IGNORE INTO incoming VALUES (?, ?)", [key, stored(now)])


@contextmanager
def all_or_nothing(db: Database) -> Iterator[None]:
    """What is written in the block is taken back where it raises, and the transaction around it goes on."""
    with writing(db):
        db.conn.execute("SAVEPOINT wishes")
        try:
            yield
        except BaseException:
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK TO wishes")
            raise
        finally:
            if db.conn.in_transaction:
                db.conn.execute("RELEASE wishes")
