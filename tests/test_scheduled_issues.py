"""An issue that goes out by itself at a moment that the operator named: made or not, restarted, taken back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from mainline import ADA, BOB, Open, subscribe
from newsroom import Clock, mails, make_project, recipients

from newsletter import Newsletter
from newsletter.cli.standing_words import in_words
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.control import Word
from newsletter.issues.issue import IssueState, StoredIssue, parse_issue_key
from subscribers.errors import InvalidCadence

FRIDAY = "weekly-2026-11-27"
#: The hour of the readers of `subscribe`.
DUE = "2026-11-27 08:00"
TEN = datetime(2026, 11, 27, 10, tzinfo=UTC)


@pytest.fixture
def ready(newsletter: Newsletter) -> Newsletter:
    """Two readers of Friday's issue."""
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    return newsletter


def made(newsletter: Newsletter) -> StoredIssue:
    found = issues.find(newsletter.database, parse_issue_key(FRIDAY))
    assert found
    return found


def mailed(newsletter: Newsletter) -> list[str]:
    return recipients(mails(newsletter.project))


def test_what_is_scheduled_before_it_is_made_waits_and_then_goes_out_by_itself(ready: Newsletter, clock: Clock) -> None:
    said = ready.editor.schedule(FRIDAY, "2026-11-27T10:00")
    assert said == (
        f"{FRIDAY} is held until 2026-11-27 10:00 UTC and then goes out by itself, no copy before its reader’s hour; "
        f"it is not made yet. `newsletter issue release {FRIDAY}` lets it go without waiting."
    )
    assert ready.editor.schedules() == {parse_issue_key(FRIDAY): TEN}
    told = " ".join(" ".join(in_words(ready.status(), clock())).split())
    assert f"{FRIDAY} held until Fri 27 Nov 10:00" in told
    clock.set(DUE)
    ready.send()
    assert (mailed(ready), made(ready).state, made(ready).held_until) == ([], IssueState.HELD, TEN)
    clock.set("2026-11-27 09:59")
    ready.send()
    assert mailed(ready) == []
    clock.set("2026-11-27 10:00")
    ready.send()
    assert mailed(ready) == [ADA, BOB]
    assert ready.editor.words() == {parse_issue_key(FRIDAY): Word.RELEASE}
    assert ready.editor.schedules() == {}


def test_what_is_made_is_scheduled_too_and_no_copy_leaves_before_its_readers_hour(
    ready: Newsletter, clock: Clock
) -> None:
    subscribe(ready, "eve@example.org", cadence=("weekly", "friday", "12:00", "UTC"))
    clock.set("2026-11-27 07:50")
    ready.make()
    said = ready.editor.schedule(FRIDAY, "2026-11-27T10:00:00Z")
    assert "no copy before its reader’s hour; 2 copies wait." in said
    clock.set(DUE)
    ready.send()
    assert mailed(ready) == []
    clock.set("2026-11-27 10:00")
    ready.send()
    assert mailed(ready) == [ADA, BOB]
    clock.set("2026-11-27 12:00")
    ready.send()
    assert mailed(ready) == [ADA, BOB, "eve@example.org"]


def test_the_rest_of_what_is_being_sent_can_be_put_off(ready: Newsletter, clock: Clock) -> None:
    clock.set(DUE)
    ready.send(to=ADA)
    assert "1 copy is out already" in ready.editor.schedule(FRIDAY, "2026-11-28T10:00")
    ready.send()
    assert mailed(ready) == [ADA]
    clock.set("2026-11-28 10:00")
    ready.send()
    assert mailed(ready) == [ADA, BOB]


