"""Joining at the desk: one mail, one yes, and silence for everybody else."""

from pathlib import Path

import pytest
from frontdesk import (
    ADA,
    BOB,
    DAILY,
    EVE,
    FRIDAYS,
    MAIL,
    MAILBOX,
    OPERATOR,
    OURS,
    PAGE,
    Desk,
    html_of,
    text_of,
    to,
    token_in,
)
from mainline import Open
from newsroom import SETTINGS, mails, make_project, parsed

from newsletter.readers.desk import NETWORK_WINDOW, PER_ADDRESS, PER_NETWORK
from newsletter.readers.mails import Thread
from subscribers import consent
from subscribers.errors import InvalidAddress, InvalidInterest, Suppressed, TooMany
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of

pytest_plugins = ("frontdesk_fixtures",)

THREAD = Thread("<1@example.org>", ("<0@example.org>",))


def test_who_asks_gets_one_mail_that_asks_whether_it_was_they(desk: Desk) -> None:
    desk.ask(cadence=DAILY)
    (mail,) = desk.mails()
    token = token_in(mail)
    assert (to(mail), mail["subject"]) == (ADA, "Do you want Paper Robots?")
    assert mail["from"] == "Paper Robots <papers@news.example.org>"
    assert (mail["message-id"], mail["reply-to"]) == (
        f"<c-{token}@news.example.org>",
        f"papers+c-{token}@news.example.org",
    )
    assert (mail["auto-submitted"], mail["in-reply-to"], mail["list-unsubscribe"]) == ("auto-generated", None, None)
    said = " ".join(text_of(mail).split())
    assert "every day at 06:30, Tokyo time" in said
    assert "good for three days" in said
    assert f"/confirm/{token}" in html_of(mail)
    assert desk.mails() == []


def test_who_asks_by_mail_is_answered_there_and_nothing_comes_back(desk: Desk) -> None:
    desk.ask(origin=MAIL, thread=THREAD)
    (mail,) = desk.mails()
    assert (mail["auto-submitted"], mail["in-reply-to"]) == ("auto-replied", "<1@example.org>")
    assert mail["references"] == "<0@example.org> <1@example.org>"


def test_the_same_mail_twice_is_answered_once(desk: Desk) -> None:
    for _ in range(2):
        desk.ask(origin=MAIL, thread=THREAD)
    assert len(desk.mails()) == 1


def test_a_long_address_of_ours_can_be_replied_to(tmp_path: Path, open_newsletter: Open) -> None:
    """RFC 5321, section 4.5.3.1.1: 64 octets before the @."""
    long = SETTINGS.replace("papers@", f"{'n' * 50}@")
    make_project(tmp_path, MAILBOX, settings=long, entries=0)
    newsletter = open_newsletter()
    newsletter.readers.request(ADA, words="", origin=PAGE)
    newsletter.send_notices()
    (raw,) = mails(tmp_path)
    reply_to = parsed(raw)["reply-to"]
    assert reply_to is None or len(reply_to.addresses[0].username) <= 64


def test_looking_at_the_link_changes_nothing_and_pressing_does(desk: Desk) -> None:
    token = desk.asked(cadence=DAILY)
    before = desk.dump()
    for _ in range(3):
        pending = desk.readers.pending(token)
        assert pending is not None
        assert (pending.purpose, pending.state, pending.subscriber.address) == ("subscribe", "open", ADA)
    assert desk.dump() == before
    done = desk.confirm(token)
    assert done is not None
    assert (done.state, done.subscriber.state, done.subscriber.name) == ("done", State.ACTIVE, "Ada")
    assert [str(i) for i in done.subscriber.interests] == ["walking robots", "not: surveys"]
    assert done.subscriber.cadence == DAILY
    after = desk.dump()
    desk.clock.forward(hours=5)
    assert desk.confirm(token) == done == desk.readers.pending(token)
    assert desk.dump() == after
    assert desk.mails() == []  # being in is told on the page, or in answer to the reply


def test_pressing_twice_on_two_requests_is_one_reader(desk: Desk) -> None:
    first, second = desk.asked(), desk.asked(name="Countess")
    for token in (first, second, first):
        done = desk.confirm(token)
        assert done is not None
        assert (done.state, done.subscriber.name) == ("done", "Ada")


def test_no_link_brings_back_who_left_after_confirming(desk: Desk) -> None:
    first, second = desk.asked(), desk.asked()
    desk.confirm(first)
    desk.leave(desk.person())
    for token in (first, second):
        desk.confirm(token)
        assert desk.person().state is State.UNSUBSCRIBED


def test_after_three_days_the_link_says_so_and_does_nothing(desk: Desk) -> None:
    token = desk.asked()
    desk.clock.forward(days=3, seconds=1)
    before = desk.dump()
    for _ in range(2):
        pending = desk.confirm(token)
        assert pending is not None
        assert pending.state == "expired"
    assert desk.dump() == before
    assert desk.person().state is State.PENDING


