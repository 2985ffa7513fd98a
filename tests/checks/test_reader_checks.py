"""Who gets nothing and why, and what everybody gets."""

import pytest
from checkroom import FOLLOWED, ISSUE, NOTE, OK, WARNING, bring, good_issue, places, readers, said
from mainline import subscribe
from newsroom import Clock, entry

from newsletter import Newsletter
from newsletter.checking import PlaceKind
from subscribers import people
from subscribers.cadence import parse_cadence
from subscribers.evidence import Origin
from subscribers.states import State

pytestmark = pytest.mark.slow  # whole issues


def test_readers_who_get_nothing_are_told_by_the_reason(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    mutes = tuple(f"not: {word}" for word in ("robots", "tumours", "music", "forests"))
    for n in range(2):
        subscribe(newsletter, f"mutes{n}@example.org", mutes)
    found = said(newsletter.check(), "Readers", NOTE, "2 readers get nothing, of 6", "nothing was left", "mutes0@")
    assert places([found], PlaceKind.READER) == ["mutes0@example.org", "mutes1@example.org"]


def test_most_readers_without_a_mail_deserve_a_look(newsletter: Newsletter) -> None:
    readers(newsletter, 1)
    mutes = tuple(f"not: {word}" for word in ("robots", "tumours", "music", "forests"))
    for n in range(2):
        subscribe(newsletter, f"mutes{n}@example.org", mutes)
    assert said(newsletter.check(), "Readers", WARNING, "2 readers get nothing, of 3")


def test_an_issue_without_entries_is_nobodys(newsletter: Newsletter, clock: Clock) -> None:
    good_issue(newsletter)
    clock.set("2026-11-27 08:10")
    newsletter.send()
    checked = newsletter.check("weekly-2026-12-04")
    assert said(checked, "Readers", WARNING, "Nobody gets this issue, of 4 readers", "nothing has come in", "pull")
    assert checked.readers == 4


def test_of_an_issue_that_is_stopped_nobody_is_told_to_pull(newsletter: Newsletter, clock: Clock) -> None:
    good_issue(newsletter)
    clock.set("2026-11-27 07:59")
    newsletter.make()
    newsletter.editor.cancel(ISSUE)
    checked = newsletter.check(ISSUE)
    assert said(checked, "Release", WARNING, "Nobody gets it")
    assert "Readers" not in {one.check for one in checked.findings}


def test_who_had_another_issue_of_the_period_is_told(newsletter: Newsletter, clock: Clock) -> None:
    good_issue(newsletter)
    clock.set("2026-11-27 08:10")
    newsletter.send()
    bring(newsletter, *[entry(n) for n in range(60, 70)])
    subscribe(newsletter, "sunday@example.org", ("robots",), ("weekly", "sunday", "08:00", "UTC"))
    moved = newsletter.subscriber("reader0@example.org")
    cadence = parse_cadence("weekly", "sunday", "08:00", "UTC")
    people.update(newsletter.database, moved.id, cadence=cadence, now=clock.now)
    found = said(newsletter.check("weekly-2026-11-29"), "Readers", NOTE, "1 reader gets nothing, of 2")
    assert "an issue of this period already (reader0@example.org)" in found.found


def test_paused_readers_are_counted_apart(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    subscribe(newsletter, "away@example.org")
    newsletter.readers.pause(newsletter.subscriber("away@example.org"), None, words="", origin=Origin("page"))
    assert newsletter.subscriber("away@example.org").state is State.PAUSED
    checked = newsletter.check(ISSUE)
    assert checked.readers == 4
    assert said(checked, "Readers", NOTE, "1 reader is paused")


def test_what_was_chosen_for_nearly_everybody_is_told(newsletter: Newsletter) -> None:
    readers(newsletter, 4)
    assert "The same for all" not in {one.check for one in newsletter.check().findings}
    for n in range(4, 12):
        subscribe(newsletter, f"reader{n}@example.org", ("walking robots", "brain tumours", "graph music", "forests"))
    for n in range(12, 90):
        subscribe(newsletter, f"reader{n}@example.org", ("walking robots",))
    found = said(newsletter.check(), "The same for all", NOTE, "nearly everybody", "of 90 readers", "walking robots")
    assert places([found], PlaceKind.ENTRY)


def test_readers_with_interests_of_their_own_get_issues_of_their_own(newsletter: Newsletter) -> None:
    good_issue(newsletter)
    for n in range(4, 16):
        subscribe(newsletter, f"reader{n}@example.org", (FOLLOWED[n % 4],))
    assert said(newsletter.check(), "The same for all", OK, "No entry was chosen for more than")
