"""What is different from the issue before."""

import re

import pytest
from checkroom import ISSUE, NOTE, OK, WARNING, add_to_template, bring, good_issue, places, said, spoilt, write_intro
from newsroom import Clock, entry

from newsletter import Newsletter
from newsletter.checking import PlaceKind

pytestmark = pytest.mark.slow  # whole issues
NEXT = "weekly-2026-12-04"


@pytest.fixture
def second(newsletter: Newsletter, clock: Clock) -> Newsletter:
    """One issue is out, and as much has come in for the next."""
    good_issue(newsletter)
    clock.set("2026-11-27 08:10")
    newsletter.send()
    clock.set("2026-11-29 12:00")
    bring(newsletter, *[entry(n, popularity=n) for n in range(100, 148)])
    write_intro(newsletter, "Another week, other robots.", NEXT)
    return newsletter


def test_the_first_issue_has_nothing_to_differ_from(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    assert "Since the last one" not in {one.check for one in newsletter.check().findings}


def test_an_issue_like_the_last_is_well(second: Newsletter) -> None:
    checked = second.check(NEXT)
    assert spoilt(checked) == set()
    found = said(checked, "Since the last one", OK, f"in {ISSUE} 40", "4 readers (4)", "everybody’s edition").found
    now, then = (int(size.replace(",", "")) for size in re.findall(r"\d\d,\d{3}", found))
    assert 0.9 < now / then < 1.1, found


def test_the_same_intro_again_is_told(second: Newsletter) -> None:
    write_intro(second, "Good morning!  Robots walk, and *we* read about them.\n", NEXT)
    found = said(second.check(NEXT), "Since the last one", WARNING, f"the same as that of {ISSUE}")
    assert places([found], PlaceKind.INTRO) == [f"issues/{NEXT}.md"]


def test_a_changed_template_is_told(second: Newsletter) -> None:
    add_to_template(second, "issue/foot.html", "<!-- new -->")
    found = said(second.check(NEXT), "Since the last one", NOTE, "issue/foot.html changed since")
    assert places([found], PlaceKind.TEMPLATE) == ["issue/foot.html"]


def test_far_more_entries_are_told(second: Newsletter) -> None:
    bring(second, *[entry(n) for n in range(200, 300)])
    assert said(second.check(NEXT), "Since the last one", NOTE, f"148 entries (in {ISSUE} 40)", "status")


def test_a_skipped_issue_is_no_last_one(second: Newsletter, clock: Clock) -> None:
    second.editor.skip(NEXT)
    clock.set("2026-12-04 08:10")
    second.send()
    clock.set("2026-12-06 12:00")
    assert f"in {ISSUE} 40" in said(second.check("weekly-2026-12-11"), "Since the last one", OK).found
