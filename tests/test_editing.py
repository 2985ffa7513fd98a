"""The editor's word: what becomes of an issue and its copies, made or not."""

from pathlib import Path

import pytest
from mainline import ADA, BOB, Open, bring, subscribe
from newsroom import Clock, mails, make_project, parsed, recipients

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueState, StoredIssue, parse_issue_key

FRIDAY = "weekly-2026-11-27"
#: The hour of the readers of `subscribe`.
DUE = "2026-11-27 08:00"
OPERATOR = "editor@example.org"
REVIEW = f'\n[issue]\nreview_hours = 24\n[mailbox]\noperator = "{OPERATOR}"\n'


@pytest.fixture
def ready(newsletter: Newsletter) -> Newsletter:
    """Two readers of Friday's issue."""
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    return newsletter


def made(newsletter: Newsletter, name: str = FRIDAY) -> StoredIssue:
    found = issues.find(newsletter.database, parse_issue_key(name))
    assert found
    return found


def readers_mailed(newsletter: Newsletter) -> list[str]:
    return [who for who in recipients(mails(newsletter.project)) if who != OPERATOR]


def test_what_is_held_in_advance_is_made_and_waits_until_it_is_released(ready: Newsletter, clock: Clock) -> None:
    assert "will be held when it is made" in ready.editor.hold(FRIDAY)
    clock.set(DUE)
    ready.send()
    assert readers_mailed(ready) == []
    assert made(ready).state is IssueState.HELD
    # Later than anything may be late, but for the operator.
    clock.forward(days=4)
    assert "is released: 2 copies to go" in ready.editor.release(FRIDAY)
    ready.send()
    assert readers_mailed(ready) == [ADA, BOB]


def test_what_is_held_in_mid_send_says_how_many_wait(ready: Newsletter, clock: Clock) -> None:
    clock.set(DUE)
    ready.send(to=ADA)
    said = ready.editor.hold(FRIDAY)
    assert said.startswith(f"{FRIDAY} is held: ")
    assert "1 copy is out already" in said
    ready.send()
    assert readers_mailed(ready) == [ADA]
    ready.editor.release(FRIDAY)
    ready.send()
    assert readers_mailed(ready) == [ADA, BOB]


def test_a_skipped_issues_entries_are_in_the_next_one(ready: Newsletter, clock: Clock) -> None:
    clock.set(DUE)
    ready.send()
    bring(ready, 12, 4)
    ready.editor.hold("weekly-2026-12-04")
    clock.set("2026-12-04 08:00")
    ready.send()
    assert "is skipped: nobody gets it, 2 copies were dropped" in ready.editor.skip("weekly-2026-12-04")
    ready.send()
    assert len(mails(ready.project)) == 2
    bring(ready, 16, 4)
    clock.set("2026-12-11 08:00")
    ready.send()
    candidates = {entry.title.split()[1] for entry in ready.issue("weekly-2026-12-11")[0].candidates}
    assert candidates == {str(n) for n in range(12, 20)}
    assert len(mails(ready.project)) == 4


def test_the_very_first_issue_that_is_skipped_leaves_its_entries_too(ready: Newsletter, clock: Clock) -> None:
    ready.editor.skip(FRIDAY)
    clock.set(DUE)
    ready.send()
    bring(ready, 12, 4)
    clock.set("2026-12-04 08:00")
    ready.send()
    candidates = {entry.title.split()[1] for entry in ready.issue("weekly-2026-12-04")[0].candidates}
    assert candidates == {str(n) for n in range(16)}


def test_what_comes_behind_a_cancelled_issue_is_without_its_entries(ready: Newsletter, clock: Clock) -> None:
    ready.editor.cancel(FRIDAY)
    clock.set(DUE)
    ready.send()
    bring(ready, 12, 4)
    clock.set("2026-12-04 08:00")
    ready.send()
    candidates = {entry.title.split()[1] for entry in ready.issue("weekly-2026-12-04")[0].candidates}
    assert candidates == {str(n) for n in range(12, 16)}


def test_what_was_skipped_before_it_was_made_is_nobodys(ready: Newsletter, clock: Clock) -> None:
    ready.editor.skip(FRIDAY)
    clock.set(DUE)
    ready.send()
    assert (readers_mailed(ready), ready.status().deliveries) == ([], {})


def test_what_was_skipped_goes_out_after_all_while_it_is_not_too_late(ready: Newsletter, clock: Clock) -> None:
    clock.set(DUE)
    ready.editor.hold(FRIDAY)
    ready.send()
    ready.editor.skip(FRIDAY)
    clock.forward(hours=3)
    ready.editor.release(FRIDAY)
    ready.send()
    assert readers_mailed(ready) == [ADA, BOB]
    clock.forward(days=7)
    with pytest.raises(IssueError, match="cannot be skipped: some of its readers have it"):
        ready.editor.skip(FRIDAY)


