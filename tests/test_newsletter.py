"""The main line: pull, subscribe, preview, send, and send again."""

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from mainline import ADA, BOB, SENT, Open, bring, rows, subscribe, titles
from newsroom import Clock, mails, make_project, parsed, recipients

from newsletter import Newsletter
from newsletter.errors import IssueError, TemplateError, TransportDown
from newsletter.issues.issue import ReasonKind, Section
from subscribers.errors import UnknownSubscriber

# -- pulling


def test_a_source_that_fails_stops_no_other(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, '\n[[sources]]\nname = "gone"\nlocation = "no-such-file.xml"\n')
    newsletter = open_newsletter()
    gone, papers = newsletter.pull()
    assert (gone.name, gone.new, papers.new, papers.error) == ("gone", 0, 12, None)
    assert gone.error is not None
    assert newsletter.count_entries() == 12
    found = {pull.name: (pull.error, pull.entries) for pull in newsletter.status().pulls}
    assert found == {"gone": (gone.error, 0), "papers": (None, 12)}


# -- previews


def test_a_preview_is_a_draft_until_it_is_sent_and_then_it_is_the_very_bytes(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    subscribe(newsletter)
    draft = newsletter.preview(ADA)
    assert draft.draft
    assert newsletter.send(now=True).counts == {SENT: 1}
    sent = newsletter.preview(ADA)
    assert not sent.draft
    assert [sent.message] == mails(tmp_path)
    assert (sent.subject, sent.html, sent.picks) == (draft.subject, draft.html, draft.picks)
    assert sent.key == draft.key


def test_what_is_sent_has_reader_reasons_and_links(newsletter: Newsletter, tmp_path: Path) -> None:
    subscribe(newsletter, interests=("walking robots", "not: satellites"))
    newsletter.send(now=True)
    shown = newsletter.preview(ADA)
    mine = [pick for pick in shown.picks if pick.pick.section is Section.FOR_YOU]
    assert mine
    assert all("robots" in pick.title and "walking robots" in pick.reason for pick in mine)
    assert not any("satellites" in pick.title for pick in shown.picks)
    assert all(pick.url == f"https://papers.example.org/{pick.title.split()[1]}" for pick in shown.picks)
    assert all(pick.sentence and pick.sentence in shown.text.replace("\n", " ") for pick in mine)
    (mail,) = map(parsed, mails(tmp_path))
    assert mail["subject"] == shown.subject
    assert mine[0].title in shown.subject
    assert mail["from"] == "Paper Robots <papers@news.example.org>"
    assert "https://news.example.org/u/" in mail["list-unsubscribe"]


def test_a_preview_writes_nothing(newsletter: Newsletter, tmp_path: Path) -> None:
    subscribe(newsletter)
    before = rows(tmp_path)
    newsletter.preview(ADA)
    newsletter.preview()
    # What was embedded is kept, for the sake of the next one.
    assert rows(tmp_path) == before | {"vectors": rows(tmp_path)["vectors"]}


def test_without_a_reader_the_preview_is_everybodys_edition(newsletter: Newsletter) -> None:
    shown = newsletter.preview()
    assert {pick.pick.reason for pick in shown.picks} == {ReasonKind.GENERAL}
    assert shown.draft


def test_a_preview_of_an_issue_by_name(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    assert str(newsletter.preview(ADA, issue="weekly-2026-11-27").key) == "weekly-2026-11-27"
    with pytest.raises(IssueError, match=r"daily-2026-11-27 is not ada@example\.org's"):
        newsletter.preview(ADA, issue="daily-2026-11-27")
    with pytest.raises(IssueError, match="'next' names no issue"):
        newsletter.preview(ADA, issue="next")


def test_a_preview_of_a_stranger_is_a_sentence(newsletter: Newsletter) -> None:
    with pytest.raises(UnknownSubscriber, match="Nobody is subscribed as eve@example"):
        newsletter.preview("eve@example.org")


# -- sending


def test_sending_twice_sends_once(newsletter: Newsletter, open_newsletter: Open, tmp_path: Path) -> None:
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    assert newsletter.send(now=True).counts == {SENT: 2}
    for again in (newsletter, open_newsletter()):
        report = again.send(now=True)
        assert (+report.counts, report.already) == ({}, 2)
    assert recipients(mails(tmp_path)) == [ADA, BOB]


@pytest.mark.parametrize("at", ["2026-11-27 09:00", "2026-11-28 12:00", "2026-11-30 12:00"])
def test_asking_for_now_again_after_the_hour_takes_nothing_from_the_coming_issue(
    newsletter: Newsletter, clock: Clock, tmp_path: Path, at: str
) -> None:
    subscribe(newsletter)
    clock.set("2026-11-27 08:00")
    newsletter.send()
    clock.set(at)
    for _ in range(2):
        assert +newsletter.send(now=True).counts == {}
    clock.set("2026-12-03 12:00")
    bring(newsletter, 100)
    clock.set("2026-12-04 08:00")
    assert newsletter.send().counts == {SENT: 1}
    first, second = mails(tmp_path)
    assert titles(second)
    assert not titles(first) & titles(second)


@pytest.mark.slow
def test_nobody_gets_an_entry_in_two_issues(newsletter: Newsletter, clock: Clock, tmp_path: Path) -> None:
    readers = {ADA: "friday", BOB: "saturday", "cy@example.org": "monday"}
    for address, day in readers.items():
        subscribe(newsletter, address, cadence=("weekly", day, "08:00", "UTC"))
    seen: dict[str, list[str]] = {address: [] for address in readers}
    for week in range(4):
        if week:
            bring(newsletter, week * 100)
        for _ in range(7 * 24):
            clock.forward(hours=1)
            newsletter.send()
    for message in mails(tmp_path):
        seen[recipients([message])[0]] += titles(message)
    for had in seen.values():
        assert len(had) == len(set(had)) > 8
    assert newsletter.status().deliveries["sent"] == len(mails(tmp_path)) == 12


def test_who_joins_later_gets_the_issue_that_was_frozen(newsletter: Newsletter, tmp_path: Path) -> None:
    subscribe(newsletter)
    newsletter.send(now=True)
    bring(newsletter, 100)
    subscribe(newsletter, BOB)
    report = newsletter.send(now=True)
    assert (report.counts, report.already) == ({SENT: 1}, 1)
    assert recipients(mails(tmp_path)) == [ADA, BOB]
    printing, counts = newsletter.issue("weekly-2026-11-27")
    assert (len(printing.candidates), counts) == (12, {"sent": 2})


def test_a_template_edited_after_composing_changes_no_mail_in_flight(
    newsletter: Newsletter, open_newsletter: Open, tmp_path: Path
) -> None:
    subscribe(newsletter)
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(TransportDown):
        newsletter.send(now=True)
    composed = newsletter.preview(ADA)
    assert not composed.draft
    (tmp_path / "outbox").unlink()
    (tmp_path / "templates" / "issue").mkdir(parents=True)
    (tmp_path / "templates" / "issue" / "subject.txt").write_text("Another subject\n")
    again = open_newsletter()
    assert again.send().counts == {SENT: 1}
    assert mails(tmp_path) == [composed.message] == [again.preview(ADA).message]


def test_a_broken_template_stops_the_issue_before_its_first_message(newsletter: Newsletter, tmp_path: Path) -> None:
    subscribe(newsletter)
    broken = tmp_path / "templates" / "issue" / "card.html"
    broken.parent.mkdir(parents=True)
    broken.write_text("<p>\n{{ pick.title }\n</p>\n")
    for attempt in (lambda: newsletter.send(now=True), lambda: newsletter.preview(ADA)):
        with pytest.raises(TemplateError, match=r"issue/card\.html.*line 2|card\.html:2"):
            attempt()
    assert mails(tmp_path) == []
    assert newsletter.status().deliveries == {}
    broken.unlink()
    assert newsletter.send(now=True).counts == {SENT: 1}


def test_readers_due_in_one_run_do_not_wait_for_the_readers_of_a_broken_issue(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB, cadence=("daily", "", "08:00", "UTC"))
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "daily-2026-11-23.md").write_text('+++\npins = ["arxiv:1111.11111"]\n+++\n')
    with pytest.raises(IssueError, match="daily-2026-11-23"):
        newsletter.send(now=True)
    assert recipients(mails(tmp_path)) == [ADA]


def test_to_one_reader_only(newsletter: Newsletter, tmp_path: Path) -> None:
    for address in (ADA, BOB):
        subscribe(newsletter, address)
    assert newsletter.send(now=True, to="BOB@example.org").counts == {SENT: 1}
    assert recipients(mails(tmp_path)) == [BOB]
    with pytest.raises(UnknownSubscriber):
        newsletter.send(to="eve@example.org")


def test_an_uncertain_copy_is_shown_and_not_repeated(
    newsletter: Newsletter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(newsletter)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("newsletter.delivery.transport.FolderTransport.repeatable", False)
        patch.setattr("newsletter.delivery.transport.FolderTransport.send", killed)
        with pytest.raises(KeyboardInterrupt):
            newsletter.send(now=True)
        assert newsletter.status().deliveries == {"uncertain": 1}
        assert +newsletter.send().counts == {}
        assert newsletter.status().deliveries == {"uncertain": 1}
        assert +newsletter.send(now=True).counts == {}
    assert mails(tmp_path) == []


# -- who is due


@pytest.mark.parametrize(
    ("cadence", "before", "after"),
    [
        (("weekly", "friday", "08:00", "UTC"), "2026-11-27 07:59", "2026-11-27 08:00"),
        (("weekly", "friday", "08:00", "Asia/Tokyo"), "2026-11-26 22:59", "2026-11-26 23:00"),
        (("weekly", "monday", "00:00", "Pacific/Kiritimati"), "2026-11-29 09:59", "2026-11-29 10:00"),
        (("daily", "", "18:30", "America/Sao_Paulo"), "2026-11-22 21:29", "2026-11-22 21:30"),
        (("monthly", "31", "08:00", "UTC"), "2026-11-30 07:59", "2026-11-30 08:00"),
    ],
)
def test_an_issue_leaves_at_the_readers_own_hour(
    newsletter: Newsletter, clock: Clock, cadence: tuple[str, str, str, str], before: str, after: str
) -> None:
    subscribe(newsletter, cadence=cadence)
    clock.set(before)
    assert newsletter.send().counts == {}
    clock.set(after)
    assert newsletter.send().counts == {SENT: 1}
    assert +newsletter.send().counts == {}


def test_the_date_of_a_message_is_the_readers_hour(newsletter: Newsletter, clock: Clock, tmp_path: Path) -> None:
    subscribe(newsletter)
    clock.set("2026-11-27 08:20")
    newsletter.send()
    (mail,) = map(parsed, mails(tmp_path))
    assert mail["date"].datetime == datetime.fromisoformat("2026-11-27 08:00+00:00")


def test_late_is_better_than_never_unless_it_is_too_late(newsletter: Newsletter, clock: Clock, tmp_path: Path) -> None:
    subscribe(newsletter, ADA)
    subscribe(newsletter, BOB, cadence=("weekly", "thursday", "08:00", "UTC"))
    clock.set("2026-11-28 12:00")  # 28 hours after Ada's, 52 after Bob's
    assert newsletter.send().counts == {SENT: 1}
    assert recipients(mails(tmp_path)) == [ADA]


def test_after_weeks_of_downtime_there_is_one_issue_and_not_three(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    clock.set("2026-12-18 09:00")
    bring(newsletter, 100)
    assert newsletter.send().counts == {SENT: 1}
    assert +newsletter.send().counts == {}


def test_what_was_served_early_is_not_served_again_at_its_hour(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    newsletter.send(now=True)
    clock.set("2026-11-27 08:00")
    report = newsletter.send()
    assert (+report.counts, report.already) == ({}, 1)


def test_who_moves_to_another_day_of_the_week_gets_one_issue_in_it(
    newsletter: Newsletter, clock: Clock, tmp_path: Path
) -> None:
    subscribe(newsletter, cadence=("weekly", "wednesday", "08:00", "UTC"))
    clock.set("2026-11-25 08:00")
    assert newsletter.send().counts == {SENT: 1}
    db = sqlite3.connect(tmp_path / "newsletter.db")
    with db:
        db.execute("UPDATE subscribers SET day = 5")
    db.close()
    clock.set("2026-11-27 08:00")
    report = newsletter.send()
    assert (+report.counts, report.already) == ({}, 1)
    bring(newsletter, 100)
    clock.set("2026-12-04 08:00")
    assert newsletter.send().counts == {SENT: 1}


def test_a_slot_before_somebody_came_is_none_of_theirs(newsletter: Newsletter, clock: Clock) -> None:
    clock.set("2026-11-27 12:00")
    subscribe(newsletter)
    assert newsletter.send().counts == {}
