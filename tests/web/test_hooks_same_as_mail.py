"""A bounce that a service tells leads to the same as the same bounce that comes back as a mail."""

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hookhouse import Amazon, Hookhouse, mailgun_call
from newsroom import Clock
from website import ADA, NOON

from newsletter.mailbox.envelope import Envelope
from newsletter.mailbox.receiving import Receiver
from newsletter.settings import load

pytest_plugins = ("hookhouse_fixtures",)

#: Enhanced status, what the other server said, and what SES makes of it.
FAILURES = {
    "dead": ("5.1.1", "550 5.1.1 User unknown", ("Permanent", "General")),
    "full": ("5.2.2", "552 5.2.2 mailbox full", ("Transient", "MailboxFull")),
    "ours": ("5.7.1", "550 5.7.1 rejected by policy", ("Permanent", "General")),
    "away": ("4.4.1", "451 4.4.1 connection timed out", ("Transient", "General")),
}


def by_report(house: Hookhouse, kind: str, number: int) -> None:
    """A report as RFC 3464 wants it, to our return path."""
    status, said, *_ = FAILURES[kind]
    report = "\r\n".join(
        [
            "From: MAILER-DAEMON@mx.example.org",
            "Subject: Undelivered Mail Returned to Sender",
            f"Message-ID: <report-{number}@mx.example.org>",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
            "",
            "--x\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.",
            "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n",
            f"Final-Recipient: rfc822; {ADA}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: {said}",
            "--x--\r\n",
        ]
    )
    receiver = Receiver(house.project, load(house.project), lambda: None, house.clock)
    receiver.handle(Envelope("", (house.return_path(delivery=number),)), report.encode())
    receiver.close()


def by_ses(house: Hookhouse, kind: str, number: int) -> None:
    status, said, (whole, sub) = FAILURES[kind]
    event = {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": whole,
            "bounceSubType": sub,
            "bouncedRecipients": [{"emailAddress": ADA, "status": status, "diagnosticCode": said}],
        },
        "mail": {"source": house.return_path(delivery=number), "destination": [ADA], "messageId": "0100"},
    }
    assert house.ses_tells(event, MessageId=str(number)) == 200


def by_mailgun(house: Hookhouse, kind: str, number: int) -> None:
    said = FAILURES[kind][1]
    code, _, words = said.partition(" ")
    event = {
        "event": "failed",
        "id": str(number),
        "severity": "permanent",
        "reason": "bounce" if kind == "dead" else "generic",
        "recipient": ADA,
        "envelope": {"sender": house.return_path(delivery=number)},
        "delivery-status": {"code": int(code), "message": words},
    }
    assert house.mailgun(mailgun_call(event, at=house.clock())) == 200


Telling = Callable[[Hookhouse, str, int], None]


def after(folder: Path, hooked: Path, amazon: Amazon, kind: str, tell: Telling) -> dict[str, Any]:
    """What is kept after two mails came back within a week, but for who told us."""
    project = shutil.copytree(hooked, folder)
    with ExitStack() as stack:
        house = Hookhouse(project, Clock(NOON), amazon, stack)
        for number in (house.delivery(), 4_711):
            tell(house, kind, number)
            tell(house, kind, number)
            house.clock.forward(days=7)
        found = house.everything()
        told = json.dumps([found["subscribers"], found["suppressions"], found["bounces"], found["deliveries"]])
        evidence = [(one.event, one.words) for one in house.newsletter.evidence(ADA)]
        return {"told": told, "evidence": evidence, "alarms": house.alarms(), "state": house.state()}


@pytest.mark.parametrize(
    "kind", ["dead", *(pytest.param(kind, marks=pytest.mark.slow) for kind in FAILURES if kind != "dead")]
)
def test_a_bounce_leads_to_the_same_whoever_tells_it(tmp_path: Path, hooked: Path, amazon: Amazon, kind: str) -> None:
    by_mail = after(tmp_path / "mail", hooked, amazon, kind, by_report)
    assert by_mail["alarms"] == (2 if kind == "ours" else 0)
    assert str(by_mail["state"][0]) == ("suppressed" if kind == "dead" else "active")
    assert after(tmp_path / "ses", hooked, amazon, kind, by_ses) == by_mail
    assert after(tmp_path / "mailgun", hooked, amazon, kind, by_mailgun) == by_mail
