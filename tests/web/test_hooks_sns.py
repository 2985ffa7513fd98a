"""How Amazon SNS is known: by topic, host, certificate and signature; and how its subscription is confirmed."""

import gzip
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from hookhouse import CERTIFICATE_URL, CONFIRM_URL, OTHER_TOPIC, TOPIC, Hookhouse
from website import ADA, NOON

from newsletter.web.hooks import sns
from subscribers.evidence import Origin
from subscribers.states import State

pytest_plugins = ("hookhouse_fixtures",)

COMPLAINT: dict[str, Any] = {
    "notificationType": "Complaint",
    "complaint": {"complainedRecipients": [{"emailAddress": ADA}], "complaintFeedbackType": "abuse"},
    "mail": {"destination": [ADA], "messageId": "0100-3", "source": "papers@news.example.org"},
}


def refuses(house: Hookhouse, payload: object, status: int = 403) -> None:
    """It is refused, and nothing was done."""
    before = house.everything()
    assert house.ses(payload) == status
    assert house.everything() == before
    assert house.woken == 0


def test_both_versions_of_signatures_are_understood(house: Hookhouse) -> None:
    told = 0
    for version in ("1", "2"):
        for subject in (None, "", "Amazon SES notification"):
            for kind in ("text/plain; charset=UTF-8", "application/json", ""):
                told += 1
                payload = house.amazon.signed(COMPLAINT, version, Subject=subject, MessageId=str(told))
                assert house.ses(payload, **{"content-type": kind}) == 200
    assert len(house.everything()["incoming"]) == house.woken == told
    assert house.state()[0] is State.SUPPRESSED


def test_what_is_altered_is_refused(house: Hookhouse) -> None:
    good = house.amazon.signed(COMPLAINT, Subject="bounce")
    for name, value in (
        ("Message", json.dumps({**COMPLAINT, "mail": {}})),
        ("MessageId", "another"),
        ("Subject", "bounces"),
        ("Subject", None),
        ("Timestamp", "2026-11-22T11:59:59.123Z"),
        ("TopicArn", OTHER_TOPIC),
        ("SignatureVersion", "1"),
        ("SignatureVersion", "3"),
        ("Signature", ""),
        ("Signature", "AAAA" + good["Signature"][4:]),
    ):
        refuses(house, {**good, name: value})
    refuses(house, {**good, "Signature": "no base64"}, 400)
    assert house.ses(good) == 200


@pytest.mark.slow
def test_what_is_signed_by_somebody_else_is_refused(house: Hookhouse) -> None:
    good = house.amazon.signed(COMPLAINT)
    house.amazon.answers[CERTIFICATE_URL] = httpx2.Response(200, content=type(house.amazon)().pem)
    refuses(house, good)


def test_another_topic_is_refused_before_anything_is_fetched(house: Hookhouse) -> None:
    for topic in ("arn:aws:sns:eu-west-1:999999999999:bounces", TOPIC + "x", "", TOPIC.upper()):
        refuses(house, house.amazon.signed(COMPLAINT, TopicArn=topic))
        refuses(house, house.amazon.confirmation(TopicArn=topic))
    assert house.amazon.asked == []
    assert house.ses(house.amazon.signed(COMPLAINT, TopicArn=OTHER_TOPIC)) == 200


FOREIGN = [
    "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
    "https://evil.example/sns.us-east-1.amazonaws.com/x.pem",
    "https://evil.example/?x=https://sns.us-east-1.amazonaws.com/x.pem",
    "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
    "https://evil.example#@sns.us-east-1.amazonaws.com/x.pem",
    "https://evil.example\\@sns.us-east-1.amazonaws.com/x.pem",
    "https://x.sns.us-east-1.amazonaws.com/x.pem",
    "https://sns.us-east-1.amazonaws.com:8443/x.pem",
    "https://sns.us-east-1.amazonaws.com\n.evil.example/x.pem",
    "https://sns..amazonaws.com/x.pem",
    "https://sns.us-east-1.amazonaws.co/x.pem",
    "https://sns.us-east-1xamazonaws.com/x.pem",
    "https://sns.evil.amazonaws.com/x.pem",
    "https://s3.amazonaws.com/sns.us-east-1.amazonaws.com/x.pem",
    "http://sns.us-east-1.amazonaws.com/x.pem",
    "ftp://sns.us-east-1.amazonaws.com/x.pem",
    "https://sns.us-east-1.amazonaws.com/x.txt",
    "https://sns.us-east-1.amazonaws.com/?x.pem",
    "https://sns.us-east-1.amazonaws.com/" + "x" * 5_000 + ".pem",
    "https://[sns.us-east-1.amazonaws.com/x.pem",
    "file:///etc/ssl/x.pem",
    "",
]


