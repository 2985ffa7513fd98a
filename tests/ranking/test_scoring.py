"""All readers against all entries: who gets which, and why."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import NONE, Rows, World, assert_same, flat, names, slowly, tastes, unit, worlds

from newsletter.ranking import scoring
from newsletter.ranking.attraction import MUTE_FLOOR, MUTE_WEIGHT, NAMED_WEIGHT
from newsletter.ranking.choosing import NEAR_DUPLICATE, POOL
from newsletter.ranking.scoring import general_scores, rank


def around(direction: int, spread: Sequence[float], dimensions: int = 4) -> Rows:
    """Entries near one direction, each leaning differently to the last one."""
    rows = np.zeros((len(spread), dimensions))
    rows[:, direction] = 1
    rows[:, -1] = spread
    return rows.tolist()


GRAPHS, CELLS, BRIDGES = np.eye(4, dtype=np.float32)[:3]


def test_the_best_of_a_small_interest_has_a_place_among_many_of_a_large_one() -> None:
    many = around(0, [0.0, 0.6, -0.6, 1.2, -1.2])
    small = [[0.0, 0.5, 0.87, 0.0]]
    entries = unit([*many, *small])
    ranking = rank(entries, tastes([np.stack([GRAPHS, CELLS])]), flat(entries), 3)
    assert 5 in names(ranking)
    assert ranking.interest[0, names(ranking).index(5)] == 1


def test_the_nearest_interest_counts_and_not_their_mean() -> None:
    entries = unit([[1, 0, 0, 0], [0.7, 0.7, 0, 0]])  # the second is near the mean of both interests
    ranking = rank(entries, tastes([np.stack([GRAPHS, CELLS])]), flat(entries), 2)
    assert names(ranking) == [0, 1]
    assert ranking.relevance[0] == pytest.approx([1.0, 0.7071], abs=1e-3)


def test_what_a_reader_has_had_is_no_interests_best() -> None:
    entries = unit([*around(0, [0.0, 0.6, -0.6]), [0, 1, 0, 0], [0, 0.5, 0.8, 0]])
    seen = np.array([[False, False, False, True, False]])
    ranking = rank(entries, tastes([np.stack([GRAPHS, CELLS])]), flat(entries), 2, seen=seen)
    assert sorted(names(ranking)) == [0, 4]


def test_a_muted_line_pushes_down_what_is_near_it() -> None:
    entries = unit([[1, 0.6, 0, 0], [1, 0, 0.8, 0]])
    plain = rank(entries, tastes([GRAPHS[None]]), flat(entries), 2)
    muted = rank(entries, tastes([GRAPHS[None]], [CELLS[None]]), flat(entries), 2)
    assert names(plain) == [0, 1]
    assert names(muted) == [1, 0]
    assert muted.muted.tolist() == [[True, False]]
    near = float(entries[0] @ CELLS)
    assert muted.relevance[0, 1] == pytest.approx(plain.relevance[0, 0] - MUTE_WEIGHT * (near - MUTE_FLOOR), abs=1e-5)


def test_a_line_muted_by_name_pushes_down_what_holds_it() -> None:
    entries = unit([[1, 0.2, 0, 0], [1, 0, 0.8, 0]])
    ranking = rank(entries, tastes([GRAPHS[None]]), flat(entries), 2, named=np.array([[True, False]]))
    assert names(ranking) == [1, 0]
    assert ranking.muted.tolist() == [[True, False]]
    assert ranking.relevance[0, 1] == pytest.approx(float(entries[0] @ GRAPHS) - NAMED_WEIGHT, abs=1e-5)


def test_a_reader_without_interests_gets_what_is_worth_reading_in_general() -> None:
    entries = unit(np.eye(4))
    general = np.array([0.1, 0.4, 0.2, 0.3], np.float32)
    ranking = rank(entries, tastes([NONE]), general, 4)
    assert names(ranking) == [1, 3, 2, 0]
    assert ranking.interest.tolist() == [[-1] * 4]
    assert ranking.outside.tolist() == [-1]


def test_one_piece_of_news_told_twice_is_chosen_once() -> None:
    entries = unit([[1, 0, 0, 0], [1, 0.05, 0, 0], [0.8, 0, 0.6, 0]])
    ranking = rank(entries, tastes([GRAPHS[None]]), flat(entries), 3)
    assert ranking.entry.tolist() == [[0, 2, -1]]
    assert ranking.interest.tolist() == [[0, 0, -1]]
    assert np.isneginf(ranking.relevance[0, 2])


def test_of_two_that_say_much_the_same_the_other_waits() -> None:
    entries = unit([[1, 0, 0, 0], [1, 0.5, 0, 0], [0.87, 0, 0.5, 0]])
    ranking = rank(entries, tastes([GRAPHS[None]]), flat(entries), 2)
    assert names(ranking) == [0, 1]
    # The second says nearly what the first does, the third something else: a little less relevant, it comes before.
    twins = unit([[1, 0.42, 0, 0], [1, 0.44, 0.6, 0], [0.8, -0.6, 0, 0]])
    assert names(rank(twins, tastes([GRAPHS[None]]), flat(twins), 2)) == [0, 2]


def test_nothing_to_choose_from_leaves_no_places() -> None:
    entries = np.zeros((0, 4), np.float32)
    ranking = rank(entries, tastes([GRAPHS[None], NONE]), flat(entries), 7)
    assert ranking.entry.shape == (2, 0)
    assert ranking.muted.shape == (2, 0)
    assert ranking.outside.tolist() == [-1, -1]


def test_no_readers_are_no_trouble() -> None:
    entries = unit(np.eye(4))
    ranking = rank(entries, tastes([]), flat(entries), 3)
    assert len(ranking.entry) == len(ranking.outside) == len(ranking.muted) == 0


def test_who_has_had_everything_gets_nothing() -> None:
    entries = unit(np.eye(4))
    ranking = rank(entries, tastes([GRAPHS[None], NONE]), flat(entries), 3, seen=np.ones((2, 4), bool))
    assert (ranking.entry == -1).all()
    assert (ranking.interest == -1).all()
    assert (ranking.outside == -1).all()


def test_general_scores_put_the_liked_before_the_unknown_and_the_unknown_before_nothing() -> None:
    entries = unit(np.eye(4))
    scores = general_scores(entries, [1_000, 10, None, None])
    assert scores[0] > scores[1]
    assert scores[2] == pytest.approx(scores[3])
    assert general_scores(np.zeros((0, 4), np.float32), []).shape == (0,)
    assert general_scores(unit([[1, 0]]), [0]).tolist() == pytest.approx([0.25])


def test_the_step_outside_is_the_same_whoever_else_is_ranked() -> None:
    rng = np.random.default_rng(3)
    entries = unit(rng.normal(size=(60, 4)))
    readers = [unit(rng.normal(size=(2, 4))) for _ in range(9)]
    together = rank(entries, tastes(readers), flat(entries), 5, seed=11)
    alone = [rank(entries, tastes([reader]), flat(entries), 5, seed=11).outside[0] for reader in readers]
    assert together.outside.tolist() == alone
    assert len(set(alone)) > 3


# -- anything at all, against the formula written out slowly


@given(worlds())
@settings(max_examples=100)
def test_the_ranking_is_the_formula(world: World) -> None:
    ranking = world.ranking()
    for reader in range(len(world.followed)):
        expected = slowly(world, reader)
        assert names(ranking, reader) == [n for n, _ in expected]
        assert ranking.relevance[reader, : len(expected)] == pytest.approx([v for _, v in expected], abs=1e-4)
        assert (ranking.entry[reader, len(expected) :] == -1).all()


@given(worlds())
def test_places_hold_different_unseen_entries_and_the_interest_they_come_from(world: World) -> None:
    ranking, all_tastes = world.ranking(), world.tastes
    for reader, followed in enumerate(world.followed):
        chosen = names(ranking, reader)
        assert len(set(chosen)) == len(chosen)
        assert not world.seen[reader, chosen].any()
        alike = world.entries[chosen] @ world.entries[chosen].T - np.eye(len(chosen))
        assert (alike < NEAR_DUPLICATE).all()
        for place, n in enumerate(chosen):
            row = int(ranking.interest[reader, place])
            if not len(followed):
                assert row == -1
                continue
            assert all_tastes.follower[row] == reader
            cosines = followed @ world.entries[n]
            assert float(all_tastes.followed[row] @ world.entries[n]) == pytest.approx(float(cosines.max()), abs=1e-5)


@given(worlds())
def test_the_step_outside_is_no_place_nor_seen_nor_muted_nor_elsewhere_in_the_issue(world: World) -> None:
    ranking = world.ranking()
    for reader, followed in enumerate(world.followed):
        outside = int(ranking.outside[reader])
        if outside < 0:
            continue
        assert len(followed)
        assert outside not in names(ranking, reader)
        assert outside not in world.elsewhere
        assert not world.seen[reader, outside]
        assert not ranking.muted[reader, outside]


@given(worlds(), st.integers(1, 4))
def test_readers_in_small_chunks_get_what_they_get_together(world: World, chunk: int) -> None:
    whole = world.ranking()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "CHUNK", chunk)
        parts = world.ranking()
    assert_same(whole, parts)


@given(worlds())
def test_the_order_of_readers_does_not_matter(world: World) -> None:
    order = list(range(len(world.followed)))[::-1]
    turned = world.with_readers(order)
    whole, other = world.ranking(), turned.ranking()
    assert (whole.entry[order] == other.entry).all()
    assert whole.relevance[order] == pytest.approx(other.relevance, abs=1e-5)
    assert (whole.muted[order] == other.muted).all()
    assert whole.outside[order].tolist() == other.outside.tolist()


@given(worlds())
def test_the_same_arguments_give_the_same_ranking(world: World) -> None:
    assert_same(world.ranking(), world.ranking())


def test_with_more_entries_than_compete_the_best_are_found() -> None:
    rng = np.random.default_rng(0)
    entries = unit(rng.normal(size=(400, 16)))
    interest = unit(rng.normal(size=(1, 16)))
    ranking = rank(entries, tastes([interest], dimensions=16), flat(entries), 5)
    cosines = entries @ interest[0]
    assert ranking.entry[0, 0] == cosines.argmax()
    assert set(names(ranking)) <= set(np.argsort(-cosines)[:POOL].tolist())
