"""Links that lead nowhere in a mail, and links that do not answer."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from checkroom import (
    ERROR,
    ISSUE,
    NOTE,
    OK,
    WARNING,
    add_to_template,
    bring,
    good_issue,
    of,
    places,
    readers,
    said,
    write_intro,
)
from conftest import WordEmbedder
from newsroom import Clock, entry, make_project
from webhost import web_host

from newsletter import Newsletter
from newsletter.checking import PlaceKind
from newsletter.entries.fetching import http_client

pytestmark = pytest.mark.slow  # whole issues

Answer = Callable[[httpx2.Request], httpx2.Response]
HOST = "https://papers.example.org"


@pytest.mark.parametrize("link", ["/papers", "papers.html", "//papers.example.org/1", "www.example.org", "{{ '' }}"])
def test_a_link_that_is_not_whole_is_told_with_its_place(newsletter: Newsletter, link: str) -> None:
    good_issue(newsletter)
    place = add_to_template(newsletter, "issue/foot.html", f'<a class="ink" href="{link}">More</a>')
    found = said(newsletter.check(), "Links", ERROR, "“More”", "https://")
    assert places([found], PlaceKind.TEMPLATE) == [place] or link.startswith("{{")


@pytest.mark.parametrize(
    "link", ["https://example.org/a", "http://example.org", "mailto:a@example.org", "tel:+4930901820", "#top"]
)
def test_a_link_that_is_whole_is_well(newsletter: Newsletter, link: str) -> None:
    good_issue(newsletter)
    add_to_template(newsletter, "issue/foot.html", f'<a class="ink" href="{link}">More</a>')
    assert said(newsletter.check(), "Links", OK)


def test_a_link_that_the_intro_loses_is_told(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    write_intro(newsletter, "Read [our page](/about) and [theirs](https://example.org).")
    found = said(newsletter.check(), "Links", WARNING, "'/about'")
    assert places([found], PlaceKind.INTRO) == [f"issues/{ISSUE}.md"]


@pytest.fixture
def asked() -> list[str]:
    """What was asked for, as "HEAD https://…"."""
    return []


@pytest.fixture
def with_answers(
    tmp_path: Path,
    clock: Clock,
    embedder: WordEmbedder,
    newsletter: Newsletter,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Answer], Newsletter]:
    """Opens the newsletter with a network in which servers answer so; no host needs sparing."""
    monkeypatch.setattr("newsletter.entries.spacing.PAUSE", 0.0)
    good_issue(newsletter)
    newsletter.close()

    def opened(answer: Answer) -> Newsletter:
        def noted(request: httpx2.Request) -> httpx2.Response:
            asked.append(f"{request.method} {request.url}")
            return answer(request)

        return Newsletter(tmp_path, clock=clock, embedder=embedder, http=http_client(httpx2.MockTransport(noted)))

    return opened


def test_links_are_asked_only_on_demand(with_answers: Callable[[Answer], Newsletter], asked: list[str]) -> None:
    with with_answers(lambda request: httpx2.Response(200)) as newsletter:
        assert "Links that answer" not in {one.check for one in newsletter.check().findings}
        assert asked == []
        assert said(newsletter.check(links=True), "Links that answer", OK, "links answer")


def test_each_link_is_asked_once_and_none_that_is_a_readers_own(
    with_answers: Callable[[Answer], Newsletter], asked: list[str]
) -> None:
    with with_answers(lambda request: httpx2.Response(200)) as newsletter:
        write_intro(
            newsletter, "[One](https://one.example.org/a?b=c), <https://two.example.org>, <https://news.example.org/a>."
        )
        bring(newsletter, entry(60, url=None, popularity=99))
        newsletter.check(links=True)
    assert len(asked) == len(set(asked))
    assert {"HEAD https://one.example.org/a?b=c", "HEAD https://two.example.org"} <= {one.rstrip("/") for one in asked}
    assert {one.split("/")[2] for one in asked} == {"papers.example.org", "one.example.org", "two.example.org"}


def test_a_link_behind_which_is_nothing_is_told_with_its_entry(with_answers: Callable[[Answer], Newsletter]) -> None:
    with with_answers(lambda request: httpx2.Response(404 if request.url.path == "/39" else 200)) as newsletter:
        checked = newsletter.check(links=True)
        found = said(checked, "Links that answer", WARNING, f"{HOST}/39", "404 Not Found")
        (entry_id,) = places([found], PlaceKind.ENTRY)
        assert newsletter.issue(ISSUE)[0].frozen.cards[int(entry_id)].link == f"{HOST}/39"
    assert said(checked, "Links that answer", OK)


@pytest.mark.parametrize("status", [401, 403, 405, 429, 503])
def test_a_server_that_does_not_talk_to_programs_has_no_broken_links(
    with_answers: Callable[[Answer], Newsletter], status: int
) -> None:
    with with_answers(lambda request: httpx2.Response(status)) as newsletter:
        checked = newsletter.check(links=True)
    assert said(checked, "Links that answer", NOTE, "could not be asked", "papers.example.org", str(status))
    assert {one.severity for one in of(checked, "Links that answer")} == {NOTE}


def test_who_knows_no_head_is_asked_by_get(with_answers: Callable[[Answer], Newsletter], asked: list[str]) -> None:
    with with_answers(lambda request: httpx2.Response(501 if request.method == "HEAD" else 200)) as newsletter:
        assert said(newsletter.check(links=True), "Links that answer", OK)
    assert {one.split()[0] for one in asked} == {"HEAD", "GET"}


def test_redirects_are_followed_to_their_end(with_answers: Callable[[Answer], Newsletter]) -> None:
    def moved(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "papers.example.org":
            return httpx2.Response(301, headers={"Location": f"https://new.example.org{request.url.path}"})
        return httpx2.Response(410 if request.url.path == "/39" else 200)

    with with_answers(moved) as newsletter:
        assert said(newsletter.check(links=True), "Links that answer", WARNING, f"{HOST}/39", "410 Gone")
    with with_answers(lambda request: httpx2.Response(302, headers={"Location": str(request.url)})) as newsletter:
        assert said(newsletter.check(links=True), "Links that answer", WARNING, "redirects again and again")
    with with_answers(lambda request: httpx2.Response(302, headers={"Location": "ftp://example.org/"})) as newsletter:
        assert said(newsletter.check(links=True), "Links that answer", WARNING, "no web address")


def test_a_server_that_cannot_be_reached_is_told(with_answers: Callable[[Answer], Newsletter]) -> None:
    def nobody(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody is there")

    with with_answers(nobody) as newsletter:
        assert said(newsletter.check(links=True), "Links that answer", WARNING, "nobody is there", "offline")


def test_no_more_time_is_taken_than_there_is(
    with_answers: Callable[[Answer], Newsletter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.checks.asking.ALL", 0.0)
    with with_answers(lambda request: httpx2.Response(200)) as newsletter:
        assert said(newsletter.check(links=True), "Links that answer", NOTE, "were not asked", "too long")


def test_a_private_network_is_not_asked(tmp_path: Path, clock: Clock, embedder: WordEmbedder) -> None:
    """With the real client: the entry's link leads to this very machine."""
    came: list[str] = []
    with web_host(lambda handler: came.append(handler.path)) as place:
        make_project(tmp_path, entries=[entry(1, url=f"{place}/secret")])
        with Newsletter(tmp_path, clock=clock, embedder=embedder) as newsletter:
            newsletter.pull()
            readers(newsletter, 1)
            found = said(newsletter.check(links=True), "Links that answer", WARNING, "not on the public internet")
    assert f"{place}/secret" in found.found
    assert came == []
