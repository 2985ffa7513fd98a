"""Settings that are still an example, an issue that waits, an intro that is not finished."""

import pytest
from checkroom import ERROR, ISSUE, NOTE, OK, WARNING, good_issue, places, said, write_intro
from mainline import Open, change_settings
from newsroom import Clock

from newsletter import Newsletter
from newsletter.checking import PlaceKind

pytestmark = pytest.mark.slow  # whole issues


@pytest.fixture
def good(newsletter: Newsletter) -> Newsletter:
    """Nothing is wrong with its coming issue."""
    good_issue(newsletter)
    return newsletter


def test_examples_are_told_and_stop_mail_by_smtp(good: Newsletter, open_newsletter: Open) -> None:
    change_settings(good.project, "papers@news.example.org", "papers@example.com")
    found = said(open_newsletter().check(), "Settings", NOTE, "address is still an example", "folder")
    assert places([found], PlaceKind.SETTING) == ["address"]
    smtp = '[delivery]\ntransport = "smtp"\n[smtp]\nhost = "mail.example.org"\n\n[[sources]]'
    change_settings(good.project, "[[sources]]", smtp)
    assert said(open_newsletter().check(), "Settings", ERROR, "no mail leaves by SMTP")


def test_a_rehearsal_is_told(good: Newsletter, open_newsletter: Open) -> None:
    change_settings(good.project, "[[sources]]", '[delivery]\nredirect_all_to = "me@example.org"\n\n[[sources]]')
    found = said(open_newsletter().check(), "Settings", WARNING, "me@example.org", "instead of its reader")
    assert places([found], PlaceKind.SETTING) == ["delivery.redirect_all_to"]


def test_what_the_operator_said_is_told(good: Newsletter) -> None:
    good.editor.hold(ISSUE)
    assert said(good.check(), "Release", NOTE, "held until you release it", f"issue release {ISSUE}")
    good.editor.skip(ISSUE)
    assert said(good.check(), "Release", WARNING, "Nobody gets it", "skipped")
    good.editor.release(ISSUE)
    assert said(good.check(), "Release", OK, "by itself")


def test_what_can_be_done_about_a_stopped_issue_is_told(good: Newsletter, clock: Clock) -> None:
    good.editor.cancel(ISSUE)
    assert said(good.check(), "Release", WARNING, "Nobody gets it", f"issue release {ISSUE}", "takes that back")
    good.editor.release(ISSUE)
    clock.set("2026-11-27 07:30")
    good.make()
    good.editor.cancel(ISSUE)
    assert said(good.check(ISSUE), "Release", WARNING, "Nobody gets it").todo == ""


def test_mail_that_is_switched_off_is_told(good: Newsletter) -> None:
    good.switch_sending(off=True, why="we move")
    assert said(good.check(), "Release", WARNING, "All mail is off: we move", "`newsletter mail on`")
    good.switch_sending(off=False)
    assert said(good.check(), "Release", OK, "by itself")


def test_an_issue_goes_nowhere_without_a_postal_address(good: Newsletter, open_newsletter: Open) -> None:
    change_settings(good.project, "1 Example Street, 12345 Exampleton", "")
    checked = open_newsletter().check()
    assert said(checked, "Postal address", ERROR, "nothing is sent")
    assert "Release" not in {one.check for one in checked.findings}


def test_a_review_is_told(good: Newsletter, open_newsletter: Open) -> None:
    change_settings(good.project, "[[sources]]", "[issue]\nreview_hours = 12\n\n[[sources]]")
    assert said(open_newsletter().check(), "Release", NOTE, "held for your review, 12 hours")


def test_a_missing_intro_is_told(good: Newsletter) -> None:
    write_intro(good, "")
    found = said(good.check(), "Intro", NOTE, "There is no intro", f"issue intro {ISSUE}")
    assert places([found], PlaceKind.INTRO) == [f"issues/{ISSUE}.md"]


def test_nobody_is_asked_for_the_intro_of_an_issue_that_is_made(good: Newsletter, clock: Clock) -> None:
    write_intro(good, "")
    clock.set("2026-11-27 07:30")
    good.make()
    assert said(good.check(ISSUE), "Intro", NOTE, "no intro").todo == ""


@pytest.mark.parametrize("rest", ["TODO: the second part", "Lorem ipsum dolor", "More of {{ name }}", "And […]", "???"])
def test_an_unfinished_intro_is_told_with_its_line(good: Newsletter, rest: str) -> None:
    write_intro(good, f"Good morning!\n\nRobots walk. {rest}")
    assert said(good.check(), "Intro", WARNING, "not look finished", "line 3")


@pytest.mark.parametrize("text", ["Es todo lo que sabemos de los robots.", "Robots, xxx.", "What? Robots!?"])
def test_words_that_only_look_like_a_mark_are_no_mark(good: Newsletter, text: str) -> None:
    write_intro(good, text)
    assert said(good.check(), "Intro", OK)


def test_a_long_intro_is_told(good: Newsletter) -> None:
    write_intro(good, "Robots walk. " * 120)
    assert said(good.check(), "Intro", NOTE, "240 words")
    write_intro(good, "Robots walk. " * 20)
    assert said(good.check(), "Intro", OK, "40 words")
