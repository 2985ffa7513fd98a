"""Mail that comes back: counted against who is dead, never against who is full, busy or minds us."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import MailServer, mail_server
from mainline import bring
from newsroom import Clock, make_project
from postbox import ADA, BOB, PAGE, add_copy, claim, notice, person_in, step
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.delivery import ledger, records
from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.outcomes import Refused
from newsletter.delivery.returns import came_back
from newsletter.delivery.verdicts import Verdict
from newsletter.readers.mails import Thread
from newsletter.rendering.links import Purpose, verify_detail
from newsletter.rendering.store import load_keys
from subscribers import bounces, consent, people
from subscribers.cadence import parse_cadence
from subscribers.evidence import Origin, evidence_of
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
SERVER = """
[mailbox]
receive = "command"

[delivery]
transport = "smtp"

[smtp]
host = "127.0.0.1"
security = "none"
port = {port}
"""


def state_of(db: Database, address: str = ADA) -> State:
    return people.get(db, address).state


def test_a_weekly_reader_whose_address_is_dead_is_given_up_at_the_second_mail(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.ACTIVE)
    assert not came_back(store, person.id, "1", Verdict.HARD, "550 5.1.1 no such user", now)
    assert state_of(store) is State.ACTIVE
    assert came_back(store, person.id, "2", Verdict.HARD, "550 5.1.1 no such user", now + WEEK)
    assert (state_of(store), suppression_of(store, ADA)) == (State.SUPPRESSED, Reason.BOUNCED)
    last = evidence_of(store, person.id)[-1]
    assert (last.event, last.origin.how) == ("active → suppressed", "mail")
    assert "550 5.1.1 no such user" in last.words


def test_one_mail_counts_once_whether_refused_reported_or_both(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.ACTIVE)
    for _ in range(5):
        assert not came_back(store, person.id, "1", Verdict.HARD, "550", now)
    assert len(bounces.bounces_of(store, person.id)) == 1


def test_a_long_time_between_two_dead_mails_is_no_dead_address(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.ACTIVE)
    for n in range(4):
        came_back(store, person.id, f"{n}", Verdict.HARD, "550", now + n * 90 * DAY)
    assert state_of(store) is State.ACTIVE


@pytest.mark.parametrize("verdict", [Verdict.OURS, Verdict.DELAY, Verdict.NONE])
def test_what_is_no_ones_death_is_counted_against_nobody(store: Database, now: datetime, verdict: Verdict) -> None:
    person = person_in(store, now, State.ACTIVE)
    for n in range(50):
        assert not came_back(store, person.id, f"{n}", verdict, "554 5.7.1 we do not like you", now)
    assert bounces.bounces_of(store, person.id) == []
    assert state_of(store) is State.ACTIVE


@pytest.mark.parametrize("verdict", [Verdict.SOFT, Verdict.FULL])
def test_a_full_mailbox_is_given_up_after_two_months_of_weekly_mails(
    store: Database, now: datetime, verdict: Verdict
) -> None:
    person = person_in(store, now, State.ACTIVE)
    given_up = [came_back(store, person.id, f"{n}", verdict, "552 5.2.2", now + n * WEEK) for n in range(10)]
    assert given_up == [False] * 8 + [True, False]


def test_a_typed_address_that_does_not_exist_needs_one_mail(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.PENDING)
    assert not came_back(store, person.id, "1", Verdict.SOFT, "450", now)
    assert came_back(store, person.id, "2", Verdict.HARD, "550 5.1.1", now)
    assert state_of(store) is State.SUPPRESSED


@pytest.mark.parametrize("state", [State.PAUSED, State.UNSUBSCRIBED, State.SUPPRESSED])
def test_a_mail_may_come_back_long_after_it_was_sent(store: Database, now: datetime, state: State) -> None:
    """Whatever its reader is by then: they are never a reader by it, also not when the operator lifts it."""
    person = person_in(store, now, state)
    for n in range(3):
        came_back(store, person.id, f"{n}", Verdict.HARD, "550", now)
    assert state_of(store) is State.SUPPRESSED
    assert suppression_of(store, ADA) is Reason.BOUNCED
    lifted = consent.lift_suppression(store, person, words="", origin=Origin("operator"), now=now)
    assert lifted.state is (State.ACTIVE if state is State.SUPPRESSED else state)


def test_a_complaint_stays_one_when_mail_comes_back_too(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.ACTIVE)
    consent.suppress_person(store, person, Reason.COMPLAINED, words="", origin=PAGE, now=now)
    for n in range(3):
        assert not came_back(store, person.id, f"{n}", Verdict.HARD, "550", now)
    assert suppression_of(store, ADA) is Reason.COMPLAINED


def test_a_mail_of_nobody_or_of_who_is_erased_changes_nothing(store: Database, now: datetime) -> None:
    person = person_in(store, now, State.ACTIVE)
    people.erase(store, ADA, now=now)
    before = list(store.conn.iterdump())
    for subscriber_id in (person.id, 0, 999, 2**62):
        assert not came_back(store, subscriber_id, "1", Verdict.HARD, "550", now)
    assert list(store.conn.iterdump()) == before


def test_a_new_address_that_does_not_exist_is_not_held_against_the_old_one(store: Database, now: datetime) -> None:
    """Nor the farewell to an old one against the new one."""
    person = person_in(store, now, State.ACTIVE)
    for n in range(3):
        asked = notice(NoticeKind.ADDRESS, key=f"{n}", person=person.id, to=f"adda{n}@example.org")
        ledger.post(store, asked, now)
    for claimed in claim(store, now):
        assert step(store, "w1", None, claimed.delivery.id, now)
        step(store, "w1", (claimed.delivery.id, Refused("550 5.1.1 no such user")), None, now)
        came_back(store, person.id, str(claimed.delivery.id), Verdict.HARD, "550 5.1.1", now)
    assert bounces.bounces_of(store, person.id) == []
    assert state_of(store) is State.ACTIVE


# -- the answer of a mail server counts as a report does


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("550 5.1.1 User unknown", bounces.HARD),
        ("552 5.2.2 Mailbox full", bounces.SOFT),
        ("554 5.7.1 Message rejected as spam", 0),
        ("554 5.6.0 Message looks odd", 0),
    ],
)
def test_what_a_server_answers_is_weighed(store: Database, now: datetime, answer: str, score: float) -> None:
    add_copy(store, person_in(store, now, State.ACTIVE), now)
    ledger.post(store, notice(key="for nobody", to=BOB), now)
    for claimed in claim(store, now):
        assert step(store, "w1", None, claimed.delivery.id, now)
        step(store, "w1", (claimed.delivery.id, Refused(answer)), None, now)
    assert records.count_by_state(store) == {"failed": 2}
    assert bounces.score(bounces.bounces_of(store, people.get(store, ADA).id), now) == score


@pytest.fixture
def told(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server() as told:
        make_project(tmp_path, SERVER.format(port=told.port))
        yield told


@pytest.fixture
def smtp(told: MailServer, tmp_path: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Newsletter]:
    """A newsletter that sends by SMTP to the told server, with two daily readers."""
    with Newsletter(tmp_path, clock=clock, embedder=embedder) as newsletter:
        newsletter.pull()
        for address in (ADA, BOB):
            newsletter.subscribe(address, cadence=parse_cadence("daily", "", "08:00", "UTC"))
        yield newsletter


def refusing(answer: str) -> Callable[[str], str | None]:
    return lambda address: answer if address == ADA else None


def send_on(smtp: Newsletter, clock: Clock, day: int) -> None:
    """What is due on that day of November."""
    clock.set(f"2026-11-{day} 07:00")
    bring(smtp, 100 * day)
    clock.forward(hours=2)
    smtp.send()


def test_who_is_refused_twice_as_unknown_is_sent_nothing_more(smtp: Newsletter, told: MailServer, clock: Clock) -> None:
    told.on_recipient = refusing("550 5.1.1 User unknown")
    states = []
    for n in range(3):
        send_on(smtp, clock, 23 + n)
        states.append(smtp.subscriber(ADA).state)
    assert states == [State.ACTIVE, State.SUPPRESSED, State.SUPPRESSED]
    assert told.commands.count("MAIL") == 3 + 2  # three times Bob, twice Ada
    (shown,) = smtp.suppressions.all()
    assert (shown.subscriber.address, shown.reason, len(shown.bounces)) == (ADA, Reason.BOUNCED, 2)
    assert "550 5.1.1 User unknown" in shown.bounces[-1].why
    # Known to be good again, they get their next one.
    told.on_recipient = lambda address: None
    assert smtp.suppressions.lift(shown.subscriber, origin=Origin("operator")).state is State.ACTIVE
    send_on(smtp, clock, 26)
    assert [mail.recipients for mail in told.accepted][-2:] == [(ADA,), (BOB,)]


def test_who_minds_us_is_no_dead_reader(smtp: Newsletter, told: MailServer, clock: Clock) -> None:
    told.on_recipient = refusing("554 5.7.1 Service unavailable; client host blocked")
    for n in range(3):
        send_on(smtp, clock, 23 + n)
    assert smtp.subscriber(ADA).state is State.ACTIVE
    assert smtp.status().deliveries == {"sent": 3, "failed": 3}
    assert smtp.suppressions.all() == []


def test_every_mail_comes_back_to_its_own_address_and_an_answer_nowhere(smtp: Newsletter, told: MailServer) -> None:
    smtp.readers.request("new@example.org", words="", origin=Origin("page"))  # asked for on a page
    thread = Thread("<1@example.org>")
    smtp.readers.request("mail@example.org", words="", origin=Origin("mail"), thread=thread)  # the answer to a mail
    smtp.readers.post("alarm", NoticeKind.ALARM, "k", to="op@example.org", subject="s", lines=["l"], link="", label="")
    smtp.send(now=True)
    senders = {mail.recipients[0]: mail.sender for mail in told.accepted}
    assert senders["mail@example.org"] in ("", "<>")
    assert senders["op@example.org"] == "papers@news.example.org"
    for address in ("new@example.org", ADA, BOB):
        detail = re.fullmatch(r"papers\+b-([a-z2-7]+)@news\.example\.org", senders[address])
        assert detail
        claim_ = verify_detail(detail[1], Purpose.BOUNCE, load_keys(smtp.database))
        assert claim_
        assert claim_.subscriber_id == smtp.subscriber(address).id
    assert len(set(senders.values())) == 5
