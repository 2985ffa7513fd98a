"""An issue is looked over as a whole: as a draft or made, for all its readers, with mistakes in it or without."""

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
    of,
    places,
    readers,
    said,
    spoilt,
    write_intro,
)
from mainline import rows, subscribe
from newsroom import Clock, entry

from newsletter import Newsletter
from newsletter.checking import PlaceKind
from newsletter.errors import IssueError

slow = pytest.mark.slow  # whole issues


def test_a_good_issue_has_nothing_to_be_mended(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    checked = newsletter.check()
    assert spoilt(checked) == set()
    assert (str(checked.key), checked.draft, checked.readers, checked.worst) == (ISSUE, True, 4, OK)
    for one in checked.findings:
        assert one.found.endswith("."), one
        assert not one.todo, one


@slow
def test_looking_changes_nothing(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    newsletter.check()
    before = rows(newsletter.project)
    assert newsletter.check(ISSUE) == newsletter.check()
    assert rows(newsletter.project) == before
    assert not newsletter.frozen_issues()


@slow
def test_an_issue_that_is_made_is_checked_as_it_will_be_sent(newsletter: Newsletter, clock: Clock) -> None:
    good_issue(newsletter)
    clock.set("2026-11-27 07:50")
    newsletter.make()
    change_template(newsletter, "issue/foot.html", "{{ links.leave }}", "https://elsewhere.example.org")
    subscribe(newsletter, "late@example.org", ("walking robots",))
    checked = newsletter.check(ISSUE)
    assert not checked.draft
    # Whoever has a copy is checked by that copy, the templates are those of the cut-off, and who came late is in it.
    assert of(checked, "Leaving")[0].severity is OK
    assert checked.readers == 5
    assert spoilt(checked) == set()


@slow
def test_an_issue_that_is_out_says_so(newsletter: Newsletter, clock: Clock) -> None:
    good_issue(newsletter)
    clock.set("2026-11-27 08:10")
    newsletter.send()
    clock.set("2026-12-05 08:10")
    newsletter.tend()
    assert "It is out" in said(newsletter.check(ISSUE), "Release", OK).found


@slow
def test_without_readers_there_is_still_something_to_look_at(newsletter: Newsletter) -> None:
    checked = newsletter.check()
    assert checked.readers == 0
    assert said(checked, "Readers", NOTE, "no readers yet", "subscribers add")
    assert "Everybody’s edition" in said(checked, "Size", OK).found


@slow
def test_an_issue_that_there_is_not_is_an_error_of_who_asks(newsletter: Newsletter) -> None:
    readers(newsletter, 1)
    with pytest.raises(IssueError, match="is nobody's"):
        newsletter.check("weekly-2026-11-26")
    with pytest.raises(IssueError, match="names no issue"):
        newsletter.check("friday")


@pytest.mark.parametrize("mistake", ["{{ pick.titel }}", "{{ pick.title }", "{% endif %}"])
def test_a_mistake_in_a_template_is_told_with_its_line(newsletter: Newsletter, mistake: str) -> None:
    good_issue(newsletter)
    place = add_to_template(newsletter, "issue/card.html", mistake)
    checked = newsletter.check()
    found = said(checked, "Template", ERROR, "Mend it")
    assert (places([found], PlaceKind.TEMPLATE), "sent" in found.found) == ([place], False)
    assert (checked.worst, checked.readers) == (ERROR, 4)


@slow
def test_a_mistake_in_the_document_is_told(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    change_template(newsletter, "issue/issue.mjml", "<mj-wrapper", "<mj-warpper")
    (place,) = places([said(newsletter.check(), "Template", ERROR, "mj-warpper")], PlaceKind.TEMPLATE)
    assert place.startswith("issue/issue.mjml:")


@slow
def test_a_mistake_that_only_one_card_shows_is_told(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    bring(newsletter, entry(50, popularity=1_000))
    place = add_to_template(newsletter, "issue/card.html", "{{ 1 // (1000 - (pick.likes or 0)) }}")
    assert places([said(newsletter.check(), "Template", ERROR, "zero")], PlaceKind.TEMPLATE) == [place]


@slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('+++\npins = ["10.1234/nowhere"]\n+++\n', "no such entry is stored"),
        ("+++\npins = [\n+++\n", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_editors_file_is_told_before_the_cut_off(
    newsletter: Newsletter, text: str, words: str
) -> None:
    good_issue(newsletter)
    write_intro(newsletter, text)
    found = said(newsletter.check(), "Intro and pins", ERROR, words)
    assert places([found], PlaceKind.INTRO) == [f"issues/{ISSUE}.md"]


@slow
def test_all_readers_are_looked_at_however_many_they_are(
    newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.checking.CHUNK", 3)
    good_issue(newsletter)
    for n in range(4, 11):
        subscribe(newsletter, f"reader{n}@example.org", ("forests and satellites",))
    assert "11 readers get it" in said(newsletter.check(), "Readers", OK).found


@slow
def test_the_worst_comes_first(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    write_intro(newsletter, "TODO")
    bring(newsletter, entry(60, summary=""))
    change_template(newsletter, "issue/issue.txt", "{{ newsletter.postal_address", "{{ newsletter.title")
    severities = [one.severity for one in newsletter.check().findings]
    assert severities == sorted(severities, key=[ERROR, WARNING, NOTE, OK].index)
    assert {ERROR, WARNING, NOTE, OK} == {*severities}
