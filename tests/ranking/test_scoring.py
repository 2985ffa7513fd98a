"""All readers against all entries: who gets which, and why."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slowly import Slowly
from worlds import (
    Person,
    Rows,
    World,
    assert_same,
    following,
    muting,
    names,
    offered,
    tastes,
    unit,
    voting,
    worlds,
)

from newsletter.ranking import scoring
from newsletter.ranking.attraction import AUTHOR, MUTE, MUTE_FLOOR, NAMED
from newsletter.ranking.choosing import NEAR_DUPLICATE, POOL
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.scoring import general_scores, rank

GRAPHS, CELLS, BRIDGES = np.eye(4, dtype=np.float32)[:3]


# -- anything at all, against the formula written out slowly


@given(worlds(most_votes=4))
@settings(max_examples=100)
def test_the_ranking_is_the_formula(world: World) -> None:
    ranking = world.ranking()
    for reader in range(len(world.people)):
        slow = Slowly(world, reader)
        expected = slow.places()
        assert names(ranking, reader) == [n for n, _ in expected]
        assert ranking.relevance[reader, : len(expected)] == pytest.approx([v for _, v in expected], abs=2e-3)
        assert (ranking.entry[reader, len(expected) :] == -1).all()
        assert ranking.muted[reader].tolist() == [slow.muted(n) for n in slow.every]
        for place, (n, _) in enumerate(expected):
            assert ranking.closeness[reader, place] == pytest.approx(slow.closeness(n), abs=1e-4)
            assert ranking.standing[reader, place] == pytest.approx(slow.standing(n), abs=2e-3)


@given(worlds(most_votes=3))
def test_places_hold_different_unseen_entries_and_the_interest_they_come_from(world: World) -> None:
    ranking, all_tastes = world.ranking(), world.tastes
    for reader in range(len(world.people)):
        chosen = names(ranking, reader)
        assert len(set(chosen)) == len(chosen)
        assert not world.seen[reader, chosen].any()
        alike = world.entries[chosen] @ world.entries[chosen].T - 2 * np.eye(len(chosen))
        assert (alike < NEAR_DUPLICATE + 1e-5).all()
        assert (np.diff(ranking.relevance[reader, : len(chosen)]) <= 1e-5).all()
        for place in range(ranking.entry.shape[1]):
            interest, liked = int(ranking.interest[reader, place]), int(ranking.liked[reader, place])
            assert interest < 0 or liked < 0
            assert interest < 0 or all_tastes.follower[interest] == reader
        # Whatever is not chosen though there was a place is had, or tells the same news.
        left = [n for n in range(len(world.entries)) if not world.seen[reader, n] and n not in chosen]
        if len(chosen) < min(world.places, len(world.entries)):
            assert all((world.entries[n] @ world.entries[chosen].T).max() >= NEAR_DUPLICATE - 1e-5 for n in left)


@given(worlds(most_votes=3))
def test_the_step_outside_has_no_place_nor_is_it_seen_nor_muted_nor_elsewhere_in_the_issue(world: World) -> None:
    ranking = world.ranking()
    for reader in range(len(world.people)):
        outside = int(ranking.outside[reader])
        if outside < 0:
            continue
        slow = Slowly(world, reader)
        assert slow.follows
        assert outside not in names(ranking, reader)
        assert outside not in world.elsewhere
        assert not world.seen[reader, outside]
        assert not ranking.muted[reader, outside]
        # Outside is below the reader's average, and near to nothing that they follow or like.
        assert slow.standing(outside) < 1e-3
        assert slow.closeness(outside) < LEAST_SIMILARITY + 1e-5


@given(worlds(most_votes=4), st.integers(1, 4))
def test_readers_in_small_chunks_get_what_they_get_together(world: World, chunk: int) -> None:
    whole = world.ranking()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "CHUNK", chunk)
        parts = world.ranking()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "NUMBERS", chunk * 30)
        fewer_numbers = world.ranking()
    assert_same(whole, parts)
    assert_same(whole, fewer_numbers)


@given(worlds(most_votes=4), st.randoms())
def test_the_order_of_readers_does_not_matter(world: World, random: Random) -> None:
    order = list(range(len(world.people)))
    random.shuffle(order)
    whole, other = world.ranking(), world.with_readers(order).ranking()
    assert (whole.entry[order] == other.entry).all()
    assert (whole.liked[order] == other.liked).all()
    assert whole.relevance[order] == pytest.approx(other.relevance, abs=1e-4)
    assert whole.closeness[order] == pytest.approx(other.closeness, abs=1e-4)
    assert (whole.muted[order] == other.muted).all()
    assert whole.outside[order].tolist() == other.outside.tolist()


@given(worlds(most_votes=4))
def test_what_one_reader_follows_and_votes_touches_no_other(world: World) -> None:
    whole = world.ranking()
    for reader in range(len(world.people)):
        alone = world.with_readers([reader]).ranking()
        assert (alone.entry[0] == whole.entry[reader]).all()
        assert (alone.liked[0] == whole.liked[reader]).all()
        assert alone.relevance[0] == pytest.approx(whole.relevance[reader], abs=1e-4)
        assert alone.outside[0] == whole.outside[reader]


@given(worlds(most_votes=4))
def test_the_same_arguments_give_the_same_ranking(world: World) -> None:
    assert_same(world.ranking(), world.ranking())


# -- interests


def around(direction: int, spread: Sequence[float], dimensions: int = 4) -> Rows:
    """Entries near one direction, each leaning differently to the last one."""
    rows = np.zeros((len(spread), dimensions))
    rows[:, direction] = 1
    rows[:, -1] = spread
    return rows.tolist()


#: Of other things altogether, so that there is an average to be above of.
ELSEWHERE = (np.random.default_rng(2).normal(size=(40, 4)) * [0.3, 0.3, 1, 1]).tolist()


def test_the_best_of_a_small_interest_has_a_place_among_many_of_a_large_one() -> None:
    many = around(0, [0.0, 0.6, -0.6, 1.2, -1.2])
    small = [[0.0, 0.5, 0.87, 0.0]]
    entries = unit([*many, *small])
    ranking = rank(offered(entries), tastes([following(GRAPHS, CELLS)]), 3)
    assert 5 in names(ranking)
    assert ranking.interest[0, names(ranking).index(5)] == 1


def test_a_large_and_a_small_interest_share_the_places_as_their_votes_go() -> None:
    """Nine votes for one and three for the other: of eight places two or three are the small one's."""
    large, small = around(0, np.linspace(-0.5, 0.5, 12).tolist(), 6), around(1, np.linspace(-0.8, 0.8, 12).tolist(), 6)
    rng = np.random.default_rng(1)
    rows = unit([*large, *small]) + 0.25 * rng.normal(size=(24, 6)).astype(np.float32)
    entries = unit([*rows, *rng.normal(size=(30, 6))])
    voted = unit([*around(0, np.linspace(-0.4, 0.4, 9).tolist(), 6), *around(1, [-0.3, 0.0, 0.3], 6)])
    person = voting(following(*np.eye(6)[:2]), liked=range(12))
    found = names(rank(offered(entries), tastes([person], voted, 6), 8))
    of_large, of_small = sum(n < 12 for n in found), sum(12 <= n < 24 for n in found)
    assert (of_large, of_small) in [(5, 3), (6, 2)]
    # And without the other interest it is all of one.
    alone = names(rank(offered(entries), tastes([following(np.eye(6)[0])], voted, 6), 8))
    assert not any(12 <= n < 24 for n in alone)


