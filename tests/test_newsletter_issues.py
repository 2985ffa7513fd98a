"""The main line: what is in an issue, what is refused, what only looks, and how it goes by SMTP."""

import json
import sqlite3
from pathlib import Path

import pytest
from mailserver import mail_server
from mainline import ADA, BOB, DROPPED, SENT, Open, bring, change_settings, rows, subscribe
from newsroom import SETTINGS, Clock, mails, make_project

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import DeliveryError, IssueError, SettingsError, TransportDown
from newsletter.issues.issue import ReasonKind, Section
from subscribers.errors import AlreadySubscribed, InvalidAddress, UnknownSubscriber
from subscribers.interests import Interest

# -- what is in it


def test_interests_that_change_count_for_the_next_issue(newsletter: Newsletter, clock: Clock, tmp_path: Path) -> None:
    subscribe(newsletter, interests=("walking robots", "not: satellites"))
    shown = newsletter.preview(ADA)
    assert all("satellites" not in pick.title for pick in shown.picks)
    newsletter.remove(ADA)
    subscribe(newsletter, interests=("forests and satellites", "not: robots"))
    shown = newsletter.preview(ADA)
    assert "satellites" in shown.picks[0].title
    assert all("robots" not in pick.title for pick in shown.picks)


def test_who_follows_nothing_gets_everybodys_edition_and_is_told_how_to_change_that(newsletter: Newsletter) -> None:
    subscribe(newsletter, interests=())
    shown = newsletter.preview(ADA)
    assert {pick.pick.reason for pick in shown.picks} == {ReasonKind.GENERAL}
    assert len(shown.picks) == 7
    assert newsletter.send(now=True).counts == {SENT: 1}


def test_no_entries_no_mail_and_the_reason_is_told(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, entries=0)
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter)
    with pytest.raises(IssueError, match=r"ada@example\.org gets no mail for weekly-2026-11-27: nothing has come in"):
        newsletter.preview(ADA)
    with pytest.raises(IssueError, match=r"There is nothing to show .*`newsletter pull`"):
        newsletter.preview()
    report = newsletter.send(now=True)
    assert [row[2:] for row in report.plan] == [(0, "nothing has come in since the issue before")]
    assert mails(tmp_path) == []


def test_an_empty_run_ahead_of_the_hour_leaves_the_issue_open(
    tmp_path: Path, open_newsletter: Open, clock: Clock
) -> None:
    make_project(tmp_path, entries=0)
    newsletter = open_newsletter()
    subscribe(newsletter)
    newsletter.send(now=True)
    bring(newsletter, 0)
    assert newsletter.send(now=True).counts == {SENT: 1}


def test_nothing_new_at_the_hour_is_written_down_once(tmp_path: Path, open_newsletter: Open, clock: Clock) -> None:
    make_project(tmp_path, entries=0)
    newsletter = open_newsletter()
    subscribe(newsletter)
    clock.set("2026-11-27 08:00")
    assert newsletter.send().counts == {DROPPED: 1}
    assert +newsletter.send().counts == {}
    assert newsletter.status().deliveries == {"dropped": 1}


def test_no_subscribers_is_no_trouble(newsletter: Newsletter, tmp_path: Path) -> None:
    report = newsletter.send(now=True)
    assert (report.counts, report.plan, report.already) == ({}, [], 0)
    assert newsletter.coming_issues() == {}


def test_the_editors_intro_and_pins_come_first_for_everybody(newsletter: Newsletter, tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "weekly-2026-11-27.md").write_text(
        '+++\npins = ["https://papers.example.org/3", "Study 9 of segmentation of brain tumours in scans"]\n+++\n'
        "Good morning! *Paper* <b>robots</b>.\n"
    )
    subscribe(newsletter)
    shown = newsletter.preview(ADA)
    assert [pick.title.split()[1] for pick in shown.picks[:2]] == ["3", "9"]
    assert [pick.pick.section for pick in shown.picks[:2]] == [Section.PINNED] * 2
    assert len({pick.title for pick in shown.picks}) == len(shown.picks)
    assert "<em>Paper</em>" in shown.html
    assert "Good morning! Paper" in shown.text or "Good morning! *Paper*" in shown.text
    assert "<b>robots</b>" not in shown.html
    newsletter.send(now=True)
    (tmp_path / "issues" / "weekly-2026-11-27.md").unlink()
    printing, _ = newsletter.issue("weekly-2026-11-27")
    assert len(printing.pins) == 2
    assert newsletter.preview(ADA).message == mails(tmp_path)[0]


