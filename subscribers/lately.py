"""What happened to people of late. Reads only."""

from datetime import datetime

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
