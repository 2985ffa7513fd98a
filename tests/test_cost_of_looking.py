"""What a look at an issue costs does not grow with what came in, or was voted, long ago."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count, pairwise

import pytest
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.ranking import votes
from subscribers.database import stored

OLD, NEW = 5_000, 20


def bring(db: Database, count: int, seen: datetime) -> None:
    """So many entries that were seen at that moment, each liked by one reader."""
    db.conn.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2) "
        "INSERT INTO entries (title, summary, authors, categories, content_hash, first_seen) "
        "SELECT 'Study ' || n, 'Words.', '[]', '[]', x'00', ?1 FROM n",
        [stored(seen), count],
    )
    db.conn.execute("INSERT INTO votes SELECT id, id, 1, ?1 FROM entries WHERE first_seen = ?1", [stored(seen)])


@pytest.mark.parametrize("first", [True, False])
def test_a_look_takes_as_many_steps_however_much_is_old(store: Database, now: datetime, first: bool) -> None:
    """Of a first issue, which goes back a week, and of one that begins behind another."""

    def look() -> list[Callable[[], int]]:
        newest = entries.newest_id(store)
        after, since = (
            (0, now - timedelta(days=7)) if first else (newest - NEW, datetime.min.replace(tzinfo=now.tzinfo))
        )
        return [
            lambda: len(entries.arrived(store, after=after, up_to=newest, since=since)),
            lambda: entries.count_arrived(store, after=after, since=since),
            lambda: len(votes.likes(store, range(newest - NEW + 1, newest + 1))),
            lambda: len(votes.wanting(store, range(newest - NEW + 1, newest + 1), OLD)),
            lambda: (votes.latest(store), NEW)[1],
        ]

    bring(store, NEW, now - timedelta(days=1))
    few = steps(store, look())
    for table in ("votes", "entries"):
        store.conn.execute(f"DELETE FROM {table}")
    bring(store, OLD, now - timedelta(days=100))
    bring(store, NEW, now - timedelta(days=1))
    assert [many < 2 * before for many, before in zip(steps(store, look()), few, strict=True)] == [True] * 5


def steps(db: Database, questions: Sequence[Callable[[], int]]) -> list[int]:
    """How many steps of SQLite's machine, in tens, each takes; all have the new ones for an answer."""
    taken = count()
    begins = [0]
    db.conn.set_progress_handler(lambda: next(taken) < 0, 10)
    for ask in questions:
        assert ask() == NEW
        begins.append(next(taken))
    db.conn.set_progress_handler(None, 0)
    return [after - before for before, after in pairwise(begins)]
