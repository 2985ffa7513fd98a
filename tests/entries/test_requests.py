"""What is asked of the servers of a source, so that nothing is missed between two pulls."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import get_args
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.entries.sources import Kind
from newsletter.entries.sources.announcements import missed, submitted
from newsletter.entries.sources.kinds import known_place
from newsletter.entries.sources.requests import Request, requests_for

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
HUGGING_FACE = "https://huggingface.co/api/daily_papers"
ARXIV = "https://rss.arxiv.org/rss/cs.AI+cs.CL"
ITHACA = ZoneInfo("America/New_York")
moments = st.builds(NOW.__add__, st.timedeltas(timedelta(days=-9_000), timedelta(days=9_000)))


def eastern(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Ithaca; the 1st, 8th, 15th and 22nd are Sundays."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ITHACA)


def urls(
    location: str, *, kind: Kind = "auto", last_good: datetime | None = None, popular_since: date | None = None
) -> list[str]:
    asked = requests_for(kind, location, last_good=last_good, now=NOW, popular_since=popular_since)
    return [request.url for request in asked]


def days_of(addresses: list[str]) -> list[str]:
    return [day for url in addresses for day in parse_qs(urlsplit(url).query).get("date", [])]


# Any kind


@pytest.mark.parametrize("kind", ["auto", "feed", "jsonl", "papers-page"])
def test_other_sources_are_asked_at_their_own_address_alone(kind: Kind) -> None:
    place = "https://example.org/feed.xml"
    asked = requests_for(kind, place, last_good=NOW - timedelta(days=9), now=NOW, popular_since=date(2026, 11, 1))
    assert asked == (Request(place, main=True),)


def test_a_kind_that_is_given_decides_over_the_host() -> None:
    assert urls(ARXIV, kind="feed", last_good=NOW - timedelta(days=9)) == [ARXIV]
    assert urls("https://huggingface.co/papers", kind="feed") == ["https://huggingface.co/papers"]


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("location", ["http://[", "http://[::1/papers", "http://m.example/papers?\ud800"])
def test_what_is_no_address_is_given_on_to_who_asks_for_it(kind: Kind, location: str) -> None:
    asked = requests_for(kind, location, last_good=NOW - timedelta(days=9), now=NOW, popular_since=NOW.date())
    assert asked[0].main
    assert [request.main for request in asked[1:]] == [False] * (len(asked) - 1)


@given(
    kind=st.sampled_from(get_args(Kind)),
    location=st.one_of(
        st.text(),
        st.builds("http://{}".format, st.text()),
        st.builds("https://huggingface.co/{}".format, st.text()),
        st.builds("https://rss.arxiv.org/rss/{}".format, st.text()),
    ),
    last_good=st.none() | moments,
    now=moments,
    popular_since=st.none() | st.dates(),
)
def test_whatever_the_settings_say_the_source_is_asked_once_and_not_too_often(
    kind: Kind, location: str, last_good: datetime | None, now: datetime, popular_since: date | None
) -> None:
    asked = requests_for(kind, location, last_good=last_good, now=now, popular_since=popular_since)
    assert [request.main for request in asked] == [True] + [False] * (len(asked) - 1)
    assert len({request.url for request in asked}) == len(asked) <= 63


# Hugging Face


@pytest.mark.parametrize(
    ("location", "query"),
    [
        ("https://huggingface.co/papers", "limit=100"),
        ("https://huggingface.co/papers/", "limit=100"),
        ("http://www.huggingface.co/papers", "limit=100"),
        ("https://hf.co/papers", "limit=100"),
        ("https://huggingface.co/papers/date/2026-11-20", "date=2026-11-20&limit=100"),
        ("https://huggingface.co/papers/week/2026-W47", "week=2026-W47&limit=100"),
        ("https://huggingface.co/papers/month/2026-11", "month=2026-11&limit=100"),
        ("https://huggingface.co/papers/trending", "sort=trending&limit=100"),
        ("https://huggingface.co/api/daily_papers", "limit=100"),
        ("https://huggingface.co/api/daily_papers?limit=20", "limit=20"),
        ("https://huggingface.co/api/daily_papers?submitter=ada", "submitter=ada&limit=100"),
    ],
)
def test_the_pages_of_hugging_face_are_read_from_its_api(location: str, query: str) -> None:
    assert urls(location) == [f"{HUGGING_FACE}?{query}"]


def test_one_paper_of_hugging_face_is_no_list_of_papers() -> None:
    assert urls("https://huggingface.co/papers/2606.00467") == ["https://huggingface.co/papers/2606.00467"]


def test_a_mirror_of_hugging_face_is_asked_in_its_place() -> None:
    assert urls("http://127.0.0.1:8000/papers", kind="huggingface") == [
        "http://127.0.0.1:8000/api/daily_papers?limit=100"
    ]
    assert urls("http://myhf.co/papers", kind="huggingface") == ["http://myhf.co/api/daily_papers?limit=100"]


def test_days_that_were_missed_are_asked_for_beside_the_newest() -> None:
    asked = urls("https://huggingface.co/papers", last_good=NOW - timedelta(days=3))
    assert asked == [
        f"{HUGGING_FACE}?limit=100",
        *(f"{HUGGING_FACE}?date=2026-11-{day}&limit=100" for day in (22, 23, 24)),
    ]


def test_a_second_pull_of_a_day_asks_for_the_newest_alone() -> None:
    assert len(urls("https://huggingface.co/papers", last_good=NOW - timedelta(hours=1))) == 1


def test_after_a_long_time_away_the_last_31_days_are_asked_for() -> None:
    days = days_of(urls("https://huggingface.co/papers", last_good=NOW - timedelta(days=400)))
    assert len(days) == 31
    assert (days[0], days[-1]) == ("2026-10-25", "2026-11-24")


def test_popularity_is_read_again_for_each_day_up_to_today() -> None:
    asked = urls("https://huggingface.co/papers", last_good=NOW, popular_since=date(2026, 11, 23))
    assert days_of(asked) == ["2026-11-23", "2026-11-24", "2026-11-25"]


def test_a_day_that_was_missed_and_is_popular_is_asked_for_once() -> None:
    asked = urls("https://huggingface.co/papers", last_good=NOW - timedelta(days=2), popular_since=date(2026, 11, 22))
    assert days_of(asked) == ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"]


@pytest.mark.parametrize("page", ["date/2026-11-20", "week/2026-W47", "month/2026-11", "trending"])
def test_a_page_that_does_not_go_on_is_asked_for_alone(page: str) -> None:
    asked = urls(f"https://huggingface.co/papers/{page}", last_good=NOW - timedelta(days=9), popular_since=NOW.date())
    assert len(asked) == 1


@given(first=moments, waits=st.lists(st.timedeltas(timedelta(minutes=5), timedelta(days=30)), min_size=1, max_size=6))
def test_each_day_of_hugging_face_is_asked_for_after_it_ended(first: datetime, waits: list[timedelta]) -> None:
    last_good, asked = first, set[str]()
    for wait in waits:
        now = last_good + wait
        requests = requests_for("auto", "https://huggingface.co/papers", last_good=last_good, now=now)
        fresh = days_of([request.url for request in requests])
        assert all(date.fromisoformat(day) < now.date() for day in fresh)
        asked |= set(fresh)
        last_good = now
    whole = {first.date() + timedelta(days=n) for n in range((last_good.date() - first.date()).days)}
    assert asked == {day.isoformat() for day in whole}


# arXiv


@pytest.mark.parametrize(
    ("location", "feed"),
    [
        ("https://rss.arxiv.org/rss/cs.AI+cs.CL", "https://rss.arxiv.org/rss/cs.AI+cs.CL"),
        ("http://rss.arxiv.org/atom/cs.AI", "https://rss.arxiv.org/atom/cs.AI"),
        ("http://export.arxiv.org/rss/quant-ph", "https://rss.arxiv.org/rss/quant-ph"),
        ("https://arxiv.org/list/cs.AI/recent", "https://rss.arxiv.org/rss/cs.AI"),
        ("https://arxiv.org/list/stat.ML/new", "https://rss.arxiv.org/rss/stat.ML"),
    ],
)
def test_a_listing_of_arxiv_is_read_from_its_announcement_feed(location: str, feed: str) -> None:
    assert urls(location) == [feed]


@pytest.mark.parametrize(
    "location", ["https://arxiv.org/abs/2606.00467", "https://arxiv.org/list/../../etc", "https://info.arxiv.org/x.xml"]
)
def test_other_pages_of_arxiv_are_left_alone(location: str) -> None:
    assert urls(location, last_good=NOW - timedelta(days=9)) == [location]


def test_the_first_pull_fills_no_gap() -> None:
    assert urls(ARXIV) == [ARXIV]


def test_a_missed_announcement_is_asked_of_the_api() -> None:
    feed, query = urls(ARXIV, last_good=eastern(23, 9))  # Monday's was seen, Tuesday's was not
    assert feed == ARXIV
    parts = urlsplit(query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "export.arxiv.org", "/api/query")
    assert parse_qs(parts.query, strict_parsing=True) == {
        "search_query": ["(cat:cs.AI OR cat:cs.CL) AND submittedDate:[202611201900 TO 202611231900]"],
        "sortBy": ["submittedDate"],
        "sortOrder": ["ascending"],
        "start": ["0"],
        "max_results": ["2000"],
    }
    assert query.isascii() and " " not in query


def test_a_whole_archive_of_arxiv_is_asked_for_with_all_its_categories() -> None:
    query = urls("https://rss.arxiv.org/rss/cs+quant-ph", last_good=eastern(23, 9))[1]
    assert "(cat:cs.* OR cat:quant-ph) AND" in parse_qs(urlsplit(query).query)["search_query"][0]


def test_a_query_of_the_api_fills_no_gap_of_its_own() -> None:
    location = "https://export.arxiv.org/api/query?search_query=cat:cs.AI&max_results=50"
    assert urls(location, last_good=NOW - timedelta(days=9)) == [location]


@pytest.mark.parametrize(
    ("last_good", "now", "days"),
    [
        pytest.param(eastern(24, 9), eastern(25, 9), [], id="yesterday's was read"),
        pytest.param(eastern(23, 9), eastern(25, 9), [24], id="Tuesday's was not"),
        pytest.param(eastern(20, 9), eastern(23, 9), [], id="nothing is announced at a weekend"),
        pytest.param(eastern(19, 9), eastern(21, 9), [20], id="Friday's, seen to be missing on Saturday"),
        pytest.param(eastern(19, 9), eastern(23, 9), [20], id="Friday's, seen to be missing on Monday"),
        pytest.param(eastern(21, 9), eastern(24, 9), [23], id="Monday's, after a weekend"),
        pytest.param(eastern(23, 23, 59), eastern(24, 0, 1), [], id="a midnight between two pulls"),
        pytest.param(eastern(24, 0, 30), eastern(25, 9), [24], id="shortly after midnight it was still the old one"),
        pytest.param(eastern(24, 2), eastern(25, 9), [], id="later it was the new one"),
        pytest.param(eastern(25, 9), eastern(25, 9), [], id="just now"),
        pytest.param(eastern(25, 9), eastern(20, 9), [], id="a clock that was set back"),
    ],
)
def test_which_announcements_were_missed(last_good: datetime, now: datetime, days: list[int]) -> None:
    assert [day.day for day in missed(last_good.astimezone(UTC), now.astimezone(UTC))] == days


def test_after_a_long_time_away_14_announcements_are_caught_up_with() -> None:
    days = missed(NOW - timedelta(days=300), NOW)
    assert len(days) == 14
    assert days[-1] == date(2026, 11, 24)
    assert len(urls(ARXIV, last_good=NOW - timedelta(days=300))) == 15


@pytest.mark.parametrize(
    ("feed_day", "begin", "end"),
    [
        (23, eastern(19, 14), eastern(20, 14)),  # announced on Sunday: Thursday to Friday
        (24, eastern(20, 14), eastern(23, 14)),  # announced on Monday: the weekend
        (25, eastern(23, 14), eastern(24, 14)),
        (26, eastern(24, 14), eastern(25, 14)),
        (27, eastern(25, 14), eastern(26, 14)),
    ],
)
def test_which_papers_an_announcement_holds(feed_day: int, begin: datetime, end: datetime) -> None:
    assert submitted(date(2026, 11, feed_day)) == (begin, end)


def test_no_hour_is_between_two_announcements_whatever_the_clocks_do() -> None:
    weekdays = [day for n in range(3_000) if (day := date(2024, 1, 1) + timedelta(days=n)).weekday() < 5]
    windows = [tuple(moment.astimezone(UTC) for moment in submitted(day)) for day in weekdays]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(windows))
    assert all(begin < end for begin, end in windows)


@given(first=moments, waits=st.lists(st.timedeltas(timedelta(minutes=5), timedelta(days=16)), min_size=1, max_size=8))
def test_every_announcement_is_read_or_asked_for_later(first: datetime, waits: list[timedelta]) -> None:
    last_good, caught = first, set[date]()
    for wait in waits:
        now = last_good + wait
        days = missed(last_good, now)
        assert all(day.weekday() < 5 and day < now.astimezone(ITHACA).date() for day in days)
        assert not caught & set(days), "asked for though it had been read"
        caught |= set(days)
        if (here := now.astimezone(ITHACA)).hour >= 1:  # then it is surely the new one
            caught.add(here.date())
        last_good = now
    begun, ended = (moment.astimezone(ITHACA).date() for moment in (first, last_good))
    between = {begun + timedelta(days=n) for n in range(1, (ended - begun).days)}
    assert {day for day in between if day.weekday() < 5} <= caught


@given(st.sampled_from(get_args(Kind)), st.text() | st.builds("https://arxiv.org/list/{}/new".format, st.text()))
def test_an_address_that_is_understood_is_understood_the_same_again(kind: Kind, location: str) -> None:
    kind, place = known_place(kind, location)
    assert known_place(kind, place) == (kind, place)
