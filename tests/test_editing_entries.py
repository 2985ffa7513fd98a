"""What the editor does to entries of one issue: dropping, arranging, giving them other words; two who write at once."""

from pathlib import Path

import pytest
from mainline import ADA, BOB, bring, subscribe
from newsroom import Clock, mails, parsed

from newsletter import Newsletter
from newsletter.delivery.copies import FrozenIssue
from newsletter.errors import IssueError
from newsletter.issues.editorial import Edit
from newsletter.press import Press
from newsletter.rendering.card import Card

FRIDAY, NEXT = "weekly-2026-11-27", "weekly-2026-12-04"
DUE = "2026-11-27 08:00"
ROBOTS = "Study {} of walking robots with springy legs"


def link(n: int) -> str:
    return f"https://papers.example.org/{n}"


@pytest.fixture
def ready(newsletter: Newsletter) -> Newsletter:
    """Two readers of Friday's issue."""
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    return newsletter


def own_file(newsletter: Newsletter) -> Path:
    return newsletter.project / "issues" / f"{FRIDAY}.md"


def write(newsletter: Newsletter, text: str) -> None:
    own_file(newsletter).parent.mkdir(exist_ok=True)
    own_file(newsletter).write_text(text)


def numbers(newsletter: Newsletter, issue: str = FRIDAY) -> set[int]:
    """Which studies the issue may hold."""
    return {int(entry.title.split()[1]) for entry in newsletter.issue(issue)[0].candidates}


def card(newsletter: Newsletter, n: int, issue: str = FRIDAY) -> Card:
    [found] = [one for one in newsletter.issue(issue)[0].frozen.cards.values() if one.link == link(n)]
    return found


def body(message: bytes, kind: str = "plain") -> str:
    found = parsed(message).get_body((kind,))
    assert found
    return str(found.get_content())


# -- drops


def test_a_dropped_entry_is_nobodys_and_does_not_come_back(ready: Newsletter, clock: Clock) -> None:
    dropped = ready.editor.drop(FRIDAY, [link(0), "Study 4 of walking robots with springy legs"])
    assert [entry.title for entry in dropped.entries] == [ROBOTS.format(0), ROBOTS.format(4)]
    assert dropped.said == f"2 are dropped from {FRIDAY} ({own_file(ready)})."
    assert numbers(ready) == {1, 2, 3, 5, 6, 7, 8, 9, 10, 11}
    assert [entry.title for entry in ready.issue(FRIDAY)[0].dropped] == [ROBOTS.format(0), ROBOTS.format(4)]
    clock.set(DUE)
    ready.send()
    assert not any("Study 0 " in body(mail) or "Study 4 " in body(mail) for mail in mails(ready.project))
    assert "Ten things to read came in this week" in body(mails(ready.project)[0])
    assert [entry.title for entry in ready.issue(FRIDAY)[0].dropped] == [ROBOTS.format(0), ROBOTS.format(4)]
    bring(ready, 12, 4)
    clock.set("2026-12-04 08:00")
    assert numbers(ready, NEXT) == {12, 13, 14, 15}


def test_a_drop_is_taken_back_by_any_name(ready: Newsletter) -> None:
    ready.editor.drop(FRIDAY, [link(0), link(1)])
    assert len(ready.editor.undrop(FRIDAY, [ROBOTS.format(0).upper()]).entries) == 1
    assert 0 in numbers(ready)
    with pytest.raises(IssueError, match=rf"'{link(0)}' is not dropped in {FRIDAY}\. Dropped is: {link(1)}"):
        ready.editor.undrop(FRIDAY, [link(0)])


def test_an_issue_of_which_all_is_dropped_is_empty(ready: Newsletter, clock: Clock) -> None:
    ready.editor.drop(FRIDAY, [link(n) for n in range(12)])
    clock.set("2026-11-27 07:30")
    ready.make()
    assert ready.frozen_issues() == []
    clock.set(DUE)
    ready.send()
    assert (mails(ready.project), numbers(ready)) == ([], set())
    bring(ready, 12, 4)
    assert numbers(ready, NEXT) == {12, 13, 14, 15}


