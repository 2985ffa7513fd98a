"""What is out: everybody's editions without a trace of any reader, and a reader's own copies, whole."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import WordEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mainline import ADA, BOB, Open, bring, subscribe
from newsroom import Clock, mails, make_project, parsed

from newsletter import Newsletter
from newsletter.back_issues import IN_FEED
from newsletter.delivery.sending import Run
from newsletter.rendering.links import PATHS, Purpose

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "analytical engines"


def html_of(raw: bytes) -> str:
    body = parsed(raw).get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def send_on(newsletter: Newsletter, clock: Clock, friday: str) -> None:
    """New entries on the day before, and what is due on that Friday."""
    clock.set(f"{friday} 08:00")
    clock.forward(days=-1)
    bring(newsletter, 100 * clock.now.toordinal() % 100_000)
    clock.forward(days=1, hours=1)
    newsletter.send()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """Two readers were sent the issue of 27 November. Made once."""
    project, clock = make_project(tmp_path_factory.mktemp("built")), Clock(NOON)
    with Newsletter(project, clock=clock, embedder=WordEmbedder()) as newsletter:
        newsletter.pull()
        newsletter.subscribe(ADA, name="Countess Lovelace", interests=["walking robots", SECRET])
        subscribe(newsletter, BOB, interests=())
        clock.set("2026-11-27 09:00")
        newsletter.send()
    assert len(mails(project)) == 2
    return project


@pytest.fixture
def sent(built: Path, tmp_path: Path, clock: Clock, open_newsletter: Open) -> Newsletter:
    """The test's own copy of it, an hour after they were sent it."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    clock.set("2026-11-27 10:00")
    return open_newsletter()


# -- the archive


def test_the_archive_lists_what_was_sent_the_newest_first(newsletter: Newsletter, clock: Clock) -> None:
    assert newsletter.back_issues.archive() == []
    subscribe(newsletter)
    for friday in ("2026-11-27", "2026-12-04", "2026-12-11"):
        send_on(newsletter, clock, friday)
    archive = newsletter.back_issues.archive()
    assert [str(issue.key) for issue in archive] == ["weekly-2026-12-11", "weekly-2026-12-04", "weekly-2026-11-27"]
    assert f"{archive[0].at:%Y-%m-%d %H:%M}" == "2026-12-11 09:00"
    assert all(issue.subject for issue in archive)


def test_what_is_made_and_went_to_nobody_is_not_out(newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:

    subscribe(newsletter)
    with monkeypatch.context() as patch:
        patch.setattr("newsletter.dispatching.deliver", lambda *_, **__: Run())
        newsletter.send(now=True)
    assert newsletter.frozen_issues()
    assert newsletter.back_issues.archive() == []
    assert newsletter.back_issues.edition("weekly-2026-11-27") is None
    assert newsletter.back_issues.copies(newsletter.subscriber(ADA).id) == []
    newsletter.send(now=True)
    assert len(newsletter.back_issues.archive()) == 1


def test_everybodys_edition_holds_nothing_of_any_reader(sent: Newsletter) -> None:
    edition = sent.back_issues.edition("weekly-2026-11-27")
    assert edition is not None
    assert (str(edition.issue.key), edition.date) == ("weekly-2026-11-27", "Friday, 27 November")
    assert len(edition.entries) == 7
    said = repr(edition)
    for trace in (SECRET, "Lovelace", "example.org/u/", ADA, BOB, *(f"example.org/{path}/" for path in PATHS.values())):
        assert trace not in said
    for shown in edition.entries:
        assert shown.card.title.startswith("Study ")
        assert shown.sentence
        assert shown.sentence not in shown.rest


def test_it_is_the_edition_of_who_follows_nothing(sent: Newsletter) -> None:
    edition = sent.back_issues.edition("weekly-2026-11-27")
    (bobs,) = [raw for raw in mails(sent.project) if f"To: {BOB}".encode() in raw]
    assert edition is not None
    titles = [shown.card.title for shown in edition.entries]
    # In the same order; before them the mail may name one in its first line.
    places = [html_of(bobs).rindex(title) for title in titles]
    assert places == sorted(places)


def test_an_edition_stays_as_it_was_whatever_is_pulled_later(sent: Newsletter, clock: Clock) -> None:
    before = sent.back_issues.edition("weekly-2026-11-27")
    bring(sent, 300)
    send_on(sent, clock, "2026-12-04")
    assert sent.back_issues.edition("weekly-2026-11-27") == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=40)
    | st.sampled_from(["weekly-2026-11-28", "daily-2026-11-27", "weekly-2026-13-01", "../weekly-2026-11-27"])
    | st.sampled_from(["WEEKLY-2026-11-27", "weekly-2026-11-27 ", "weekly-२०२६-११-२७", "weekly-2026-11-27\0", ""])
)
def test_no_other_name_is_an_issue(sent: Newsletter, name: str) -> None:
    if name.strip() != "weekly-2026-11-27":
        assert sent.back_issues.edition(name) is None


