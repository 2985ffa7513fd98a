"""Entries by their words: held to the same worked out word by word."""

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slowly import Words
from worlds import some_words

from newsletter.ranking.learning import groups_of
from newsletter.ranking.wording import Said, Wording


def some(rng: np.random.Generator, count: int) -> list[Said]:
    return [(some_words(rng, 1, 4), some_words(rng, 0, 15)) for _ in range(count)]


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(0, 8))
def test_lines_are_answered_by_bm25(seed: int, count: int, others: int) -> None:
    rng = np.random.default_rng(seed)
    entries, beside = some(rng, count), some(rng, others)
    lines = [some_words(rng, 1, 5) for _ in range(3)]
    found = Wording(entries, beside).answers(lines)
    slow = Words(entries, beside)
    for n, line in enumerate(lines):
        assert found[n] == pytest.approx([slow.answer(line, entry) for entry in range(count)], abs=1e-4)


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 6))
def test_what_words_tell_is_the_log_of_how_much_more_often_they_stand_there(seed: int, count: int, voted: int) -> None:
    rng = np.random.default_rng(seed)
    entries, beside, liked = some(rng, count), some(rng, 4), some(rng, voted)
    weights = rng.uniform(0.05, 1, voted).astype(np.float32)
    wording, slow = Wording(entries, beside), Words(entries, beside)
    counts = wording.words_of(liked).multiply(weights[:, None]).tocsr().sum(axis=0)
    held = wording.words_of(liked[:1])
    counts = type(held)(counts.astype(np.float32))
    found = wording.in_common(wording.told(counts, weights.sum(keepdims=True)))
    groups = list(zip(liked, weights.tolist(), strict=True))
    assert found[0] == pytest.approx([slow.in_common(groups, entry) for entry in range(count)], abs=1e-4)


@given(st.integers(0, 2**32), st.integers(1, 8), st.integers(1, 7))
def test_what_is_lost_without_an_entry_is_what_is_left_of_the_others(seed: int, count: int, voted: int) -> None:
    """Of two groups, each without each of its entries."""
    rng = np.random.default_rng(seed)
    entries = some(rng, count)
    wording, slow = Wording(entries), Words(entries, [])
    liked = some(rng, 2 * voted)
    weights = rng.uniform(0.05, 1, 2 * voted).astype(np.float32)
    groups = np.repeat([0, 1], voted)
    words = wording.words_of(liked)
    starts = groups_of(groups).starts
    member = type(words)((weights, np.arange(2 * voted), [*starts, 2 * voted]), (2, 2 * voted))
    counts = (member @ words).tocsr()
    counts.sort_indices()
    places = np.repeat(rng.integers(0, count, (2, 3)), voted, axis=0)
    found = wording.lost(words, weights, groups, counts, np.add.reduceat(weights, starts), places)
    for n in range(2 * voted):
        own = [(liked[m], float(weights[m])) for m in range(2 * voted) if groups[m] == groups[n]]
        left = [(liked[m], float(weights[m])) for m in range(2 * voted) if groups[m] == groups[n] and m != n]
        for place, entry in enumerate(places[n].tolist()):
            before, after = slow.in_common(own, entry), slow.in_common(left, entry) if left else 0.0
            assert found[n, place] == pytest.approx(before - after, abs=3e-3)


def test_a_word_that_only_what_is_liked_holds_says_more_than_one_that_all_hold() -> None:
    entries = [("federated model", ""), ("model of bridges", ""), ("model of cells", ""), ("model", "bridges")]
    wording = Wording(entries)
    counts = wording.words_of([("federated model", "")])
    told = wording.told(counts, np.ones(1, np.float32)).toarray()[0]
    common = wording.in_common(wording.told(counts, np.ones(1, np.float32)))[0]
    assert told.max() > 3 * abs(told[told != told.max()]).max()
    assert common.argmax() == 0


def test_singular_plural_case_and_small_words_make_no_difference() -> None:
    wording = Wording([("Graph Neural Networks", ""), ("Cells", "")])
    one, other = wording.answers(["the graphs of a NEURAL network", "graph neural network"])
    assert one == pytest.approx(other)
    assert one[0] > 0 == one[1]


def test_a_title_says_more_than_a_summary() -> None:
    wording = Wording([("graphs", "cells rest"), ("cells", "graphs rest"), ("bridges", "that sway")])
    first, second, third = wording.answers(["graph"])[0]
    assert first > second > third == 0


def test_words_in_all_entries_hardly_count_and_those_of_none_not_at_all() -> None:
    entries = [("model alpha", ""), ("model beta", ""), ("model gamma", "")]
    wording = Wording(entries, [("model", "")] * 20)
    common, rare, strange = wording.answers(["model", "alpha", "zebra"])
    assert common.max() < rare.max() / 5
    assert not strange.any()


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=80)), max_size=6), st.text(max_size=60))
def test_any_text_is_answered_with_numbers(entries: list[Said], line: str) -> None:
    wording = Wording(entries, [("some words", string.ascii_letters)])
    found = wording.answers([line, ""])
    assert found.shape == (2, len(entries))
    assert np.isfinite(found).all()
    assert not found[1].any()
    if entries:
        counts = wording.words_of(entries[:1])
        assert np.isfinite(wording.in_common(wording.told(counts, np.ones(1, np.float32)))).all()
