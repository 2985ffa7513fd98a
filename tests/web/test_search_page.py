"""The page to search on: what it shows, what it withstands, and how a search is followed."""

import re
import shutil
from contextlib import ExitStack
from html import escape
from pathlib import Path

import pytest
from commandline import Words
from conftest import WordEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from newsroom import Clock, entry, write_entries
from website import NOON, Website, nonce_in, text_of

from newsletter.errors import ModelError
from newsletter.rendering.links import Purpose
from newsletter.web import crowding
from subscribers.errors import TooMany

pytest_plugins = ("website_fixtures",)

EVIL = '<script>alert(1)</script> & "weaving" {{ 7 * 7 }}'


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages start no model in these tests."""
    monkeypatch.setattr("newsletter.models.ModelProcess", Words)


@pytest.fixture
def page(website: Website) -> Website:
    return website


def test_a_search_shows_the_closest_with_links_and_words_set_off(page: Website) -> None:
    answer = page.get("/search?q=springy+robots")
    assert answer.status_code == 200
    found = re.findall(r'<h2 class="title" dir="auto"><a href="([^"]+)" rel="noreferrer">([^<]+)', answer.text)
    assert found[0][0].startswith("https://papers.example.org/")
    assert all("walking robots with springy legs" in title for _, title in found[:3])
    assert "<b>robots</b>" in answer.text
    assert 'value="springy robots"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"


def test_without_words_it_explains_itself_and_shows_what_came_in_last(page: Website) -> None:
    answer = page.get("/search")
    assert "What came in last" in text_of(answer)
    assert text_of(answer).count("Study") >= 12
    assert "Follow this search" not in answer.text


def test_what_is_far_from_everything_is_told_in_words(page: Website) -> None:
    assert "Nothing that came in is close to that." in text_of(page.get("/search?q=zzyzx"))


def test_many_can_be_leafed_through(page: Website) -> None:
    write_entries(page.project, [entry(n) for n in range(100, 180)])
    page.newsletter.pull()
    first = page.get("/search?q=study")
    assert first.text.count("<h2") == 20
    [following] = re.findall(r'<a href="(/search\?q=study&amp;page=2)" rel="nofollow">', first.text)
    second = page.get(following.replace("&amp;", "&"))
    assert '<ol class="entries part" start="21">' in second.text
    assert not {*re.findall(r"Study \d+", text_of(first))} & {*re.findall(r"<h2.*?Study \d+", second.text)}
    for odd in ("0", "-1", "x", "99999999", "²", "1e3", ""):
        assert page.get(f"/search?q=study&page={odd}").status_code == 200


def test_the_text_of_feeds_and_of_visitors_is_never_markup(page: Website) -> None:
    write_entries(page.project, [entry(0, EVIL, url="https://papers.example.org/evil", summary=f"It is {EVIL} here.")])
    page.newsletter.pull()
    for query in ("weaving", EVIL):
        answer = page.client.get("/search", params={"q": query})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "49" not in text_of(answer)
        assert escape("weaving") in answer.text


def test_somebody_new_gets_the_form_to_subscribe_filled_in(page: Website) -> None:
    before = page.state()
    answer = page.get('/search?q=springy+"walking+robots"+-survey+since:2020')
    [line] = re.findall(r'name="interests" value="([^"]+)"', answer.text)
    assert line == "springy walking robots"
    assert re.search(r'<form class="follow" method="post" action="/join">', answer.text)
    form = page.client.post("/join", data={"interests": line})
    assert ">springy walking robots</textarea>" in form.text.replace("\n", "")
    assert page.state() == before


def test_a_reader_follows_a_search_with_one_press(page: Website) -> None:
    link = page.link(Purpose.SEARCH)
    answer = page.get(f"{link}?q=brain+tumours+-mice")
    assert "Follow this search" in text_of(answer)
    pressed = page.press(f"{link}?q=brain+tumours", act="follow", q="brain tumours -mice")
    assert "You now follow “brain tumours”, from your next issue on." in text_of(pressed)
    assert list(map(str, page.ada().interests)) == ["walking robots", "not: surveys", "brain tumours"]
    again = page.get(f"{link}?q=Brain+tumours")
    assert "You follow this search." in text_of(again)
    assert 'value="follow"' not in again.text
    twice = page.press(f"{link}?q=looms", act="follow", q="brain tumours")
    assert "You follow that already." in text_of(twice)
    assert len(page.ada().interests) == 3


def test_following_what_was_muted_follows_it(page: Website) -> None:
    link = page.link(Purpose.SEARCH)
    page.press(f"{link}?q=surveys", act="follow", q="surveys")
    assert list(map(str, page.ada().interests)) == ["walking robots", "surveys"]


def test_nobody_follows_by_looking_or_without_the_forms_own_nonce(page: Website) -> None:
    link, before = page.link(Purpose.SEARCH), page.state()
    page.get(f"{link}?q=tumours&act=follow")
    page.client.post(link, data={"q": "tumours", "act": "follow"})
    page.client.post(link, data={"q": "tumours", "act": "follow", "nonce": nonce_in(page.get("/").text)})
    page.client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert page.state() == before
    assert page.client.post("/search", data={"q": "tumours", "act": "follow"}).status_code == 405


def test_what_is_no_interest_cannot_be_followed(page: Website) -> None:
    link, before = page.link(Purpose.SEARCH), page.state()
    for query in ("x" * 400, "not: robots", "-robots", "since:2025"):
        assert "Follow this search" not in page.client.get(link, params={"q": query}).text
        page.client.post(link, data={"nonce": page.nonce(f"{link}?q=robots"), "q": query, "act": "follow"})
    assert page.state() == before


def test_an_altered_link_is_told_and_who_has_left_may_still_search(page: Website) -> None:
    assert page.get("/search/altered?q=robots").status_code == 404
    person = page.ada()
    link = page.link(Purpose.SEARCH)
    page.press(page.link(Purpose.LEAVE), act="leave")
    assert str(page.newsletter.readers.again(person).state) == "unsubscribed"
    answer = page.get(f"{link}?q=robots")
    assert answer.status_code == 200
    assert 'value="follow"' not in answer.text


def test_it_is_linked_from_the_archive_the_foot_and_a_readers_preferences(page: Website) -> None:
    archive = page.get("/archive")
    assert re.search(r'<form class="search" method="get" action="/search" role="search">', archive.text)
    assert '<a href="/search">Search</a>' in archive.text
    assert page.link(Purpose.SEARCH) in page.get(page.link(Purpose.PREFERENCES)).text
    assert "Disallow: /search\n" in page.get("/robots.txt").text


def test_too_many_searches_from_one_network_are_told_to_wait(page: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding, "MOST", 2)
    answers = [page.get("/search?q=robots") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "60"
    page.clock.forward(minutes=1)
    assert page.get("/search?q=robots").status_code == 200


def test_a_crowd_is_counted_by_network_in_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding, "MOST", 3)
    monkeypatch.setattr(crowding, "NETWORKS", 10)
    crowd = crowding.Crowd()
    for n in range(10):
        crowd.let_in(f"192.0.2.{n}", NOON)
        crowd.let_in(f"2001:db8::{n:x}", NOON) if n < 2 else None
    with pytest.raises(TooMany):
        for n in range(10):
            crowd.let_in(f"198.51.100.{n}", NOON)
    crowd.let_in("192.0.2.1", NOON)


def test_a_model_that_cannot_be_loaded_leaves_the_words(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: WordEmbedder, *texts: object) -> None:
        raise ModelError("The model could not be loaded.")

    project = shutil.copytree(built, tmp_path / "newsletter")
    with ExitStack() as stack:
        pages = Website(project, Clock(NOON), stack)
        monkeypatch.setattr(Words, "embed", broken)
        answer = pages.get("/search?q=robots")
    assert answer.status_code == 200
    assert "This went by words only: what reads for meaning does not work just now." in text_of(answer)
    assert "walking robots" in text_of(answer)


@given(query=st.text(max_size=60) | st.text(alphabet='"-:*()^ abyns\0', max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_typed_breaks_the_page(still: Website, query: str) -> None:
    still.clock.forward(minutes=2)
    answer = still.client.get("/search", params={"q": query.encode("utf-8", "replace").decode()})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/search?q=" + "x" * 10_000, "/search?q=%00%00", "/search?q=%FF%FE%22*", "/search?q=" + "%22" * 3_000]
)
def test_odd_addresses_are_answered(page: Website, path: str) -> None:
    assert page.get(path).status_code == 200
