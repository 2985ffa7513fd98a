"""Saved pages of trending papers: whole, cut, empty, long, and in any encoding."""

import time
from datetime import date, datetime
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulled import pull
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import Parsed
from newsletter.entries.fetching import http_client
from newsletter.entries.pulling import PullReport, Source
from newsletter.entries.sources import parse
from newsletter.entries.sources.papers_page import LONGEST_TITLE, parse_papers_page, year_in_name

TODAY = date(2026, 11, 22)
HEADER = "new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\nbyXY and the research community\n\nMar 11\n\n"
ABSTRACT = "We made this up to have something long enough to be read as an abstract. " * 6


def read(text: str, *, year: int | None = 2025) -> Parsed:
    return parse_papers_page(text, year=year, today=TODAY)


def titles(parsed: Parsed) -> list[str]:
    return [entry.title for entry in parsed.entries]


def reasons(parsed: Parsed) -> list[str]:
    return [str(skipped) for skipped in parsed.skipped]


def page(*paragraphs: str) -> str:
    return HEADER + "\n\n".join(paragraphs)


def pull_folder(db: Database, folder: Path, now: datetime) -> PullReport:
    def no_network(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(f"{request.url} was asked for")

    with http_client(httpx2.MockTransport(no_network)) as client:
        return pull(db, Source("pages", "."), base=folder, client=client, now=now)


def test_the_two_given_pages_hold_145_papers_in_123_entries(store: Database, now: datetime, shared_data: Path) -> None:
    folder = shared_data / "papers-pages"
    first = pull_folder(store, folder, now)
    assert (first.error, first.skipped) == (None, [])
    assert (first.new, first.known) == (123, 22)
    rows = store.conn.execute("SELECT entry_id, document FROM entry_sources").fetchall()
    documents: dict[int, set[str]] = {}
    for entry_id, document in rows:
        documents.setdefault(entry_id, set()).add(document)
    on_both = [names for names in documents.values() if names == {"2025-03-11.txt", "2025-03-12.txt"}]
    assert (len(rows), len(documents), len(on_both)) == (145, 123, 22)
    every = entries.by_ids(store, documents)
    assert {entry.published for entry in every.values()} == {date(2025, 3, 11), date(2025, 3, 12)}
    assert all(entry.summary and entry.url is None and entry.sources == ("pages",) for entry in every.values())
    store.conn.execute("UPDATE sources SET files = NULL")  # as after an upgrade: all is read again
    again = pull_folder(store, folder, now)
    assert (again.new, again.known, again.error) == (0, 145, None)
    assert every == entries.by_ids(store, documents)


def test_a_page_gives_its_papers_in_order() -> None:
    parsed = read(page("First paper", ABSTRACT + "One.", "Second paper", ABSTRACT + "Two."))
    assert titles(parsed) == ["First paper", "Second paper"]
    assert parsed.entries[1].summary.endswith("Two.")
    assert {entry.published for entry in parsed.entries} == {date(2025, 3, 11)}
    assert parsed.skipped == ()


@pytest.mark.parametrize(
    ("name", "year", "expected"),
    [
        ("2024-03-11.txt", None, date(2024, 3, 11)),
        ("page 2024.txt", None, date(2024, 3, 11)),
        ("2024-03-11.txt", 2023, date(2023, 3, 11)),
        ("page.txt", 2023, date(2023, 3, 11)),
        ("page.txt", None, None),
        ("page-1234567.txt", None, None),
    ],
)
def test_the_year_comes_from_the_setting_or_else_the_name(name: str, year: int | None, expected: date | None) -> None:
    parsed = parse(page("A paper", ABSTRACT).encode(), name=name, year=year, today=TODAY)
    assert [entry.published for entry in parsed.entries] == [expected]
    assert len(parsed.skipped) == (0 if expected else 1)


def test_a_missing_year_is_told() -> None:
    parsed = read(page("A paper", ABSTRACT), year=None)
    assert reasons(parsed) == ["the day 'Mar 11': no year is known; set `year`, or name the file by date"]


def test_a_year_on_the_page_itself_counts_more() -> None:
    assert read(page("A paper", ABSTRACT).replace("Mar 11", "March 11, 2022")).entries[0].published == date(2022, 3, 11)


@pytest.mark.parametrize("day", ["Feb 30", "Foo 11", "Mar 0"])
def test_a_day_that_does_not_exist_leaves_the_date_unknown(day: str) -> None:
    parsed = read(page("A paper", ABSTRACT).replace("Mar 11", day))
    assert [entry.published for entry in parsed.entries] == [None]


def test_a_day_in_the_future_leaves_the_date_unknown() -> None:
    assert read(page("A paper", ABSTRACT), year=2099).entries[0].published is None


@pytest.mark.parametrize("text", ["", "\n\n \n", "\ufeff", "\r\n\r\n"])
def test_an_empty_page_is_told(text: str) -> None:
    parsed = parse(text.encode(), name="2025-03-11.txt", today=TODAY)
    assert (parsed.entries, reasons(parsed)) == ((), ["the page: it is empty"])


def test_a_page_that_ends_after_a_title_keeps_the_rest() -> None:
    parsed = read(page("First paper", ABSTRACT, "Second paper"))
    assert titles(parsed) == ["First paper"]
    assert reasons(parsed) == ["Second paper: a title without an abstract: the page ends there"]


def test_a_page_that_begins_in_an_abstract_keeps_the_rest() -> None:
    parsed = read("\n\n".join([ABSTRACT, "Second paper", ABSTRACT]))
    assert titles(parsed) == ["Second paper"]
    assert [skipped.why for skipped in parsed.skipped] == ["text without a title before it"]


def test_a_page_that_begins_in_the_last_words_of_an_abstract_keeps_the_rest() -> None:
    parsed = read("\n\n".join(["and so it ends.", "Second paper", ABSTRACT]))
    assert titles(parsed) == ["Second paper"]
    assert reasons(parsed) == ["and so it ends.: a title without an abstract"]


@pytest.mark.parametrize("cut", range(0, 2_000, 37))
def test_a_page_cut_anywhere_never_mixes_two_papers(cut: int) -> None:
    papers = [(f"Paper number {n}", f"{ABSTRACT}This is abstract {n}.") for n in range(8)]
    whole = page(*(part for paper in papers for part in paper))
    for text in (whole[cut:], whole[: len(whole) - cut]):
        for entry in read(text).entries:
            number = entry.title[-1]
            if entry.title == f"Paper number {number}" and "This is abstract" in entry.summary:
                assert entry.summary.endswith(f"This is abstract {number}.")


def test_a_missing_abstract_in_the_middle_costs_that_paper_only() -> None:
    parsed = read(page("First paper", ABSTRACT, "Forgotten paper", "Third paper", ABSTRACT))
    assert titles(parsed) == ["First paper", "Third paper"]
    assert reasons(parsed) == ["Forgotten paper: a title without an abstract"]


def test_a_short_abstract_is_an_abstract() -> None:
    parsed = read(page("First paper", "Short, but all there is.", "Second paper", ABSTRACT))
    assert titles(parsed) == ["First paper", "Second paper"]


def test_a_second_day_on_one_page_dates_what_follows() -> None:
    parsed = read(page("First paper", ABSTRACT, "Mar 12", "Second paper", ABSTRACT))
    assert [entry.published for entry in parsed.entries] == [date(2025, 3, 11), date(2025, 3, 12)]


def test_a_title_that_holds_nothing_readable_is_skipped() -> None:
    parsed = read(page("<b></b>", ABSTRACT, "Second paper", ABSTRACT))
    assert titles(parsed) == ["Second paper"]
    assert [skipped.why for skipped in parsed.skipped] == ["its title holds nothing readable"]


@pytest.mark.slow
def test_a_page_of_5000_papers_is_read_in_a_moment(store: Database, now: datetime, tmp_path: Path) -> None:
    parts = (part for n in range(5_000) for part in (f"Paper number {n}", f"{ABSTRACT}{n}"))
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "2025-03-11.txt").write_text(page(*parts))
    start = time.perf_counter()
    report = pull_folder(store, folder, now)
    assert (report.new, report.known, report.skipped, report.error) == (5_000, 0, [], None)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n \n"])
