"""Searching entries: what is understood of a query, and what SQLite is asked for it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.entries import search, store
from newsletter.entries.entry import ParsedEntry
from newsletter.entries.query import LONGEST, Query, parse_query

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAPERS = (
    ParsedEntry("Message passing on graphs", "Graph networks recommend music.", ("Yoshua Bengio",), "https://e.org/1"),
    ParsedEntry("A survey of graphs", "What is passing, and which message.", ("Ada Müller",), "https://e.org/2"),
    ParsedEntry(
        "Walking robots", "Legs and springs. Graph of gaits.", ("J. Bengio",), "https://e.org/3", (), date(2024, 5, 1)
    ),
    ParsedEntry("Brain tumours", "Found in scans.", ("Samy Bengio", "Ada Lovelace"), None, (), date(2025, 3, 11)),
)
#: Pieces of queries that mean something to somebody.
ODD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(list('"*^(){}:+-~/\\%_.,;\0\x02—“é图')),
    st.sampled_from(["\ud800", "NEAR(", "AND", "OR", "NOT", "title:", "-by:", "by: ", "since:", "since:2025-13"]),
    st.sampled_from(["since:0000", 'by:"', '-"', "graph", "''", "; DROP TABLE entries"]),
)


@pytest.fixture
def papers(store: Database) -> Database:
    save(store, PAPERS)
    return store


def save(db: Database, papers: Iterable[ParsedEntry]) -> None:
    store.save(db, "papers", "papers.jsonl", list(papers), NOW)


def found(db: Database, text: str) -> set[int]:
    """The ids that a query's words and conditions leave."""
    query = parse_query(text)
    ids, within = set(search.by_words(db, query)[0].tolist()), search.allowed(db, query)
    if not query.meaning:
        ids = {one.id for one in store.by_ids(db, range(10)).values()}
    every = np.array(sorted(ids), np.int64)
    return set(every[within.mask(every)].tolist())


@pytest.mark.parametrize(
    ("text", "meaning", "rest"),
    [
        ("graph networks", "graph networks", Query(words=("graph", "networks"))),
        ("what is a graph", "what is a graph", Query(words=("graph",))),
        ("what is it", "what is it", Query(words=("what", "is", "it"))),
        (
            "“message passing” -survey",
            "message passing",
            Query(words=("message", "passing"), phrases=("message passing",), without=("survey",)),
        ),
        ('by:"Ada Lovelace" looms', "looms", Query(words=("looms",), authors=("Ada Lovelace",))),
        ("by: Ada Lovelace", "", Query(authors=("Ada Lovelace",))),
        ("author:lovelace since:2025", "", Query(authors=("lovelace",), since=date(2025, 1, 1))),
        ("Since:2025-03 x", "x", Query(words=("x",), since=date(2025, 3, 1))),
        ("since:yesterday", "since:yesterday", Query(words=("since", "yesterday"))),
        ("state-space - models", "state-space models", Query(words=("state", "space", "models"))),
        ('an "open quote', "an open quote", Query(words=("open", "quote"))),
        ('"" - "!"', "", Query()),
    ],
)
def test_what_is_typed_is_understood(text: str, meaning: str, rest: Query) -> None:
    query = parse_query(text)
    assert query.meaning == meaning
    assert (query.words, query.phrases, query.without) == (rest.words, rest.phrases, rest.without)
    assert (query.authors, query.since) == (rest.authors, rest.since)


def test_what_is_followed_is_the_words_or_else_the_author() -> None:
    assert parse_query('graphs "on trees" -survey by:ada since:2025').interest == "graphs on trees"
    assert parse_query("by:ada since:2025").interest == "by: ada"
    assert parse_query("-survey").interest == ""


def test_words_are_found_in_all_their_forms_the_title_counts_more(papers: Database) -> None:
    ids, scores = search.by_words(papers, parse_query("graph"))
    order = ids[np.argsort(-scores)].tolist()
    assert set(order) == {1, 2, 3}
    assert order[-1] == 3
    assert (scores > 0).all()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('"message passing"', {1}),
        ("graph -survey", {1, 3}),
        ('graph -"message passing"', {2, 3}),
        ("by:bengio", {1, 3, 4}),
        ("by:yoshua", {1}),
        ("graph by:bengio", {1, 3}),
        ("by:muller", {2}),
        ("by:MÜLLER", {2}),
        ("by:bengio by:lovelace", {4}),
        ('by:"Bengio, Yoshua"', {1}),
        ("since:2025", {1, 2, 4}),  # what has no date of its own counts from when it came in
        ("since:2025-04", {1, 2}),
        ("graph since:2024-05-01", {1, 2, 3}),
        ("by:nobody", set()),
    ],
)
def test_conditions_hold(papers: Database, text: str, ids: set[int]) -> None:
    assert found(papers, text) == ids


def test_of_very_many_the_most_common_words_are_left_out(papers: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WEIGHED", 2)
    assert set(search.by_words(papers, parse_query("graph robots"))[0].tolist()) == {3}
    assert set(search.by_words(papers, parse_query("graph"))[0].tolist()) == {1, 2, 3}


def test_the_words_that_are_met_are_told_as_they_are_written(papers: Database) -> None:
    assert search.words_met(papers, parse_query("networks recommending"), [1, 3]) == {
        1: {"networks", "recommend"},
        3: frozenset(),
    }


@given(parts=st.lists(ODD, max_size=12), glue=st.sampled_from(["", " "]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_only_words(papers: Database, parts: list[str], glue: str) -> None:
    query = parse_query(glue.join(parts))
    assert len(query.typed) <= LONGEST
    query.typed.encode()
    assert parse_query(query.typed) == query
    search.allowed(papers, query)
    ids, scores = search.by_words(papers, query)
    assert len(ids) == len(scores) <= len(PAPERS)
    search.words_met(papers, query, ids.tolist())
    assert store.count(papers) == len(PAPERS)


@pytest.mark.parametrize("text", ["x" * 10_000, "graph " * 2_000, '"' * 10_000, "-graph " * 2_000, "by:a " * 2_000])
def test_ten_thousand_characters_are_no_trouble(papers: Database, text: str) -> None:
    query = parse_query(text)
    assert len(query.typed) <= LONGEST
    search.allowed(papers, query)
    search.by_words(papers, query)
