"""Mail that came back: a score that decays, and an end when it has grown too high.

Every one of our mails counts once, however often it is reported. A weekly reader whose address is dead is given up at
the second mail, one whose mailbox is full after about two months of it.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from subscribers.database import stored, writing

#: The address is dead, says the other server.
HARD = 3.0
#: It may work again: a full mailbox, a server that was away for days.
SOFT = 1.0
#: From this score on nothing is sent any more.
LIMIT = 5.0
#: After so long a bounce counts half.
HALF_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail of ours that came back."""

    at: datetime
    weight: float
    #: in the other server's words
    why: str


def note(db: Database, subscriber_id: int, mail: str, weight: float, why: str, now: datetime) -> None:
    """Remember that a mail came back; `mail` names it. The heavier of two reports about one mail stays."""
    with writing(db):
        db.conn.execute(
            "INSERT INTO bounces VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "weight = excluded.weight, why = excluded.why WHERE excluded.weight > weight",
            [subscriber_id, mail, stored(now), weight, why[:500]],
        )


def bounces_of(db: Database, subscriber_id: int) -> list[Bounce]:
    """A person's bounces, oldest first."""
    rows = db.conn.execute("SELECT at, weight, why FROM bounces WHERE subscriber_id = ? ORDER BY at", [subscriber_id])
    return [Bounce(datetime.fromisoformat(at), weight, why) for at, weight, why in rows]


def forget(db: Database, subscriber_id: int) -> None:
    """Count anew: the address is another one, or somebody has shown that it works."""
    with writing(db):
        db.conn.execute("DELETE FROM bounces WHERE subscriber_id = ?", [subscriber_id])


def score(bounces: list[Bounce], now: datetime) -> float:
    """The sum of the weights, each halved for every half-life that has gone by."""
    return sum(bounce.weight * math.exp2((bounce.at - now) / HALF_LIFE) for bounce in bounces)
