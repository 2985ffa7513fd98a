"""Notices in the ledger: each once, before issues, asked about consent when they leave, and forgotten then."""

from datetime import datetime, timedelta

import pytest
from postbox import ADA, BOB, PAGE, add_copy, claim, kept_words, notice, person_in, step, whys
from sqlite_utils import Database

from newsletter.delivery import claiming, ledger, records
from newsletter.delivery.notices import PATIENCE, PATIENT, USEFUL, NoticeKind, why_not
from newsletter.delivery.outcomes import Deferred, DeliveryState, Outcome, Refused, Sent, Unknown
from newsletter.store import SENDING, switch
from subscribers import consent, people
from subscribers.confirmations import PRIVATE_LASTS
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason

SECOND, NONE = timedelta(seconds=1), timedelta(0)
#: Who may get a notice of that kind, as a person would say it; the others go to whomever they were written for.
MAY = {
    NoticeKind.CONFIRMATION: {State.PENDING, State.UNSUBSCRIBED, State.SUPPRESSED},
    NoticeKind.REMINDER: {State.PENDING},
    NoticeKind.ALREADY: {State.ACTIVE, State.PAUSED},
    NoticeKind.ANNOUNCEMENT: {State.ACTIVE, State.PAUSED},
}


@pytest.mark.parametrize("state", State)
def test_who_gets_which_notice(store: Database, now: datetime, state: State) -> None:
    person = person_in(store, now, state)
    for kind in NoticeKind:
        assert (why_not(kind, person, person.id, NONE) == "") is (state in MAY.get(kind, set(State)))
        ledger.post(store, notice(kind, key=kind, person=person.id), now)
    assert {claimed.delivery.notice for claimed in claim(store, now)} == {
        kind for kind in NoticeKind if state in MAY.get(kind, set(State))
    }
    refused = [(why, words) for state_, why, words in rows(store) if state_ == "dropped"]
    assert set(refused) <= {(f"this person is {state} now", "")}


def rows(db: Database) -> list[tuple[str, str, str]]:
    """State, reason and words of every delivery."""
    return db.conn.execute("SELECT state, why, recipe FROM deliveries ORDER BY id").fetchall()


def test_nobody_gets_a_notice_who_was_erased_meanwhile(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.ACTIVE)
    for kind in NoticeKind:
        ledger.post(store, notice(kind, key=kind, person=person.id), now)
    people.erase(store, ADA, now=now)
    assert claim(store, now) == []
    assert set(rows(store)) == {("dropped", "this person is not known any more", "")}


def test_what_needs_no_reader_may_go_to_somebody_whom_we_do_not_keep(store: Database, now: datetime) -> None:
    for kind in NoticeKind:
        ledger.post(store, notice(kind, key=kind, to="operator@example.org"), now)
    assert {(c.delivery.notice, c.reader) for c in claim(store, now)} == {(k, None) for k in NoticeKind if k not in MAY}


def test_who_wants_no_announcements_gets_none_and_issues_go_on(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.ACTIVE)
    ledger.post(store, notice(NoticeKind.ANNOUNCEMENT, person=person.id), now)
    add_copy(store, person, now)
    people.update(store, person.id, announcements=False, now=now)
    (claimed,) = claim(store, now)
    assert claimed.delivery.notice is None
    assert whys(store)[0] == ("dropped", "this person wants no announcements")


def test_consent_is_asked_again_for_what_was_put_off(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.PENDING)
    ledger.post(store, notice(NoticeKind.CONFIRMATION, person=person.id), now)
    (claimed,) = claim(store, now)
    end(store, claimed.delivery.id, Deferred("450 later", timedelta(minutes=15)), now)
    consent.change_state(store, person, State.ACTIVE, origin=PAGE, words="", now=now)
    assert claim(store, now + timedelta(minutes=15)) == []
    assert whys(store) == [("dropped", "this person is active now")]


