"""Bringing in very many: quick, in short transactions, while others go on working; and suppression in batches."""

import sqlite3
import threading
import time as clock
from datetime import datetime, time
from pathlib import Path

import pytest
from sqlite_utils import Database

from newsletter.store import open_store
from subscribers.cadence import Cadence, Frequency
from subscribers.importing import Fate, import_readers, understand
from subscribers.suppression import Reason, suppress, suppress_many, suppressed_among, suppression_of

WEEKLY = Cadence(Frequency.WEEKLY, 5, time(8), "Europe/Paris")


def _many(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,interests,confirmed_at\n")
        for n in range(count):
            file.write(f'reader.{n}@host{n % 300}.example,Reader {n},"graphs {n % 70}; not: surveys",2024-01-01\n')


def test_progress_is_told_for_each_piece_of_work(store: Database, tmp_path: Path, now: datetime) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    path = tmp_path / "many.csv"
    _many(path, 2_200)
    import_readers(
        store,
        path,
        cadence=WEEKLY,
        now=now,
        progress=lambda what: lambda done, todo: told.setdefault(what, []).append((done, todo)),
    )
    size = path.stat().st_size
    assert list(told) == ["Reading many.csv (bytes)", "Bringing readers in"]
    assert told["Reading many.csv (bytes)"][-1] == (size, size)
    assert told["Bringing readers in"][-1] == (2_200, 2_200)
    for steps in told.values():
        assert steps == sorted(steps)
        assert all(done < todo for done, todo in steps[:-1])


def test_a_transaction_is_five_hundred_rows_and_reading_the_list_needs_none(
    store: Database, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "many.csv"
    _many(path, 2_200)
    said: list[str] = []
    store.conn.set_trace_callback(said.append)
    understand(store, path, now=now)
    assert "BEGIN IMMEDIATE" not in said
    import_readers(store, path, cadence=WEEKLY, now=now)
    store.conn.set_trace_callback(None)
    assert said.count("BEGIN IMMEDIATE") == 5


def test_others_may_write_while_a_list_comes_in(store: Database, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "many.csv"
    _many(path, 3_000)
    done = threading.Event()
    turns = 0

    def write() -> None:
        nonlocal turns
        other = sqlite3.connect(tmp_path / "newsletter.db", timeout=10, isolation_level=None)
        while not done.wait(0.002):
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE subscribers SET name = 'Somebody' WHERE id = 1")
            other.execute("COMMIT")
            turns += 1
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        report = import_readers(store, path, cadence=WEEKLY, now=now)
    finally:
        done.set()
        writer.join()
    assert report.counts[Fate.ACTIVE] == 3_000
    assert turns > 5


@pytest.mark.slow
def test_a_hundred_thousand_come_in_well_under_a_minute(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "many.csv"
    _many(path, 100_000)
    db = open_store(tmp_path / "many.db")
    began = clock.perf_counter()
    report = import_readers(db, path, cadence=WEEKLY, now=now)
    took = clock.perf_counter() - began
    assert report.counts[Fate.ACTIVE] == 100_000
    assert db.conn.execute("SELECT count(*), count(DISTINCT subscriber_id) FROM interests").fetchone() == (
        200_000,
        100_000,
    )
    db.conn.close()
    assert took < 30


# -- suppressions in batches


def test_many_addresses_are_looked_up_at_once(store: Database, now: datetime) -> None:
    suppress(store, "ada@bücher.example", Reason.ERASED, now)
    suppress(store, "bob@example.org", Reason.COMPLAINED, now)
    asked = ["ADA@xn--bcher-kva.example", "bob@example.org", "carol@example.org"]
    assert suppressed_among(store, asked) == {asked[0]: Reason.ERASED, asked[1]: Reason.COMPLAINED}
    assert suppressed_among(store, []) == {}


def test_many_are_put_on_the_list_and_a_complaint_is_never_softened(store: Database, now: datetime) -> None:
    suppress(store, "bob@example.org", Reason.COMPLAINED, now)
    suppress_many(store, {"ADA@example.org": Reason.BOUNCED, "bob@example.org": Reason.BOUNCED}, now)
    suppress_many(store, {}, now)
    assert suppression_of(store, "ada@example.org") is Reason.BOUNCED
    assert suppression_of(store, "bob@example.org") is Reason.COMPLAINED
