"""Do bounces, complaints and replies find back to us?"""

import socket
from dataclasses import dataclass

from newsletter.doctor.findings import Finding, Subject, Topic, cut
from newsletter.errors import MailboxError, SettingsError
from newsletter.mailbox.imap_connection import CannotRead, ImapConnection, ImapServer
from newsletter.settings import Settings

MAILBOX, BOUNCES, OPERATOR = (Subject(Topic.RETURNS, title) for title in ("Mailbox", "Bounces", "Operator"))
#: Seconds for one answer of the mailbox.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """How asking for the mailbox went."""

    #: why it cannot be read; empty where it can
    trouble: str = ""
    #: True where that may pass by itself
    passes: bool = False


def imap_facts(settings: Settings) -> MailboxFacts:
    """Log in and open the folder; no mail is looked at."""
    box = settings.mailbox
    server = ImapServer(
        box.imap_host,
        box.imap_port,
        box.imap_security,
        box.imap_username,
        box.imap_password.get_secret_value(),
        box.imap_folder,
        PATIENCE,
    )
    try:
        server.refuse_unsafe()
        ImapConnection(server).close()
    except CannotRead as error:
        return MailboxFacts(str(error), error.obstacle.passes)
    except (MailboxError, SettingsError) as error:
        return MailboxFacts(str(error))
    return MailboxFacts()


def lmtp_facts(settings: Settings) -> MailboxFacts:
    """Does anybody listen where our own mail server hands mail over?"""
    place = (settings.mailbox.lmtp_host, settings.mailbox.lmtp_port)
    try:
        socket.create_connection(place, timeout=2).close()
    except OSError as error:
        return MailboxFacts(f"Nothing listens on {place[0]}:{place[1]} ({error.strerror or error})", True)
    return MailboxFacts()


def mailbox_findings(facts: MailboxFacts | None, settings: Settings, *, serving: bool) -> list[Finding]:
    """What that means; `facts` are None where nobody asked, as there is nothing to ask."""
    box = settings.mailbox
    if box.receive == "imap" and facts:
        if facts.trouble:
            return [
                MAILBOX.failure(
                    cut(facts.trouble, 400),
                    "Until it can be read, nobody leaves by mail, and bounces and replies wait.",
                )
            ]
        return [MAILBOX.ok(f"{box.imap_folder} at {box.imap_host} opens, and is read by `newsletter serve`.")]
    if box.receive == "lmtp" and facts:
        if not facts.trouble:
            return [MAILBOX.ok(f"LMTP is listened to on {box.lmtp_host}:{box.lmtp_port}.")]
        if serving:
            return [
                MAILBOX.failure(
                    f"{cut(facts.trouble)}, although `newsletter serve` runs: incoming mail waits in your mail server.",
                    "Look into its log, check mailbox.lmtp_host and mailbox.lmtp_port, and restart it.",
                )
            ]
        return [
            MAILBOX.advice(
                f"{cut(facts.trouble)}, so incoming mail waits in your mail server.", "Start `newsletter serve`."
            )
        ]
    return []


def returns_findings(settings: Settings) -> list[Finding]:
    """What the settings alone say about what comes back."""
    hooks = [
        name
        for name, secret in (
            ("Amazon SES", settings.webhooks.ses_topic),
            ("Postmark", settings.webhooks.postmark_password.get_secret_value()),
            ("Mailgun", settings.webhooks.mailgun_key.get_secret_value()),
        )
        if secret
    ]
    return [*_bounces(settings, hooks), *_operator(settings)]


def _bounces(settings: Settings, hooks: list[str]) -> list[Finding]:
    box = settings.mailbox
    if not box.receives and not hooks:
        return [
            BOUNCES.warning(
                "Bounces and complaints reach nobody: addresses that are dead are mailed for ever, and that costs "
                "your good name.",
                "Set mailbox.receive, or a secret below [webhooks] if a mail service sends for you.",
            )
        ]
    if not box.receives:
        return [BOUNCES.ok(f"{', '.join(hooks)} tells bounces by a webhook.")]
    also = f", and {', '.join(hooks)} tells them by a webhook" if hooks else ""
    if not box.delimiter:
        return [
            BOUNCES.advice(
                f"Without mailbox.delimiter, bounces come to {settings.address} itself{also}, and some do not tell "
                "whom they are about.",
                "Set mailbox.delimiter to + if your mail server delivers name+detail@ to name@.",
            )
        ]
    local, _, domain = settings.address.rpartition("@")
    return [BOUNCES.ok(f"They come to {local}{box.delimiter}…@{domain}{also}.")]


def _operator(settings: Settings) -> list[Finding]:
    if settings.mailbox.operator:
        return []
    return [
        OPERATOR.advice(
            "mailbox.operator is empty: alarms are mailed to nobody, and what people write is not handed on.",
            "Set it to the address of a person.",
        )
    ]
