"""Metrics as Prometheus reads them, over HTTP, from a real database."""

import socket
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from ledgerbook import copies, made
from mainline import Open, subscribe
from newsroom import make_project
from prometheus_client.parser import text_string_to_metric_families

from newsletter import Newsletter, __version__, ticks
from newsletter.errors import NewsletterError
from newsletter.metrics import serve_metrics
from newsletter.store import SENDING, switch

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
Found = dict[tuple[str, str], float]


def scrape(port: int) -> Found:
    """(name, value of its label) → number."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def served(newsletter: Newsletter) -> Iterator[int]:
    with serve_metrics(newsletter.project, 0, lambda: newsletter._clock()) as port:
        yield port


@pytest.mark.slow
def test_everything_is_told(newsletter: Newsletter, served: int) -> None:
    db, now = newsletter.database, newsletter._clock()
    subscribe(newsletter)
    issue, _ = made(db, "2026-11-20", now)
    copies(db, issue, now - HOUR, 5)
    copies(db, issue, now - HOUR, 2, "failed")
    copies(db, None, now, 3, "queued")
    ticks.ended(db, "pull", now)
    ticks.ended(db, "make", now - HOUR)
    ticks.ended(db, "make", now, "broken")
    db.conn.execute("UPDATE sources SET good_at = ?, failures = 2", [now.isoformat()])
    switch(db, SENDING, off=True, why="a test", now=now)
    found = scrape(served)
    expected = {
        ("newsletter_entries_total", ""): 12,
        ("newsletter_source_last_success_timestamp_seconds", "papers"): now.timestamp(),
        ("newsletter_source_failures", "papers"): 2,
        ("newsletter_source_entries", "papers"): 12,
        ("newsletter_subscribers", "active"): 1,
        ("newsletter_subscribers", "suppressed"): 0,
        ("newsletter_deliveries", "sent"): 5,
        ("newsletter_deliveries", "failed"): 2,
        ("newsletter_deliveries", "queued"): 0,
        ("newsletter_notices", "queued"): 3,
        ("newsletter_notices", "sent"): 0,
        ("newsletter_issues", "released"): 1,
        ("newsletter_issues", "held"): 0,
        ("newsletter_tick_last_success_timestamp_seconds", "pull"): now.timestamp(),
        ("newsletter_tick_last_success_timestamp_seconds", "make"): (now - HOUR).timestamp(),
        ("newsletter_tick_failing", "pull"): 0,
        ("newsletter_tick_failing", "make"): 1,
        ("newsletter_bounces_recent", ""): 2,
        ("newsletter_sending_off", ""): 1,
        ("newsletter_database_up", ""): 1,
        ("newsletter_build_info", __version__): 1,
    }
    assert found | expected == found


def test_each_scrape_is_of_its_moment_from_any_thread(newsletter: Newsletter, served: int) -> None:
    assert scrape(served)["newsletter_subscribers", "active"] == 0
    for n in range(3):
        subscribe(newsletter, f"r{n}@example.org")
        with ThreadPoolExecutor(4) as threads:
            for found in threads.map(lambda _: scrape(served), range(4)):
                assert found["newsletter_subscribers", "active"] == n + 1


def test_an_address_is_never_in_it(newsletter: Newsletter, served: int) -> None:
    subscribe(newsletter, "ada.lovelace@example.org")
    newsletter.send(now=True)
    with urllib.request.urlopen(f"http://127.0.0.1:{served}/", timeout=10) as answer:
        text = answer.read().decode()
    assert 'newsletter_deliveries{state="sent"} 1.0' in text
    assert "lovelace" not in text


def test_a_source_that_was_taken_out_is_not_told_of(newsletter: Newsletter, served: int) -> None:
    settings = newsletter.project / "newsletter.toml"
    settings.write_text(settings.read_text().replace('"papers"', '"other"'))
    assert not {key for key in scrape(served) if "papers" in key}


@pytest.mark.slow
def test_a_database_that_cannot_be_read_is_a_number_and_no_fault(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_project(tmp_path)
    (tmp_path / "newsletter.db").unlink()
    with serve_metrics(tmp_path, 0) as port:
        found = scrape(port)
        assert found["newsletter_database_up", ""] == 0
        assert ("newsletter_entries_total", "") not in found
        assert not (tmp_path / "newsletter.db").exists()
    assert "Traceback" not in capfd.readouterr().err


def test_a_scrape_goes_on_while_somebody_writes(newsletter: Newsletter, served: int) -> None:
    other = sqlite3.connect(newsletter.project / "newsletter.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM entries_fts_docsize")
        assert scrape(served)["newsletter_entries_total", ""] == 12
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.slow
def test_it_is_of_this_machine_only_and_ends_at_once(newsletter: Newsletter) -> None:
    with serve_metrics(newsletter.project, 0) as port:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=1)
        silent = socket.create_connection(("127.0.0.1", port), timeout=1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2
    silent.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(NewsletterError, match=f"127.0.0.1:{port}: Address already in use. Set another web.metrics"),
            serve_metrics(tmp_path, port),
        ):
            pass


@pytest.mark.slow
def test_a_scrape_of_a_hundred_thousand_copies_is_cheap(open_newsletter: Open, tmp_path: Path) -> None:
    make_project(tmp_path)
    newsletter = open_newsletter()
    db, now = newsletter.database, newsletter._clock()
    issue, _ = made(db, "2026-11-20", now)
    with db.conn:
        db.conn.execute("BEGIN")
        db.conn.executemany(
            "INSERT INTO deliveries (issue_id, subscriber_id, period, state, due_at, recipe, date, changed_at) "
            "VALUES (?, ?, '2026-W47', ?, ?, ?, ?, ?)",
            (
                (
                    issue,
                    n,
                    "sent" if n % 10 else "dropped",
                    now.isoformat(),
                    "x" * 700,
                    now.isoformat(),
                    now.isoformat(),
                )
                for n in range(100_000)
            ),
        )
    with serve_metrics(tmp_path, 0, lambda: now + HOUR) as port:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            found = scrape(port)
            times.append(time.perf_counter() - begun)
    assert found["newsletter_deliveries", "sent"] == 90_000
    assert min(times) < 0.25, times  # 20 ms on an idle machine
    print(f"a scrape of 100,000 copies: {min(times) * 1000:.0f} ms")  # noqa: T201
