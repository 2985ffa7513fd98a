"""What a topic is called: a phrase that its entries share and others have not, as a person would write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ranking.naming import CANDIDATES, Background, phrases_of

OTHERS = Background(
    [
        "Language models that plan. We train large language models and evaluate them on a new benchmark.",
        "Graph networks in chemistry. Molecules are graphs; we propose a network that predicts their energy.",
        "Robots that walk. Legged robots learn to walk in simulation, and we show that it transfers.",
        "A survey of vision transformers. Transformers see images as sequences of patches.",
        "Fair classifiers. We study classifiers that are fair within groups and between them.",
        "On the energy of cells. We measure cells and their sequences, which we model.",
    ]
)


def names(*entries: tuple[str, str], background: Background = OTHERS) -> list[str]:
    return [one.text for one in phrases_of([t for t, _ in entries], [s for _, s in entries], background)]


def test_the_best_name_is_what_the_titles_share_and_others_have_not() -> None:
    found = names(
        ("Mamba: Linear-Time Sequences with Selective State-Space Models", "We propose a state-space model of texts."),
        ("Vision with State Space Models", "The state-space model reads an image as a sequence, as transformers do."),
        ("Long audio", "We evaluate state-space models on long audio and show that they are fast."),
    )
    assert found[0] == "state-space models"


@pytest.mark.parametrize("word", ["LoRA", "RAG", "GPT-4", "AlphaFold"])
def test_capitals_within_a_word_stay(word: str) -> None:
    entries = [(f"{word} in practice", f"We use {word} here."), (f"What {word} does", f"It is {word} that we study.")]
    assert names(*entries)[0] == word


def test_capitals_that_only_titles_give_are_dropped_and_names_of_people_keep_theirs() -> None:
    found = names(
        ("Gaussian Splatting for Cities", "With Gaussian splatting we see cities."),
        ("Fast Gaussian Splatting", "We make Gaussian splatting fast."),
    )
    assert found[0] == "Gaussian splatting"


def test_a_part_of_a_name_is_no_name() -> None:
    found = names(
        ("Brain Tumour Segmentation", "We do brain tumour segmentation."),
        ("Brain Tumour Segmentation at Night", "A method for brain tumour segmentation."),
    )
    assert found == ["brain tumour segmentation"]


def test_a_name_crosses_no_sign_of_punctuation_and_ends_with_no_small_word() -> None:
    found = names(
        ("Owls, mice and the night", "Owls hunt mice. Night falls on the owls of the hill."),
        ("Owls: mice of the night", "Owls, mice; night (owls) of the hills."),
    )
    for name in found:
        assert not set(name) & set(",:;.()")
        assert name.split()[0] not in ("and", "the", "of") and name.split()[-1] not in ("and", "the", "of")


def test_what_everybody_writes_is_no_name() -> None:
    found = names(
        ("We propose a method", "In this paper we propose a novel method that significantly outperforms the state."),
        ("Method that we propose", "In this paper we propose a novel method that significantly outperforms others."),
    )
    assert found == []


def test_entries_that_share_no_word_have_no_name() -> None:
    assert names(("Owls", "Birds that see."), ("Lava", "Stone that flows.")) == []
    assert names() == []


text = st.text(max_size=60) | st.lists(
    st.sampled_from(
        ["state-space", "models", "of", "LoRA", "the", "<b>", "$x^2$", "3D", "—", "\ud800", "深度学习", "it's", "C++"]
    ),
    max_size=12,
).map(" ".join)


@given(st.lists(st.tuples(text, text), max_size=6), st.lists(text, max_size=4))
def test_any_texts_give_names_that_stand_in_them(entries: list[tuple[str, str]], others: list[str]) -> None:
    found = phrases_of([t for t, _ in entries], [s for _, s in entries], Background(others))
    assert len(found) <= CANDIDATES
    assert [one.worth for one in found] == sorted((one.worth for one in found), reverse=True)
    written = " ".join(" ".join(" ".join(pair).split()) for pair in entries).casefold()
    for one in found:
        assert one.text.casefold() in written
        assert one.worth > 0 and len(one.text) <= 60 and one.text == one.text.strip()
        assert not set(one.text) & set("<>$\n,.;:()")
