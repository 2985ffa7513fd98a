"""One connection to a mailbox by IMAP (RFC 3501): logged in, its folder open. What goes wrong is said in sentences.

TLS certificates are checked, always; the password is in no sentence.
"""

import imaplib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import UnexpectedCommandStatusError
from imap_tools.idle import IdleManager

from newsletter.errors import MailboxError, SettingsError
from newsletter.mailbox.envelope import MOST_BYTES, Disposition
from newsletter.mailbox.loopback import is_loopback

#: Of a message that is too large only so much is fetched: commands stand at its beginning.
BEGINNING = 1024 * 1024
#: A keyword of our own for mail that is left to the operator, unread as it is.
KEYWORD = "$NewsletterSeen"
#: Servers may hang up on who idles for half an hour, and routers forget a silent connection sooner.
_LONGEST_IDLE = 9 * 60.0
#: Seconds after which a waiting connection looks whether it should stop.
_GLANCE = 0.5


@dataclass(frozen=True, slots=True)
class ImapServer:
    """How to reach the mailbox."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    #: seconds to wait for an answer
    timeout: float = 30.0

    def refuse_unsafe(self) -> None:
        """Raise `SettingsError` where a login as set would be unsafe or impossible."""
        if not self.host:
            raise SettingsError("mailbox.imap_host is not set, so no mail can be read. Set it.")
        if self.security == "none" and not is_loopback(self.host):
            raise SettingsError(
                f"mailbox.imap_security is 'none' and {self.host} is not this machine: the password would travel "
                "unprotected. Use 'tls' or 'starttls'."
            )
        for name in ("username", "password", "folder"):
            if not str(getattr(self, name)).isprintable():
                raise SettingsError(f"mailbox.imap_{name} holds a line break or the like. Take it out.")


class Obstacle(StrEnum):
    """Why a mailbox cannot be read."""

    AWAY = "away"
    BROKEN = "broken"
    CERTIFICATE = "certificate"
    SECURITY = "security"
    LOGIN = "login"
    FOLDER = "folder"

    @property
    def passes(self) -> bool:
        """True where it may pass by itself; the others need a person, and trying often only locks the account."""
        return self in (Obstacle.AWAY, Obstacle.BROKEN)


class CannotRead(MailboxError):
    """The mailbox cannot be read now."""

    def __init__(self, sentence: str, obstacle: Obstacle) -> None:
        super().__init__(sentence)
        self.obstacle = obstacle


class Unreadable(MailboxError):
    """The server does not give this one message out."""


class _Idle(IdleManager):
    """imap-tools' IDLE, that loses nothing of what the server says together with its answer to the command."""

    def start(self) -> None:
        client = self.mailbox.client
        self._idle_tag = client._command("IDLE")
        while client._get_response() is not None:
            if answer := client.tagged_commands[self._idle_tag]:
                del client.tagged_commands[self._idle_tag]
                raise _NoIdle(str(answer))

    def poll(self, timeout: float | None) -> list[bytes]:
        return self._read_already() or list(super().poll(timeout))

    def _read_already(self) -> list[bytes]:
        """Lines that the client has taken from the socket: asking the socket would not find them."""
        client = self.mailbox.client
        lines: list[bytes] = []
        before = client.sock.gettimeout()
        client.sock.settimeout(0)
        try:
            while True:
                lines.append(client._get_line())
        except OSError:
            return lines
        except imaplib.IMAP4.abort as error:
            if "EOF" not in str(error):
                raise
            return lines
        finally:
            client.sock.settimeout(before)


class _NoIdle(Exception):
    """The server offers IDLE and refuses it all the same."""


