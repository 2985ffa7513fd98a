"""Calls by Postmark: who shows the password is believed, and each class of bounce has its meaning."""

import base64
from typing import Any

import pytest
from hookhouse import PASSWORD, Hookhouse
from website import ADA, BOB

from newsletter.delivery.verdicts import Verdict
from newsletter.web.hooks import postmark
from subscribers.states import State
from subscribers.suppression import Reason

pytest_plugins = ("hookhouse_fixtures",)


def bounce(kind: str = "HardBounce", details: str = "smtp;550 5.1.1 User unknown", **fields: Any) -> dict[str, Any]:
    """A bounce as Postmark posts it."""
    return {
        "RecordType": "SpamComplaint" if kind == "SpamComplaint" else "Bounce",
        "MessageStream": "broadcast",
        "ID": 4323372036854775807,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {},
        "ServerID": 23,
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": details,
        "Email": ADA,
        "From": "papers@news.example.org",
        "BouncedAt": "2026-11-22T11:58:00Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Robots",
        **fields,
    }


def change(reason: str | None, origin: str = "Recipient", **fields: Any) -> dict[str, Any]:
    """A change of Postmark's own list of whom it sends nothing."""
    return {
        "RecordType": "SubscriptionChange",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "ServerID": 23,
        "MessageStream": "broadcast",
        "ChangedAt": "2026-11-22T11:58:00Z",
        "Recipient": ADA,
        "Origin": origin,
        "SuppressSending": reason is not None,
        "SuppressionReason": reason,
        "Tag": None,
        "Metadata": {},
        **fields,
    }


@pytest.mark.parametrize(
    ("kind", "details", "verdict"),
    [
        ("HardBounce", "smtp;550 5.1.1 User unknown", Verdict.HARD),
        ("HardBounce", "", Verdict.HARD),
        ("HardBounce", "smtp;550 5.7.1 rejected by policy", Verdict.OURS),
        ("HardBounce", "smtp;552 5.2.2 mailbox full", Verdict.FULL),
        ("BadEmailAddress", "", Verdict.HARD),
        ("SoftBounce", "smtp;452 4.2.2 mailbox is full", Verdict.FULL),
        ("SoftBounce", "account disabled", Verdict.SOFT),
        ("Transient", "smtp;421 try again later", Verdict.SOFT),
        ("DnsError", "no mx found", Verdict.SOFT),
        ("Unknown", "", Verdict.SOFT),
        ("Unknown", "550 5.1.1 no such user", Verdict.HARD),
        ("Blocked", "listed at a blacklist", Verdict.OURS),
        ("SpamNotification", "", Verdict.OURS),
        ("VirusNotification", "", Verdict.OURS),
        ("DMARCPolicy", "", Verdict.OURS),
        ("SMTPApiError", "You tried to send to recipients that are marked inactive: inactive recipient", Verdict.HARD),
        ("SMTPApiError", "the sender signature is not confirmed", Verdict.OURS),
        ("AutoResponder", "I am away until Monday", Verdict.NONE),
        ("ChallengeVerification", "", Verdict.NONE),
        ("AddressChange", "", Verdict.NONE),
        ("Subscribe", "", Verdict.NONE),
        ("Unconfirmed", "", Verdict.NONE),
        ("OpenRelayTest", "", Verdict.NONE),
        ("SomethingOfNextYear", "550 5.1.1 no such user", Verdict.NONE),
    ],
)
def test_each_class_of_bounce_has_its_verdict(kind: str, details: str, verdict: Verdict) -> None:
    (told,) = postmark.told(bounce(kind, details))
    assert (told.kind, told.address, told.verdict) == ("bounce", ADA, verdict)
    assert told.why


@pytest.mark.parametrize(
    ("payload", "kinds"),
    [
        (bounce("SpamComplaint", ""), ["complaint"]),
        (bounce("SpamComplaint", "", RecordType="Bounce"), ["complaint"]),
        (bounce("Unsubscribe", ""), ["leave"]),
        (bounce("ManuallyDeactivated", ""), ["leave"]),
        (change("ManualSuppression"), ["leave"]),
        (change("ManualSuppression", "Customer", MessageID=None), ["leave"]),
        (change("SpamComplaint"), ["complaint"]),
        (change("HardBounce"), ["bounce"]),
        (change(None, "Customer", MessageID=None), []),
        ({"RecordType": "Delivery", "Recipient": ADA}, []),
        ({"RecordType": "Open", "Recipient": ADA}, []),
        ({}, []),
    ],
)
def test_what_is_no_bounce_is_told_from_what_is_one(payload: dict[str, Any], kinds: list[str]) -> None:
    assert [told.kind for told in postmark.told(payload)] == kinds


