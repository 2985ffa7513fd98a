"""What comes back: counted against its reader where our own token shows that it is genuine, and nowhere else."""

import pytest
from letters import letter
from mailroom import ADA, BOB, OP, OURS, Mailroom, text_of, to_whom
from reports import DEAD, DELAYED, EXPIRED, FULL, RELAYED, complaint, returned
from reports import OURS as ABOUT_US

from newsletter.rendering.links import Purpose
from subscribers.bounces import bounces_of
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

pytest_plugins = ("mailroom_fixtures",)


def weights(room: Mailroom, person: Subscriber) -> list[float]:
    return [bounce.weight for bounce in bounces_of(room.db, person.id)]


def came(room: Mailroom, raw: bytes, *, to: str = OURS) -> str:
    """A mail of a program's."""
    return room.take(raw, to=to, sender="")


def deliveries(room: Mailroom, address: str = ADA) -> list[int]:
    """The copies that somebody had."""
    person = room.person(address)
    rows = room.db.conn.execute("SELECT id FROM deliveries WHERE subscriber_id = ? ORDER BY id", [person.id])
    return [row[0] for row in rows]


# -- bounces


@pytest.mark.parametrize(
    ("fields", "weight"), [(DEAD, 3.0), (FULL, 1.0), (EXPIRED, 1.0), (DELAYED, None), (RELAYED, None), (ABOUT_US, None)]
)
@pytest.mark.parametrize("where", ["recipient", "original", "capitals"])
def test_a_report_with_our_token_counts_by_what_it_says(
    read_room: Mailroom, fields: str, weight: float | None, where: str
) -> None:
    person = read_room.person()
    address = read_room.bounce_address(person, deliveries(read_room)[0])
    if where == "original":
        came(read_room, returned(fields, original=f"Return-Path: <{address}>"))
    else:
        came(read_room, returned(fields), to=address.upper() if where == "capitals" else address)
    assert weights(read_room, person) == ([] if weight is None else [weight])
    assert read_room.state() is State.ACTIVE
    # The operator is told that the issue is out, and nothing of what came back.
    assert {to_whom(mail) for mail in read_room.new_mails() if "is through" not in mail["subject"]} <= {ADA, BOB}


def test_two_dead_mails_of_two_issues_are_the_end(read_room: Mailroom) -> None:
    person = read_room.person()
    first, second = deliveries(read_room)
    came(read_room, returned(number=1), to=read_room.bounce_address(person, first))
    assert read_room.state() is State.ACTIVE
    read_room.clock.forward(days=7)
    came(read_room, returned(number=2), to=read_room.bounce_address(person, second))
    assert (read_room.state(), suppression_of(read_room.db, ADA)) == (State.SUPPRESSED, Reason.BOUNCED)
    last = read_room.evidence()[-1]
    assert last.event == "active → suppressed"
    assert "2 mails came back; the last one said: smtp; 550 5.1.1 User unknown" in last.words
    read_room.newsletter.tend()
    assert [mail for mail in read_room.mails() if to_whom(mail) == OP and ADA in text_of(mail)]


def test_the_same_mail_counts_once_however_often_it_is_reported(read_room: Mailroom) -> None:
    person = read_room.person()
    address = read_room.bounce_address(person, deliveries(read_room)[0])
    for number in range(10):
        came(read_room, returned(number=number), to=address)
        came(read_room, returned(FULL, number=number), to=address)
    assert weights(read_room, person) == [3.0]
    assert read_room.state() is State.ACTIVE


def test_two_dead_mails_a_year_apart_are_no_end(read_room: Mailroom) -> None:
    person = read_room.person()
    first, second = deliveries(read_room)
    came(read_room, returned(number=1), to=read_room.bounce_address(person, first))
    read_room.clock.forward(days=365)
    came(read_room, returned(number=2), to=read_room.bounce_address(person, second))
    assert read_room.state() is State.ACTIVE


def test_a_report_without_a_genuine_token_counts_against_nobody(read_room: Mailroom) -> None:
    person = read_room.person()
    delivery = deliveries(read_room)[0]
    genuine = read_room.bounce_address(person, delivery)
    local, _, domain = genuine.partition("@")
    altered = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    other = f"papers+b-{read_room.signer.detail(Purpose.LEAVE, person.id)}@{domain}"
    forged = [OURS, altered, other, f"papers+b-@{domain}", f"papers+b-{'a' * 500}@{domain}", f"{local}@evil.example"]
    for number, address in enumerate(forged):
        said = came(read_room, returned(number=number, original=f"Return-Path: <{address}>\nTo: {ADA}"), to=address)
        assert said == "Nothing was done: the report names none of our mails."
    assert bounces_of(read_room.db, person.id) == []


