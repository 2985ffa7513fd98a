"""What the operator is told about issues: stopped ones at once, those that are through, each once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from frontdesk import OP, Desk, text_of, to
from mainline import subscribe

from newsletter.delivery.history import DomainTally, History, Said, Times
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.verdicts import Verdict
from newsletter.delivery.whole_issues import stop_issue
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, IssueState, StoredIssue, parse_issue_key
from newsletter.telling import report_through, stopped_in_words, tell_operator, tell_stopped, through_in_words

pytest_plugins = ("frontdesk_fixtures",)
FRIDAY = "weekly-2026-11-27"
KEY = parse_issue_key(FRIDAY)
DUE = "2026-11-27 08:00"
SENT, FAILED, DEFERRED = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DEFERRED
WHY = "gmail.example refuses our mail: “550 5.7.1 blocked” (3 of the last 3 answers blame us)"
ZONES = {"east@example.org": "Asia/Tokyo", "mid@example.org": "UTC", "west@example.org": "America/Los_Angeles"}


def made(desk: Desk, key: IssueKey = KEY) -> StoredIssue:
    found = issues.find(desk.db, key)
    assert found
    return found


def through(desk: Desk) -> list[IssueKey]:
    return report_through(desk.db, desk.readers, desk.newsletter.settings, desk.clock())


def reports(desk: Desk) -> list[str]:
    """Subjects of what the operator was mailed."""
    desk.newsletter.send_notices()
    return [str(mail["subject"]) for mail in desk.mails() if to(mail) == OP]


def put(desk: Desk, state: str, why: str, address: str) -> None:
    desk.db.conn.execute(
        "UPDATE deliveries SET state = ?, why = ? WHERE subscriber_id = (SELECT id FROM subscribers WHERE address = ?)",
        [state, why, address],
    )


# -- stopped


@pytest.fixture
def sending(desk: Desk) -> Desk:
    """One of two readers has Friday's issue."""
    for address in ("ada@example.org", "bob@example.org"):
        subscribe(desk.newsletter, address)
    desk.clock.set(DUE)
    desk.newsletter.send()
    put(desk, "queued", "", "bob@example.org")
    return desk


def test_an_issue_that_was_stopped_is_told_once_with_what_was_said(sending: Desk) -> None:
    issue = made(sending)
    assert stop_issue(sending.db, issue.id, WHY, sending.clock())
    settings = sending.newsletter.settings
    assert tell_stopped(sending.db, sending.readers, settings, issue.id, WHY, sending.clock())
    sending.clock.forward(minutes=5)
    assert not tell_stopped(sending.db, sending.readers, settings, issue.id, WHY, sending.clock())
    # Who stopped it may have died before it could tell.
    assert tell_operator(sending.db, sending.readers, settings, sending.clock()) == []
    sending.newsletter.send_notices()
    [mail] = [mail for mail in sending.mails() if to(mail) == OP]
    assert mail["subject"] == f"Paper Robots: {FRIDAY} stopped: the mail server refuses our mail"
    text = " ".join(text_of(mail).split())
    assert "because gmail.example refuses our mail: “550 5.7.1 blocked”" in text
    assert "1 copy of it was sent before; 1 waits" in text
    assert f"newsletter issue release {FRIDAY}" in text
    assert "newsletter doctor" in text


def test_when_it_is_stopped_again_it_is_told_again(sending: Desk) -> None:
    issue, settings = made(sending), sending.newsletter.settings
    for _ in range(2):
        stop_issue(sending.db, issue.id, WHY, sending.clock())
        tell_operator(sending.db, sending.readers, settings, sending.clock())
        sending.newsletter.editor.release(FRIDAY)
        assert made(sending).held_why == ""
        sending.clock.forward(hours=1)
    assert len(reports(sending)) == 2


