"""Answers to mails: one short mail each, few a day, and never into a loop. And what is handed on to the operator."""

import re
from collections.abc import Sequence
from datetime import datetime

from newsletter.delivery.notices import NoticeKind
from newsletter.mailbox.envelope import Disposition
from newsletter.mailbox.reading import Incoming
from newsletter.newsletter import Newsletter
from newsletter.readers.mails import Thread
from newsletter.rendering.letter import attach
from subscribers import limits
from subscribers.address import address_key
from subscribers.people import Subscriber
from subscribers.states import State

#: Answers to one address a day; more is a loop, or somebody's game.
ANSWERS = 10
#: Help that nobody asked for, to one address a day.
UNASKED_HELP = 1
#: A larger mail is forwarded by its text alone.
MOST_FORWARDED = 3 * 1024 * 1024
#: What may be a stranger's own words.
_QUOTED = re.compile(r"[“\"']")
#: Lines of a person's mail that stand in the mail to the operator.
_SHOWN = 200


class Answers:
    """Answers one mail."""

    def __init__(self, newsletter: Newsletter, key: str, raw: bytes, now: datetime) -> None:
        """`key` tells the mail from others; `raw` is empty where it is not at hand as a whole."""
        self._readers = newsletter.readers
        self._settings = newsletter.settings
        self._db = newsletter.database
        self._key = key
        self._raw = raw
        self._now = now

    def answer(
        self,
        incoming: Incoming,
        person: Subscriber | None,
        *,
        subject: str,
        lines: Sequence[str],
        undo: str = "",
        interests: bool = False,
        most: int = ANSWERS,
    ) -> str:
        """One short mail to who wrote. What they asked for is done by now, whether or not there is an answer."""
        person = self._readers.again(person) if person else None
        to = person.address if person else incoming.sender
        what = "answer" if most > UNASKED_HELP else "unasked answer"
        if to is None or not limits.allow(self._db, what, address_key(to), self._now, most=most):
            return "It was dealt with, and not answered any more today."
        links = self._readers.links(person) if person else None
        left = person is not None and person.state is State.UNSUBSCRIBED
        link = links["leave" if left else "preferences"] if links else self._settings.base_url
        label = "Take it back" if left else "Change what, when and how often" if links else "Subscribe"
        self._readers.post(
            "answer",
            NoticeKind.ANSWER,
            f"answer {self._key}",
            to=to,
            person=person,
            thread=thread_of(incoming),
            subject=subject,
            done=list(lines),
            undo=undo,
            interests=[interest.short for interest in person.interests] if person and interests else [],
            link=link,
            label=label,
        )
        return "It was done and answered."

    def help(self, incoming: Incoming, person: Subscriber | None, unclear: str, *, most: int) -> str:
        """How to write to us; `unclear` says what was wrong with this mail, empty where they asked for help."""
        to = incoming.sender
        reads = person is not None and person.state in (State.ACTIVE, State.PAUSED)
        if not reads and _QUOTED.search(unclear):
            # Nobody can make us say their words to a stranger.
            unclear = "a line of it says something that cannot be done."
        if to is None or not limits.allow(
            self._db, "help" if unclear else "answer", address_key(to), self._now, most=most
        ):
            return "Nothing was done, and help was not sent again."
        self._readers.post(
            "help",
            NoticeKind.ANSWER,
            f"answer {self._key}",
            to=to,
            person=person,
            thread=thread_of(incoming),
            unclear=unclear,
            links=self._readers.links(person) if person else None,
        )
        return "Help was sent."

    def forward(self, incoming: Incoming) -> tuple[Disposition, str]:
        """A person wrote to a person: on to the operator, never answered by us."""
        operator = self._settings.mailbox.operator
        if not operator or not self._raw:
            return Disposition.KEEP, "A person wrote; the mail stays where it is, for the operator to read."
        if incoming.sender and address_key(incoming.sender) == address_key(operator):
            return Disposition.DONE, "Nothing was done: the operator wrote it."
        person = self._readers.find(incoming.sender) if incoming.sender else None
        writer = incoming.sender or "somebody without an address"
        # The text stands in the mail itself; what hangs on it does not.
        attached = (incoming.attachments or incoming.sender is None) and len(self._raw) <= MOST_FORWARDED
        self._readers.post(
            "forwarded",
            NoticeKind.FORWARDED,
            f"forwarded {self._key}",
            to=operator,
            headers=[("Reply-To", incoming.sender)] if incoming.sender else [],
            attachment=attach("message.eml", "application/octet-stream", self._raw) if attached else None,
            writer=writer,
            subject=incoming.subject or "(no subject)",
            reader=person is not None,
            state=str(person.state) if person else "",
            lines=list(incoming.lines[:_SHOWN]),
            answerable=incoming.sender is not None,
            attached=attached,
            lost=incoming.attachments and not attached,
        )
        return Disposition.DONE, "A person's mail was forwarded to the operator."


def thread_of(incoming: Incoming) -> Thread:
    """What an answer goes below."""
    return Thread(incoming.message_id, incoming.references)
