"""What an issue calls its entries, wherever it is spoken of; and what is said where it holds nothing."""

from pathlib import Path

import pytest
from mainline import ADA, BOB, Open, subscribe
from newsroom import Clock, entry, make_project
from starlette.testclient import TestClient

from newsletter import Newsletter
from newsletter.looking import Whom
from newsletter.rendering.links import Purpose
from newsletter.web.app import create_app

FRIDAY = "weekly-2026-11-27"
ROBOTS, EDITED = "Study 0 of walking robots with springy legs", "Robots that walk"


def link(n: int) -> str:
    return str(entry(n)["url"])


@pytest.fixture
def newsletter(tmp_path: Path, open_newsletter: Open) -> Newsletter:
    make_project(tmp_path)
    opened = open_newsletter()
    opened.pull()
    return opened


@pytest.fixture
def edited(newsletter: Newsletter) -> Newsletter:
    """Ada reads it; one entry, the first of all, has the editor's words."""
    subscribe(newsletter, ADA)
    newsletter.editor.edit(FRIDAY, link(0), title=EDITED, summary="They have springs. They walk.")
    return newsletter


def test_the_desk_begins_with_the_words_that_are_shown(edited: Newsletter) -> None:
    picks = {pick.entry.entry_id: pick.entry for pick in edited.looks.look(Whom(ADA), FRIDAY).picks}
    assert (picks[1].title, picks[1].summary) == (EDITED, "They have springs. They walk.")
    assert picks[5].summary == entry(4)["summary"]
    edited.editor.unedit(FRIDAY, link(0))
    [again] = [p.entry for p in edited.looks.look(Whom(ADA), FRIDAY).picks if p.entry.entry_id == 1]
    assert (again.title, again.summary) == (ROBOTS, entry(0)["summary"])


def test_an_entry_has_for_a_reader_the_title_of_the_issue_that_they_had(edited: Newsletter, clock: Clock) -> None:
    ada, readers = edited.subscriber(ADA), edited.readers
    assert (found := readers.entry(1, ada))
    assert found.title == ROBOTS
    clock.set("2026-11-27 08:00")
    edited.send()
    subscribe(edited, BOB)
    titles = [found.title for who in (ada, edited.subscriber(BOB), None) if (found := readers.entry(1, who))]
    assert titles == [EDITED, ROBOTS, ROBOTS]


def test_the_page_of_a_vote_names_it_so(edited: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 08:00")
    edited.send()
    more = edited.readers.link(Purpose.MORE, edited.subscriber(ADA), 1)
    with TestClient(create_app(edited.project), base_url="https://news.example.org") as browser:
        assert EDITED in browser.get(more).text


def test_an_issue_of_which_all_is_dropped_says_so(newsletter: Newsletter) -> None:
    subscribe(newsletter, ADA)
    newsletter.editor.drop(FRIDAY, [link(n) for n in range(12)])
    look = newsletter.looks.look(Whom(ADA), FRIDAY)
    assert look.nothing == "The editor dropped all that came in since the issue before."


def test_one_entry_alone_may_be_named_without_a_list(newsletter: Newsletter) -> None:
    subscribe(newsletter, ADA)
    assert [one.title for one in newsletter.editor.pin(FRIDAY, ROBOTS).entries] == [ROBOTS]
    assert newsletter.editor.unpin(FRIDAY, 1).entries == ()
    assert [one.id for one in newsletter.editor.drop(FRIDAY, 2).entries] == [2]
