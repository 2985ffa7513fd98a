"""Pulling a source: what is new comes in, trouble stays in the report."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from pulled import memory, pull
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.fetching import Validators, http_client
from newsletter.entries.pulling import PullReport, Source
from newsletter.entries.source_states import Memory

LONG = "Bridges that sing in the evening wind"
ABSTRACT = "We made this up to have something long enough to be read as an abstract. " * 6
PAGE = f"Get trending papers in your email inbox!\n\nMar 11\n\n{LONG}\n\n{ABSTRACT}\n\nSecond paper\n\n{ABSTRACT}"
FEED = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><id>y</id><entry>
    <id>http://arxiv.org/abs/2611.00001v1</id><title>{LONG}</title><summary>Short.</summary>
    <author><name>N. One</name></author><link href="http://arxiv.org/abs/2611.00001v1"/>
    <published>2025-03-10T00:00:00Z</published></entry></feed>"""

FEED_URL = "https://example.org/feed"


def pull_url(
    db: Database, now: datetime, server: Callable[[httpx2.Request], httpx2.Response], name: str = "feed"
) -> PullReport:
    with http_client(httpx2.MockTransport(server)) as client:
        return pull(db, Source(name, FEED_URL), base=Path(), client=client, now=now)


def state(db: Database, name: str = "feed", location: str = FEED_URL) -> Memory:
    return memory(db, Source(name, location))


def pull_path(db: Database, now: datetime, path: Path, name: str = "pages") -> PullReport:
    with http_client(httpx2.MockTransport(lambda request: httpx2.Response(500))) as client:
        return pull(db, Source(name, str(path)), base=Path(), client=client, now=now)


def answer(content: bytes | str, status: int = 200, **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    content = content.encode() if isinstance(content, str) else content
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx2.Response(status, headers=named, stream=httpx2.ByteStream(content))


def folder_of(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_a_folder_pulled_twice_is_unchanged_the_second_time(store: Database, now: datetime, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, p2025=PAGE, p2024=PAGE)
    first, second = (pull_path(store, now, folder) for _ in range(2))
    assert (first.new, first.known, first.skipped, first.error) == (2, 2, [], None)
    assert (second.new, second.known, second.unchanged, second.error) == (0, 0, True, None)


def test_a_saved_page_and_a_feed_meet_in_one_entry(store: Database, now: datetime, tmp_path: Path) -> None:
    pull_path(store, now, folder_of(tmp_path, p2025=PAGE))
    report = pull_url(store, now + timedelta(hours=1), answer(FEED))
    assert (report.new, report.known) == (0, 1)
    entry = entries.find(store, LONG)
    assert entry is not None
    assert (entry.url, entry.authors) == ("http://arxiv.org/abs/2611.00001v1", ("N. One",))
    assert entry.sources == ("pages", "feed")
    assert entry.summary == ABSTRACT.strip()
    assert entries.count_by_source(store) == {"pages": 2, "feed": 1}


def test_one_bad_document_of_a_folder_does_not_stop_the_others(store: Database, now: datetime, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a="Nothing like a page.", b=PAGE, c="<html>no feed</html>")
    report = pull_path(store, now, folder)
    assert (report.new, report.error) == (2, None)
    assert {skipped.what for skipped in report.skipped} == {"a.txt", "c.txt", "the day 'Mar 11'"}


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        ("gone", 404, "the server answered 404 Not Found"),
        ("oops", 500, "the server answered 500 Internal Server Error"),
        ("<!DOCTYPE html><html></html>", 200, "it is a web page, not a feed"),
        ('{"error": "quota"}', 200, "an error: quota"),
        ("%PDF-1.7", 200, "its format is not known"),
    ],
)
def test_trouble_is_in_the_report_and_remembered(
    store: Database, now: datetime, content: str, status: int, expected: str
) -> None:
    report = pull_url(store, now, answer(content, status))
    assert report.error is not None
    assert expected in report.error
    assert (state(store).pulled_at, state(store).good_at, state(store).error) == (now, None, report.error)
    assert entries.count(store) == 0


def test_a_good_pull_forgets_the_trouble(store: Database, now: datetime) -> None:
    pull_url(store, now, answer("", 500))
    pull_url(store, now, answer(FEED))
    assert (state(store).good_at, state(store).error) == (now, None)