def test_who_is_nobody_is_told_nothing(sending: Desk) -> None:
    ours = sending.newsletter.settings
    settings = ours.model_copy(update={"mailbox": ours.mailbox.model_copy(update={"operator": ""})})
    stop_issue(sending.db, made(sending).id, WHY, sending.clock())
    assert not tell_stopped(sending.db, sending.readers, settings, made(sending).id, WHY, sending.clock())
    put(sending, "sent", "", "bob@example.org")
    sending.newsletter.editor.release(FRIDAY)
    assert report_through(sending.db, sending.readers, settings, sending.clock()) == []
    assert made(sending).through_at == sending.clock()
    assert reports(sending) == []


def test_words_about_a_stopped_issue_count_what_waits() -> None:
    counts = Counter({SENT: 1_200, DeliveryState.QUEUED: 1, DEFERRED: 2, DeliveryState.CLAIMED: 1})
    subject, lines = stopped_in_words(KEY, WHY, counts)
    assert subject.startswith(f"{FRIDAY} stopped")
    assert "1,200 copies of it were sent before; 4 wait" in lines[1]


# -- through


def test_an_issue_is_through_when_everybody_has_it_and_that_is_told_once(sending: Desk) -> None:
    assert through(sending) == []  # one copy waits
    put(sending, "deferred", "451 later", "bob@example.org")
    assert through(sending) == []
    put(sending, "sent", "", "bob@example.org")
    assert through(sending) == [KEY]
    assert made(sending).through_at == sending.clock()
    sending.clock.forward(hours=1)
    assert through(sending) == []
    assert reports(sending) == [f"Paper Robots: {FRIDAY} is through: 2 sent"]


def test_over_all_time_zones_it_is_through_behind_the_last_one(desk: Desk) -> None:
    for address, zone in ZONES.items():
        subscribe(desk.newsletter, address, cadence=("weekly", "friday", "08:00", zone))
    for moment, count in (("2026-11-26 23:00", 1), ("2026-11-27 08:00", 2), ("2026-11-27 16:00", 3)):
        desk.clock.set(moment)
        desk.newsletter.send()
        assert issues.find(desk.db, KEY)
        assert (through(desk) == [KEY]) is (count == 3)
    assert reports(desk) == [f"Paper Robots: {FRIDAY} is through: 3 sent"]


def test_after_a_power_cut_who_is_still_owed_theirs_is_waited_for(desk: Desk) -> None:
    for address, zone in ZONES.items():
        subscribe(desk.newsletter, address, cadence=("weekly", "friday", "08:00", zone))
    desk.clock.set("2026-11-26 23:00")
    desk.newsletter.send()
    # Two hours passed while nothing ran; what is tended to first must not believe that it is all over.
    desk.clock.set("2026-11-27 18:00")
    assert through(desk) == []
    desk.newsletter.send()
    assert through(desk) == [KEY]


def test_who_joins_behind_their_hour_or_goes_before_it_delays_nothing(desk: Desk) -> None:
    for address in ("ada@example.org", "bob@example.org"):
        subscribe(desk.newsletter, address)
    desk.clock.set(DUE)
    desk.newsletter.send(to="ada@example.org")
    assert through(desk) == []
    desk.newsletter.remove("bob@example.org")
    desk.clock.forward(hours=1)
    subscribe(desk.newsletter, "eve@example.org")
    assert through(desk) == [KEY]


def test_whoever_is_sent_theirs_ahead_is_no_reason_to_wait(desk: Desk) -> None:
    subscribe(desk.newsletter)
    desk.newsletter.send(now=True)
    assert through(desk) == [KEY]


def test_what_is_too_late_for_somebody_is_waited_for_no_more(desk: Desk) -> None:
    for address, zone in ZONES.items():
        subscribe(desk.newsletter, address, cadence=("weekly", "friday", "08:00", zone))
    desk.clock.set("2026-11-26 23:00")
    desk.newsletter.send()
    desk.clock.set("2026-12-01 00:00")
    assert through(desk) == [KEY]


def test_a_cancelled_issue_is_told_if_it_had_begun(sending: Desk) -> None:
    sending.newsletter.editor.cancel(FRIDAY)
    assert through(sending) == [KEY]
    assert reports(sending) == [f"Paper Robots: {FRIDAY} is cancelled: 1 sent, 1 dropped"]


