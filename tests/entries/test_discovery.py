"""From the address of a page to its feed, whatever the page is like."""

from datetime import date
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhost import feed_of

from newsletter.entries.discovery import MOST_REQUESTS, Discovered, discover
from newsletter.entries.feed_links import feeds_named_in
from newsletter.entries.fetching import Document, FetchError
from newsletter.errors import SourceError

TODAY = date(2026, 11, 22)
HOME = "https://example.org/"
ATOM = "application/atom+xml"
FEED = feed_of(1, 3, "looms")
PAPERS = '[{"paper": {"id": "2611.00001", "title": "Looms that learn", "upvotes": 3}, "title": "Looms that learn"}]'


class Web:
    """What stands where, and what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, str]] = {}
        self.asked: list[str] = []

    def put(self, url: str, content: str | bytes, content_type: str = "") -> "Web":
        self.pages[url] = (content.encode() if isinstance(content, str) else content, content_type)
        return self

    def get(self, url: str) -> Document:
        self.asked.append(url)
        if url not in self.pages:
            raise FetchError("the server answered 404 Not Found", status=404)
        content, content_type = self.pages[url]
        return Document(url, content, content_type, found_at=url)

    def find(self, url: str = HOME) -> Discovered:
        return discover(url, get=self.get, today=TODAY)


def page(head: str = "", body: str = "", title: str = "A page") -> str:
    return f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def link(href: str, title: str = "", kind: str = ATOM) -> str:
    return f'<link rel="alternate" type="{kind}" title="{title}" href="{href}">'


# What is there itself


@pytest.mark.parametrize(
    ("content", "content_type", "title", "count"),
    [
        (FEED, ATOM, "looms", 3),
        (FEED, "text/html", "looms", 3),
        (
            '{"version": "https://jsonfeed.org/version/1.1", "title": "Notes", "items": [{"id": "1", "title": "One"}]}',
            "application/json",
            "Notes",
            1,
        ),
        ('{"title": "An entry"}\n{"title": "Another"}\n', "", "", 2),
        ('{"title": "An entry alone"}', "", "", 1),
    ],
)
def test_what_can_be_read_is_found_itself(content: str, content_type: str, title: str, count: int) -> None:
    web = Web().put(HOME, content, content_type)
    found = web.find()
    assert (found.location, found.kind, found.title, len(found.parsed.entries)) == (HOME, "auto", title, count)
    assert web.asked == [HOME]


def test_what_is_neither_feed_nor_page_is_told_without_asking_further() -> None:
    web = Web().put(HOME, b"%PDF-1.7 \x00\x01", "application/pdf")
    with pytest.raises(SourceError, match="its format is not known"):
        web.find()
    assert web.asked == [HOME]


def test_a_page_that_is_not_there_is_told_without_asking_further() -> None:
    web = Web()
    with pytest.raises(SourceError, match="404"):
        web.find()
    assert web.asked == [HOME]


# Sites that are known


@pytest.mark.parametrize("url", ["https://huggingface.co/papers", "https://huggingface.co/papers/"])
def test_hugging_faces_page_is_read_from_its_api(url: str) -> None:
    web = Web().put("https://huggingface.co/api/daily_papers?limit=100", PAPERS)
    found = web.find(url)
    assert (found.location, found.kind) == (url, "huggingface")
    assert [entry.title for entry in found.parsed.entries] == ["Looms that learn"]


@pytest.mark.parametrize("end", ["", "/recent", "/new"])
def test_a_listing_of_arxiv_becomes_its_announcement_feed(end: str) -> None:
    web = Web().put("https://rss.arxiv.org/rss/cs.AI", FEED)
    found = web.find(f"https://arxiv.org/list/cs.AI{end}")
    assert (found.location, found.kind) == ("https://rss.arxiv.org/rss/cs.AI", "auto")


@pytest.mark.parametrize(
    ("url", "feed"),
    [
        ("https://github.com/o/r", "https://github.com/o/r/releases.atom"),
        ("https://github.com/o/r/releases", "https://github.com/o/r/releases.atom"),
        ("https://www.youtube.com/channel/UC1", "https://www.youtube.com/feeds/videos.xml?channel_id=UC1"),
        ("https://www.youtube.com/playlist?list=PL1", "https://www.youtube.com/feeds/videos.xml?playlist_id=PL1"),
        ("https://old.reddit.com/r/looms/", "https://www.reddit.com/r/looms/.rss"),
    ],
)
def test_sites_whose_feeds_have_known_places(url: str, feed: str) -> None:
    web = Web().put(feed, FEED).put(url, page(link("/other.atom")))
    assert web.find(url).location == feed


def test_a_known_place_without_a_feed_leaves_the_page_to_say() -> None:
    web = (
        Web()
        .put("https://github.com/topics/looms", page(link("/looms.atom")))
        .put("https://github.com/looms.atom", FEED)
    )
    assert web.find("https://github.com/topics/looms").location == "https://github.com/looms.atom"


@pytest.mark.parametrize(
    ("url", "asked", "sample"),
    [
        ("https://huggingface.co/papers", "https://huggingface.co/api/daily_papers?limit=100", "hf_daily_papers.json"),
        ("https://arxiv.org/list/cs.AI/new", "https://rss.arxiv.org/rss/cs.AI", "arxiv_rss_atom_cs.AI.xml"),
    ],
)
def test_what_these_two_really_send_is_read(shared_data: Path, url: str, asked: str, sample: str) -> None:
    web = Web().put(asked, (shared_data / "feeds" / sample).read_bytes())
    found = web.find(url)
    assert found.parsed.entries
    assert found.title in ("Hugging Face papers", "cs.AI updates on arXiv.org")


# What a page names


@pytest.mark.parametrize(
    ("at", "head", "feed"),
    [
        (HOME, link("https://feeds.example.net/x"), "https://feeds.example.net/x"),
        ("https://example.org/blog/today", link("feed"), "https://example.org/blog/feed"),
        ("https://example.org/blog/", link("/feed"), "https://example.org/feed"),
        (HOME, '<base href="/de/">' + link("feed"), "https://example.org/de/feed"),
        (HOME, link("/comments/feed", "Comments") + link("/f2"), "https://example.org/f2"),
        (HOME, link("/f1", "All &raquo; Comments") + link("/f2", "All"), "https://example.org/f2"),
        (HOME, link("/f1") + link("/f2"), "https://example.org/f1"),
        (HOME, link("/f1", kind="text/html") + link("/f2", kind="Application/RSS+XML; charset=utf-8"), f"{HOME}f2"),
        (HOME, link("/f1", kind="application/json") + link("/f2", kind="application/feed+json"), f"{HOME}f2"),
        (HOME, "<link href=/f rel='ALTERNATE home' type=application/rss+xml />", f"{HOME}f"),
        (HOME, link("/f?a=1&amp;b=2#top"), f"{HOME}f?a=1&b=2"),
        (HOME, link("feed://example.org/f"), f"{HOME}f"),
        (HOME, link("javascript:alert(1)") + link("http://[") + link("") + link("/f"), f"{HOME}f"),
        (HOME, f"<!-- {link('/f1')} --><script>'{link('/f1')}'</script>{link('/f2')}", f"{HOME}f2"),
    ],
)
def test_the_feed_that_a_page_names(at: str, head: str, feed: str) -> None:
    web = Web().put(at, page(head), "text/html")
    for url in (feed, f"{HOME}f1"):
        web.put(url, FEED)
    found = web.find(at)
    assert (found.location, found.kind) == (feed, "auto")


def test_one_that_is_named_but_broken_gives_way_to_the_next() -> None:
    web = Web().put(HOME, page(link("/gone") + link("/page") + link("/good")))
    web.put(f"{HOME}page", page()).put(f"{HOME}good", FEED)
    assert web.find().location == f"{HOME}good"


def test_links_of_the_page_that_look_like_feeds_come_next_but_no_other_sites() -> None:
    body = """<a href="https://elsewhere.example.net/feed.xml">a friend</a> <a href="/about">us</a>
        <a href="https://blog.example.org/posts.rss">ours</a> <a>nothing</a>"""
    web = Web().put(HOME, page(body=body)).put("https://blog.example.org/posts.rss", FEED)
    web.put("https://elsewhere.example.net/feed.xml", FEED)
    assert web.find().location == "https://blog.example.org/posts.rss"


@pytest.mark.parametrize("path", ["feed", "rss.xml", "index.xml", "feed.json"])
def test_the_usual_places_come_last(path: str) -> None:
    web = Web().put("https://example.org/a/b", page()).put(f"{HOME}{path}", FEED)
    assert web.find("https://example.org/a/b").location == f"{HOME}{path}"


def test_a_page_is_asked_where_redirects_led() -> None:
    def get(url: str) -> Document:
        if url == "http://example.org":
            return Document(url, page(link("feed")).encode(), "text/html", "https://www.example.org/blog/")
        assert url == "https://www.example.org/blog/feed"
        return Document(url, FEED.encode(), ATOM, url)

    assert discover("http://example.org", get=get, today=TODAY).location == "https://www.example.org/blog/feed"


@pytest.mark.parametrize(
    ("feed", "head", "title"),
    [
        (FEED, link("/f", "Its link"), "looms"),
        (FEED.replace("<title>looms</title>", "", 1), link("/f", "Its <b>link</b>"), "Its link"),
        (FEED.replace("<title>looms</title>", "", 1), link("/f"), "A page"),
    ],
)
def test_its_title_is_the_feeds_or_the_links_or_the_pages(feed: str, head: str, title: str) -> None:
    assert Web().put(HOME, page(head)).put(f"{HOME}f", feed).find().title == title


def test_a_page_in_another_charset_is_read_by_it() -> None:
    content = page(link("/f", "Müller"), title="Käse").encode("utf-16")
    assert feeds_named_in(content, "text/html", HOME).titles == {f"{HOME}f": "Müller"}
    content = page('<meta charset="iso-8859-2">' + link("/f", "Łódź")).encode("iso-8859-2")
    assert feeds_named_in(content, "text/html", HOME).titles == {f"{HOME}f": "Łódź"}


# When there is none


def test_a_page_without_a_feed_tells_what_was_tried_in_few_requests() -> None:
    web = Web().put(HOME, page("".join(link(f"/f{n}") for n in range(30)))).put(f"{HOME}f1", page())
    with pytest.raises(
        SourceError, match=r"no feed was found behind it\. Tried /f0, /f2.*404 Not Found\); /f1 \(.*page"
    ):
        web.find()
    assert len(web.asked) == MOST_REQUESTS == len(set(web.asked))


@pytest.mark.parametrize("url", ["http://[bad", "https://example.org:x/"])
def test_no_address_is_too_odd_for_a_sentence(url: str) -> None:
    with pytest.raises(SourceError):
        Web().find(url)


PIECES = [*"<>&\"'=/!?-[]", "<link ", "<a ", "rel=alternate ", "href=", "type=application/rss+xml ", "<base ", "//["]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40).map("".join), st.text(max_size=20))
def test_no_page_is_too_odd(text: str, content_type: str) -> None:
    web = Web().put(HOME, f"<html>{text}".encode("utf-8", "replace"), content_type)
    with pytest.raises(SourceError):
        web.find()
    assert len(web.asked) <= MOST_REQUESTS


@given(st.binary(max_size=300))
def test_nor_are_any_bytes(content: bytes) -> None:
    feeds_named_in(content, "text/html", HOME)


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["<", "<!--", "<a ", "<a href=feed>", link("/f"), "<title>x", "&#"])
def test_endless_pages_are_read_in_a_moment(piece: str) -> None:
    content = (piece * (600_000 // len(piece))).encode()
    started = process_time()
    feeds_named_in(content, "text/html", HOME)
    assert process_time() - started < 2
