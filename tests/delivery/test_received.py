"""What a reader has received: what their mails held, until one of them failed."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from postbox import ADA, BOB, RECIPE, claim, person_in, step
from sqlite_utils import Database

from newsletter.delivery import guard, ledger
from newsletter.delivery.ledger import NewDelivery
from newsletter.delivery.outcomes import Refused
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey
from subscribers.cadence import Frequency
from subscribers.states import State


@pytest.fixture
def ada(store: Database, now: datetime) -> int:
    return person_in(store, now, State.ACTIVE, ADA).id


@pytest.fixture
def bob(store: Database, now: datetime) -> int:
    return person_in(store, now, State.ACTIVE, BOB).id


def compose(db: Database, now: datetime, due: date, reader: int, *entries: int, left_out: int = 0) -> None:
    """A copy of that day's issue that holds these entries, but for the last ones."""
    key = IssueKey(Frequency.WEEKLY, due)
    known = issues.find(db, key)
    issue = known or issues.freeze(db, key, up_to_entry=0, edition="{}", cards={}, pins=[], now=now)
    picks = tuple(replace(RECIPE.picks[0], entry_id=entry) for entry in entries)
    recipe = replace(RECIPE, picks=picks, left_out=left_out)
    ledger.enqueue(db, [NewDelivery(issue.id, reader, f"{due:%G-W%V}", now, recipe)], now)


def received(db: Database) -> list[tuple[int, int]]:
    return db.conn.execute("SELECT subscriber_id, entry_id FROM received ORDER BY 1, 2").fetchall()


FRIDAY, NEXT_FRIDAY = date(2026, 11, 27), date(2026, 12, 4)


def test_it_is_what_each_mail_holds_and_not_what_did_not_fit(
    store: Database, ada: int, bob: int, now: datetime
) -> None:
    eve = person_in(store, now, State.ACTIVE, "eve@example.org").id
    compose(store, now, FRIDAY, ada, 1, 2)
    compose(store, now, FRIDAY, bob, 3, 1, 2, 4, left_out=1)
    compose(store, now, FRIDAY, eve, 2, left_out=1)
    assert len(claim(store, now)) == 3
    assert received(store) == [(ada, 1), (ada, 2), (bob, 1), (bob, 2), (bob, 3)]


def test_what_fails_frees_its_own_entries_and_no_others(store: Database, ada: int, bob: int, now: datetime) -> None:
    compose(store, now, FRIDAY, ada, 1, 2)
    compose(store, now, FRIDAY, bob, 3)
    claim(store, now)
    # What Ada had by the first one is hers, although it is in the second as well; and Bob has the other.
    compose(store, now, NEXT_FRIDAY, ada, 2, 3)
    (copy,) = claim(store, now)
    assert received(store) == [(ada, 1), (ada, 2), (ada, 3), (bob, 3)]
    step(store, "w1", None, copy.delivery.id, now)
    step(store, "w1", (copy.delivery.id, Refused("550 no such user")), None, now)
    assert received(store) == [(ada, 1), (ada, 2), (bob, 3)]


def test_what_another_database_may_have_sent_counts_as_received(store: Database, ada: int, now: datetime) -> None:
    compose(store, now, FRIDAY, ada, 1, 2)
    guard.doubt(store, now)
    assert claim(store, now) == []
    assert received(store) == [(ada, 1), (ada, 2)]