def test_what_is_not_there_cannot_be_dropped(ready: Newsletter, clock: Clock) -> None:
    with pytest.raises(IssueError, match=r"No entry is stored that is 'https://nowhere.*so nothing was dropped"):
        ready.editor.drop(FRIDAY, ["https://nowhere.example.com/zzz"])
    clock.set(DUE)
    ready.send()
    bring(ready, 12, 4)
    with pytest.raises(IssueError, match=rf"“Study 0 .*” did not come in for {NEXT}, so there is nothing to drop"):
        ready.editor.drop(NEXT, [link(0)])
    with pytest.raises(IssueError, match=f"{FRIDAY} is made: .* nothing in it can be dropped"):
        ready.editor.drop(FRIDAY, [link(0)])


def test_an_entry_is_pinned_or_dropped_and_not_both(ready: Newsletter) -> None:
    ready.editor.pin(FRIDAY, [link(0)])
    with pytest.raises(IssueError, match=rf"is pinned in {FRIDAY}, .* `newsletter issue unpin {FRIDAY} …`"):
        ready.editor.drop(FRIDAY, [ROBOTS.format(0)])
    ready.editor.drop(FRIDAY, [link(1)])
    with pytest.raises(IssueError, match=rf"is dropped from {FRIDAY}, .* `newsletter issue undrop {FRIDAY} …`"):
        ready.editor.pin(FRIDAY, [link(1)])
    with pytest.raises(IssueError, match=r"is dropped from .*, so there is nothing to edit"):
        ready.editor.edit(FRIDAY, link(1), title="T")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('drops = ["arxiv:2510.14914"]', r"27\.md drops 'arxiv:2510.14914', but no such entry is stored"),
        ('pins = ["arxiv:2510.14914"]', r"27\.md pins 'arxiv:2510.14914', but no such entry is stored"),
        ('[[edits]]\nentry = "Study 99"\ntitle = "T"', r"27\.md edits 'Study 99', but no such entry is stored"),
        (f'pins = ["{link(0)}"]\ndrops = ["{ROBOTS.format(0)}"]', r"27\.md both pins and drops “Study 0 "),
        (
            f'[[edits]]\nentry = "{link(0)}"\ntitle = "T"\n[[edits]]\nentry = "{ROBOTS.format(0)}"\ntitle = "U"',
            r"27\.md edits “Study 0 .*” twice, under two names",
        ),
    ],
)
def test_a_mistake_in_the_file_stops_the_issue_and_names_it(ready: Newsletter, head: str, message: str) -> None:
    write(ready, f"+++\n{head}\n+++\n")
    with pytest.raises(IssueError, match=message):
        ready.preview(ADA)


def test_a_weeks_file_may_name_entries_of_another_issue(ready: Newsletter, clock: Clock) -> None:
    clock.set(DUE)
    ready.send()
    bring(ready, 12, 4)
    week = ready.project / "issues" / "2026-W49.md"
    week.parent.mkdir()
    week.write_text(f'+++\ndrops = ["{link(0)}", "{link(12)}"]\n[[edits]]\nentry = "{link(1)}"\ntitle = "T"\n+++\n')
    assert numbers(ready, NEXT) == {13, 14, 15}


# -- the order of pins


def test_pins_are_put_into_another_order(ready: Newsletter) -> None:
    ready.editor.pin(FRIDAY, [link(0), link(1), link(2)])
    arranged = ready.editor.arrange(FRIDAY, [link(2), ROBOTS.format(0), link(1)])
    assert [int(entry.title.split()[1]) for entry in arranged.entries] == [2, 0, 1]
    assert own_file(ready).read_text() == f'+++\npins = ["{link(2)}", "{link(0)}", "{link(1)}"]\n+++\n'
    with pytest.raises(IssueError, match=rf"Also pinned in {FRIDAY} is: {link(1)}\. Name all of its pins"):
        ready.editor.arrange(FRIDAY, [link(0), link(2)])
    with pytest.raises(IssueError, match=rf"'{link(3)}' is not pinned in {FRIDAY}"):
        ready.editor.arrange(FRIDAY, [link(0), link(1), link(3)])
    with pytest.raises(IssueError, match=rf"{link(0)} is named twice"):
        ready.editor.arrange(FRIDAY, [link(0), ROBOTS.format(0), link(1)])


# -- other words


