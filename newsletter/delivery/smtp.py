"""Handing messages to a mail server (RFC 5321), one connection kept for all.

TLS certificates are checked, always; a failing TLS is an error and never turned into plain text.
"""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from newsletter.delivery.outcomes import Deferred, Outcome, Refused, Sent, Unknown
from newsletter.errors import SettingsError, TransportDown

Answer = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Server:
    """How to reach the mail server."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str
    password: str
    #: seconds
    timeout: float

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port}, {self.security})"


class SmtpTransport:
    """Sends through a mail server; connects when the first message comes."""

    repeatable = False

    def __init__(self, server: Server) -> None:
        if not server.host:
            raise SettingsError(
                "smtp.host is not set, so nothing can be sent. Set it, or delivery.transport = 'folder'."
            )
        if server.username and server.security == "none":
            raise SettingsError(
                "smtp.security is 'none' together with a login: the password would travel unprotected. Use 'starttls' "
                "or 'tls', or take smtp.username away."
            )
        self._server = server
        self._connection: smtplib.SMTP | None = None

    def send(self, message: bytes, *, sender: str, recipient: str, name: str) -> Outcome:
        """One transaction. A connection that the server closed between messages is opened again."""
        for fresh in (False, True):
            connection = self._connection if self._connection and not fresh else self._connect()
            try:
                refusal = _envelope(connection, sender, recipient)
            except (smtplib.SMTPServerDisconnected, OSError) as error:
                self._drop()
                if fresh:
                    raise TransportDown(self._in_words("closed the connection again and again", error)) from error
                continue
            if refusal is not None:
                return refusal
            try:
                return _outcome(connection.data(message), connection)
            except smtplib.SMTPDataError as error:
                return _outcome((error.smtp_code, _bytes(error.smtp_error)), connection)
            except (smtplib.SMTPServerDisconnected, OSError) as error:
                self._drop()
                return Unknown(f"the connection broke in mid-message ({error})")
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Say goodbye."""
        if self._connection:
            with suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
        self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        try:
            if server.security == "tls":
                context = ssl.create_default_context()
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=server.timeout, context=context
                )
            else:
                connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
            self._connection = connection
            connection.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo()
            if server.username:
                connection.login(server.username, server.password)
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise TransportDown(
                self._in_words(f"shows a certificate that cannot be trusted ({error.verify_message})", None)
                + " Check smtp.host: it must be the name in the certificate."
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            self._drop()
            raise TransportDown(
                self._in_words(f"does not offer what smtp.security or the login needs: {error}", None)
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            self._drop()
            said = _bytes(error.smtp_error).decode("utf-8", "replace")
            raise TransportDown(
                self._in_words(f"refused the login ({error.smtp_code} {said})", None)
                + " Check smtp.username and NEWSLETTER_SMTP_PASSWORD."
            ) from None
        except (socket.gaierror, ssl.SSLError, smtplib.SMTPException, OSError) as error:
            self._drop()
            raise TransportDown(self._in_words("cannot be reached", error)) from error
        return connection

    def _in_words(self, what: str, error: Exception | None) -> str:
        because = f": {error}" if error else ""
        return (
            f"The mail server {self._server.host}:{self._server.port} {what}{because}. What is not sent stays queued."
        )


def _envelope(connection: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
    """MAIL FROM and RCPT TO; None where the server wants the message."""
    answer = connection.mail(sender)
    if answer[0] < 300:
        answer = connection.rcpt(recipient)
    if answer[0] < 300:
        return None
    with suppress(smtplib.SMTPException, OSError):
        connection.rset()
    return _outcome(answer, connection)


def _outcome(answer: Answer, connection: smtplib.SMTP) -> Outcome:
    code, said = answer
    text = f"{code} {said.decode('utf-8', 'replace').strip()}"
    if code == 421:
        connection.close()
    if code < 300:
        return Sent(text)
    return Deferred(text) if code < 500 else Refused(text)


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()
