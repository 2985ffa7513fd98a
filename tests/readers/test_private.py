"""What only one person may do: behind a link that is mailed to them, and a change of address behind one at the new."""

import json

import pytest
from frontdesk import ADA, BOB, DAILY, EVE, MAIL, PAGE, Desk, html_of, text_of, to, token_in

from newsletter.readers.desk import PER_ADDRESS, PER_NETWORK
from newsletter.readers.mails import Thread
from subscribers.errors import InvalidAddress, MoveNotAllowed, Suppressed, TooMany
from subscribers.evidence import Origin, evidence_of
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of

pytest_plugins = ("frontdesk_fixtures",)

NEW = "ada@new.example.org"


# -- a private link


def test_a_private_link_is_mailed_to_the_reader_and_good_for_an_hour(desk: Desk) -> None:
    person = desk.reader()
    desk.readers.send_private_link(person, origin=PAGE)
    (mail,) = desk.mails()
    assert to(mail) == ADA
    token = token_in(mail)
    for minutes, state in ((60, "open"), (1, "expired")):
        desk.clock.forward(minutes=minutes)
        pending = desk.readers.pending(token)
        assert pending is not None
        assert (pending.purpose, pending.state, pending.subscriber) == ("privacy", state, person)
    said = evidence_of(desk.db, person.id)[-1]
    assert (said.event, said.origin) == ("asked for what is kept", PAGE)


def test_whoever_finds_an_old_mail_cannot_fill_the_readers_inbox(desk: Desk) -> None:
    person = desk.reader()
    for n in range(9):
        desk.readers.send_private_link(person, origin=Origin("page", ip=f"203.0.113.{n}"))
    assert len(desk.mails()) == PER_ADDRESS


def test_the_answer_to_a_mail_goes_below_it(desk: Desk) -> None:
    person = desk.reader()
    desk.readers.send_private_link(person, origin=MAIL, thread=Thread("<7@example.org>"))
    (mail,) = desk.mails()
    assert (to(mail), mail["in-reply-to"], mail["auto-submitted"]) == (ADA, "<7@example.org>", "auto-replied")
    pending = desk.readers.pending(token_in(mail))
    assert pending is not None
    assert pending.purpose == "privacy"


# -- another address


def test_a_change_of_address_is_asked_about_at_the_new_one_and_told_at_the_old_one(desk: Desk) -> None:
    person = desk.reader(cadence=DAILY)
    desk.readers.change_address(person, "Ada@New.Example.ORG", origin=PAGE)
    (asked,) = desk.mails()
    assert to(asked) == "Ada@new.example.org"
    assert ADA not in text_of(asked) + html_of(asked) + str(asked["to"])
    assert desk.person() == person  # until it is confirmed
    token = token_in(asked)
    done = desk.confirm(token)
    assert done is not None
    assert (done.state, done.subscriber.id, done.subscriber.address) == ("done", person.id, "Ada@new.example.org")
    (told,) = desk.mails()
    assert to(told) == ADA
    assert ADA in text_of(told)
    assert "new.example" not in text_of(told)
    assert desk.confirm(token) == done  # again and again the same
    assert desk.mails() == []
    desk.newsletter.send(now=True)
    assert [to(mail) for mail in desk.new_mails()] == ["Ada@new.example.org"]


def test_of_two_changes_the_last_one_counts(desk: Desk) -> None:
    person = desk.reader()
    tokens = []
    for address in ("typo@new.example.org", NEW):
        desk.readers.change_address(person, address, origin=PAGE)
        tokens += [token_in(mail) for mail in desk.mails()]
    assert desk.readers.pending(tokens[0]) is None
    desk.confirm(tokens[1])
    assert desk.person(NEW).id == person.id


def test_the_new_one_says_that_it_is_not_theirs(desk: Desk) -> None:
    person = desk.reader()
    desk.readers.change_address(person, EVE, origin=PAGE)
    (mail,) = desk.mails()
    desk.readers.decline(token_in(mail))
    assert desk.readers.pending(token_in(mail)) is None
    assert desk.person() == person


@pytest.mark.parametrize("paused", [False, True])
def test_where_another_reader_is_nothing_is_done(desk: Desk, paused: bool) -> None:
    """And whether somebody is there is said to who has proved that the address is theirs, and to nobody else."""
    person, other = desk.reader(), desk.reader(BOB)
    if paused:
        other = desk.readers.pause(other, None, words="", origin=PAGE)
    desk.readers.change_address(person, BOB, origin=PAGE)
    (mail,) = desk.mails()
    before = desk.dump()
    for _ in range(2):
        with pytest.raises(MoveNotAllowed, match="subscribed already"):
            desk.confirm(token_in(mail))
    assert desk.dump() == before
    assert (desk.person(), desk.person(BOB)) == (person, other)


