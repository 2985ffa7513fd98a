"""How close something is: both sides count, neither alone decides, nothing divides by nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ranking.closeness import closeness, closest_first, pieces, sentence_about

NAN = float("nan")


def f(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def test_what_is_near_and_holds_the_words_is_before_what_is_only_one() -> None:
    close = closeness(f(0.8, 0.8, 0.1, 0.0), f(9, 0, 9, 0))
    assert close[0] == 1
    assert close[1] == 0.5
    assert close.argmax() == 0
    assert close[3] == 0


def test_a_side_on_which_there_is_nothing_does_not_count() -> None:
    assert closeness(f(0.4, 0.8), f(0, 0)).tolist() == pytest.approx([0.5, 1])
    assert closeness(f(NAN, NAN), f(2, 4)).tolist() == [0.5, 1]
    assert closeness(f(-0.3, NAN), f(0, 0)).tolist() == [0, 0]
    assert closeness(f(), f()).tolist() == []


def test_what_no_model_has_read_yet_is_no_worse_for_it() -> None:
    close = closeness(f(0.6, 0.8, 0.7, NAN), f(5, 5, 0, 10))
    assert close.argmax() == 3
    assert closeness(f(0.6, NAN), f(0, 5)).tolist() == [0.5, 0.5]


def test_of_equally_close_ones_the_newest_is_first() -> None:
    assert closest_first(f(0.5, 0.9, 0.5), np.array([10, 5, 20])).tolist() == [1, 2, 0]


@given(st.lists(st.tuples(st.floats(-1, 1, width=32) | st.just(NAN), st.floats(0, 50, width=32)), max_size=8))
def test_it_is_a_share(both: list[tuple[float, float]]) -> None:
    close = closeness(f(*(one for one, _ in both)), f(*(one for _, one in both)))
    assert ((close >= 0) & (close <= 1.0001)).all()


def test_the_sentence_is_the_one_with_most_of_the_words() -> None:
    sentences = ("Trees have long been counted.", "Robots walk on legs.", "We show robots that count trees by walking.")
    assert sentence_about(sentences, {"robots", "trees"}) == 2
    assert sentence_about(sentences, {"legs"}) == 1
    assert sentence_about(sentences, set()) == 2
    assert sentence_about((), {"legs"}) == 0


@given(st.text(max_size=40))
def test_pieces_are_the_whole_text(text: str) -> None:
    parts = pieces(text, {"a", "robots"})
    assert "".join(piece for piece, _ in parts) == text


def test_pieces_tell_what_was_met() -> None:
    assert pieces("Robots, walking robots.", {"robots"}) == [
        ("Robots", True),
        (", walking ", False),
        ("robots", True),
        (".", False),
    ]
