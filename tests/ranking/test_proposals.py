"""Proposals are kept by person: in how many issues each stood, and what was said to it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.ranking.proposals import (
    Proposal,
    ProposalState,
    answer,
    keep,
    number_of,
    proposals_of,
    still_liked,
    with_likes,
)
from newsletter.ranking.votes import set_vote

OWLS, LAVA = Proposal("owls", (3, 1)), Proposal("lava", (2,))


def test_what_stands_in_copies_is_counted(store: Database, now: datetime) -> None:
    for _ in range(2):
        keep(store, {1: OWLS, 2: None}, now)
    assert proposals_of(store, [1, 2]) == {1: [Proposal("owls", (3, 1), ProposalState.PROPOSED, 2)]}


def test_what_stands_there_no_more_is_over(store: Database, now: datetime) -> None:
    keep(store, {1: OWLS, 2: OWLS}, now)
    keep(store, {1: LAVA}, now + timedelta(days=7))
    states = {one.text: one.state for one in proposals_of(store, [1])[1]}
    assert states == {"lava": ProposalState.PROPOSED, "owls": ProposalState.IGNORED}
    assert proposals_of(store, [1])[1][0].text == "lava"
    assert proposals_of(store, [2])[2][0].state is ProposalState.PROPOSED


@pytest.mark.parametrize("state", [ProposalState.FOLLOWED, ProposalState.DECLINED])
def test_an_answer_stays(store: Database, now: datetime, state: ProposalState) -> None:
    keep(store, {1: OWLS, 2: OWLS}, now)
    answer(store, 1, "owls", state)
    keep(store, {1: None, 2: OWLS}, now)
    assert proposals_of(store, [1])[1][0].state is state
    assert proposals_of(store, [2])[2][0].state is ProposalState.PROPOSED


def test_likes_are_counted_as_they_are_now(store: Database, now: datetime) -> None:
    for n, (person, entry, value) in enumerate([(1, 1, 1), (1, 2, 1), (1, 3, -1), (1, 4, 1), (2, 1, 1)]):
        store.conn.execute(
            "INSERT OR IGNORE INTO entries (id, title, summary, authors, categories, content_hash, first_seen) "
            "VALUES (?, 'x', '', '[]', '[]', x'00', '')",
            [entry],
        )
        set_vote(store, person, entry, value, now + timedelta(minutes=n))
    assert with_likes(store, [1, 2], 3) == {1}
    assert with_likes(store, [1, 2], 4) == set()
    assert still_liked(store, 1, [1, 2, 3]) == [2, 1]


@given(st.text())
def test_any_text_has_a_number_that_a_link_can_carry(text: str) -> None:
    assert 0 <= number_of(text) < 2**56
    assert number_of(text) == Proposal(text, ()).number