def test_who_complained_meanwhile_is_not_asked_again(store: Database, now: datetime) -> None:
    """Of two requests the mail about the first one was reported as unwanted, and the second one still waits."""
    person = person_in(store, now, State.PENDING)
    ledger.post(store, notice(NoticeKind.CONFIRMATION, person=person.id), now)
    consent.suppress_person(store, person, Reason.COMPLAINED, words="", origin=Origin("mail"), now=now)
    assert claim(store, now) == []


# -- once


def test_what_it_is_about_is_mailed_once(store: Database, now: datetime) -> None:
    assert ledger.post(store, notice(key="answer <1@x>"), now)
    assert not ledger.post(store, notice(key="answer <1@x>", text="other words"), now)
    assert ledger.post(store, notice(key="answer <2@x>"), now)
    assert len(claim(store, now)) == 2
    assert "other words" not in kept_words(store)


def test_nor_is_it_mailed_again_when_it_is_over(store: Database, now: datetime) -> None:
    outcomes: list[Outcome] = [Sent(), Refused("550"), Unknown("?"), Deferred("450", timedelta(minutes=1))]
    for n, _ in enumerate(outcomes):
        ledger.post(store, notice(key=f"{n}"), now)
    for claimed, outcome in zip(claim(store, now), outcomes, strict=True):
        end(store, claimed.delivery.id, outcome, now)
    assert not any(ledger.post(store, notice(key=f"{n}"), now) for n, _ in enumerate(outcomes))
    # Put off is not over.
    assert [claimed.delivery.id for claimed in claim(store, now + timedelta(minutes=2))] == [4]


def end(db: Database, delivery_id: int, outcome: Outcome, now: datetime) -> None:
    assert step(db, "w1", None, delivery_id, now)
    step(db, "w1", (delivery_id, outcome), None, now)


def test_a_reader_gets_as_many_notices_as_there_are(store: Database, now: datetime) -> None:
    """An issue is one for a reader and period; a notice has neither."""
    person = person_in(store, now, State.ACTIVE)
    for n in range(3):
        assert ledger.post(store, notice(key=f"{n}", person=person.id), now)
    assert len(claim(store, now)) == 3


# -- before issues


def test_notices_go_before_issues_however_long_those_have_waited(store: Database, now: datetime) -> None:
    add_copy(store, person_in(store, now, State.ACTIVE), now - timedelta(hours=9))
    for n in range(3):
        ledger.post(store, notice(key=f"{n}"), now - n * SECOND)
    order = [(claimed.delivery.notice, claimed.delivery.id) for claimed in claim(store, now)]
    assert order == [(NoticeKind.ANSWER, 4), (NoticeKind.ANSWER, 3), (NoticeKind.ANSWER, 2), (None, 1)]


def test_a_batch_full_of_notices_holds_no_issue_and_the_next_one_does(store: Database, now: datetime) -> None:
    add_copy(store, person_in(store, now, State.ACTIVE), now)
    for n in range(claiming.LEAST):
        ledger.post(store, notice(key=f"{n}"), now)
    assert {claimed.delivery.notice for claimed in claim(store, now)} == {NoticeKind.ANSWER}
    assert [claimed.delivery.notice for claimed in claim(store, now)] == [None]


def test_notices_alone(store: Database, now: datetime) -> None:
    add_copy(store, person_in(store, now, State.ACTIVE), now)
    ledger.post(store, notice(), now)
    assert [claimed.delivery.notice for claimed in claim(store, now, notices_only=True)] == [NoticeKind.ANSWER]
    assert claim(store, now, notices_only=True) == []


def test_sending_to_one_reader_sends_nobody_elses_notices(store: Database, now: datetime) -> None:
    ada, bob = person_in(store, now, State.ACTIVE), person_in(store, now, State.ACTIVE, BOB)
    for key, person in (("a", ada.id), ("b", bob.id), ("c", None)):
        ledger.post(store, notice(key=key, person=person), now)
    assert [claimed.delivery.subscriber_id for claimed in claim(store, now, only=bob.id)] == [bob.id]


def test_nothing_leaves_while_sending_is_switched_off(store: Database, now: datetime) -> None:
    ledger.post(store, notice(), now)
    switch(store, SENDING, off=True, why="a restored copy", now=now)
    assert claim(store, now) == []
    assert records.count_by_state(store) == {"queued": 1}
    switch(store, SENDING, off=False, why="", now=now)
    assert len(claim(store, now)) == 1