def test_of_who_makes_room_for_a_new_address_nothing_is_left(desk: Desk) -> None:
    person, other = desk.reader(), desk.reader(BOB)
    desk.newsletter.send(now=True)
    desk.readers.vote(other, 1, 1)
    desk.leave(other)
    desk.new_mails()
    desk.readers.change_address(person, BOB, origin=PAGE)
    (mail,) = desk.mails()
    desk.confirm(token_in(mail))
    assert desk.person(BOB).id == person.id
    for table in ("deliveries", "received", "votes"):
        left = desk.db.conn.execute(f"SELECT count(*) FROM {table} WHERE subscriber_id = ?", [other.id]).fetchone()
        assert left == (0,), table


def test_an_address_that_complained_is_not_mailed_and_one_that_bounced_is(desk: Desk) -> None:
    person = desk.reader()
    suppress(desk.db, EVE, Reason.COMPLAINED, desk.clock())
    suppress(desk.db, NEW, Reason.BOUNCED, desk.clock())
    desk.readers.change_address(person, EVE, origin=PAGE)
    assert desk.mails() == []
    desk.readers.change_address(person, NEW, origin=PAGE)
    (mail,) = desk.mails()
    desk.confirm(token_in(mail))
    assert suppression_of(desk.db, NEW) is None
    assert desk.person(NEW).state is State.ACTIVE


def test_a_complaint_between_asking_and_confirming_stands(desk: Desk) -> None:
    person = desk.reader()
    desk.readers.change_address(person, NEW, origin=PAGE)
    (mail,) = desk.mails()
    suppress(desk.db, NEW, Reason.COMPLAINED, desk.clock())
    with pytest.raises(Suppressed):
        desk.confirm(token_in(mail))
    assert desk.person() == person


def test_changes_of_address_bomb_nobody(desk: Desk) -> None:
    person = desk.reader()
    for _ in range(9):
        desk.readers.change_address(person, EVE, origin=Origin("page"))
    assert len(desk.mails()) == PER_ADDRESS
    with pytest.raises(TooMany):
        for n in range(PER_NETWORK + 1):
            desk.readers.change_address(person, f"r{n}@example.org", origin=PAGE)


def test_what_is_no_address_changes_nothing(desk: Desk) -> None:
    person = desk.reader()
    before = desk.dump()
    with pytest.raises(InvalidAddress):
        desk.readers.change_address(person, "ada@", origin=PAGE)
    assert desk.dump() == before


def test_a_change_of_address_expires_like_everything_else(desk: Desk) -> None:
    person = desk.reader()
    desk.readers.change_address(person, NEW, origin=PAGE)
    (mail,) = desk.mails()
    desk.clock.forward(days=3, seconds=1)
    pending = desk.confirm(token_in(mail))
    assert pending is not None
    assert pending.state == "expired"
    assert desk.person() == person


def test_an_export_gives_away_no_link_that_proves_a_mailbox(desk: Desk) -> None:
    """Who asks to move to somebody else's address could else confirm it without reading a mail there."""
    person = desk.reader()
    desk.readers.change_address(person, EVE, origin=PAGE)
    held = json.dumps(desk.readers.export(person))
    (mail,) = desk.mails()
    assert EVE in held
    assert token_in(mail) not in held


# -- no token that works is kept


def mailed_tokens(desk: Desk) -> list[str]:
    """Of two requests, a private link and a change of address, all mailed."""
    tokens = [desk.asked(), desk.asked()]
    desk.confirm(tokens[0])
    desk.readers.send_private_link(desk.person(), origin=PAGE)
    desk.readers.change_address(desk.person(), NEW, origin=PAGE)
    tokens += [token_in(mail) for mail in desk.mails()]
    assert len(set(tokens)) == 4
    return tokens


def test_no_table_holds_a_token_whose_mail_was_sent(desk: Desk) -> None:
    tokens = mailed_tokens(desk)
    held = "\n".join(desk.db.conn.iterdump())
    assert [token for token in tokens if token in held] == []


def test_no_byte_on_disk_holds_a_token_whose_mail_was_sent(desk: Desk) -> None:
    tokens = mailed_tokens(desk)
    desk.newsletter.tend()
    files = sorted(desk.folder.glob("newsletter.db*"))
    assert len(files) > 1  # the database, and what is not in it yet
    on_disk = b"".join(path.read_bytes() for path in files)
    assert b"ada@example.org" in on_disk
    assert [token for token in tokens if token.encode() in on_disk] == []
