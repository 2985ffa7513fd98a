"""All sources together: side by side, due or not, reported, remembered, stopped."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx2
import pytest
from newsroom import SETTINGS, Clock, empty_database, entry, write_entries
from sqlite_utils import Database
from webhost import feed_of, say, web_host

from newsletter import settings as settings_table
from newsletter.entries import pulling, spacing
from newsletter.entries import store as entries
from newsletter.entries.fetching import http_client
from newsletter.entries.pulling import Popularity, PullReport
from newsletter.entries.sources.requests import Request
from newsletter.errors import SettingsError, SourceError
from newsletter.ranking.embedding import Progress
from newsletter.sections import SourceSettings
from newsletter.sourcing import Sources
from newsletter.store import open_store

Open = Callable[..., Sources]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def standing() -> Clock:
    return Clock(NOW)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that are made up need no sparing."""
    monkeypatch.setattr(spacing, "PAUSE", 0.0)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    empty_database(tmp_path / "newsletter.db")
    db = open_store(tmp_path / "newsletter.db")
    yield db
    db.conn.close()


@pytest.fixture
def sources(tmp_path: Path, db: Database, standing: Clock) -> Iterator[Open]:
    """Makes the sources of a newsletter: `name=location`."""
    made: list[Sources] = []

    def told(what: str) -> Progress:
        return lambda done, todo: None

    def make(more: str = "", http: httpx2.Client | None = None, **locations: str) -> Sources:
        tables = "".join(
            f'[[sources]]\nname = "{name}"\nlocation = "{location}"\n' for name, location in locations.items()
        )
        (tmp_path / "newsletter.toml").write_text(SETTINGS + more + tables)
        made.append(Sources(db, tmp_path, settings_table.load(tmp_path), standing, told, http))
        return made[-1]

    yield make
    for one in made:
        one.close()


def summary(reports: list[PullReport]) -> dict[str, tuple[int, int, str | None]]:
    return {report.name: (report.new, report.known, report.error) for report in reports}


def mock(changing: Mapping[str, httpx2.Response] | None = None, **answers: httpx2.Response) -> httpx2.Client:
    """A network in which the first part of a host's name decides what it answers."""

    def server(request: httpx2.Request) -> httpx2.Response:
        one = (answers if changing is None else changing)[request.url.host.partition(".")[0]]
        return httpx2.Response(one.status_code, headers=one.headers, stream=httpx2.ByteStream(one.content))

    return http_client(httpx2.MockTransport(server))


# Side by side


