"""Whom never to mail: kept as keyed hashes, so that the list says nothing about anybody to who steals it.

The key never rotates (a hash could not be made again) and is part of every backup of the database.
"""

import hashlib
from collections.abc import Iterable, Mapping
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


def suppressed_among(db: Database, addresses: Iterable[str]) -> dict[str, Reason]:
    """Those of many addresses that are suppressed, with the reason. Ask for some hundred at a time."""
    hashes = _hashes(db, addresses)
    marks = ", ".join("?" * len(hashes))
    rows = db.conn.execute(
        f"SELECT address_hash, reason FROM suppressions WHERE address_hash IN ({marks})", list(hashes.values())
    )
    reasons = {found: Reason(reason) for found, reason in rows}
    return {address: reasons[wanted] for address, wanted in hashes.items() if wanted in reasons}


def suppress_many(db: Database, reasons: Mapping[str, Reason], now: datetime) -> None:
    """Put many addresses on the list. A complaint is never overwritten by a milder reason."""
    with writing(db):
        hashes = _hashes(db, reasons)
        db.conn.executemany(
            "INSERT INTO suppressions VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason, "
            "at = excluded.at WHERE reason != 'complained'",
            [(hashes[address], reason, stored(now)) for address, reason in reasons.items()],
        )


def keyed_hash(db: Database, text: str) -> bytes:
    """32 bytes that stand for a text in this database, and say nothing about it to who has not the key."""
    return _digest(_key(db), text)


def _hash(db: Database, address: str) -> bytes:
    return keyed_hash(db, address_key(address))


def _hashes(db: Database, addresses: Iterable[str]) -> dict[str, bytes]:
    key = _key(db)
    return {address: _digest(key, address_key(address)) for address in addresses}


def _key(db: Database) -> bytes:
    (key,) = db.conn.execute("SELECT key FROM suppression_key").fetchone()
    return bytes(key)


def _digest(key: bytes, text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=key, digest_size=32).digest()
