"""What time brings: reminders, the end of pauses, oblivion, and a word to the operator."""

from datetime import date

import pytest
from frontdesk import ADA, BOB, DAILY, FRIDAYS, MAIL, OP, PAGE, Desk, text_of, to, token_in
from sqlite_utils import Database

from newsletter.delivery.returns import came_back
from newsletter.delivery.verdicts import Verdict
from newsletter.rendering.links import Purpose
from subscribers import bounces, confirmations, consent, limits, people
from subscribers.database import stored
from subscribers.evidence import evidence_of
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason

pytest_plugins = ("frontdesk_fixtures",)


def tend(desk: Desk) -> None:
    """Twice: that does no harm."""
    desk.newsletter.tend()
    once = desk.dump()
    desk.newsletter.tend()
    assert desk.dump() == once


def test_nothing_is_due_in_an_empty_house(desk: Desk) -> None:
    before = list(desk.db.conn.iterdump())
    tend(desk)
    assert list(desk.db.conn.iterdump()) == before


# -- reminders


def test_who_did_not_confirm_is_reminded_once_and_can_confirm_by_it(desk: Desk) -> None:
    desk.asked(cadence=DAILY)
    for hours, reminded in ((47, 0), (1, 1), (24, 0), (24 * 9, 0)):
        desk.clock.forward(hours=hours)
        tend(desk)
        found = desk.mails()
        assert len(found) == reminded
        if found:
            assert (to(found[0]), found[0]["subject"]) == (ADA, "Still want Paper Robots?")
            assert found[0]["auto-submitted"] == "auto-generated"
            token = token_in(found[0])
    pending = desk.readers.pending(token)
    assert pending is not None
    assert pending.state == "expired"  # that was ten days ago
    again = desk.asked()
    desk.confirm(again)
    assert desk.person().state is State.ACTIVE


def test_the_reminders_link_confirms_what_was_asked_for(desk: Desk) -> None:
    desk.asked(cadence=DAILY)
    desk.clock.forward(days=2)
    tend(desk)
    (mail,) = desk.mails()
    desk.clock.forward(days=3)
    done = desk.confirm(token_in(mail))
    assert done is not None
    assert (done.state, done.subscriber.cadence, done.subscriber.name) == ("done", DAILY, "Ada")


@pytest.mark.parametrize("answer", ["confirm", "decline", "leave"])
def test_who_answered_is_not_reminded(desk: Desk, answer: str) -> None:
    token = desk.asked()
    match answer:
        case "confirm":
            desk.confirm(token)
        case "decline":
            desk.readers.decline(token)
        case "leave":
            desk.leave(desk.person())
    desk.clock.forward(days=2)
    tend(desk)
    assert desk.mails() == []


def test_who_confirms_while_the_reminder_waits_does_not_get_it(desk: Desk) -> None:
    token = desk.asked()
    desk.clock.forward(days=2)
    tend(desk)
    desk.confirm(token)
    assert desk.mails() == []


def test_who_is_asked_by_the_operator_just_now_is_not_reminded_of_it_at_once(desk: Desk) -> None:
    person = desk.reader()
    consent.suppress_person(desk.db, person, Reason.COMPLAINED, words="", origin=MAIL, now=desk.clock())
    desk.clock.forward(days=90)
    desk.newsletter.suppressions.lift(desk.person(), origin=PAGE)
    tend(desk)
    assert [mail["subject"] for mail in desk.mails() if to(mail) == ADA] == ["Do you want Paper Robots?"]


# -- oblivion


def test_a_request_that_nobody_confirms_is_gone_after_a_month(desk: Desk) -> None:
    desk.asked()
    person = desk.person()
    desk.clock.forward(days=2)
    tend(desk)
    desk.mails()
    desk.clock.forward(days=30)
    tend(desk)
    assert desk.readers.find(ADA) is None
    assert rows_about(desk.db, person) == 0


