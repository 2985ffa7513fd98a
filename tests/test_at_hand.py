"""What is kept of an issue is what would be made of it now: whatever changes, the next look sees it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mainline import ADA, Open, bring, change_settings, subscribe
from newsroom import SUBJECTS, Clock, entry, make_project, write_entries

from newsletter import Newsletter
from newsletter.looking import Whom
from newsletter.rendering.templates import shipped_templates
from subscribers.people import get

ISSUE = "weekly-2026-11-27"
Change = Callable[[Newsletter], object]


@pytest.fixture
def looked(newsletter: Newsletter) -> Newsletter:
    """Ada's issue was looked at, so that it is at hand."""
    subscribe(newsletter)
    newsletter.looks.look(Whom(ADA))
    return newsletter


def made(newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The issues that are made from here on."""
    names: list[str] = []
    plainly = newsletter._press.printing

    def printing(key: object, now: object) -> object:
        names.append(str(key))
        return plainly(key, now)  # type: ignore[arg-type]

    monkeypatch.setattr(newsletter._press, "printing", printing)
    return names


def editorial(text: str) -> Change:
    def write(newsletter: Newsletter) -> None:
        (newsletter.project / "issues").mkdir(exist_ok=True)
        (newsletter.project / "issues" / f"{ISSUE}.md").write_text(text, "utf-8")

    return write


def own_template(newsletter: Newsletter) -> None:
    folder = newsletter.project / "templates" / "issue"
    folder.mkdir(parents=True, exist_ok=True)
    text = (shipped_templates() / "issue" / "subject.txt").read_text("utf-8")
    (folder / "subject.txt").write_text("Look: " + text, "utf-8")


def longer_summary(newsletter: Newsletter) -> None:
    """Another source says more of an entry: no entry is new, one is other than it was."""
    more = entry(0)["summary"] + " And there is more to say of walking robots, at some length."
    write_entries(newsletter.project, [entry(0, summary=more)])
    newsletter.pull()


def liked_by_somebody(newsletter: Newsletter) -> None:
    """Another process writes a vote down."""
    with Newsletter(newsletter.project, clock=newsletter._clock, embedder=newsletter._press.judge._embedder) as other:
        subscribe(other, "eve@example.org")
        other.readers.vote(get(other.database, "eve@example.org"), 2, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda newsletter: bring(newsletter, 12, 4),
        longer_summary,
        liked_by_somebody,
        editorial("Good *morning*."),
        editorial(f'+++\npins = ["{entry(3)["url"]}"]\n+++\n'),
        editorial(f'+++\ndrops = ["{entry(0)["url"]}"]\n+++\n'),
        editorial(f'+++\n[[edits]]\nentry = "{entry(0)["url"]}"\ntitle = "Robots in other words"\n+++\n'),
        own_template,
        lambda newsletter: newsletter._clock.forward(days=6),
    ],
    ids=["entries", "summary", "vote", "intro", "pin", "drop", "edit", "template", "time"],
)
def test_whatever_an_issue_is_made_of_changes_is_seen_at_once(looked: Newsletter, change: Change) -> None:
    before = looked.looks.look(Whom(ADA))
    change(looked)
    after = looked.looks.look(Whom(ADA))
    assert after.preview == looked.preview(ADA)
    assert after.preview != before.preview


def test_a_setting_that_changes_is_seen_by_who_opens_the_newsletter_anew(
    looked: Newsletter, open_newsletter: Open
) -> None:
    change_settings(looked.project, "Paper Robots", "Paper Machines")
    again = open_newsletter()
    look = again.looks.look(Whom(ADA))
    assert look.preview
    assert look.preview == again.preview(ADA)
    assert b"Paper Machines" in look.preview.message


def test_a_template_of_the_same_length_saved_in_the_same_instant_is_seen(looked: Newsletter) -> None:
    own_template(looked)
    path = looked.project / "templates" / "issue" / "subject.txt"
    stat = path.stat()
    assert (look := looked.looks.look(Whom(ADA)).preview)
    assert look.subject.startswith("Look: ")
    # As editors save: a new file takes the place of the old one.
    other = path.with_suffix(".new")
    other.write_text(path.read_text("utf-8").replace("Look: ", "Seen: "), "utf-8")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)
    assert (look := looked.looks.look(Whom(ADA)).preview)
    assert look.subject.startswith("Seen: ")


def test_what_came_in_too_long_ago_leaves_a_first_issue_as_time_goes_by(looked: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-18 12:00")
    with Newsletter(looked.project, clock=clock, embedder=WordEmbedder()) as early:
        early.database.conn.execute("UPDATE entries SET first_seen = '2026-11-18T12:00:00+00:00' WHERE id <= 6")
    clock.set("2026-11-22 12:00")
    assert titles(looked, "robots") == {0, 4, 8}
    clock.set("2026-11-27 11:59")
    assert titles(looked, "robots") == {8}


def titles(newsletter: Newsletter, subject: str) -> set[int]:
    picks = newsletter.looks.look(Whom(ADA), ISSUE).picks
    return {pick.entry.entry_id - 1 for pick in picks if subject in pick.entry.title}


def test_an_issue_that_is_frozen_between_two_looks_is_looked_at_as_it_was_frozen(looked: Newsletter) -> None:
    looked.editor.hold(ISSUE)
    looked.send(now=True)
    own_template(looked)
    look = looked.looks.look(Whom(ADA), ISSUE)
    assert look.preview
    assert not look.preview.draft
    assert look.preview == looked.preview(ADA, issue=ISSUE)
    assert not look.preview.subject.startswith("Look: ")


def test_an_issue_is_made_once_for_many_looks(looked: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    names = made(looked, monkeypatch)
    subscribe(looked, "eve@example.org", ("brain scans",))
    for whom in (Whom(ADA), Whom("eve@example.org"), Whom(), Whom(interests="forests")):
        looked.looks.look(whom)
    assert names == []


def test_a_look_at_texts_that_are_known_asks_the_model_for_nothing(tmp_path: Path, clock: Clock) -> None:
    class Silent:
        name = "words"

        def embed(self, texts: object, progress: object = None) -> object:
            raise AssertionError(f"the model was started for {texts}")

    make_project(tmp_path)
    with Newsletter(tmp_path, clock=clock, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        subscribe(newsletter)
        expected = newsletter.looks.look(Whom(ADA))
    with Newsletter(tmp_path, clock=clock, embedder=Silent()) as newsletter:  # type: ignore[arg-type]
        assert newsletter.looks.look(Whom(ADA)) == expected


def test_who_changes_a_template_goes_on_with_the_vectors_of_the_same_entries(
    looked: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_template(looked)

    def ground(printing: object) -> object:
        raise AssertionError("the entries are the same")

    monkeypatch.setattr(looked._press.judge, "ground", ground)
    look = looked.looks.look(Whom(ADA)).preview
    assert look
    assert look.subject.startswith("Look: ")
    assert SUBJECTS[0] in look.text
