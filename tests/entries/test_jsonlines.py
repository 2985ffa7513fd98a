"""JSON lines from whatever script."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.entry import Parsed, ParsedEntry
from newsletter.entries.sources import guess_kind, parse
from newsletter.entries.sources.jsonlines import parse_jsonlines
from newsletter.errors import SourceError

TODAY = date(2026, 11, 22)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab\x00\ud800 10.5555/", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("title", "summary", "abstract", "url", "link", "authors", "published", "categories", "popularity", "id", "doi")


def read(*lines: object) -> Parsed:
    return parse_jsonlines("\n".join(json.dumps(line) for line in lines), today=TODAY)


def test_a_line_gives_an_entry_with_all_it_says() -> None:
    line = {
        "title": "Bridges  that\nsing",
        "summary": "They <b>do</b>.",
        "url": "https://example.org/a",
        "authors": ["N. One", {"name": "N. Two"}, 3, None],
        "published": "2026-11-20",
        "categories": ["cs.AI", 5],
        "popularity": 12,
        "id": "arXiv:2611.00001",
        "doi": "10.5555/12345",
    }
    expected = ParsedEntry(
        title="Bridges that sing",
        summary="They do.",
        authors=("N. One", "N. Two"),
        url="https://example.org/a",
        identifiers=("arXiv:2611.00001", "10.5555/12345"),
        published=date(2026, 11, 20),
        categories=("cs.AI",),
        popularity=12,
    )
    assert read(line) == Parsed((expected,))


def test_other_names_for_the_same_are_understood() -> None:
    [entry] = read({"title": "T", "abstract": "A.", "upvotes": 3, "link": "https://example.org/a"}).entries
    assert (entry.summary, entry.popularity, entry.url) == ("A.", 3, "https://example.org/a")


@pytest.mark.parametrize("names", ["N. One, N. Two and N. Three", "N. One and N. Two, N. Three"])
def test_authors_in_one_string_are_told_apart(names: str) -> None:
    assert read({"title": "T", "authors": names}).entries[0].authors == ("N. One", "N. Two", "N. Three")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not json", "not JSON"),
        ('{"title": "cut', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('["a list"]', "not an object with a title"),
        ("null", "not an object with a title"),
        ("{}", "it has no title"),
        ('{"title": ""}', "it has no title"),
        ('{"title": 5}', "it has no title"),
        ('{"title": "\\u0000"}', "it has no title"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_stops_nothing(line: str, why: str) -> None:
    parsed = parse_jsonlines(f'{{"title": "One"}}\n\n{line}\n{{"title": "Two"}}', today=TODAY)
    assert [entry.title for entry in parsed.entries] == ["One", "Two"]
    assert [(skipped.what, skipped.why[: len(why)]) for skipped in parsed.skipped] == [("line 3", why)]


@pytest.mark.parametrize("popularity", [-1, 2**40, 1.5, "12", None, [3]])
def test_a_popularity_that_is_none_counts_as_unknown(popularity: object) -> None:
    assert read({"title": "T", "popularity": popularity}).entries[0].popularity is None


def test_a_byte_order_mark_windows_line_ends_and_unicode_separators_do_no_harm() -> None:
    parsed = parse_jsonlines('\ufeff{"title": "One\u2028more"}\r\n{"title": "Two"}\r\n', today=TODAY)
    assert [entry.title for entry in parsed.entries] == ["One more", "Two"]
    assert parsed.skipped == ()


@pytest.mark.parametrize("name", ["entries.jsonl", "entries.ndjson", "https://example.org/entries"])
def test_the_format_is_recognised_also_where_a_line_is_long(name: str) -> None:
    content = "\n".join(json.dumps({"title": f"T {n}", "summary": "word " * 2_000}) for n in range(9)).encode()
    assert guess_kind(content, name) == "jsonl"
    assert len(parse(content, name=name, today=TODAY).entries) == 9


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b'{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": []}', "feed.json", "feed"),
        (b'{\n"items": []}', "feed.json", "feed"),
        (b'\xef\xbb\xbf{"items": []}', "feed.json", "feed"),
        (b'{"title": "one line"}', "a", "jsonl"),
        (b'{"title": ' + b'["x",' * 5_000, "a", "feed"),
        (b"  \n<rss/>", "a.txt", "feed"),
        ('<?xml version="1.0" encoding="utf-16"?><rss/>'.encode("utf-16"), "a", "feed"),
        (b"", "a", "papers-page"),
        (b"Mar 11\n\nTitle\n\nAbstract", "a", "papers-page"),
        (("\ufeffMar 11\n\n" + "é " * 30_000).encode(), "a", "papers-page"),
    ],
)
def test_the_format_is_told_by_the_first_bytes(content: bytes, name: str, expected: str) -> None:
    assert expected == guess_kind(content, name)


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 and so on", b"\x89PNG\r\n\x1a\n", b"Hello, world.", b"[1, 2]", b"\x00" * 90]
)
def test_what_is_of_no_known_format_is_told(content: bytes) -> None:
    with pytest.raises(SourceError, match="its format is not known"):
        parse(content, name="a", today=TODAY)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_wrong_types_anywhere_are_no_error(item: dict[str, object]) -> None:
    parsed = read({"title": "T"} | item, item, [item])
    assert len(parsed.entries) + len(parsed.skipped) == 3


@given(st.binary(max_size=300), st.sampled_from(["auto", "papers-page", "jsonl", "feed"]))
def test_any_bytes_are_read_or_refused_as_a_source(content: bytes, kind: str) -> None:
    try:
        parsed = parse(content, name="a", kind=kind, today=TODAY)  # type: ignore[arg-type]
    except SourceError:
        return
    assert isinstance(parsed, Parsed)