def test_an_issue_that_is_nobodys_is_not_shown_as_one_to_come(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    with pytest.raises(IssueError, match=r"weekly-2026-11-28 is nobody's: .* Near are: weekly-2026-11-27\."):
        newsletter.issue("weekly-2026-11-28")


def test_an_editorial_for_the_week_is_for_all_its_issues(newsletter: Newsletter, tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2026-W48.md").write_text("A word to the week.")
    subscribe(newsletter, cadence=("weekly", "monday", "08:00", "UTC"))
    subscribe(newsletter, BOB)
    assert all("A word to the week." in newsletter.preview(address).text for address in (ADA, BOB))


@pytest.mark.parametrize("pin", ["arxiv:2510.99999", "No such title", "https://papers.example.org/999"])
def test_a_pin_that_is_not_stored_names_its_file_and_nothing_is_sent(
    newsletter: Newsletter, tmp_path: Path, pin: str
) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2026-W48.md").write_text(f"+++\npins = [{json.dumps(pin)}]\n+++\n")
    subscribe(newsletter)
    with pytest.raises(IssueError) as error:
        newsletter.send(now=True)
    assert "issues/2026-W48.md" in str(error.value)
    assert pin in str(error.value)
    assert mails(tmp_path) == []


# -- refusals


def test_without_a_postal_address_nothing_is_sent(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, settings=SETTINGS.replace("postal_address", "# postal_address"))
    newsletter = open_newsletter()
    newsletter.pull()
    subscribe(newsletter)
    assert "(no postal address set yet)" in newsletter.preview(ADA).text
    with pytest.raises(SettingsError, match="postal_address is not set in "):
        newsletter.send(now=True)
    assert rows(tmp_path)["deliveries"] == 0


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('address = "papers@example.com"', "address"),
        ('address = "papers@news.example.com"', "address"),
        ('base_url = "https://example.com"', "base_url"),
        ('base_url = "https://newsletter.example.com:8443/path"', "base_url"),
    ],
)
def test_an_example_is_no_sender_by_smtp(tmp_path: Path, open_newsletter: Open, line: str, name: str) -> None:
    settings = "\n".join(line if old.startswith(f"{name} =") else old for old in SETTINGS.splitlines())
    make_project(tmp_path, '\n[delivery]\ntransport = "smtp"\n[smtp]\nhost = "localhost"\n', settings=settings)
    with pytest.raises(SettingsError, match=f"{name} in .* is still an example"):
        open_newsletter().send(now=True)


def test_a_real_domain_that_only_ends_like_the_example_is_none(tmp_path: Path, open_newsletter: Open) -> None:
    settings = SETTINGS.replace("news.example.org", "counterexample.com")
    make_project(tmp_path, '\n[delivery]\ntransport = "smtp"\n[smtp]\nhost = "localhost"\n', settings=settings)
    assert open_newsletter().send(now=True).counts == {}


def test_somebody_who_may_not_be_mailed_is_told_as_such(newsletter: Newsletter, tmp_path: Path) -> None:
    subscribe(newsletter)
    db = sqlite3.connect(tmp_path / "newsletter.db")
    with db:
        db.execute("UPDATE subscribers SET state = 'paused'")
    db.close()
    with pytest.raises(DeliveryError, match=r"ada@example\.org is paused and gets no mail"):
        newsletter.send(now=True, to=ADA)
    assert newsletter.send(now=True).counts == {}


