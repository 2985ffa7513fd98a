"""What a card says of an entry."""

import json
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.entry import Entry
from newsletter.rendering.card import REST, SENTENCE, Card, card_of, load_card

SEARCH = "https://example.org/search?q={title}&x=1"
TODAY = date(2026, 11, 27)


def entry(title: str = "A title", summary: str = "", url: str | None = None, **more: tuple[str, ...]) -> Entry:
    return Entry(9, title, summary, more.get("authors", ()), url, TODAY, (), 3, b"", more.get("sources", ()))


def made(an_entry: Entry) -> Card:
    return card_of(an_entry, search_url=SEARCH, today=TODAY)


def test_an_entry_becomes_words() -> None:
    card = made(entry(url="https://example.org/1", authors=("A", "B"), sources=("one", "two", "three")))
    assert (card.entry_id, card.title, card.link, card.linked) == (9, "A title", "https://example.org/1", True)
    assert (card.people, card.source, card.date, card.likes) == ("A, B", "one, two", "27\u00a0Nov", 3)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_entry_without_a_link_is_looked_up_by_its_title(title: str) -> None:
    card = made(entry(title))
    assert not card.linked
    assert card.link.isascii()
    assert parse_qs(urlsplit(card.link).query, keep_blank_values=True) == {"q": [title], "x": ["1"]}


def test_the_sentence_set_off_is_followed_by_the_next_or_led_to_by_the_one_before() -> None:
    one, two, three = (f"This is the sentence with the number {n}." for n in (1, 2, 3))
    card = made(entry(summary=f"{one} {two} {three}"))
    assert [(card.sentence(n), card.rest(n)) for n in (0, 1, 2)] == [(one, two), (two, three), (three, two)]
    assert (card.sentence(None), card.rest(None)) == (one, two)
    alone = made(entry(summary=one))
    assert (alone.sentence(0), alone.rest(0)) == (one, "")


def test_without_a_summary_nothing_is_set_off() -> None:
    card = made(entry())
    assert (card.sentences, card.sentence(None), card.rest(None)) == ((), "", "")


def test_endless_sentences_are_clipped() -> None:
    card = made(entry(summary=f"{'Long ' * 100}end. {'Long ' * 100}end."))
    assert len(card.sentence(0)) <= SENTENCE
    assert len(card.rest(0)) <= REST
    assert card.sentence(0).endswith("…")


@given(st.text(), st.text(), st.lists(st.text()))
def test_a_card_is_read_back_as_it_was_kept(title: str, link: str, sentences: list[str]) -> None:
    card = Card(1, title, link, True, "", "", "", tuple(sentences), None)
    assert load_card(card.dump()) == card


@pytest.mark.parametrize(
    ("sources", "thanks", "origin"),
    [
        (("arXiv", "Hugging Face", "a third"), "", "arXiv, Hugging Face"),
        (("readers",), "Suggested by Ada", "Suggested by Ada"),
        (("readers", "arXiv"), "Suggested by Ada", "Suggested by Ada\u00a0· arXiv"),
        (("arXiv", "readers"), "", "arXiv"),
        (("readers",), "", "readers"),
        ((), "", ""),
    ],
)
def test_who_suggested_it_stands_where_a_source_does(sources: tuple[str, ...], thanks: str, origin: str) -> None:
    assert made(replace(entry(sources=sources), thanks=thanks)).origin == origin


def test_a_card_that_was_kept_before_there_were_thanks_is_read() -> None:
    card = made(entry(sources=("arXiv",)))
    old = {name: value for name, value in json.loads(card.dump()).items() if name != "thanks"}
    assert load_card(json.dumps(old)) == card
