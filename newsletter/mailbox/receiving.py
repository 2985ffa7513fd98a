"""Mail that comes in, from whichever way: each is dealt with once.

A mail may come twice (after a kill, say): it is remembered by its Message-ID once it was dealt with, and what is done
and answered has keys of its own, so that nothing is done or mailed twice.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from newsletter.mailbox import store
from newsletter.mailbox.decision import decide
from newsletter.mailbox.envelope import Disposition, Envelope
from newsletter.mailbox.handling import Handling
from newsletter.mailbox.imap_connection import ImapServer
from newsletter.newsletter import Newsletter
from newsletter.settings import Settings
from subscribers.address import address_key


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
        if store.known(db, key):
            self.said = "It was dealt with before."
            return Disposition.DONE
        mailbox = self._settings.mailbox
        action = decide(
            raw,
            sender=envelope.sender,
            recipients=envelope.recipients,
            address=self._settings.address,
            delimiter=mailbox.delimiter,
            authserv_id=mailbox.trusted_results,
        )
        cut = raw if not envelope.cut else b""
        disposition, self.said = Handling(newsletter, key.hex(), cut, self._clock()).do(action)
        if disposition is Disposition.DONE:
            store.remember(db, key, self._clock())
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
    lines = [
        line for line in head.split(b"\n") if line.lower().startswith((b"message-id:", b"from:", b"date:", b"subject:"))
    ]
    return hashlib.blake2b(b"\n".join([*lines, body]), digest_size=16).digest()
