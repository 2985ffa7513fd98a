"""All SQL about calls that were dealt with; they are remembered where mail that came in is, and for as long."""

import hashlib
from datetime import datetime

from sqlite_utils import Database

from subscribers.database import stored, writing


def key_of(service: str, *identity: str) -> bytes:
    """Under what something is remembered that is told by these texts."""
    digest = hashlib.blake2b(digest_size=16, person=b"webhook")
    for text in (service, *identity):
        encoded = text.encode("utf-8", "replace")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


def known(db: Database, key: bytes) -> bool:
    """Was it dealt with before?"""
    return db.conn.execute("SELECT 1 FROM incoming WHERE key = ?", [key]).fetchone() is not None


def remember(db: Database, key: bytes, now: datetime) -> None:
    """Note that it was."""
    with writing(db):
        db.conn.execute("INSERT OR IGNORE INTO incoming VALUES (?, ?)", [key, stored(now)])
