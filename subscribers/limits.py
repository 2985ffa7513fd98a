"""Limits: how often something may be asked for from one place or for one address. Kept over a restart, for a day.

What is counted is a keyed hash: the table says nothing about anybody.
"""

from datetime import datetime, timedelta

from sqlite_utils import Database

from subscribers.database import stored, writing
from subscribers.suppression import keyed_hash

KEPT = timedelta(days=1)


def allow(db: Database, what: str, who: str, now: datetime, *, most: int, within: timedelta = KEPT) -> bool:
    """Count one more and say whether it is still within the limit; what is refused is not counted.

    `within` is at most a day.
    """
    key = keyed_hash(db, f"{what} {who}")
    with writing(db):
        (count,) = db.conn.execute(
            "SELECT count(*) FROM attempts WHERE key = ? AND at > ?", [key, stored(now - within)]
        ).fetchone()
        if count >= most:
            return False
        db.conn.execute("INSERT INTO attempts VALUES (?, ?)", [key, stored(now)])
    return True


def forget_old(db: Database, now: datetime) -> None:
    """Drop what no limit looks at any more."""
    with writing(db):
        db.conn.execute("DELETE FROM attempts WHERE at <= ?", [stored(now - KEPT)])
