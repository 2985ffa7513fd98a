"""How things stand: gathered in one look, from what really happened."""

import fcntl
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from ledgerbook import copies, made
from mainline import ADA, BOB, Open, subscribe
from newsroom import SETTINGS, Clock, make_project

from newsletter import Newsletter, ticks
from newsletter.cli.standing_words import verdict
from newsletter.delivery.outcomes import DeliveryState
from newsletter.issues import store as issues
from newsletter.issues.control import Word
from newsletter.issues.issue import IssueKey, IssueState
from newsletter.reports import Status
from newsletter.standing import standing
from newsletter.supervisor import LOCK, is_serving
from subscribers import consent
from subscribers.cadence import Frequency
from subscribers.evidence import Origin
from subscribers.suppression import Reason

FRIDAY = IssueKey(Frequency.WEEKLY, date(2026, 11, 27))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def look(newsletter: Newsletter) -> Status:
    return standing(
        newsletter.database,
        newsletter.settings,
        newsletter.sources.states(),
        newsletter.coming_issues(),
        newsletter._clock(),
        serving=is_serving(newsletter.project),
    )


def test_a_new_newsletter_has_nothing_to_tell(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path)
    found = look(open_newsletter())
    assert (found.entries, found.subscribers, found.ahead, found.behind, found.ticks) == (0, {}, (), (), {})
    assert (found.notices, found.suggestions, found.suppressed, found.serving) == (0, 0, (), False)
    (pull,) = found.pulls
    assert (pull.name, pull.pulled_at, pull.error, pull.entries) == ("papers", None, None, 0)


def test_settings_by_which_nothing_can_be_sent_are_told(tmp_path: Path, open_newsletter: Open) -> None:
    make_project(tmp_path, settings=SETTINGS.replace("postal_address", "# postal_address"))
    found = look(open_newsletter())
    assert verdict(found, datetime.now(UTC))[0].startswith("postal_address is not set in newsletter.toml, so nothing")


def test_sources_people_and_what_waits_are_told(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB)
    db = newsletter.database
    consent.suppress_person(
        db, newsletter.subscriber(BOB), Reason.COMPLAINED, words="", origin=Origin("mail"), now=clock()
    )
    copies(db, None, clock() - HOUR, 2, "queued")
    db.conn.execute(
        "INSERT INTO suggestions (url, why, named, state, at, changed_at) VALUES ('https://a.example/', '', 0, "
        "'waiting', '', ''), ('https://b.example/', '', 0, 'declined', '', '')"
    )
    ticks.ended(db, "tend", clock())
    with (newsletter.project / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = look(newsletter)
    (pull,) = found.pulls
    assert (pull.name, pull.pulled_at, pull.error, pull.entries) == ("papers", clock(), None, 12)
    assert found.subscribers == {"active": 1, "suppressed": 1}
    assert found.suppressed == ((BOB, "complained", clock()),)
    assert (found.notices, found.notices_since, found.suggestions) == (2, clock() - HOUR, 1)
    assert (list(found.ticks), found.serving) == (["tend"], True)
    clock.forward(days=8)
    assert look(newsletter).suppressed == ()


def test_a_coming_issue_has_its_cut_off_its_readers_and_the_operators_word(
    newsletter: Newsletter, clock: Clock
) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB, cadence=("weekly", "friday", "08:00", "Asia/Tokyo"))
    (issue,) = look(newsletter).ahead
    first = datetime(2026, 11, 26, 23, tzinfo=UTC)
    assert (issue.key, issue.state, issue.first_hour, issue.cut_off) == (FRIDAY, IssueState.OPEN, first, first - HOUR)
    assert (issue.readers, issue.frozen_at, issue.counts.total()) == (2, None, 0)
    for word, state in (
        (Word.HOLD, IssueState.HELD),
        (Word.SKIP, IssueState.SKIPPED),
        (Word.CANCEL, IssueState.CANCELLED),
        (Word.RELEASE, IssueState.OPEN),
    ):
        issues.say(newsletter.database, FRIDAY, word, clock())
        (issue,) = look(newsletter).ahead
        assert (issue.state, issue.frozen_at) == (state, None)


def test_what_became_of_copies_is_told_also_of_those_that_were_sent_ahead(newsletter: Newsletter, clock: Clock) -> None:
    subscribe(newsletter)
    subscribe(newsletter, BOB)
    newsletter.send(now=True, to=ADA)
    issue_id = issues.all_issues(newsletter.database)[0].id
    copies(newsletter.database, issue_id, clock(), 3, "failed", why="550 no")
    copies(newsletter.database, issue_id, clock() + 2 * HOUR, 1, "deferred", why="later")
    copies(newsletter.database, issue_id, clock(), 2, "dropped", why="nothing new")
    (issue,) = look(newsletter).ahead
    assert issue.key == FRIDAY
    assert issue.frozen_at == clock()
    assert issue.counts[DeliveryState.SENT] == 1
    assert issue.counts[DeliveryState.FAILED] == 3
    assert (issue.counts[DeliveryState.DEFERRED], issue.last_at) == (1, clock() + 2 * HOUR)
    assert issue.dropped == {"nothing new": 2}


def test_behind_us_are_the_issues_of_the_last_days_and_all_that_are_held(newsletter: Newsletter, clock: Clock) -> None:
    db, now = newsletter.database, clock()
    old, _ = made(db, "2026-11-13", now - 9 * DAY)
    copies(db, old, now - 9 * DAY, 1)
    late, late_key = made(db, "2026-11-20", now - 2 * DAY)
    copies(db, late, now - 2 * DAY, 4)
    copies(db, late, now - 2 * DAY, 1, "failed")
    held, held_key = made(
        db, "2026-10-30", now - 23 * DAY, state=IssueState.HELD, held_until=now + HOUR, frequency="monthly"
    )
    copies(db, held, now - 23 * DAY, 2, "queued")
    found = {issue.key: issue for issue in look(newsletter).behind}
    assert list(found) == [late_key, held_key]
    assert (found[late_key].counts[DeliveryState.SENT], found[late_key].counts[DeliveryState.FAILED]) == (4, 1)
    assert (found[held_key].held_until, found[held_key].counts[DeliveryState.QUEUED]) == (now + HOUR, 2)


@pytest.mark.parametrize("off", [True, False])
def test_what_stops_all_mail_is_told(tmp_path: Path, open_newsletter: Open, off: bool) -> None:
    make_project(tmp_path, "" if off else '[delivery]\nredirect_all_to = "me@example.org"\n')
    newsletter = open_newsletter()
    newsletter.switch_sending(off=off, why="a test")
    found = look(newsletter)
    assert (found.sending_off, found.rehearsal) == (("a test", "") if off else (None, "me@example.org"))
