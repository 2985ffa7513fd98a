"""What readers vote changes what they get, by the formula and not by accident."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from worlds import NONE, Rows, World, assert_same, flat, names, slowly, tastes, unit, worlds

from newsletter.ranking import scoring
from newsletter.ranking.attraction import LIKE_FLOOR, attraction_of
from newsletter.ranking.embedding import Vectors
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.scoring import Ranking, rank
from newsletter.ranking.topics import Topics

GRAPHS, CELLS, BRIDGES, ODD = np.eye(4, dtype=np.float32)
VOTED = unit([GRAPHS, CELLS, BRIDGES, GRAPHS + 0.2 * ODD, CELLS + 0.2 * ODD])


def ranked(
    entries: Vectors,
    followed: Rows = (),
    liked: tuple[int, ...] = (),
    disliked: tuple[int, ...] = (),
    muted: Rows = (),
    places: int = 7,
    voted: Vectors = VOTED,
    floor: float = 0.0,
) -> Ranking:
    """One reader's ranking; votes are rows of `voted`."""
    lines, mutes = (unit(rows) if len(rows) else NONE for rows in (followed, muted))
    one = tastes([lines], [mutes], 4, [liked], [disliked], voted)
    return rank(entries, one, flat(entries), places, floor=floor)


# -- more


def test_a_like_draws_up_what_is_near_it_within_an_interest() -> None:
    entries = unit([[1, 0, 0.6, 0], [1, 0.55, 0, 0], [1, 0, 0, 0.6]])
    assert names(ranked(entries, [GRAPHS]))[0] == 1
    assert names(ranked(entries, [GRAPHS], liked=(2,)))[0] == 0


def test_the_readers_own_words_are_stronger_than_one_vote_and_not_than_many() -> None:
    entries = unit([[0.6, 0, 0, 0.8], [0, 0.6, 0, 0.8]])  # as near to what is followed as to what is liked
    assert names(ranked(entries, [GRAPHS], liked=(1,))) == [0, 1]
    many = unit([CELLS + 0.02 * n * ODD for n in range(-3, 4)])
    assert names(ranked(entries, [GRAPHS], liked=tuple(range(7)), voted=many)) == [1, 0]


def test_a_small_liked_topic_has_a_place_of_its_own() -> None:
    large = [[1, 0, 0, s] for s in (0.0, 0.6, -0.6, 1.2, -1.2)]
    entries = unit([*large, [0, 0.5, 0.87, 0]])
    assert 5 not in names(ranked(entries, [GRAPHS], places=3))
    found = ranked(entries, [GRAPHS], liked=(1,), places=3)
    assert 5 in names(found)
    place = names(found).index(5)
    assert (found.interest[0, place], found.liked[0, place]) == (-1, 1)


def test_ten_likes_of_one_topic_claim_one_place_and_not_ten() -> None:
    # All of them are nearer to the liked topic than the two entries of the small interests are to those.
    about_liked = [[0, 1, 0.1 * n, 0.35 * n] for n in range(6)]
    entries = unit([*about_liked, [0.4, 0, 0, 0.92], [0, 0, 0.4, -0.92]])
    votes = unit([CELLS + 0.05 * n * ODD for n in range(10)])
    found = names(ranked(entries, [GRAPHS, BRIDGES], liked=tuple(range(10)), voted=votes, places=4))
    assert {6, 7} < set(found)


def test_a_readers_interests_come_before_the_topics_they_like() -> None:
    # Three places, three interests, and likes that are nearer to something.
    entries = unit([[0.4, 0, 0, 0.9], [0, 0.4, 0, 0.9], [0, 0, 0.4, -0.9], [0.2, 0.2, 0.2, -0.9]])
    odd = unit([ODD, -ODD])
    assert sorted(names(ranked(entries, [GRAPHS, CELLS, BRIDGES], liked=(0, 1), voted=odd, places=3))) == [0, 1, 2]


def test_who_follows_nothing_but_likes_something_gets_what_is_near_that() -> None:
    entries = unit(np.eye(4))
    general = np.array([0.1, 0.2, 0.9, 0.3], np.float32)
    found = rank(entries, tastes([NONE], liked=[[1]], voted=VOTED), general, 4)
    assert names(found)[0] == 1
    assert found.liked[0, 0] == 1
    assert found.closeness[0, 0] >= LEAST_SIMILARITY


def test_of_several_likes_the_nearest_one_is_named() -> None:
    votes = unit([[0, 1, 0.5, 0], [0, 1, -0.5, 0], [0, 1, 0, 0.6]])
    entries = unit([[0, 1, 0, 0.9], [0, 1, 0.8, 0], [0, 1, -0.7, 0]])
    found = ranked(entries, liked=(0, 1, 2), voted=votes)
    assert len(tastes([NONE], liked=[[0, 1, 2]], voted=votes).liked.owner) == 1
    named = dict(zip(found.entry[0].tolist(), found.liked[0].tolist(), strict=True))
    assert named == {0: 2, 1: 0, 2: 1}


