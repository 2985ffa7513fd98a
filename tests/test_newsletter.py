"""The main line: pull, subscribe, preview, send, and send again."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import mail_server
from newsroom import SETTINGS, Clock, entry, mails, make_project, parsed, recipients, write_entries

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import DeliveryError, IssueError, SettingsError, TemplateError, TransportDown
from newsletter.issues.issue import ReasonKind, Section
from subscribers.cadence import parse_cadence
from subscribers.errors import AlreadySubscribed, InvalidAddress, UnknownSubscriber
from subscribers.interests import Interest

ADA, BOB = "ada@example.org", "bob@example.org"
Open = Callable[..., Newsletter]
SENT, DROPPED = DeliveryState.SENT, DeliveryState.DROPPED


@pytest.fixture
def clock(now: datetime) -> Clock:
    """Stands at Sunday noon, until it is set."""
    return Clock(now)


@pytest.fixture
def open_newsletter(tmp_path: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Open]:
    """Opens the newsletter of the test's folder; all are closed at the end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Newsletter(tmp_path, clock=clock, embedder=embedder))


@pytest.fixture
def newsletter(tmp_path: Path, open_newsletter: Open) -> Newsletter:
    """Twelve entries are pulled, nobody is subscribed."""
    newsletter = (make_project(tmp_path), open_newsletter())[1]
    newsletter.pull()
    return newsletter


def subscribe(
    newsletter: Newsletter,
    address: str = ADA,
    interests: tuple[str, ...] = ("walking robots",),
    cadence: tuple[str, str, str, str] = ("weekly", "friday", "08:00", "UTC"),
) -> None:
    newsletter.subscribe(address, interests=interests, cadence=parse_cadence(*cadence))


def titles(message: bytes) -> set[str]:
    """The entries in a message, by the titles in its text part."""
    body = parsed(message).get_body(("plain",))
    assert body is not None
    return {line for line in body.get_content().splitlines() if line.startswith("Study ")}


def bring(newsletter: Newsletter, start: int, count: int = 8) -> None:
    write_entries(newsletter.project, [entry(n) for n in range(start, start + count)])
    newsletter.pull()


def rows(project: Path) -> dict[str, int]:
    """How many rows every table has."""
    db = sqlite3.connect(project / "newsletter.db")
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    db.close()
    return found


# -- pulling


def test_a_source_that_fails_stops_no_other(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, '\n[[sources]]\nname = "gone"\nlocation = "no-such-file.xml"\n')
    newsletter = open_newsletter()
    gone, papers = newsletter.pull()
    assert (gone.name, gone.new, papers.new, papers.error) == ("gone", 0, 12, None)
    assert gone.error is not None
    assert newsletter.count_entries() == 12
    found = newsletter.status().sources
    assert found["gone"][1] == gone.error
    assert found["papers"][1:] == (None, 12)


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
    with pytest.raises(IssueError, match="reads weekly, so daily-2026-11-27 is not theirs"):
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
        assert newsletter.status().deliveries == {"sending": 1}
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


def test_late_is_better_than_never_unless_it_is_too_late(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter, ADA)
    subscribe(newsletter, BOB, cadence=("weekly", "thursday", "08:00", "UTC"))
    clock.set("2026-11-28 12:00")  # 28 hours after Ada's, 52 after Bob's
    report = newsletter.send()
    assert report.counts == {SENT: 1}
    assert [row[0] for row in report.plan] == [ADA]


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
    assert found.sources == {"papers": (clock().isoformat(), None, 12)}
    assert [(str(key), at.isoformat(), readers) for key, (at, readers) in found.coming.items()] == [
        ("daily-2026-11-22", "2026-11-22T13:00:00+00:00", 1),
        ("weekly-2026-11-27", "2026-11-26T23:00:00+00:00", 2),
    ]


def test_the_evidence_of_consent_is_kept(newsletter: Newsletter) -> None:
    subscribe(newsletter)
    (line,) = newsletter.evidence(ADA)
    assert (line.origin, line.event) == ("operator", "subscribed and confirmed")
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
        newsletter.settings = newsletter.settings.model_copy(
            update={"smtp": newsletter.settings.smtp.model_copy(update={"port": told.port})}
        )
        assert newsletter.send().counts == {SENT: 5}
        assert {mail.recipients[0]: mail.content for mail in told.accepted} == composed


def test_a_password_is_in_no_mail_and_no_error(tmp_path: Path, open_newsletter: Open) -> None:
    smtp = '[smtp]\nhost = "127.0.0.1"\nsecurity = "none"\nusername = "us"\npassword = "hunter2"\n'
    make_project(tmp_path, f'\n[delivery]\ntransport = "smtp"\n{smtp}')
    newsletter = open_newsletter()
    with pytest.raises(SettingsError) as error:
        newsletter.send(now=True)
    assert "hunter2" not in f"{error.value} {newsletter.settings!r}"