def test_the_clocks_are_those_of_the_newsletter_or_of_the_zone_that_is_named(
    tmp_path: Path, open_newsletter: Open
) -> None:
    make_project(tmp_path, '\n[cadence]\ntimezone = "Europe/Paris"\n')
    newsletter = open_newsletter()
    subscribe(newsletter, ADA)
    for at, zone, until in (
        ("2026-11-27T10:00", None, 9),
        (" 2026-11-27 10:00", "UTC", 10),
        ("2026-11-27T10:00", "Asia/Tokyo", 1),
        ("2026-11-27T10:00+02:00", "Asia/Tokyo", 8),
        (datetime(2026, 11, 27, 10, tzinfo=UTC), None, 10),
        (datetime(2026, 11, 27, 10), None, 9),  # noqa: DTZ001 — of the newsletter's own clocks
    ):
        newsletter.editor.schedule(FRIDAY, at, zone)
        assert newsletter.editor.schedules() == {parse_issue_key(FRIDAY): datetime(2026, 11, 27, until, tzinfo=UTC)}
    with pytest.raises(InvalidCadence, match="'Paris' is no time zone"):
        newsletter.editor.schedule(FRIDAY, "2026-11-27T10:00", "Paris")


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-11-20T10:00", rf"2026-11-20 10:00 UTC is past, so {FRIDAY} cannot wait until then"),
        ("2026-12-01T00:01", rf"is too late for {FRIDAY}: nothing of it is sent after 2026-12-01 00:00 UTC"),
        ("2026-11-27", "'2026-11-27' is no date and time; write it as 2026-11-27T10:00"),
        ("tomorrow", "is no date and time"),
        ("9999-12-31T23:59-12:00", "is no date and time"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_in_words(ready: Newsletter, at: str, why: str) -> None:
    with pytest.raises(IssueError, match=why):
        ready.editor.schedule(FRIDAY, at)
    assert ready.editor.words() == {}


def test_the_last_word_stands(ready: Newsletter, clock: Clock) -> None:
    ready.editor.schedule(FRIDAY, "2026-11-27T10:00")
    ready.editor.hold(FRIDAY)
    clock.set("2026-11-27 11:00")
    ready.send()
    assert (mailed(ready), made(ready).held_until) == ([], None)
    ready.editor.schedule(FRIDAY, "2026-11-27T12:00")
    ready.editor.release(FRIDAY)
    ready.send()
    assert mailed(ready) == [ADA, BOB]
    assert ready.editor.schedules() == {}


def test_a_schedule_takes_the_place_of_a_review(tmp_path: Path, open_newsletter: Open, clock: Clock) -> None:
    make_project(tmp_path, "\n[issue]\nreview_hours = 24\n")
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter, ADA)
    newsletter.editor.schedule(FRIDAY, "2026-11-27T09:00")
    clock.set(DUE)
    newsletter.send()
    # It waits for nobody: all is well.
    assert in_words(newsletter.status(), clock())[0] == "All is well."
    clock.set("2026-11-27 09:00")
    newsletter.send()
    assert mailed(newsletter) == [ADA]


def test_what_was_scheduled_before_its_cut_off_simply_goes_out(ready: Newsletter, clock: Clock) -> None:
    ready.editor.schedule(FRIDAY, "2026-11-26T10:00")
    assert ready.send(now=True, dry_run=True).plan[0][3] == "it is held until 2026-11-26 10:00 UTC"
    clock.set(DUE)
    ready.send()
    assert (mailed(ready), made(ready).held_until) == ([ADA, BOB], None)


def test_waiting_makes_no_copy_late_but_an_outage_does(tmp_path: Path, open_newsletter: Open, clock: Clock) -> None:
    make_project(tmp_path, "\n[issue]\nmax_lateness_hours = 2\n")
    newsletter = open_newsletter()
    newsletter.pull()
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    newsletter.editor.schedule(FRIDAY, "2026-11-28T10:00")
    clock.set(DUE)
    newsletter.send()
    clock.set("2026-11-28 11:59")  # a day behind their hour, two hours behind the schedule
    newsletter.send(to=ADA)
    assert mailed(newsletter) == [ADA]
    clock.set("2026-11-28 12:01")
    newsletter.send()
    assert mailed(newsletter) == [ADA]
    assert [one.why for one in newsletter.not_sent(FRIDAY)] == ["it is too late for this issue"]


def test_a_schedule_outlives_a_restart_and_is_told_apart_from_a_hold(
    ready: Newsletter, open_newsletter: Open, clock: Clock
) -> None:
    ready.editor.schedule(FRIDAY, "2026-11-27T10:00")
    again = open_newsletter()
    assert again.editor.words() == {parse_issue_key(FRIDAY): Word.HOLD}
    clock.set(DUE)
    again.make()
    (standing,) = again.status().ahead[:1] or again.status().behind[:1]
    assert standing.scheduled or any(one.scheduled for one in again.status().behind)
    clock.set("2026-11-27 10:00")
    assert again.editor.release_overdue() == [parse_issue_key(FRIDAY)]
    assert not any(one.scheduled for one in again.status().behind)


@pytest.mark.parametrize("say", ["skip", "cancel"])
def test_what_is_nobodys_cannot_be_scheduled(ready: Newsletter, clock: Clock, say: str) -> None:
    clock.set(DUE)
    ready.editor.hold(FRIDAY)
    ready.send()
    getattr(ready.editor, say)(FRIDAY)
    with pytest.raises(IssueError, match=r"is skipped: nobody gets it|is cancelled, its copies were dropped"):
        ready.editor.schedule(FRIDAY, "2026-11-27T10:00")
    assert ready.editor.schedules() == {}