def test_of_what_never_left_and_of_what_is_old_nothing_is_told(desk: Desk) -> None:
    subscribe(desk.newsletter)
    desk.clock.set(DUE)
    desk.newsletter.editor.hold(FRIDAY)
    desk.newsletter.send()
    desk.newsletter.editor.cancel(FRIDAY)
    assert through(desk) == []
    assert made(desk).through_at
    desk.db.conn.execute("UPDATE issues SET state = 'released', through_at = NULL")
    put(desk, "sent", "", "ada@example.org")
    desk.clock.forward(days=30)
    assert through(desk) == []
    assert made(desk).through_at == desk.clock()
    assert not any("through" in subject for subject in reports(desk))


def test_a_held_issue_is_not_through(sending: Desk) -> None:
    put(sending, "sent", "", "bob@example.org")
    sending.newsletter.editor.hold(FRIDAY)
    assert through(sending) == []


# -- the report


def history() -> History:
    at = datetime(2026, 11, 27, 8, tzinfo=UTC)
    gmail = DomainTally("gmail.com", Counter({SENT: 900, FAILED: 12}), Times(50, 90))
    return History(
        counts=Counter({SENT: 1_900, FAILED: 14, DeliveryState.UNCERTAIN: 1, DeliveryState.DROPPED: 3}),
        dropped=Counter({"this person is paused now": 3}),
        domains=[gmail, DomainTally("a.example", Counter({SENT: 1_000, FAILED: 2})), DomainTally("b.example")],
        first=at,
        last=at + timedelta(minutes=3),
        seconds=180,
        said=[
            Said(FAILED, "550 5.7.1 … blocked", 12, Verdict.OURS),
            Said(FAILED, "550 5.1.1 … no such user", 2, Verdict.HARD),
            Said(DeliveryState.UNCERTAIN, "the connection broke", 1, Verdict.SOFT),
        ],
    )


ISSUE = StoredIssue(1, KEY, IssueState.RELEASED, datetime(2026, 11, 27, 7, tzinfo=UTC), 12)


def test_a_report_tells_how_many_how_fast_where_why_and_what_to_do() -> None:
    subject, lines = through_in_words(ISSUE, history())
    assert subject == f"{FRIDAY} is through: 1,900 sent, 14 failed, 1 uncertain, 3 dropped"
    assert lines[1:4] == [
        "They left from Friday 27 November 08:00 UTC to Friday 27 November 08:03 UTC, 11 a second while mail left.",
        "Dropped, so not sent by our own decision: this person is paused now (3).",
        "Failed at: gmail.com 12 of 912, a.example 2 of 1,002.",
    ]
    assert lines[4].startswith("12 failed: 550 5.7.1 … blocked. They mind our mail or our server")
    assert "These addresses are dead" in lines[5]
    assert "settle ID --sent" in lines[6]
    assert f"`newsletter issue show {FRIDAY}`" in lines[-1]


def test_many_domains_and_many_answers_are_cut_short() -> None:
    found = history()
    found.said *= 5
    found.domains = [DomainTally(f"d{n}.example", Counter({FAILED: 1})) for n in range(12)]
    _, lines = through_in_words(ISSUE, found)
    assert "and 2 more domains" in lines[3]
    assert "And 5 more kinds of answers." in lines
    assert len(lines) < 20


def test_all_went_well_is_said_in_three_lines() -> None:
    found = replace(history(), counts=Counter({SENT: 5}), dropped=Counter(), domains=[], said=[])
    _, lines = through_in_words(ISSUE, found)
    assert lines[0] == f"{FRIDAY} is through: 5 sent."
    assert len(lines) == 3


def test_what_servers_say_is_words_in_the_mail(sending: Desk) -> None:
    put(sending, "failed", "550 [click](https://evil.example/) <b>now</b> # x", "bob@example.org")
    assert through(sending) == [KEY]
    sending.newsletter.send_notices()
    [mail] = [mail for mail in sending.mails() if to(mail) == OP]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<b>" not in html.get_content()
    assert "evil.example" not in html.get_content()
