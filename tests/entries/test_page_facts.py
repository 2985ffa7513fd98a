"""What a web page says of itself, in each of the ways that pages have for it; and pages that say it badly."""

import json
from datetime import date
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.entry import ParsedEntry
from newsletter.entries.identity import identities
from newsletter.entries.page_facts import is_page, name_of_file, page_about, page_facts

TODAY = date(2026, 11, 22)
URL = "https://papers.example.org/view?id=7"
HTML = "text/html; charset=utf-8"


def facts(head: str = "", url: str = URL, content_type: str = HTML, body: str = "") -> ParsedEntry:
    page = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return page_facts(page.encode(), content_type, url, today=TODAY)


def meta(name: str, content: str, key: str = "name") -> str:
    return f'<meta {key}="{name}" content="{content}">'


def linked(data: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


SCHOLARLY = (
    meta("citation_title", "Engines &amp; looms, weighed")
    + meta("citation_author", "Lovelace, Ada")
    + meta("citation_author", "Babbage, Charles")
    + meta("citation_date", "2026/3/7")
    + meta("citation_doi", "10.5555/engines.7")
    + meta("citation_arxiv_id", "2603.01234")
    + meta("citation_abstract", "We weigh an engine\n against a loom.")
)


def test_scholarly_tags_say_it_all() -> None:
    found = facts(SCHOLARLY)
    assert found == ParsedEntry(
        title="Engines & looms, weighed",
        summary="We weigh an engine against a loom.",
        authors=("Ada Lovelace", "Charles Babbage"),
        url=URL,
        identifiers=("doi:10.5555/engines.7", "arxiv:2603.01234"),
        published=date(2026, 3, 7),
    )
    assert identities(found)[:2] == ["doi:10.5555/engines.7", "arxiv:2603.01234"]


OPEN_GRAPH = (
    meta("og:title", "By OpenGraph", "property")
    + meta("og:description", "OpenGraph describes.", "property")
    + meta("article:published_time", "2026-02-01T08:00:00+01:00", "property")
    + meta("article:author", "https://example.org/people/ada", "property")
)
ARTICLE = linked(
    {
        "@context": "https://schema.org",
        "@type": ["ScholarlyArticle"],
        "headline": "By JSON-LD",
        "abstract": "JSON-LD abstracts.",
        "author": [{"@type": "Person", "name": "Grace Hopper"}, "Ada Lovelace"],
        "datePublished": "2026-01-02",
        "identifier": {"@type": "PropertyValue", "value": "10.5555/ld"},
    }
)
DUBLIN_CORE = (
    meta("DC.title", "By Dublin Core")
    + meta("dc.description", "Dublin describes.")
    + meta("DC.Creator", "Hopper, Grace")
)
PLAIN = (
    "<title>By its title</title>" + meta("description", "It describes.") + meta("author", "Ada Lovelace; Grace Hopper")
)


@pytest.mark.parametrize(
    ("head", "title", "summary", "authors", "published"),
    [
        (
            PLAIN + ARTICLE + DUBLIN_CORE + OPEN_GRAPH + SCHOLARLY,
            "Engines & looms, weighed",
            "We weigh an engine against a loom.",
            ("Ada Lovelace", "Charles Babbage"),
            date(2026, 3, 7),
        ),
        (
            PLAIN + ARTICLE + OPEN_GRAPH,
            "By OpenGraph",
            "JSON-LD abstracts.",
            ("Ada Lovelace", "Grace Hopper"),
            date(2026, 2, 1),
        ),
        (ARTICLE + DUBLIN_CORE, "By JSON-LD", "JSON-LD abstracts.", ("Grace Hopper",), date(2026, 1, 2)),
        (DUBLIN_CORE + PLAIN, "By Dublin Core", "Dublin describes.", ("Grace Hopper",), None),
        (ARTICLE, "By JSON-LD", "JSON-LD abstracts.", ("Grace Hopper", "Ada Lovelace"), date(2026, 1, 2)),
        (PLAIN, "By its title", "It describes.", ("Ada Lovelace", "Grace Hopper"), None),
        ("", "", "", (), None),
    ],
)
def test_the_most_trusted_way_counts(
    head: str, title: str, summary: str, authors: tuple[str, ...], published: date | None
) -> None:
    found = facts(head)
    assert (found.title, found.summary, found.authors, found.published) == (title, summary, authors, published)


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"@graph": [{"@type": "WebSite", "name": "A site"}, {"@type": "NewsArticle", "headline": "News"}]}, "News"),
        ([{"@type": "BreadcrumbList"}, {"@type": "BlogPosting", "name": "A post"}], "A post"),
        (
            {
                "@type": "WebPage",
                "name": "Page",
                "mainEntity": {"@type": "http://schema.org/TechArticle", "headline": "T"},
            },
            "T",
        ),
        ({"@type": "Organization", "name": "Nobody's article"}, "By its title"),
        ({"@type": "Article", "headline": {"@value": "In a value"}}, "In a value"),
        ({"@type": "Article", "headline": 7, "author": {"a": 1}, "datePublished": []}, "By its title"),
        ("text", "By its title"),
        (None, "By its title"),
    ],
)
def test_linked_data_is_looked_through_for_an_article(data: Any, title: str) -> None:
    assert facts(PLAIN + linked(data)).title == title