def test_validators_are_remembered_from_pull_to_pull(store: Database, now: datetime) -> None:
    pull_url(store, now, answer(FEED, etag='"v1"', last_modified="Fri, 20 Nov 2026 08:00:00 GMT"))
    asked: list[str | None] = []

    def unchanged(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers.get("if-none-match"))
        asked.append(request.headers.get("if-modified-since"))
        return httpx2.Response(304)

    for _ in range(2):
        report = pull_url(store, now, unchanged)
        assert (report.new, report.known, report.error) == (0, 0, None)
    assert asked == ['"v1"', "Fri, 20 Nov 2026 08:00:00 GMT"] * 2


def test_a_failure_keeps_the_validators_of_the_last_good_pull(store: Database, now: datetime) -> None:
    pull_url(store, now, answer(FEED, etag='"v1"'))
    pull_url(store, now, answer("oops", 500, etag='"error"'))
    assert state(store).validators == Validators('"v1"')


def test_validators_of_something_unreadable_are_not_remembered(store: Database, now: datetime) -> None:
    pull_url(store, now, answer("<html>Maintenance</html>", etag='"page"'))
    assert state(store).validators == Validators()


def test_validators_that_a_server_stops_giving_are_forgotten(store: Database, now: datetime) -> None:
    pull_url(store, now, answer(FEED, etag='"v1"'))
    pull_url(store, now, answer(FEED))
    assert state(store).validators == Validators()


def test_validators_are_good_for_one_source_at_one_place_only(store: Database, now: datetime) -> None:
    pull_url(store, now, answer(FEED, etag='"v1"'), name="one")
    assert state(store, "other", FEED_URL).validators == Validators()
    assert state(store, "one", "https://example.org/moved").validators == Validators()


def test_wrong_text_from_outside_can_be_kept(store: Database, now: datetime) -> None:
    items = (
        r'{"title": "Half \ud800 a pair", "id": "10.5555/\ud800\u0000x", "url": "https://example.org/\ud800"},'
        r'{"title": "Quotes \" and \\ and {{ 7*7 }}", "authors": [{"name": "N.\u0000One"}], "tags": ["\ud83d"]}'
    )
    feed = '{"version": "https://jsonfeed.org/version/1.1", "items": [' + items + "]}"
    assert [pull_url(store, now, answer(feed)).new for _ in range(2)] == [2, 0]
    assert [entry.title for entry in entries.by_ids(store, [1, 2]).values()] == [
        "Half a pair",
        'Quotes " and \\ and {{ 7*7 }}',
    ]


def test_the_settings_of_a_source_reach_its_reader(store: Database, now: datetime, tmp_path: Path) -> None:
    (tmp_path / "page").write_text(PAGE)
    with http_client(httpx2.MockTransport(answer(""))) as client:
        source = Source("pages", "page", kind="papers-page", year=2024)
        report = pull(store, source, base=tmp_path, client=client, now=now)
    assert (report.new, report.skipped) == (2, [])
    assert entries.by_ids(store, [1])[1].published == date(2024, 3, 11)


@pytest.mark.slow
def test_two_processes_pulling_one_source_at_once_make_no_double_entries(tmp_path: Path, store: Database) -> None:
    papers = "\n\n".join(f"Paper number {n} of many more\n\n{ABSTRACT}{n}" for n in range(500))
    (tmp_path / "2025.txt").write_text(f"Mar 11\n\n{papers}")
    code = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[2]); from pulled import pull\n"
        "from newsletter.entries.fetching import http_client\n"
        "from newsletter.entries.pulling import Source\n"
        "from newsletter.store import open_store\n"
        "folder = Path(sys.argv[1]); db = open_store(folder / 'newsletter.db')\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "r = pull(db, Source('p', '2025.txt'), base=folder, client=http_client(), now=datetime.now(UTC))\n"
        "print(r.new, r.known, r.error)"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parents[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [process.communicate(timeout=30)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(int(new) for new, _, _ in counts) == 500
    assert sum(int(known) for _, known, _ in counts) == 500
    assert entries.count(store) == 500
