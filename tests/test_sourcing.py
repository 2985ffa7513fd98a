"""All sources together: side by side, due or not, reported, remembered, stopped."""

import threading
import time
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx2
import pytest
from newsroom import SETTINGS, Clock, entry, write_entries
from sourced import NOW, Open, mock, summary
from sqlite_utils import Database
from webhost import feed_of, say, web_host

from newsletter import settings as settings_table
from newsletter.entries import pulling
from newsletter.entries import store as entries
from newsletter.entries.pulling import Popularity
from newsletter.entries.sources.requests import Request
from newsletter.errors import SettingsError, SourceError
from newsletter.sections import SourceSettings
from newsletter.sourcing import Sources

HOUR = timedelta(hours=1)


# Side by side


def test_one_that_fails_or_hangs_keeps_nothing_from_the_others(sources: Open, store: Database, tmp_path: Path) -> None:
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
            if entries.count(store) == 4:  # of the good feed and the file
                stored_before_the_end.append(4)
                release.set()
            return False

        reports = found.pull(stop=stop)
    assert stored_before_the_end
    assert [report.name for report in reports] == ["fails", "hangs", "good", "file"]
    told = summary(reports)
    assert told["fails"] == (0, 0, "the server answered 500 Internal Server Error")
    assert (told["hangs"], told["good"], told["file"]) == ((3, 0, None), (3, 0, None), (1, 0, None))


def test_who_stops_gets_back_at_once_and_the_rest_stays_due(sources: Open, standing: Clock) -> None:
    release, begun = threading.Event(), threading.Event()

    def talk(handler: BaseHTTPRequestHandler) -> None:
        begun.set()
        release.wait(60)
        say(handler, feed_of(0, 3))

    with web_host(talk) as host:
        found = sources(one=f"{host}/1", two=f"{host}/2")
        start = time.monotonic()
        assert found.pull(due_only=True, stop=begun.is_set) == []
        assert time.monotonic() - start < 20
        release.set()
        # Both hold the same three; whichever comes first brings them.
        assert sorted(summary(found.pull(due_only=True)).values()) == [(0, 3, None), (3, 0, None)]


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
    assert report.error == "the server answered 429 Too Many Requests"
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
    assert report.error == "the server answered 400 Bad Request: Invalid date"


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
    found = sources(http=mock({**answers, "gap": httpx2.Response(200, text=feed_of(2, 3))}), a="https://a.example.org/")
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


# The rest


def test_a_source_is_looked_at_and_added_once_it_is_good(sources: Open, tmp_path: Path, store: Database) -> None:
    found = sources(http=mock(a=httpx2.Response(200, text=feed_of(0, 2)), b=httpx2.Response(404)))
    good = SourceSettings(name="a", location="https://a.example.org/")
    assert len(found.check(good).entries) == 2
    with pytest.raises(SourceError, match="404"):
        found.add(SourceSettings(name="b", location="https://b.example.org/"))
    found.add(good)
    with pytest.raises(SettingsError, match="already"):
        found.add(good)
    assert [source.name for source in settings_table.load(tmp_path).sources] == ["a"]
    assert entries.count(store) == 0


def test_the_feed_behind_a_page_is_found_politely_on_the_host_that_the_operator_named(sources: Open) -> None:
    page = '<html><head><link rel="alternate" type="application/atom+xml" href="/feed"></head></html>'

    def talk(handler: BaseHTTPRequestHandler) -> None:
        say(handler, page if handler.path == "/" else feed_of(0, 2), content_type="text/html")

    with web_host(talk) as host:
        found = sources().discover(f"{host}/")
    assert (found.location, len(found.parsed.entries)) == (f"{host}/feed", 2)


def test_what_is_to_be_watched_are_the_files(sources: Open, tmp_path: Path) -> None:
    found = sources(a="https://a.example.org/", pages="pages", home="~nobody-of-that-name/x", file="/srv/x.jsonl")
    assert found.watched() == [tmp_path / "pages", Path("/srv/x.jsonl")]


def test_progress_is_told(tmp_path: Path, store: Database) -> None:
    told: list[tuple[str, int, int]] = []
    (tmp_path / "newsletter.toml").write_text(SETTINGS + '[[sources]]\nname = "a"\nlocation = "a.jsonl"\n')
    write_entries(tmp_path, [entry(1)], "a.jsonl")
    made = Sources(
        store,
        tmp_path,
        settings_table.load(tmp_path),
        lambda: NOW,
        lambda what: lambda done, todo: told.append((what, done, todo)),
    )
    made.pull()
    made.close()
    assert told == [("Pulling", 1, 1)]
