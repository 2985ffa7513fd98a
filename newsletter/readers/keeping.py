"""What is kept about a reader: showing it, taking it away, erasing it.

`TABLES` names every table that says something about a person; what pages tell, what an export holds and what an
erasure removes all come from it, and a test holds it against the database as it is.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.issues import store as issues
from newsletter.readers.suggestions_store import BY_A_READER, thanked_for
from subscribers import people
from subscribers.database import writing
from subscribers.people import Subscriber


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing that is kept."""

    what: str
    why: str
    how_long: str
    #: how many of a person's, None where nobody is asked about
    count: int | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """That somebody was forgotten."""

    at: datetime
    #: table → how many lines were removed
    removed: dict[str, int]
    #: says nothing about the person; names the erasure if they ask again
    reference: str


@dataclass(frozen=True, slots=True)
class _Table:
    what: str
    why: str
    how_long: str
    #: how the rows of a person are found
    where: str = "subscriber_id = ?"
    #: what an export leaves out: keys and hashes that say nothing to anybody
    hidden: frozenset[str] = frozenset()


#: Columns that hold JSON.
_JSON = frozenset({"detail", "recipe", "entry", "entry_ids"})
_ALWAYS = "until you ask us to erase you"
TABLES: dict[str, _Table] = {
    "subscribers": _Table(
        "your address, your name if you gave one, when you get your issues, and whether you do",
        "to send you what you asked for",
        _ALWAYS,
        where="id = ?",
        hidden=frozenset({"address_key"}),
    ),
    "interests": _Table("what you follow and mute, in your own words", "to choose your issue", _ALWAYS),
    "votes": _Table("your votes", "to choose your issue", _ALWAYS),
    "proposals": _Table(
        "what your votes show that you like, whether you wanted to follow it, and which entries say so",
        "to ask you about each only once",
        _ALWAYS,
    ),
    "evidence": _Table(
        "what you agreed to: when, from which page or mail, network address and browser, and the words you were shown",
        "the law wants us to be able to prove that you asked for this",
        _ALWAYS,
    ),
    "confirmations": _Table(
        "requests that you were asked to confirm",
        "to do what you confirmed",
        "30 days",
        hidden=frozenset({"token_hash"}),
    ),
    "deliveries": _Table(
        "which issues and other mails you were sent, and what was in them",
        "so that nothing is sent twice, and to show you your issues",
        _ALWAYS,
        hidden=frozenset({"worker", "key"}),
    ),
    "received": _Table("which entries you have had", "so that you get none twice", _ALWAYS),
    "suggestions": _Table(
        "what you suggested to read, and why, in your own words",
        "to look at it, and to thank you",
        _ALWAYS,
    ),
    "bounces": _Table("mails to you that came back", "to stop writing to a dead address", _ALWAYS),
}
#: Kept about nobody in particular: hashes with a key, which say nothing to who has not the key.
HASHES = (
    Kept(
        "a keyed hash of an address that was erased, bounced or complained, with the date",
        "so that nobody brings it back by an import",
        "for good",
        None,
    ),
    Kept(
        "a hash of every mail that was written to us",
        "so that nothing is done twice when a mail comes twice",
        "60 days",
        None,
    ),
    Kept(
        "keyed hashes of network addresses and addresses that asked for something",
        "so that nobody can flood a mailbox through us",
        "one day",
        None,
    ),
)


def kept(db: Database, person: Subscriber | None) -> list[Kept]:
    """What is kept, why and how long; for a person with counts."""
    mine = [
        Kept(table.what, table.why, table.how_long, _count(db, name, table, person.id) if person else None)
        for name, table in TABLES.items()
    ]
    return [*mine, *HASHES]


def export(db: Database, person: Subscriber) -> dict[str, Any]:
    """Every row about a person, by table; what is JSON in the database is JSON here too."""
    found: dict[str, Any] = {}
    for name, table in TABLES.items():
        rows = db.query(f"SELECT * FROM [{name}] WHERE {table.where}", [person.id])
        found[name] = [
            {column: _readable(column, value) for column, value in row.items() if column not in table.hidden}
            for row in rows
        ]
    for row in found["deliveries"]:
        if row["notice"] and row["recipe"]:
            # A link in a mail that waits proves that its address is theirs: only that mail gives it away.
            row["recipe"] = {part: row["recipe"][part] for part in ("to", "subject")}
    titles = {entry_id for name in ("received", "votes") for row in found[name] if (entry_id := row["entry_id"])}
    named = db.query(
        "SELECT id, title, url FROM entries WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(titles))]
    )
    found["entries"] = list(named)
    return found


def erase(db: Database, person: Subscriber, now: datetime) -> Receipt:
    """Forget a person everywhere, copies that wait included; a keyed hash of the address and the date remain."""
    with writing(db):
        # Their address may be another one than when they were looked at.
        person = people.by_id(db, person.id) or person
        removed = {name: _count(db, name, table, person.id) for name, table in TABLES.items()}
        forget(db, person.id)
        people.erase(db, person.address, now=now)
    return Receipt(now, {name: count for name, count in removed.items() if count}, secrets.token_hex(5))


def forget(db: Database, subscriber_id: int) -> None:
    """Remove all that is kept under an id, but for the person's own row."""
    with writing(db):
        # What they suggested stays for others to read, but names nobody any more: neither here nor in past issues.
        suggested = thanked_for(db, subscriber_id)
        entries.set_thanks(db, suggested, BY_A_READER)
        issues.set_thanks(db, suggested, BY_A_READER)
        for name, table in TABLES.items():
            if name != "subscribers":
                db.conn.execute(f"DELETE FROM [{name}] WHERE {table.where}", [subscriber_id])


def _count(db: Database, name: str, table: _Table, subscriber_id: int) -> int:
    return int(db.conn.execute(f"SELECT count(*) FROM [{name}] WHERE {table.where}", [subscriber_id]).fetchone()[0])


def _readable(column: str, value: Any) -> Any:
    # Of other columns what looks like JSON is somebody's words.
    return json.loads(value) if column in _JSON and value else value
