"""Hugging Face's daily papers: real ones, broken ones and hostile ones."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.entry import Parsed, ParsedEntry, Skipped
from newsletter.entries.identity import identities
from newsletter.entries.sources import huggingface, parse
from newsletter.entries.sources.huggingface import parse_huggingface
from newsletter.errors import SourceError

TODAY = date(2026, 11, 25)
PAPER = {
    "id": "2606.00467",
    "title": "Robots that\n  knock before they enter",
    "summary": "Doors are hard.\nWe teach manners.",
    "ai_summary": "A machine says: manners help.",
    "ai_keywords": ["doors", "manners", "knocking", "robots", "hinges", "keys", "locks"],
    "authors": [
        {"_id": "1", "name": "Zoë Last", "hidden": False},
        {"_id": "2", "name": "Not Really", "hidden": True},
        {"_id": "3", "name": "Abe First"},
    ],
    "upvotes": 12,
    "publishedAt": "2026-05-30T00:00:00.000Z",
    "submittedOnDailyAt": "2026-06-12T00:00:00.000Z",
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
#: Answers with the right keys, and anything under them.
twisted = st.lists(
    st.fixed_dictionaries({"paper": anything | st.fixed_dictionaries(dict.fromkeys(PAPER, anything))}), max_size=3
)


def listing(*papers: Any, **beside: Any) -> bytes:
    return json.dumps([{"paper": paper, **beside} for paper in papers]).encode()


def read(content: str | bytes, name: str = "papers.json") -> Parsed:
    return parse(content.encode() if isinstance(content, str) else content, name=name, today=TODAY)


def one(**changed: Any) -> ParsedEntry:
    [entry] = read(listing({**PAPER, **changed})).entries
    return entry


# Real answers


def test_a_real_answer_is_read_whole(shared_data: Path) -> None:
    content = (shared_data / "feeds" / "hf_daily_papers.json").read_bytes()
    parsed = read(content)
    assert parsed.skipped == ()
    assert len(parsed.entries) == len(json.loads(content)) == 30
    for entry, raw in zip(parsed.entries, json.loads(content), strict=True):
        assert entry.title and entry.summary and entry.authors and entry.categories
        assert entry.popularity == raw["paper"]["upvotes"]
        assert entry.published is not None
        assert entry.published.isoformat() == raw["paper"]["submittedOnDailyAt"][:10]
        assert entry.url == f"https://huggingface.co/papers/{raw['paper']['id']}"
        assert identities(entry)[0] == f"arxiv:{raw['paper']['id']}"
    assert max(entry.popularity or 0 for entry in parsed.entries) > 100


def test_a_paper_is_the_same_as_arxivs() -> None:
    theirs = ParsedEntry(title="Another title", url="https://arxiv.org/abs/2606.00467v2")
    assert identities(one())[0] == identities(theirs)[0]


# What is read of a paper


def test_a_paper_is_read_from_where_things_stand() -> None:
    beside = {"upvotes": 99, "ai_summary": "wrong", "publishedAt": "2026-05-29T20:00:00.000Z", "title": "Beside it"}
    parsed = read(listing(PAPER, **beside))
    assert parsed == Parsed(
        (
            ParsedEntry(
                title="Robots that knock before they enter",
                summary="Doors are hard. We teach manners.",
                authors=("Zoë Last", "Abe First"),
                url="https://huggingface.co/papers/2606.00467",
                identifiers=("arXiv:2606.00467",),
                published=date(2026, 6, 12),
                categories=("doors", "manners", "knocking", "robots", "hinges"),
                popularity=12,
            ),
        )
    )


@pytest.mark.parametrize("abstract", ["", "  \n", None, 5])
def test_the_machines_summary_stands_in_where_there_is_no_abstract(abstract: object) -> None:
    assert one(summary=abstract).summary == "A machine says: manners help."


@pytest.mark.parametrize(
    ("upvotes", "popularity"),
    [(0, 0), (118, 118), (-1, None), (True, None), ("12", None), (None, None), (2.5, None), (2**40, None)],
)
def test_upvotes_are_a_number_or_unknown(upvotes: object, popularity: int | None) -> None:
    assert one(upvotes=upvotes).popularity == popularity


@pytest.mark.parametrize("day", [None, "", "soon", 20260612])
def test_without_its_day_among_the_daily_papers_the_papers_own_date_counts(day: object) -> None:
    assert one(submittedOnDailyAt=day).published == date(2026, 5, 30)


@pytest.mark.parametrize("id_", ["../../login", "2606.00467?x=<b>", "a b", "", None, 2606.00467, "x" * 90])
def test_an_id_that_is_none_makes_no_arxiv_paper_of_it(id_: object) -> None:
    entry = one(id=id_)
    assert not any(key.startswith("arxiv:") for key in identities(entry))
    assert entry.url is None or entry.url.startswith("https://huggingface.co/papers/")
    assert entry.title == "Robots that knock before they enter"


def test_the_title_beside_the_paper_stands_in() -> None:
    [entry] = read(listing({**PAPER, "title": ""}, title="Beside it")).entries
    assert entry.title == "Beside it"


def test_a_paper_without_a_title_is_skipped_and_told_and_stops_nothing() -> None:
    parsed = read(listing({**PAPER, "title": "\n"}, PAPER, None))
    assert len(parsed.entries) == 1
    assert parsed.skipped == (Skipped("paper 2606.00467", "it has no title"), Skipped("an item", "it holds no paper"))


# Whole answers


@pytest.mark.parametrize("content", ["[]", " [ ]\n", "\ufeff[]"])
def test_a_day_without_papers_is_no_error(content: str) -> None:
    assert read(content) == Parsed()
    assert parse(content.encode(), name="papers", today=TODAY, kind="huggingface") == Parsed()


@pytest.mark.parametrize("kind", ["auto", "huggingface"])
@pytest.mark.parametrize("error", ['{"error": "Invalid date"}', '{"error": {"message": "Invalid date", "code": 1}}'])
def test_an_error_is_told_in_its_words(kind: Any, error: str) -> None:
    with pytest.raises(SourceError, match=r"answers with an error: Invalid date$"):
        parse(error.encode(), name="https://huggingface.co/api/daily_papers", today=TODAY, kind=kind)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<html></html>", "not even JSON"),
        ("[" * 100_000, "not even JSON"),
        ("[1" + "0" * 5_000 + "]", "not even JSON"),
        ("", "not even JSON"),
        ("5", "no list of Hugging Face's papers"),
        ('{"papers": []}', "no list of Hugging Face's papers"),
        ('[{"title": "Of something else"}]', "not of Hugging Face's papers"),
    ],
)
def test_what_is_no_list_of_papers_is_an_error(content: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        parse(content.encode(), name="papers", today=TODAY, kind="huggingface")


def test_a_list_of_other_things_is_not_taken_for_papers() -> None:
    with pytest.raises(SourceError, match="its format is not known"):
        read('[{"title": "Of something else"}]')


def test_a_huge_list_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface, "MAX_PAPERS", 2)
    parsed = read(listing(*[PAPER] * 5))
    assert len(parsed.entries) == 2
    assert parsed.skipped == (Skipped("3 further papers", "only 2 are read"),)


def test_a_list_of_too_many_bytes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface, "MAX_BYTES", 1_000)
    with pytest.raises(SourceError, match="is not read"):
        read(listing(*[PAPER] * 5))


@given(twisted | anything)
def test_any_json_gives_entries_or_an_error_in_words(answer: Any) -> None:
    try:
        parsed = parse_huggingface(json.dumps(answer).encode(), today=TODAY)
    except SourceError as error:
        assert str(error)
        return
    assert len(parsed.entries) + len(parsed.skipped) == len(answer)
    for entry in parsed.entries:
        assert entry.title.strip() and "\n" not in entry.title + entry.summary
        assert identities(entry)
        assert entry.popularity is None or entry.popularity >= 0


@given(st.binary() | st.binary().map(b"[".__add__))
def test_any_bytes_give_entries_or_an_error_in_words(content: bytes) -> None:
    try:
        parse_huggingface(content, today=TODAY)
    except SourceError as error:
        assert str(error)
