"""One reader's scores in parts: they add up to what ranking goes by."""

import numpy as np
import pytest
from hypothesis import given, settings
from slowly import Slowly
from worlds import Person, World, following, muting, names, offered, tastes, unit, voting, worlds

from newsletter.ranking.attraction import MUTE, MUTE_FLOOR, NAMED
from newsletter.ranking.explaining import Scores, near_muted, scores_of

GRAPHS, CELLS = np.eye(4, dtype=np.float32)[:2]
OTHERS = (np.random.default_rng(2).normal(size=(30, 4)) * [0.3, 0.3, 1, 1]).tolist()


def of(world: World, reader: int) -> tuple[World, Scores]:
    """The same world with that reader alone, and their scores in it."""
    alone = world.with_readers([reader])
    found = scores_of(alone.offer, alone.tastes, named=alone.named, authored=alone.authored, floor=alone.floor)
    return alone, found


@settings(max_examples=60)
@given(worlds(most_votes=5))
def test_parts_add_up_to_what_ranking_goes_by(world: World) -> None:
    for reader in range(len(world.people)):
        if not len(world.entries):
            return
        alone, found = of(world, reader)
        parts = found.words + found.votes + found.author + found.mutes + found.dislikes + found.general
        assert parts == pytest.approx(found.relevance, abs=1e-4)
        ranking = alone.ranking()
        for place, entry in enumerate(names(ranking)):
            assert found.relevance[entry] == pytest.approx(ranking.relevance[0, place], abs=1e-4)
            assert found.standing[entry] == pytest.approx(ranking.standing[0, place], abs=1e-4)
            assert found.closeness[entry] == pytest.approx(ranking.closeness[0, place], abs=1e-5)
        assert (found.muted == ranking.muted[0]).all()
        assert (found.mutes < 1e-4).all()
        assert (found.dislikes < 1e-4).all()
        assert (found.author > -1e-4).all()
        assert (found.author[~alone.authored[0]] == 0).all()


@settings(max_examples=30)
@given(worlds(most_votes=4))
def test_each_part_is_what_its_own_formula_says(world: World) -> None:
    for reader in range(len(world.people)):
        if not len(world.entries):
            return
        _, found = of(world, reader)
        slow = Slowly(world, reader)
        assert found.follows == slow.follows
        assert found.in_words == bool(slow.lines)
        if slow.lines:
            best = [slow.line_of(n) for n in slow.every]
            assert found.words + found.votes == pytest.approx(
                [slow.drawn[line][n] for n, line in enumerate(best)], abs=2e-3
            )
        elif slow.liked:
            assert found.votes == pytest.approx(slow.alone(), abs=2e-3)
            assert not found.words.any()
        else:
            assert found.general == pytest.approx(world.general)
        taken = [-NAMED * world.named[reader, n] - MUTE * max(0.0, slow.near_muted(n) - MUTE_FLOOR) for n in slow.every]
        assert found.mutes == pytest.approx(taken, abs=1e-3)


def test_who_follows_nothing_has_the_general_score_and_still_mutes() -> None:
    entries, general = unit(np.eye(4)), [0.1, 0.4, 0.2, 0.3]
    named = np.array([[False, True, False, False]])
    found = scores_of(offered(entries, general), tastes([Person()]), named=named)
    assert not found.follows
    assert found.general == pytest.approx(general)
    assert found.mutes == pytest.approx([0, -NAMED, 0, 0], abs=1e-6)
    assert found.words.tolist() == [0, 0, 0, 0]


def test_who_only_liked_something_is_drawn_by_that_alone() -> None:
    entries = unit([[1, 0.1, 0, 0], [0, 1, 0, 0], *OTHERS])
    found = scores_of(offered(entries), tastes([voting(Person(), liked=[0])], entries[:1]))
    assert found.follows
    assert not found.in_words
    assert found.votes == pytest.approx(found.relevance, abs=1e-6)
    assert found.votes[0] > found.votes[1]


def test_near_a_muted_line_is_what_ranking_takes_for_muted() -> None:
    entries = unit([[1, 0.6, 0, 0], [1, 0, 0.8, 0], *OTHERS])
    found = scores_of(offered(entries), tastes([muting(following(GRAPHS), CELLS)]))
    assert near_muted(CELLS, entries).tolist() == found.muted.tolist()
    assert found.muted[:2].tolist() == [True, False]


def test_other_entries_beside_an_offer_change_nothing_for_its_own() -> None:
    """So what the editor dropped can be scored, too."""
    entries, others = unit([[1, 0.1, 0, 0], [0, 1, 0, 0], *OTHERS]), unit([[1, 0, 0, 0.3], [0, 0, -1, 1]])
    one = tastes([voting(following(GRAPHS), liked=[0])], unit([[0, 1, 0, 0.2]]))
    alone = scores_of(offered(entries), one)
    together = scores_of(offered(np.concatenate([entries, others]), uncounted=2), one)
    for name in ("relevance", "words", "votes", "standing", "closeness"):
        assert getattr(together, name)[: len(entries)] == pytest.approx(getattr(alone, name), abs=1e-4)
    assert together.relevance[len(entries)] > together.relevance[len(entries) + 1]
