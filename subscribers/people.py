"""Who reads us: adding, finding, changing and erasing people. All SQL about them is here."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from subscribers import bounces
from subscribers.address import address_key, parse_address
from subscribers.cadence import Cadence, Frequency
from subscribers.database import stored, writing
from subscribers.errors import AlreadySubscribed, Suppressed, UnknownSubscriber
from subscribers.evidence import Origin, record
from subscribers.interests import Interest
from subscribers.states import State, move
from subscribers.suppression import LIFTED_BY_OPT_IN, Reason, lift, suppress, suppression_of

MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Recipient:
    """Of a person what is asked for each mail: where it goes, whether they still want it, when it was to come."""

    #: never reused, also not after an erasure
    id: int
    address: str
    #: empty where none was given
    name: str
    state: State
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class Subscriber(Recipient):
    """A person, their consent and their wishes."""

    #: in the order in which they were given
    interests: tuple[Interest, ...]
    created_at: datetime
    #: None until confirmed
    confirmed_at: datetime | None
    #: the first day on which a pause is over; None where there is none, or no end was named
    paused_until: date | None = None
    #: does this person want the operator's announcements?
    announcements: bool = True
    #: due dates before it are none of theirs; None: since they are a reader
    joined_at: datetime | None = None
    #: when day, hour or zone of their cadence last changed
    rhythm_at: datetime | None = None
    #: after joining, does an issue come at once if their own day is far away?
    welcome: bool = False

    @property
    def since(self) -> datetime:
        """From when on this person is a reader."""
        return self.confirmed_at or self.created_at

    @property
    def joined(self) -> datetime:
        """From when on their due dates count: confirmed, back from a pause, or in another frequency."""
        return self.joined_at or self.since


def add_by_operator(
    db: Database,
    address: str,
    *,
    name: str,
    interests: tuple[Interest, ...],
    cadence: Cadence,
    now: datetime,
) -> Subscriber:
    """Add a person on the operator's word that they asked for it, and record that word as the evidence.

    Somebody who left, bounced or was erased comes back by this; somebody who complained does not.
    Raises `InvalidAddress`, `AlreadySubscribed`, `Suppressed`.
    """
    address, name = parse_address(address), tidy_name(name)
    with writing(db):
        reason = suppression_of(db, address)
        if reason and reason not in LIFTED_BY_OPT_IN:
            raise Suppressed(
                f"{address} once reported our mail as unwanted, so nobody is added under it. "
                "Only lift this if the person asked you in their own words."
            )
        known = find(db, address)
        if known and known.state in (State.ACTIVE, State.PAUSED):
            raise AlreadySubscribed(
                f"{address} is subscribed already ({known.state}). `newsletter subscribers show {address}` tells more."
            )
        lift(db, address)
        if known:
            move(State.PENDING if known.state is State.SUPPRESSED else known.state, State.ACTIVE)
            db.conn.execute(
                "UPDATE subscribers SET state = ?, name = ?, frequency = ?, day = ?, at = ?, timezone = ?, "
                "confirmed_at = ?, changed_at = ?, joined_at = NULL, rhythm_at = NULL, welcome = 0 WHERE id = ?",
                [State.ACTIVE, name or known.name, *cadence_row(cadence), stored(now), stored(now), known.id],
            )
            subscriber_id = known.id
            bounces.forget(db, subscriber_id)
        else:
            subscriber_id = insert(db, address, State.ACTIVE, name=name, cadence=cadence, now=now).id
        set_interests(db, subscriber_id, interests)
        words = "The operator states that this person asked for the newsletter."
        if reason:
            words += f" (The address had been {reason} before.)"
        record(db, subscriber_id, event="subscribed and confirmed", origin=Origin("operator"), words=words, now=now)
    return get(db, address)


def insert(db: Database, address: str, state: State, *, name: str, cadence: Cadence, now: datetime) -> Subscriber:
    """A new row, as it is: the caller has asked whether there may be one, and records why. The address is parsed."""
    confirmed = stored(now) if state is State.ACTIVE else None
    with writing(db):
        db.conn.execute(
            "INSERT INTO subscribers (address, address_key, name, state, frequency, day, at, timezone, created_at, "
            "confirmed_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                address,
                address_key(address),
                name,
                state,
                *cadence_row(cadence),
                stored(now),
                confirmed,
                stored(now),
            ],
        )
    return get(db, address)


def update(
    db: Database,
    subscriber_id: int,
    *,
    name: str | None = None,
    cadence: Cadence | None = None,
    announcements: bool | None = None,
    now: datetime,
) -> None:
    """Change what is given, and nothing else. A rhythm that changes keeps the issue of the period that runs."""
    given: dict[str, object] = {}
    if name is not None:
        given["name"] = tidy_name(name)
    if cadence is not None:
        given |= zip(("frequency", "day", "at", "timezone"), cadence_row(cadence), strict=True)
        before = by_id(db, subscriber_id)
        if before and before.cadence.frequency is not cadence.frequency:
            given |= {"joined_at": stored(now), "welcome": 1}
        elif before and before.cadence != cadence:
            given["rhythm_at"] = stored(now)
    if announcements is not None:
        given["announcements"] = int(announcements)
    if given:
        with writing(db):
            columns = ", ".join(f"{column} = ?" for column in given)
            db.conn.execute(f"UPDATE subscribers SET {columns} WHERE id = ?", [*given.values(), subscriber_id])


def tidy_name(name: str) -> str:
    """How to greet somebody: one line of printable characters, at most 100 of them."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:MAX_NAME]