def test_a_notice_for_later_waits(store: Database, now: datetime) -> None:
    ledger.post(store, notice(), now, due_at=now + SECOND)
    assert claim(store, now) == []
    assert len(claim(store, now + SECOND)) == 1


# -- too late


def test_what_would_come_too_late_does_not_come(now: datetime) -> None:
    """A confirmation's link is good for three days; what somebody wrote to the operator is no worse after a week."""
    limits = {NoticeKind.PRIVATE: PRIVATE_LASTS} | dict.fromkeys(PATIENT, PATIENCE)
    for kind in NoticeKind.ANSWER, NoticeKind.PRIVATE, NoticeKind.ADDRESS, NoticeKind.FORWARDED, NoticeKind.ALARM:
        limit = limits.get(kind, USEFUL)
        assert why_not(kind, None, None, limit) == ""
        assert why_not(kind, None, None, limit + SECOND) == "it is too late for it"


def test_late_is_from_when_it_was_first_tried(store: Database, now: datetime) -> None:
    ledger.post(store, notice(), now)
    (claimed,) = claim(store, now)
    end(store, claimed.delivery.id, Deferred("450", USEFUL + SECOND), now)
    assert claim(store, now + USEFUL + SECOND) == []
    assert whys(store) == [("dropped", "it is too late for it")]
    assert kept_words(store) == ""


def test_a_letter_to_the_operator_outlives_a_long_weekend_without_a_mail_server(store: Database, now: datetime) -> None:
    ledger.post(store, notice(NoticeKind.FORWARDED), now)
    assert len(claim(store, now + timedelta(days=5))) == 1


# -- its words


def test_a_notices_words_are_forgotten_when_it_is_over(store: Database, now: datetime) -> None:
    outcomes: dict[Outcome, bool] = {Sent(): False, Refused("554"): False, Deferred("450"): True, Unknown("?"): True}
    for n, _ in enumerate(outcomes):
        ledger.post(store, notice(key=f"{n}"), now)
    for claimed, outcome in zip(claim(store, now), outcomes, strict=True):
        end(store, claimed.delivery.id, outcome, now)
    assert ["Secret" in words for _, _, words in rows(store)] == list(outcomes.values())


def test_what_is_repeated_is_the_same_bytes(store: Database, now: datetime) -> None:
    ledger.post(store, notice(), now)
    sent = []
    for minutes in (0, 20, 300):
        at = now + timedelta(minutes=minutes)
        (claimed,) = claim(store, at)
        assert claimed.delivery.letter
        sent.append(claimed.delivery.letter.message(claimed.delivery.date_at(at)))
        end(store, claimed.delivery.id, Deferred("450", timedelta(minutes=1)), at)
    assert sent[0] == sent[1] == sent[2]


def test_after_a_crash_an_unbegun_notice_waits_again_and_a_begun_one_is_uncertain(
    store: Database, now: datetime
) -> None:
    for key in "ab":
        ledger.post(store, notice(key=key), now)
    begun, _ = claim(store, now)
    assert step(store, "w1", None, begun.delivery.id, now)
    assert ledger.recover(store, lambda _: True, now, repeat=False) == 1
    assert records.count_by_state(store) == {"queued": 1, "uncertain": 1}
    assert [claimed.delivery.id for claimed in claim(store, now)] != [begun.delivery.id]
    assert ledger.recover(store, lambda _: True, now, repeat=True) == 0
    assert {claimed.delivery.id for claimed in claim(store, now)} >= {begun.delivery.id}


def test_what_is_dropped_is_no_copy_that_was_not_sent(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.UNSUBSCRIBED)
    ledger.post(store, notice(NoticeKind.ANNOUNCEMENT, person=person.id), now)
    claim(store, now)
    assert records.not_sent(store) == []
    assert records.find(store, 1).state is DeliveryState.DROPPED
    assert records.counts_before(store, [person.id]) == {}
