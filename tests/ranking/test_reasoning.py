"""Why an entry is not in an issue: every reason is true, for without it the entry is in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from worlds import Person, Rows, following, muting, tastes, unit, voting

from newsletter.entries.entry import Entry
from newsletter.issues.composing import Shape
from newsletter.issues.issue import NothingNew
from newsletter.judgement import Case, Ground, Judgement, Older, judged
from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.choosing import NEAR_DUPLICATE
from newsletter.ranking.explaining import Scores, scores_of
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.ranking.offer import offer_of
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
    older = Older(np.zeros((0, vectors.shape[1]), np.float32), ())
    return Ground(candidates, offer_of(vectors, general), at, pinned, older, 7)


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
    vectors = dict(zip(lines, wanted.muted, strict=True))
    return judged(ground, Case(vectors, wanted, had, named, None, [[]], None, shape)), shape


def scored(judgement: Judgement, shape: Shape) -> Scores:
    return scores_of(judgement.ground.offer, judgement.tastes, named=judgement.named, floor=shape.floor)


def missed(asked: Asked) -> dict[int, str]:
    judgement, shape = asked
    titles = [one.title for one in judgement.candidates]
    return dict(Missed(Trial(judgement, shape), scored(judgement, shape), titles).all())


def issue(asked: Asked, shape: Shape | None = None, away: Sequence[int] = ()) -> list[int]:
    """The issue made anew, in another shape or with some entries had before."""
    judgement, before = asked
    shape, seen = shape or before, judgement.seen.copy()
    seen[0, list(away)] = True
    ground = replace(judgement.ground, pinned=[n for n in judgement.ground.pinned if n not in away])
    made = judged(ground, Case(judgement.lines, judgement.tastes, seen, judgement.named, None, [[]], None, shape))
    [picks] = made.composed()
    return [] if isinstance(picks, NothingNew) else [pick.entry_id - 1 for pick in picks]


def around(leanings: Sequence[float], direction: int = 0) -> list[list[float]]:
    """Entries near one direction, each leaning to a side of its own as far as is said."""
    rows = np.zeros((len(leanings), 4 + len(leanings)))
    rows[:, direction] = 1
    for n, leaning in enumerate(leanings):
        rows[n, 4 + n] = leaning
    return rows.tolist()


def wanting(dimensions: int, *directions: int) -> Tastes:
    return tastes([following(*np.eye(dimensions)[list(directions)])], dimensions=dimensions)


def test_no_place_was_left_tells_with_how_many_it_would_be_in() -> None:
    rows = around([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    here = asked(rows, wanting(10, 0))
    why = missed(here)
    assert why[4] == "No place was left: with 5 picks it would be in."
    assert why[5] == "No place was left: with 6 picks it would be in."
    assert 4 in issue(here, replace(SHAPE, picks=5))
    assert 5 not in issue(here, replace(SHAPE, picks=5))


def test_below_the_floor_tells_by_how_much_and_a_lower_floor_lets_it_in() -> None:
    rows: list[list[float]] = [*around([0.3, 0.4, 0.5, 1.4, 2.6]), *np.eye(9)[1:4].tolist()]
    shape = replace(SHAPE, picks=7, floor=0.9)
    here = asked(rows, wanting(9, 0), shape)
    scores = scored(*here)
    assert issue(here) == [0, 1, 2]
    why = missed(here)
    assert re.fullmatch(r"(Just|A little|Well) below the floor: it stands at 0\.\d\d, and 0\.9 is asked for\.", why[3])
    assert 3 in issue(here, replace(shape, floor=float(scores.standing[3]) - 0.001))
    assert scores.closeness[4] >= LEAST_SIMILARITY
    assert "below the floor" in why[4]


def test_what_is_near_nothing_that_they_follow_says_so() -> None:
    rows = [*around([0.3, 0.4, 0.5]), [0.2, 1, 0, 0, 0, 0, 0]]
    here = asked(rows, wanting(7, 0))
    assert missed(here)[3] == "Not near enough to anything that they follow or like: 0.19, and 0.28 is asked for."
    assert 3 not in issue(here, Shape(50, 0, 0, -3))


def test_the_same_news_told_twice_names_the_pick_and_is_in_without_it() -> None:
    rows = around([0.5, 0.6, 0.7])
    twin = list(rows[1])
    twin[0] -= 0.05
    here = asked([*rows, twin], wanting(7, 0), replace(SHAPE, picks=7))
    made = issue(here)
    other, inside = (3, 1) if 1 in made else (1, 3)
    assert sorted(made) == sorted([0, 2, inside])
    assert missed(here) == {other: f"Too close to pick {made.index(inside) + 1}: “Paper {inside}”."}
    assert other in issue(here, away=[inside])


def test_what_is_much_like_a_pick_lost_its_place_to_what_says_more_that_is_new() -> None:
    others = np.random.default_rng(1).normal(size=(20, 5))
    others[:, 0] = -np.abs(others[:, 0])

    def with_leaning(leaning: float) -> Asked:
        """The second is much like the first; the third is not, and the further it leans, the less it is wanted."""
        rows = [[1, 0.5, 0, 0, 0], [1, 0.5, 0.5, 0, 0], [1, 0, 0, leaning, 0], *others.tolist()]
        return asked(rows, wanting(5, 0), replace(SHAPE, picks=2))

    def is_near(here: Asked) -> bool:
        first, second, third = scored(*here).relevance[:3]
        return bool(second - 0.1 < third < second < first)

    here = next(one for one in map(with_leaning, np.linspace(0.4, 1.4, 200)) if is_near(one))
    assert issue(here) == [0, 2]
    assert missed(here)[1] == "Too close to pick 1: “Paper 0”. Others say more that is new."
    assert 1 in issue(here, away=[0])


def test_everybodys_edition_has_its_reasons_too() -> None:
    here = asked(np.eye(6), tastes([Person()], dimensions=6))
    assert issue(here) == [0, 1, 2, 3]
    assert missed(here)[4] == "No place was left: with 5 picks it would be in."


def test_what_is_had_or_muted_is_not_among_what_just_missed() -> None:
    rows = around([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    seen = np.array([[True, False, False, False, False, False]])
    named = np.array([[False, True, False, False, False, False]])
    here = asked(rows, wanting(10, 0), replace(SHAPE, picks=1), seen=seen, named=named)
    assert not {0, 1} & missed(here).keys()
    assert had_before(Trial(*here)) == [0]
    assert 0 in Trial(*here).issue(seen=np.zeros_like(seen))


def test_a_muted_line_is_named_and_without_it_the_entry_is_in() -> None:
    dimensions = 10
    rows = around([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    rows[0][1] = 0.6
    basis = np.eye(dimensions, dtype=np.float32)
    lines = ["cells", "bridges", "surveys"]
    muted = tuple(Interest(line, muted=True) for line in lines)
    wanted = replace(tastes([muting(following(basis[0]), *basis[1:4])], dimensions=dimensions), muting=muted)
    holding = {"cells": set[int](), "bridges": {1}, "surveys": set[int]()}
    named = np.array([[False, True, False, False, False, False]])
    here = asked(rows, wanted, lines=lines, named=named)
    assert issue(here) == [2, 3, 4, 5]
    found = dict(muted_out(Trial(*here), scored(*here), muted, lambda line: holding[line.text]))
    assert found == {
        0: "They mute “cells” (it is near that in meaning).",
        1: "They mute “bridges” (it holds these words).",
    }
    without_cells = tastes([muting(following(basis[0]), *basis[2:4])], dimensions=dimensions)
    assert 0 in issue(asked(rows, without_cells, lines=lines[1:], named=named))
    assert 1 in issue(asked(rows, wanted, lines=lines))


@dataclass(frozen=True)
class Question:
    """What decides a reader, their lines and votes, and an issue."""

    seed: int
    count: int
    leaning: float
    lines: int
    votes: tuple[int, int]
    picks: int
    floor: float
    pins: int

    def asked(self) -> Asked:
        rng = np.random.default_rng(self.seed)
        rows = rng.normal(size=(self.count, 8))
        rows[:, 0] += self.leaning
        for n in range(self.count // 4):  # some are told twice, in nearly the same words
            rows[n] = rows[self.count - 1 - n] + rng.normal(size=8) * 0.1
        lines = unit(rng.normal(size=(4, 8)) + np.eye(8)[0] * 2)[: self.lines]
        likes, dislikes = self.votes
        person = voting(following(*lines), range(likes), range(2, 2 + dislikes))
        wanted = tastes([person], unit(rng.normal(size=(4, 8)) + np.eye(8)[0]), 8)
        pinned = rng.permutation(self.count)[: self.pins].tolist()
        shape = Shape(self.picks, 0, 0, self.floor)
        return asked(rows, wanted, shape, seen=rng.random((1, self.count)) < 0.1, pinned=pinned)


_few = st.integers(0, 2)
questions = st.builds(
    Question,
    st.integers(0, 2**32),
    st.integers(4, 40),
    st.sampled_from([0.0, 1.5, 3.0]),
    st.integers(0, 3),
    st.tuples(_few, _few),
    st.integers(1, 8),
    st.sampled_from([-3.0, 0.3, 1.0]),
    _few,
)


@settings(max_examples=60)
@given(questions)
def test_any_reason_is_true(question: Question) -> None:
    here = question.asked()
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
            # With room for all, at least without a floor.
            wide = [issue(here, replace(shape, picks=200, floor=floor)) for floor in (shape.floor, -200)]
            assert found[2] == "ranks" or any(int(found[1]) in one for one in wide)
        elif said.startswith("Not near enough"):
            assert scores.closeness[n] < LEAST_SIMILARITY
        else:
            assert said.startswith("No place was left: what is in")
            assert n in issue(here, replace(shape, picks=200))


@pytest.mark.parametrize(("standing", "said"), [(0.99, "Just below"), (0.6, "A little"), (-0.2, "Well"), (-2, "Far")])
def test_how_far_below_the_floor_is_said_in_words(standing: float, said: str) -> None:
    judgement, shape = asked(around([0.3, 0.4, 0.5, 0.6, 0.7]), wanting(9, 0), replace(SHAPE, picks=1, floor=1.0))
    scores = replace(scored(judgement, shape), standing=np.full(5, standing, np.float32))
    reasons = Missed(Trial(judgement, shape), scores, [one.title for one in judgement.candidates]).all()
    assert all(why.startswith(said) for _, why in reasons)
    assert reasons