def set_interests(db: Database, subscriber_id: int, interests: Iterable[Interest]) -> None:
    """Replace a person's interests."""
    with writing(db):
        db.conn.execute("DELETE FROM interests WHERE subscriber_id = ?", [subscriber_id])
        db.conn.executemany(
            "INSERT INTO interests VALUES (?, ?, ?, ?)",
            [(subscriber_id, n, i.text, int(i.muted)) for n, i in enumerate(interests)],
        )


def interest_texts(db: Database) -> list[str]:
    """What a model reads of all readers' interests, each once."""
    rows = db.conn.execute("SELECT DISTINCT text FROM interests ORDER BY text")
    return sorted({Interest(text).statement for (text,) in rows} - {""})


def erase(db: Database, address: str, *, now: datetime) -> int:
    """Forget a person: interests, evidence and address go; a keyed hash and the date remain. Returns their id.

    The caller removes what other packages keep under that id, in the same transaction.
    """
    with writing(db):
        person = get(db, address)
        suppress(db, person.address, Reason.ERASED, now)
        delete(db, person.id)
    return person.id


def delete(db: Database, subscriber_id: int) -> None:
    """Take a row away, and with it interests, evidence and what else hangs on it."""
    with writing(db):
        db.conn.execute("DELETE FROM subscribers WHERE id = ?", [subscriber_id])


def get(db: Database, address: str) -> Subscriber:
    """The person behind an address, in any letter case. Raises `UnknownSubscriber`."""
    found = find(db, address)
    if found is None:
        raise UnknownSubscriber(address)
    return found


def find(db: Database, address: str) -> Subscriber | None:
    """Like `get`, with None for nobody."""
    return next(_select(db, "WHERE s.address_key = ?", [address_key(address)]), None)


def by_id(db: Database, subscriber_id: int) -> Subscriber | None:
    """The person with that id; None for nobody, or somebody erased."""
    return next(_select(db, "WHERE s.id = ?", [subscriber_id]), None)


def everybody(db: Database, *, state: State | None = None) -> Iterator[Subscriber]:
    """All people, or those in one state, in the order in which they came."""
    if state is None:
        return _select(db, "", [])
    return _select(db, "WHERE s.state = ?", [state])


def rhythms(db: Database) -> dict[Cadence, int]:
    """Every cadence that active readers have, and how many have it: a few hundred, however many readers there are."""
    rows = db.conn.execute(
        "SELECT frequency, day, at, timezone, count(*) FROM subscribers WHERE state = 'active' GROUP BY 1, 2, 3, 4"
    )
    return {_cadence(*cadence): readers for *cadence, readers in rows}


def by_ids(db: Database, ids: Iterable[int]) -> Iterator[Subscriber]:
    """The people with these ids; unknown ids are passed over."""
    return _select(db, "WHERE s.id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])


def recipients(db: Database, ids: Iterable[int]) -> Iterator[Recipient]:
    """The same in short, at a quarter of the cost: for every mail this is asked again."""
    rows = db.conn.execute(
        "SELECT id, address, name, state, frequency, day, at, timezone FROM subscribers "
        "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        [json.dumps(list(ids))],
    )
    return (
        Recipient(id_, address, name, State(state), _cadence(*cadence)) for id_, address, name, state, *cadence in rows
    )


def known(db: Database, ids: Iterable[int]) -> set[int]:
    """Those of these ids that are somebody's."""
    rows = db.conn.execute(
        "SELECT id FROM subscribers WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))]
    )
    return {row[0] for row in rows}


def count_by_state(db: Database) -> dict[str, int]:
    """How many people are in each state."""
    return dict(db.conn.execute("SELECT state, count(*) FROM subscribers GROUP BY state ORDER BY state"))


def _select(db: Database, where: str, parameters: list[object]) -> Iterator[Subscriber]:
    rows = db.conn.execute(
        "SELECT s.id, s.address, s.name, s.state, s.frequency, s.day, s.at, s.timezone, s.created_at, "
        "s.confirmed_at, s.paused_until, s.announcements, s.joined_at, s.rhythm_at, s.welcome, "
        "(SELECT json_group_array(json_array(text, muted)) FROM "
        "  (SELECT text, muted FROM interests WHERE subscriber_id = s.id ORDER BY position)) "
        f"FROM subscribers s {where} ORDER BY s.id",
        parameters,
    )
    return (_subscriber(row) for row in rows)


def _subscriber(row: tuple[Any, ...]) -> Subscriber:
    id_, address, name, state, frequency, day, at, timezone, created, confirmed, paused, announcements, *rest = row
    joined, changed, welcome, interests = rest
    return Subscriber(
        id=id_,
        address=address,
        name=name,
        state=State(state),
        cadence=_cadence(frequency, day, at, timezone),
        interests=tuple(Interest(text, bool(muted)) for text, muted in json.loads(interests)),
        created_at=datetime.fromisoformat(created),
        confirmed_at=datetime.fromisoformat(confirmed) if confirmed else None,
        paused_until=date.fromisoformat(paused) if paused else None,
        announcements=bool(announcements),
        joined_at=datetime.fromisoformat(joined) if joined else None,
        rhythm_at=datetime.fromisoformat(changed) if changed else None,
        welcome=bool(welcome),
    )


# Readers are many, and their cadences are few.
@lru_cache(1_024)
def _cadence(frequency: str, day: int, at: str, timezone: str) -> Cadence:
    return Cadence(Frequency(frequency), day, time.fromisoformat(at), timezone)


def cadence_row(cadence: Cadence) -> tuple[str, int, str, str]:
    """A cadence as the table keeps it: frequency, day, at, timezone."""
    return cadence.frequency, cadence.day, f"{cadence.at:%H:%M}", cadence.timezone
