"""What readers vote changes what they get, by the formula and not by accident."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from slowly import Slowly
from worlds import NOW, Line, Person, World, following, muting, names, offered, tastes, unit, voted_of, voting, worlds

from newsletter.ranking.attraction import LESS, Attraction, attraction_of
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.scoring import Ranking, rank
from newsletter.ranking.tastes import Voted, Votes, tastes_of
from newsletter.ranking.votes import Vote
from subscribers.interests import Interest

GRAPHS, CELLS, BRIDGES, ODD = np.eye(4, dtype=np.float32)
VOTED = unit([GRAPHS, CELLS, BRIDGES, GRAPHS + 0.2 * ODD, CELLS + 0.2 * ODD])
#: Near each of the first three directions one entry, and then many of which none is.
OTHERS = (np.random.default_rng(8).normal(size=(40, 4)) * [0.25, 0.25, 0.25, 1]).tolist()
ENTRIES = unit([[1, 0, 0, 0.1], [0, 1, 0, 0.12], [0, 0, 1, 0.14], *OTHERS])


def ranked(person: Person, places: int = 7, floor: float = 0.0, voted: Any = VOTED) -> Ranking:
    return rank(offered(ENTRIES), tastes([person], voted), places, floor=floor)


def rank_of(entry: int, person: Person, voted: Any = VOTED) -> int:
    found = ranked(person, len(ENTRIES), voted=voted).relevance[0]
    every = ranked(person, len(ENTRIES), voted=voted).entry[0].tolist()
    assert np.isfinite(found[every.index(entry)])
    return int(every.index(entry))


# -- more


def test_a_like_draws_up_what_is_near_it() -> None:
    assert rank_of(1, following(GRAPHS)) > rank_of(1, voting(following(GRAPHS), liked=[1]))


def test_the_readers_own_words_are_stronger_than_one_vote_and_not_than_many() -> None:
    many = unit([CELLS + 0.02 * n * ODD for n in range(-12, 13)])
    one, lots = (voting(following(GRAPHS), liked=range(n)) for n in (1, 25))
    assert rank_of(0, one, many) < rank_of(1, one, many)
    assert rank_of(0, lots, many) > rank_of(1, lots, many)


def test_who_follows_nothing_but_likes_something_gets_what_is_near_that() -> None:
    found = ranked(voting(Person(), liked=[1]))
    assert names(found)[0] == 1
    assert found.liked[0, 0] == 1
    assert found.closeness[0, 0] >= LEAST_SIMILARITY


def test_a_muted_line_is_stronger_than_a_like() -> None:
    found = ranked(muting(voting(Person(), liked=[1]), CELLS), places=len(ENTRIES))
    assert found.muted[0, 1]
    place = names(found).index(1)
    assert found.relevance[0, place] < 0
    assert found.closeness[0, place] < LEAST_SIMILARITY


def test_papers_that_a_line_names_draw_what_is_near_them() -> None:
    """As an interest of its own, and beside the words of another."""
    voted = voted_of(VOTED)
    vectors = {"State-space models": ODD, "graphs": GRAPHS}

    def issue(*lines: str) -> Ranking:
        wanted = tastes_of([[Interest(line) for line in lines]], vectors, 4, [()], voted)
        return rank(offered(ENTRIES), wanted, 7)

    # 2312.10001 is about cells.
    with_words, alone, beside = (
        issue("State-space models: 2312.10001"),
        issue("2312.10001"),
        issue("graphs", "2312.10001"),
    )
    assert 1 not in names(issue("State-space models"))
    assert 1 in names(with_words)
    assert names(alone)[0] == 1
    assert alone.liked[0, 0] == 1
    assert {0, 1} < set(names(beside))
    # A paper that nobody knows is no taste.
    assert issue("2312.99999").liked[0].tolist() == [-1] * 7


def test_newer_votes_weigh_more() -> None:
    """Of two votes the newer one draws more; and the same the other way round."""

    def order(first: int, second: int) -> tuple[int, int]:
        votes = ((first, 1, 0.0), (second, 1, 900.0))
        one = replace(Person(), votes=votes)
        return rank_of(first, one), rank_of(second, one)

    for first, second in ((1, 2), (2, 1)):
        newer, older = order(first, second)
        assert newer < older


def test_age_counts_from_the_newest_vote() -> None:
    """Who was away for years has forgotten nothing meanwhile."""
    recent, long_ago = (
        ranked(replace(following(GRAPHS), votes=((1, 1, away), (2, 1, away + 30)))) for away in (0.0, 2_000.0)
    )
    assert recent.relevance == pytest.approx(long_ago.relevance, abs=1e-5)


def test_a_vote_belongs_to_the_nearest_line_of_its_reader() -> None:
    people = [voting(following(GRAPHS, CELLS), liked=[4, 3, 0]), voting(Person(), liked=[1]), following(BRIDGES)]
    found = tastes(people, VOTED).liked
    assert found.owner.tolist() == [0, 0, 0, 1]
    assert found.line.tolist() == [0, 0, 1, -1]
    assert found.row.tolist() == [3, 0, 4, 1]


# -- less


def test_a_dislike_puts_what_is_near_it_further_down() -> None:
    both = following(GRAPHS, CELLS)
    assert rank_of(1, voting(both, disliked=[1])) > rank_of(1, both)


def test_everybodys_edition_has_less_of_it_too_and_hides_nothing() -> None:
    entries, general = unit(np.eye(4)), [0.1, 0.38, 0.3, 0.2]
    found = rank(offered(entries, general), tastes([voting(Person(), disliked=[1])], VOTED), 4)
    assert names(found)[-1] == 1
    assert len(names(found)) == 4
    assert not found.muted.any()
    assert (found.liked == -1).all()
    assert (found.interest == -1).all()


def test_many_dislikes_take_more_than_one_and_never_all() -> None:
    votes = unit([CELLS + 0.05 * n * ODD for n in range(5)])

    def relevance(count: int) -> float:
        found = ranked(voting(following(GRAPHS, CELLS), disliked=range(count)), len(ENTRIES), 0.5, votes)
        return float(found.relevance[0, names(found).index(1)])

    none, one, five = relevance(0), relevance(1), relevance(5)
    assert 0.5 <= five < one < none
    assert one == pytest.approx(0.5 + (none - 0.5) / 2, abs=1e-3)


def test_there_is_no_step_outside_to_what_is_disliked() -> None:
    rng = np.random.default_rng(5)
    entries = unit(rng.normal(size=(30, 8)))
    interest = following(*unit(rng.normal(size=(1, 8))))
    outside = int(rank(offered(entries), tastes([interest], dimensions=8), 3).outside[0])
    assert outside >= 0
    disliked = tastes([voting(interest, disliked=[0])], entries[[outside]], 8)
    assert int(rank(offered(entries), disliked, 3).outside[0]) != outside


# -- anything at all


@given(worlds(most_votes=6))
def test_every_number_is_finite_and_every_place_has_at_most_one_source(world: World) -> None:
    ranking = world.ranking()
    filled = ranking.entry >= 0
    for numbers in (ranking.relevance, ranking.closeness, ranking.standing, ranking.owed):
        assert np.isfinite(numbers[filled]).all()
    for reader, place in np.argwhere(filled):
        slow = Slowly(world, reader)
        interest, liked = int(ranking.interest[reader, place]), int(ranking.liked[reader, place])
        assert interest < 0 or liked < 0
        assert (interest >= 0 or liked >= 0) == bool(slow.lines or slow.liked)
        assert liked < 0 or liked in [row for row, _, _ in slow.liked]


def attraction(world: World) -> Attraction:
    readers = len(world.people)
    return attraction_of(
        world.offer,
        world.tastes,
        0,
        readers,
        seen=None,
        named=world.named,
        authored=world.authored,
        floor=world.floor,
    )


@given(worlds(most_votes=6))
def test_dislikes_hide_nothing(world: World) -> None:
    if not len(world.entries) or not world.people:
        return
    kind = world.with_people(
        [replace(one, votes=tuple(vote for vote in one.votes if vote[1] > 0)) for one in world.people]
    )
    # The newest vote may be a dislike, and age counts from it.
    if any(one.votes and one.votes[0][1] < 0 for one in world.people):
        return
    before, after = attraction(kind), attraction(world)
    # What a reader dislikes changes neither how close an entry is, nor what is muted, nor who has earned a place.
    for name in ("standing", "closeness", "muted", "follows"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-5)
    taken = after.standing - after.relevance
    assert (taken >= -1e-4).all()
    earned = after.follows[:, None] & (after.closeness >= LEAST_SIMILARITY) & (after.standing >= world.floor)
    assert (after.relevance[earned] >= world.floor - 1e-4).all()
    assert (taken[~earned] <= LESS).all()


@given(worlds())
def test_who_has_no_vote_gets_exactly_what_they_would_get_without_anybodys(world: World) -> None:
    silent = replace(world.tastes, liked=Votes(), disliked=Votes(), voted=Voted())
    options: dict[str, Any] = {"seen": world.seen, "named": world.named, "authored": world.authored}
    one, other = (
        rank(world.offer, some, world.places, **options, elsewhere=world.elsewhere, floor=world.floor, seed=4)
        for some in (world.tastes, silent)
    )
    for name in ("entry", "relevance", "closeness", "standing", "interest", "liked", "outside", "muted"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_a_vote_on_what_is_not_known_any_more_counts_for_nothing() -> None:
    voted = voted_of(VOTED)
    votes = [[Vote(99, 1, NOW), Vote(1_001, 1, NOW)]]
    found = tastes_of([[]], {}, 4, votes, voted)
    assert found.liked.row.tolist() == [1]
    assert found.liked.weight.tolist() == [1.0]


def test_a_line_of_words_keeps_them_beside_its_papers() -> None:
    line = Line("state-space models", ODD, papers=(1, 2))
    found = tastes([Person((line,))], VOTED)
    assert found.words == ("state-space models",)
    assert found.labels == ("state-space models, with 2 papers",)
    assert (found.liked.row.tolist(), found.liked.line.tolist()) == ([1, 2], [0, 0])
