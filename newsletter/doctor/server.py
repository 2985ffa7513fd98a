"""Is the mail server there, does it know us, and what does it offer? No mail is handed over."""

import io
import smtplib
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from newsletter.doctor.asking import Address
from newsletter.doctor.findings import Finding, Subject, Topic, cut
from newsletter.mailbox.loopback import is_loopback
from newsletter.sections import SmtpSettings

SERVER, CERTIFICATE, LOGIN, OFFERS = (
    Subject(Topic.SERVER, title) for title in ("Connection", "Certificate", "Login", "What it offers")
)
#: Seconds for one answer, and for all of them.
PATIENCE, WHOLE = 5.0, 9.0
#: Bytes that a server may say in all; more is no mail server.
_MOST_SAID = 256 * 1024
#: A certificate that ends so soon is told of: renewing one takes a person, or should have happened.
SOON, VERY_SOON = timedelta(days=21), timedelta(days=7)


@dataclass(slots=True)
class ServerFacts:
    """What the server said."""

    #: "", "unset", "reach", "greeting", "certificate", "tls", "no tls", "login", "sender": where it went wrong
    failed: str = ""
    #: in words
    why: str = ""
    #: the name in its greeting
    name: str = ""
    #: the address that was connected to
    peer: Address | None = None
    secure: bool = False
    #: when its certificate ends
    expires: datetime | None = None
    logged_in: bool = False
    #: EHLO keywords in lower case
    offers: dict[str, str] = field(default_factory=dict)


def server_facts(settings: SmtpSettings, sender: str) -> ServerFacts:
    """Connect, log in, name the sender, take it back and leave."""
    facts = ServerFacts()
    if not settings.host or (settings.username and settings.security == "none"):
        facts.failed = "unset"
        return facts
    connection = _Client(time.monotonic() + WHOLE, settings.security == "tls")
    try:
        facts.failed = "reach"
        code, said = connection.connect(settings.host, settings.port)
        facts.peer = _peer(connection)
        facts.failed = "greeting"
        facts.name = said.decode("utf-8", "replace").partition(" ")[0][:255].lower()
        if code != 220:
            facts.why = _said(code, said)
            return facts
        connection.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            facts.failed = "no tls"
            if not connection.has_extn("starttls"):
                return facts
            facts.failed = "tls"
            code, said = connection.starttls(context=ssl.create_default_context())
            if code != 220:
                facts.why = _said(code, said)
                return facts
            connection.ehlo()
        _note_certificate(connection, facts)
        if settings.username:
            facts.failed = "login"
            connection.login(settings.username, settings.password.get_secret_value())
            facts.logged_in = True
        facts.offers = dict(connection.esmtp_features)
        facts.failed = "sender"
        code, said = connection.mail(sender)
        if code != 250:
            facts.why = _said(code, said)
            return facts
        connection.rset()
        facts.failed = ""
    except ssl.SSLCertVerificationError as error:
        facts.failed, facts.why = "certificate", error.verify_message
    except ssl.SSLError as error:
        facts.failed, facts.why = "tls", str(error.reason or error)
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error
        facts.why = _said(error.smtp_code, text if isinstance(text, bytes) else str(text).encode())
    except smtplib.SMTPNotSupportedError as error:
        facts.why = str(error)
    except UnicodeError:
        facts.why = "smtp.username and smtp.password must be ASCII, or smtp.host is no name"
    except (smtplib.SMTPException, OSError) as error:
        late = "timed out" in str(error)
        words = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
        facts.why = "it did not answer in time" if late else cut(words)
    # What smtplib makes of nonsense.
    except (ValueError, IndexError, TypeError) as error:
        facts.why = f"its answers make no sense ({cut(str(error))})"
    finally:
        connection.leave()
    return facts


def server_findings(
    facts: ServerFacts, settings: SmtpSettings, sender: str, size: int | None, now: datetime
) -> list[Finding]:
    """What that means; `size`: bytes of a large message of ours, where known."""
    if facts.failed == "unset":
        if not settings.host:
            return [SERVER.failure("smtp.host is not set.", "Set it, or delivery.transport = 'folder'.")]
        return [
            SERVER.failure(
                "smtp.security is 'none' together with a login: the password would travel unprotected.",
                "Use 'starttls' or 'tls', or take smtp.username away.",
            )
        ]
    return [*_reached(facts, settings, sender), *_certificate(facts, now), *_offers(facts, size)]


def certificate_finding(subject: Subject, expires: datetime, now: datetime) -> Finding:
    """How long a certificate is good for."""
    left = expires - now
    until = f"is good until {expires:%d %B %Y} ({max(left.days, 0)} days)"
    todo = "Renew it, or see why it was not renewed by itself."
    if left < VERY_SOON:
        return subject.warning(f"It {until}.", todo)
    return subject.advice(f"It {until}.", todo) if left < SOON else subject.ok(f"It is trusted, and {until}.")