def test_nobody_is_added_twice_or_under_what_is_no_address(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    with pytest.raises(AlreadySubscribed):
        subscribe(newsletter, ADA.upper())
    with pytest.raises(InvalidAddress):
        subscribe(newsletter, "ada@example.org\r\nBcc: eve@example.org")


# -- looking without touching


def test_a_dry_run_writes_nothing_and_tells_who_would_get_what_and_why_not(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB, cadence=("daily", "", "08:00", "UTC"))
    newsletter.send(now=True, to=BOB)
    subscribe(newsletter, "cy@example.org")
    newsletter.preview(ADA)  # what is embedded is kept, and may be
    before, outbox = rows(tmp_path), mails(tmp_path)
    report = newsletter.send(now=True, dry_run=True)
    assert [(who, str(key), why) for who, key, _, why in report.plan] == [
        (ADA, "weekly-2026-11-27", ""),
        ("cy@example.org", "weekly-2026-11-27", ""),
    ]
    assert all(picks >= 3 for _, _, picks, _ in report.plan)
    assert (+report.counts, report.already) == ({}, 1)
    assert (rows(tmp_path), mails(tmp_path)) == (before, outbox)


def test_a_dry_run_tells_why_somebody_gets_nothing(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, entries=0)
    newsletter = open_newsletter()
    subscribe(newsletter)
    ((who, _, picks, why),) = newsletter.send(now=True, dry_run=True).plan
    assert (who, picks, why) == (ADA, 0, "nothing has come in since the issue before")


def test_removing_somebody_erases_them_everywhere(newsletter: Newsletter, tmp_path: Path) -> None:
    subscribe(newsletter, "secret.person@example.org", interests=("a very private interest",))
    newsletter.send(now=True)
    newsletter.remove("secret.person@example.org")
    with pytest.raises(UnknownSubscriber):
        newsletter.subscriber("secret.person@example.org")
    assert newsletter.status().deliveries == {}
    assert newsletter.status().subscribers == {}
    db = sqlite3.connect(tmp_path / "newsletter.db")
    text = "\n".join(line for line in db.iterdump())
    db.close()
    assert "secret.person" not in text
    assert "private interest" not in text


def test_status_tells_how_things_stand(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB, cadence=("weekly", "friday", "08:00", "Asia/Tokyo"))
    subscribe(newsletter, "cy@example.org", cadence=("daily", "", "13:00", "UTC"))
    newsletter.send(now=True, to=ADA)
    found = newsletter.status()
    assert (found.entries, found.subscribers, found.deliveries) == (12, {"active": 3}, {"sent": 1})
    assert [(pull.name, pull.pulled_at, pull.error, pull.entries) for pull in found.pulls] == [
        ("papers", clock(), None, 12)
    ]
    assert [(str(issue.key), str(issue.first_hour), issue.readers) for issue in found.ahead] == [
        ("daily-2026-11-22", "2026-11-22 13:00:00+00:00", 1),
        ("weekly-2026-11-27", "2026-11-26 23:00:00+00:00", 2),
    ]


def test_the_evidence_of_consent_is_kept(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    (line,) = newsletter.evidence(ADA)
    assert (line.origin.how, line.event) == ("operator", "subscribed and confirmed")
    assert newsletter.subscriber(ADA).interests == (Interest("walking robots"),)
    assert [person.address for person in newsletter.subscribers()] == [ADA]


# -- by SMTP


def test_by_smtp_the_server_gets_what_the_preview_shows(tmp_path: Path, open_newsletter: Open) -> None:
    with mail_server() as told:
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {told.port}\nsecurity = "none"\n'
        make_project(tmp_path, f'\n[delivery]\ntransport = "smtp"\n{smtp}')
        newsletter = open_newsletter()
        newsletter.pull()
        for n in range(5):
            subscribe(newsletter, f"r{n}@example.org")
        told.on_recipient = lambda address: "550 no such user" if address.startswith("r3") else None
        report = newsletter.send(now=True)
        assert report.counts == {SENT: 4, DeliveryState.FAILED: 1}
        assert told.connections == 1
        for mail in told.accepted:
            (recipient,) = mail.recipients
            assert mail.sender == "papers@news.example.org"
            assert mail.content == newsletter.preview(recipient).message
        assert +newsletter.send(now=True).counts == {}
        assert len(told.accepted) == 4


def test_when_the_server_is_down_everything_waits(tmp_path: Path, open_newsletter: Open) -> None:
    with mail_server() as told:
        port = told.port
    make_project(
        tmp_path, f'\n[delivery]\ntransport = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    )
    newsletter = open_newsletter()
    newsletter.pull()
    for n in range(5):
        subscribe(newsletter, f"r{n}@example.org")
    with pytest.raises(TransportDown, match=r"cannot be reached.*What is not sent stays queued"):
        newsletter.send(now=True)
    assert sum(newsletter.status().deliveries.values()) == 5
    composed = {f"r{n}@example.org": newsletter.preview(f"r{n}@example.org").message for n in range(5)}
    with mail_server() as told:
        change_settings(tmp_path, f"port = {port}", f"port = {told.port}")
        assert open_newsletter().send().counts == {SENT: 5}
        assert {mail.recipients[0]: mail.content for mail in told.accepted} == composed


def test_a_password_is_in_no_mail_and_no_error(tmp_path: Path, open_newsletter: Open) -> None:
    smtp = '[smtp]\nhost = "127.0.0.1"\nsecurity = "none"\nusername = "us"\npassword = "hunter2"\n'
    make_project(tmp_path, f'\n[delivery]\ntransport = "smtp"\n{smtp}')
    newsletter = open_newsletter()
    with pytest.raises(SettingsError) as error:
        newsletter.send(now=True)
    assert "hunter2" not in f"{error.value} {newsletter.settings!r}"
