"""The program stops an issue by itself: nothing of it leaves until a person says so."""

from datetime import datetime

import pytest
from ledgerbook import copies, made
from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.whole_issues import stop_issue
from newsletter.issues import store as issues
from newsletter.issues.control import Word, why_not_sent
from newsletter.issues.issue import IssueState

WHY = "gmail.com refuses our mail"


def test_what_was_claimed_waits_again_and_the_word_and_the_reason_stay(store: Database, now: datetime) -> None:
    issue, key = made(store, "2026-11-27", now)
    other, _ = made(store, "2026-12-04", now)
    for state in ("sent", "claimed", "queued", "sending"):
        copies(store, issue, now, 1, state)
    copies(store, other, now, 1, "claimed")
    assert stop_issue(store, issue, WHY, now)
    stopped = issues.find(store, key)
    assert stopped
    assert (stopped.state, stopped.held_until, stopped.held_why) == (IssueState.HELD, None, WHY)
    assert (issues.word_about(store, key), issues.said_at(store, key)) == (Word.HOLD, now)
    assert records.count_by_state(store, issue) == {"sent": 1, "sending": 1, "queued": 2}
    assert records.count_by_state(store, other) == {"claimed": 1}
    assert why_not_sent(stopped.state, stopped.held_until, stopped.held_why) == (
        "it was stopped, because gmail.com refuses our mail; it is held until you release it"
    )


@pytest.mark.parametrize("state", [one for one in IssueState if one is not IssueState.RELEASED])
def test_of_what_goes_nowhere_anyway_nothing_is_changed(store: Database, now: datetime, state: IssueState) -> None:
    issue, key = made(store, "2026-11-27", now, state=state)
    assert not stop_issue(store, issue, WHY, now)
    found = issues.find(store, key)
    assert found
    assert (found.state, found.held_why, issues.word_about(store, key)) == (state, "", None)


def test_twice_is_once_and_what_a_person_says_takes_the_reason_away(store: Database, now: datetime) -> None:
    issue, key = made(store, "2026-11-27", now)
    assert stop_issue(store, issue, WHY, now)
    assert not stop_issue(store, issue, "another reason", now)
    for state in (IssueState.HELD, IssueState.RELEASED):
        found = issues.find(store, key)
        assert found
        assert found.held_why == WHY
        issues.set_state(store, issue, state)
        found = issues.find(store, key)
        assert found
        assert found.held_why == ""
        issues.set_state(store, issue, IssueState.RELEASED)
        assert stop_issue(store, issue, WHY, now)
