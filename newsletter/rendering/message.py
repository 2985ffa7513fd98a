"""A whole message as bytes: headers that every mail program reads right, and two parts that are encoded already.

Headers are folded here, because Python's `EmailMessage(policy=SMTP)` turns a List-Unsubscribe that does not fit into
78 columns into an encoded-word, which no mail program follows (python/cpython#85725), and loses spaces between
encoded words of a subject.
"""

import re
from base64 import encodebytes
from collections.abc import Iterable
from datetime import datetime
from email.header import Header
from functools import lru_cache
from hashlib import blake2b

from newsletter.rendering.edition import Body
from newsletter.rendering.links import PATHS, Purpose, Signer
from newsletter.rendering.words import mail_date

#: "=_" never occurs in quoted-printable text (RFC 2045, section 6.7, note at its end).
_BOUNDARY = "=_two-parts_="
_TO_PART = (
    "\r\n--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_TEXT_PART = _TO_PART.format(boundary=_BOUNDARY, kind="plain").encode()
_HTML_PART = _TO_PART.format(boundary=_BOUNDARY, kind="html").encode()
#: What a phrase may be without quotes (RFC 5322, section 3.2.3).
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_OUTER = "=_letter-and-file_="
_MIME = b"MIME-Version: 1.0\r\n"
_ALTERNATIVE = f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n'.encode()
_MIXED = f'Content-Type: multipart/mixed; boundary="{_OUTER}"\r\n\r\n'.encode()
_END = f"\r\n--{_BOUNDARY}--\r\n".encode()


class Letterhead:
    """The headers that all copies of an issue share."""

    def __init__(self, *, title: str, address: str, issue: str) -> None:
        """`address` is where the newsletter is sent from, `issue` its key, such as weekly-2026-11-27."""
        self._address = address
        self._domain = address.rpartition("@")[2]
        self._issue = issue
        label = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "newsletter"
        # Feedback-ID: at most three of our own parts, then an id of the sender of 5 to 15 characters.
        sender = re.sub(r"[^a-z0-9]", "", self._domain)[:15].ljust(5, "0")
        frequency = issue.partition("-")[0]
        self._shared = "".join(
            (
                f"From: {mailbox(title, address)}\r\n",
                f"List-Id: {_phrase(title)}\r\n <{label}.{self._domain}>\r\n",
                "List-Post: NO\r\n",
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
                f"Feedback-ID: {issue}:{frequency}:issue:{sender}\r\n",
            )
        ).encode("ascii")

    def message_id(self, subscriber_id: int) -> str:
        """The same for the same reader and issue, so that a repeated message can be told as such."""
        digest = blake2b(f"{self._issue}/{subscriber_id}".encode(), digest_size=9, person=b"message-id").hexdigest()
        return f"<{self._issue}.{digest}@{self._domain}>"

    def message(
        self, body: Body, *, subscriber_id: int, name: str, address: str, date: datetime, signer: Signer
    ) -> bytes:
        """The finished message. `date` goes into its Date header; the same arguments give the same bytes."""
        leave = signer.token(Purpose.LEAVE, subscriber_id)
        link = f"{signer.base_url}/{PATHS[Purpose.LEAVE]}/{leave}"
        own = (
            f"To: {mailbox(name, address)}\r\n"
            f"Subject: {subject(body.subject)}\r\n"
            f"Date: {mail_date(date)}\r\n"
            f"Message-ID: {self.message_id(subscriber_id)}\r\n"
            f"List-Unsubscribe:\r\n <{link}>,\r\n"
            f" <mailto:{self._address}?subject=leave%20{leave}>\r\n"
        )
        return html_and_text(self._shared + own.encode("ascii"), body.text, body.html)


def html_and_text(head: bytes, text: Iterable[bytes], html: Iterable[bytes]) -> bytes:
    """A message of two parts, both encoded as quoted-printable already, below finished headers."""
    return b"".join((head, _MIME, _ALTERNATIVE, _TEXT_PART, *text, _HTML_PART, *html, _END))


def with_attachment(head: bytes, text: bytes, html: bytes, name: str, kind: str, content: bytes) -> bytes:
    """The same with a file beside it; `name` is plain ASCII."""
    attached = _base64(content)
    start = f"--{_OUTER}\r\n".encode()
    file = (
        f"--{_OUTER}\r\nContent-Type: {kind}\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    ).encode()
    two = b"".join((_ALTERNATIVE, _TEXT_PART, text, _HTML_PART, html, _END))
    return b"".join((head, _MIME, _MIXED, start, two, file, attached, f"--{_OUTER}--\r\n".encode()))


def header(name: str, value: str) -> str:
    """One header line, folded at its spaces; never an encoded-word in an address or a link."""
    lines = [f"{name}:"]
    for word in one_line(value).split(" "):
        if len(lines[-1]) + 1 + len(word) > 76 and not lines[-1].endswith(":"):
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def _base64(data: bytes) -> bytes:
    """Base64 in lines of 76 characters (RFC 2045, section 6.8)."""
    return encodebytes(data).replace(b"\n", b"\r\n")


@lru_cache(maxsize=1_024)
def subject(text: str) -> str:
    """A Subject's value, folded, in encoded-words where it is not ASCII."""
    plain = one_line(text)
    charset = "us-ascii" if _plain(plain) else "utf-8"
    return Header(plain, charset, maxlinelen=76, header_name="Subject").encode(linesep="\r\n")


def mailbox(name: str, address: str) -> str:
    """`Name <address>`, or the address alone; the name quoted or in encoded-words as it needs."""
    phrase = _phrase(name)
    if not phrase:
        return address
    fold = "\r\n " if len(phrase) + len(address) > 64 else " "
    return f"{phrase}{fold}<{address}>"


def _phrase(name: str) -> str:
    plain = one_line(name)[:150].rstrip()
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    if not _plain(plain) or len(quoted) > 60:
        return Header(plain, "utf-8", maxlinelen=70).encode(linesep="\r\n")
    return plain if _ATOMS.fullmatch(plain) else f'"{quoted}"'


def _plain(text: str) -> bool:
    """May it stand in a header as it is? What looks like an encoded-word would be decoded by whoever reads it."""
    return text.isascii() and "=?" not in text


def one_line(text: str) -> str:
    """White space tidied, and nothing that could begin another header."""
    if text.isprintable():
        return " ".join(text.split())
    # The joiners of emoji and of scripts such as Persian are invisible, but not noise.
    return " ".join("".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text).split())
