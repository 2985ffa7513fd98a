"""Mail that comes in, from whichever way: each is dealt with once.

A mail may come twice (after a kill, say): what it asks for is done, answered and remembered in one transaction, so that
nothing is done or mailed twice, or half.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from newsletter.mailbox.decision import Commands, Letter, Reply, decide
from newsletter.mailbox.envelope import Disposition, Envelope
from newsletter.mailbox.handling import Handling
from newsletter.mailbox.imap_connection import ImapServer
from newsletter.newsletter import Newsletter
from newsletter.readers import incoming
from newsletter.settings import Settings
from subscribers.address import address_key
from subscribers.database import writing

#: Behind the key of a mail that waits for a person: its wishes were carried out, only its words are left.
_LETTER_LEFT = b" letter left"


class Receiver:
    """Deals with the mails of one newsletter. Opens it in the thread of the first mail, and stays there."""

    def __init__(
        self,
        project: Path,
        settings: Settings,
        wake: Callable[[], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`wake` is called when a notice may wait to be sent."""
        self._project = project
        self._settings = settings
        self._wake = wake
        self._clock = clock
        self._newsletter: Newsletter | None = None
        #: what was done with the last mail, in a sentence without anybody's name
        self.said = ""

    def close(self) -> None:
        """Let go of the database; from the thread that handled mails."""
        if self._newsletter:
            self._newsletter.close()
            self._newsletter = None

    def accepts(self, address: str) -> bool:
        """Is mail to that address for us? Ours alone, with or without a detail."""
        local, _, domain = address_key(address).rpartition("@")
        ours, _, at = address_key(self._settings.address).rpartition("@")
        delimiter = self._settings.mailbox.delimiter
        return domain == at and (local == ours or bool(delimiter and local.startswith(ours + delimiter)))

    def handle(self, envelope: Envelope, raw: bytes) -> Disposition:
        """Deal with one mail. Raises what the database raises: then it must come again."""
        newsletter = self._open()
        db = newsletter.database
        key = _key(raw)
        mailbox = self._settings.mailbox
        action = decide(
            raw,
            sender=envelope.sender,
            recipients=envelope.recipients,
            address=self._settings.address,
            delimiter=mailbox.delimiter,
            authserv_id=mailbox.trusted_results,
        )
        with writing(db):
            if incoming.known(db, key):
                self.said = "It was dealt with before."
                return Disposition.DONE
            if isinstance(action, Commands | Reply) and incoming.known(db, key + _LETTER_LEFT):
                action = Letter(action.incoming)
            handling = Handling(newsletter, key.hex(), b"" if envelope.cut else raw, self._clock())
            disposition, self.said = handling.do(action)
            incoming.remember(db, key if disposition is Disposition.DONE else key + _LETTER_LEFT, self._clock())
        self._wake()
        return disposition

    def _open(self) -> Newsletter:
        if self._newsletter is None:
            self._newsletter = Newsletter(self._project, clock=self._clock)
        return self._newsletter


def imap_server(settings: Settings) -> ImapServer:
    """How to reach the mailbox that the settings name."""
    mailbox = settings.mailbox
    return ImapServer(
        host=mailbox.imap_host,
        port=mailbox.imap_port,
        security=mailbox.imap_security,
        username=mailbox.imap_username,
        password=mailbox.imap_password.get_secret_value(),
        folder=mailbox.imap_folder,
    )


def _key(raw: bytes) -> bytes:
    """What tells a mail from another: all of it, but for what every delivery writes anew at its top."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = head.split(b"\n")
    if any(line.lower().startswith((b"message-id:", b"date:")) for line in lines):
        lines = [one for one in lines if one.lower().startswith((b"message-id:", b"from:", b"date:", b"subject:"))]
    # Else only what servers wrote tells "stop" from the "stop" of last year.
    return hashlib.blake2b(b"\n".join([*lines, body]), digest_size=16).digest()
