"""Reading in the browser and in a feed reader: the archive, a reader's own issue, what comes out of hostile words."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest
from conftest import WordEmbedder
from hypothesis import given
from hypothesis import strategies as st
from newsroom import Clock, entry, make_project
from website import ADA, BOB, NOON, Website, text_of

from newsletter import Newsletter
from newsletter.rendering.links import Purpose
from newsletter.web.feeds import FeedItem, atom

pytest_plugins = ("website_fixtures",)
ISSUE = "/archive/weekly-2026-11-27"


def test_the_archive_lists_issues_that_are_out(still: Website) -> None:
    page = still.get("/archive")
    assert f'href="{ISSUE}"' in page.text
    assert "27 November 2026 · weekly" in text_of(page)
    assert 'href="/archive.atom"' in page.text


def test_an_archive_without_issues_says_so(tmp_path: Path, quick_templates: None) -> None:
    make_project(tmp_path)
    with ExitStack() as stack:
        website = Website(tmp_path, Clock(NOON), stack)
        assert "There is none yet." in text_of(website.get("/archive"))
        assert feedparser.parse(website.get("/archive.atom").content).entries == []


def test_an_edition_shows_its_entries_and_nobodys_links(still: Website) -> None:
    page = still.get(ISSUE)
    said = text_of(page)
    assert "Friday, 27 November 2026" in said
    assert "12 things to read came in this week" in said or "Twelve things to read came in this week" in said
    assert said.count("Study ") >= 7
    assert "https://papers.example.org/" in page.text
    for private in ("/u/", "/p/", "/more/", "/less/", ADA, BOB):
        assert private not in page.text


@pytest.mark.parametrize(
    "name", ["weekly-2026-11-28", "daily-2026-11-27", "nothing", "weekly-9999-99-99", "%2e%2e", "'"]
)
def test_an_issue_that_is_not_there_is_told(still: Website, name: str) -> None:
    answer = still.get(f"/archive/{name}")
    assert answer.status_code == 404
    assert "There is no such issue here." in text_of(answer)


def test_the_archives_feed_is_read_by_a_feed_reader(still: Website) -> None:
    answer = still.get("/archive.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert (feed.version, feed.feed.title) == ("atom10", "Paper Robots")
    [issue] = feed.entries
    assert issue.link == f"https://news.example.org{ISSUE}"
    assert issue.id == "tag:news.example.org,2026:edition:weekly-2026-11-27"
    assert "Study " in issue.summary


def test_a_readers_own_issue_is_read_whole_in_the_browser(website: Website) -> None:
    page = website.get(website.link(Purpose.ISSUE, 1))
    assert page.status_code == 200
    assert "walking robots" in page.text
    assert ADA in page.text
    assert website.link(Purpose.LEAVE) in page.text


def test_an_issue_that_this_reader_did_not_get_is_not_shown(website: Website) -> None:
    assert website.get(website.link(Purpose.ISSUE, 99)).status_code == 404
    website.newsletter.subscribe("late@example.org")
    answer = website.get(website.link(Purpose.ISSUE, 1, address="late@example.org"))
    assert answer.status_code == 404
    assert "This issue is not out yet." in text_of(answer)


def test_a_readers_feed_holds_their_issues_and_nobody_elses(website: Website) -> None:
    answer = website.get(website.link(Purpose.FEED))
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    [issue] = feed.entries
    assert issue.link == f"https://news.example.org{website.link(Purpose.ISSUE, 1)}"
    others = feedparser.parse(website.get(website.link(Purpose.FEED, address=BOB)).content)
    assert others.entries[0].id != issue.id
    assert ADA not in answer.text
    website.newsletter.remove(ADA)
    assert website.get(website.link_of(1, Purpose.FEED)).status_code == 410


HOSTILE = '<script>alert(1)</script> & {{ 1234567*7 }} "x" ]]> 机器人'


def test_words_of_a_source_never_become_markup(tmp_path: Path, quick_templates: None) -> None:
    title = f"Robots {HOSTILE}"
    make_project(
        tmp_path, entries=[entry(n, title=f"{title} {n}", summary=HOSTILE, authors=[HOSTILE]) for n in range(5)]
    )
    clock = Clock(NOON)
    with Newsletter(tmp_path, clock=clock, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        newsletter.subscribe(ADA, interests=["robots"])
        newsletter.send(now=True)
    with ExitStack() as stack:
        website = Website(tmp_path, clock, stack)
        paths = ["/archive", ISSUE, "/matching?q=robots", website.link(Purpose.MORE, 1), website.link(Purpose.ISSUE, 1)]
        for path in paths:
            page = website.get(path)
            assert page.status_code == 200
            assert "alert(1)" not in page.text.replace("&lt;script&gt;alert(1)", "")
            assert "8641969" not in page.text
        for path in ("/archive.atom", website.link(Purpose.FEED)):
            assert not feedparser.parse(website.get(path).content).bozo


@given(text=st.text(), link=st.text())
def test_any_text_makes_a_feed_that_can_be_read(text: str, link: str) -> None:
    item = FeedItem(id="tag:x", title=text, updated=datetime(2026, 11, 22, tzinfo=UTC), url=link, summary=text)
    made = atom(id_="tag:y", title=text, author=text, self_url=link, url=link, items=[item])
    feed = ElementTree.fromstring(made)
    assert feed.findtext("{http://www.w3.org/2005/Atom}updated") == "2026-11-22T00:00:00+00:00"