def test_it_was_not_they(desk: Desk) -> None:
    token = desk.asked()
    for _ in range(2):
        desk.readers.decline(token)
        assert desk.readers.pending(token) is None
        assert desk.confirm(token) is None
    assert desk.readers.find(ADA) is None


def test_of_what_was_declined_nothing_is_kept(desk: Desk) -> None:
    before = desk.dump()
    desk.readers.decline(desk.asked())
    assert desk.dump() == before


@pytest.mark.parametrize("token", ["", "a" * 26, "../../etc/passwd", "é" * 26])
def test_a_link_that_was_never_given_leads_nowhere(desk: Desk, token: str) -> None:
    assert desk.readers.pending(token) is None
    assert desk.confirm(token) is None
    desk.readers.decline(token)


# -- silence


def test_nothing_that_a_stranger_types_changes_a_reader_and_the_reader_is_told(desk: Desk) -> None:
    person = desk.reader(cadence=FRIDAYS)
    desk.readers.request(
        "ADA@Example.org", name="Mallory", interests=["casinos"], cadence=DAILY, words="x", origin=PAGE
    )
    assert desk.person() == person
    (mail,) = desk.mails()
    assert (to(mail), mail["subject"]) == (ADA, "You read Paper Robots already")
    assert "casinos" not in text_of(mail)
    assert "Mallory" not in str(mail)
    assert "on Fridays at 08:00" in text_of(mail)
    assert "/confirm/" not in text_of(mail)


def test_the_same_answer_for_every_address(desk: Desk) -> None:
    """Nobody learns from it who reads, who has left, who complained."""
    desk.reader()
    desk.leave(desk.reader(BOB))
    suppress(desk.db, EVE, Reason.COMPLAINED, desk.clock())
    for address in (ADA, BOB, EVE, "new@example.org"):
        assert desk.readers.request(address, words="", origin=PAGE) is None  # type: ignore[func-returns-value]
    assert sorted((to(mail), "/confirm/" in text_of(mail)) for mail in desk.mails()) == [
        (ADA, False),
        (BOB, True),
        ("new@example.org", True),
    ]


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@example.org", "a b@example.org", f"{ADA}, {BOB}", "jürgen@x.org"]
)
def test_what_is_no_address_is_said_so_and_costs_nothing(desk: Desk, address: str) -> None:
    before = desk.dump()
    with pytest.raises(InvalidAddress):
        desk.ask(address)
    assert desk.dump() == before


@pytest.mark.parametrize("address", [f"{ADA}\r\nBcc: {EVE}", f"{ADA}\n", f"<{ADA}>", f"Ada <{ADA}>", f"{ADA}\0"])
def test_no_address_smuggles_in_another_header_or_recipient(desk: Desk, address: str) -> None:
    try:
        desk.ask(address)
    except InvalidAddress:
        assert desk.mails() == []
    else:
        assert [to(mail) for mail in desk.mails()] == [ADA]


@pytest.mark.parametrize("written", [OURS, OURS.upper()])
def test_our_own_address_is_nobodys(desk: Desk, written: str) -> None:
    with pytest.raises(InvalidAddress, match="newsletter's own address"):
        desk.ask(written)


def test_what_cannot_be_an_interest_is_said_so(desk: Desk) -> None:
    with pytest.raises(InvalidInterest):
        desk.ask(interests=("…",))
    assert desk.mails() == []


def test_a_domain_in_any_script_is_written_as_mail_wants_it(desk: Desk) -> None:
    desk.ask("ada@bücher.example")
    assert [to(mail) for mail in desk.mails()] == ["ada@xn--bcher-kva.example"]


def test_a_name_is_kept_for_later_and_greets_nobody_before_it_is_confirmed(desk: Desk) -> None:
    token = desk.asked(name="Buy\r\nBcc: eve@evil.example\r\n\r\nnow https://evil.example/")
    (mail,) = (desk.folder / "outbox").glob("*.eml")
    assert b"evil" not in mail.read_bytes()
    done = desk.confirm(token)
    assert done is not None
    assert done.subscriber.name == "Buy Bcc: eve@evil.example now https://evil.example/"


# -- limits


def test_an_inbox_gets_a_few_mails_a_day_whoever_asks_from_wherever(desk: Desk) -> None:
    for n in range(12):
        address = (ADA, ADA.upper(), "Ada@EXAMPLE.org")[n % 3]
        desk.ask(address, origin=Origin("page", ip=f"203.0.113.{n}"))
        desk.ask(address, origin=Origin("mail"), thread=Thread(f"<{n}@evil.example>"))
    assert len(desk.mails()) == PER_ADDRESS
    desk.ask(BOB)
    assert len(desk.mails()) == 1
    desk.clock.forward(days=1, seconds=1)
    desk.ask()
    assert len(desk.mails()) == 1


def test_a_reader_is_not_bombed_with_being_one_already(desk: Desk) -> None:
    desk.reader()
    for _ in range(9):
        desk.ask()
    assert len(desk.mails()) == PER_ADDRESS - 1  # their own request was the first