def test_an_edit_is_shown_and_ranks_nobody_anew(ready: Newsletter, clock: Clock) -> None:
    before = ready.preview(ADA)
    ready.editor.edit(
        FRIDAY,
        link(0),
        title="Forests <of> springs & more",
        summary="We walk on a sheet of folded paper. Springs of copper carry all of it.",
    )
    after = ready.preview(ADA)
    assert [shown.pick.entry_id for shown in after.picks] == [shown.pick.entry_id for shown in before.picks]
    assert [shown.pick.score for shown in after.picks] == [shown.pick.score for shown in before.picks]
    assert "Forests &lt;of&gt; springs &amp; more" in after.html
    assert "Study 0 " not in after.text
    assert card(ready, 0).sentences == ("We walk on a sheet of folded paper.", "Springs of copper carry all of it.")
    clock.set(DUE)
    ready.send()
    # Frozen, and whatever the file says later.
    own_file(ready).unlink()
    assert all("Forests <of> springs & more" in body(mail) for mail in mails(ready.project))
    assert card(ready, 0).title == "Forests <of> springs & more"
    assert ready.database.conn.execute("SELECT title FROM entries WHERE id = 1").fetchone() == (ROBOTS.format(0),)
    own = ready.back_issues.copies(ready.subscriber(ADA).id)
    assert "Forests <of> springs & more" in own[0].titles


def test_an_edit_stays_in_its_issue(ready: Newsletter) -> None:
    subscribe(ready, "eve@example.org", cadence=("daily", "", "06:00", "UTC"))
    ready.editor.edit(FRIDAY, link(0), title="Another")
    daily = next(str(key) for key in ready.coming_issues() if str(key).startswith("daily"))
    assert (card(ready, 0).title, card(ready, 0, daily).title) == ("Another", ROBOTS.format(0))


def test_an_edit_is_added_to_and_taken_back(ready: Newsletter) -> None:
    said = ready.editor.edit(FRIDAY, link(0), title="Another").said
    assert said == f"“{ROBOTS.format(0)}” has your words in {FRIDAY} now ({own_file(ready)})."
    ready.editor.edit(FRIDAY, ROBOTS.format(0), summary="We fold it.")
    assert (card(ready, 0).title, card(ready, 0).sentences) == ("Another", ("We fold it.",))
    assert own_file(ready).read_text().count("[[edits]]") == 1
    # Its own words are no edit, and nothing is in their place.
    ready.editor.edit(FRIDAY, link(0), title=ROBOTS.format(0))
    assert (card(ready, 0).title, card(ready, 0).sentences) == (ROBOTS.format(0), ("We fold it.",))
    ready.editor.edit(FRIDAY, link(0), title="Another", summary="")
    assert card(ready, 0).title == "Another"
    assert card(ready, 0).sentences[0].startswith("Number 0 looks at")
    assert "has its own words" in ready.editor.unedit(FRIDAY, ROBOTS.format(0)).said
    assert card(ready, 0).sentences[0].startswith("Number 0 looks at")
    assert own_file(ready).read_text() == "+++\n+++\n"
    with pytest.raises(IssueError, match=f"is not edited in {FRIDAY}. Edited is: nothing"):
        ready.editor.unedit(FRIDAY, link(0))


def test_a_summary_that_is_empty_in_the_file_is_shown_as_none(ready: Newsletter) -> None:
    write(ready, f'+++\n[[edits]]\nentry = "{link(0)}"\nsummary = ""\n+++\n')
    assert card(ready, 0).sentences == ()
    assert ROBOTS.format(0) in ready.preview(ADA).text


def test_an_edit_that_cannot_be_is_refused_in_words(ready: Newsletter, clock: Clock) -> None:
    with pytest.raises(IssueError, match=r"There is nothing to edit in “Study 0 .*”: say its new title"):
        ready.editor.edit(FRIDAY, link(0))
    with pytest.raises(IssueError, match=r"“Study 0 .*” has an empty title"):
        ready.editor.edit(FRIDAY, link(0), title=" \n")
    with pytest.raises(IssueError, match="has a title of 301 characters; 300 is the most"):
        ready.editor.edit(FRIDAY, link(0), title="t" * 301)
    assert not own_file(ready).exists()
    clock.set(DUE)
    ready.send()
    bring(ready, 12, 4)
    with pytest.raises(IssueError, match=f"“Study 0 .*” is not in {NEXT}, so there is nothing to edit"):
        ready.editor.edit(NEXT, link(0), title="T")
    ready.editor.pin(NEXT, [link(0)])
    ready.editor.edit(NEXT, link(0), title="T")
    assert card(ready, 0, NEXT).title == "T"


