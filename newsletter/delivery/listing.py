"""Deliveries one by one and counted, for whoever looks: made to be quick with a million of them. Reads only.

Hardly any delivery did not leave, but hardly any table is larger: whatever is asked for is found by an index. A `+`
keeps SQLite from an index that would find the many instead of the few.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.outcomes import DeliveryState

#: What did not leave, and may have to be dealt with.
NOT_SENT = (DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN, DeliveryState.DROPPED)
#: Of a domain with more readers than this everything is gone through, the newest first.
_FEW = 2_000
_DOMAIN = "substr(s.address_key, -length(?2)) = ?2"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are meant; what is empty does not matter."""

    #: empty for what did not leave: `NOT_SENT`, but for readers for whom nothing was composed
    states: tuple[DeliveryState, ...] = ()
    issue_id: int | None = None
    subscriber_id: int | None = None
    #: of the reader's address, such as gmail.com
    domain: str = ""
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivery, but for what is in it."""

    id: int
    #: None for a notice
    issue_id: int | None
    #: None for a notice to somebody whom we do not keep
    subscriber_id: int | None
    #: None for a copy of an issue
    notice: NoticeKind | None
    #: None for who was erased, and for a notice to nobody whom we keep that is out
    address: str | None
    state: DeliveryState
    #: not before; of a deferred one its next try
    due_at: datetime
    #: the Date header; None before the first claim
    date: datetime | None
    #: of the state, in words; of a failed or deferred one the server's
    why: str
    #: what the server said when it took it
    answer: str
    attempts: int
    #: milliseconds from its first byte to the last answer; None where it was never handed over
    took: int | None
    #: when it came into this state
    changed_at: datetime
    #: is what it holds kept? A notice's words are forgotten once it is out
    composed: bool


_COLUMNS = """
    d.id, d.issue_id, d.subscriber_id, d.notice,
    coalesce(CASE WHEN d.notice IS NOT NULL AND d.recipe != '' THEN json_extract(d.recipe, '$.to') END, s.address),
    d.state, d.due_at, d.date, d.why, d.answer, d.attempts, d.took, d.changed_at, d.recipe != ''
