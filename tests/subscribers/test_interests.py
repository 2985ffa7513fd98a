"""Interests in the reader's own words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import InvalidInterest
from subscribers.interests import MAX_CHARACTERS, MAX_INTERESTS, Interest, parse_interest, parse_interests


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("protein design", Interest("protein design")),
        ("  protein \t design\n", Interest("protein design")),
        ("not: surveys", Interest("surveys", muted=True)),
        ("NOT :surveys", Interest("surveys", muted=True)),
        ("no: surveys", Interest("surveys", muted=True)),
        ("\u200bnot: surveys", Interest("surveys", muted=True)),
        ("nothing: a history", Interest("nothing: a history")),
        ("not surveys", Interest("not surveys")),
        ("C++ & <templates>", Interest("C++ & <templates>")),
        ("bio\u00adlogy", Interest("biology")),
        ("maps\x00and\x1b[31m\u2028territories", Interest("maps and [31m territories")),
        ("safe\u202etxt", Interest("safetxt")),
        ("half \ud800 a pair", Interest("half a pair")),
        ("می‌خواهم", Interest("می‌خواهم")),
        ("🧬 genomics", Interest("🧬 genomics")),
        ("量子計算", Interest("量子計算")),
    ],
)
def test_a_line_becomes_an_interest(line: str, expected: Interest) -> None:
    assert expected == parse_interest(line)


@pytest.mark.parametrize("line", ["", "   ", "not:", "not: ", "🧬🚀✨", "--- !!!", "\u200b", "\x00\x01", "no: 🚀"])
def test_a_line_without_a_word_is_refused(line: str) -> None:
    with pytest.raises(InvalidInterest, match="holds no word"):
        parse_interest(line)


def test_a_line_of_5000_characters_is_refused_with_its_length() -> None:
    with pytest.raises(InvalidInterest, match="has 5,000 characters; 300 is the most"):
        parse_interest("x" * 5_000)


def test_the_longest_line_is_kept_whole() -> None:
    assert parse_interest("x" * MAX_CHARACTERS).text == "x" * MAX_CHARACTERS


def test_an_interest_written_out_reads_back_as_itself() -> None:
    interests = (Interest("protein design"), Interest("surveys", muted=True))
    assert interests == parse_interests([str(interest) for interest in interests])


def test_a_repeated_interest_is_kept_once_and_the_last_word_on_it_wins() -> None:
    lines = ["Surveys", "robots", "not: surveys"]
    assert (Interest("robots"), Interest("surveys", muted=True)) == parse_interests(lines)


def test_too_many_interests_are_refused() -> None:
    assert len(parse_interests([f"topic {n}" for n in range(MAX_INTERESTS)])) == MAX_INTERESTS
    with pytest.raises(InvalidInterest, match="51 interests are too many"):
        parse_interests([f"topic {n}" for n in range(MAX_INTERESTS + 1)])


@given(st.text(max_size=400) | st.text("not: \r\n\x00\u202e\u200b\u200d\ud800é🧬", max_size=40))
def test_any_text_gives_one_clean_line_or_is_refused(line: str) -> None:
    try:
        interest = parse_interest(line)
    except InvalidInterest as refusal:
        assert str(refusal).isprintable()
        return
    assert 0 < len(interest.text) <= MAX_CHARACTERS
    assert interest.text == " ".join(interest.text.split())
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in interest.text}
