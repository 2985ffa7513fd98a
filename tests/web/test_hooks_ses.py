"""What Amazon SES tells, in both its shapes: bounces by class, complaints, and what is neither."""

from typing import Any

import pytest
from hookhouse import OURS, Hookhouse
from website import ADA, BOB

from newsletter.delivery.verdicts import Verdict
from newsletter.web.hooks import ses
from subscribers import people
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason

pytest_plugins = ("hookhouse_fixtures",)

DEAD = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 User unknown"}


def mail(address: str = ADA, **fields: Any) -> dict[str, Any]:
    """Our mail as SES knows it."""
    return {
        "timestamp": "2026-11-22T11:50:00.000Z",
        "source": OURS,
        "messageId": "00000137860315fd-34208509-5b74-41f3-95c5-22c1edc3c924-000000",
        "destination": [address],
        **fields,
    }


def bounce(
    kind: str = "Permanent",
    sub: str = "General",
    recipient: dict[str, Any] | None = None,
    *,
    address: str = ADA,
    shape: str = "notificationType",
    **fields: Any,
) -> dict[str, Any]:
    """A bounce; `recipient` is what the other server said."""
    named = {"emailAddress": address, **(DEAD if recipient is None else recipient)}
    inner = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [named], "feedbackId": "0100-1"}
    return {shape: "Bounce", "bounce": inner, "mail": mail(address, **fields)}


def complaint(kind: str | None = "abuse", *, address: str = ADA, **fields: Any) -> dict[str, Any]:
    inner = {"complainedRecipients": [{"emailAddress": address}], "complaintSubType": None, "feedbackId": "0100-2"}
    inner |= {"complaintFeedbackType": kind} if kind else {}
    return {"notificationType": "Complaint", "complaint": inner, "mail": mail(address, **fields)}


def said(words: str, status: str = "") -> dict[str, Any]:
    return {"diagnosticCode": words, "status": status} if status else {"diagnosticCode": words}


@pytest.mark.parametrize("shape", ["notificationType", "eventType"])
@pytest.mark.parametrize(
    ("kind", "sub", "recipient", "verdict"),
    [
        ("Permanent", "General", None, Verdict.HARD),
        ("Permanent", "General", {}, Verdict.HARD),
        ("Permanent", "NoEmail", {}, Verdict.HARD),
        ("Permanent", "General", said("smtp; 550 5.7.1 rejected by policy", "5.7.1"), Verdict.OURS),
        ("Permanent", "General", said("smtp; 552 5.2.2 mailbox full", "5.2.2"), Verdict.FULL),
        ("Permanent", "Suppressed", said("Amazon SES has suppressed sending to this address"), Verdict.HARD),
        ("Permanent", "OnAccountSuppressionList", said("it is on the list of suppressed ones"), Verdict.HARD),
        ("Transient", "MailboxFull", {}, Verdict.FULL),
        ("Transient", "MessageTooLarge", {}, Verdict.OURS),
        ("Transient", "ContentRejected", {}, Verdict.OURS),
        ("Transient", "AttachmentRejected", {}, Verdict.OURS),
        ("Transient", "General", {}, Verdict.NONE),
        ("Transient", "General", said("smtp; 421 4.4.2 timed out", "4.4.2"), Verdict.SOFT),
        ("Transient", "General", None, Verdict.SOFT),
        ("Transient", "SomethingOfNextYear", {}, Verdict.SOFT),
        ("Undetermined", "Undetermined", {}, Verdict.SOFT),
        ("Undetermined", "Undetermined", None, Verdict.HARD),
    ],
)
def test_each_class_of_bounce_has_its_verdict(
    shape: str, kind: str, sub: str, recipient: dict[str, Any] | None, verdict: Verdict
) -> None:
    (told,) = ses.told(bounce(kind, sub, recipient, shape=shape))
    assert (told.kind, told.address, told.verdict) == ("bounce", ADA, verdict)
    assert told.why


def subscription(**wishes: Any) -> dict[str, Any]:
    """Somebody used the link of Amazon's own list."""
    inner = {"contactList": "papers", "source": "UnsubscribeHeader", "newTopicPreferences": wishes}
    return {"eventType": "Subscription", "subscription": inner, "mail": mail()}


OUT, IN = {"topicName": "a", "subscriptionStatus": "OptOut"}, {"topicName": "b", "subscriptionStatus": "OptIn"}


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        (complaint("abuse"), ["complaint"]),
        (complaint("fraud"), ["complaint"]),
        (complaint("other"), ["complaint"]),
        (complaint(None), ["complaint"]),
        (complaint("not-spam"), []),
        (complaint("virus"), []),
        (complaint("auth-failure"), []),
        ({"eventType": "Reject", "reject": {"reason": "Bad content"}, "mail": mail()}, ["bounce"]),
        (subscription(unsubscribeAll=True, topicSubscriptionStatus=[OUT]), ["leave"]),
        (subscription(unsubscribeAll=False, topicSubscriptionStatus=[OUT, OUT]), ["leave"]),
        (subscription(unsubscribeAll=False, topicSubscriptionStatus=[OUT, IN]), []),
        (subscription(unsubscribeAll=False, topicSubscriptionStatus=[]), []),
        ({"eventType": "DeliveryDelay", "deliveryDelay": {"delayType": "MailboxFull"}, "mail": mail()}, []),
        ({"notificationType": "Delivery", "delivery": {"recipients": [ADA]}, "mail": mail()}, []),
        ({"eventType": "Send", "send": {}, "mail": mail()}, []),
        ({"eventType": "Bounce", "bounce": {"bouncedRecipients": "none"}, "mail": []}, []),
        ({}, []),
    ],
)
def test_what_is_no_bounce_is_told_from_what_is_one(event: dict[str, Any], kinds: list[str]) -> None:
    assert [told.kind for told in ses.told(event)] == kinds


