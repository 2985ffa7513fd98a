"""What one reader has had, and in which issue. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a reader has had an entry, or will have it in a copy that waits."""

    #: None where that is not known any more
    issue_id: int | None
    #: when it left or was to leave; None where that is not known any more
    at: datetime | None
    #: it is in a copy that waits for its hour
    waits: bool


def receipts_of(
    db: Database, subscriber_id: int, entry_ids: Sequence[int], *, besides: int | None = None
) -> dict[int, Receipt]:
    """The receipts of those of these entries that the reader has had; `besides` is an issue that does not count."""
    wanted = set(entry_ids)
    rows = db.conn.execute(
        "SELECT r.entry_id, d.issue_id, coalesce(d.date, d.due_at), 0 FROM received r "
        "LEFT JOIN deliveries d ON d.id = r.delivery_id WHERE r.subscriber_id = ?1 AND r.entry_id BETWEEN ?2 AND ?3 "
        "UNION ALL SELECT json_extract(pick.value, '$[0]'), issue_id, due_at, 1 "
        "FROM deliveries, json_each(recipe, '$.picks') AS pick WHERE +state = 'queued' AND subscriber_id = ?1 "
        "AND notice IS NULL",
        [subscriber_id, min(wanted, default=0), max(wanted, default=0)],
    )
    return {
        entry_id: Receipt(issue_id, datetime.fromisoformat(at) if at else None, bool(waits))
        for entry_id, issue_id, at, waits in rows
        if entry_id in wanted and (besides is None or issue_id != besides)
    }
