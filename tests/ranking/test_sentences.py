"""Sentences of an abstract, and the one that says most."""

import numpy as np
import pytest
from conftest import WordEmbedder
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ranking.sentences import MOST, split_sentences, telling_sentence

A = "Bridges sing in the evening wind."
B = "We measured a hundred of them."


@pytest.mark.parametrize(
    "sentences",
    [
        [A, B],
        ["Does a long bridge sing in the wind?", "Indeed it does, and loudly!", B],
        ["We follow Smith et al. Their bridge was long.", B],
        ["A few of them, e.g. Those of the north, do sing.", B],
        ["See Fig. 3 for the bridges and Eq. (4) for the wind.", B],
        ["A gain of 3.5 points over v2.0 was found here.", B],
        ["J. R. Smith measured the bridges of the city.", B],
        ["They say that “all bridges sing in the wind.”", "“We do not believe it at all.”"],
        ['They say that "all bridges sing in the wind."', '"We do not believe it at all."'],
        ["The bridges (all of them sing in the wind.)", "(We measured a hundred of them.)"],
        ["It is written at example.org/a.html for those who ask.", B],
        ["All of the bridges sing in the wind…", "Élan is what they have most of all."],
        ["Все мосты поют на вечернем ветру.", "Мы измерили целую сотню мостов."],
    ],
)
def test_sentences_are_told_apart(sentences: list[str]) -> None:
    assert list(split_sentences(" ".join(sentences))) == sentences


def test_chinese_and_japanese_sentences_need_no_space() -> None:
    one = "我们测量了一百座桥在傍晚的风中唱歌的声音并且写下了所有的结果。"
    two = "結果として、夕方の風の中で歌う橋は百のうち三つだけであることが分かった。"
    assert split_sentences(one + two) == (one, two)
    # Short ones stay together, as they were written.
    assert split_sentences("你好。" * 12) == ("你好。" * 9, "你好。" * 3)


def test_headings_and_remains_go_with_what_follows() -> None:
    assert split_sentences(f"Results. {A} {B}") == (f"Results. {A}", B)
    assert split_sentences("Short.") == ("Short.",)
    assert split_sentences("") == ()


@given(st.text(st.sampled_from("aB.!?… \"')“”(。！e.g1")), st.text(max_size=50))
def test_sentences_give_back_the_summary(made: str, anything: str) -> None:
    summary = " ".join((made + anything + made).split())
    sentences = split_sentences(summary)
    assert all(sentences)
    assert "".join("".join(sentences).split()) == "".join(summary.split())
    at = 0
    for sentence in sentences:  # each stands in the summary as it is, in order
        at = summary.index(sentence, at) + len(sentence)


def test_of_equally_near_sentences_the_authors_own_work_says_most(embedder: WordEmbedder) -> None:
    sentences = [
        "In recent years singing bridges have been widely studied.",
        "Despite singing bridges, challenges remain.",
        "We propose singing bridges that people like.",
        "Singing bridges stand everywhere.",
    ]
    wanted = embedder.embed(["singing bridges"])[0]
    same = np.stack([wanted] * 4)
    assert telling_sentence(sentences, same, wanted) == 2


def test_a_sentence_about_something_else_is_not_chosen_for_being_own_work(embedder: WordEmbedder) -> None:
    sentences = ["We propose a soup of lentils.", "Singing bridges of stone."]
    vectors = embedder.embed(sentences)
    assert telling_sentence(sentences, vectors, embedder.embed(["singing bridges"])[0]) == 1


def test_sentences_far_down_are_not_considered(embedder: WordEmbedder) -> None:
    sentences = ["Soup."] * MOST + ["Singing bridges."]
    vectors = embedder.embed(sentences)
    assert telling_sentence(sentences, vectors, embedder.embed(["singing bridges"])[0]) < MOST
