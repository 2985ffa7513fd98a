"""Confirmations: random tokens, kept as hashes, good for a while."""

import json
import re
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asking import ADA, BOB, ask, reader
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.store import open_store
from subscribers import confirmations, people
from subscribers.confirmations import Purpose

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def test_a_token_fits_where_letter_case_gets_lost_and_no_two_are_alike() -> None:
    tokens = {confirmations.new_token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert all(re.fullmatch(r"[a-z2-7]{26}", token) for token in tokens)
    # Every character of it is random: 130 bits.
    assert min(len({token[n] for token in tokens}) for n in range(26)) == 32


def test_what_is_asked_is_found_by_its_token_alone(store: Database, now: datetime) -> None:
    person = reader(store, now)
    detail = {"address": BOB, "words": "é “quoted” \n {}"}
    token = confirmations.ask(store, person.id, Purpose.ADDRESS, detail, now)
    found = confirmations.find(store, token)
    assert found is not None
    assert (found.subscriber_id, found.purpose, found.detail) == (person.id, Purpose.ADDRESS, detail)
    assert (found.created_at, found.used_at) == (now, None)
    for other in (token.upper(), token[:-1], token + "a", f" {token}", f"{token}\n", "a" * 26):
        assert confirmations.find(store, other) is None


@pytest.mark.parametrize(
    ("purpose", "lasts"),
    [(Purpose.SUBSCRIBE, 3 * DAY), (Purpose.ADDRESS, 3 * DAY), (Purpose.COMMAND, 3 * DAY), (Purpose.PRIVACY, HOUR)],
)
def test_how_long_a_token_is_good(store: Database, now: datetime, purpose: Purpose, lasts: timedelta) -> None:
    token = confirmations.ask(store, reader(store, now).id, purpose, {}, now)
    found = confirmations.find(store, token)
    assert found is not None
    assert found.expires_at == now + lasts
    assert not found.expired(now + lasts)
    assert found.expired(now + lasts + SECOND)


def test_what_was_confirmed_in_time_stays_confirmed_at_that_time(store: Database, now: datetime) -> None:
    token = confirmations.ask(store, reader(store, now).id, Purpose.ADDRESS, {"address": BOB}, now)
    confirmations.mark_used(store, token, now + HOUR)
    confirmations.mark_used(store, token, now + 2 * DAY)
    found = confirmations.find(store, token)
    assert found is not None
    assert found.used_at == now + HOUR
    assert not found.expired(now + 9 * DAY)


def test_marking_an_unknown_token_marks_nothing(store: Database, now: datetime) -> None:
    token = confirmations.ask(store, reader(store, now).id, Purpose.ADDRESS, {}, now)
    confirmations.mark_used(store, "a" * 26, now)
    found = confirmations.find(store, token)
    assert found is not None
    assert found.used_at is None


def test_withdrawing_makes_the_open_ones_of_that_purpose_and_person_worthless(store: Database, now: datetime) -> None:
    ada, bob = reader(store, now), reader(store, now, BOB)

    def give(person: int, purpose: Purpose) -> str:
        return confirmations.ask(store, person, purpose, {}, now)

    used, open_, other_purpose = (give(ada.id, p) for p in (Purpose.ADDRESS, Purpose.ADDRESS, Purpose.PRIVACY))
    bobs = give(bob.id, Purpose.ADDRESS)
    confirmations.mark_used(store, used, now)
    confirmations.withdraw(store, ada.id, Purpose.ADDRESS)
    assert confirmations.find(store, open_) is None
    assert all(confirmations.find(store, token) for token in (used, other_purpose, bobs))


def test_a_token_goes_with_its_person(store: Database, now: datetime) -> None:
    token = ask(store, now)
    people.erase(store, ADA, now=now)
    assert confirmations.find(store, token) is None
    with pytest.raises(sqlite3.IntegrityError):
        confirmations.ask(store, 999, Purpose.ADDRESS, {}, now)


def test_purging_forgets_the_old_ones(store: Database, now: datetime) -> None:
    person = reader(store, now)
    old = confirmations.ask(store, person.id, Purpose.COMMAND, {}, now - SECOND)
    young = confirmations.ask(store, person.id, Purpose.COMMAND, {}, now)
    assert confirmations.purge(store, now) == 1
    assert confirmations.find(store, old) is None
    assert confirmations.find(store, young)


def test_the_database_holds_a_hash_and_never_the_token(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "newsletter.db"
    db = open_store(path)
    token = ask(db, now)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    db.conn.close()
    assert ADA.encode() in kept
    assert token.encode() not in kept


@given(st.text(max_size=60) | st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26))
def test_no_text_is_a_token_of_ours(text: str) -> None:
    db = Database(memory=True)
    db.conn.execute(
        "CREATE TABLE confirmations (token_hash, subscriber_id, purpose, detail, created_at, expires_at, used_at)"
    )
    try:
        assert confirmations.find(db, text) is None
    finally:
        db.conn.close()


def test_the_detail_is_json_that_people_can_read(store: Database, now: datetime) -> None:
    confirmations.ask(store, reader(store, now).id, Purpose.COMMAND, {"words": "pause für zwei Wochen"}, now)
    kept = [
        json.loads(row[0]) for row in store.conn.execute("SELECT detail FROM confirmations WHERE purpose = 'command'")
    ]
    assert kept == [{"words": "pause für zwei Wochen"}]