class ImapConnection:
    """Connects, logs in and opens the folder; use it from one thread, `hang_up` from any."""

    def __init__(self, server: ImapServer) -> None:
        self._server = server
        self._has_idle = False
        self._box = self._connect()
        try:
            self._login()
            self._open_folder()
        except BaseException:
            self.close()
            raise

    def unseen(self) -> list[str]:
        """UIDs of what nobody has read or handled yet, the oldest first."""
        kept = f" UNKEYWORD {KEYWORD}" if self._keeps_keywords else ""
        with self._in_words():
            self._box.client.noop()
            self._announced()  # what is announced from here on may be missing in the answer
            return sorted(self._box.uids(f"UNSEEN UNDELETED{kept}", charset=None), key=int)

    def message(self, uid: str) -> tuple[bytes, bool] | None:
        """The bytes, and True where they are only the beginning; None where the message is gone.

        Raises `Unreadable` where the server has it and does not give it out.
        """
        raw, size = self._part(uid, BEGINNING)
        if raw is not None and len(raw) >= BEGINNING:
            if size > MOST_BYTES:
                return raw, True
            raw, size = self._part(uid, MOST_BYTES)
        return None if raw is None else (raw, len(raw) >= MOST_BYTES and size != len(raw))

    def mark(self, uid: str, disposition: Disposition) -> None:
        """Write down at the server what became of a message, so that it is not fetched again."""
        if disposition is Disposition.DONE:
            flags = r"\Seen"
        else:
            flags = rf"\Flagged {KEYWORD}" if self._keeps_keywords else r"\Flagged \Seen"
        with self._in_words():
            # Not `flag` of imap-tools: that also expunges what a person has marked as deleted.
            answer, said = self._box.client.uid("STORE", uid, "+FLAGS.SILENT", f"({flags})")
        if answer != "OK":
            raise self._obstacle(Obstacle.BROKEN, f"does not let a message be marked ({self._readable(said)})")

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """True as soon as something may have arrived; False when the time has passed, or soon after `stop`."""
        end = time.monotonic() + seconds
        with self._in_words():
            if self._announced():
                return True
            while self._has_idle and not stop.is_set() and (left := end - time.monotonic()) > 0:
                try:
                    if self._idle(min(left, _LONGEST_IDLE), stop):
                        return True
                except _NoIdle:
                    self._has_idle = False
        stop.wait(max(0.0, end - time.monotonic()))
        return False

    @property
    def is_told(self) -> bool:
        """True where the server says by itself that something has arrived."""
        return self._has_idle

    def hang_up(self) -> None:
        """Break the connection under the feet of whoever waits for an answer."""
        with suppress(OSError):
            # Not the socket's own method: that of TLS would first turn it into a plain one.
            socket.socket.shutdown(self._box.client.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Say goodbye, as far as the server still listens."""
        with suppress(Exception):
            self._box.logout()
        with suppress(OSError):
            self._box.client.shutdown()

    def _connect(self) -> BaseMailBox:
        server = self._server
        with self._in_words(Obstacle.AWAY):
            if server.security == "tls":
                return MailBox(server.host, server.port, server.timeout, ssl_context=ssl.create_default_context())
            box = MailBoxUnencrypted(server.host, server.port, server.timeout)
        if server.security == "starttls":
            try:
                if "STARTTLS" not in box.client.capabilities:
                    raise self._obstacle(Obstacle.SECURITY, "does not offer STARTTLS")
                with self._in_words(Obstacle.AWAY):
                    box.client.starttls(ssl.create_default_context())
            except BaseException:
                with suppress(OSError):
                    box.client.shutdown()
                raise
        return box

    def _login(self) -> None:
        """`from None`: those errors may hold the password."""
        server = self._server
        try:
            if (server.username + server.password).isascii():
                self._box.login(server.username, server.password, initial_folder=None)
            else:
                self._box.login_utf8(server.username, server.password, initial_folder=None)
        except (imaplib.IMAP4.abort, OSError) as error:
            raise self._obstacle(Obstacle.BROKEN, f"hung up at the login ({self._readable(error)})") from None
        except Exception as error:
            raise self._obstacle(Obstacle.LOGIN, f"refused the login ({self._readable(error)})") from None

    def _open_folder(self) -> None:
        box, folder = self._box, self._server.folder
        try:
            # Some say only after the login what they can do.
            said = _last(box.client.capability())
            box.folder.set(folder)
        except imaplib.IMAP4.readonly:
            raise self._obstacle(
                Obstacle.FOLDER, f"lets {folder!r} be read only, so nothing can be marked as done there"
            ) from None
        except (imaplib.IMAP4.abort, OSError) as error:
            raise self._obstacle(Obstacle.BROKEN, f"hung up ({self._readable(error)})") from error
        except Exception as error:
            raise self._obstacle(
                Obstacle.FOLDER, f"does not open the folder {folder!r} ({self._readable(error)})"
            ) from error
        box.idle = _Idle(box)
        self._has_idle = b"IDLE" in said.upper().split()
        self._keeps_keywords = rb"\*" in _last(box.client.response("PERMANENTFLAGS"))
        #: UIDs mean the same messages as long as this stays the same
        self.validity = _last(box.client.response("UIDVALIDITY")).decode("ascii", "replace")

    def _part(self, uid: str, most: int) -> tuple[bytes | None, int]:
        """Up to `most` bytes of a message, and the size that the server says it has."""
        with self._in_words():
            answer, said = self._box.client.uid("FETCH", uid, f"(RFC822.SIZE BODY.PEEK[]<0.{most}>)")
        if answer != "OK":
            raise Unreadable(f"the server does not give it out ({self._readable(said)})")
        return _body(said)

    def _announced(self) -> bool:
        """True where the server has said, since the last question, how many messages there are: most likely more."""
        return bool(_last(self._box.client.response("EXISTS")))

    def _idle(self, seconds: float, stop: threading.Event) -> bool:
        end = time.monotonic() + seconds
        with self._box.idle as idle:
            news = self._announced()
            while not (news or stop.is_set()) and (left := end - time.monotonic()) > 0:
                began, glance = time.monotonic(), min(left, _GLANCE)
                lines = idle.poll(glance)
                news = any(line.upper().endswith((b" EXISTS", b" RECENT")) for line in lines)
                if not lines and time.monotonic() - began < glance / 2:
                    break  # woken by nothing: the end of IDLE will show whether the server hung up
        return self._announced() or news

    @contextmanager
    def _in_words(self, otherwise: Obstacle = Obstacle.BROKEN) -> Iterator[None]:
        """For calls of the library alone: over a malformed answer it stumbles in whatever way."""
        try:
            yield
        except (CannotRead, _NoIdle):
            raise
        except ssl.SSLCertVerificationError as error:
            raise self._obstacle(
                Obstacle.CERTIFICATE, f"shows a certificate that cannot be trusted ({error.verify_message})"
            ) from error
        except Exception as error:
            if (
                otherwise is Obstacle.AWAY
                and isinstance(error, ssl.SSLError)
                and not isinstance(error, ssl.SSLEOFError)
            ):
                raise self._obstacle(Obstacle.SECURITY, f"does not speak TLS as we do ({error.reason})") from error
            what = "cannot be reached" if otherwise is Obstacle.AWAY else "broke the connection off"
            raise self._obstacle(otherwise, f"{what} ({self._readable(error)})") from error

    def _obstacle(self, obstacle: Obstacle, what: str) -> CannotRead:
        advice = {
            Obstacle.CERTIFICATE: "Check mailbox.imap_host: it must be the name in the certificate.",
            Obstacle.SECURITY: "Check mailbox.imap_security and mailbox.imap_port.",
            Obstacle.LOGIN: "Check mailbox.imap_username and NEWSLETTER_MAILBOX_IMAP_PASSWORD.",
            Obstacle.FOLDER: "Check mailbox.imap_folder.",
        }.get(obstacle, "What is not read yet stays in the mailbox.")
        return CannotRead(f"The mail server {self._server.host}:{self._server.port} {what}. {advice}", obstacle)

    def _readable(self, said: object) -> str:
        """The server's or the system's own words, in one line, and without the password should it be among them."""
        if isinstance(said, UnexpectedCommandStatusError):
            said = said.command_result[1]
        if isinstance(said, list):
            said = b" ".join(part for part in said if isinstance(part, bytes))
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        if self._server.password:
            text = text.replace(self._server.password, "…")
        return " ".join(text.split())[:300] or type(said).__name__


def _last(response: tuple[str, list[Any]]) -> bytes:
    """The last line of such a response; empty where there was none."""
    found = response[1][-1]
    return found if isinstance(found, bytes) else b""


def _body(answer: list[Any]) -> tuple[bytes | None, int]:
    """Body and size out of the answer to FETCH, which holds the body as a literal, or (if short) in quotes."""
    body: bytes | None = None
    size = 0
    for item in answer:
        told = b" ".join(item[:1]) if isinstance(item, tuple) else item
        if not isinstance(told, bytes):
            continue
        if isinstance(item, tuple) and b"BODY[" in told.upper():
            body = item[1]
        elif quoted := re.search(rb'BODY\[\](?:<0>)? (?:"((?:[^"\\]|\\.)*)"|NIL)', told, re.IGNORECASE):
            body = re.sub(rb"\\(.)", rb"\1", quoted[1] or b"")
        if found := re.search(rb"RFC822\.SIZE (\d+)", told, re.IGNORECASE):
            size = int(found[1])
    return body, size
