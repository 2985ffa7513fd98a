"""arXiv's announcement feeds and the answers of its API, and what servers say of their errors."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.entry import Parsed, Skipped
from newsletter.entries.identity import identities
from newsletter.entries.sources import error_words, parse
from newsletter.errors import SourceError

TODAY = date(2026, 11, 25)
FEED = "https://rss.arxiv.org/rss/cs.AI+cs.CL"
API = "https://export.arxiv.org/api/query?search_query=%28cat%3Acs.AI+OR+cat%3Amath.%2A%29+AND+submittedDate%3A%5B1%5D"
ELSEWHERE = "announced in another category first"
OLDER = "a new version of an older paper"


def announcement(kind: str) -> str:
    return (
        f"<item><title>About {kind}</title><link>https://arxiv.org/abs/2611.00001</link>"
        f"<description>arXiv:2611.00001v1 Announce Type: {kind} \nAbstract: We found a thing.</description>"
        '<guid isPermaLink="false">oai:arXiv.org:2611.00001v1</guid><category>cs.AI</category>'
        f"<arxiv:announce_type>{kind}</arxiv:announce_type><dc:creator>Zoë Last, Abe First</dc:creator></item>"
    )


def rss(*kinds: str) -> bytes:
    return (
        '<rss version="2.0" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>cs.AI updates on arXiv.org</title>{''.join(map(announcement, kinds))}</channel></rss>"
    ).encode()


def atom(*kinds: str) -> bytes:
    """The Atom form of announcements says the same in other elements, and names no author of its own."""
    entries = "".join(
        f"<entry><id>oai:arXiv.org:2611.0000{n}v1</id><title>About {kind}</title>"
        f'<link href="https://arxiv.org/abs/2611.0000{n}" rel="alternate" type="text/html"/>'
        f"<summary>arXiv:2611.0000{n}v1 Announce Type: {kind}\nAbstract: We found a thing.</summary>"
        '<category term="cs.AI"/><published>2026-11-24T00:00:00-05:00</published>'
        f"<arxiv:announce_type>{kind}</arxiv:announce_type><dc:creator>Zoë Last, Abe First</dc:creator></entry>"
        for n, kind in enumerate(kinds)
    )
    return (
        '<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns="http://www.w3.org/2005/Atom"><id>http://rss.arxiv.org/atom/cs.AI</id>'
        f"<title>cs.AI updates on arXiv.org</title>{entries}</feed>"
    ).encode()


def answer(
    *primaries: str, total: int = 0, start: int = 0, size: int = 2_000, id_: str = "https://arxiv.org/"
) -> bytes:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2611.0000{n}v1</id><title>In {primary}</title><summary>We found.</summary>"
        f'<link href="https://arxiv.org/abs/2611.0000{n}v1" rel="alternate" type="text/html"/>'
        '<category term="cs.AI" scheme="http://arxiv.org/schemas/atom"/><published>2026-11-24T17:59:49Z</published>'
        f'<arxiv:primary_category term="{primary}"/><author><name>Zoë Last</name></author></entry>'
        for n, primary in enumerate(primaries)
    )
    return (
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:arxiv="http://arxiv.org/schemas/atom"><id>{id_}</id><title>arXiv Query</title>'
        f"<opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>"
        f"<opensearch:totalResults>{total}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
    ).encode()


def failure(words: str, title: str = "Error") -> bytes:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/</id><title>arXiv Search Results</title>'
        f"<entry><id>https://arxiv.org/api/errors#it</id><title>{title}</title><summary>{words}</summary></entry></feed>"
    ).encode()


def read(content: bytes, name: str = FEED, *, kind: Any = "arxiv", cross_lists: bool = True) -> Parsed:
    return parse(content, name=name, today=TODAY, kind=kind, cross_lists=cross_lists)


def titles(parsed: Parsed) -> list[str]:
    return [entry.title for entry in parsed.entries]


# Announcements


@pytest.mark.parametrize("kind", ["auto", "arxiv", "feed"])
@pytest.mark.parametrize("form", [rss, atom])
def test_new_and_cross_listed_papers_are_kept_and_new_versions_dropped(kind: Any, form: Any) -> None:
    parsed = read(form("new", "cross", "replace", "replace-cross"), kind=kind)
    assert titles(parsed) == ["About new", "About cross"]
    assert parsed.skipped == (Skipped("About replace", OLDER), Skipped("About replace-cross", OLDER))


@pytest.mark.parametrize("form", [rss, atom])
def test_cross_listed_papers_are_dropped_where_the_settings_say_so(form: Any) -> None:
    parsed = read(form("new", "cross", "replace-cross"), cross_lists=False)
    assert titles(parsed) == ["About new"]
    assert parsed.skipped == (Skipped("About cross", ELSEWHERE), Skipped("About replace-cross", OLDER))


@pytest.mark.parametrize("form", [rss, atom])
def test_an_announcement_is_read_without_its_prefix_and_with_its_authors_apart(form: Any) -> None:
    [entry] = read(form("new")).entries
    assert (entry.summary, entry.authors) == ("We found a thing.", ("Zoë Last", "Abe First"))
    assert identities(entry)[0].startswith("arxiv:2611.0000")


def test_real_announcements_without_cross_lists_are_fewer(shared_data: Path) -> None:
    content = (shared_data / "feeds" / "arxiv_rss_atom_cs.AI.xml").read_bytes()
    every, own = read(content), read(content, cross_lists=False)
    assert set(own.entries) < set(every.entries)
    assert len(own.entries) + len(own.skipped) == len(every.entries) + len(every.skipped)


@pytest.mark.parametrize("form", [rss, atom])
def test_a_weekend_without_announcements_is_no_error(form: Any) -> None:
    assert read(form()) == Parsed()


# Answers of the API


def test_an_answer_of_the_api_is_read_like_an_announcement() -> None:
    [entry] = read(answer("cs.AI", total=1), API).entries
    assert (entry.title, entry.authors, entry.published) == ("In cs.AI", ("Zoë Last",), date(2026, 11, 24))
    assert identities(entry)[0] == "arxiv:2611.00000"


def test_cross_lists_are_known_in_the_api_by_their_first_category() -> None:
    content = answer("cs.AI", "math.OC", "stat.ML", "cs.AIX", total=4)
    assert titles(read(content, API)) == ["In cs.AI", "In math.OC", "In stat.ML", "In cs.AIX"]
    parsed = read(content, API, cross_lists=False)
    assert titles(parsed) == ["In cs.AI", "In math.OC"]
    assert parsed.skipped == (Skipped("In stat.ML", ELSEWHERE), Skipped("In cs.AIX", ELSEWHERE))


def test_where_no_category_was_asked_for_no_paper_is_a_cross_list() -> None:
    parsed = read(
        answer("stat.ML", total=1), "https://export.arxiv.org/api/query?id_list=2611.00000", cross_lists=False
    )
    assert titles(parsed) == ["In stat.ML"]


def test_an_answer_without_results_is_no_error() -> None:
    assert read(answer(total=0), API) == Parsed()


def test_an_empty_answer_though_there_are_results_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"there are 1,234 papers, and gave none of them; it is asked again later$"):
        read(answer(total=1_234), API)


@pytest.mark.parametrize("beside", [{"total": 7, "start": 7}, {"total": 7, "size": 0}])
def test_a_page_behind_the_last_paper_is_empty_without_error(beside: Any) -> None:
    assert read(answer(**beside), API) == Parsed()


def test_papers_that_found_no_room_in_the_answer_are_told() -> None:
    parsed = read(answer("cs.AI", "cs.AI", total=2_002), API)
    assert len(parsed.entries) == 2
    assert parsed.skipped == (Skipped("2,000 further papers", "arXiv gives at most 2,000 at once"),)


def test_who_asks_for_few_papers_is_not_told_of_the_others() -> None:
    assert read(answer("cs.AI", total=90_000, size=1), API).skipped == ()


@pytest.mark.parametrize("place", ["tag:blogger.com,1999:blog-1", "https://example.org/"])
def test_other_sites_may_count_results_that_they_do_not_give(place: str) -> None:
    assert read(answer(total=7, id_=place), "https://example.org/feed", kind="auto") == Parsed()


@pytest.mark.parametrize("total", ["", "-1", "many", "9" * 5_000, "٣"])
def test_a_count_that_is_none_counts_nothing(total: Any) -> None:
    assert read(answer(total=total), API) == Parsed()


@pytest.mark.parametrize("kind", ["auto", "arxiv", "feed"])
@pytest.mark.parametrize("title", ["Error", "\n  Error\n"])
def test_an_error_that_is_a_feed_is_told_in_its_words(kind: Any, title: str) -> None:
    with pytest.raises(SourceError, match=r"arXiv answers with an error: start must be positive$"):
        read(failure("start must\n be positive", title), API, kind=kind)


def test_a_paper_called_error_is_a_paper() -> None:
    content = answer("cs.AI", total=1).replace(b"In cs.AI", b"Error")
    assert titles(read(content, API)) == ["Error"]


# What a server says of its error


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(failure("incorrect id format"), "incorrect id format", id="arXiv's feed"),
        pytest.param(failure(""), "an error without words", id="arXiv's feed without words"),
        pytest.param(b'{"error": "Invalid date"}', "Invalid date", id="Hugging Face"),
        pytest.param(b'{"error": {"code": 3, "message": "No such thing"}}', "No such thing", id="an object"),
        pytest.param(
            b'{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "Not from here."}',
            "Forbidden: Not from here.",
            id="RFC 9457",
        ),
        pytest.param(b'{"title": "Forbidden", "detail": 5}', "Forbidden", id="RFC 9457, a title"),
        pytest.param(b'{"detail": "Not from here."}', "Not from here.", id="RFC 9457, a detail"),
        pytest.param(b"\xef\xbb\xbfRate exceeded.\r\n", "Rate exceeded.", id="plain text"),
        pytest.param(
            b"<!DOCTYPE html>\n<html><head><title lang='en'>\nNo &amp; never</title></head><p>Long.</html>",
            "No & never",
            id="a web page",
        ),
        pytest.param(b"<html><body>Oops</body></html>", None, id="a web page without a title"),
        pytest.param(b"<html><title> </title></html>", None, id="a web page with an empty title"),
        pytest.param(rss("new"), None, id="a feed"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b" \n", None, id="white space"),
        pytest.param(b"{}", None, id="an empty object"),
        pytest.param(b'{"error": null, "title": []}', None, id="an object without words"),
        pytest.param(b'{"error": ', None, id="half an object"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", None, id="a picture"),
    ],
)
def test_what_an_answer_says_of_its_error(body: bytes, words: str | None) -> None:
    assert error_words(body) == words


@pytest.mark.parametrize(
    "body",
    [
        b"no " * 90_000,
        json.dumps({"error": "no " * 900}).encode(),
        json.dumps({"title": "no " * 900, "detail": "no " * 900}).encode(),
        failure("no " * 900),
        b"<html><title>" + b"no " * 900,
    ],
)
def test_long_words_are_cut(body: bytes) -> None:
    words = error_words(body)
    assert words is not None
    assert len(words) <= 200 and words.endswith("…")


@given(
    st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)).map(
            lambda said: json.dumps({"error": said, "title": said}).encode()
        ),
        st.text().map(lambda text: failure(text, text)),
        st.binary().map(b"<html><title>".__add__),
    )
)
def test_any_body_gives_one_line_or_nothing(body: bytes) -> None:
    words = error_words(body)
    if words is not None:
        assert words and words == " ".join(words.split()) and len(words) <= 200
        assert words.isprintable() or "\u200c" in words or "\u200d" in words
