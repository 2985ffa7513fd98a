"""What readers ask for once they are in: leaving, pausing, changing, voting."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from frontdesk import ADA, BOB, DAILY, FRIDAYS, MAIL, OP, PAGE, Desk, to
from mainline import bring

from newsletter.rendering.links import PATHS, Purpose
from subscribers import consent
from subscribers.errors import InvalidInterest, MoveNotAllowed
from subscribers.evidence import evidence_of
from subscribers.states import State
from subscribers.suppression import Reason

pytest_plugins = ("frontdesk_fixtures",)

LINKS = [purpose for purpose in Purpose if purpose is not Purpose.BOUNCE]


def token_of(desk: Desk, purpose: Purpose, subject: int = 0, address: str = ADA) -> str:
    signer = desk.readers._signer
    return signer.token(purpose, desk.person(address).id, subject)


# -- leaving, in force at once


def away(desk: Desk) -> None:
    desk.leave(desk.person())


def paused(desk: Desk) -> None:
    desk.readers.pause(desk.person(), None, words="", origin=PAGE)


def complained(desk: Desk) -> None:
    consent.suppress_person(desk.db, desk.person(), Reason.COMPLAINED, words="", origin=MAIL, now=desk.clock())


def erased(desk: Desk) -> None:
    desk.readers.erase(desk.person())


@pytest.mark.parametrize(
    ("stop", "waiting"),
    [(away, "queued"), (away, "deferred"), (paused, "queued"), (complained, "deferred"), (erased, "queued")],
)
def test_it_is_in_force_for_what_is_composed_and_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, stop: Callable[[Desk], None], waiting: str
) -> None:
    desk.reader(cadence=FRIDAYS)
    desk.reader(BOB, cadence=FRIDAYS)
    desk.compose(monkeypatch)
    if waiting == "deferred":
        desk.db.conn.execute("UPDATE deliveries SET state = 'deferred', attempts = 1 WHERE issue_id IS NOT NULL")
    stop(desk)
    desk.newsletter.send(now=True)
    assert [to(mail) for mail in desk.new_mails() if to(mail) != OP] == [BOB]
    # And nothing is received that was never sent.
    received = desk.db.conn.execute("SELECT DISTINCT subscriber_id FROM received").fetchall()
    assert received == [(desk.person(BOB).id,)]


def test_leaving_twice_and_by_any_way_is_leaving_once(desk: Desk) -> None:
    person = desk.reader()
    for _ in range(3):
        assert desk.leave(person).state is State.UNSUBSCRIBED
    left = [e.event for e in evidence_of(desk.db, person.id) if "unsubscribed" in e.event]
    assert left == ["active → unsubscribed"]
    assert desk.mails() == []


def test_leaving_can_be_taken_back_for_a_day(desk: Desk) -> None:
    person = desk.reader()
    desk.leave(person)
    desk.clock.forward(hours=24)
    assert desk.readers.stay(person, words="I want to stay", origin=PAGE).state is State.ACTIVE
    desk.leave(person)
    desk.clock.forward(hours=24, seconds=1)
    with pytest.raises(MoveNotAllowed):
        desk.readers.stay(person, words="I want to stay", origin=PAGE)


def test_why_somebody_left_is_kept_with_the_rest(desk: Desk) -> None:
    person = desk.leave(desk.reader())
    before = len(evidence_of(desk.db, person.id))
    desk.readers.say_why(person, "  \n", origin=PAGE)
    desk.readers.say_why(person, "Too often", origin=PAGE)
    (said,) = evidence_of(desk.db, person.id)[before:]
    assert (said.event, said.words) == ("said why they left", "Too often")


# -- pausing


def test_a_pause_ends_by_itself_and_issues_come_again(desk: Desk) -> None:
    desk.reader(cadence=DAILY)
    desk.clock.set("2026-11-23 12:00")
    paused = desk.readers.pause(desk.person(), date(2026, 11, 26), words="Pause", origin=PAGE)
    assert (paused.state, paused.paused_until) == (State.PAUSED, date(2026, 11, 26))
    came = []
    for day in range(24, 29):
        desk.clock.set(f"2026-11-{day} 12:00")  # in Tokyo it is nine in the evening, and 06:30 was due
        bring(desk.newsletter, 100 * day)
        desk.newsletter.tend()
        desk.newsletter.send()
        came += [day for mail in desk.new_mails() if "is through" not in mail["subject"]]
    assert came == [26, 27, 28]
    assert evidence_of(desk.db, paused.id)[-1].event == "paused → active"


# -- by a link


@pytest.mark.parametrize("purpose", LINKS)
def test_a_link_names_its_person_and_its_purpose_alone(desk: Desk, purpose: Purpose) -> None:
    person = desk.reader()
    token = token_of(desk, purpose, 7)
    found = desk.readers.by_link(token, purpose)
    assert found is not None
    claim, whose = found
    assert (whose, claim.purpose, claim.subject) == (person, purpose, 7)
    assert all(desk.readers.by_link(token, other) is None for other in PATHS if other is not purpose)
    assert desk.readers.by_link(token[:-1], purpose) is None
    assert desk.readers.by_link(token.swapcase(), purpose) is None


def test_a_link_of_who_is_erased_leads_nowhere(desk: Desk) -> None:
    desk.reader()
    token = token_of(desk, Purpose.PREFERENCES)
    desk.readers.erase(desk.person())
    assert desk.readers.by_link(token, Purpose.PREFERENCES) is None
    desk.reader()  # back, as another one
    assert desk.readers.by_link(token, Purpose.PREFERENCES) is None


def test_the_links_in_mails_verify(desk: Desk) -> None:
    person = desk.reader()
    purposes = {"preferences": Purpose.PREFERENCES, "leave": Purpose.LEAVE, "quiet": Purpose.ANNOUNCEMENTS}
    links = desk.readers.links(person)
    assert links.keys() == purposes.keys()
    for name, url in links.items():
        path, token = url.removeprefix("https://news.example.org/").split("/")
        assert path == PATHS[purposes[name]]
        assert desk.readers.by_link(token, purposes[name])


# -- changing


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": " Countess \r\n Lovelace "}, {"name": "Countess Lovelace"}),
        ({"name": ""}, {"name": ""}),
        ({"cadence": DAILY}, {"cadence": DAILY}),
        ({"announcements": False}, {"announcements": False}),
        ({"interests": []}, {"interests": ()}),
        ({}, {}),
    ],
)
def test_what_is_given_is_changed_and_nothing_else(desk: Desk, given: dict[str, Any], expected: dict[str, Any]) -> None:
    before = desk.reader(cadence=FRIDAYS)
    after = desk.readers.change(before, origin=PAGE, **given)
    for field in ("id", "address", "name", "state", "cadence", "interests", "confirmed_at", "announcements"):
        assert getattr(after, field) == expected.get(field, getattr(before, field))
    assert desk.person() == after


def test_of_a_wish_that_cannot_be_nothing_is_done(desk: Desk) -> None:
    before = desk.reader()
    with pytest.raises(InvalidInterest):
        desk.readers.change(before, origin=PAGE, name="Other", cadence=DAILY, interests=["fine", "…"])
    assert desk.person() == before


def test_announcements_off_and_on_is_evidence(desk: Desk) -> None:
    person = desk.reader()
    before = len(evidence_of(desk.db, person.id))
    for wanted in (False, False, True):
        person = desk.readers.change(person, origin=PAGE, announcements=wanted)
    events = [e.event for e in evidence_of(desk.db, person.id)[before:]]
    assert events == ["announcements off", "announcements on"]


# -- votes


def test_a_vote_is_for_an_entry_that_there_is(desk: Desk) -> None:
    person = desk.reader()
    for entry_id in (-1, 0, 1, 12, 13, 2**63 - 1, 2**63, 2**70):
        for value in (-1, 1):
            desk.readers.vote(person, entry_id, value)
            there = desk.readers.entry(entry_id) is not None
            assert there == (1 <= entry_id <= 12)
            assert not there or desk.readers.vote_of(person, entry_id) == value
    assert desk.db.conn.execute("SELECT entry_id FROM votes").fetchall() == [(1,), (12,)]


def test_the_last_vote_counts_and_is_nobody_elses(desk: Desk) -> None:
    ada, bob = desk.reader(), desk.reader(BOB)
    for value in (1, 1, -1, 0, 1):
        desk.readers.vote(ada, 3, value)
        assert desk.readers.vote_of(ada, 3) == value
    assert desk.readers.vote_of(bob, 3) == desk.readers.vote_of(ada, 4) == 0
    with pytest.raises(ValueError, match="1, -1 or 0"):
        desk.readers.vote(ada, 3, 2)


def test_the_next_issue_is_told_in_words(desk: Desk) -> None:
    assert desk.readers.first_issue(desk.reader(cadence=FRIDAYS)) == (
        "in a few minutes, and the one after it on Friday, 27 November"
    )
    assert desk.readers.first_issue(desk.reader(BOB, cadence=DAILY)) == "on Monday, 23 November"
