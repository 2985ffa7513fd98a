"""What only mail brings: replies that name an issue, tokens in addresses, reports about our own mails."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.returns import came_back
from newsletter.delivery.verdicts import Verdict
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.issue import parse_issue_key
from newsletter.readers.asked import Command
from newsletter.readers.desk import PER_ADDRESS, Readers
from newsletter.readers.doing import dump_commands, wish_in_words
from newsletter.readers.mails import Thread
from newsletter.rendering.links import Purpose, Signer, verify_detail
from newsletter.settings import Settings
from subscribers import confirmations, consent, limits, people
from subscribers.database import writing
from subscribers.evidence import Origin, record
from subscribers.people import Subscriber
from subscribers.suppression import Reason

#: As `rendering.message.Letterhead` writes it.
_ISSUE_ID = re.compile(r"<((?:daily|weekly|monthly)-\d{4}-\d{2}-\d{2})\.[0-9a-f]+@[^<>\s]*>")


class Correspondence:
    """Finds out what a mail is about, and does what only mails ask for."""

    def __init__(
        self, db: Database, readers: Readers, settings: Settings, signer: Signer, clock: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._readers = readers
        self._settings = settings
        self._signer = signer
        self._clock = clock

    def numbered(self, person: Subscriber, references: Sequence[str]) -> list[int]:
        """The entries of the issue that is answered, as its reader counts them; of the latest one if none is named."""
        named = [found[1] for reference in references if (found := _ISSUE_ID.fullmatch(reference))]
        stored = [self._issue_id(name) for name in named[:5]]
        for issue_id in [*filter(None, stored), *records.sent_to(self._db, person.id, 1)]:
            copy = records.of_reader(self._db, person.id, issue_id)
            if copy and copy.recipe:
                return [pick.entry_id for pick in copy.recipe.shown]
        return []

    def _issue_id(self, name: str) -> int | None:
        """None for an issue that there is not: anybody can write any name into a header."""
        try:
            issue = issues.find(self._db, parse_issue_key(name))
        except IssueError:
            return None
        return issue.id if issue else None

    def leaving_by(self, token: str, *, quiet: bool = False) -> Subscriber | None:
        """Who leaves (`quiet`: announcements alone) by a mail with that token in its subject; None if not ours."""
        found = self._readers.by_link(token, Purpose.ANNOUNCEMENTS if quiet else Purpose.LEAVE)
        return found[1] if found else None

    def ask_whether(
        self,
        person: Subscriber,
        commands: Sequence[Command],
        numbered: Sequence[int],
        *,
        words: str,
        origin: Origin,
        thread: Thread,
    ) -> None:
        """A mail in their name whose sender may be forged: they are asked before anything is done."""
        now, token = self._clock(), confirmations.new_token()
        detail = {"wishes": dump_commands(commands), "numbered": list(numbered), "words": words}
        with writing(self._db):
            if not limits.allow(self._db, "command", str(person.id), now, most=PER_ADDRESS):
                return
            confirmations.ask(self._db, person.id, confirmations.Purpose.COMMAND, detail, now, token=token)
            record(self._db, person.id, event="asked by mail, sender unsure", origin=origin, words=words, now=now)
            wishes = [wish_in_words(command, quoting=False) for command in commands]
            key = f"command {thread.message_id}" if thread.message_id else ""
            self._readers.post_asking(
                "command", NoticeKind.ANSWER, token, person, thread=thread, key=key, wishes=wishes
            )

    def returned_by(self, details: Sequence[str]) -> tuple[Subscriber, int] | None:
        """Whom a report is about, and which delivery; None where no token of ours shows that it is genuine."""
        for detail in details:
            claim = verify_detail(detail, Purpose.BOUNCE, self._signer.keys)
            person = people.by_id(self._db, claim.subscriber_id) if claim else None
            if claim and person:
                return person, claim.subject
        return None

    def came_back(self, person: Subscriber, delivery_id: int, verdict: Verdict, why: str) -> bool:
        """Count a mail that came back; what the other server holds against us is for the operator to know."""
        now = self._clock()
        if verdict is Verdict.OURS and self._settings.mailbox.operator:
            self._readers.post(
                "alarm",
                NoticeKind.ALARM,
                f"ours {now.date()}",
                to=self._settings.mailbox.operator,
                subject="a mail server does not want our mail",
                lines=[
                    f"It is about us, not about this reader, so nobody was given up for it. It said: {why[:500]}",
                    "Look at your SPF, DKIM and DMARC records and at what that server's postmaster page says. This is "
                    "told at most once a day; `newsletter status` shows more.",
                ],
                link="",
                label="",
            )
        return came_back(self._db, person.id, str(delivery_id), verdict, why, now)

    def complained(self, person: Subscriber, *, words: str, origin: Origin) -> None:
        """Somebody marked our mail as unwanted: nothing more is sent to them, and no mail about it either."""
        consent.suppress_person(self._db, person, Reason.COMPLAINED, words=words, origin=origin, now=self._clock())
