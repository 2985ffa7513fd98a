"""What holds for calls of all services: no secret, no page; hostile bodies, quiet logs, and each event once."""

import json
import logging
import sqlite3
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hookhouse import KEY, PASSWORD, TOPIC, Hookhouse, mailgun_call
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from newsroom import make_project
from starlette.testclient import TestClient
from website import ADA, Website

from newsletter.readers.correspondence import Correspondence
from newsletter.web.app import create_app
from newsletter.web.hooks import mailgun, postmark, ses
from subscribers.errors import DatabaseBusy
from subscribers.states import State

pytest_plugins = ("hookhouse_fixtures",)

PATHS = ("/hooks/ses", "/hooks/postmark", "/hooks/mailgun")
LOGIN = {"authorization": "Basic " + b64encode(f"x:{PASSWORD}".encode()).decode()}
COMPLAINT = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 1, "Email": ADA, "MessageID": "m"}
LEAVING = {"event": "unsubscribed", "id": "e", "timestamp": 1.5, "recipient": ADA}


def test_without_its_secret_a_service_has_no_page(still: Website) -> None:
    for path in PATHS:
        assert still.client.post(path, json={}, headers=LOGIN).status_code == 404
        assert still.get(path).status_code == 404


@pytest.mark.slow
def test_one_secret_opens_one_page_below_any_path(tmp_path: Any, quick_templates: None) -> None:
    plain = 'title = "P"\naddress = "p@news.example.org"\npostal_address = "1 Street"\n'
    project = make_project(
        tmp_path / "p", '[webhooks]\nmailgun_key = "k"\n', settings=plain + 'base_url = "https://example.org/news"\n'
    )
    with TestClient(create_app(project)) as client:
        assert client.post("/news/hooks/mailgun", json={}).status_code == 403
        for path in ("/hooks/mailgun", "/news/hooks/ses", "/news/hooks/postmark"):
            assert client.post(path, json={}).status_code == 404


def test_the_pages_are_for_posts_alone(house: Hookhouse) -> None:
    for path in PATHS:
        assert house.client.get(path).status_code == 405
        answer = house.client.post(path, json={})
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"


def post(house: Hookhouse, path: str, body: bytes, kind: str = "application/json") -> int:
    return house.client.post(path, content=body, headers={**LOGIN, "content-type": kind}).status_code


DEEP = b"[" * 60_000
BODIES = (
    *(
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"\xff\xfe",
        b"{}\0",
        DEEP,
        b'{"a":' * 10_000,
        b"[" + b"9" * 9_999 + b"]",
    ),
    *(b'{"Type": {}}', b'{"Type": "Notification"}', b'{"signature": []}', b'{"signature": {"token": ["x"]}}'),
)


@pytest.mark.parametrize("path", PATHS)
def test_what_cannot_be_read_is_refused(house: Hookhouse, path: str) -> None:
    before = {**house.everything(), "incoming": []}
    for body in BODIES:
        status = post(house, path, body)
        # To who shows the password, an object that says nothing is no mistake.
        assert status in (400, 403) or (path == "/hooks/postmark" and body.startswith(b'{"') and status == 200)
    for kind in ("application/x-www-form-urlencoded", "text/html", "multipart/form-data; boundary=x", "json"):
        assert post(house, path, b"{}", kind) == 415
    assert {**house.everything(), "incoming": []} == before


@pytest.mark.slow
@pytest.mark.parametrize(("path", "most"), [(PATHS[0], 128), (PATHS[1], 1024), (PATHS[2], 128)])
def test_what_is_huge_is_refused(house: Hookhouse, path: str, most: int) -> None:
    filled = b'{"a": "' + b"x" * (most * 1024) + b'"}'
    assert post(house, path, filled) == 413

    def dripping() -> Any:
        yield from (b"x" * 65_536 for _ in range(40))

    headers = {**LOGIN, "content-type": "application/json"}
    assert house.client.post(path, content=dripping(), headers=headers).status_code == 413