def knock(desk: Desk, ips: list[str]) -> int:
    """How many of these are let in, each with another address."""
    count = 0
    for ip in ips:
        try:
            desk.ask(f"r{next(NUMBERS)}@example.org", origin=Origin("page", ip=ip), interests=())
        except TooMany as error:
            assert error.again_after == NETWORK_WINDOW
        else:
            count += 1
    return count


NUMBERS = iter(range(10**9))


def test_one_network_asks_for_so_many_and_others_go_on(desk: Desk) -> None:
    assert knock(desk, ["203.0.113.7"] * (PER_NETWORK + 9)) == PER_NETWORK
    assert knock(desk, ["203.0.113.8"]) == 1
    desk.clock.forward(hours=1)
    assert knock(desk, ["203.0.113.7"]) == 1


def test_who_has_an_ipv6_network_has_all_of_it(desk: Desk) -> None:
    theirs = [f"2001:db8:1:2::{n:x}" for n in range(1, PER_NETWORK + 9)]
    assert knock(desk, theirs) == PER_NETWORK
    assert knock(desk, ["2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:0db8:0001:0002::1", "2001:db8:1:3::1"]) == 1


def test_ipv4_addresses_in_ipv6_notation_are_no_one_network(desk: Desk) -> None:
    assert knock(desk, [f"::ffff:203.0.113.{n}" for n in range(1, PER_NETWORK + 9)]) == PER_NETWORK + 8


@pytest.mark.parametrize("ip", ["", "unknown", "testclient", "fe80::1%eth0", "203.0.113.7:80", "999.1.1.1", "x" * 999])
def test_an_odd_address_of_a_network_stops_nobody(desk: Desk, ip: str) -> None:
    assert knock(desk, [ip]) == 1


def test_the_limits_hold_over_a_restart(desk: Desk) -> None:
    knock(desk, ["203.0.113.7"] * PER_NETWORK)
    for _ in range(PER_ADDRESS):
        desk.ask(origin=Origin("mail"))
    sent = len(desk.mails())
    desk.restart()
    assert knock(desk, ["203.0.113.7"]) == 0
    desk.ask(origin=Origin("mail"))
    assert len(desk.mails()) == 0
    assert sent == PER_NETWORK + PER_ADDRESS


def test_what_is_refused_leaves_nothing_behind(desk: Desk) -> None:
    knock(desk, ["203.0.113.7"] * PER_NETWORK)
    before = desk.dump()
    assert knock(desk, ["203.0.113.7"]) == 0
    assert desk.dump() == before


# -- suppressed, and the operator


@pytest.mark.parametrize("reason", [Reason.BOUNCED, Reason.ERASED])
def test_a_fresh_opt_in_lifts_bounced_and_erased(desk: Desk, reason: Reason) -> None:
    person = desk.reader()
    if reason is Reason.ERASED:
        desk.readers.erase(person)
    else:
        consent.suppress_person(desk.db, person, reason, words="550", origin=MAIL, now=desk.clock())
    assert suppression_of(desk.db, ADA) is reason
    assert desk.reader().state is State.ACTIVE
    assert suppression_of(desk.db, ADA) is None


def test_a_complaint_is_lifted_by_the_operator_alone_and_then_confirmed(desk: Desk) -> None:
    person = desk.reader()
    consent.suppress_person(desk.db, person, Reason.COMPLAINED, words="spam", origin=MAIL, now=desk.clock())
    desk.ask()
    assert desk.mails() == []
    (shown,) = desk.newsletter.suppressions.all()
    assert (shown.subscriber.address, shown.reason, shown.at, shown.bounces) == (
        ADA,
        Reason.COMPLAINED,
        desk.clock(),
        (),
    )
    assert desk.newsletter.suppressions.lift(desk.person(), origin=OPERATOR).state is State.PENDING
    (mail,) = desk.mails()
    assert to(mail) == ADA
    done = desk.confirm(token_in(mail))
    assert done is not None
    assert done.subscriber.state is State.ACTIVE
    assert [str(i) for i in done.subscriber.interests] == ["walking robots", "not: surveys"]
    assert desk.newsletter.suppressions.all() == []


def test_a_link_from_before_the_complaint_confirms_nothing(desk: Desk) -> None:
    token = desk.asked()
    consent.suppress_person(desk.db, desk.person(), Reason.COMPLAINED, words="", origin=MAIL, now=desk.clock())
    for _ in range(2):
        with pytest.raises(Suppressed):
            desk.confirm(token)
    assert desk.person().state is State.SUPPRESSED
    pending = desk.readers.pending(token)
    assert pending is not None
    assert pending.state == "open"


def test_suppressed_readers_are_shown_the_latest_first(desk: Desk) -> None:
    for address in (ADA, BOB):
        person = desk.reader(address)
        desk.clock.forward(hours=1)
        consent.suppress_person(desk.db, person, Reason.BOUNCED, words="", origin=MAIL, now=desk.clock())
    assert [shown.subscriber.address for shown in desk.newsletter.suppressions.all()] == [BOB, ADA]