def test_what_is_as_near_to_words_as_to_likes_is_there_because_of_the_words() -> None:
    entries = unit([[1, 1, 0, 0], [1, 0.2, 0, 0]])
    found = ranked(entries, [GRAPHS], liked=(1,))
    assert found.liked.tolist() == [[-1, -1]]
    assert found.interest.tolist() == [[0, 0]]


def test_a_muted_line_is_stronger_than_a_like() -> None:
    both = unit([[0, 0.8, 0.6, 0], [0, 0.5, 0, 0.85], [0, 0, 0, 1]])
    liked = ranked(both, liked=(1,), muted=[BRIDGES])
    assert names(liked)[0] == 1
    assert liked.muted[0, 0]
    assert liked.closeness[0, names(liked).index(0)] < LEAST_SIMILARITY
    # It takes no part of the like for who follows something either.
    words = [[0.5, 0.5, 0, 0.7]]
    with_like, without = ranked(both, words, (1,), muted=[BRIDGES]), ranked(both, words, muted=[BRIDGES])
    place, before = names(with_like).index(0), names(without).index(0)
    assert with_like.relevance[0, place] == pytest.approx(without.relevance[0, before], abs=1e-6)


def test_what_holds_the_words_of_a_muted_line_is_not_liked_in() -> None:
    entries = unit([[0, 1, 0, 0], [0, 0.6, 0, 0.8]])
    one = tastes([NONE], liked=[[1]], voted=VOTED)
    found = rank(entries, one, flat(entries), 2, named=np.array([[True, False]]))
    assert names(found) == [1, 0]
    assert found.closeness[0, 1] < 0


# -- less


def test_a_dislike_puts_what_is_near_it_further_down() -> None:
    entries = unit([[1, 0.8, 0, 0], [1, 0, 0.85, 0], [1, 0, 0, 0.9], [0, 0, -1, 0.4], [0, 0, 0.4, -1]])
    assert names(ranked(entries, [GRAPHS]))[:3] == [0, 1, 2]
    assert names(ranked(entries, [GRAPHS], disliked=(1,)))[:3] == [1, 2, 0]


def test_a_dislike_chooses_another_best_of_an_interest() -> None:
    entries = unit([[1, 0.8, 0, 0], [1, 0, 0, 0.85], [0, 0, 1, 0]])
    assert 0 in names(ranked(entries, [GRAPHS, BRIDGES], places=2))
    assert sorted(names(ranked(entries, [GRAPHS, BRIDGES], disliked=(1,), places=2))) == [1, 2]


def test_everybodys_edition_has_less_of_it_too_and_hides_nothing() -> None:
    entries = unit(np.eye(4))
    general = np.array([0.1, 0.38, 0.3, 0.2], np.float32)
    found = rank(entries, tastes([NONE], disliked=[[1]], voted=VOTED), general, 4)
    assert names(found) == [2, 1, 3, 0]
    assert not found.muted.any()
    assert (found.liked == -1).all()
    assert (found.interest == -1).all()


def test_many_dislikes_take_more_than_one() -> None:
    entries = unit([[1, 0.8, 0, 0], [0, 0, 0, 1]])
    votes = unit([CELLS + 0.05 * n * ODD for n in range(5)])
    one, five = (ranked(entries, [GRAPHS], disliked=d, voted=votes, floor=-2) for d in ((0,), (0, 1, 2, 3, 4)))
    assert five.relevance[0, 0] < one.relevance[0, 0] < ranked(entries, [GRAPHS]).relevance[0, 0]
    assert five.relevance[0, 0] >= LEAST_SIMILARITY


def test_there_is_no_step_outside_to_what_is_disliked() -> None:
    rng = np.random.default_rng(5)
    entries = unit(rng.normal(size=(30, 8)))
    interest = unit(rng.normal(size=(1, 8)))
    plain = rank(entries, tastes([interest], dimensions=8), flat(entries), 3)
    outside = int(plain.outside[0])
    assert outside >= 0
    disliked = tastes([interest], (), 8, (), [[0]], entries[[outside]])
    other = int(rank(entries, disliked, flat(entries), 3).outside[0])
    assert other != outside


# -- anything at all


@given(worlds(most_votes=6))
@settings(max_examples=150)
def test_the_ranking_with_votes_is_the_formula(world: World) -> None:
    ranking = world.ranking()
    for reader in range(len(world.followed)):
        expected = slowly(world, reader)
        assert names(ranking, reader) == [n for n, _ in expected]
        assert ranking.relevance[reader, : len(expected)] == pytest.approx([v for _, v in expected], abs=1e-4)
        assert (ranking.entry[reader, len(expected) :] == -1).all()


