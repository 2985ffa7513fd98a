"""The proof of consent: what somebody asked for, when, from where, and which words they were shown. Append-only."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from subscribers.database import stored, writing


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a wish came from."""

    #: page, mail, link, one-click, operator or import; clock for what time brings
    how: str
    #: the page's address, or the one of ours that the mail was sent to
    page: str = ""
    #: of the mail that asked for it, or of ours that was answered
    message_id: str = ""
    ip: str = ""
    #: what the browser calls itself
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of the proof of consent."""

    at: datetime
    event: str
    origin: Origin
    #: what the person was shown, or wrote, or the operator's statement
    words: str


def record(db: Database, subscriber_id: int, *, event: str, origin: Origin, words: str, now: datetime) -> None:
    """Append one line to the evidence."""
    with writing(db):
        db.conn.execute(
            "INSERT INTO evidence (subscriber_id, at, event, origin, words, page, message_id, ip, agent) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                subscriber_id,
                stored(now),
                event,
                origin.how,
                words[:2_000],
                origin.page[:500],
                origin.message_id[:500],
                origin.ip[:50],
                origin.agent[:200],
            ],
        )


def evidence_of(db: Database, subscriber_id: int) -> list[Evidence]:
    """The proof of consent, oldest first."""
    rows = db.conn.execute(
        "SELECT at, event, words, origin, page, message_id, ip, agent FROM evidence "
        "WHERE subscriber_id = ? ORDER BY id",
        [subscriber_id],
    )
    return [Evidence(datetime.fromisoformat(at), event, Origin(*origin), words) for at, event, words, *origin in rows]