def test_an_entry_goes_by_its_nearest_interest_and_not_by_their_mean() -> None:
    entries = unit([[1, 0, 0, 0.1], [0.7, 0.7, 0, 0], [0, 1, 0, -0.1], *ELSEWHERE])
    found = names(rank(offered(entries), tastes([following(GRAPHS, CELLS)]), 10))
    assert set(found[:2]) == {0, 2}


def test_what_a_reader_has_had_is_no_interests_best() -> None:
    entries = unit([*around(0, [0.0, 0.6, -0.6]), [0, 1, 0, 0], [0, 0.5, 0.8, 0]])
    seen = np.array([[False, False, False, True, False]])
    found = names(rank(offered(entries), tastes([following(GRAPHS, CELLS)]), 2, seen=seen))
    assert 4 in found
    assert 3 not in found


def test_a_reader_without_interests_gets_what_is_worth_reading_in_general() -> None:
    entries = unit(np.eye(4))
    ranking = rank(offered(entries, [0.1, 0.4, 0.2, 0.3]), tastes([Person()]), 4)
    assert names(ranking) == [1, 3, 2, 0]
    assert ranking.interest.tolist() == [[-1] * 4]
    assert ranking.outside.tolist() == [-1]


# -- mutes and authors


def test_a_muted_line_pushes_down_what_is_near_it() -> None:
    entries = unit([[1, 0.6, 0, 0], [1, 0, 0.8, 0], *ELSEWHERE])
    plain = rank(offered(entries), tastes([following(GRAPHS)]), 42)
    muted = rank(offered(entries), tastes([muting(following(GRAPHS), CELLS)]), 42)
    assert names(plain)[0] == 0
    assert names(muted)[0] == 1
    assert muted.muted[0].tolist() == (entries @ CELLS > MUTE_FLOOR).tolist()
    taken = MUTE * (float(entries[0] @ CELLS) - MUTE_FLOOR)
    place, before = names(muted).index(0), names(plain).index(0)
    assert muted.relevance[0, place] == pytest.approx(plain.relevance[0, before] - taken, abs=1e-4)