def rows_about(db: Database, person: Subscriber) -> int:
    """In every table that there is."""
    count = 0
    for (table,) in db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if "subscriber_id" in {row[1] for row in db.conn.execute(f'PRAGMA table_info("{table}")')}:
            query = f'SELECT count(*) FROM "{table}" WHERE subscriber_id = ?'
            count += db.conn.execute(query, [person.id]).fetchone()[0]
    return count


def test_so_is_a_reader_of_before_who_was_asked_anew_and_is_silent(desk: Desk) -> None:
    """With what they voted and had in those days."""
    person = desk.reader()
    desk.newsletter.send(now=True)
    desk.readers.vote(person, 1, 1)
    consent.suppress_person(desk.db, person, Reason.COMPLAINED, words="", origin=MAIL, now=desk.clock())
    desk.newsletter.suppressions.lift(desk.person(), origin=PAGE)
    desk.clock.forward(days=30)
    tend(desk)
    assert desk.readers.find(ADA) is None
    assert rows_about(desk.db, person) == 0


def test_what_was_confirmed_or_counted_long_ago_is_forgotten(desk: Desk) -> None:
    token = desk.asked()
    desk.confirm(token)
    limits.allow(desk.db, "answer", ADA, desk.clock(), most=5)
    desk.db.conn.execute("INSERT INTO incoming VALUES (x'01', ?)", [stored(desk.clock())])
    kept = {}
    for days in (0, 1, 29, 31):
        desk.clock.forward(days=days)
        tend(desk)
        kept[days] = tuple(
            desk.db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("attempts", "confirmations", "incoming")
        )
    assert kept[0][1:] == (1, 1)
    assert kept[0][0] > 0
    assert kept[1] == (0, 1, 1)
    assert kept[29] == (0, 1, 1)
    assert kept[31] == (0, 0, 0)
    assert desk.person().state is State.ACTIVE


# -- pauses


def test_a_pause_ends_on_its_day_by_the_readers_calendar_and_says_so(desk: Desk) -> None:
    tokyo, utc = desk.reader(cadence=DAILY), desk.reader(BOB, cadence=FRIDAYS)
    for person in (tokyo, utc):
        desk.readers.pause(person, date(2026, 12, 1), words="", origin=PAGE)
    states = []
    for moment in ("2026-11-30 14:59", "2026-11-30 15:00", "2026-11-30 23:59", "2026-12-01 00:00"):
        desk.clock.set(moment)
        tend(desk)
        states.append((desk.person().state, desk.person(BOB).state))
    paused, active = State.PAUSED, State.ACTIVE
    assert states == [(paused, paused), (active, paused), (active, paused), (active, active)]
    last = evidence_of(desk.db, tokyo.id)[-1]
    assert (last.event, last.words, last.origin.how) == ("paused → active", "The pause is over.", "clock")


