"""Whom never to mail."""

from datetime import datetime

import pytest
from sqlite_utils import Database

from subscribers.suppression import Reason, lift, suppress, suppression_of


@pytest.mark.parametrize("reason", Reason)
def test_a_suppressed_address_is_known_with_its_reason(store: Database, now: datetime, reason: Reason) -> None:
    suppress(store, "ada@example.org", reason, now)
    assert reason is suppression_of(store, "ada@example.org")


def test_other_addresses_are_not_suppressed(store: Database, now: datetime) -> None:
    suppress(store, "ada@example.org", Reason.BOUNCED, now)
    assert suppression_of(store, "ada+papers@example.org") is None


@pytest.mark.parametrize("written", ["ADA@bücher.example", " ada@xn--bcher-kva.example", "Ada@XN--BCHER-KVA.example"])
def test_it_does_not_matter_how_the_address_is_written(store: Database, now: datetime, written: str) -> None:
    suppress(store, "ada@bücher.example", Reason.BOUNCED, now)
    assert Reason.BOUNCED is suppression_of(store, written)


def test_a_complaint_is_not_overwritten_by_a_milder_reason(store: Database, now: datetime) -> None:
    suppress(store, "ada@example.org", Reason.COMPLAINED, now)
    suppress(store, "ada@example.org", Reason.ERASED, now)
    assert Reason.COMPLAINED is suppression_of(store, "ada@example.org")


def test_a_complaint_overwrites_a_milder_reason(store: Database, now: datetime) -> None:
    suppress(store, "ada@example.org", Reason.BOUNCED, now)
    suppress(store, "ada@example.org", Reason.COMPLAINED, now)
    assert Reason.COMPLAINED is suppression_of(store, "ada@example.org")


def test_lifting_ends_it_and_may_be_repeated(store: Database, now: datetime) -> None:
    suppress(store, "ada@example.org", Reason.ERASED, now)
    lift(store, "Ada@example.org")
    lift(store, "Ada@example.org")
    assert suppression_of(store, "ada@example.org") is None


def test_the_list_holds_a_keyed_hash_and_not_the_address(store: Database, now: datetime) -> None:
    suppress(store, "ada@example.org", Reason.BOUNCED, now)
    [(kept, reason, at)] = store.conn.execute("SELECT * FROM suppressions").fetchall()
    assert (len(kept), reason, at) == (32, "bounced", "2026-11-22T12:00:00+00:00")
    store.conn.execute("UPDATE suppression_key SET key = zeroblob(32)")
    assert suppression_of(store, "ada@example.org") is None