def test_a_page_may_come_in_any_usual_encoding_with_any_line_ends(encoding: str, newline: str) -> None:
    text = page("Poincaré – a naïve “view”", ABSTRACT, "Second paper", ABSTRACT)
    text = text.replace("\n\n", newline if newline == "\n \n" else newline * 2)
    parsed = parse(text.encode(encoding), name="2025-03-11.txt", today=TODAY)
    assert titles(parsed) == ["Poincaré – a naïve “view”", "Second paper"]
    assert parsed.skipped == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("2025-03-11.txt", 2025), ("papers_1999", 1999), ("x20250311.txt", None), ("12025.txt", None), ("", None)],
)
def test_a_year_is_read_from_a_name(name: str, expected: int | None) -> None:
    assert expected == year_in_name(name)


@given(
    st.lists(
        st.sampled_from(["new", "Mar 11", "Feb 31, 2024", "A title", "", "🧬", "\u2028", "x" * (LONGEST_TITLE + 1)])
        | st.text(max_size=50),
        max_size=12,
    ),
    st.sampled_from(["\n\n", "\r\n\r\n", "\n", "\n\t\n"]),
)
def test_any_text_is_read_without_an_error(paragraphs: list[str], between: str) -> None:
    parsed = read(between.join(paragraphs))
    assert all(entry.title and entry.title == " ".join(entry.title.split()) for entry in parsed.entries)
