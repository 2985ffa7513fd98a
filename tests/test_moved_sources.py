"""Where sources are asked: what has moved for good or for a while, and where no redirect leads."""

from http.server import BaseHTTPRequestHandler

import httpx2
import pytest
from sourced import Open
from webhost import feed_of, say, web_host

from newsletter.entries.fetching import http_client


class Moving:
    """A server that redirects some addresses, and notes what it was asked for."""

    def __init__(self, **places: tuple[int, str]) -> None:
        self.places = places
        self.asked: list[str] = []

    def client(self) -> httpx2.Client:
        return http_client(httpx2.MockTransport(self))

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.strip("/")
        self.asked.append(name)
        if name in self.places:
            status, to = self.places[name]
            return httpx2.Response(status, headers={"location": to} if to else {})
        if request.headers.get("if-none-match") == f'"{name}"':
            return httpx2.Response(304)
        content = httpx2.ByteStream(feed_of(0, 1).encode())
        return httpx2.Response(200, headers={"etag": f'"{name}"'}, stream=content)


OLD, MIDDLE, NEW = (f"https://example.org/{name}" for name in ("old", "middle", "new"))


def test_what_has_moved_for_good_is_asked_where_it_is(sources: Open) -> None:
    server = Moving(old=(301, MIDDLE), middle=(308, NEW))
    found = sources(http=server.client(), a=OLD)
    [first], [second] = found.pull(), found.pull()
    assert (first.new, first.moved_to) == (1, NEW)
    assert (second.unchanged, second.moved_to) == (True, NEW)
    assert server.asked == ["old", "middle", "new", "new"]
    assert [state.moved_to for state in found.states()] == [NEW]


@pytest.mark.parametrize("statuses", [(302, 301), (301, 302), (307, 308), (301, 303)])
def test_what_has_moved_for_a_while_is_not_remembered(sources: Open, statuses: tuple[int, int]) -> None:
    server = Moving(old=(statuses[0], MIDDLE), middle=(statuses[1], NEW))
    found = sources(http=server.client(), a=OLD)
    assert [found.pull()[0].moved_to for _ in range(2)] == [None, None]
    assert server.asked == ["old", "middle", "new"] * 2


@pytest.mark.parametrize("status", [404, 410])
def test_a_new_place_that_is_gone_is_forgotten(sources: Open, status: int) -> None:
    server = Moving(old=(301, NEW))
    found = sources(http=server.client(), a=OLD)
    found.pull()
    server.places = {"new": (status, "")}
    server.asked.clear()
    [report] = found.pull()
    assert (report.known, report.error, report.moved_to) == (1, None, None)
    assert server.asked == ["new", "old"]


def test_a_new_place_that_goes_on_failing_is_not_asked_for_ever(sources: Open) -> None:
    server = Moving(old=(301, NEW))
    found = sources(http=server.client(), a=OLD)
    found.pull()
    server.places = {"new": (500, "")}
    errors = [found.pull()[0].error is None for _ in range(4)]
    assert errors == [False, False, False, True]


def test_a_new_place_is_good_for_that_location_only(sources: Open) -> None:
    server = Moving(old=(301, NEW))
    sources(http=server.client(), a=OLD).pull()
    server.asked.clear()
    [report] = sources(http=server.client(), a=MIDDLE).pull()
    assert (server.asked, report.moved_to) == (["middle"], None)


def test_a_page_to_which_all_is_redirected_for_good_is_not_remembered(sources: Open) -> None:
    """As a network's page for signing in does."""

    def portal(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/login":
            return httpx2.Response(200, stream=httpx2.ByteStream(b"<html><body>Sign in</body></html>"))
        return httpx2.Response(301, headers={"location": "https://portal.example.org/login"})

    found = sources(http=http_client(httpx2.MockTransport(portal)), a=OLD)
    [report] = found.pull()
    assert (report.error is None, report.moved_to) == (False, None)


def test_no_redirect_leads_into_a_private_network_unless_the_setting_says_so(sources: Open) -> None:
    with web_host(lambda handler: say(handler, feed_of(0, 1))) as inner:

        def redirect(handler: BaseHTTPRequestHandler) -> None:
            say(handler, "", 302, location=inner)

        with web_host(redirect) as host:
            [refused] = sources(a=host).pull()
            [allowed] = sources("[pull]\nprivate_networks = true\n", a=host).pull()
    assert refused.error
    assert "127.0.0.1 is not on the public internet; `pull.private_networks = true` allows it" in refused.error
    assert (allowed.new, allowed.error) == (1, None)


def test_servers_are_told_who_asks(sources: Open) -> None:
    asked: list[str] = []

    def talk(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["user-agent"])
        say(handler, feed_of(0, 1))

    with web_host(talk) as host:
        sources(a=host).pull()
    assert asked == ["newsletter/0.1.0 (+https://news.example.org; papers@news.example.org)"]
