"""What a message costs the ledger does not grow with how many copies wait, nor with what was ever received."""

from datetime import datetime, timedelta

import pytest
from postbox import ADA, BOB, add_copy, claim, person_in, step
from sqlite_utils import Database

from newsletter.delivery import ledger
from newsletter.delivery.outcomes import Refused, Sent
from subscribers.database import stored
from subscribers.states import State


@pytest.fixture
def queued(store: Database, now: datetime) -> Database:
    """Two copies that are due."""
    for address in (ADA, BOB):
        add_copy(store, person_in(store, now, State.ACTIVE, address), now)
    return store


def test_a_claim_takes_as_many_steps_however_many_copies_wait(queued: Database, now: datetime) -> None:
    def steps() -> int:
        """Of SQLite's machine, in tens."""
        taken: list[None] = []
        queued.conn.set_progress_handler(lambda: taken.append(None), 10)
        claimed = claim(queued, now)
        queued.conn.set_progress_handler(None, 0)
        assert [copy.delivery.subscriber_id for copy in claimed] == [1, 2]
        return len(taken)

    few = steps()
    ledger.release(queued, "w1", now)
    queued.conn.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) "
        "INSERT INTO deliveries (issue_id, subscriber_id, period, state, recipe, due_at, changed_at) "
        "SELECT 1, 1000 + n, '2026-W48', 'queued', '{}', ?1, ?1 FROM n",
        [stored(now + timedelta(hours=1))],
    )
    assert steps() < 2 * few


def test_no_step_of_a_message_reads_a_whole_table(queued: Database, now: datetime) -> None:
    asked: list[str] = []
    queued.conn.set_trace_callback(asked.append)
    first, second = (copy.delivery.id for copy in claim(queued, now))
    step(queued, "w1", None, first, now)
    step(queued, "w1", (first, Sent("250 ok")), second, now)
    step(queued, "w1", (second, Refused("550 no such user")), None, now)
    queued.conn.set_trace_callback(None)
    plans = [
        row[3]
        for question in asked
        if question.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
        for row in queued.conn.execute(f"EXPLAIN QUERY PLAN {question}")
    ]
    for table in ("deliveries", "received", "subscribers"):
        assert [plan for plan in plans if plan.startswith(f"SEARCH {table} ")]
        assert not [plan for plan in plans if plan.startswith(f"SCAN {table}")]
