"""All SQL about what told us something, a mail or a call: what comes twice is dealt with once."""

from datetime import datetime

from sqlite_utils import Database

from subscribers.database import stored, writing


def known(db: Database, key: bytes) -> bool:
    """Was it dealt with before?"""
    return db.conn.execute("SELECT 1 FROM incoming WHERE key = ?", [key]).fetchone() is not None


def remember(db: Database, key: bytes, now: datetime) -> None:
    """Note that it was."""
    with writing(db):
        db.conn.execute("INSERT OR IGNORE INTO incoming VALUES (?, ?)", [key, stored(now)])
