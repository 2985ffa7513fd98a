"""Calls by Mailgun: signed, fresh, each token for one event; failures, complaints and unsubscriptions."""

from datetime import timedelta
from typing import Any

import pytest
from hookhouse import Hookhouse, mailgun_call
from website import ADA, BOB, NOON

from newsletter.delivery.verdicts import Verdict
from newsletter.web.hooks import mailgun
from subscribers.states import State
from subscribers.suppression import Reason

pytest_plugins = ("hookhouse_fixtures",)

DEAD = {"code": 550, "message": "5.1.1 The account that you tried to reach does not exist", "description": ""}


def event(
    kind: str = "failed",
    severity: str = "permanent",
    reason: str = "bounce",
    status: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """An event as Mailgun has it."""
    return {
        "event": kind,
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": 1795348679.12,
        "severity": severity,
        "reason": reason,
        "log-level": "error",
        "recipient": ADA,
        "recipient-domain": "example.org",
        "envelope": {"transport": "smtp", "sender": "papers@news.example.org", "targets": ADA},
        "message": {"headers": {"to": ADA, "message-id": "20261122.1@news.example.org", "subject": "Robots"}},
        "delivery-status": {"attempt-no": 1, "session-seconds": 0.4, **(DEAD if status is None else status)},
        **fields,
    }


def said(words: str, code: int = 550) -> dict[str, Any]:
    return {"code": code, "message": words, "description": ""}


@pytest.mark.parametrize(
    ("given", "kinds", "verdict"),
    [
        (event(), ["bounce"], Verdict.HARD),
        (event(status={}), ["bounce"], Verdict.HARD),
        (event(status=said("5.7.1 rejected by policy")), ["bounce"], Verdict.OURS),
        (event(status=said("5.2.2 mailbox full", 552)), ["bounce"], Verdict.FULL),
        (event(reason="suppress-bounce", status=said("Not delivering", 605)), ["bounce"], Verdict.HARD),
        (event(reason="suppress-complaint", status=said("Not delivering", 607)), ["complaint"], Verdict.NONE),
        (event(reason="suppress-unsubscribe", status=said("Not delivering", 606)), ["leave"], Verdict.NONE),
        (event(reason="espblock", status=said("our reputation", 421)), ["bounce"], Verdict.OURS),
        (event(reason="generic", status=said("Too old", 602)), ["bounce"], Verdict.SOFT),
        (event(reason="old", status=said("No MX for example.org", 498)), ["bounce"], Verdict.SOFT),
        (event(severity="temporary", reason="generic", status=said("try later", 450)), [], None),
        (event(severity="temporary", reason="greylisted"), [], None),
        (event("complained"), ["complaint"], Verdict.NONE),
        (event("unsubscribed"), ["leave"], Verdict.NONE),
        (event("rejected", status={}, reject={"reason": "sandbox"}), ["bounce"], Verdict.OURS),
        (event("delivered"), [], None),
        (event("opened"), [], None),
        ({}, [], None),
    ],
)
def test_each_event_has_its_meaning(given: dict[str, Any], kinds: list[str], verdict: Verdict | None) -> None:
    told = mailgun.told({"event-data": given})
    assert [one.kind for one in told] == kinds
    assert [one.verdict for one in told] == ([] if verdict is None else [verdict])
    assert all(one.why and one.address == ADA for one in told)


def test_a_failure_is_found_by_our_message_id(house: Hookhouse) -> None:
    named = {"headers": {"message-id": house.message_id().strip("<>"), "to": ADA}}
    assert house.mailgun(mailgun_call(event(message=named))) == 200
    assert (house.mails(), house.weights()) == ([str(house.delivery())], [3.0])


@pytest.mark.slow
def test_a_failure_is_found_by_our_return_path(house: Hookhouse) -> None:
    envelope = {"transport": "smtp", "sender": house.return_path(), "targets": ADA}
    assert house.mailgun(mailgun_call(event(envelope=envelope))) == 200
    assert house.mails() == [str(house.delivery())]


@pytest.mark.slow
def test_somebody_elses_message_id_does_not_name_the_mail(house: Hookhouse) -> None:
    named = {"headers": {"message-id": house.message_id(BOB).strip("<>"), "to": ADA}}
    assert house.mailgun(mailgun_call(event(message=named))) == 200
    assert house.mails() == [f"mailgun {house.message_id(BOB).strip('<>')}"]
    assert (house.weights(), house.weights(BOB)) == ([3.0], [])


def test_the_same_event_signed_anew_is_done_once(house: Hookhouse) -> None:
    leaving = event("unsubscribed")
    assert house.mailgun(mailgun_call(leaving)) == 200
    assert house.state() == (State.UNSUBSCRIBED, None)
    assert house.last_evidence().origin.how == "mailgun webhook"
    house.newsletter.subscribe(ADA)
    assert house.mailgun(mailgun_call(leaving)) == 200
    assert house.mailgun(mailgun_call(leaving, token="b" * 50)) == 200
    assert house.state() == (State.ACTIVE, None)


def test_a_signature_is_not_good_for_another_event(house: Hookhouse) -> None:
    call = mailgun_call(event("delivered"))
    assert house.mailgun(call) == 200
    before = house.everything()
    assert house.mailgun({**call, "event-data": event("complained", recipient=BOB)}) == 406
    assert house.everything() == before
    house.clock.forward(minutes=14)
    assert house.mailgun({**call, "event-data": event("complained", recipient=BOB)}) == 406
    assert house.mailgun(mailgun_call(event("complained", recipient=BOB), at=house.clock())) == 200
    assert house.state(BOB) == (State.SUPPRESSED, Reason.COMPLAINED)


def test_what_was_signed_long_ago_is_refused(house: Hookhouse) -> None:
    for off, status in ((-901, 406), (-900, 200), (900, 200), (901, 406), (-86_400, 406)):
        call = mailgun_call(event("complained", recipient="eve@evil.example", id=str(off)), at=NOON + timedelta(0, off))
        assert house.mailgun(call) == status
    assert len(house.everything()["incoming"]) == 2 * 2  # the event and its token


def test_what_is_not_signed_with_our_key_is_refused(house: Hookhouse) -> None:
    before = house.everything()
    good = mailgun_call(event("complained"))
    altered = [
        mailgun_call(event("complained"), key="another key"),
        mailgun_call(event("complained"), key=""),
        {**good, "signature": {**good["signature"], "timestamp": str(int(NOON.timestamp()) + 1)}},
        {**good, "signature": {**good["signature"], "token": "c" * 50}},
        {**good, "signature": {**good["signature"], "signature": ""}},
        {**good, "signature": {**good["signature"], "signature": "é"}},
        {**good, "signature": "no object"},
        {"event-data": good["event-data"]},
        {},
    ]
    assert {house.mailgun(call) for call in altered} == {403}
    assert house.everything() == before


@pytest.mark.parametrize("stamp", ["", "-1", "1e9", "١٢٣", "9" * 4_000, "99999999999", 10**30, 1.5, None, True, [], {}])
def test_what_is_no_time_is_not_fresh(stamp: object) -> None:
    assert not mailgun.is_fresh({"signature": {"timestamp": stamp}}, NOON)