def _reached(facts: ServerFacts, settings: SmtpSettings, sender: str) -> Iterator[Finding]:
    place = f"{settings.host}:{settings.port}"
    why = f" ({cut(facts.why)})" if facts.why else ""
    match facts.failed:
        case "reach":
            yield SERVER.failure(
                f"{place} cannot be reached{why}.",
                "Check smtp.host and smtp.port; many networks shut port 25, so use 587 or 465 where you can.",
            )
        case "greeting":
            yield SERVER.failure(
                f"{place} answers, but not as a mail server does{why}.",
                "Check smtp.port and smtp.security: 465 wants 'tls', 587 and 25 want 'starttls'.",
            )
        case "certificate":
            yield CERTIFICATE.failure(
                f"{place} shows a certificate that cannot be trusted{why}.",
                "smtp.host must be the name in the certificate; else renew the certificate.",
            )
        case "tls":
            yield SERVER.failure(
                f"{place} does not speak TLS as we do{why}.",
                "Check smtp.port and smtp.security: 465 wants 'tls', 587 and 25 want 'starttls'.",
            )
        case "no tls":
            yield SERVER.failure(
                f"{place} does not offer STARTTLS, so nothing is sent.",
                "Use port 465 with smtp.security = 'tls', or, on a network of your own, 'none'.",
            )
        case "login":
            yield LOGIN.failure(f"{place} refuses the login{why}.", "Check smtp.username and NEWSLETTER_SMTP_PASSWORD.")
        case "sender":
            yield Subject(Topic.SERVER, "Sender").failure(
                f"{place} takes no mail from {sender}{why}.",
                "Let it know the address as yours, or check address, smtp.username and smtp.security.",
            )
        case _:
            login = " and lets us in" if facts.logged_in else ""
            yield SERVER.ok(f"{place} answers{login}, and takes mail from {sender}.")
            if not facts.secure and not is_loopback(settings.host):
                yield SERVER.warning(
                    f"Mail travels to {place} unprotected: anybody on the way may read it.",
                    "Set smtp.security to 'starttls' or 'tls'.",
                )


def _certificate(facts: ServerFacts, now: datetime) -> Iterator[Finding]:
    if facts.expires:
        yield certificate_finding(CERTIFICATE, facts.expires, now)


def _offers(facts: ServerFacts, size: int | None) -> Iterator[Finding]:
    if not facts.offers:
        return
    most = facts.offers.get("size", "")
    limit = int(most) if most.isascii() and most.isdecimal() and len(most) < 16 else 0
    if size and limit and size > limit:
        yield OFFERS.failure(
            f"It takes messages of at most {limit:,} bytes, and one of yours may have {size:,}.",
            "Raise its limit, or let an issue hold less (issue.picks).",
        )
        return
    missing = [name for name in ("PIPELINING", "8BITMIME") if name.lower() not in facts.offers]
    if "PIPELINING" in missing:
        yield OFFERS.advice(
            "It does not offer PIPELINING, so each message waits for several answers.",
            "Raise smtp.connections if sending takes too long.",
        )
    else:
        also = " and 8BITMIME" if not missing else ""
        yield OFFERS.ok(f"PIPELINING{also}; messages {f'up to {limit:,} bytes' if limit else 'of any size'}.")


class _Client(smtplib.SMTP):
    """A client that waits for no answer for ever, and reads none that never ends."""

    def __init__(self, deadline: float, tls: bool) -> None:
        self._deadline, self._tls = deadline, tls
        super().__init__(timeout=PATIENCE)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        self._host = host  # what the certificate must be for
        plain = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        if not self._tls:
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """The server's next answer."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock, self._deadline)
        return super().getreply()

    def leave(self) -> None:
        """Say goodbye, as far as it still listens."""
        try:
            if self.sock is not None:
                self.sock.settimeout(1)
                self.quit()
        except (smtplib.SMTPException, OSError, ValueError):
            pass
        finally:
            self.close()


class _Bounded:
    """What smtplib reads lines from: so many bytes, and until a moment."""

    def __init__(self, sock: Any, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline
        self._file: io.BufferedReader = sock.makefile("rb")
        self._left = _MOST_SAID

    def readline(self, most: int) -> bytes:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        if self._left <= 0:
            raise smtplib.SMTPServerDisconnected("it says too much")
        self._sock.settimeout(min(PATIENCE, left))
        line = self._file.readline(most)
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._file.close()


def _peer(connection: smtplib.SMTP) -> Address | None:
    try:
        return ip_address(connection.sock.getpeername()[0]) if connection.sock else None
    except (OSError, ValueError, IndexError):
        return None


def _note_certificate(connection: smtplib.SMTP, facts: ServerFacts) -> None:
    if isinstance(connection.sock, ssl.SSLSocket):
        facts.secure = True
        facts.expires = end_of(connection.sock.getpeercert())
        facts.offers = dict(connection.esmtp_features)


def end_of(certificate: Any) -> datetime | None:
    """When a certificate ends, as Python tells of one that was checked."""
    text = certificate.get("notAfter") if certificate else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if isinstance(text, str) else None


def _said(code: int, text: bytes) -> str:
    return cut(f"{code} {text.decode('utf-8', 'replace')}" if code > 0 else text.decode("utf-8", "replace"))
