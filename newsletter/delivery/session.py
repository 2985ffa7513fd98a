"""Opening a session with the mail server: greeting, TLS, login (RFC 5321, 3207, 4954). By smtplib, which waits.

TLS certificates are checked, always; a failing TLS is an error and never turned into plain text.
"""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from newsletter.errors import SettingsError, TransportDown


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

    def refuse_unfit(self) -> None:
        """Raise `SettingsError` where it cannot be used like that."""
        if not self.host:
            raise SettingsError(
                "smtp.host is not set, so nothing can be sent. Set it, or delivery.transport = 'folder'."
            )
        if self.username and self.security == "none":
            raise SettingsError(
                "smtp.security is 'none' together with a login: the password would travel unprotected. Use 'starttls' "
                "or 'tls', or take smtp.username away."
            )

    def down(self, what: str, error: Exception | None = None) -> TransportDown:
        """What to tell an operator who cannot send."""
        because = f": {error}" if error else ""
        return TransportDown(f"The mail server {self.host}:{self.port} {what}{because}. What is not sent stays queued.")


@dataclass(frozen=True, slots=True)
class Session:
    """An open one."""

    socket: socket.socket
    #: the server's extensions, in lower case
    offers: frozenset[str]


def trust(server: Server) -> ssl.SSLContext | None:
    """Whose certificates are believed: those of this machine, read once (it takes some 20 ms). None without TLS."""
    return None if server.security == "none" else ssl.create_default_context()


def open_session(server: Server, trusted: ssl.SSLContext | None) -> Session:
    """Connect, secure it and log in; each step within the server's timeout. Raises `TransportDown`."""
    connection: smtplib.SMTP | None = None
    try:
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=trusted)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
        connection.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            connection.starttls(context=trusted)
            connection.ehlo()
        if server.username:
            _log_in(connection, server)
    except BaseException as error:
        if connection:
            connection.close()
        if isinstance(error, TransportDown):
            raise
        raise _in_words(server, error) from error
    opened = connection.sock
    if opened is None:
        raise server.down("cannot be reached", None)
    if connection.file:
        # As long as smtplib's own reader is open, closing the socket would not end the connection.
        connection.file.close()
        connection.file = None
    # Answers are a line each, and wait for nothing.
    with suppress(OSError):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Session(opened, frozenset(connection.esmtp_features))


def _log_in(connection: smtplib.SMTP, server: Server) -> None:
    """`from None` twice: those errors may hold the password."""
    try:
        connection.login(server.username, server.password)
    except smtplib.SMTPAuthenticationError as error:
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        said = f"{error.smtp_code} {text.decode('utf-8', 'replace').strip()}"
        down = server.down(f"refused the login ({said})")
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()
        raise TransportDown(f"{down} Check smtp.username and NEWSLETTER_SMTP_PASSWORD.") from None
    except UnicodeError:
        raise server.down(
            "can be told a login in ASCII only, and smtp.username or smtp.password is not", None
        ) from None


def _in_words(server: Server, error: BaseException) -> BaseException:
    match error:
        case ssl.SSLCertVerificationError():
            down = server.down(f"shows a certificate that cannot be trusted ({error.verify_message})")
            return TransportDown(f"{down} Check smtp.host: it must be the name in the certificate.")
        case smtplib.SMTPNotSupportedError():
            return server.down(f"does not offer what smtp.security or the login needs: {error}")
        case smtplib.SMTPException() | UnicodeError() | OSError():
            return server.down("cannot be reached", error)
    return error
