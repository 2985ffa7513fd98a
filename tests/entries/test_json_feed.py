"""JSON Feed 1.0 and 1.1: what may be missing, and what may be wrong."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.entry import Parsed
from newsletter.entries.identity import identities
from newsletter.entries.sources import parse
from newsletter.entries.sources.feed import parse_feed

TODAY = date(2026, 11, 22)


def read(content: str | bytes) -> Parsed:
    content = content.encode() if isinstance(content, str) else content
    return parse_feed(content, location="https://example.org/feed.json", today=TODAY)


def json_feed(*items: object, version: str = "https://jsonfeed.org/version/1.1") -> str:
    return json.dumps({"version": version, "title": "Made up", "items": list(items)})


def test_version_1_0_has_one_author_and_a_numeric_id_does_no_harm() -> None:
    item = {
        "id": 5,
        "url": "https://example.org/a",
        "title": "T",
        "content_text": "Text.",
        "author": {"name": "N. One"},
    }
    [entry] = read(json_feed(item, version="https://jsonfeed.org/version/1")).entries
    assert (entry.authors, entry.summary, entry.url) == (("N. One",), "Text.", "https://example.org/a")
    assert identities(entry) == ["url:example.org/a", "title:t"]


def test_a_missing_title_is_made_of_the_first_words() -> None:
    [entry] = read(json_feed({"id": "1", "content_html": "<p>One note</p>" + "<p>and more words</p>" * 30})).entries
    assert entry.title.startswith("One note and more words")
    assert len(entry.title) <= 80


def test_an_item_with_nothing_in_it_is_told() -> None:
    parsed = read(json_feed({"id": "x\n" * 500}, {}, "text", None, 5, ["list"]))
    assert parsed.entries == ()
    assert len(parsed.skipped) == 6
    assert all(len(str(skipped)) < 200 and str(skipped).isprintable() for skipped in parsed.skipped)


def test_a_byte_order_mark_does_no_harm() -> None:
    content = b"\xef\xbb\xbf" + json_feed({"title": "T"}).encode()
    assert [entry.title for entry in parse(content, name="a", today=TODAY).entries] == ["T"]


def test_an_external_link_and_an_id_that_is_a_link_stand_in_for_a_missing_one() -> None:
    first, second = read(
        json_feed(
            {"title": "T", "external_url": "https://example.org/x"}, {"title": "U", "id": "https://example.org/y"}
        )
    ).entries
    assert (first.url, second.url) == ("https://example.org/x", "https://example.org/y")


FIELDS = (
    "id url external_url title content_html content_text summary date_published date_modified authors author tags "
    "attachments image"
).split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("a<b>\x00\ud800 10.5555/", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "url", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("wrong", [None, 5, 1.5, True, "text", [], [None], [[]], {}, {"name": 5}, [{"name": []}]])
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_a_wrong_type_costs_that_field_only(field: str, wrong: object) -> None:
    if field == "title":
        wrong = wrong if not isinstance(wrong, str) else None
    item = {"id": "1", "title": "T", "content_text": "Text.", "url": "https://example.org/a", field: wrong}
    [entry] = read(json_feed(item)).entries
    assert entry.title in ("T", "Text.")


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON, max_size=4), JSON)
def test_any_json_is_read_or_refused(items: list[object], version: object) -> None:
    content = json.dumps({"version": version, "items": items})
    parsed = read(content)
    assert len(parsed.entries) + len(parsed.skipped) == len(items)
    for entry in parsed.entries:
        assert entry.title
        for key in identities(entry):
            key.encode()