def test_a_line_muted_by_name_pushes_down_what_holds_it() -> None:
    entries = unit([[1, 0.2, 0, 0], [1, 0, 0.8, 0], *ELSEWHERE])
    named = np.zeros((1, 42), bool)
    named[0, 0] = True
    plain = rank(offered(entries), tastes([following(GRAPHS)]), 42)
    ranking = rank(offered(entries), tastes([following(GRAPHS)]), 42, named=named)
    assert (names(plain)[0], names(ranking)[0]) == (0, 1)
    assert ranking.muted[0].tolist() == named[0].tolist()
    place = names(ranking).index(0)
    assert ranking.relevance[0, place] == pytest.approx(plain.relevance[0, 0] - NAMED, abs=1e-4)


def test_what_a_followed_author_wrote_has_a_place_whatever_it_is_about_and_is_no_step_outside() -> None:
    entries = unit([*around(0, [0.0, 0.6, -0.6, 1.2]), *ELSEWHERE])
    by_them = np.zeros((1, 44), bool)
    by_them[0, 6] = True
    plain = rank(offered(entries), tastes([following(GRAPHS)]), 3, floor=1.0)
    ranking = rank(offered(entries), tastes([following(GRAPHS)]), 3, authored=by_them, floor=1.0)
    assert 6 not in names(plain)
    place = names(ranking).index(6)
    assert ranking.standing[0, place] == pytest.approx(1.0)
    assert ranking.closeness[0, place] == 1
    assert ranking.owed[0, place] < AUTHOR
    assert ranking.outside[0] != 6


def test_of_what_muted_authors_wrote_nothing_is_put_ahead_for_a_followed_one() -> None:
    entries = unit([*around(0, [0.0, 0.6, -0.6, 1.2]), *ELSEWHERE])
    both = np.zeros((1, 44), bool)
    both[0, 6] = True
    ranking = rank(offered(entries), tastes([following(GRAPHS)]), 3, authored=both, named=both, floor=1.0)
    assert 6 not in names(ranking)
    assert ranking.muted[0, 6]


def test_who_follows_authors_alone_has_an_issue_of_their_own() -> None:
    entries = unit([*around(0, [0.0, 0.6, -0.6, 1.2]), *ELSEWHERE])
    by_them = np.zeros((2, 44), bool)
    by_them[0, 6] = True
    ranking = rank(offered(entries), tastes([Person(), Person()]), 3, authored=by_them, floor=1.0)
    assert names(ranking)[0] == 6
    assert ranking.standing[0].tolist() == [1.0, *ranking.standing[0, 1:].tolist()]
    assert 6 not in names(ranking, 1)


# -- the same news, many entries, none


def test_one_piece_of_news_told_twice_is_chosen_once() -> None:
    entries = unit([[1, 0, 0, 0], [1, 0.05, 0, 0], [0.8, 0, 0.6, 0]])
    ranking = rank(offered(entries), tastes([following(GRAPHS)]), 3)
    assert len(names(ranking)) == 2
    assert ranking.entry[0, 2] == -1
    assert ranking.interest[0].tolist() == [0, 0, -1]
    assert np.isneginf(ranking.relevance[0, 2])


def test_nothing_to_choose_from_leaves_no_places() -> None:
    ranking = rank(offered(np.zeros((0, 4), np.float32)), tastes([following(GRAPHS), Person()]), 7)
    assert ranking.entry.shape == (2, 0)
    assert ranking.muted.shape == (2, 0)
    assert ranking.outside.tolist() == [-1, -1]


def test_no_readers_are_no_trouble() -> None:
    ranking = rank(offered(unit(np.eye(4))), tastes([]), 3)
    assert len(ranking.entry) == len(ranking.outside) == len(ranking.muted) == 0


def test_who_has_had_everything_gets_nothing() -> None:
    seen = np.ones((2, 4), bool)
    ranking = rank(offered(unit(np.eye(4))), tastes([following(GRAPHS), Person()]), 3, seen=seen)
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
    readers = [following(*unit(rng.normal(size=(2, 4)))) for _ in range(9)]
    together = rank(offered(entries), tastes(readers), 5, seed=11)
    alone = [int(rank(offered(entries), tastes([reader]), 5, seed=11).outside[0]) for reader in readers]
    assert together.outside.tolist() == alone
    assert len(set(alone)) > 3


def test_with_more_entries_than_compete_the_best_are_found() -> None:
    rng = np.random.default_rng(0)
    entries = unit(rng.normal(size=(400, 16)))
    interest = unit(rng.normal(size=(1, 16)))[0]
    ranking = rank(offered(entries), tastes([following(interest)], dimensions=16), 5)
    everything = rank(offered(entries), tastes([following(interest)], dimensions=16), 400).entry[0].tolist()
    assert ranking.entry[0, 0] == everything[0]
    assert set(names(ranking)) <= set(everything[:POOL])
