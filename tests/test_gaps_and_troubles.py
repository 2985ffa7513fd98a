"""What came in a gap, what was fixed too early, and what did not leave: nothing is lost, and all of it is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from commandline import Run
from mailserver import TAKE_AND_HANG_UP, mail_server
from mainline import ADA, BOB, SENT, Open, bring, change_settings, subscribe, titles
from newsroom import Clock, entry, mails, make_project, write_entries

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import IssueError, SettingsError, SourceError, TransportDown
from newsletter.issues.issue import parse_issue_key
from newsletter.sections import SourceSettings
from newsletter.settings import load
from subscribers.people import MAX_NAME


def test_what_came_in_during_weeks_without_an_issue_is_in_the_next_one(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    clock.set("2026-11-27 08:00")
    assert newsletter.send().counts == {SENT: 1}
    clock.forward(days=1)
    bring(newsletter, 100)
    clock.set("2026-12-18 08:05")
    assert newsletter.send().counts == {SENT: 1}
    assert titles(newsletter.preview(ADA).message)


def test_the_first_issue_of_a_line_looks_back_on_its_period(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    clock.forward(days=40)
    with pytest.raises(IssueError, match="nothing has come in"):
        newsletter.preview(ADA)


def test_an_issue_that_is_fixed_ahead_of_its_hour_is_told(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    key = parse_issue_key("weekly-2026-11-27")
    assert newsletter.send(now=True).frozen_ahead == [(key, newsletter.count_entries())]
    subscribe(newsletter, BOB)
    assert newsletter.send(now=True).frozen_ahead == []


def test_a_month_end_begins_where_the_last_month_ended(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, cadence=("monthly", "31", "08:00", "UTC"))
    clock.set("2026-12-31 08:00")
    bring(newsletter, 100, 3)
    assert newsletter.send().counts == {SENT: 1}
    clock.set("2027-01-31 08:00")
    bring(newsletter, 200, 3)
    newsletter.send()
    clock.set("2027-02-28 08:00")
    bring(newsletter, 300, 3)
    printing, _ = newsletter.issue("monthly-2027-02-28")
    assert len(printing.candidates) == 3


def test_what_is_due_goes_before_what_is_coming(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, cadence=("weekly", "sunday", "23:30", "UTC"))
    clock.set("2026-11-30 01:00")
    assert str(newsletter.preview(ADA).key) == "weekly-2026-11-29"
    (row,) = newsletter.send(now=True, dry_run=True).plan
    assert str(row[1]) == "weekly-2026-11-29"


def test_the_preview_is_of_the_coming_issue_once_something_is_in_it(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    clock.set("2026-11-27 08:00")
    newsletter.send()
    assert (str(newsletter.preview(ADA).key), newsletter.preview(ADA).draft) == ("weekly-2026-11-27", False)
    bring(newsletter, 100)
    assert (str(newsletter.preview(ADA).key), newsletter.preview(ADA).draft) == ("weekly-2026-12-04", True)


def test_what_was_fixed_is_told_also_when_the_server_is_down(
    tmp_path: Path, open_newsletter: Open, clock: Clock, run: Run
) -> None:
    clock.now = datetime.now(UTC)  # as the commands' own
    with mail_server() as server:
        newsletter = by_smtp(tmp_path, open_newsletter, server.port)
    dry = run("send", "--now", "--dry-run", "--project", tmp_path)
    assert "would be fixed now" in dry.err
    assert newsletter.frozen_issues() == []
    failed = run("send", "--now", "--project", tmp_path)
    assert (failed.status, "is fixed now" in failed.err, "cannot be reached" in failed.err) == (1, True, True)
    assert "1 composed waits for its turn." in run("send", "--dry-run", "--project", tmp_path).out


def test_an_old_pin_alone_does_not_bring_back_what_came_before(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, cadence=("daily", "", "08:00", "UTC"))
    clock.set("2026-11-23 08:00")
    newsletter.send()
    (newsletter.project / "issues").mkdir(exist_ok=True)
    (newsletter.project / "issues" / "daily-2026-11-24.md").write_text(
        '+++\npins = ["https://papers.example.org/0"]\n+++\n', "utf-8"
    )
    clock.set("2026-11-24 08:00")
    newsletter.send()
    first, second = (issue.up_to_entry for issue in reversed(newsletter.frozen_issues()))
    assert first <= second


def test_a_pin_of_two_issues_that_wait_for_the_server_reaches_a_reader_once(
    tmp_path: Path, open_newsletter: Open, clock: Clock
) -> None:
    with mail_server() as server:
        newsletter = by_smtp(tmp_path, open_newsletter, server.port)
    pinned = '+++\npins = ["https://papers.example.org/0"]\n+++\n'
    (tmp_path / "issues").mkdir(exist_ok=True)
    for week in ("2026-W48", "2026-W49"):
        (tmp_path / "issues" / f"{week}.md").write_text(pinned, "utf-8")
    for friday in ("2026-11-27 08:00", "2026-12-04 08:00"):
        clock.set(friday)
        bring(newsletter, 100 + clock.now.day * 10)
        with pytest.raises(TransportDown):
            newsletter.send()
    first, second = (
        {pick.title for pick in newsletter.preview(ADA, issue=f"weekly-{day}").picks}
        for day in ("2026-11-27", "2026-12-04")
    )
    assert any(title.startswith("Study 0 ") for title in first)
    assert first & second == set()


def test_a_date_that_is_nobodys_is_refused(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    with pytest.raises(IssueError, match="weekly on Fridays"):
        newsletter.preview(ADA, issue="weekly-2026-11-25")


def test_copies_that_did_not_leave_are_shown_with_the_servers_words(
    tmp_path: Path, open_newsletter: Open, run: Run
) -> None:
    with mail_server() as server:
        server.answers["RCPT"] = "550 5.1.1 nobody here by that name"
        newsletter = by_smtp(tmp_path, open_newsletter, server.port)
        assert newsletter.send(now=True).counts == {DeliveryState.FAILED: 1}
        again = newsletter.send(now=True)
    assert (again.already, dict(again.before)) == (0, {DeliveryState.FAILED: 1})
    (copy,) = newsletter.not_sent()
    assert (copy.address, copy.issue, copy.state) == (ADA, "weekly-2026-11-27", DeliveryState.FAILED)
    assert "nobody here by that name" in copy.why
    assert copy.next_try is None
    assert newsletter.not_sent("weekly-2026-12-04") == []
    shown = run("status", "--project", tmp_path)
    assert "nobody here by that name" in shown.out


def test_an_uncertain_copy_is_repeated_once_the_operator_says_so(tmp_path: Path, open_newsletter: Open) -> None:
    with mail_server() as server:
        newsletter = by_smtp(tmp_path, open_newsletter, server.port)
        server.answers["."] = [TAKE_AND_HANG_UP]
        assert newsletter.send(now=True).counts == {DeliveryState.UNCERTAIN: 1}
        assert +newsletter.send().counts == {}
        change_settings(tmp_path, 'transport = "smtp"', 'transport = "smtp"\non_uncertain = "resend"')
        assert open_newsletter().send().counts == {SENT: 1}
        assert server.accepted[-1].content == newsletter.preview(ADA).message


def by_smtp(project: Path, open_newsletter: Open, port: int) -> Newsletter:
    smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    make_project(project, f'\n[delivery]\ntransport = "smtp"\n{smtp}')
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter)
    return newsletter


def test_a_name_is_one_line_that_can_be_read(newsletter: Newsletter, tmp_path: Path) -> None:
    newsletter.subscribe(ADA, name="Eve\r\nBcc: x@example.org \udcff" + "e" * 5_000, interests=["robots"])
    name = newsletter.subscriber(ADA).name
    assert name.startswith("Eve Bcc: x@example.org e")
    assert len(name) == MAX_NAME
    newsletter.send(now=True)
    assert len(mails(tmp_path)) == 1


def test_a_base_url_in_any_script_becomes_one_that_mail_can_carry(tmp_path: Path) -> None:
    make_project(tmp_path)
    settings = tmp_path / "newsletter.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("https://news.example.org", "https://news-münchen.example/papers/"), "utf-8")
    assert load(tmp_path).base_url == "https://xn--news-mnchen-yhb.example/papers"
    settings.write_text(text.replace("https://news.example.org", "https://news.example.org/ä"), "utf-8")
    with pytest.raises(SettingsError, match="base_url"):
        load(tmp_path)


def test_a_stray_file_in_a_folder_is_skipped_when_it_is_added_too(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path)
    newsletter, folder = open_newsletter(), tmp_path / "pages"
    folder.mkdir()
    (folder / "README.md").write_text("Nothing to see.", "utf-8")
    with pytest.raises(SourceError, match=r"README\.md"):
        (folder / "notes.txt").write_text("Nothing here either.", "utf-8")
        newsletter.sources.add(SourceSettings(name="pages", location="pages"))
    write_entries(folder, [entry(1)])
    found = newsletter.sources.add(SourceSettings(name="pages", location="pages"))
    assert (len(found.entries), [skipped.what for skipped in found.skipped]) == (1, ["README.md", "notes.txt"])


def test_two_feeds_of_one_host_get_two_names(tmp_path: Path) -> None:
    from newsletter.entries.naming import name_for

    one = name_for("https://rss.example.org/rss/cs.AI", set())
    two = name_for("https://rss.example.org/rss/cs.CL", {one})
    assert (one, two) == ("rss.example.org", "rss.example.org cs.CL")
    assert name_for("https://rss.example.org/rss/cs.CL", {one, two}) == "rss.example.org 2"


def test_the_database_and_the_mails_are_nobody_elses_business(newsletter: Newsletter, tmp_path: Path) -> None:
    subscribe(newsletter)
    newsletter.send(now=True)
    files = [tmp_path / "newsletter.db", *(tmp_path / "outbox").iterdir()]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_who_is_tried_out_early_and_the_others_all_get_the_issue_once(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB)
    assert newsletter.send(now=True, to=ADA).counts == {SENT: 1}
    clock.set("2026-11-27 08:00")
    assert newsletter.send().counts == {SENT: 1}
    assert newsletter.send().already == 2