def test_a_token_counts_against_its_own_reader_whoever_is_named_beside_it(read_room: Mailroom) -> None:
    """Somebody reports their own mail and names another as the one who failed."""
    address = read_room.bounce_address(read_room.person(BOB), deliveries(read_room, BOB)[0])
    fields = f"Original-Recipient: rfc822; {ADA}\n{DEAD}"
    came(read_room, returned(fields, original=f"To: {ADA}"), to=address)
    assert weights(read_room, read_room.person(BOB)) == [3.0]
    assert weights(read_room, read_room.person(ADA)) == []


def test_a_report_about_somebody_who_was_erased_does_nothing(read_room: Mailroom) -> None:
    address = read_room.bounce_address(read_room.person(), deliveries(read_room)[0])
    read_room.newsletter.remove(ADA)
    assert "names none of our mails" in came(read_room, returned(), to=address)
    assert read_room.rows("bounces") == {"bounces": []}
    read_room.reader()
    came(read_room, returned(number=2), to=address)
    assert read_room.rows("bounces") == {"bounces": []}


def test_a_dead_address_that_never_confirmed_is_given_up_at_once(room: Mailroom) -> None:
    room.told("subscribe")
    person = room.person()
    (delivery,) = deliveries(room)
    came(room, returned(), to=room.bounce_address(person, delivery))
    assert (room.state(), suppression_of(room.db, ADA)) == (State.SUPPRESSED, Reason.BOUNCED)


def test_words_of_a_server_that_knows_no_standard_count_too(read_room: Mailroom) -> None:
    person = read_room.person()
    raw = letter(
        "Sorry, I could not deliver your message.\n\n<ada@example.org>: 550 5.1.1 no such user here\n",
        From="MAILER-DAEMON@mx.example.org",
        Subject="failure notice",
    )
    came(read_room, raw, to=read_room.bounce_address(person, deliveries(read_room)[0]))
    assert weights(read_room, person) == [3.0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "Out of office", "Auto_Submitted": "auto-replied"},
        {"Subject": "Re: Robots are walking", "Auto_Submitted": "auto-replied (vacation)"},
        {"Subject": "Automatic reply: Robots are walking", "X_Auto_Response_Suppress": "All"},
        {"Subject": "Abwesenheitsnotiz", "Precedence": "bulk"},
    ],
)
def test_a_vacation_note_to_the_return_path_is_no_bounce(read_room: Mailroom, headers: dict[str, str]) -> None:
    person = read_room.person()
    raw = letter(
        "I am away until Monday, and answer your message then. If it cannot wait, write to bob@example.org.", **headers
    )
    said = came(read_room, raw, to=read_room.bounce_address(person, deliveries(read_room)[0]))
    assert said.startswith("Nothing was done")
    assert weights(read_room, person) == []


def test_what_a_server_holds_against_us_is_told_the_operator_once_a_day(read_room: Mailroom) -> None:
    read_room.new_mails()
    for address in (ADA, BOB):
        for number, delivery in enumerate(deliveries(read_room, address)):
            to = read_room.bounce_address(read_room.person(address), delivery)
            came(read_room, returned(ABOUT_US, number=number, From=f"MAILER-DAEMON@{number}.{address}"), to=to)
    (alarm,) = read_room.mails()
    assert (to_whom(alarm), alarm["Auto-Submitted"]) == (OP, "auto-generated")
    assert "rejected by policy" in text_of(alarm)
    assert weights(read_room, read_room.person()) == []
    read_room.clock.forward(days=1)
    came(read_room, returned(ABOUT_US, number=9), to=read_room.bounce_address(read_room.person(), 1))
    assert len(read_room.mails()) == 1


# -- complaints


def leaving(room: Mailroom, address: str = ADA) -> str:
    """The header by which somebody leaves."""
    token = room.signer.token(Purpose.LEAVE, room.person(address).id)
    return f"List-Unsubscribe: <https://news.example.org/u/{token}>, <mailto:{OURS}?subject=leave%20{token}>"


