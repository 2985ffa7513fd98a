"""Which texts hold the words of a muted line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ranking.lexicon import Lexicon


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("surveys", "A Survey of Bridges"),
        ("survey", "Two surveys, one bridge."),
        ("case studies", "A case study"),
        ("GRAPH Networks", "networks on a graph"),
        ("boxes", "One box"),
        ("search", "Searches that end"),
        ("bias", "The biases of a model"),
        ("classes", "A class apart"),
        ("caches", "The cache"),
        ("sizes", "One size"),
        ("the survey of bridges", "bridge survey"),
        ("large-language models", "A large language model"),
        ("Straße", "straße und STRASSE"),
        ("État", "l'état, c'est moi"),
    ],
)
def test_a_line_is_found_in_any_case_number_and_order(line: str, text: str) -> None:
    assert Lexicon([text, "Something else"]).holding(line) == {0}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("graph survey", "A survey"),
        ("survey", "Surveyors"),
        ("art", "state of the start"),
        ("the of", "the of and"),
        ("", "x"),
        ("…", "…"),
        ("plans", "A plane"),
        ("glass", "Gla"),
    ],
)
def test_a_line_is_not_found_in_parts_of_words_nor_by_small_words_alone(line: str, text: str) -> None:
    assert Lexicon([text]).holding(line) == frozenset()


def test_every_text_that_holds_all_the_words_is_found() -> None:
    lexicon = Lexicon(["Graph survey", "Graphs", "A survey of graphs", ""])
    assert lexicon.holding("graph survey") == {0, 2}
    assert lexicon.holding("graph") == {0, 1, 2}
    assert Lexicon([]).holding("graph") == frozenset()


@given(st.lists(st.text(max_size=40), max_size=5), st.text(max_size=20))
def test_any_text_can_be_indexed_and_asked_for(texts: list[str], line: str) -> None:
    found = Lexicon(texts).holding(line)
    assert found <= set(range(len(texts)))
    assert Lexicon([*texts, line]).holding(line) in (frozenset(), found | {len(texts)})
