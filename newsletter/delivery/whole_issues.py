"""All copies of an issue together: whether it has begun, and what stopping it or going on with it does to them.

There may be a hundred thousand of them, so they are dropped in short transactions, after the one that says so. Where a
process dies between, `ledger.claim` drops the others as they fall due.
"""

import json
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.delivery.ledger import free
from newsletter.delivery.outcomes import DeliveryState
from newsletter.issues import store as issues
from newsletter.issues.control import Word, is_over, why_not_sent
from newsletter.issues.issue import IssueKey, IssueState
from subscribers.database import stored, writing

#: Copies a transaction: keeps the write lock short.
CHUNK = 500


def has_begun(db: Database, issue_id: int) -> bool:
    """Has a copy of it left, or is one in a server's hands? What is uncertain may have left."""
    row = db.conn.execute(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE issue_id = ? AND state = 'sent') OR EXISTS "
        # The + keeps SQLite to the index of states: few are in these, and many may be of the issue.
        "(SELECT 1 FROM deliveries WHERE +issue_id = ? AND state IN ('sending', 'uncertain'))",
        [issue_id, issue_id],
    ).fetchone()
    return bool(row[0])


def call_back(db: Database, issue_id: int, now: datetime) -> None:
    """Take from every worker what it has claimed of the issue and not begun: at most a batch each waits again."""
    with writing(db):
        db.conn.execute(
            "UPDATE deliveries SET state = 'queued', worker = NULL, changed_at = ? "
            "WHERE +issue_id = ? AND state = 'claimed'",
            [stored(now), issue_id],
        )


def stop_issue(db: Database, issue_id: int, why: str, now: datetime) -> bool:
    """The program itself stops an issue, until the operator releases it; `why` in words that follow "because".

    What is claimed and not begun waits again. False, and nothing is done, where nothing of it may leave anyway.
    """
    with writing(db):
        issue = issues.by_ids(db, [issue_id])[issue_id]
        if issue.state is not IssueState.RELEASED:
            return False
        issues.say(db, issue.key, Word.HOLD, now)
        issues.set_state(db, issue_id, IssueState.HELD, held_why=why[:500])
        call_back(db, issue_id, now)
    return True


def drop_waiting(db: Database, issue_id: int, state: IssueState, now: datetime) -> int:
    """Drop what waits of an issue that is skipped or cancelled, and free its entries; returns how many copies."""
    why, dropped, last = why_not_sent(state, None), 0, 0
    while True:
        with writing(db):
            rows = db.conn.execute(
                "SELECT subscriber_id, id FROM deliveries WHERE issue_id = ? AND subscriber_id > ? "
                "AND state IN ('queued', 'deferred') ORDER BY subscriber_id LIMIT ?",
                [issue_id, last, CHUNK],
            ).fetchall()
            if not rows:
                return dropped
            ids = [row[1] for row in rows]
            db.conn.execute(
                "UPDATE deliveries SET state = ?, why = ?, changed_at = ? WHERE id IN (SELECT value FROM json_each(?))",
                [DeliveryState.DROPPED, why, stored(now), json.dumps(ids)],
            )
            free(db, ids)
        dropped, last = dropped + len(rows), rows[-1][0]


def forget_dropped(db: Database, issue_id: int) -> None:
    """Forget the copies that were dropped because it was skipped, so that its readers get new ones."""
    why = why_not_sent(IssueState.SKIPPED, None)
    while True:
        with writing(db):
            deleted = db.conn.execute(
                "DELETE FROM deliveries WHERE id IN "
                "(SELECT id FROM deliveries WHERE issue_id = ? AND state = 'dropped' AND why = ? LIMIT ?)",
                [issue_id, why, CHUNK],
            ).rowcount
        if deleted < CHUNK:
            return


def mark_done(db: Database, now: datetime, max_lateness: timedelta) -> list[IssueKey]:
    """Note which released issues are done: too late for everybody everywhere, and nothing of them waits any more.

    Before that somebody may join, change their day or come back from a pause, and get it. What is uncertain does not
    count as waiting: it may never be decided.
    """
    over = [
        one for one in issues.in_state(db, IssueState.RELEASED) if is_over(one.key, one.held_until, now, max_lateness)
    ]
    if not over:
        return []
    rows = db.conn.execute(
        "SELECT DISTINCT issue_id FROM deliveries WHERE state IN ('queued', 'deferred', 'claimed', 'sending') "
        "AND notice IS NULL"
    )
    waiting = {row[0] for row in rows}
    done = [one for one in over if one.id not in waiting]
    issues.finish(db, [one.id for one in done])
    return [one.key for one in done]
