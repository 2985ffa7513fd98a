"""Which interests votes show that nobody wrote."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import unit

from newsletter.ranking.embedding import Vectors
from newsletter.ranking.naming import Phrase
from newsletter.ranking.proposing import LEAST, NEAR, best_name, is_named_by, middle, unnamed_topics
from newsletter.ranking.topics import TOGETHER

NOTHING = np.zeros((0, 3), np.float32)
ONE, TWO = [1, 0, 0.1], [0, 1, 0.1]


def found(liked: Vectors, lines: Vectors = NOTHING, disliked: Vectors = NOTHING) -> list[list[int]]:
    return [topic.tolist() for topic in unnamed_topics(liked, lines, disliked)]


def test_three_likes_of_one_thing_are_an_interest_and_two_are_not() -> None:
    assert found(unit([ONE, TWO, ONE])) == []
    assert found(unit([ONE, TWO, ONE, ONE])) == [[0, 2, 3]]
    assert found(unit([ONE, ONE])) == found(NOTHING) == []


def test_the_one_with_most_likes_comes_first() -> None:
    assert found(unit([ONE, TWO, ONE, TWO, TWO, ONE, TWO])) == [[1, 3, 4, 6], [0, 2, 5]]


@pytest.mark.parametrize("which", ["lines", "disliked"])
def test_what_is_followed_muted_refused_or_disliked_is_none(which: str) -> None:
    likes = unit([ONE, TWO, ONE, TWO, TWO, ONE])
    assert found(likes, **{which: unit([[0.1, 1, 0]])}) == [[0, 2, 5]]
    assert found(likes, **{which: unit([[0.1, 1, 0], [1, 0.1, 0]])}) == []


def test_the_name_is_near_the_middle_of_its_topic_and_telling() -> None:
    phrases = [Phrase("quickly", 1.0), Phrase("lava", 0.9), Phrase("owls", 0.1)]
    rows = unit([TWO, ONE, [1, 0, 0]])
    assert best_name(phrases, rows, middle(unit([ONE, ONE]))).text == "lava"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("State space model", True),
        ("long contexts with state-space models", True),
        ("state machines", False),
        ("", False),
    ],
)
def test_a_line_that_holds_every_word_has_said_it(line: str, named: bool) -> None:
    assert is_named_by("state-space models", line) is named


@given(st.integers(0, 2**32), st.integers(0, 30), st.integers(0, 5), st.integers(0, 5))
def test_any_topic_is_large_enough_and_far_from_everything_said(seed: int, likes: int, lines: int, less: int) -> None:
    rng = np.random.default_rng(seed)
    liked, said, shunned = (unit(rng.normal(size=(n, 3)).reshape(-1, 3)) for n in (likes, lines, less))
    topics = found(liked, said, shunned)
    assert len({n for topic in topics for n in topic}) == sum(map(len, topics))
    for topic in topics:
        assert len(topic) >= LEAST
        centre = middle(liked[topic])
        assert all(said @ centre < NEAR) and all(shunned @ centre < TOGETHER)
