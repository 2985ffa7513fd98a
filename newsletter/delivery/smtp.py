"""Handing messages to a mail server (RFC 5321), one connection kept for all.

TLS certificates are checked, always; a failing TLS is an error and never turned into plain text.
"""

import smtplib
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
                refusal = self._envelope(connection, sender, recipient)
            except (smtplib.SMTPServerDisconnected, OSError) as error:
                self._drop()
                if fresh:
                    raise TransportDown(self._in_words("closed the connection again and again", error)) from error
                continue
            if refusal is not None:
                return refusal
            try:
                return _outcome(_data(connection, message), connection)
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
                self._login(connection)
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
        except (smtplib.SMTPException, UnicodeError, OSError) as error:
            self._drop()
            raise TransportDown(self._in_words("cannot be reached", error)) from error
        return connection

    def _login(self, connection: smtplib.SMTP) -> None:
        """`from None` twice: those errors may hold the password."""
        try:
            connection.login(self._server.username, self._server.password)
        except smtplib.SMTPAuthenticationError as error:
            self._drop()
            said = _said((error.smtp_code, _bytes(error.smtp_error)))
            raise TransportDown(
                self._in_words(f"refused the login ({said})", None)
                + " Check smtp.username and NEWSLETTER_SMTP_PASSWORD."
            ) from None
        except UnicodeError:
            self._drop()
            raise TransportDown(
                self._in_words("can be told a login in ASCII only, and smtp.username or smtp.password is not", None)
            ) from None

    def _envelope(self, connection: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
        """MAIL FROM and RCPT TO; None where the server wants the message."""
        answer = _understood(connection.mail(sender))
        if answer[0] >= 500:
            # About us, not about this reader: most often it wants a login first. It would say so to every message.
            raise TransportDown(
                self._in_words(f"does not take mail from {sender} ({_said(answer)})", None)
                + " Check address, smtp.username and smtp.security."
            )
        if answer[0] < 300:
            answer = _understood(connection.rcpt(recipient))
        return None if answer[0] < 300 else _outcome(answer, connection)

    def _in_words(self, what: str, error: Exception | None) -> str:
        because = f": {error}" if error else ""
        return (
            f"The mail server {self._server.host}:{self._server.port} {what}{because}. What is not sent stays queued."
        )


def _data(connection: smtplib.SMTP, message: bytes) -> Answer:
    """The answer to the message, or to the wish to hand one over."""
    try:
        return connection.data(message)
    except smtplib.SMTPDataError as error:
        return error.smtp_code, _bytes(error.smtp_error)


def _understood(answer: Answer) -> Answer:
    """The answer, if it is one: smtplib gives -1 for a line without a number, and below 200 nothing is decided."""
    if not 200 <= answer[0] < 600:
        raise smtplib.SMTPServerDisconnected(f"it answered {answer[1][:100]!r}")
    return answer


def _outcome(answer: Answer, connection: smtplib.SMTP) -> Outcome:
    code, text = _understood(answer)[0], _said(answer)
    if code < 300:
        return Sent(text)
    if code == 421:
        connection.close()
    else:
        # What was begun is not over for every server; a second MAIL in it would be refused.
        with suppress(smtplib.SMTPException, OSError):
            connection.rset()
    return Deferred(text) if code < 500 else Refused(text)


def _said(answer: Answer) -> str:
    return f"{answer[0]} {answer[1].decode('utf-8', 'replace').strip()}"


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()
