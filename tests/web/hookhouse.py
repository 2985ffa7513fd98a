"""What tests of calls by mail services share: a newsletter that takes them, and services that sign as the real ones."""

import base64
import hashlib
import hmac
import json
import sqlite3
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from conftest import WordEmbedder
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from newsroom import Clock
from starlette.testclient import TestClient
from website import ADA, NOON

from newsletter import Newsletter
from newsletter.delivery.return_path import ReturnPath
from newsletter.rendering.links import Signer
from newsletter.rendering.message import Letterhead
from newsletter.rendering.store import load_keys
from newsletter.web.app import create_app
from subscribers import people
from subscribers.bounces import bounces_of
from subscribers.evidence import Evidence, evidence_of
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

TOPIC, OTHER_TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces", "arn:aws:sns:eu-west-1:123456789012:complaints"
PASSWORD, KEY = "a-long-pässword: really", "key-of-mailgun-0123456789"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
CONFIRM_URL = (
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    "&TopicArn=arn:aws:sns:eu-west-1:123456789012:bounces&Token=2336412f37fb687f5d51e6e2425c464d"
)
SETTINGS = f"""
[webhooks]
ses_topic = "{TOPIC}, {OTHER_TOPIC}"
postmark_password = "{PASSWORD}"
mailgun_key = "{KEY}"

[mailbox]
receive = "command"
operator = "op@example.org"

[delivery]
durability = "process"
"""
OURS, ISSUE = "papers@news.example.org", "weekly-2026-11-27"


class Amazon:
    """Amazon SNS: signs what it brings, has its certificate, and takes confirmations."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self.certificate(NOON - timedelta(days=30), NOON + timedelta(days=400))
        #: what was asked of it
        self.asked: list[str] = []
        self.answers: dict[str, httpx2.Response | Exception] = {}

    def certificate(self, since: datetime, until: datetime) -> bytes:
        """The certificate of its key, good in that time."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        built = built.serial_number(1).not_valid_before(since).not_valid_after(until)
        return built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        known = {CERTIFICATE_URL: httpx2.Response(200, content=self.pem), CONFIRM_URL: httpx2.Response(200)}
        answer = {**known, **self.answers}.get(str(request.url), httpx2.Response(404))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def signed(self, message: object, version: str = "2", **fields: Any) -> dict[str, Any]:
        """A message as SNS posts it; `message` goes in as JSON unless it is a text, fields of None are left out."""
        payload = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": "2026-11-22T11:59:58.123Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:x",
            **fields,
        }
        payload = {name: value for name, value in payload.items() if value is not None}
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        if payload["Type"] != "Notification":
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{payload[name]}\n" for name in names if name in payload).encode()
        algorithm: hashes.HashAlgorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = self._key.sign(text, padding.PKCS1v15(), algorithm)
        return {**payload, "Signature": base64.b64encode(signature).decode()}

    def confirmation(self, **fields: Any) -> dict[str, Any]:
        """What SNS posts when somebody has subscribed our address to a topic."""
        given = {"SubscribeURL": CONFIRM_URL, "Token": "2336412f37fb687f5d51e6e2425c464d", **fields}
        return self.signed("You have chosen to subscribe.", Type="SubscriptionConfirmation", **given)


def mailgun_call(event: dict[str, Any], *, at: datetime = NOON, token: str = "", key: str = KEY) -> dict[str, Any]:
    """An event as Mailgun posts it."""
    token = token or hashlib.sha256(json.dumps(event).encode()).hexdigest()[:50]
    stamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    return {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": event}


class Hookhouse:
    """A newsletter with two readers who had an issue, and the services that send its mail."""

    def __init__(self, project: Path, clock: Clock, amazon: Amazon, stack: ExitStack) -> None:
        self.project, self.clock, self.amazon = project, clock, amazon
        self.newsletter = stack.enter_context(Newsletter(project, clock=clock, embedder=WordEmbedder()))
        self.db = self.newsletter.database
        #: how often the sender was woken
        self.woken = 0
        http = stack.enter_context(httpx2.Client(transport=httpx2.MockTransport(amazon.answer)))
        app = create_app(project, wake=self._wake, clock=clock, http=http)
        self.client = stack.enter_context(TestClient(app, follow_redirects=False))

    def _wake(self) -> None:
        self.woken += 1

    # -- the services

    def ses(self, payload: object, **options: Any) -> int:
        headers = {"content-type": "text/plain; charset=UTF-8", **options}
        return self.client.post("/hooks/ses", content=json.dumps(payload), headers=headers).status_code

    def ses_tells(self, event: dict[str, Any], **fields: Any) -> int:
        """An event of SES's, signed."""
        return self.ses(self.amazon.signed(event, **fields))

    def mailgun(self, payload: object) -> int:
        return self.client.post("/hooks/mailgun", json=payload).status_code

    def postmark(self, payload: object, password: str = PASSWORD) -> int:
        login = base64.b64encode(f"anybody:{password}".encode()).decode()
        headers = {"authorization": f"Basic {login}"}
        return self.client.post("/hooks/postmark", json=payload, headers=headers).status_code

    # -- what we wrote

    def person(self, address: str = ADA) -> people.Subscriber:
        return people.get(self.db, address)

    def delivery(self, address: str = ADA) -> int:
        """The copy of the issue that somebody had."""
        wanted = [self.person(address).id]
        (row,) = self.db.conn.execute(
            "SELECT id FROM deliveries WHERE issue_id IS NOT NULL AND subscriber_id = ?", wanted
        )
        return int(row[0])

    def return_path(self, address: str = ADA, delivery: int = 0) -> str:
        """Where a delivery to somebody comes back to."""
        path = ReturnPath(OURS, "+", Signer("https://news.example.org", load_keys(self.db)))
        return path.of(self.person(address).id, delivery or self.delivery(address))

    def message_id(self, address: str = ADA) -> str:
        """Of the copy that somebody had."""
        head = Letterhead(title="Paper Robots", address=OURS, issue=ISSUE)
        return head.message_id(self.person(address).id)

    # -- what became of it

    def state(self, address: str = ADA) -> tuple[State, Reason | None]:
        return self.person(address).state, suppression_of(self.db, address)

    def weights(self, address: str = ADA) -> list[float]:
        return [bounce.weight for bounce in bounces_of(self.db, self.person(address).id)]

    def mails(self) -> list[str]:
        """The names of the mails that came back."""
        return [row[0] for row in self.db.conn.execute("SELECT mail FROM bounces ORDER BY at, mail")]

    def last_evidence(self, address: str = ADA) -> Evidence:
        return evidence_of(self.db, self.person(address).id)[-1]

    def alarms(self) -> int:
        (row,) = self.db.conn.execute("SELECT count(*) FROM deliveries WHERE notice = 'alarm'").fetchall()
        return int(row[0])

    def everything(self) -> dict[str, list[str]]:
        """All that is kept about anybody."""
        tables = ("subscribers", "evidence", "suppressions", "bounces", "deliveries", "incoming")
        with sqlite3.connect(self.project / "newsletter.db") as db:
            found = {table: sorted(repr(row) for row in db.execute(f"SELECT * FROM {table}")) for table in tables}
        db.close()
        return found