def test_a_complaint_with_our_token_suppresses_at_once_and_is_not_answered(read_room: Mailroom) -> None:
    read_room.new_mails()
    address = read_room.bounce_address(read_room.person(), deliveries(read_room)[0])
    came(read_room, complaint(f"Return-Path: <{address}>\n{leaving(read_room)}"))
    assert (read_room.state(), suppression_of(read_room.db, ADA)) == (State.SUPPRESSED, Reason.COMPLAINED)
    assert read_room.mails() == []
    read_room.newsletter.send(now=True)
    assert ADA not in {to_whom(mail) for mail in read_room.new_mails()}


def test_a_complaint_with_the_link_alone_only_leaves(read_room: Mailroom) -> None:
    """Who was forwarded the mail has that link too."""
    came(read_room, complaint(leaving(read_room)))
    assert (read_room.state(), suppression_of(read_room.db, ADA)) == (State.UNSUBSCRIBED, None)


def test_a_complaint_without_a_token_does_nothing(read_room: Mailroom) -> None:
    came(read_room, complaint(f"To: {ADA}\nList-Unsubscribe: <https://news.example.org/u/{'a' * 28}>"))
    assert read_room.state() is State.ACTIVE


@pytest.mark.parametrize("kind", ["auth-failure", "dmarc", "not-spam", "virus"])
def test_what_is_no_complaint_suppresses_nobody(read_room: Mailroom, kind: str) -> None:
    address = read_room.bounce_address(read_room.person(), deliveries(read_room)[0])
    came(read_room, complaint(f"Return-Path: <{address}>", kind=kind))
    assert read_room.state() is State.ACTIVE


# -- leaving by the address of List-Unsubscribe


def test_the_mailto_of_list_unsubscribe_leaves_at_once_and_quietly(read_room: Mailroom) -> None:
    (mail,) = [m for m in read_room.new_mails() if to_whom(m) == ADA and "2026-12-04" in str(m["Message-ID"])]
    (subject,) = [part.partition("subject=")[2].rstrip("> ") for part in str(mail["List-Unsubscribe"]).split(",")][1:]
    for _ in range(2):
        raw = letter(
            "", Subject=subject.replace("%20", " "), From="mail-host@example.com", Auto_Submitted="auto-generated"
        )
        assert came(read_room, raw) in ("Somebody has left.", "It was dealt with before.")
        read_room.forget_the_mark()
    assert read_room.state() is State.UNSUBSCRIBED
    assert read_room.mails() == []
    assert [one.event for one in read_room.evidence()].count("active → unsubscribed") == 1


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.MORE, Purpose.ANNOUNCEMENTS, Purpose.BOUNCE])
def test_a_token_for_something_else_leaves_nothing(read_room: Mailroom, purpose: Purpose) -> None:
    token = read_room.signer.token(purpose, read_room.person().id, 1)
    read_room.write(Subject=f"leave {token}", sender="eve@evil.example")
    assert read_room.state() is State.ACTIVE


def test_a_broken_token_of_a_reader_still_means_that_they_leave(read_room: Mailroom) -> None:
    token = read_room.signer.token(Purpose.LEAVE, read_room.person().id)
    read_room.new_mails()
    told = read_room.told(Subject=f"leave {token.lower()}")
    assert (told["Subject"], read_room.state()) == ("You have left", State.UNSUBSCRIBED)


def test_a_letter_about_leaving_something_reaches_a_person(room: Mailroom) -> None:
    body = "They have done nothing to you. I wonder why you wrote about them like this."
    forwarded = room.told(body, Subject="Leave electroencephalographers alone")
    assert (to_whom(forwarded), "They have done nothing" in text_of(forwarded)) == (OP, True)


def test_the_mailto_of_an_announcement_ends_announcements_alone(read_room: Mailroom) -> None:
    token = read_room.signer.token(Purpose.ANNOUNCEMENTS, read_room.person().id)
    assert came(read_room, letter("", Subject=f"quiet {token}")) == "Somebody wants no announcements."
    assert (read_room.state(), read_room.person().announcements) == (State.ACTIVE, False)


def test_a_broken_token_about_announcements_does_not_end_everything(read_room: Mailroom) -> None:
    token = read_room.signer.token(Purpose.ANNOUNCEMENTS, read_room.person().id)
    read_room.write(Subject=f"quiet {token.lower()}")
    leaves = read_room.signer.token(Purpose.LEAVE, read_room.person().id)
    read_room.write(Subject=f"quiet {leaves}")
    assert (read_room.state(), read_room.person().announcements) == (State.ACTIVE, True)
