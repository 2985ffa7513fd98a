"""A notice as it is kept until it is sent: its words, its headers, whom it is for. Its bytes are a pure function."""

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import datetime

from newsletter.rendering.message import header, html_and_text, mailbox, subject, with_attachment
from newsletter.rendering.quoted_printable import encode_html, encode_text
from newsletter.rendering.words import mail_date

#: A subject may repeat somebody else's, and a line of a message has an end (RFC 5322, section 2.1.1).
_LONGEST_SUBJECT = 250


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    #: plain ASCII
    name: str
    #: as application/json
    kind: str
    #: in base64
    content: str


def attach(name: str, kind: str, content: bytes) -> Attachment:
    """Make a file ready to go with a letter."""
    return Attachment(name, kind, b64encode(content).decode())


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person that is not an issue."""

    #: who it is from: the newsletter's title and address
    title: str
    address: str
    #: whom it is for; the name may be empty
    to: str
    name: str
    subject: str
    text: str
    html: str
    message_id: str
    #: further headers, each value ASCII
    headers: tuple[tuple[str, str], ...] = ()
    #: True for the answer to a mail: whatever becomes of it, nothing comes back (RFC 3834, section 3.3)
    no_return: bool = False
    #: a file beside it, or None
    attachment: Attachment | None = None

    def message(self, date: datetime) -> bytes:
        """The finished message; the same letter and date give the same bytes."""
        head = (
            f"From: {mailbox(self.title, self.address)}\r\n"
            f"To: {mailbox(self.name, self.to)}\r\n"
            f"Subject: {subject(self.subject[:_LONGEST_SUBJECT])}\r\n"
            f"Date: {mail_date(date)}\r\n"
            f"Message-ID: {self.message_id}\r\n"
        ) + "".join(header(name, value) for name, value in self.headers)
        ascii_head = head.encode("ascii", "replace")
        text, html = encode_text(_in_lines(self.text)), encode_html(_in_lines(self.html))
        if self.attachment:
            file = self.attachment
            return with_attachment(ascii_head, text, html, file.name, file.kind, b64decode(file.content))
        return html_and_text(ascii_head, [text], [html])

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def _in_lines(text: str) -> str:
    """One kind of line's end: a lone CR would be refused by mail servers (RFC 5321, section 2.3.8)."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_letter(text: str) -> Letter:
    """Read what `Letter.dump` wrote."""
    values = json.loads(text)
    headers = tuple((name, value) for name, value in values.pop("headers"))
    attachment = values.pop("attachment")
    return Letter(**values, headers=headers, attachment=Attachment(**attachment) if attachment else None)