# -- by a desk


def test_a_desk_names_entries_by_their_ids(ready: Newsletter) -> None:
    ready.editor.pin(FRIDAY, [1, 2])
    ready.editor.arrange(FRIDAY, [2, 1])
    ready.editor.unpin(FRIDAY, [2])
    ready.editor.drop(FRIDAY, [3, 4])
    ready.editor.undrop(FRIDAY, [3])
    ready.editor.edit(FRIDAY, 5, summary="S.")
    part = ready.editor.editorial(FRIDAY)
    assert [entry.id for entry in (*part.pins, *part.drops)] == [1, 4]
    assert part.edits == {5: Edit(None, "S.")}
    assert (part.path, part.unknown, part.open) == (own_file(ready), (), True)
    ready.editor.unedit(FRIDAY, 5)
    assert ready.editor.editorial(FRIDAY).edits == {}
    with pytest.raises(IssueError, match=r"“Study 8 .*” is not pinned"):
        ready.editor.unpin(FRIDAY, [9])
    with pytest.raises(IssueError, match="No entry is stored that is 99"):
        ready.editor.pin(FRIDAY, [99])


def test_a_desk_shows_what_names_nothing(ready: Newsletter) -> None:
    write(ready, f'+++\npins = ["{link(0)}", "doi:10.1000/none"]\n+++\n')
    part = ready.editor.editorial(FRIDAY)
    assert ([entry.id for entry in part.pins], part.unknown) == ([1], ("doi:10.1000/none",))


def test_what_is_made_is_shown_as_it_went_out(ready: Newsletter, clock: Clock) -> None:
    ready.editor.set_intro(FRIDAY, "Good *morning*!")
    ready.editor.pin(FRIDAY, [2])
    ready.editor.drop(FRIDAY, [3])
    ready.editor.edit(FRIDAY, 2, title="T")
    clock.set(DUE)
    ready.send()
    own_file(ready).write_text("Too late.")
    part = ready.editor.editorial(FRIDAY)
    assert (part.intro, [entry.id for entry in part.pins]) == ("Good *morning*!", [2])
    assert ([entry.id for entry in part.drops], part.edits) == ([3], {2: Edit("T", None)})
    assert not part.open
    assert f"{FRIDAY} is made" in part.closed


def test_who_saves_over_somebody_elses_change_is_told(ready: Newsletter) -> None:
    version = ready.editor.editorial(FRIDAY).version
    ready.editor.set_intro(FRIDAY, "Mine", before=version)
    for act in (
        lambda: ready.editor.set_intro(FRIDAY, "Late", before=version),
        lambda: ready.editor.pin(FRIDAY, [1], before=version),
        lambda: ready.editor.drop(FRIDAY, [1], before=version),
        lambda: ready.editor.edit(FRIDAY, 1, title="T", before=version),
    ):
        with pytest.raises(IssueError, match=r"Somebody changed .*27\.md meanwhile, so nothing was written"):
            act()
    assert own_file(ready).read_text() == "Mine\n"
    week = own_file(ready).with_name("2026-W48.md")
    own_file(ready).rename(week)
    with pytest.raises(IssueError, match="meanwhile"):
        ready.editor.set_intro(FRIDAY, "Late", before=ready.editor.editorial(NEXT).version)


def test_a_change_by_hand_between_reading_and_writing_stays(ready: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    def and_by_hand(text: str, pins: list[str], path: str) -> str:
        write(ready, "By hand")
        return "By program"

    monkeypatch.setattr("newsletter.editing.with_pins", and_by_hand)
    with pytest.raises(IssueError, match="meanwhile"):
        ready.editor.pin(FRIDAY, [1])
    assert own_file(ready).read_text() == "By hand"


def test_what_is_saved_while_the_issue_is_being_made_is_in_it(
    ready: Newsletter, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, check = [], Press._check

    def and_save(self: Press, frozen: FrozenIssue, recipes: object) -> None:
        checked.append(frozen)
        if len(checked) == 2:  # the draft is made, and about to be frozen
            ready.editor.set_intro(FRIDAY, "Just in time")
        check(self, frozen, recipes)  # type: ignore[arg-type]

    monkeypatch.setattr(Press, "_check", and_save)
    clock.set(DUE)
    ready.send()
    assert all("Just in time" in body(mail) for mail in mails(ready.project))
