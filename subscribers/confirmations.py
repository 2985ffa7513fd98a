"""Confirmations: a random token in a mail, by which somebody shows that they read it.

Only the token's hash is kept. It is lower-case base32, so that it may stand in an address or a Message-ID, where
letter case gets lost; a reply to the mail then shows the same as a click on its link. A token can be looked at and
used again and again: scanners open every link, people click twice.
"""

import hashlib
import json
import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from subscribers.database import stored, writing

#: How long a request to subscribe, or to change an address or something else, may be confirmed.
LASTS = timedelta(days=3)
#: The same for looking at, taking away or erasing what is kept.
PRIVATE_LASTS = timedelta(hours=1)
_TOKEN = re.compile(r"[a-z2-7]{26}")


class Purpose(StrEnum):
    """What is confirmed."""

    #: detail: the wishes of who wants to read (see `consent.Wishes`)
    SUBSCRIBE = "subscribe"
    #: detail: the new address
    ADDRESS = "address"
    #: that it is really this person who wants to see, take away, move or erase what is kept
    PRIVACY = "privacy"
    #: detail: what a mail asked for whose sender could not be told
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a token stands for."""

    subscriber_id: int
    purpose: Purpose
    #: what is done once it is confirmed
    detail: dict[str, Any]
    created_at: datetime
    expires_at: datetime
    #: None until it is confirmed
    used_at: datetime | None

    def expired(self, now: datetime) -> bool:
        """Too late to be confirmed; what was confirmed in time stays so."""
        return self.used_at is None and now > self.expires_at


def ask(
    db: Database, subscriber_id: int, purpose: Purpose, detail: dict[str, Any], now: datetime, *, token: str = ""
) -> str:
    """Keep a new confirmation and return its token, which goes into the mail and nowhere else."""
    token = token or new_token()
    lasts = PRIVATE_LASTS if purpose is Purpose.PRIVACY else LASTS
    with writing(db):
        db.conn.execute(
            "INSERT INTO confirmations (token_hash, subscriber_id, purpose, detail, created_at, expires_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                _hash(token),
                subscriber_id,
                purpose,
                json.dumps(detail, ensure_ascii=False),
                stored(now),
                stored(now + lasts),
            ],
        )
    return token


def new_token() -> str:
    """130 bits at random: 26 characters."""
    return b32encode(secrets.token_bytes(17)).decode().lower()[:26]


def find(db: Database, token: str) -> Confirmation | None:
    """What the token stands for; None for one that was never given, or whose person was erased."""
    if not _TOKEN.fullmatch(token):
        return None
    row = db.conn.execute(
        "SELECT subscriber_id, purpose, detail, created_at, expires_at, used_at FROM confirmations "
        "WHERE token_hash = ?",
        [_hash(token)],
    ).fetchone()
    if row is None:
        return None
    subscriber_id, purpose, detail, created, expires, used = row
    return Confirmation(
        subscriber_id=subscriber_id,
        purpose=Purpose(purpose),
        detail=json.loads(detail),
        created_at=datetime.fromisoformat(created),
        expires_at=datetime.fromisoformat(expires),
        used_at=datetime.fromisoformat(used) if used else None,
    )


def mark_used(db: Database, token: str, now: datetime, *, detail: dict[str, Any] | None = None) -> None:
    """Note that it was confirmed; `detail` says what came of it, for who asks again."""
    said = None if detail is None else json.dumps(detail, ensure_ascii=False)
    with writing(db):
        db.conn.execute(
            "UPDATE confirmations SET used_at = coalesce(used_at, ?), detail = coalesce(?, detail) "
            "WHERE token_hash = ?",
            [stored(now), said, _hash(token)],
        )


def withdraw(db: Database, subscriber_id: int, purpose: Purpose) -> None:
    """Make every unused token of a person's for that purpose worthless."""
    with writing(db):
        db.conn.execute(
            "DELETE FROM confirmations WHERE subscriber_id = ? AND purpose = ? AND used_at IS NULL",
            [subscriber_id, purpose],
        )


def purge(db: Database, before: datetime) -> int:
    """Forget confirmations that were asked for before that moment; returns how many."""
    with writing(db):
        return int(db.conn.execute("DELETE FROM confirmations WHERE created_at < ?", [stored(before)]).rowcount)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