def test_who_leaves_or_pauses_longer_while_pauses_end_is_heard(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may change somebody between the look and the deed."""
    ada, bob = desk.reader(), desk.reader(BOB)
    for person in (ada, bob):
        desk.readers.pause(person, date(2026, 11, 23), words="", origin=PAGE)
    desk.clock.forward(days=3)
    looked = consent.pauses_over(desk.db, desk.clock())
    desk.leave(ada)
    desk.readers.pause(bob, date(2026, 12, 24), words="", origin=PAGE)
    monkeypatch.setattr(consent, "pauses_over", lambda *_: looked)
    desk.newsletter.tend()
    assert (desk.person().state, desk.person(BOB).state) == (State.UNSUBSCRIBED, State.PAUSED)


def test_who_answers_while_reminders_are_written_is_heard(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [desk.asked(address) for address in (ADA, BOB)]
    desk.clock.forward(days=2)
    looked = list(consent.to_remind(desk.db, desk.clock()))
    assert len(looked) == 2
    desk.confirm(tokens[0])
    desk.readers.decline(tokens[1])
    monkeypatch.setattr(consent, "to_remind", lambda *_: iter(looked))
    desk.newsletter.tend()
    assert desk.mails() == []
    assert confirmations.find(desk.db, tokens[1]) is None


# -- the operator


def give_up(desk: Desk, address: str, why: str = "550 5.1.1 User unknown") -> None:
    person = desk.reader(address, origin=MAIL)
    for mail in ("1", "2"):
        came_back(desk.db, person.id, mail, Verdict.HARD, why, desk.clock())
    assert desk.person(address).state is State.SUPPRESSED


def test_the_operator_is_told_once_a_day_who_gets_no_more_mail_and_why(desk: Desk) -> None:
    give_up(desk, ADA)
    tend(desk)
    (mail,) = desk.mails()
    assert (to(mail), mail["subject"]) == (OP, "Paper Robots: 1 address gets no more mail")
    said = " ".join(text_of(mail).split())
    assert "ada@example.org (bounced): 550 5.1.1 User unknown" in said
    link = f"https://news.example.org/lift/{desk.readers._signer.token(Purpose.SUPPRESSED, desk.person().id)}"
    assert link in said
    desk.clock.forward(hours=1)
    give_up(desk, BOB)
    tend(desk)
    assert desk.mails() == []  # not a second one today
    desk.clock.forward(hours=24)
    tend(desk)
    (mail,) = desk.mails()
    assert BOB in text_of(mail)
    desk.clock.forward(days=3)
    tend(desk)
    assert desk.mails() == []


def test_nobody_is_left_out_where_time_is_looked_at_once_a_day_only(desk: Desk) -> None:
    """A little later each day, and who is given up just after it."""
    told = ""
    for day in range(3):
        tend(desk)
        told += "".join(text_of(mail) for mail in desk.mails() if to(mail) == OP)
        desk.clock.forward(seconds=1)
        if day < 2:
            give_up(desk, f"r{day}@example.org")
        desk.clock.forward(days=1)
    assert all(f"r{day}@example.org" in told for day in range(2))


def test_a_complaint_is_told_as_one(desk: Desk) -> None:
    person = desk.reader()
    bounces.note(desk.db, person.id, "1", bounces.SOFT, "452 full", desk.clock())
    consent.suppress_person(desk.db, person, Reason.COMPLAINED, words="", origin=MAIL, now=desk.clock())
    tend(desk)
    (mail,) = desk.mails()
    assert "ada@example.org (complained): they reported our mail as unwanted" in " ".join(text_of(mail).split())
    assert "452" not in text_of(mail)


def test_many_are_not_all_named(desk: Desk) -> None:
    for n in range(23):
        give_up(desk, f"r{n:02}@example.org")
    tend(desk)
    (mail,) = [mail for mail in desk.mails() if to(mail) == OP]
    assert mail["subject"] == "Paper Robots: 23 addresses get no more mail"
    assert text_of(mail).count("/lift/") == 20
    assert "And 3 more" in text_of(mail)


def test_what_another_server_says_is_words_in_the_operators_mail(desk: Desk) -> None:
    give_up(desk, ADA, "550 [click](https://evil.example/) <b>now</b>\r\nBcc: x@evil.example\r\n# ")
    tend(desk)
    (mail,) = desk.mails()
    html = mail.get_body(("html",))
    assert html is not None
    assert "<b>" not in html.get_content()
    assert 'href="https://evil' not in html.get_content()
    assert mail["bcc"] is None


def test_who_came_in_by_a_list_and_was_never_asked_is_not_forgotten(desk: Desk) -> None:
    cadence = desk.newsletter.settings.cadence.cadence()
    people.insert(desk.db, ADA, State.PENDING, name="", cadence=cadence, now=desk.clock())
    desk.clock.forward(days=40)
    tend(desk)
    assert desk.person().state is State.PENDING
    desk.readers.ask_to_confirm(desk.person())
    desk.clock.forward(days=31)
    tend(desk)
    assert desk.readers.find(ADA) is None


def test_lifting_who_is_not_suppressed_mails_nobody(desk: Desk) -> None:
    desk.asked()
    for _ in range(3):
        assert desk.newsletter.suppressions.lift(desk.person(), origin=PAGE).state is State.PENDING
    assert desk.new_mails() == []
