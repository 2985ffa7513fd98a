"""Why an entry is not in an issue: every reason is true, for without it the entry is in."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from worlds import Rows, tastes, unit

from newsletter.entries.entry import Entry
from newsletter.issues.composing import Shape
from newsletter.issues.issue import NothingNew
from newsletter.judging import Ground, Judgement, judged
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.choosing import NEAR_DUPLICATE
from newsletter.ranking.explaining import Scores, scores_of
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.tastes import Tastes
from newsletter.reasoning import Missed, Trial, had_before, muted_out
from subscribers.interests import Interest

GRAPHS, CELLS = np.eye(4, dtype=np.float32)[:2]
SHAPE = Shape(picks=4, favourites=0, outside=0, floor=-3)
Asked = tuple[Judgement, Shape]


def an_entry(n: int, popularity: int | None = None) -> Entry:
    return Entry(n + 1, f"Paper {n}", "", (), None, None, (), popularity, b"")


def ground_of(vectors: Vectors, pinned: Sequence[int] = (), popularity: Sequence[int | None] = ()) -> Ground:
    candidates = [an_entry(n, popularity[n] if popularity else None) for n in range(len(vectors))]
    at = {one.id: n for n, one in enumerate(candidates)}
    general = np.linspace(0.3, -0.3, len(vectors)).astype(np.float32)
    return Ground(candidates, vectors, at, pinned, general, vectors @ vectors.T, 7)


def asked(
    rows: Rows | NDArray[np.float64],
    wanted: Tastes,
    shape: Shape = SHAPE,
    *,
    lines: Sequence[str] = (),
    seen: Booleans | None = None,
    named: Booleans | None = None,
    pinned: Sequence[int] = (),
) -> Asked:
    ground = ground_of(unit(rows), pinned)
    had = np.zeros((1, len(rows)), bool) if seen is None else seen
    return judged(ground, dict(zip(lines, wanted.muted, strict=True)), wanted, had, named, shape), shape


def scored(judgement: Judgement, shape: Shape) -> Scores:
    return scores_of(
        judgement.vectors,
        judgement.tastes,
        judgement.ground.general,
        seen=judgement.seen,
        named=judgement.named,
        floor=shape.floor,
    )


def missed(asked: Asked) -> dict[int, str]:
    judgement, shape = asked
    titles = [one.title for one in judgement.candidates]
    return dict(Missed(Trial(judgement, shape), scored(judgement, shape), titles).all())


def issue(asked: Asked, shape: Shape | None = None, away: Sequence[int] = ()) -> list[int]:
    """The issue made anew, in another shape or with some entries taken away altogether."""
    judgement, before = asked
    shape, ground = shape or before, judgement.ground
    stay = [n for n in range(len(ground.vectors)) if n not in away]
    fewer = Ground(
        [ground.candidates[n] for n in stay],
        ground.vectors[stay],
        {ground.candidates[n].id: place for place, n in enumerate(stay)},
        [stay.index(n) for n in ground.pinned if n in stay],
        ground.general[stay],
        ground.alike[np.ix_(stay, stay)],
        ground.seed,
    )
    named = None if judgement.named is None else judgement.named[:, stay]
    made = judged(fewer, judgement.lines, judgement.tastes, judgement.seen[:, stay], named, shape)
    [picks] = made.composed(shape)
    return [] if isinstance(picks, NothingNew) else [pick.entry_id - 1 for pick in picks]


def around(leanings: Sequence[float], direction: int = 0) -> list[list[float]]:
    """Entries near one direction, each leaning to a side of its own as far as is said."""
    rows = np.zeros((len(leanings), 4 + len(leanings)))
    rows[:, direction] = 1
    for n, leaning in enumerate(leanings):
        rows[n, 4 + n] = leaning
    return rows.tolist()


def following(dimensions: int, *directions: int) -> Tastes:
    return tastes([np.eye(dimensions, dtype=np.float32)[list(directions)]], dimensions=dimensions)


def test_no_place_was_left_tells_with_how_many_it_would_be_in() -> None:
    rows = around([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    here = asked(rows, following(10, 0))
    why = missed(here)
    assert why[4] == "No place was left: with 5 picks it would be in."
    assert why[5] == "No place was left: with 6 picks it would be in."
    assert 4 in issue(here, replace(SHAPE, picks=5))
    assert 5 not in issue(here, replace(SHAPE, picks=5))


def test_below_the_floor_tells_by_how_much_and_a_lower_floor_lets_it_in() -> None:
    rows: list[list[float]] = [*around([0.3, 0.4, 0.5, 1.4, 2.6]), *np.eye(9)[1:4].tolist()]
    shape = replace(SHAPE, picks=7, floor=0.9)
    here = asked(rows, following(9, 0), shape)
    scores = scored(*here)
    assert issue(here) == [0, 1, 2]
    why = missed(here)
    assert re.fullmatch(r"(Just|A little|Well) below the floor: it stands at 0\.\d\d, and 0\.9 is asked for\.", why[3])
    assert 3 in issue(here, replace(shape, floor=float(scores.standing[3]) - 0.001))
    assert scores.closeness[4] >= LEAST_SIMILARITY
    assert "below the floor" in why[4]


def test_what_is_near_nothing_that_they_follow_says_so() -> None:
    rows = [*around([0.3, 0.4, 0.5]), [0.2, 1, 0, 0, 0, 0, 0]]
    here = asked(rows, following(7, 0))
    assert missed(here)[3] == "Not near enough to anything that they follow or like: 0.19, and 0.28 is asked for."
    assert 3 not in issue(here, Shape(50, 0, 0, -3))


def test_the_same_news_told_twice_names_the_pick_and_is_in_without_it() -> None:
    rows = around([0.5, 0.6, 0.7])
    twin = list(rows[1])
    twin[0] -= 0.05
    here = asked([*rows, twin], following(7, 0), replace(SHAPE, picks=7))
    assert issue(here) == [0, 1, 2]
    assert missed(here) == {3: "Too close to pick 2: “Paper 1”."}
    assert 3 in issue(here, away=[1])


def test_what_is_much_like_a_pick_lost_its_place_to_what_says_more_that_is_new() -> None:
    rows: list[list[float]] = [[1, 0.5, 0, 0, 0], [1, 0.5, 0.6, 0, 0], [1, 0, 0, 0.83, 0], [0, 0, 0, 0, 1]]
    here = asked(rows, following(5, 0), replace(SHAPE, picks=2))
    scores = scored(*here)
    assert scores.relevance[1] > scores.relevance[2]
    assert issue(here) == [0, 2]
    assert missed(here)[1] == "Too close to pick 1: “Paper 0”. Others say more that is new."
    assert 1 in issue(here, away=[0])


def test_everybodys_edition_has_its_reasons_too() -> None:
    here = asked(np.eye(6), tastes([np.zeros((0, 6), np.float32)], dimensions=6))
    assert issue(here) == [0, 1, 2, 3]
    assert missed(here)[4] == "No place was left: with 5 picks it would be in."


def test_what_is_had_or_muted_is_not_among_what_just_missed() -> None:
    rows = around([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    seen = np.array([[True, False, False, False, False, False]])
    named = np.array([[False, True, False, False, False, False]])
    here = asked(rows, following(10, 0), replace(SHAPE, picks=1), seen=seen, named=named)
    assert not {0, 1} & missed(here).keys()
    assert had_before(Trial(*here)) == [0]
    assert 0 in Trial(*here).issue(seen=np.zeros_like(seen))


def test_a_muted_line_is_named_and_without_it_the_entry_is_in() -> None:
    dimensions = 10
    rows = around([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    rows[0][1] = 0.6
    basis = np.eye(dimensions, dtype=np.float32)
    wanted = tastes([basis[:1]], [basis[1:4]], dimensions)
    lines = ["cells", "bridges", "surveys"]
    holding = {"cells": set[int](), "bridges": {1}, "surveys": set[int]()}
    named = np.array([[False, True, False, False, False, False]])
    here = asked(rows, wanted, lines=lines, named=named)
    assert issue(here) == [2, 3, 4, 5]
    found = dict(
        muted_out(Trial(*here), scored(*here), [Interest(line, muted=True) for line in lines], holding.__getitem__)
    )
    assert found == {
        0: "They mute “cells” (it is near that in meaning).",
        1: "They mute “bridges” (it holds these words).",
    }
    without_cells = tastes([basis[:1]], [basis[2:4]], dimensions)
    assert 0 in issue(asked(rows, without_cells, lines=lines[1:], named=named))
    assert 1 in issue(asked(rows, wanted, lines=lines))


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(4, 40))
    rows = rng.normal(size=(count, 8))
    rows[:, 0] += draw(st.sampled_from([0.0, 1.5, 3.0]))
    for n in range(count // 4):  # some are told twice, in nearly the same words
        rows[n] = rows[count - 1 - n] + rng.normal(size=8) * 0.1
    lines = unit(rng.normal(size=(draw(st.integers(0, 3)), 8)) + np.eye(8)[0] * 2)
    shape = Shape(draw(st.integers(1, 8)), 0, 0, draw(st.sampled_from([-3.0, 0.3, 1.0])))
    voted = unit(rng.normal(size=(4, 8)) + np.eye(8)[0])
    liked = [list(range(draw(st.integers(0, 2))))]
    disliked = [list(range(2, 2 + draw(st.integers(0, 2))))]
    wanted = tastes([lines], (), 8, liked, disliked, voted)
    pinned = rng.permutation(count)[: draw(st.integers(0, 2))].tolist()
    return asked(rows, wanted, shape, seen=rng.random((1, count)) < 0.1, pinned=pinned)


@settings(max_examples=60)
@given(questions())
def test_any_reason_is_true(here: Asked) -> None:
    judgement, shape = here
    made, scores = issue(here), scored(judgement, shape)
    why = missed(here)
    assert not set(why) & set(made)
    assert [scores.relevance[n] for n in why] == sorted((scores.relevance[n] for n in why), reverse=True)
    for n, said in why.items():
        if found := re.search(r"with (\d+) picks it would be in", said):
            assert n in issue(here, replace(shape, picks=int(found[1])))
            assert n not in issue(here, replace(shape, picks=int(found[1]) - 1))
        elif "below the floor" in said:
            lower = replace(shape, floor=float(scores.standing[n]) - 0.001)
            assert scores.standing[n] < shape.floor
            assert n in issue(here, replace(lower, picks=200, floor=-99) if "Others would" in said else lower)
        elif found := re.match(r"Too close to picks? (\d+)(?: and (\d+))?:", said):
            away = [made[int(number) - 1] for number in found.groups() if number]
            if "others would come first" not in said:
                assert n in issue(here, away=away)
            assert "Others say" in said or max(judgement.ground.alike[n, away]) >= NEAR_DUPLICATE
        elif found := re.match(r"Too close to “Paper (\d+)”, which (would come in|ranks) before it", said):
            assert judgement.ground.alike[n, int(found[1])] >= NEAR_DUPLICATE
            wide = issue(here, replace(shape, picks=200, floor=-99))
            assert found[2] == "ranks" or int(found[1]) in wide
        elif said.startswith("Not near enough"):
            assert scores.closeness[n] < LEAST_SIMILARITY
        else:
            assert said.startswith("No place was left: what is in")
            assert n in issue(here, replace(shape, picks=200))


@pytest.mark.parametrize(("standing", "said"), [(0.99, "Just below"), (0.6, "A little"), (-0.2, "Well"), (-2, "Far")])
def test_how_far_below_the_floor_is_said_in_words(standing: float, said: str) -> None:
    judgement, shape = asked(around([0.3, 0.4, 0.5, 0.6, 0.7]), following(9, 0), replace(SHAPE, picks=1, floor=1.0))
    scores = replace(scored(judgement, shape), standing=np.full(5, standing, np.float32))
    reasons = Missed(Trial(judgement, shape), scores, [one.title for one in judgement.candidates]).all()
    assert all(why.startswith(said) for _, why in reasons)
    assert reasons
