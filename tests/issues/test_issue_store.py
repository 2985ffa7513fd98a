"""Freezing an issue: what stands first stands."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from newsletter.entries.entry import ParsedEntry
from newsletter.entries.store import newest_id
from newsletter.issues import store as issues
from newsletter.issues.control import Word
from newsletter.issues.issue import IssueKey, IssueState, StoredIssue
from newsletter.store import open_store
from subscribers.cadence import Frequency

FRIDAY = IssueKey(Frequency.WEEKLY, date(2026, 11, 27))


@pytest.fixture
def stocked(store: Database) -> Database:
    """Five entries, by number 1 to 5."""
    store.conn.executemany(
        "INSERT INTO entries (title, summary, authors, categories, content_hash, first_seen) "
        "VALUES (?, '', '[]', '[]', x'00', '2026-11-22')",
        [(ParsedEntry(title=f"Entry {n}").title,) for n in range(1, 6)],
    )
    return store


@pytest.fixture
def elsewhere(stocked: Database, tmp_path: Path) -> Iterator[Database]:
    """A second process's connection to the same file."""
    db = open_store(tmp_path / "newsletter.db")
    yield db
    db.conn.close()


def freeze(
    db: Database, now: datetime, key: IssueKey = FRIDAY, edition: str = "first", up_to_entry: int = 5
) -> StoredIssue:
    cards = {1: '{"n":1}', 3: '{"n":3}', 5: '{"n":5}'}
    return issues.freeze(db, key, up_to_entry=up_to_entry, edition=edition, cards=cards, pins=[5, 1], now=now)


def test_a_frozen_issue_is_found_with_all_its_parts(stocked: Database, now: datetime) -> None:
    assert issues.find(stocked, FRIDAY) is None
    frozen = freeze(stocked, now)
    assert frozen == StoredIssue(frozen.id, FRIDAY, IssueState.RELEASED, now, 5, None)
    assert issues.find(stocked, FRIDAY) == frozen
    assert issues.candidates(stocked, frozen.id) == [1, 3, 5]
    assert issues.pins(stocked, frozen.id) == [5, 1]
    assert issues.edition_of(stocked, frozen.id) == "first"
    assert issues.cards_of(stocked, frozen.id, [5, 3, 4]) == {3: '{"n":3}', 5: '{"n":5}'}
    assert newest_id(stocked) == 5


def test_of_two_that_freeze_the_first_stands(stocked: Database, elsewhere: Database, now: datetime) -> None:
    first = freeze(stocked, now)
    second = freeze(elsewhere, now + timedelta(seconds=5), edition="second", up_to_entry=3)
    assert second == first
    assert issues.edition_of(elsewhere, first.id) == "first"
    assert len(issues.all_issues(elsewhere)) == 1


def test_a_freeze_that_fails_leaves_nothing(stocked: Database, now: datetime) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"):
        issues.freeze(stocked, FRIDAY, up_to_entry=9, edition="x", cards={1: "{}", 99: "{}"}, pins=[], now=now)
    assert issues.find(stocked, FRIDAY) is None
    assert freeze(stocked, now).up_to_entry == 5


def test_the_issue_before_is_of_the_same_frequency_and_not_later(stocked: Database, now: datetime) -> None:
    for frequency, day in (("weekly", 13), ("weekly", 20), ("daily", 26), ("weekly", 27)):
        freeze(stocked, now, IssueKey(Frequency(frequency), date(2026, 11, day)))

    def before(frequency: Frequency, day: int) -> str | None:
        found = issues.before(stocked, frequency, date(2026, 11, day), date(2026, 11, day))
        return str(found.key) if found else None

    assert before(Frequency.WEEKLY, 12) is None
    assert before(Frequency.WEEKLY, 20) == "weekly-2026-11-20"
    assert before(Frequency.WEEKLY, 26) == "weekly-2026-11-20"
    assert before(Frequency.DAILY, 30) == "daily-2026-11-26"
    assert before(Frequency.MONTHLY, 30) is None
    newest_first = [str(issue.key) for issue in issues.all_issues(stocked)]
    assert newest_first == ["weekly-2026-11-27", "daily-2026-11-26", "weekly-2026-11-20", "weekly-2026-11-13"]


def test_the_next_issue_begins_behind_a_cancelled_one_but_not_behind_a_skipped_one(
    stocked: Database, now: datetime
) -> None:
    for day in (13, 20):
        freeze(stocked, now, IssueKey(Frequency.WEEKLY, date(2026, 11, day)))
    skipped = issues.find(stocked, IssueKey(Frequency.WEEKLY, date(2026, 11, 20)))
    assert skipped

    def before() -> str:
        found = issues.before(stocked, Frequency.WEEKLY, date(2026, 11, 20), date(2026, 11, 20))
        assert found
        return str(found.key)

    issues.set_state(stocked, skipped.id, IssueState.SKIPPED)
    assert before() == "weekly-2026-11-13"
    issues.set_state(stocked, skipped.id, IssueState.CANCELLED)
    assert before() == "weekly-2026-11-20"


