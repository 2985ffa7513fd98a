"""The editor's pictures, drawn from a newsletter's own tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder
from mainline import ADA, BOB, Open, bring, subscribe
from newsroom import Clock, make_project

from newsletter import Newsletter
from newsletter.errors import IssueError
from newsletter.judgement import Judgement
from newsletter.rendering.words import number
from subscribers.evidence import Origin

ISSUE = "weekly-2026-11-27"


def test_what_is_composed_for_readers_is_what_is_counted(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB, ("segmentation of tumours",))
    picked = [pick for to in (ADA, BOB) for pick in newsletter.preview(to, issue=ISSUE).picks]

    picture = newsletter.pictures.shares(ISSUE)

    assert picture.caption.startswith(f"Two readers and {number(len(picked))} places: ")
    assert all(pick.title in picture.svg for pick in picked)


def test_a_sent_issue_shows_what_was_sent(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    clock.set("2026-11-27 08:00")
    before = newsletter.pictures.shares(ISSUE)
    newsletter.send()

    after = newsletter.pictures.shares(ISSUE)

    assert after == before
    assert after.svg


def test_only_whose_issue_it_is_are_counted(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB, cadence=("weekly", "monday", "08:00", "UTC"))

    assert newsletter.pictures.map(ISSUE).caption.startswith("Twelve entries in three topics for one reader.")
    assert newsletter.pictures.shares("daily-2026-11-24").caption.startswith("Nobody gets this issue")


def test_a_map_tells_what_readers_follow_and_there_is_not(newsletter: Newsletter) -> None:
    subscribe(newsletter, ADA, ("walking robots with springy legs", "zymurgy", "not: forests"))

    picture = newsletter.pictures.map(ISSUE)

    assert "No entry is about “zymurgy” (one reader)." in picture.caption
    assert "forests”" not in picture.svg


@pytest.mark.parametrize(
    "change",
    [
        lambda newsletter: subscribe(newsletter, BOB, ("walking robots",)),
        lambda newsletter: bring(newsletter, 40),
        lambda newsletter: newsletter.editor.pin(ISSUE, ["https://papers.example.org/3"]),
    ],
    ids=["a reader", "entries", "a pin"],
)
def test_whatever_changes_who_gets_what_changes_the_picture(
    newsletter: Newsletter, change: Callable[[Newsletter], object]
) -> None:
    subscribe(newsletter)
    before = newsletter.pictures.shares(ISSUE)
    change(newsletter)

    assert newsletter.pictures.shares(ISSUE).svg != before.svg


def test_it_is_composed_once_for_both_pictures(newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(newsletter)
    of = newsletter._press.judge.of
    asked: list[object] = []

    def judge(*this: Any, **how: Any) -> Judgement:
        asked.append(this)
        return of(*this, **how)

    monkeypatch.setattr(newsletter._press.judge, "of", judge)

    newsletter.pictures.map(ISSUE)
    newsletter.pictures.shares(ISSUE)
    newsletter.pictures.map(ISSUE)

    assert len(asked) == 1


def test_an_issue_without_entries_or_readers_is_a_sentence(tmp_path: Path, open_newsletter: Open) -> None:
    newsletter = (make_project(tmp_path, entries=0), open_newsletter())[1]

    assert "No entry has come in" in newsletter.pictures.map(ISSUE).caption
    assert "Nobody gets this issue yet" in newsletter.pictures.shares(ISSUE).caption
    assert "Nobody has subscribed yet" in newsletter.pictures.weeks().caption
    with pytest.raises(IssueError, match="names no issue"):
        newsletter.pictures.map("tomorrow")


def test_the_weeks_are_those_of_the_tables(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB)
    clock.set("2026-11-27 08:00")
    newsletter.send()
    bob = newsletter.subscriber(BOB)
    newsletter.readers.vote(bob, 1, 1)
    newsletter.readers.vote(bob, 2, -1)
    clock.set("2026-12-03 08:00")
    newsletter.readers.leave(bob, words="I leave.", origin=Origin("page"))

    picture = newsletter.pictures.weeks()

    assert picture.caption == (
        "One reader now, one fewer than two weeks ago. Two copies were sent and none was refused or came back. "
        "Of two votes, one asked for more like it."
    )
    assert "Week of 30 November 2026: 0 and 1" in picture.svg


def test_the_model_reads_nothing_twice(newsletter: Newsletter, embedder: WordEmbedder) -> None:
    subscribe(newsletter)
    newsletter.pictures.map(ISSUE)
    asked = embedder.asked

    newsletter.pictures.map(ISSUE)
    newsletter.pictures.shares(ISSUE)

    assert embedder.asked == asked
