"""Whom never to mail: kept as keyed hashes, so that the list says nothing about anybody to who steals it.

The key never rotates (a hash could not be made again) and is part of every backup of the database.
"""

import hashlib
from datetime import datetime
from enum import StrEnum

from sqlite_utils import Database

from subscribers.address import address_key
from subscribers.database import stored, writing


class Reason(StrEnum):
    """Why an address is suppressed."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


#: A fresh opt-in lifts these; a complaint is lifted by the operator only.
LIFTED_BY_OPT_IN = frozenset({Reason.BOUNCED, Reason.ERASED})


def suppress(db: Database, address: str, reason: Reason, now: datetime) -> None:
    """Put the address on the list. A complaint is never overwritten by a milder reason."""
    with writing(db):
        if suppression_of(db, address) is not Reason.COMPLAINED:
            db.conn.execute(
                "INSERT OR REPLACE INTO suppressions VALUES (?, ?, ?)",
                [_hash(db, address), reason, stored(now)],
            )


def lift(db: Database, address: str) -> None:
    """Take the address off the list."""
    with writing(db):
        db.conn.execute("DELETE FROM suppressions WHERE address_hash = ?", [_hash(db, address)])


def suppression_of(db: Database, address: str) -> Reason | None:
    """Why the address is suppressed, or None."""
    row = db.conn.execute("SELECT reason FROM suppressions WHERE address_hash = ?", [_hash(db, address)]).fetchone()
    return Reason(row[0]) if row else None


def _hash(db: Database, address: str) -> bytes:
    (key,) = db.conn.execute("SELECT key FROM suppression_key").fetchone()
    return hashlib.blake2b(address_key(address).encode(), key=key, digest_size=32).digest()
