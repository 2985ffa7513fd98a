"""Size, text part, images, the way to leave, postal address, remote requests."""

import pytest
from checkroom import (
    ERROR,
    ISSUE,
    NOTE,
    OK,
    WARNING,
    add_to_template,
    bring,
    change_template,
    good_issue,
    places,
    said,
    spoilt,
)
from mainline import Open, change_settings, subscribe
from newsroom import entry

from newsletter import Newsletter
from newsletter.checking import PlaceKind

pytestmark = pytest.mark.slow  # whole issues


@pytest.fixture
def good(newsletter: Newsletter) -> Newsletter:
    """Nothing is wrong with its coming issue."""
    good_issue(newsletter)
    return newsletter


def test_a_shell_that_fills_a_mail_alone_is_clipped(good: Newsletter) -> None:
    add_to_template(good, "issue/foot.html", "Filler. " * 15_000)
    found = said(good.check(), "Size", ERROR, "bytes of HTML", "Gmail shows 102,000")
    assert "issue.picks" in places([found], PlaceKind.SETTING)


def test_what_does_not_fit_is_counted(good: Newsletter) -> None:
    add_to_template(good, "issue/card.html", "<!-- filler -->" * 1_000)
    found = said(good.check(), "Size", WARNING, "4 readers do not find their whole issue", "did not fit")
    assert places([found], PlaceKind.READER)


def test_the_largest_copy_is_found_among_all(good: Newsletter) -> None:
    good.remove("reader3@example.org")
    for n in range(4, 8):
        subscribe(good, f"reader{n}@example.org", ("forests and satellites", "not: gigantic"))
    subscribe(good, "last@example.org", ("forests and satellites",))
    small = said(good.check(), "Size", OK).found
    bring(
        good,
        entry(
            43,
            title="Gigantic forests and satellites " + "漢字" * 90,
            summary=f"{'森林 forests and satellites ' * 20}. " * 3,
        ),
    )
    large = said(good.check(), "Size", OK).found
    assert "last@example.org’s" in large
    assert _bytes(large) > _bytes(small) + 1_000


def test_everybodys_edition_is_named_as_such_and_is_no_readers(newsletter: Newsletter) -> None:
    bring(newsletter, *[entry(n, popularity=n) for n in range(12)])
    size = said(newsletter.check(), "Size", OK, "Everybody’s edition, the largest copy, has ")
    assert places([size], PlaceKind.READER) == []


def test_a_copy_that_alone_shows_something_is_looked_at(good: Newsletter) -> None:
    """However small it is, and however many others there are."""
    subscribe(good, "zebra@example.org", ("zebra stripes",))
    bring(good, entry(43, title="Zebra stripes", summary="Stripes.", url=None))
    add_to_template(good, "issue/card.html", '{% if not pick.linked %}<img src="https://example.org/a">{% endif %}')
    assert said(good.check(), "Images", ERROR, "1 image has no alt text")


def _bytes(found: str) -> int:
    return int(found.partition(" has ")[2].partition(" bytes")[0].replace(",", ""))


def test_a_text_part_that_lacks_entries_is_told(good: Newsletter) -> None:
    change_template(good, "issue/issue.txt", "{{ pick.number }}. {{ pick.title | fill }}", "{{ pick.number }}. One")
    change_template(good, "issue/issue.txt", "{{ pick.link }}", "in the browser")
    found = said(good.check(), "Text part", ERROR, "The text part of", "lacks", "“Study")
    assert places([found], PlaceKind.TEMPLATE) == ["issue/issue.txt"]


def test_html_that_lacks_entries_is_told(good: Newsletter) -> None:
    change_template(good, "issue/card.html", "{{ pick.title }}", "A title")
    change_template(good, "issue/card.html", "{{ pick.link }}", "https://example.org")
    assert said(good.check(), "Text part", ERROR, "The HTML part of", "lacks")


def test_an_image_without_words_is_told_with_its_place(good: Newsletter) -> None:
    place = add_to_template(good, "issue/foot.html", '<img src="https://pics.example.net/a.png">')
    checked = good.check()
    found = said(checked, "Images", ERROR, "1 image has no alt text")
    assert places([found], PlaceKind.TEMPLATE) == [place]
    change_template(good, "issue/foot.html", 'a.png">', 'a.png" alt="">')
    assert said(good.check(), "Images", OK, "1 image; each has")


@pytest.mark.parametrize(("name", "part"), [("foot.html", "HTML"), ("issue.txt", "text")])
def test_a_mail_that_cannot_be_left_is_told(good: Newsletter, name: str, part: str) -> None:
    change_template(good, f"issue/{name}", "{{ links.leave }}", "https://example.org")
    found = said(good.check(), "Leaving", ERROR, f"missing in the {part} part")
    assert places([found], PlaceKind.TEMPLATE) == [f"issue/{name}"]


def test_leaving_by_one_click_needs_https(good: Newsletter, open_newsletter: Open) -> None:
    change_settings(good.project, '"https://news.example.org"', '"http://localhost:8000"')
    found = said(open_newsletter().check(), "Leaving", WARNING, "RFC 8058")
    assert places([found], PlaceKind.SETTING) == ["base_url"]


def test_a_missing_postal_address_is_told(good: Newsletter, open_newsletter: Open) -> None:
    change_settings(good.project, "1 Example Street, 12345 Exampleton", "")
    found = said(open_newsletter().check(), "Postal address", ERROR, "nothing is sent")
    assert places([found], PlaceKind.SETTING) == ["postal_address"]


@pytest.mark.parametrize(("name", "part"), [("foot.html", "HTML"), ("issue.txt", "text")])
def test_a_template_that_leaves_the_postal_address_out_is_told(good: Newsletter, name: str, part: str) -> None:
    change_template(good, f"issue/{name}", '{{ newsletter.postal_address or "(no postal address set yet)" }}', "")
    found = said(good.check(), "Postal address", ERROR, f"not in the {part} part")
    assert places([found], PlaceKind.TEMPLATE) == [f"issue/{name}"]


def test_who_learns_that_a_mail_was_opened_is_told(good: Newsletter) -> None:
    add_to_template(good, "issue/foot.html", '<img alt="" src="https://pics.example.net/a.png">')
    assert said(good.check(), "Remote requests", NOTE, "images from pics.example.net")
    font = "@import url('https://fonts.example.net/serif.css'); :root {"
    change_template(good, "issue/issue.mjml", ":root {", font)
    found = said(good.check(), "Remote requests", WARNING, "fonts and styles from fonts.example.net")
    assert places([found], PlaceKind.TEMPLATE) == ["issue/issue.mjml"]


def test_what_one_check_finds_spoils_no_other(good: Newsletter) -> None:
    change_template(good, "issue/foot.html", "{{ links.leave }}", "https://example.org")
    assert spoilt(good.check(ISSUE)) == {"Leaving"}
