"""What mail systems write about our mails."""

from letters import letter, parts_of_mail

#: The address is dead; it is full; the server was away for days; it will be tried again; it is about us.
DEAD = "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"
FULL = "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 mailbox full"
EXPIRED = "Action: failed\nStatus: 4.4.1\nDiagnostic-Code: smtp; connection timed out"
DELAYED = "Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; connection timed out"
RELAYED = "Action: relayed\nStatus: 2.0.0"
OURS = "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 rejected by policy, see our pages"


def returned(fields: str = DEAD, *, original: str = "", number: int = 0, **headers: str) -> bytes:
    """A report as RFC 3464 wants it; `original` are headers of the mail that came back."""
    kind, body = parts_of_mail(
        "Content-Type: text/plain\n\nYour message could not be delivered.",
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
        f"Final-Recipient: rfc822; bob@example.org\n{fields}",
        f"Content-Type: message/rfc822\n\nTo: bob@example.org\nSubject: Robots\n{original}\n\nyes, subscribe\n",
        kind="report",
    )
    named = {
        "From": "MAILER-DAEMON@mx.example.com",
        "Subject": "Undelivered Mail Returned to Sender",
        "Message-ID": f"<report-{number}@mx.example.com>",
    }
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return letter(body, Content_Type=f"{kind}; report-type=delivery-status", **named)


def complaint(original: str, *, kind: str = "abuse") -> bytes:
    """A person's "this is spam" (RFC 5965) about a mail with those headers."""
    content, body = parts_of_mail(
        "Content-Type: text/plain\n\nThis is an email abuse report.",
        f"Content-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: SomeFBL/1\nVersion: 1",
        f"Content-Type: message/rfc822\n\nFrom: papers@news.example.org\nSubject: Robots\n{original}\n\nhi\n",
        kind="report",
    )
    return letter(
        body, Content_Type=f"{content}; report-type=feedback-report", From="fbl@example.com", Subject="FW: Robots"
    )
