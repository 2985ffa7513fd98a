"""How much is due and not out yet. Reads only."""

from datetime import datetime

from sqlite_utils import Database

from newsletter.delivery.claiming import HELD
from subscribers.database import stored

_OPEN = "state IN ('queued', 'deferred', 'claimed', 'sending')"


def count_due(db: Database, by: datetime, *, only: int | None = None, notices_only: bool = False) -> int:
    """How many deliveries were to be out by then and are not, those in hand with them; none of an issue that is held.

    `only` is one subscriber's id.
    """
    if only is not None:
        return _count(
            db,
            f"deliveries WHERE subscriber_id = ? AND {_OPEN} AND due_at <= ? AND "
            f"(notice IS NOT NULL OR NOT ? AND issue_id NOT IN ({HELD}))",
            only,
            stored(by),
            notices_only,
        )
    notices = _count(db, f"deliveries WHERE notice IS NOT NULL AND {_OPEN} AND due_at <= ?", stored(by))
    if notices_only:
        return notices
    # Each by an index that has all of it: there may be a million.
    waiting = _count(
        db,
        "deliveries INDEXED BY deliveries_waiting WHERE notice IS NULL AND state IN ('queued', 'deferred') "
        f"AND issue_id IN (SELECT id FROM issues WHERE id NOT IN ({HELD})) AND due_at <= ?",
        stored(by),
    )
    return notices + waiting + _count(db, "deliveries WHERE notice IS NULL AND state IN ('claimed', 'sending')")


def _count(db: Database, what: str, *values: object) -> int:
    return int(db.conn.execute(f"SELECT count(*) FROM {what}", values).fetchone()[0])
