"""The table of votes: the last word of each reader on each entry."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import ParsedEntry
from newsletter.ranking.votes import MOST_VOTES, Vote, forget, set_vote, vote_of, votes_of

ADA, BOB, EVE = 1, 2, 3


@pytest.fixture
def db(store: Database, now: datetime) -> Iterator[Database]:
    """With entries 1 to 9."""
    entries.save(store, "test", "test", [ParsedEntry(f"Entry {n}") for n in range(1, 10)], now)
    yield store


def values(db: Database, *readers: int) -> dict[int, dict[int, int]]:
    return {reader: {vote.entry_id: vote.value for vote in own} for reader, own in votes_of(db, readers).items()}


def test_the_last_word_counts(db: Database, now: datetime) -> None:
    assert vote_of(db, ADA, 1) == 0
    assert set_vote(db, ADA, 1, 1, now) == 0
    assert vote_of(db, ADA, 1) == 1
    assert set_vote(db, ADA, 1, -1, now) == 1
    assert vote_of(db, ADA, 1) == -1
    assert votes_of(db, [ADA]) == {ADA: [Vote(1, -1, now)]}


def test_a_vote_taken_back_leaves_nothing(db: Database, now: datetime) -> None:
    set_vote(db, ADA, 1, 1, now)
    assert set_vote(db, ADA, 1, 0, now) == 1
    assert vote_of(db, ADA, 1) == 0
    assert votes_of(db, [ADA]) == {}
    assert set_vote(db, ADA, 1, 0, now) == 0


def test_a_link_that_is_followed_twice_votes_once_and_the_first_time_stays(db: Database, now: datetime) -> None:
    for hours in range(3):
        set_vote(db, ADA, 1, 1, now + timedelta(hours=hours))
    assert votes_of(db, [ADA]) == {ADA: [Vote(1, 1, now)]}


def test_what_it_was_before_undoes_it(db: Database, now: datetime) -> None:
    set_vote(db, ADA, 1, -1, now)
    before = set_vote(db, ADA, 1, 1, now)
    set_vote(db, ADA, 1, before, now)
    assert vote_of(db, ADA, 1) == -1


def test_the_newest_come_first_and_no_more_than_count(store: Database, now: datetime) -> None:
    count = MOST_VOTES + 20
    entries.save(store, "test", "test", [ParsedEntry(f"Entry {n}") for n in range(1, count + 1)], now)
    for n in range(1, count + 1):
        set_vote(store, ADA, n, 1 if n % 2 else -1, now + timedelta(minutes=n))
    set_vote(store, BOB, 7, 1, now)
    found = votes_of(store, [ADA, BOB, EVE])
    assert [vote.entry_id for vote in found[ADA]] == list(range(count, 20, -1))
    assert found[BOB] == [Vote(7, 1, now)]
    assert EVE not in found


def test_only_the_readers_that_were_asked_for(db: Database, now: datetime) -> None:
    for reader in (ADA, BOB, EVE):
        set_vote(db, reader, reader, 1, now)
    assert values(db, ADA, EVE) == {ADA: {1: 1}, EVE: {3: 1}}
    assert votes_of(db, []) == {}


def test_who_is_forgotten_has_no_votes_and_others_keep_theirs(db: Database, now: datetime) -> None:
    set_vote(db, ADA, 1, 1, now)
    set_vote(db, ADA, 2, -1, now)
    set_vote(db, BOB, 1, -1, now)
    forget(db, ADA)
    assert values(db, ADA, BOB) == {BOB: {1: -1}}


@pytest.mark.parametrize("value", [2, -2, 7])
def test_there_are_no_other_votes(db: Database, now: datetime, value: int) -> None:
    with pytest.raises(ValueError, match="A vote is 1, -1 or 0"):
        set_vote(db, ADA, 1, value, now)
    assert votes_of(db, [ADA]) == {}


@given(st.lists(st.tuples(st.sampled_from([ADA, BOB, EVE]), st.integers(1, 9), st.sampled_from([-1, 0, 1]))))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_votes_the_table_holds_the_last_words(
    db: Database, now: datetime, said: list[tuple[int, int, int]]
) -> None:
    for reader in (ADA, BOB, EVE):
        forget(db, reader)
    last: dict[int, dict[int, int]] = {ADA: {}, BOB: {}, EVE: {}}
    for minute, (reader, entry, value) in enumerate(said):
        assert set_vote(db, reader, entry, value, now + timedelta(minutes=minute)) == last[reader].get(entry, 0)
        last[reader][entry] = value
    kept = {reader: {entry: value for entry, value in own.items() if value} for reader, own in last.items()}
    assert values(db, ADA, BOB, EVE) == {reader: own for reader, own in kept.items() if own}
    for own in votes_of(db, [ADA, BOB, EVE]).values():
        assert [vote.at for vote in own] == sorted((vote.at for vote in own), reverse=True)