def test_an_issue_without_a_predecessor_begins_where_the_first_one_was_skipped(
    stocked: Database, now: datetime
) -> None:
    assert issues.first_skipped(stocked, FRIDAY) is None
    for frequency, day in (("weekly", 13), ("weekly", 20), ("weekly", 27), ("daily", 12)):
        key = IssueKey(Frequency(frequency), date(2026, 11, day))
        issues.set_state(stocked, freeze(stocked, now, key).id, IssueState.SKIPPED)
    assert issues.first_skipped(stocked, FRIDAY) == date(2026, 11, 13)
    assert issues.first_skipped(stocked, IssueKey(Frequency.WEEKLY, date(2026, 11, 13))) is None


def test_the_last_word_about_an_issue_stands(stocked: Database, elsewhere: Database, now: datetime) -> None:
    assert issues.word_about(stocked, FRIDAY) is None
    other = IssueKey(Frequency.DAILY, date(2026, 11, 27))
    for key, word in ((FRIDAY, Word.HOLD), (other, Word.SKIP), (FRIDAY, Word.CANCEL)):
        issues.say(stocked, key, word, now)
    assert issues.word_about(elsewhere, FRIDAY) is Word.CANCEL
    assert issues.words(elsewhere) == {FRIDAY: Word.CANCEL, other: Word.SKIP}


@pytest.mark.parametrize(
    ("word", "hours", "state", "hours_held"),
    [
        (None, 0, IssueState.RELEASED, None),
        (None, 24, IssueState.HELD, 24),
        (Word.HOLD, 24, IssueState.HELD, None),
        (Word.RELEASE, 24, IssueState.RELEASED, None),
        (Word.SKIP, 0, IssueState.SKIPPED, None),
    ],
)
def test_an_issue_is_frozen_into_what_was_said_in_advance(
    stocked: Database,
    elsewhere: Database,
    now: datetime,
    word: Word | None,
    hours: int,
    state: IssueState,
    hours_held: int | None,
) -> None:
    if word:
        issues.say(elsewhere, FRIDAY, word, now)
    cards = {1: "{}"}
    frozen = issues.freeze(
        stocked, FRIDAY, up_to_entry=5, edition="", cards=cards, pins=[], now=now, review_hours=hours
    )
    until = now + timedelta(hours=hours_held) if hours_held else None
    assert (frozen.state, frozen.held_until) == (state, until)
    assert issues.find(elsewhere, FRIDAY) == frozen


def test_what_waited_long_enough_for_a_review_is_released_and_nothing_else(stocked: Database, now: datetime) -> None:
    keys = [IssueKey(Frequency.WEEKLY, date(2026, 11, day)) for day in (20, 21, 22, 23)]
    reviewed, later, own, skipped = (freeze(stocked, now, key).id for key in keys)
    issues.set_state(stocked, reviewed, IssueState.HELD, now + timedelta(hours=1))
    issues.set_state(stocked, later, IssueState.HELD, now + timedelta(hours=2))
    issues.set_state(stocked, own, IssueState.HELD)
    issues.set_state(stocked, skipped, IssueState.SKIPPED)
    assert issues.release_overdue(stocked, now + timedelta(minutes=59)) == []
    assert issues.release_overdue(stocked, now + timedelta(hours=1)) == keys[:1]
    assert issues.release_overdue(stocked, now + timedelta(hours=1)) == []
    assert [one.key for one in issues.in_state(stocked, IssueState.HELD)] == keys[1:3]
    # Lateness counts from when it was to go, however late anybody looked.
    (released,) = issues.in_state(stocked, IssueState.RELEASED)
    assert released.held_until == now + timedelta(hours=1)


def test_what_is_finished_was_released_until_then(stocked: Database, now: datetime) -> None:
    keys = [IssueKey(Frequency.WEEKLY, date(2026, 11, day)) for day in (20, 21)]
    done, held = (freeze(stocked, now, key).id for key in keys)
    issues.set_state(stocked, held, IssueState.HELD)
    issues.finish(stocked, [done, held])
    found = issues.by_ids(stocked, [done, held, 99])
    assert {one.id: one.state for one in found.values()} == {done: IssueState.DONE, held: IssueState.HELD}


def test_the_state_of_one_issue_changes_alone(stocked: Database, elsewhere: Database, now: datetime) -> None:
    frozen = freeze(stocked, now)
    other = freeze(stocked, now, IssueKey(Frequency.DAILY, date(2026, 11, 27)))
    issues.set_state(stocked, frozen.id, IssueState.DONE)
    states = {issue.id: issue.state for issue in issues.all_issues(elsewhere)}
    assert states == {frozen.id: IssueState.DONE, other.id: IssueState.RELEASED}


def test_what_readers_have_had_is_told_for_those_asked_about(stocked: Database) -> None:
    stocked.conn.executemany("INSERT INTO received VALUES (?, ?, 1)", [(1, 1), (1, 2), (2, 2), (3, 5)])
    assert set(issues.received(stocked, [1, 2, 3], [1, 2])) == {(1, 1), (1, 2), (2, 2)}
    assert set(issues.received(stocked, [], [1])) == set(issues.received(stocked, [1], [])) == set()
    assert set(issues.received(stocked, range(1, 2_001), range(1, 2_001))) == {(1, 1), (1, 2), (2, 2), (3, 5)}