def test_a_bounce_is_found_by_our_return_path_in_the_envelope(house: Hookhouse) -> None:
    event = bounce(source=house.return_path().upper())
    assert house.ses_tells(event) == 200
    assert (house.mails(), house.weights(), house.woken) == ([str(house.delivery())], [3.0], 1)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["headers", "common"])
def test_a_bounce_is_found_by_our_message_id(house: Hookhouse, where: str) -> None:
    named: dict[str, Any] = {"commonHeaders": {"messageId": house.message_id(), "to": [ADA]}}
    if where == "headers":
        headers = [{"name": "Subject", "value": "Robots"}, {"name": "Message-ID", "value": house.message_id()}]
        named = {"headers": headers, "headersTruncated": False}
    assert house.ses_tells(bounce(**named)) == 200
    assert house.mails() == [str(house.delivery())]


def test_a_bounce_that_names_nothing_of_ours_is_found_by_the_address(house: Hookhouse) -> None:
    assert house.ses_tells(bounce(address="Ada@EXAMPLE.org")) == 200
    assert house.weights() == [3.0]
    assert house.mails() == ["ses 00000137860315fd-34208509-5b74-41f3-95c5-22c1edc3c924-000000"]


@pytest.mark.slow
def test_a_mail_that_was_passed_on_counts_for_whom_we_wrote_to(house: Hookhouse) -> None:
    event = bounce()
    event["bounce"]["bouncedRecipients"][0]["emailAddress"] = BOB
    assert house.ses_tells(event) == 200
    assert (house.weights(), house.weights(BOB)) == ([3.0], [])


def test_two_dead_mails_are_the_end(house: Hookhouse) -> None:
    assert house.ses_tells(bounce(source=house.return_path())) == 200
    assert house.state() == (State.ACTIVE, None)
    assert house.ses_tells(bounce(messageId="another"), MessageId="another") == 200
    assert house.state() == (State.SUPPRESSED, Reason.BOUNCED)
    assert house.last_evidence().origin.how == "ses webhook"


@pytest.mark.slow
def test_a_bounce_of_an_address_that_was_left_behind_counts_against_nobody(house: Hookhouse) -> None:
    path = house.return_path()
    house.db.conn.execute(
        "UPDATE subscribers SET address = 'x@example.org', address_key = 'x@example.org' WHERE id = 1"
    )
    assert house.ses_tells(bounce(source=path)) == 200
    assert house.mails() == []
    assert house.ses_tells(complaint(source=path), MessageId="another") == 200
    assert house.state("x@example.org") == (State.SUPPRESSED, Reason.COMPLAINED)  # it is the same person all the same


@pytest.mark.slow
def test_a_mail_of_a_rehearsal_that_bounces_counts_against_nobody(house: Hookhouse) -> None:
    """It went to the operator, though it names its reader."""
    event = bounce(address="op@example.org", commonHeaders={"messageId": house.message_id(), "to": [ADA]})
    assert house.ses_tells(event) == 200
    assert house.mails() == []


@pytest.mark.slow
def test_a_change_of_address_that_cannot_be_asked_about_says_nothing_about_where_they_read(house: Hookhouse) -> None:
    house.newsletter.readers.change_address(house.person(), "ada@new.example.org", origin=Origin("page"))
    (notice,) = house.db.conn.execute("SELECT max(id) FROM deliveries").fetchone()
    assert house.ses_tells(bounce(address="ada@new.example.org", source=house.return_path(delivery=notice))) == 200
    assert house.mails() == []


def test_a_complaint_suppresses_at_once(house: Hookhouse) -> None:
    assert house.ses_tells(complaint("not-spam")) == 200
    assert house.state() == (State.ACTIVE, None)
    assert house.ses_tells(complaint(), MessageId="another") == 200
    assert house.state() == (State.SUPPRESSED, Reason.COMPLAINED)
    assert house.state(BOB) == (State.ACTIVE, None)


@pytest.mark.slow
def test_who_was_erased_is_not_remembered_by_a_bounce(house: Hookhouse) -> None:
    event = bounce(source=house.return_path())
    house.newsletter.remove(ADA)
    assert house.ses_tells(event) == 200
    assert house.mails() == []
    assert people.find(house.db, ADA) is None


@pytest.mark.slow
def test_a_dead_address_that_never_confirmed_is_given_up_at_once(house: Hookhouse) -> None:
    house.newsletter.readers.request("carol@example.org", words="I want it", origin=Origin("page"))
    assert house.ses_tells(bounce(address="carol@example.org")) == 200
    assert house.state("carol@example.org") == (State.SUPPRESSED, Reason.BOUNCED)