def test_a_stranger_cannot_send_postmark_much(house: Hookhouse) -> None:
    answer = house.client.post(PATHS[1], content=b"x" * 3_000_000, headers={"content-type": "application/json"})
    assert answer.status_code == 401


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([ADA, "Bounce", "\ud800", "\0", "<", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["mail", "bounce", "ID"]), inner),
    max_leaves=6,
)
NAMES = (
    *("RecordType", "Type", "ID", "Email", "Details", "MessageID", "Recipient", "SuppressSending", "SuppressionReason"),
    *("event", "id", "severity", "reason", "recipient", "envelope", "message", "delivery-status", "reject"),
    *("eventType", "notificationType", "mail", "bounce", "complaint", "subscription"),
)
PAYLOADS = st.fixed_dictionaries(
    {"RecordType": st.sampled_from(["Bounce", "SubscriptionChange"]) | JSON, "event": st.just("failed") | JSON},
    optional={name: JSON for name in NAMES if name not in ("RecordType", "event")},
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(payload=PAYLOADS)
def test_whatever_a_genuine_call_says_is_taken(house: Hookhouse, payload: dict[str, Any]) -> None:
    raw = json.dumps(payload).encode()
    assert post(house, PATHS[1], raw) == 200
    assert post(house, PATHS[2], json.dumps(mailgun_call(payload)).encode()) == 200
    message = json.dumps({**payload, "eventType": "Bounce"})
    assert house.ses(house.amazon.signed(message, MessageId=str(hash(message)))) == 200


@given(payload=PAYLOADS)
def test_what_is_told_can_be_written_down(payload: dict[str, Any]) -> None:
    told = [*postmark.told(payload), *mailgun.told({"event-data": payload}), *ses.told(payload)]
    with sqlite3.connect(":memory:") as db:
        for one in told:
            for text in (one.address, one.why, one.mail, *one.senders, *one.message_ids):
                assert db.execute("SELECT ?", [text]).fetchone() == (text,)
    db.close()


@pytest.mark.parametrize("service", ["ses", "postmark", "mailgun"])
def test_the_same_event_at_once_is_done_once(house: Hookhouse, service: str) -> None:
    event = {
        "eventType": "Complaint",
        "complaint": {"complainedRecipients": [{"emailAddress": ADA}]},
        "mail": {"destination": [ADA]},
    }
    calls = {
        "ses": lambda: house.ses_tells(event),
        "postmark": lambda: house.postmark(COMPLAINT),
        "mailgun": lambda: house.mailgun(mailgun_call({**LEAVING, "event": "complained"})),
    }
    with ThreadPoolExecutor(8) as pool:
        assert [done.result() for done in [pool.submit(calls[service]) for _ in range(8)]] == [200] * 8
    everything = house.everything()
    assert len([line for line in everything["evidence"] if "→ suppressed" in line]) == 1
    assert len(everything["incoming"]) == (2 if service == "mailgun" else 1)
    assert house.woken == 1


def test_what_fails_in_the_middle_is_not_remembered_and_comes_again(
    house: Hookhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = Correspondence.told

    def busy(self: Correspondence, *told: Any) -> None:
        genuine(self, *told)
        raise DatabaseBusy("locked")

    before = house.everything()
    monkeypatch.setattr(Correspondence, "told", busy)
    call = mailgun_call({**LEAVING, "event": "complained"})
    answer = house.client.post(PATHS[2], json=call)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert house.everything() == before
    monkeypatch.undo()
    assert house.mailgun(call) == 200
    assert house.state()[0] is State.SUPPRESSED


def test_a_fault_of_ours_is_a_line_in_the_log_that_names_nobody(
    house: Hookhouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Correspondence, *told: Any) -> None:
        raise RuntimeError(f"{ADA} {PASSWORD}")

    monkeypatch.setattr(Correspondence, "told", broken)
    assert house.postmark(COMPLAINT) == 500
    assert "POST /hooks/postmark: RuntimeError at" in caplog.text
    assert ADA not in caplog.text
    assert PASSWORD not in caplog.text


def test_the_log_tells_a_refusal_once_an_hour_and_never_names_anybody(
    house: Hookhouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        house.postmark(COMPLAINT, "wrong-password")
        house.mailgun(mailgun_call(LEAVING, key="wrong-key"))
        house.ses(house.amazon.signed("{}", TopicArn="arn:aws:sns:eu-west-1:1:other"))
        house.postmark(COMPLAINT)
        house.mailgun(mailgun_call(LEAVING))
    said = [record.getMessage() for record in caplog.records if record.name == "newsletter.web"]
    assert len(said) == 3
    assert "a call of /hooks/postmark was refused: the password is missing or wrong" in said
    for secret in (ADA, PASSWORD, KEY, TOPIC, "wrong-password", "wrong-key", ":other"):
        assert all(secret not in one for one in said)
    house.clock.forward(hours=1)
    house.postmark(COMPLAINT, "wrong-password")
    assert len([record for record in caplog.records if record.name == "newsletter.web"]) == 4


@pytest.mark.slow
def test_whoever_claims_to_be_forwarded_gains_nothing(house: Hookhouse) -> None:
    headers = {"x-forwarded-for": "203.0.113.9", "x-forwarded-host": "evil.example", "origin": "https://evil.example"}
    house.client.headers.update(headers)
    assert house.postmark(COMPLAINT, "wrong") == 401
    assert house.postmark(COMPLAINT) == 200  # and no rule for forms is in a service's way
    assert house.last_evidence().origin.ip == ""
    assert house.last_evidence().origin.page == "https://news.example.org/hooks/postmark"