@pytest.mark.parametrize("script", ["{", "[" * 100_000 + "]" * 100_000, '{"@type": "Article", "headline":}', ""])
def test_linked_data_that_cannot_be_read_is_passed_over(script: str) -> None:
    assert facts(PLAIN + f'<script type="application/ld+json">{script}</script>').title == "By its title"


def test_a_title_loses_its_sites_name_and_no_picture_lends_it_one() -> None:
    site = meta("og:site_name", "The Daily Loom", "property")
    assert facts(f"<title>Engines | The Daily Loom</title>{site}").title == "Engines"
    assert facts("<title>Engines | The Daily Loom</title>").title == "Engines | The Daily Loom"
    assert facts("<svg><title>A logo</title></svg><title>Engines</title><title>Other</title>").title == "Engines"


@pytest.mark.parametrize(
    ("said", "published"),
    [
        ("2026-11-22", date(2026, 11, 22)),
        ("2026/1/5", date(2026, 1, 5)),
        ("2026-11-21T23:30:00-05:00", date(2026, 11, 22)),
        ("2026", None),
        ("2026/03", None),
        ("last week", None),
        ("2031-01-01", None),
        ("1970-01-01", None),
        ("0000-00-00", None),
    ],
)
def test_dates_are_read_as_far_as_they_are_days(said: str, published: date | None) -> None:
    assert facts(meta("citation_date", said)).published == published


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="canonical" href="/paper/7">', "https://papers.example.org/paper/7"),
        (
            '<link rel="alternate canonical" href="https://www.papers.example.org/7">',
            "https://www.papers.example.org/7",
        ),
        (meta("og:url", "https://papers.example.org/7", "property"), "https://papers.example.org/7"),
        ('<link rel="canonical" href="https://elsewhere.example/7">', URL),
        ('<link rel="canonical" href="https://papers.example.org/">', URL),
        ('<link rel="canonical" href="javascript:alert(1)">', URL),
        ('<link rel="canonical" href="https://[papers">', URL),
        ('<link rel="canonical" href="">', URL),
        ('<link rel="canonical">', URL),
    ],
)
def test_a_page_may_name_its_own_link_on_its_own_site(head: str, url: str) -> None:
    assert facts(head).url == url