@given(worlds(most_votes=6))
def test_every_number_is_finite_and_every_place_has_one_source(world: World) -> None:
    ranking, all_tastes = world.ranking(), world.tastes
    filled = ranking.entry >= 0
    for numbers in (ranking.relevance, ranking.closeness, ranking.standing):
        assert np.isfinite(numbers[filled]).all()
    for reader, place in np.argwhere(filled):
        interest, liked = int(ranking.interest[reader, place]), int(ranking.liked[reader, place])
        assert interest < 0 or liked < 0
        assert (interest >= 0 or liked >= 0) == bool(all_tastes.follows[reader])
        if liked >= 0:
            assert liked in world.liked[reader]
            # "Because you liked …" is said of nothing that is not near to that very entry.
            near = float(world.voted[liked] @ world.entries[ranking.entry[reader, place]])
            assert near >= LIKE_FLOOR - 1e-5 or ranking.closeness[reader, place] < LEAST_SIMILARITY
        if interest >= 0:
            assert all_tastes.follower[interest] == reader


@pytest.mark.slow
@given(worlds(most_votes=4), st.randoms())
def test_the_order_of_readers_who_vote_does_not_matter(world: World, random: Random) -> None:
    order = list(range(len(world.followed)))
    random.shuffle(order)
    whole, other = world.ranking(), world.with_readers(order).ranking()
    assert (whole.entry[order] == other.entry).all()
    assert (whole.liked[order] == other.liked).all()
    assert whole.relevance[order] == pytest.approx(other.relevance, abs=1e-5)
    assert whole.closeness[order] == pytest.approx(other.closeness, abs=1e-5)
    assert whole.outside[order].tolist() == other.outside.tolist()


@given(worlds(most_votes=4), st.integers(1, 8))
def test_readers_who_vote_get_in_small_chunks_what_they_get_together(world: World, chunk: int) -> None:
    whole = world.ranking()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "CHUNK", chunk)
        parts = world.ranking()
    assert_same(whole, parts)


@given(worlds(most_votes=4))
def test_what_one_reader_votes_touches_no_other(world: World) -> None:
    quiet = replace(
        world,
        liked=tuple(own if n == 0 else () for n, own in enumerate(world.liked)),
        disliked=tuple(own if n == 0 else () for n, own in enumerate(world.disliked)),
    )
    mute = replace(world, liked=((),) * len(world.liked), disliked=((),) * len(world.disliked))
    one, none = quiet.ranking(), mute.ranking()
    for field in ("entry", "interest", "liked", "outside", "muted"):
        assert (getattr(one, field)[1:] == getattr(none, field)[1:]).all()
    assert one.relevance[1:] == pytest.approx(none.relevance[1:], abs=1e-5)
    if len(world.followed):
        whole = world.ranking()
        assert (one.entry[0] == whole.entry[0]).all()
        assert (one.liked[0] == whole.liked[0]).all()


@given(worlds())
def test_who_has_no_vote_gets_exactly_what_they_would_get_without_any_votes(world: World) -> None:
    silent = replace(world.tastes, liked=Topics(), disliked=Topics(), voted=replace(world.tastes.voted, titles=()))
    options = {"seen": world.seen, "named": world.named, "elsewhere": world.elsewhere, "seed": 4}
    one = rank(world.entries, world.tastes, world.general, world.places, **options)  # type: ignore[arg-type]
    other = rank(world.entries, silent, world.general, world.places, **options, floor=1.0)  # type: ignore[arg-type]
    for field in ("entry", "relevance", "closeness", "standing", "interest", "liked", "outside", "muted"):
        assert np.array_equal(getattr(one, field), getattr(other, field))
    assert np.array_equal(one.closeness, one.relevance)


@given(worlds(most_votes=5))
def test_likes_take_nothing_away_and_dislikes_hide_nothing(world: World) -> None:
    none = ((),) * len(world.followed)
    plain, likes = replace(world, liked=none, disliked=none), replace(world, disliked=none)
    if not len(world.entries) or not len(world.followed):
        return

    def attraction(some: World) -> tuple[NDArray[Any], ...]:
        found = attraction_of(
            some.entries,
            some.general,
            some.tastes,
            0,
            len(some.followed),
            seen=None,
            named=some.named,
            floor=some.floor,
        )
        return found.close, found.agreed, found.relevance, found.middle + some.floor * found.spread, found.muted

    before, after, voted = attraction(plain), attraction(likes), attraction(world)
    followers = [n for n, lines in enumerate(world.followed) if len(lines)]
    assert (after[2][followers] >= before[2][followers] - 1e-5).all()
    # What a reader dislikes changes neither how close an entry is, nor what is muted, nor who has earned a place.
    for n in (0, 1, 3, 4):
        assert voted[n] == pytest.approx(after[n], abs=1e-5)
    assert (voted[2] <= voted[1] + 1e-5).all()
    follows = world.tastes.follows[:, None]
    earned = follows & (voted[0] >= LEAST_SIMILARITY) & (voted[1] >= voted[3])
    assert (voted[2] >= np.where(earned, voted[3], -np.inf) - 1e-5).all()
    assert (voted[2][earned] >= LEAST_SIMILARITY - 1e-5).all()