"""
_JOINED = "deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id"


def listed(db: Database, wanted: Wanted, most: int) -> list[Listed]:
    """The newest of them, by their hour (of deferred ones: by their next try)."""
    found: list[Any] = []
    narrow, values = _narrow(db, wanted)
    if narrow:
        found = db.conn.execute(
            f"SELECT {_COLUMNS} FROM {_JOINED} WHERE {narrow} ORDER BY d.due_at DESC, d.id DESC LIMIT ?3",
            [*values, most],
        ).fetchall()
    else:
        domain, also = _domain(wanted), _also(wanted)
        for state in wanted.states or NOT_SENT:
            found += db.conn.execute(
                f"SELECT {_COLUMNS} FROM {_JOINED} WHERE d.state = ?1 AND {also} AND {_DOMAIN} "
                "ORDER BY d.due_at DESC, d.id DESC LIMIT ?3"
                if domain
                else f"SELECT {_COLUMNS} FROM {_JOINED} WHERE d.state = ?1 AND {also} AND ?2 = '' "
                "ORDER BY d.due_at DESC, d.id DESC LIMIT ?3",
                [state, domain, most],
            ).fetchall()
        found.sort(key=lambda row: (row[6], row[0]), reverse=True)
    return [_listed(row) for row in found[:most]]


def counted(db: Database, wanted: Wanted) -> Counter[DeliveryState]:
    """How many are in each state, of all states whichever are wanted; readers without a copy are `dropped` here too."""
    every = Wanted(tuple(DeliveryState), wanted.issue_id, wanted.subscriber_id, wanted.domain, wanted.ids)
    narrow, values = _narrow(db, every)
    if narrow:
        rows = db.conn.execute(f"SELECT d.state, count(*) FROM {_JOINED} WHERE {narrow} GROUP BY 1", values)
    elif domain := _domain(wanted):
        rows = db.conn.execute(
            f"SELECT d.state, count(*) FROM {_JOINED} WHERE ?1 = '' AND {_DOMAIN} GROUP BY 1", ["", domain]
        )
    else:
        rows = db.conn.execute("SELECT state, count(*) FROM deliveries GROUP BY 1")
    return Counter({DeliveryState(state): count for state, count in rows})


def ids_of(db: Database, wanted: Wanted) -> list[int]:
    """The ids of all of them, the newest composed first."""
    narrow, values = _narrow(db, wanted)
    if not narrow:
        narrow = f"d.state IN (SELECT value FROM json_each(?1)) AND {_also(wanted)}"
        domain = _domain(wanted)
        narrow += f" AND {_DOMAIN}" if domain else " AND ?2 = ''"
        values = [json.dumps(wanted.states or NOT_SENT), domain]
    return [row[0] for row in db.conn.execute(f"SELECT d.id FROM {_JOINED} WHERE {narrow} ORDER BY d.id DESC", values)]


def found(db: Database, delivery_id: int) -> Listed | None:
    """One of them; None where there is none."""
    row = db.conn.execute(f"SELECT {_COLUMNS} FROM {_JOINED} WHERE d.id = ?", [delivery_id]).fetchone()
    return _listed(row) if row else None


def parts(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Some at a time: what writes keeps the lock for a short while only."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _narrow(db: Database, wanted: Wanted) -> tuple[str, list[Any]]:
    """The condition, and its parameters ?1 and ?2, where an index finds few; empty where states alone are wanted."""
    domain = _domain(wanted)
    states = "+d.state IN (SELECT value FROM json_each(?1))"
    values: list[Any] = [json.dumps(wanted.states or NOT_SENT), domain]
    conditions = []
    # Numbers and nothing else: they may stand in the text.
    if wanted.ids:
        conditions.append(f"d.id IN ({', '.join(str(int(one)) for one in wanted.ids)})")
    if wanted.subscriber_id is not None:
        conditions.append(f"d.subscriber_id = {int(wanted.subscriber_id)}")
    if wanted.issue_id is not None:
        plus = "+" if conditions else ""
        conditions.append(f"{plus}d.issue_id = {int(wanted.issue_id)}")
    if domain and not conditions:
        few = db.conn.execute(
            f"SELECT s.id FROM subscribers s WHERE ?1 = '' AND {_DOMAIN} LIMIT ?3", ["", domain, _FEW + 1]
        ).fetchall()
        if len(few) <= _FEW:
            conditions.append(f"d.subscriber_id IN ({', '.join(str(row[0]) for row in few)})")
    if not conditions:
        return "", []
    return " AND ".join([*conditions, states, _also(wanted), _DOMAIN if domain else "?2 = ''"]), values


def _domain(wanted: Wanted) -> str:
    """As the end of an address, case folded as those are; empty for all."""
    return "@" + wanted.domain.strip().lstrip("@").casefold() if wanted.domain.strip() else ""


def _also(wanted: Wanted) -> str:
    """Who gets no copy because there is nothing new for them has lost nothing; asked for by state, they are shown."""
    return "1" if wanted.states else "(d.state != 'dropped' OR d.recipe != '')"


def _listed(row: Sequence[Any]) -> Listed:
    id_, issue_id, subscriber_id, notice, address, state, due_at, date, why, answer, attempts, took, changed, kept = row
    return Listed(
        id=id_,
        issue_id=issue_id,
        subscriber_id=subscriber_id,
        notice=NoticeKind(notice) if notice else None,
        address=address,
        state=DeliveryState(state),
        due_at=datetime.fromisoformat(due_at),
        date=datetime.fromisoformat(date) if date else None,
        why=why,
        answer=answer,
        attempts=attempts,
        took=took,
        changed_at=datetime.fromisoformat(changed),
        composed=bool(kept),
    )
