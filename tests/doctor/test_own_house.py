"""Settings, files, database: what can be said without asking anybody. Real files, a real database."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from findings_told import ADVICE, FAILURE, OK, WARNING, having, one
from newsroom import SETTINGS, make_project
from sqlite_utils import Database

from newsletter import ticks
from newsletter.delivery.signing_keys import make_key
from newsletter.doctor import database
from newsletter.doctor.database import (
    ContentFacts,
    FileFacts,
    content_facts,
    content_findings,
    file_facts,
    file_findings,
)
from newsletter.doctor.findings import Finding
from newsletter.doctor.own_files import newest_file, secret_files, secret_findings, settings_findings
from newsletter.settings import load
from newsletter.store import SENDING, switch

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SMTP = '[delivery]\ntransport = "smtp"\n'


def of_settings(folder: Path, settings: str, more: str = "") -> list[Finding]:
    return settings_findings(load(make_project(folder, more, settings=settings, entries=0)))


def test_settings_that_are_complete_are_well(tmp_path: Path) -> None:
    assert {finding.severity for finding in of_settings(tmp_path, SETTINGS, SMTP)} == {OK}


def test_without_a_postal_address_nothing_is_sent(tmp_path: Path) -> None:
    having(of_settings(tmp_path, 'address = "a@news.example.org"\n'), FAILURE, "postal_address is not set")


def test_examples_that_are_left_stop_mail_to_a_server(tmp_path: Path) -> None:
    having(of_settings(tmp_path / "a", 'postal_address = "x"\n', SMTP), FAILURE, "address and base_url are still")
    having(of_settings(tmp_path / "b", 'postal_address = "x"\n'), ADVICE, "address and base_url are still")
    having(of_settings(tmp_path / "c", 'address = "a@b.example.org"\n', SMTP), FAILURE, "base_url is still an example")


def test_a_rehearsal_is_told(tmp_path: Path) -> None:
    found = of_settings(tmp_path, SETTINGS, '[delivery]\nredirect_all_to = "me@example.org"\n')
    having(found, WARNING, "All mail goes to me@example.org")


def test_files_with_secrets_are_for_their_owner(tmp_path: Path) -> None:
    make_project(tmp_path, entries=0)
    make_key(tmp_path, "s1", "ed25519")
    (tmp_path / "newsletter.toml").chmod(0o644)  # there is no password in it
    one(secret_findings(secret_files(tmp_path)), OK)
    (tmp_path / "newsletter.db").chmod(0o640)
    (tmp_path / "keys" / "s1.pem").chmod(0o604)
    found = secret_findings(secret_files(tmp_path))
    having(found, WARNING, "newsletter.db", "addresses", "chmod 600")
    having(found, WARNING, "s1.pem, which holds a key")


@pytest.mark.parametrize(
    "more",
    [
        '[smtp]\npassword = "hush-hush"\n',
        '[mailbox]\nimap_password = "hush-hush"\n',
        '[webhooks]\nmailgun_key = "hush-hush"\n',
    ],
)
def test_settings_with_a_password_are_for_their_owner(tmp_path: Path, more: str) -> None:
    make_project(tmp_path, more, entries=0)
    (tmp_path / "newsletter.toml").chmod(0o644)
    found = secret_findings(secret_files(tmp_path))
    one(found, WARNING, "newsletter.toml, which holds a password")
    assert "hush-hush" not in str(found)
    (tmp_path / "newsletter.toml").chmod(0o600)
    one(secret_findings(secret_files(tmp_path)), OK)


def test_a_file_from_the_future_is_seen(tmp_path: Path) -> None:
    make_project(tmp_path, entries=0)
    os.utime(tmp_path / "newsletter.toml", (4e9, 4e9))
    assert newest_file(tmp_path) == datetime.fromtimestamp(4e9, UTC)
    assert newest_file(tmp_path / "nowhere") is None


def test_a_whole_database_on_a_roomy_disk_is_well(tmp_path: Path) -> None:
    make_project(tmp_path, entries=0)
    facts = file_facts(tmp_path)
    assert (facts.trouble, facts.damage, facts.lost) == ("", "", 0)
    having(file_findings(facts), OK, "whole")


def test_what_to_do_about_a_full_disk_is_to_make_room() -> None:
    told = file_findings(FileFacts(trouble="The disk is full.", is_full=True))
    having(told, FAILURE, "full")
    assert [one.todo for one in told] == ["Make room."]


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    make_project(tmp_path, entries=0)
    path = tmp_path / "newsletter.db"
    content = bytearray(path.read_bytes())
    for at in range(4_096 * 10, 4_096 * 30):
        content[at] = 0xA5
    path.write_bytes(bytes(content))
    having(file_findings(file_facts(tmp_path)), FAILURE, "restore")


def test_a_file_that_is_no_database_of_ours_is_told(tmp_path: Path) -> None:
    one(file_findings(file_facts(tmp_path)), FAILURE, "There is no")
    (tmp_path / "newsletter.db").write_bytes(b"hello, I am something else\n" * 1_000)
    one(file_findings(file_facts(tmp_path)), FAILURE, "not a database of this program")
    (tmp_path / "newsletter.db").unlink()
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as other:
        other.execute("CREATE TABLE x (y)")
    one(file_findings(file_facts(tmp_path)), FAILURE, "another program")


def test_rows_that_point_nowhere_are_counted(tmp_path: Path) -> None:
    make_project(tmp_path, entries=0)
    with closing(sqlite3.connect(tmp_path / "newsletter.db", isolation_level=None)) as db:
        db.execute("INSERT INTO entry_keys VALUES ('url:x', 77), ('url:y', 78)")
    having(file_findings(file_facts(tmp_path)), WARNING, "2 of its rows point to others")


@pytest.mark.parametrize(
    ("facts", "severity", "words"),
    [
        (FileFacts(room=50_000_000), FAILURE, "50.0 MB are left"),
        (FileFacts(room=900_000_000), WARNING, "900.0 MB are left"),
        (FileFacts(room=3_000_000_000, size=4_000_000_000), WARNING, "3.0 GB are left"),
        (FileFacts(room=5_000_000_000, size=4_000_000_000), OK, "5.0 GB are left"),
        (FileFacts(room=10**11, log=300_000_000), ADVICE, "newsletter.db-wal has grown to 300.0 MB"),
        (FileFacts(room=10**11, damage="row 1 missing from index x"), FAILURE, "row 1 missing"),
    ],
)
def test_room_and_the_log_are_watched(facts: FileFacts, severity: object, words: str) -> None:
    having(file_findings(facts), severity, words)  # type: ignore[arg-type]


Content = Callable[..., ContentFacts]


def content(**more: object) -> ContentFacts:
    plain = {
        "off": None,
        "uncertain": 0,
        "failed": 0,
        "active": 3,
        "sends_since": None,
        "has_sent": True,
        "last_tick": None,
    }
    return ContentFacts(**{**plain, **more})  # type: ignore[arg-type]


def found(facts: ContentFacts, *, first_day: int = 0, serving: bool = True, smtp: bool = True) -> list[Finding]:
    return content_findings(facts, first_day=first_day, serving=serving, smtp=smtp, now=NOW)


def test_what_waits_for_the_operator_is_counted(store: Database) -> None:
    for n, state in enumerate(["uncertain", "failed", "failed", "sent", "queued"]):
        store.conn.execute(
            "INSERT INTO deliveries (notice, key, state, due_at, recipe, changed_at) "
            "VALUES ('welcome', ?, ?, '', '', '')",
            [f"n{n}", state],
        )
    facts = content_facts(store, "a@example.org")
    assert (facts.uncertain, facts.failed, facts.has_sent) == (1, 2, True)
    having(found(facts), WARNING, "1 mail may or may not have arrived")
    having(found(facts), ADVICE, "Refused for good: 2")
    having(found(content()), OK, "No mail is uncertain")


def test_mail_that_is_switched_off_is_told(store: Database) -> None:
    switch(store, SENDING, off=True, why="the operator switched it off", now=NOW)
    having(found(content_facts(store, "a@example.org")), FAILURE, "the operator switched it off", "newsletter mail on")


def test_what_runs_by_itself_and_fails_is_told(store: Database) -> None:
    ticks.ended(store, "make", NOW, "issue/card.html, line 2: no such word")
    facts = content_facts(store, "a@example.org")
    having(found(facts), WARNING, "“make” fails: issue/card.html, line 2")


def test_somebody_must_serve_or_call_the_ticks() -> None:
    having(found(content()), OK, "It runs")
    having(found(content(), serving=False), ADVICE, "Nothing runs by itself")
    having(found(content(last_tick=NOW - timedelta(hours=1)), serving=False), OK, "newsletter tick")
    having(found(content(last_tick=NOW - timedelta(hours=3)), serving=False), ADVICE, "Nothing runs by itself")


def test_a_new_sender_with_many_readers_should_start_slowly(store: Database) -> None:
    many = content(active=database.MANY, has_sent=False)
    having(found(many), ADVICE, "1,000 readers", "pacing.first_day")
    having(found(many, first_day=300), OK, "300 messages on its first day")
    recent, old = (content(active=5_000, sends_since=NOW - timedelta(days=days)) for days in (3, 30))
    having(found(recent), ADVICE, "pacing.first_day")
    for facts, smtp in (
        (old, True),
        (content(active=5_000), True),
        (content(active=900, has_sent=False), True),
        (many, False),
    ):
        assert not any(one.title == "Slow start" for one in found(facts, smtp=smtp))
    store.conn.execute("INSERT INTO senders VALUES ('a@example.org', '2026-11-20T08:00:00+00:00')")
    assert content_facts(store, "a@example.org").sends_since == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert content_facts(store, "b@example.org").sends_since is None
