"""Which notice says what: from what happened to a finished letter. Pure, but for the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from newsletter.delivery.notices import NewNotice, NoticeKind
from newsletter.rendering import words
from newsletter.rendering.intro import intro_markdown
from newsletter.rendering.letter import Attachment, Letter
from newsletter.rendering.links import Purpose, Signer
from newsletter.rendering.look import look_of
from newsletter.rendering.stationery import Stationery
from newsletter.settings import Settings
from subscribers.consent import Wishes
from subscribers.people import Subscriber

#: In a Message-ID and behind the + of an address: the token of a confirmation, so that a reply confirms too.
CONFIRM = "c-"
#: References are kept short: more is nobody's thread any more.
_MOST_REFERENCES = 10


@dataclass(frozen=True, slots=True)
class Thread:
    """The mail that is answered."""

    message_id: str
    references: tuple[str, ...] = ()


class Mails:
    """Writes the notices of one newsletter."""

    def __init__(self, project: Path, settings: Settings, signer: Signer) -> None:
        self._project = project
        self._settings = settings
        self._signer = signer

    @cached_property
    def _stationery(self) -> Stationery:
        settings = self._settings
        newsletter: dict[str, Any] = {
            "replies": settings.mailbox.receives,
            "title": settings.title,
            "address": settings.address,
            "postal_address": settings.postal_address,
            "base_url": settings.base_url,
            "language": settings.language,
        }
        return Stationery(self._project / "templates", look_of(settings), newsletter)

    def links(self, person: Subscriber) -> dict[str, str]:
        """The signed links of a person, as templates name them."""
        return {
            "preferences": self._signer.url(Purpose.PREFERENCES, person.id),
            "leave": self._signer.url(Purpose.LEAVE, person.id),
            "quiet": self._signer.url(Purpose.ANNOUNCEMENTS, person.id),
        }

    def confirm_link(self, token: str) -> str:
        """Where a confirmation is looked at, and confirmed by a click."""
        return f"{self._settings.base_url}/confirm/{token}"

    def asking(
        self,
        template: str,
        kind: NoticeKind,
        token: str,
        *,
        to: str,
        person: Subscriber,
        thread: Thread | None = None,
        key: str = "",
        **values: Any,
    ) -> NewNotice:
        """A mail that is confirmed by a click on its link, or by a reply to it."""
        link = self.confirm_link(token)
        values |= {"address": to, "links": {"confirm": link, "private": link}}
        # The token itself goes into the mail and nowhere else.
        key = key or f"{kind} {blake2b(token.encode(), digest_size=12).hexdigest()}"
        notice = self.notice(template, kind, key, to=to, person=person, thread=thread, **values)
        headers = notice.letter.headers
        if self._settings.mailbox.detail:
            local, _, domain = self._settings.address.rpartition("@")
            local += f"{self._settings.mailbox.detail}{CONFIRM}{token}"
            # RFC 5321, section 4.5.3.1.1; the Message-ID tells the same to most mail programs.
            headers = (("Reply-To", f"{local}@{domain}"), *headers) if len(local) <= 64 else headers
        letter = replace(notice.letter, headers=headers, message_id=f"<{CONFIRM}{token}@{self._settings.domain}>")
        return replace(notice, letter=letter)

    def notice(
        self,
        template: str,
        kind: NoticeKind,
        key: str,
        *,
        to: str,
        person: Subscriber | None = None,
        thread: Thread | None = None,
        headers: Sequence[tuple[str, str]] = (),
        attachment: Attachment | None = None,
        **values: Any,
    ) -> NewNotice:
        """Any notice; `key` is what it is about, `thread` the mail that it answers."""
        if person and "links" not in values:
            values["links"] = self.links(person)
        written = self._stationery.write(template, **values)
        automatic = "auto-replied" if thread else "auto-generated"
        every = [("Auto-Submitted", automatic)] if kind is not NoticeKind.ANNOUNCEMENT else []
        if thread and thread.message_id:
            known = [*thread.references[-_MOST_REFERENCES:], thread.message_id]
            every += [("In-Reply-To", thread.message_id), ("References", " ".join(dict.fromkeys(known)))]
        digest = blake2b(key.encode("utf-8", "replace"), digest_size=12, person=b"notice-id").hexdigest()
        letter = Letter(
            title=self._settings.title,
            address=self._settings.address,
            to=to,
            # Another address than theirs may be anybody's, who need not learn their name.
            name=person.name if person and to == person.address else "",
            subject=written.subject,
            text=written.text,
            html=written.html,
            message_id=f"<{kind}.{digest}@{self._settings.domain}>",
            headers=(*every, *headers),
            no_return=thread is not None,
            attachment=attachment,
        )
        return NewNotice(kind, key, letter, person.id if person else None)

    def announcement(self, person: Subscriber, key: str, subject: str, markdown: str) -> NewNotice:
        """The operator's word to a reader, with a way out of announcements alone."""
        quiet = self._signer.url(Purpose.ANNOUNCEMENTS, person.id)
        token = self._signer.token(Purpose.ANNOUNCEMENTS, person.id)
        headers = [
            ("List-Id", self._list_id),
            ("List-Post", "NO"),
            ("List-Unsubscribe", f"<{quiet}>, <mailto:{self._settings.address}?subject=quiet%20{token}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
        return self.notice(
            "announcement",
            NoticeKind.ANNOUNCEMENT,
            f"announcement {key} {person.id}",
            to=person.address,
            person=person,
            headers=headers,
            subject=subject,
            body=intro_markdown(markdown),
            address=person.address,
        )

    @cached_property
    def _list_id(self) -> str:
        return f"<announcements.{self._settings.domain}>"


def wishes_of(person: Subscriber | Wishes) -> Mapping[str, Any]:
    """What a template says of somebody's wishes."""
    return {
        "interests": [interest.short for interest in person.interests],
        "rhythm": words.rhythm(person.cadence),
    }