def test_it_is_too_late_to_take_a_skip_back_when_the_issue_is_over(ready: Newsletter, clock: Clock) -> None:
    clock.set(DUE)
    ready.editor.hold(FRIDAY)
    ready.send()
    ready.editor.skip(FRIDAY)
    clock.set("2026-12-02 00:00")
    with pytest.raises(IssueError, match="is skipped, and it is too late for it now"):
        ready.editor.release(FRIDAY)
    assert ready.status().deliveries == {"dropped": 2}
    assert ready.editor.words()[parse_issue_key(FRIDAY)] == "skip"


def test_what_is_cancelled_in_mid_send_is_out_for_some_and_dropped_for_the_rest(
    ready: Newsletter, clock: Clock
) -> None:
    clock.set(DUE)
    ready.send(to=ADA)
    ready.editor.hold(FRIDAY)
    ready.send()
    assert "is cancelled: 1 copy was dropped. 1 copy is out already." in ready.editor.cancel(FRIDAY)
    ready.send()
    assert readers_mailed(ready) == [ADA]
    (dropped,) = ready.not_sent(FRIDAY)
    assert (dropped.address, dropped.why) == (BOB, "the operator cancelled this issue")
    with pytest.raises(IssueError, match="is cancelled, its copies were dropped; that cannot be taken back"):
        ready.editor.hold(FRIDAY)
    assert made(ready).state is IssueState.CANCELLED


def test_an_issue_waits_for_its_review_and_the_operator_is_told_once(
    tmp_path: Path, open_newsletter: Open, clock: Clock
) -> None:
    make_project(tmp_path, REVIEW)
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter, ADA)
    clock.set(DUE)
    for _ in range(2):
        newsletter.send()
    (told,) = [parsed(mail) for mail in mails(tmp_path)]
    body = told.get_body(("plain",))
    assert body
    assert (told["to"], told["subject"]) == (OPERATOR, f"Paper Robots: {FRIDAY} waits for you")
    text = " ".join(body.get_content().split())
    assert "is held until 2026-11-28 08:00 UTC; then it goes out by itself" in text
    assert f"newsletter issue release {FRIDAY}" in text
    # Nobody said anything: it goes out when the time for a review is over.
    clock.forward(hours=23, minutes=59)
    newsletter.send()
    assert readers_mailed(newsletter) == []
    clock.forward(minutes=1)
    newsletter.send()
    assert readers_mailed(newsletter) == [ADA]
    assert made(newsletter).state is IssueState.RELEASED


def test_nobody_is_told_of_what_does_not_wait_or_without_an_operator(
    tmp_path: Path, open_newsletter: Open, clock: Clock
) -> None:
    make_project(tmp_path, REVIEW)
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter, ADA)
    newsletter.editor.release(FRIDAY)
    newsletter.editor.tell_waiting(parse_issue_key(FRIDAY))
    clock.set(DUE)
    newsletter.send()
    newsletter.editor.tell_waiting(parse_issue_key(FRIDAY))
    newsletter.send_notices()
    assert recipients(mails(tmp_path)) == [ADA]


def test_the_operators_own_hold_outlives_a_review(tmp_path: Path, open_newsletter: Open, clock: Clock) -> None:
    make_project(tmp_path, REVIEW)
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter, ADA)
    clock.set(DUE)
    newsletter.send()
    newsletter.editor.hold(FRIDAY)
    clock.forward(days=3)
    newsletter.send()
    assert readers_mailed(newsletter) == []
    assert newsletter.editor.release_overdue() == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("weekly-2026-11-28", rf"is nobody's: .* Near are: {FRIDAY}, daily-2026-11-23\."),
        ("monthly-2026-12-01", "is nobody's: no reader's issue falls on that day. Near are: "),
        ("weekly-2026-11-13", "was never made, and its day is over. Near are: "),
        ("27.11.", "names no issue"),
    ],
)
def test_a_word_about_an_issue_that_is_nobodys_is_refused_with_those_that_are_near(
    ready: Newsletter, name: str, why: str
) -> None:
    subscribe(ready, "eve@example.org", cadence=("daily", "", "06:00", "UTC"))
    with pytest.raises(IssueError, match=why):
        ready.editor.hold(name)
    assert ready.editor.words() == {}


def test_an_issue_of_a_later_week_and_one_whose_readers_have_gone_can_be_named(ready: Newsletter, clock: Clock) -> None:
    assert "is skipped" in ready.editor.skip("weekly-2026-12-25")
    clock.set(DUE)
    ready.editor.hold(FRIDAY)
    ready.send()
    for address in (ADA, BOB):
        ready.remove(address)
    assert "is released: its copies are made by" in ready.editor.release(FRIDAY)


def test_without_readers_there_are_no_issues(newsletter: Newsletter) -> None:
    with pytest.raises(IssueError, match="There are no issues yet, for there are no readers"):
        newsletter.editor.hold(FRIDAY)


def test_a_done_issue_is_left_alone(ready: Newsletter, clock: Clock) -> None:
    clock.set(DUE)
    ready.send()
    issues.set_state(ready.database, made(ready).id, IssueState.DONE)
    for say in (ready.editor.hold, ready.editor.release, ready.editor.skip, ready.editor.cancel):
        with pytest.raises(IssueError, match="is done: every copy of it is out or given up"):
            say(FRIDAY)
    assert ready.status().deliveries == {DeliveryState.SENT: 2}
