"""Sentences of an abstract, and the one that says most."""

import numpy as np
import pytest
from conftest import WordEmbedder
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ranking.arrays import Vectors
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
        ["Stone vs. Steel is what all bridges are asked in Apr. 2021 by Smith et al. [3] and others.", B],
        ["By Prop. 2 and Thms. 3 they sing w.r.t. $x$, viz. Those of the north, a.k.a. Harps.", B],
        ["The sounds are i.i.d. Gaussian as far as anybody knows.", B],
        ["We take the sounds to be independent, i.e. i.i.d.", B],
        ["It was the first to do so after Smith et al.", "Our bridge is longer than theirs was."],
        ["We follow the line of B. R. Smith up to class C.", "In class D no bridge sings at all."],
        ["There are songs in the U.S. Department of Bridges and in the U.S.", B],
        ["What we do is: 1. Listen to the bridges.", "2. Write it down; 3. Sing, and 4. Measure again.", B],
        ["The song of a bridge depends on its length alone.", r"$L$ is the length of the longest bridge."],
        ["The song of a bridge depends on its length alone.", r"\textit{Harp} is the bridge of our choice."],
        ["All of the bridges sing, short ones, long ones, etc.", B],
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


def alike(embedder: WordEmbedder, count: int) -> tuple[Vectors, Vectors]:
    """Vectors of sentences that are all as near to the wanted one, and that."""
    wanted = embedder.embed(["singing bridges"])[0]
    return np.stack([wanted] * count), wanted


@pytest.mark.parametrize("turn", [0, 1, 3])
def test_of_equally_near_sentences_the_authors_own_work_says_most(embedder: WordEmbedder, turn: int) -> None:
    sentences = [
        "In recent years singing bridges have been widely studied.",
        "Despite singing bridges, challenges remain.",
        "We propose a framework of singing bridges that people like.",
        "Singing bridges stand everywhere.",
    ]
    sentences = sentences[turn:] + sentences[:turn]
    assert sentences[telling_sentence(sentences, *alike(embedder, 4))].startswith("We propose")


def test_an_opening_that_says_what_the_title_says_is_passed_over(embedder: WordEmbedder) -> None:
    sentences = ["We present a harp for bridges in wind.", "Our strings are cut by length, so the harp finds its tone."]
    assert telling_sentence(sentences, *alike(embedder, 2)) == 1


def test_results_say_more_than_where_the_code_is(embedder: WordEmbedder) -> None:
    sentences = [
        "Bridges that sing are known all over the world.",
        "Our bridges sing significantly better than all others.",
        "The code of the bridges is publicly available at example.org.",
    ]
    assert telling_sentence(sentences, *alike(embedder, 3)) == 1


def test_two_readers_get_the_sentences_that_are_near_to_them(embedder: WordEmbedder) -> None:
    sentences = [
        "Much is written on soup and on bridges.",
        "We show that bridges of stone are singing in wind.",
        "We show that soup of lentils is healing in winter.",
    ]
    vectors = embedder.embed(sentences)
    for wanted, expected in (("singing bridges of stone", 1), ("healing soup of lentils", 2)):
        assert telling_sentence(sentences, vectors, embedder.embed([wanted])[0]) == expected


def test_a_sentence_about_something_else_is_not_chosen_for_being_own_work(embedder: WordEmbedder) -> None:
    for sentences in (["We propose a soup of lentils.", "Singing bridges of stone."], ["Singing bridges.", "We eat."]):
        vectors = embedder.embed(sentences)
        told = telling_sentence(sentences, vectors, embedder.embed(["singing bridges"])[0])
        assert sentences[told].startswith("Singing")


def test_models_whose_vectors_are_all_near_each_other_choose_the_same(embedder: WordEmbedder) -> None:
    """A common part, as many models give to every text, changes cosines and no choice."""
    sentences = [
        "Bridges are known all over the world, and so is the wind.",
        "Singing bridges of stone and steel stand in the evening wind.",
        "We measured a hundred bridges by night.",
        "Our soup of lentils is better.",
    ]
    rows, wanted = embedder.embed(sentences), embedder.embed(["singing bridges in wind"])[0]

    def shifted(vectors: Vectors) -> Vectors:
        part = np.full((*vectors.shape[:-1], 1), 2, np.float32)
        return np.asarray(np.concatenate([vectors, part], axis=-1) / np.sqrt(5), np.float32)

    for common in (wanted, *rows):
        assert telling_sentence(sentences, shifted(rows), shifted(common)) == telling_sentence(sentences, rows, common)


def test_sentences_far_down_are_not_considered(embedder: WordEmbedder) -> None:
    sentences = ["Soup."] * MOST + ["Singing bridges."]
    vectors = embedder.embed(sentences)
    assert telling_sentence(sentences, vectors, embedder.embed(["singing bridges"])[0]) < MOST


@given(st.lists(st.text(min_size=1), min_size=1, max_size=MOST + 5), st.integers(0, 9))
def test_whatever_a_summary_says_one_of_its_sentences_is_chosen(sentences: list[str], seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((len(sentences) + 1, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    told = telling_sentence(sentences, rows[1:], rows[0])
    assert 0 <= told < min(len(sentences), MOST)
    assert told == telling_sentence(tuple(sentences), rows[1:], rows[0])