# -- a reader's own copies


def test_an_own_copy_is_the_mail_that_was_sent(sent: Newsletter) -> None:
    person = sent.subscriber(ADA)
    (copy,) = sent.back_issues.copies(person.id)
    (mail,) = [raw for raw in mails(sent.project) if f"<{ADA}>".encode() in raw]
    assert copy == sent.back_issues.copy(person.id, copy.issue.id)
    assert copy.html.encode("ascii", "xmlcharrefreplace").decode().strip() == html_of(mail).strip()
    assert copy.issue.subject == parsed(mail)["subject"]
    assert all(title in copy.html for title in copy.titles)
    for purpose in (Purpose.LEAVE, Purpose.PREFERENCES, Purpose.MORE):
        assert f"https://news.example.org/{PATHS[purpose]}/" in copy.html


def test_it_is_shown_to_nobody_else_and_not_after_an_erasure(sent: Newsletter) -> None:
    ada, bob = sent.subscriber(ADA), sent.subscriber(BOB)
    (issue,) = sent.back_issues.archive()
    for subscriber_id, issue_id in ((bob.id, 99), (99, issue.id), (0, issue.id), (-1, -1)):
        assert sent.back_issues.copy(subscriber_id, issue_id) is None
    mine, theirs = (sent.back_issues.copy(one.id, issue.id) for one in (ada, bob))
    assert mine is not None
    assert theirs is not None
    assert "Lovelace" not in theirs.html
    sent.readers.erase(ada)
    assert sent.back_issues.copy(ada.id, issue.id) is None
    assert sent.back_issues.copies(ada.id) == []


def test_who_has_left_can_still_look_at_what_they_had(sent: Newsletter) -> None:
    from subscribers.evidence import Origin

    person = sent.readers.leave(sent.subscriber(ADA), words="", origin=Origin("page"))
    assert len(sent.back_issues.copies(person.id)) == 1


def test_the_feed_holds_the_last_ones(newsletter: Newsletter, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert IN_FEED == 10
    monkeypatch.setattr("newsletter.back_issues.IN_FEED", 3)
    subscribe(newsletter, cadence=("daily", "", "08:00", "UTC"))
    for day in range(23, 28):
        send_on(newsletter, clock, f"2026-11-{day}")
    copies = newsletter.back_issues.copies(newsletter.subscriber(ADA).id)
    assert [copy.issue.key.due.day for copy in copies] == [27, 26, 25]


def test_a_copy_is_whole_also_where_the_mail_was_not(newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(newsletter, interests=())
    monkeypatch.setattr("newsletter.rendering.edition.MOST_HTML", 22_000)  # as if the cards were long
    newsletter.send(now=True)
    (raw,) = mails(newsletter.project)
    (copy,) = newsletter.back_issues.copies(newsletter.subscriber(ADA).id)
    missing = [title for title in copy.titles if title not in html_of(raw)]
    assert len(copy.titles) == 7
    assert 0 < len(missing) < 7
    assert "too long for a mail" in html_of(raw)
    assert all(title in copy.html for title in copy.titles)
    assert "too long for a mail" not in copy.html


def test_a_template_that_is_edited_later_changes_no_copy(sent: Newsletter, open_newsletter: Open) -> None:
    person = sent.subscriber(ADA)
    before = sent.back_issues.copies(person.id)
    own = sent.project / "templates" / "issue"
    own.mkdir(parents=True)
    (own / "greeting.html").write_text("Something else")
    again = open_newsletter()
    assert again.back_issues.copies(person.id) == before
