"""What happened to people of late. Reads only."""

from datetime import date, datetime

from sqlite_utils import Database

from subscribers.database import stored
from subscribers.states import State
from subscribers.suppression import Reason, suppressed_among

#: So many are looked at.
MOST = 100


def suppressed_since(db: Database, since: datetime) -> list[tuple[str, Reason, datetime]]:
    """(address, why, when) of those who were given up from that moment on, the latest first, at most a hundred."""
    rows: list[tuple[str, str]] = db.conn.execute(
        "SELECT address, changed_at FROM subscribers WHERE state = ? AND changed_at >= ? "
        "ORDER BY changed_at DESC LIMIT ?",
        [State.SUPPRESSED, stored(since), MOST],
    ).fetchall()
    reasons = suppressed_among(db, [address for address, _ in rows])
    return [(address, reasons.get(address, Reason.BOUNCED), datetime.fromisoformat(at)) for address, at in rows]


def came_and_left(db: Database, since: date) -> tuple[dict[date, int], dict[date, int]]:
    """How many (came, left) by day, UTC: of those who are kept, when they confirmed, and when they left or were lost.

    Who was erased counts nowhere; who left and came back has come once, the last time.
    """
    came = "confirmed_at", "confirmed_at IS NOT NULL"
    left = "changed_at", "state IN ('unsubscribed', 'suppressed') AND confirmed_at IS NOT NULL"
    return _by_day(db, *came, since), _by_day(db, *left, since)


def _by_day(db: Database, moment: str, where: str, since: date) -> dict[date, int]:
    rows = db.conn.execute(
        f"SELECT substr({moment}, 1, 10), count(*) FROM subscribers WHERE {where} AND {moment} >= ? GROUP BY 1",
        [since.isoformat()],
    )
    return {date.fromisoformat(day): count for day, count in rows}