TITLE = "Évaluer 机器人 “loom”"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (f"<title>{TITLE}</title>".encode(), HTML),
        (f"<title>{TITLE}</title>".encode(), "text/html"),
        (f"<title>{TITLE}</title>".encode("utf-16"), "text/html"),
        (f"<title>{TITLE}</title>".encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
        (f"<meta charset=gb18030><title>{TITLE}</title>".encode("gb18030"), "text/html"),
        (
            f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=GB18030"><title>{TITLE}</title>'.encode(
                "gb18030"
            ),
            "text/html",
        ),
        (f"<meta charset=utf-16><title>{TITLE}</title>".encode(), "text/html"),
        (f"<meta charset=punycode><title>{TITLE}</title>".encode(), "text/html; charset=no-such"),
    ],
)
def test_letters_are_read_in_the_charset_of_the_header_or_of_the_page(content: bytes, content_type: str) -> None:
    assert page_facts(content, content_type, URL, today=TODAY).title == TITLE


def test_old_pages_in_latin_letters_are_read_as_browsers_read_them() -> None:
    found = page_facts(
        "<title>Élan – “now”</title>".encode("cp1252"), "text/html; charset=ISO-8859-1", URL, today=TODAY
    )
    assert found.title == "Élan – “now”"


@pytest.mark.parametrize(
    ("content", "content_type", "page"),
    [
        (b"<p>", "text/html", True),
        (b"<p>", "Application/XHTML+XML; charset=x", True),
        (b"\n<!DOCTYPE html>", "", True),
        (b"<html>", "text/plain", True),
        (b"%PDF-1.7", "application/pdf", False),
        (b"%PDF-1.7", "", False),
        (b"{}", "application/json", False),
        (b"<html>", "image/png", False),
        (b"", "", False),
    ],
)
def test_what_is_a_page_is_told_by_its_type_or_its_beginning(content: bytes, content_type: str, page: bool) -> None:
    assert is_page(content_type, content) is page


@pytest.mark.parametrize(
    ("url", "about"),
    [
        ("https://arxiv.org/pdf/1706.03762v7.pdf", "https://arxiv.org/abs/1706.03762v7"),
        ("http://www.arxiv.org/pdf/cs/9901001", "https://arxiv.org/abs/cs/9901001"),
        ("https://arxiv.org/html/2603.01234", "https://arxiv.org/abs/2603.01234"),
        ("https://arxiv.org/abs/1706.03762", "https://arxiv.org/abs/1706.03762"),
        ("https://example.org/pdf/1", "https://example.org/pdf/1"),
    ],
)
def test_the_page_about_a_file_on_arxiv_is_read_instead(url: str, about: str) -> None:
    assert page_about(url) == about


def test_a_file_goes_by_its_name() -> None:
    assert name_of_file("https://example.org/a/On%20looms.pdf?x=1") == "On looms.pdf"
    assert name_of_file("https://example.org") == "example.org"


MARKUP = "<title> </title> <script> <!-- --> <![CDATA[ <!doctype &#xFFFFFFFFF; <meta <link rel=canonical href= content="
PIECES = st.sampled_from([*"<>&\"'=/!?-[]{\x00é", *MARKUP.split(), " name=citation_title ", "application/ld+json"])


@given(st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join), st.text(max_size=30), st.text(max_size=30))
def test_no_page_is_too_odd_to_be_read(page: str, content_type: str, url: str) -> None:
    found = page_facts(page.encode("utf-8", "replace"), content_type, f"https://example.org/{url}", today=TODAY)
    for text in (found.title, found.summary, *found.authors):
        assert "\n" not in text
        assert "<script" not in text.lower()


@given(
    st.binary(max_size=300), st.sampled_from(["text/html", "text/html; charset=utf-7", "text/html; charset=big5", ""])
)
def test_nor_are_any_bytes(content: bytes, content_type: str) -> None:
    page_facts(content, content_type, URL, today=TODAY)
    is_page(content_type, content)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<a ", "<title>&amp;", "<meta content=x name=y>", "<svg>", "&#", "<a\n='"]
)
def test_endless_pages_are_read_in_a_moment(piece: str) -> None:
    page = (piece * (2_000_000 // len(piece))).encode()
    started = process_time()
    page_facts(page, HTML, URL, today=TODAY)
    assert process_time() - started < 4