def test_a_bounce_counts_once_however_it_is_told(house: Hookhouse) -> None:
    for _ in range(3):
        assert house.postmark(bounce()) == 200
    assert house.postmark(change("HardBounce")) == 200
    assert (house.weights(), house.weights(BOB)) == ([3.0], [])
    assert house.state() == (State.ACTIVE, None)
    assert house.woken
    assert house.postmark(bounce(ID=2, MessageID="0a129aee-e1cd-480d-b08d-4f48548ff48d")) == 200
    assert house.state() == (State.SUPPRESSED, Reason.BOUNCED)
    assert house.last_evidence().origin.how == "postmark webhook"
    assert "2 mails came back; the last one said: smtp;550 5.1.1 User unknown" in house.last_evidence().words


def test_a_complaint_suppresses_at_once(house: Hookhouse) -> None:
    assert house.postmark(bounce("SpamComplaint", "")) == 200
    assert house.state() == (State.SUPPRESSED, Reason.COMPLAINED)
    assert house.last_evidence().origin.how == "postmark webhook"
    assert house.last_evidence().origin.page == "https://news.example.org/hooks/postmark"
    assert house.state(BOB) == (State.ACTIVE, None)


def test_who_leaves_there_has_left_here_and_stays_back_when_back(house: Hookhouse) -> None:
    assert house.postmark(change("ManualSuppression")) == 200
    assert house.state() == (State.UNSUBSCRIBED, None)
    assert house.last_evidence().event == "active → unsubscribed"
    assert house.last_evidence().origin.how == "postmark webhook"
    assert house.last_evidence().words == "ManualSuppression, says Recipient"
    house.newsletter.subscribe(ADA)
    assert house.postmark(change("ManualSuppression")) == 200  # it comes again, for the first answer got lost
    assert house.state() == (State.ACTIVE, None)


def test_what_is_held_against_us_is_told_the_operator_and_counts_against_nobody(house: Hookhouse) -> None:
    for number, address in enumerate((ADA, BOB)):
        assert house.postmark(bounce("Blocked", "listed at a blacklist", ID=number, Email=address)) == 200
    assert (house.alarms(), house.weights(), house.weights(BOB)) == (1, [], [])


@pytest.mark.slow
def test_a_bounce_of_an_address_that_is_nobodys_does_nothing(house: Hookhouse) -> None:
    before = {**house.everything(), "incoming": []}
    assert house.postmark(bounce(Email="eve@evil.example")) == 200
    assert house.postmark(change("SpamComplaint", Recipient="")) == 200
    assert {**house.everything(), "incoming": []} == before


def test_a_wrong_password_is_refused(house: Hookhouse) -> None:
    before = house.everything()
    for password in ("", "wrong", PASSWORD[:-1], PASSWORD + "x", PASSWORD.upper()):
        assert house.postmark(bounce("SpamComplaint"), password) == 401
    assert house.client.post("/hooks/postmark", json=bounce("SpamComplaint")).status_code == 401
    assert house.everything() == before


def test_only_basic_authentication_is_understood() -> None:
    good = base64.b64encode(f"x:{PASSWORD}".encode()).decode()
    assert postmark.is_genuine(f"Basic {good}", PASSWORD)
    assert postmark.is_genuine(f"basic {good}", PASSWORD)
    nobody = base64.b64encode(f":{PASSWORD}".encode()).decode()
    assert postmark.is_genuine(f"Basic {nobody}", PASSWORD)
    alone = base64.b64encode(PASSWORD.encode()).decode()
    for header in ("", "Basic", "Basic !", f"Bearer {good}", f"Basic {alone}", good, "Basic ä", PASSWORD):
        assert not postmark.is_genuine(header, PASSWORD)