def test_a_certificate_from_anywhere_else_is_not_even_fetched(house: Hookhouse) -> None:
    for url in FOREIGN:
        assert not sns.is_certificate_url(url), url
        refuses(house, house.amazon.signed(COMPLAINT, SigningCertURL=url))
    assert house.amazon.asked == []


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1", "me-central-1"])
def test_every_region_has_its_host(region: str) -> None:
    cn = ".cn" if region.startswith("cn-") else ""
    assert sns.is_certificate_url(f"https://sns.{region}.amazonaws.com{cn}/SimpleNotificationService-0123.pem")


@pytest.mark.slow
def test_the_certificate_is_fetched_once(house: Hookhouse) -> None:
    for number in range(3):
        assert house.ses(house.amazon.signed(COMPLAINT, MessageId=str(number))) == 200
    assert house.amazon.asked == [CERTIFICATE_URL]


@pytest.mark.slow
@pytest.mark.parametrize(("since", "until", "status"), [(-2, -1, 403), (1, 2, 403), (-1, 1, 200)])
def test_the_certificate_must_be_valid_now(house: Hookhouse, since: int, until: int, status: int) -> None:
    pem = house.amazon.certificate(NOON + timedelta(days=since), NOON + timedelta(days=until))
    house.amazon.answers[CERTIFICATE_URL] = httpx2.Response(200, content=pem)
    assert house.ses(house.amazon.signed(COMPLAINT)) == status
    house.clock.forward(days=3)
    later = house.amazon.signed(COMPLAINT, MessageId="2", Timestamp="2026-11-25T11:59:00Z")
    assert house.ses(later) == 403  # also the one that is kept


@pytest.mark.slow
def test_without_a_certificate_it_is_refused_or_comes_again(house: Hookhouse) -> None:
    answers: list[tuple[httpx2.Response | Exception, int]] = [
        (httpx2.Response(404), 403),
        (httpx2.Response(302, headers={"location": "https://evil.example/x.pem"}), 403),
        (httpx2.Response(200, content=b"no certificate"), 403),
        (httpx2.Response(200, content=b"x" * 100_000), 503),
        (httpx2.Response(200, content=gzip.compress(house.amazon.pem), headers={"content-encoding": "gzip"}), 503),
        (httpx2.Response(500), 503),
        (httpx2.ConnectError("no route"), 503),
        (httpx2.ReadTimeout("slow"), 503),
    ]
    for answer, status in answers:
        house.amazon.answers[CERTIFICATE_URL] = answer
        refuses(house, house.amazon.signed(COMPLAINT), status)
    assert house.amazon.asked == [CERTIFICATE_URL] * len(answers)
    house.amazon.answers.clear()
    assert house.ses(house.amazon.signed(COMPLAINT)) == 200


def test_a_message_that_is_played_again_is_done_once(house: Hookhouse) -> None:
    payload = house.amazon.signed(COMPLAINT)
    assert house.ses(payload) == 200
    house.newsletter.suppressions.lift(house.person(), origin=Origin("operator"))
    before = {**house.everything(), "deliveries": []}
    for days in (0, 1, 58):
        house.clock.forward(days=days)
        assert house.ses(payload) == 200
    assert {**house.everything(), "deliveries": []} == before
    house.clock.forward(days=2)  # after that nobody remembers it
    house.newsletter.tend()
    assert house.ses(payload) == 403


@pytest.mark.slow
def test_words_that_are_no_event_are_taken_and_do_nothing(house: Hookhouse) -> None:
    before = house.everything()
    for words in ("Successfully validated SNS topic for Amazon SES event publishing.", "[]", "", "null", "{"):
        assert house.ses(house.amazon.signed(words)) == 200
    assert house.ses(house.amazon.signed("bye", Type="UnsubscribeConfirmation", Token="t", SubscribeURL="x")) == 200
    assert house.everything() == before


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_subscription_to_our_topic_is_confirmed(house: Hookhouse, version: str) -> None:
    assert house.ses(house.amazon.confirmation(SignatureVersion=version)) == (200 if version == "2" else 403)
    assert (CONFIRM_URL in house.amazon.asked) is (version == "2")


def test_a_confirmation_leads_nowhere_else(house: Hookhouse) -> None:
    for url in (
        *[one.replace("/x.pem", "/?Action=ConfirmSubscription&TopicArn=" + TOPIC) for one in FOREIGN[:8]],
        CONFIRM_URL.replace("ConfirmSubscription", "DeleteTopic"),
        CONFIRM_URL.replace(TOPIC, OTHER_TOPIC),
        CONFIRM_URL + "&Action=DeleteTopic",
        CONFIRM_URL.replace("https", "http"),
    ):
        refuses(house, house.amazon.confirmation(SubscribeURL=url))
    refuses(house, {**house.amazon.confirmation(), "SubscribeURL": CONFIRM_URL + "0"})
    assert set(house.amazon.asked) == {CERTIFICATE_URL}


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "status"), [(httpx2.Response(500), 503), (httpx2.Response(400), 403)])
def test_a_confirmation_that_amazon_does_not_take_is_no_success(
    house: Hookhouse, answer: httpx2.Response, status: int
) -> None:
    house.amazon.answers[CONFIRM_URL] = answer
    refuses(house, house.amazon.confirmation(), status)
