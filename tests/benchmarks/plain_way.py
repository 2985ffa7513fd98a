"""How it is mostly done: templates and MJML for each reader, the standard library's mail, a commit a message.

`python plain_way.py PROJECT PORT [KEY]` sends what is queued in that project's database; with a private key it signs
by dkimpy.
"""

import smtplib
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import dkim
from mjml import mjml2html
from sending_bench import DUE, EARLY, Run, issue_cards, measured, shared, sources, tell
from sqlite_utils import Database

from newsletter.rendering.edition import Edition, Reader
from newsletter.rendering.links import Purpose, Signer
from newsletter.rendering.look import look_in
from newsletter.rendering.message import Letterhead
from newsletter.rendering.recipe import load_recipe
from newsletter.rendering.store import load_keys
from newsletter.rendering.templates import COMPILED, DOCUMENT, shipped_templates
from newsletter.rendering.words import mail_date
from subscribers.database import stored

_SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"list-id", b"list-unsubscribe"]


class PlainWay:
    """One connection that is kept, and a row that is updated after each message."""

    def __init__(self, folder: Path, port: int, key: bytes | None) -> None:
        self._db = Database(folder / "newsletter.db")
        source = (shipped_templates() / DOCUMENT).read_text("utf-8")
        uncompiled = {COMPILED: look_in().apply(source, DOCUMENT)}
        self._edition = Edition(sources() | uncompiled, dict(shared()))
        self._letterhead = Letterhead(
            title="Paper Robots", address="papers@news.example.org", issue="weekly-2026-11-27"
        )
        self._cards = issue_cards()
        self._signer = Signer("https://news.example.org", load_keys(self._db))
        self._key = key
        self._smtp = smtplib.SMTP("127.0.0.1", port)

    def send(self, due: str) -> int:
        """Everything that is due by then; how many it was."""
        sent = 0
        for row in self._due(due):
            message = self._message(row)
            if self._key:
                message = dkim.sign(message, b"s1", b"news.example.org", self._key, include_headers=_SIGNED) + message
            self._smtp.sendmail("papers@news.example.org", [str(row["address"])], message)
            self._db.table("deliveries").update(int(str(row["id"])), {"state": "sent", "date": due})
            sent += 1
        return sent

    def close(self) -> None:
        """Say goodbye."""
        self._smtp.quit()
        self._db.conn.close()

    def _due(self, due: str) -> Iterator[dict[str, object]]:
        return iter(
            list(
                self._db.query(
                    "SELECT deliveries.id, subscriber_id, address, name, recipe FROM deliveries "
                    "JOIN subscribers ON subscribers.id = subscriber_id "
                    "WHERE deliveries.state = 'queued' AND due_at <= ? AND subscribers.state = 'active'",
                    [due],
                )
            )
        )

    def _message(self, row: dict[str, object]) -> bytes:
        person, address = int(str(row["subscriber_id"])), str(row["address"])
        recipe = load_recipe(str(row["recipe"]))
        reader = Reader(person, address)
        subject, mjml, text = self._edition.render_plainly(recipe, self._cards, reader, self._signer)
        message = EmailMessage(policy=SMTP)
        message["From"] = "Paper Robots <papers@news.example.org>"
        message["To"] = f"{row['name']} <{address}>"
        message["Subject"], message["Date"] = subject, mail_date(DUE)
        message["Message-ID"] = self._letterhead.message_id(person)
        message["List-Id"] = "Paper Robots <paper-robots.news.example.org>"
        message["List-Unsubscribe"] = f"<{self._signer.url(Purpose.LEAVE, person)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(text)
        message.add_alternative(mjml2html(mjml, fonts={}), subtype="html")
        return message.as_bytes()


def main(folder: Path, port: int, key: Path | None) -> Run:
    """What it takes for all but the first few."""
    way = PlainWay(folder, port, key.read_bytes() if key else None)
    way.send(stored(EARLY))
    with measured() as result:
        sent = way.send(stored(DUE))
    way.close()
    return result(sent)


if __name__ == "__main__":
    tell(main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None))
