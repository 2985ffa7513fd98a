"""One reader's scores in parts: they add up to what ranking goes by."""

import numpy as np
import pytest
from hypothesis import given, settings
from worlds import NONE, World, flat, tastes, unit, worlds

from newsletter.ranking.attraction import AGREEMENT, MUTE_FLOOR, MUTE_WEIGHT, NAMED_WEIGHT
from newsletter.ranking.explaining import Scores, near_muted, scores_of

GRAPHS, CELLS = np.eye(4, dtype=np.float32)[:2]


def of(world: World, reader: int) -> tuple[World, Scores]:
    """The same world with that reader alone, and their scores in it."""
    alone = world.with_readers([reader])
    found = scores_of(alone.entries, alone.tastes, alone.general, seen=alone.seen, named=alone.named, floor=alone.floor)
    return alone, found


@settings(max_examples=150)
@given(worlds(most_votes=6))
def test_parts_add_up_to_what_ranking_goes_by(world: World) -> None:
    for reader in range(len(world.followed)):
        if not len(world.entries):
            return
        alone, found = of(world, reader)
        parts = found.words + found.votes + found.both + found.mutes + found.dislikes + found.general
        assert parts == pytest.approx(found.relevance, abs=1e-4)
        ranking = alone.ranking()
        for place, entry in enumerate(ranking.entry[0]):
            if entry >= 0:
                assert found.relevance[entry] == pytest.approx(ranking.relevance[0, place], abs=1e-4)
                assert found.standing[entry] == pytest.approx(ranking.standing[0, place], rel=1e-3, abs=1e-3)
                assert found.closeness[entry] == pytest.approx(ranking.closeness[0, place], abs=1e-5)
        assert (found.muted == ranking.muted[0]).all()
        assert (found.mutes < 1e-5).all()
        assert (found.dislikes < 1e-5).all()
        assert (found.votes > -1e-5).all() or not found.in_words
        assert (found.both > -1e-5).all()


@given(worlds(most_votes=6))
def test_what_was_had_has_the_score_that_it_had_before(world: World) -> None:
    for reader in range(len(world.followed)):
        if not len(world.entries) or world.disliked[reader]:
            continue  # what a dislike takes goes by the average of what is not had yet
        alone, found = of(world, reader)
        unseen = scores_of(alone.entries, alone.tastes, alone.general, named=alone.named, floor=alone.floor)
        assert np.isfinite(found.relevance).all()
        assert found.relevance == pytest.approx(unseen.relevance, abs=1e-5)


def test_each_part_says_what_its_name_says() -> None:
    entries = unit([[1, 0.3, 0, 0], [0.5, 0.8, 0, 0.3]])
    found = scores_of(entries, tastes([GRAPHS[None]], [CELLS[None]], liked=[[0]], voted=entries[:1]), flat(entries))
    assert found.follows
    assert found.in_words
    assert found.words == pytest.approx(entries @ GRAPHS, abs=1e-5)
    near = entries @ CELLS
    assert found.mutes == pytest.approx(-MUTE_WEIGHT * np.maximum(near - MUTE_FLOOR, 0), abs=1e-5)
    assert found.both[0] > 0
    assert found.both[0] <= AGREEMENT
    assert found.general.tolist() == [0, 0]


def test_who_follows_nothing_has_the_general_score_and_still_mutes() -> None:
    entries = unit(np.eye(4))
    general = np.array([0.1, 0.4, 0.2, 0.3], np.float32)
    found = scores_of(entries, tastes([NONE]), general, named=np.array([[False, True, False, False]]))
    assert not found.follows
    assert found.general == pytest.approx(general)
    assert found.mutes == pytest.approx([0, -NAMED_WEIGHT, 0, 0], abs=1e-6)
    assert found.words.tolist() == [0, 0, 0, 0]


def test_who_only_liked_something_is_drawn_by_that_alone() -> None:
    entries = unit([[1, 0.1, 0, 0], [0, 0, 1, 0]])
    found = scores_of(entries, tastes([NONE], liked=[[0]], voted=entries[:1]), flat(entries))
    assert found.follows
    assert not found.in_words
    assert found.votes == pytest.approx(found.relevance, abs=1e-6)
    assert found.votes[0] > found.votes[1]


def test_near_a_muted_line_is_what_ranking_takes_for_muted() -> None:
    entries = unit([[1, 0.6, 0, 0], [1, 0, 0.8, 0]])
    found = scores_of(entries, tastes([GRAPHS[None]], [CELLS[None]]), flat(entries))
    assert near_muted(entries, CELLS).tolist() == found.muted.tolist() == [True, False]
