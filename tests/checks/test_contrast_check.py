"""Text that cannot be read on its ground is found, by day and by night."""

import pytest
from checkroom import ERROR, OK, WARNING, add_to_template, good_issue, of, places, said

from newsletter import Newsletter
from newsletter.checking import PlaceKind

pytestmark = pytest.mark.slow  # whole issues


def test_a_faint_text_is_told_with_its_colours_and_place(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    place = add_to_template(newsletter, "issue/foot.html", '<p class="ink" style="color:#8f8f8f">Hardly there</p>')
    found = said(newsletter.check(), "Text contrast", WARNING, "On a light screen", "“Hardly there”, #8f8f8f on", "4.5")
    assert place in places([found], PlaceKind.TEMPLATE)


def test_what_nobody_can_read_is_an_error(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    add_to_template(newsletter, "issue/foot.html", '<p class="ink" style="color:#fafafa">Not there</p>')
    assert said(newsletter.check(), "Text contrast", ERROR, "On a light screen", "Not there")


def test_a_colour_that_is_not_said_for_the_night_is_told(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    add_to_template(newsletter, "issue/foot.html", '<p style="color:#333333">By day only</p>')
    checked = newsletter.check()
    assert said(checked, "Text contrast", ERROR, "On a dark screen", "By day only", "prefers-color-scheme")
    assert said(checked, "Text contrast", OK, "On a light screen")


def test_large_text_may_be_fainter(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    style = "color:#8a8a8a;background:#ffffff;background-color:#ffffff;font-size:30px"
    add_to_template(newsletter, "issue/foot.html", f'<p style="{style}">Large</p>')
    assert {one.severity for one in of(newsletter.check(), "Text contrast")} == {OK}
