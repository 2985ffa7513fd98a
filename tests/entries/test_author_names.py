"""Whose name an entry gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.author_names import AuthorNames, same_author

NAMES = st.lists(
    st.sampled_from(["Ada", "A.", "J.-P.", "Jean-Pierre", "van", "der", "Wang", "Müller", "O'Neil", ",",
                     " ", "Jr.", "é", "李", "-"]),
    max_size=6,
).map(" ".join)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        ("Yoshua Bengio", "Yoshua Bengio"),
        ("yoshua bengio", "BENGIO, Yoshua"),
        ("Yoshua Bengio", "Y. Bengio"),
        ("Bengio, Yoshua", "Yoshua W. Bengio"),
        ("Alice B. Carol", "Alice Carol"),
        ("Jürgen Schmidhuber", "Jurgen Schmidhuber"),
        ("Soren Odegard", "Søren Ødegård"),
        ("Laurens van der Maaten", "van der Maaten, Laurens"),
        ("Laurens van der Maaten", "Maaten, Laurens van der"),
        ("Jean-Pierre Serre", "J.-P. Serre"),
        ("Jean Pierre Serre", "J.P. Serre"),
        ("Anna Smith-Jones", "Smith-Jones, A."),
        ("Martin Luther King", "Martin Luther King, Jr."),
        ("Conan O'Brien", "Conan O’Brien"),
        ("J. Wang", "J Wang"),
        ("OpenAI", "OpenAI"),
        ("李明", "李明"),
    ],
)
def test_one_person(wanted: str, written: str) -> None:
    assert same_author(wanted, written)


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        ("J. Wang", "Jian Wang"),
        ("J. Wang", "J. K. Wang"),
        ("Bengio", "Yoshua Bengio"),
        ("Yoshua Bengio", "Bengio"),
        ("Yoshua Bengio", "Samy Bengio"),
        ("Yoshua Bengio", "Yoshua Bengioni"),
        ("Alice B. Carol", "Alice D. Carol"),
        ("Alice Bob Carol", "Alice Dora Carol"),
        ("Jian Wang", "Jia Wang"),
        ("", ""),
        ("...", "Ada"),
    ],
)
def test_two_people(wanted: str, written: str) -> None:
    assert not same_author(wanted, written)


def test_entries_are_found_by_an_author() -> None:
    names = AuthorNames([["Ada Lovelace", "J. Wang"], [], ["A. Lovelace"], ["Jian Wang"], ["Lovelace, Bob"]])
    assert names.by("Lovelace, Ada") == {0, 2}
    assert names.by("J. Wang") == {0}
    assert names.by("Jian Wang") == {0, 3}
    assert names.by("Grace Hopper") == frozenset()


@given(st.lists(st.lists(NAMES | st.text(max_size=30), max_size=3), max_size=5), NAMES | st.text(max_size=30))
def test_the_index_agrees_with_looking_at_each_name(entries: list[list[str]], wanted: str) -> None:
    found = {n for n, authors in enumerate(entries) if any(same_author(wanted, name) for name in authors)}
    assert AuthorNames(entries).by(wanted) == found


@given(NAMES | st.text(max_size=30))
def test_a_name_is_its_own_unless_it_names_nobody(name: str) -> None:
    assert same_author(name, name) == same_author(name.upper().lower(), name)
