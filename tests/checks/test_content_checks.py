"""Entries that are bare, long or twice; parts that nobody gets."""

import pytest
from checkroom import (
    ERROR,
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
from newsroom import Clock, entry

from newsletter import Newsletter
from newsletter.checking import PlaceKind
from newsletter.checks.contents import twins_of
from newsletter.entries import store as entries
from newsletter.rendering.card import Card
from subscribers.database import writing

slow = pytest.mark.slow  # whole issues


@pytest.fixture
def good(newsletter: Newsletter) -> Newsletter:
    """Nothing is wrong with its coming issue."""
    good_issue(newsletter)
    return newsletter


def id_of(newsletter: Newsletter, n: int) -> str:
    found = entries.find(newsletter.database, f"https://papers.example.org/{n}")
    assert found
    return str(found.id)


@slow
def test_an_entry_without_a_summary_is_told(good: Newsletter) -> None:
    bring(good, entry(60, summary="", popularity=99))
    found = said(good.check(), "Entries", NOTE, "1 entry has no summary", "Study 60")
    assert places([found], PlaceKind.ENTRY) == [id_of(good, 60)]


@slow
def test_an_entry_without_a_link_is_told(good: Newsletter) -> None:
    bring(good, entry(60, url=None, popularity=99))
    assert said(good.check(), "Entries", NOTE, "1 entry has no link", "search", "Study 60")


@slow
def test_an_entry_that_nobody_gets_is_not_talked_of(good: Newsletter) -> None:
    bring(good, entry(60, title="Nothing of anything", summary=""))
    assert said(good.check(), "Entries", OK, "are in some issue")


@slow
def test_a_title_that_fills_a_phone_is_told(good: Newsletter) -> None:
    bring(good, entry(60, title="Walking robots " * 20, popularity=99))
    found = said(good.check(), "Titles", NOTE, "1 title has more than 120 characters, up to 299")
    assert places([found], PlaceKind.ENTRY) == [id_of(good, 60)]


@slow
def test_the_same_thing_twice_in_one_issue_is_told(good: Newsletter) -> None:
    bring(good, entry(61, title="Walking Robots: Again!", url="https://a.example.org/1", popularity=99))
    bring(good, entry(65, title="Walking robots: again", url="https://a.example.org/2", popularity=98))
    found = said(good.check(), "Twice", WARNING, "4 readers get the same thing twice", "Again", "Drop one")
    assert len(places([found], PlaceKind.ENTRY)) == 2


@slow
def test_what_a_reader_has_had_and_gets_again_is_an_error(good: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 07:50")
    good.make()
    assert said(good.check(), "Twice", OK)
    reader, (pick, *_) = good.subscriber("reader0@example.org"), good.preview("reader0@example.org").picks
    # What should never be: somebody had it between composing and sending.
    with writing(good.database):
        good.database.conn.execute(
            "INSERT INTO received SELECT ?, ?, min(id) FROM deliveries", [reader.id, pick.pick.entry_id]
        )
    found = said(good.check(), "Twice", ERROR, "1 pick was in an earlier issue", "reader0@example.org")
    assert places([found], PlaceKind.ENTRY) == [str(pick.pick.entry_id)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("A study of legs", "https://a.example/1"), ("A Study of Legs!", "https://b.example/2"), True),
        (("One", "https://a.example/1"), ("Another", "https://a.example/1/"), True),
        (("One", None), ("Another", None), False),
        (("?!", None), ("…", None), False),
        (("脚の研究", "https://a.example/1"), ("足の研究", "https://b.example/2"), False),
    ],
)
def test_what_is_the_same_thing_is_told_by_title_and_link(
    one: tuple[str, str | None], other: tuple[str, str | None], same: bool
) -> None:
    cards = [
        Card(n, title, url or "", bool(url), people="", source="", date="", sentences=(), likes=None)
        for n, (title, url) in enumerate((one, other), 1)
    ]
    assert twins_of(cards) == ({1: 1, 2: 1} if same else {})


@slow
def test_a_part_that_nobody_gets_is_told(newsletter: Newsletter) -> None:
    readers(newsletter)
    found = said(newsletter.check(), "Parts", NOTE, "Everybody’s favourites", "nobody likes any")
    assert places([found], PlaceKind.SETTING) == ["issue.favourites"]


@slow
def test_pins_that_all_have_had_are_told(good: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 08:10")
    good.send()
    clock.set("2026-11-29 12:00")
    bring(good, *[entry(n, popularity=n) for n in range(60, 80)])
    write_intro(good, '+++\npins = ["https://papers.example.org/39"]\n+++\nHello.', "weekly-2026-12-04")
    assert said(good.check("weekly-2026-12-04"), "Parts", WARNING, "Nobody gets what you pinned")


@slow
def test_a_part_that_does_not_fit_is_told(good: Newsletter) -> None:
    add_to_template(good, "issue/card.html", "<!-- filler -->" * 1_500)
    found = of(good.check(), "Parts")
    assert ["did not fit" in one.found for one in found if "“Outside your usual”" in one.found] == [True]


@slow
def test_a_heading_over_nothing_is_told(good: Newsletter) -> None:
    add_to_template(good, "issue/foot.html", '<h2 class="ink" style="color:#1d1b18">Advertisements</h2>')
    found = said(good.check(), "Parts", WARNING, "below the heading “Advertisements”")
    assert places([found], PlaceKind.TEMPLATE)
