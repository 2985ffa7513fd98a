"""Limits: how often something may be asked for."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.store import open_store
from subscribers import limits

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def tries(db: Database, now: datetime, times: int = 10, who: str = "ada@example.org", what: str = "answer") -> int:
    """How many of so many tries are allowed, three in an hour being the most."""
    return sum(limits.allow(db, what, who, now, most=3, within=HOUR) for _ in range(times))


def test_so_many_and_no_more_and_after_a_while_again(store: Database, now: datetime) -> None:
    assert tries(store, now) == 3
    assert tries(store, now + HOUR - SECOND) == 0
    assert tries(store, now + HOUR) == 3


def test_the_window_slides(store: Database, now: datetime) -> None:
    for minutes in (0, 20, 40):
        assert tries(store, now + timedelta(minutes=minutes), times=1) == 1
    assert [tries(store, now + timedelta(minutes=m), times=2) for m in (59, 60, 79, 80, 100)] == [0, 1, 0, 1, 1]


def test_what_is_refused_is_not_counted(store: Database, now: datetime) -> None:
    """Who goes on knocking is let in again as soon as who waits."""
    tries(store, now)
    for minutes in range(1, 60):
        assert tries(store, now + timedelta(minutes=minutes)) == 0
    assert tries(store, now + HOUR) == 3
    assert store.conn.execute("SELECT count(*) FROM attempts").fetchone() == (6,)


def test_one_does_not_use_up_anothers(store: Database, now: datetime) -> None:
    assert tries(store, now) == 3
    assert tries(store, now, who="bob@example.org") == 3
    assert tries(store, now, what="help") == 3
    assert limits.allow(store, "answer", "ada@example.org", now, most=4)  # a wider limit on the same thing


def test_most_of_none_allows_nothing(store: Database, now: datetime) -> None:
    assert not limits.allow(store, "answer", "ada@example.org", now, most=0)


def test_limits_hold_over_a_restart(tmp_path: Path, now: datetime) -> None:
    for expected in (3, 0):
        db = open_store(tmp_path / "newsletter.db")
        assert tries(db, now) == expected
        db.conn.close()


def test_what_is_counted_says_nothing_about_anybody(tmp_path: Path, now: datetime) -> None:
    db = open_store(tmp_path / "newsletter.db")
    tries(db, now, who="ada@example.org")
    tries(db, now, who="203.0.113.7/32", what="network")
    keys = [row[0] for row in db.conn.execute("SELECT DISTINCT key FROM attempts")]
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    # With another key the same person is another hash.
    db.conn.execute("UPDATE suppression_key SET key = zeroblob(32)")
    assert tries(db, now) == 3
    db.conn.close()
    assert {len(key) for key in keys} == {32}
    assert b"ada@example" not in raw
    assert b"203.0.113" not in raw


def test_what_no_limit_looks_at_any_more_is_forgotten(store: Database, now: datetime) -> None:
    for hours in (0, 1, 23):
        limits.allow(store, "answer", "ada@example.org", now + hours * HOUR, most=9)
    limits.forget_old(store, now + 24 * HOUR)
    assert store.conn.execute("SELECT count(*) FROM attempts").fetchone() == (2,)
    limits.forget_old(store, now + 48 * HOUR)
    assert store.conn.execute("SELECT count(*) FROM attempts").fetchone() == (0,)
