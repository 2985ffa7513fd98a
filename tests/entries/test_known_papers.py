"""What is known of papers that readers name."""

from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database

from newsletter.entries import papers
from newsletter.entries import store as entry_store
from newsletter.entries.entry import ParsedEntry
from newsletter.entries.papers import known_papers
from subscribers.interests import Interest

MAMBA = ParsedEntry(
    title="Mamba: Linear-Time Sequence Modeling",
    summary="It is fast.",
    authors=("Albert Gu",),
    url="https://arxiv.org/abs/2312.00752",
    identifiers=("10.1000/mamba",),
)


def wanted(store: Database, line: str, now: datetime) -> list[str]:
    papers.want(store, Interest(line).references, now)
    return [one.key for one in papers.to_look_for(store, now, 10)]


@pytest.mark.parametrize(
    "written", ["2312.00752v2", "doi.org/10.1000/MAMBA", 'title:"MAMBA — linear time sequence modeling"']
)
def test_what_the_archive_holds_is_known_at_once(store: Database, now: datetime, written: str) -> None:
    entry_store.save(store, "a", "a.txt", [MAMBA], now)
    (key,) = Interest(written).papers
    (paper,) = known_papers(store, [key, "arxiv:9912.00001"]).values()
    assert (paper.key, paper.title, paper.authors, paper.entry_id) == (key, MAMBA.title, MAMBA.authors, 1)
    assert paper.text == "Mamba: Linear-Time Sequence Modeling. It is fast."
    assert wanted(store, written, now) == []


def test_what_was_found_elsewhere_is_kept_and_asked_for_once(store: Database, now: datetime) -> None:
    assert wanted(store, "2401.00001, 10.1000/x", now) == ["arxiv:2401.00001", "doi:10.1000/x"]
    assert known_papers(store, ["arxiv:2401.00001"]) == {}
    looms = ParsedEntry(title="Looms", summary="They weave.", authors=("J",), url="https://a.example/looms")
    papers.found(store, {"arxiv:2401.00001": looms}, now)
    (paper,) = known_papers(store, ["arxiv:2401.00001", "doi:10.1000/x"]).values()
    assert (paper.text, paper.authors, paper.url, paper.entry_id) == (
        "Looms. They weave.", ("J",), "https://a.example/looms", None
    )  # fmt: skip
    assert wanted(store, "2401.00001, 10.1000/x", now) == ["doi:10.1000/x"]


def test_titles_in_a_line_count_without_any_network(store: Database, now: datetime) -> None:
    line = 'title:"A Book of Bridges", 2401.00001 "Looms"'
    assert wanted(store, line, now) == ["arxiv:2401.00001"]  # for its abstract
    known = known_papers(store, Interest(line).papers)
    assert [paper.text for paper in known.values()] == ["A Book of Bridges"]


def test_what_one_reader_calls_a_paper_is_not_told_to_others(store: Database, now: datetime) -> None:
    wanted(store, '2401.00001 "Your account is closed"', now)
    wanted(store, "2401.00001", now)
    assert known_papers(store, ["arxiv:2401.00001"]) == {}, "its own title is what is looked for"


def test_what_was_found_is_known_to_be_in_the_archive_by_its_title(store: Database, now: datetime) -> None:
    entry_store.save(store, "a", "a.txt", [MAMBA], now)
    wanted(store, "https://openreview.net/forum?id=m", now)
    key = "url:openreview.net/forum?id=m"
    papers.found(store, {key: ParsedEntry(title=MAMBA.title.upper())}, now)
    assert known_papers(store, [key])[key].entry_id == 1


def test_a_failure_is_told_and_tried_again_when_its_time_has_come(store: Database, now: datetime) -> None:
    wanted(store, "2401.00001", now)
    papers.missed(store, "arxiv:2401.00001", "arXiv knows no paper 2401.00001.", now + timedelta(hours=1))
    assert papers.troubles(store, ["arxiv:2401.00001"]) == {"arxiv:2401.00001": "arXiv knows no paper 2401.00001."}
    assert papers.to_look_for(store, now, 10) == []
    (again,) = papers.to_look_for(store, now + timedelta(hours=1), 10)
    assert (again.written, again.tries) == ("2401.00001", 1)


def test_what_comes_into_the_archive_is_not_looked_for_any_more(store: Database, now: datetime) -> None:
    assert wanted(store, "2312.00752", now) == ["arxiv:2312.00752"]
    entry_store.save(store, "a", "a.txt", [MAMBA], now)
    assert papers.to_look_for(store, now, 10) == []


def test_papers_that_nobody_names_are_dropped_after_a_month(store: Database, now: datetime) -> None:
    wanted(store, "2401.00001, 2401.00002", now)
    assert papers.forget_unnamed(store, ["arxiv:2401.00001"], now + timedelta(days=29)) == 0
    assert papers.forget_unnamed(store, ["arxiv:2401.00001"], now + timedelta(days=31)) == 1
    assert [one.key for one in papers.to_look_for(store, now, 10)] == ["arxiv:2401.00001"]


def test_who_names_a_paper_is_kept_nowhere_in_it(store: Database) -> None:
    columns = {row[1] for row in store.conn.execute("PRAGMA table_info(papers)")}
    assert columns.isdisjoint({"subscriber_id", "address", "name"})