def test_one_that_fails_or_hangs_keeps_nothing_from_the_others(sources: Open, db: Database, tmp_path: Path) -> None:
    stored_before_the_end = []
    release = threading.Event()

    def talk(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/hangs":
            release.wait(5)
        say(handler, feed_of(0, 3, handler.path[1:]), 500 if handler.path == "/fails" else 200)

    with web_host(talk) as one, web_host(talk) as other:
        found = sources(fails=f"{one}/fails", hangs=f"{one}/hangs", good=f"{other}/good", file="papers.jsonl")
        write_entries(tmp_path, [entry(1)])

        def stop() -> bool:
            if entries.count(db) == 4:  # of the good feed and the file
                stored_before_the_end.append(4)
                release.set()
            return False

        reports = found.pull(stop=stop)
    assert stored_before_the_end
    assert [report.name for report in reports] == ["fails", "hangs", "good", "file"]
    told = summary(reports)
    assert told["fails"] == (0, 0, f"the server answered 500 Internal Server Error; {next_try(reports[0])}")
    assert (told["hangs"], told["good"], told["file"]) == ((3, 0, None), (3, 0, None), (1, 0, None))


def next_try(report: PullReport) -> str:
    assert report.next_try
    return f"next try {report.next_try:%Y-%m-%d %H:%M} UTC"


def test_who_stops_gets_back_at_once_and_the_rest_stays_due(sources: Open, standing: Clock) -> None:
    release, begun = threading.Event(), threading.Event()

    def talk(handler: BaseHTTPRequestHandler) -> None:
        begun.set()
        release.wait(5)
        say(handler, feed_of(0, 3))

    with web_host(talk) as host:
        found = sources(one=f"{host}/1", two=f"{host}/2")
        start = time.monotonic()
        assert found.pull(due_only=True, stop=begun.is_set) == []
        assert time.monotonic() - start < 1
        release.set()
        assert summary(found.pull(due_only=True)) == {"one": (3, 0, None), "two": (0, 3, None)}


# Due


def test_only_what_is_due_is_asked(sources: Open, standing: Clock) -> None:
    found = sources(
        "[pull]\nevery_minutes = 30\n", mock(a=httpx2.Response(200, text=feed_of(0, 1))), a="https://a.example.org/"
    )
    assert len(found.pull(due_only=True)) == 1
    assert found.pull(due_only=True) == []
    standing.forward(minutes=29)
    assert found.pull(due_only=True) == []
    standing.forward(minutes=1)
    [report] = found.pull(due_only=True)
    assert (report.known, report.next_try) == (1, standing.now + timedelta(minutes=30))


def test_a_server_that_wants_to_be_left_alone_is(sources: Open, standing: Clock) -> None:
    refuses = httpx2.Response(429, headers={"retry-after": "7200"})
    found = sources(http=mock(a=refuses), a="https://a.example.org/")
    [report] = found.pull(due_only=True)
    assert report.error == f"the server answered 429 Too Many Requests; {next_try(report)}"
    assert report.next_try == NOW + 2 * HOUR
    standing.forward(minutes=119)
    assert found.pull(due_only=True) == []
    standing.forward(minutes=1)
    assert len(found.pull(due_only=True)) == 1


def test_the_operators_word_is_stronger_but_they_are_told(sources: Open) -> None:
    found = sources(http=mock(a=httpx2.Response(503, headers={"retry-after": "60"})), a="https://a.example.org/")
    [first] = found.pull()
    [second] = found.pull()
    assert (first.asked_before, second.asked_before) == (None, first.next_try)


def test_a_success_ends_all_waiting(sources: Open, standing: Clock) -> None:
    answers = {"a": httpx2.Response(500)}
    found = sources(http=mock(answers), a="https://a.example.org/")
    waits = []
    for _ in range(3):
        [report] = found.pull()
        assert report.next_try
        waits.append(report.next_try - standing.now)
        standing.forward(hours=3)
    assert waits == sorted(waits)
    [state] = found.states()
    assert (state.failures, state.failing_since, state.good_at) == (3, NOW, None)
    answers["a"] = httpx2.Response(200, text=feed_of(0, 2))
    found.pull()
    [state] = found.states()
    assert (state.failures, state.failing_since, state.error, state.entries) == (0, None, None, 2)
    assert (state.good_at, state.next_at) == (standing.now, standing.now + HOUR)


def test_a_source_that_is_gone_for_good_is_told_so(sources: Open) -> None:
    [report] = sources(http=mock(a=httpx2.Response(410)), a="https://a.example.org/").pull()
    assert report.error
    assert "410 Gone: it was taken down for good. Look for its new address, or take it out of" in report.error


def test_what_a_server_says_of_its_error_is_told(sources: Open) -> None:
    refusal = httpx2.Response(400, json={"error": "Invalid date"})
    [report] = sources(http=mock(a=refusal), a="https://a.example.org/").pull()
    assert report.error
    assert report.error.startswith("the server answered 400 Bad Request: Invalid date; next try")


# Places


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
    assert "127.0.0.1 is not on the public internet; `pull.private_networks = true` allows it; next" in refused.error
    assert (allowed.new, allowed.error) == (1, None)


def test_servers_are_told_who_asks(sources: Open) -> None:
    asked: list[str] = []

    def talk(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["user-agent"])
        say(handler, feed_of(0, 1))

    with web_host(talk) as host:
        sources(a=host).pull()
    assert asked == ["newsletter/0.1.0 (+https://news.example.org; papers@news.example.org)"]


# More than one request


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What was given to `requests_for`; it asks for a gap since the last good pull, and for popularity."""
    given: dict[str, object] = {}

    def requests_for(
        kind: str, location: str, *, last_good: datetime | None, popular_since: date | None, **_: object
    ) -> tuple[Request, ...]:
        given.update(kind=kind, last_good=last_good, popular_since=popular_since)
        more = [Request("https://gap.example.org/", False)] if last_good != NOW else []
        more += [Request(f"https://popular.example.org/{popular_since}", False)] if popular_since else []
        return (Request(location, True), *more)

    monkeypatch.setattr(pulling, "requests_for", requests_for)
    return given


def test_a_gap_that_could_not_be_filled_is_no_failure_and_is_tried_again(
    sources: Open, asking: dict[str, object], standing: Clock
) -> None:
    answers = {"a": httpx2.Response(200, text=feed_of(0, 2)), "gap": httpx2.Response(503, headers={"retry-after": "9"})}
    found = sources(http=mock(answers), a="https://a.example.org/")
    [report] = found.pull()
    assert (report.new, report.error) == (2, None)
    assert [(one.what, one.why) for one in report.skipped] == [
        ("https://gap.example.org/", "the server answered 503 Service Unavailable")
    ]
    assert [(state.good_at, state.pulled_at) for state in found.states()] == [(None, NOW)]
    found = sources(
        http=mock({**answers, "gap": httpx2.Response(200, text=feed_of(2, 3))}), a="https://a.example.org/"
    )
    [report] = found.pull()
    assert (report.new, report.known, report.skipped) == (3, 2, [])
    assert asking["last_good"] is None
    assert [state.good_at for state in found.states()] == [NOW]


def test_a_gap_that_cannot_be_read_is_no_failure_either(sources: Open, asking: dict[str, object]) -> None:
    answers = {"a": httpx2.Response(200, text=feed_of(0, 2)), "gap": httpx2.Response(200, text="<html>Sorry</html>")}
    found = sources(http=mock(answers), a="https://a.example.org/")
    [report] = found.pull()
    assert (report.new, report.error, len(report.skipped)) == (2, None, 1)
    assert [state.good_at for state in found.states()] == [None]


def test_popularity_is_read_again_once_before_a_cut_off(
    sources: Open, asking: dict[str, object], standing: Clock
) -> None:
    answers = {name: httpx2.Response(200, text=feed_of(0, 2)) for name in ("a", "gap", "popular")}
    found = sources(http=mock(answers), a="https://a.example.org/")
    found.pull(due_only=True)
    standing.forward(minutes=10)
    fresh = Popularity(date(2026, 11, 15), standing.now - timedelta(minutes=1))
    [report] = found.pull(due_only=True, fresh=fresh)
    assert (report.known, asking["popular_since"]) == (4, date(2026, 11, 15))
    standing.forward(minutes=1)
    assert found.pull(due_only=True, fresh=fresh) == []


# Files


def files_of(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        write_entries(folder, [entry(int(name))], f"{name}.jsonl")
    return folder


def settle(*paths: Path) -> None:
    """As if some time had passed since the files were written."""
    for path in paths:
        os.utime(path, (time.time() - 10,) * 2)


def test_only_files_that_are_new_or_changed_are_read(sources: Open, tmp_path: Path) -> None:
    folder = files_of(tmp_path / "pages", "1", "2")
    found = sources(pages="pages")
    assert summary(found.pull()) == {"pages": (2, 0, None)}
    [report] = found.pull()
    assert (report.new, report.known, report.unchanged) == (0, 0, True)
    write_entries(folder, [entry(2), entry(3)], "2.jsonl")
    [report] = found.pull()
    assert (report.new, report.known, report.unchanged) == (1, 1, False)


def test_a_file_that_appears_is_due_at_once_but_not_while_it_is_written(sources: Open, tmp_path: Path) -> None:
    folder = files_of(tmp_path / "pages")
    found = sources(pages="pages")
    assert summary(found.pull(due_only=True)) == {"pages": (0, 0, None)}
    assert found.pull(due_only=True) == []
    files_of(folder, "1")
    assert found.pull(due_only=True) == []
    settle(folder / "1.jsonl")
    files_of(folder, "2")
    assert summary(found.pull(due_only=True)) == {"pages": (1, 0, None)}
    settle(folder / "2.jsonl")
    assert summary(found.pull(due_only=True)) == {"pages": (1, 0, None)}
    (folder / "1.jsonl").unlink()
    [report] = found.pull(due_only=True)
    assert (report.new, report.known, report.error) == (0, 0, None)
    assert found.pull(due_only=True) == []


def test_a_bad_file_is_told_once_and_hides_no_other(sources: Open, tmp_path: Path) -> None:
    folder = files_of(tmp_path / "pages", "1")
    (folder / "0.txt").write_text("Nothing like a page.")
    found = sources(pages="pages")
    [report] = found.pull()
    assert (report.new, [one.what for one in report.skipped]) == (1, ["0.txt"])
    [report] = found.pull()
    assert (report.skipped, report.unchanged) == ([], True)


def test_a_single_bad_file_goes_on_failing_until_it_is_mended(sources: Open, tmp_path: Path, standing: Clock) -> None:
    path = tmp_path / "page.txt"
    path.write_text("Nothing like a page.")
    found = sources(page="page.txt")
    assert [found.pull()[0].error is None for _ in range(2)] == [False, False]
    settle(path)
    found.pull()
    assert found.pull(due_only=True) == []
    path.write_text(feed_of(0, 1))
    settle(path)
    assert summary(found.pull(due_only=True)) == {"page": (1, 0, None)}


def test_a_folder_that_is_missing_is_told_and_read_once_it_is_there(sources: Open, tmp_path: Path) -> None:
    found = sources(pages="pages")
    [report] = found.pull(due_only=True)
    assert report.error
    assert "pages cannot be read: No such file or directory; next try" in report.error
    assert found.pull(due_only=True) == []
    settle(files_of(tmp_path / "pages", "1") / "1.jsonl")
    assert summary(found.pull(due_only=True)) == {"pages": (1, 0, None)}


def test_files_that_a_stop_leaves_out_are_read_the_next_time(sources: Open, tmp_path: Path, db: Database) -> None:
    settle(*files_of(tmp_path / "pages", *"123456").iterdir())
    found = sources(pages="pages")
    [report] = found.pull(stop=lambda: entries.count(db) >= 2)
    assert report.new == 2
    assert summary(found.pull(due_only=True)) == {"pages": (4, 0, None)}


def test_a_source_that_is_to_be_read_in_another_way_is_read_again(sources: Open, tmp_path: Path) -> None:
    write_entries(tmp_path, [entry(1)], "page.txt")
    first = sources(page="page.txt").pull()
    second = sources(page='page.txt"\nkind = "jsonl').pull()
    assert (summary(first)["page"], summary(second)["page"]) == ((1, 0, None), (0, 1, None))


# The rest


def test_a_source_is_looked_at_and_added_once_it_is_good(sources: Open, tmp_path: Path, db: Database) -> None:
    found = sources(http=mock(a=httpx2.Response(200, text=feed_of(0, 2)), b=httpx2.Response(404)))
    good = SourceSettings(name="a", location="https://a.example.org/")
    assert len(found.check(good).entries) == 2
    with pytest.raises(SourceError, match="404"):
        found.add(SourceSettings(name="b", location="https://b.example.org/"))
    found.add(good)
    with pytest.raises(SettingsError, match="already"):
        found.add(good)
    assert [source.name for source in settings_table.load(tmp_path).sources] == ["a"]
    assert entries.count(db) == 0


def test_what_is_to_be_watched_are_the_files(sources: Open, tmp_path: Path) -> None:
    found = sources(a="https://a.example.org/", pages="pages", home="~nobody-of-that-name/x", file="/srv/x.jsonl")
    assert found.watched() == [tmp_path / "pages", Path("/srv/x.jsonl")]


def test_progress_is_told(tmp_path: Path, db: Database) -> None:
    told: list[tuple[str, int, int]] = []
    (tmp_path / "newsletter.toml").write_text(SETTINGS + '[[sources]]\nname = "a"\nlocation = "a.jsonl"\n')
    write_entries(tmp_path, [entry(1)], "a.jsonl")
    made = Sources(
        db,
        tmp_path,
        settings_table.load(tmp_path),
        lambda: NOW,
        lambda what: lambda done, todo: told.append((what, done, todo)),
    )
    made.pull()
    made.close()
    assert told == [("Pulling", 1, 1)]
