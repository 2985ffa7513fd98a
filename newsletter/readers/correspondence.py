"""What only mail brings: replies that name an issue, tokens in addresses, reports about our own mails.

Such a report is a mail, or the call of a service that sends for us.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.return_path import MARK
from newsletter.delivery.returns import BY_MAIL, came_back
from newsletter.delivery.verdicts import Verdict
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.issue import parse_issue_key
from newsletter.readers.asked import Command
from newsletter.readers.desk import PER_ADDRESS, Readers
from newsletter.readers.doing import dump_commands, wish_in_words
from newsletter.readers.mails import Thread
from newsletter.rendering.links import Purpose, Signer, verify_detail
from newsletter.rendering.message import Letterhead
from newsletter.settings import Settings
from subscribers import confirmations, consent, limits, people
from subscribers.address import address_key
from subscribers.database import writing
from subscribers.evidence import Origin, record
from subscribers.people import Subscriber
from subscribers.suppression import Reason

#: As `rendering.message.Letterhead` writes it.
_ISSUE_ID = re.compile(r"<((?:daily|weekly|monthly)-\d{4}-\d{2}-\d{2})\.[0-9a-f]+@[^<>\s]*>")

#: What a service may tell.
Kind = Literal["bounce", "complaint", "leave"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a service that sends for us tells about one mail to one recipient; it has shown who it is."""

    kind: Kind
    #: whom we wrote to
    address: str
    #: in the other server's words, or the service's
    why: str
    #: the service's own name of that mail
    mail: str
    #: of a bounce
    verdict: Verdict = Verdict.NONE
    #: of the envelope: our return path may be among them
    senders: tuple[str, ...] = ()
    #: our own may be among them
    message_ids: tuple[str, ...] = ()


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

    def told(self, told: Told, origin: Origin) -> None:
        """What follows from what a service tells: the same as from a mail about it. Nothing if it is about nobody."""
        found = self._told_about(told)
        if found is None:
            return
        person, mail = found
        match told.kind:
            case "bounce":
                self.came_back(person, mail, told.verdict, told.why, origin)
            case "complaint":
                self.complained(person, words=told.why, origin=origin)
            case "leave":
                self._readers.leave(person, words=told.why, origin=origin)

    def _told_about(self, told: Told) -> tuple[Subscriber, str] | None:
        """Whom it is about, and the name of the mail: our own where it is told, else the service's."""
        named = self.returned_by(self._details(told.senders))
        # A dead address says nothing about somebody who reads at another one by now.
        if named and (told.kind != "bounce" or address_key(named[0].address) == address_key(told.address)):
            return named[0], str(named[1])
        person = people.find(self._db, told.address)
        return (person, self._own_name(person, told.message_ids) or told.mail) if person else None

    def _details(self, senders: Sequence[str]) -> list[str]:
        """Our tokens in envelope senders of ours."""
        local, _, domain = address_key(self._settings.address).rpartition("@")
        start, end = f"{local}{self._settings.mailbox.delimiter}{MARK}", f"@{domain}"
        keys = [address_key(sender) for sender in senders]
        return [key[len(start) : -len(end)] for key in keys if key.startswith(start) and key.endswith(end)]

    def _own_name(self, person: Subscriber, message_ids: Sequence[str]) -> str:
        """The delivery that bears one of these Message-IDs, if it is this person's copy of an issue; else empty."""
        for message_id in message_ids:
            named = _ISSUE_ID.fullmatch(message_id)
            issue_id = self._issue_id(named[1]) if named else None
            if named and issue_id:
                head = Letterhead(title=self._settings.title, address=self._settings.address, issue=named[1])
                copy = records.of_reader(self._db, person.id, issue_id)
                if copy and head.message_id(person.id) == message_id:
                    return str(copy.id)
        return ""

    def came_back(
        self, person: Subscriber, mail: int | str, verdict: Verdict, why: str, origin: Origin = BY_MAIL
    ) -> bool:
        """Count a mail that came back, named by its delivery or by the service that sent it for us.

        What the other server holds against us is for the operator to know.
        """
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
        return came_back(self._db, person.id, str(mail), verdict, why, now, origin)

    def complained(self, person: Subscriber, *, words: str, origin: Origin) -> None:
        """Somebody marked our mail as unwanted: nothing more is sent to them, and no mail about it either."""
        consent.suppress_person(self._db, person, Reason.COMPLAINED, words=words, origin=origin, now=self._clock())
