"""Notices: every mail that is not an issue. What each kind is, and who may get it. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from newsletter.rendering.letter import Letter
from subscribers.confirmations import PRIVATE_LASTS
from subscribers.people import Subscriber
from subscribers.states import State


class NoticeKind(StrEnum):
    """What a notice is about."""

    #: do you want this?
    CONFIRMATION = "confirmation"
    #: the same, asked a second and last time
    REMINDER = "reminder"
    #: somebody asked to subscribe an address that is subscribed
    ALREADY = "already"
    #: what was done upon somebody's mail, or what we did not understand of it
    ANSWER = "answer"
    #: a link for what only this person may do, good for an hour
    PRIVATE = "private"
    #: a change of address: asked at the new one, told at the old one
    ADDRESS = "address"
    #: what a person wrote to us, handed on to the operator
    FORWARDED = "forwarded"
    #: something that the operator should know
    ALARM = "alarm"
    #: what became of an issue, for the operator
    REPORT = "report"
    #: the operator's word to all readers
    ANNOUNCEMENT = "announcement"
    #: an issue as it would be, for the operator to look at
    TEST = "test"


#: Who gets a notice of that kind; kinds that are missing here go to whomever they were written for.
_STATES = {
    NoticeKind.CONFIRMATION: frozenset({State.PENDING, State.UNSUBSCRIBED, State.SUPPRESSED}),
    NoticeKind.REMINDER: frozenset({State.PENDING}),
    NoticeKind.ALREADY: frozenset({State.ACTIVE, State.PAUSED}),
    NoticeKind.ANNOUNCEMENT: frozenset({State.ACTIVE, State.PAUSED}),
}
#: Later than this a notice says nothing that is still of use: its links have expired.
USEFUL = timedelta(days=3)
#: What somebody wrote, or what the operator must know or says to all, may wait for longer: no link in it expires.
PATIENT = frozenset({NoticeKind.FORWARDED, NoticeKind.ALARM, NoticeKind.REPORT, NoticeKind.ANNOUNCEMENT})
PATIENCE = timedelta(days=14)
#: Who asked for a look at an issue looks soon.
LOOKED_AT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice to be written down."""

    kind: NoticeKind
    #: what it is about, so that nothing is mailed twice
    key: str
    letter: Letter
    #: None where it is for nobody that we keep
    subscriber_id: int | None


def why_not(
    kind: NoticeKind, reader: Subscriber | None, subscriber_id: int | None, age: timedelta, *, complained: bool = False
) -> str:
    """Why a notice must not be sent, empty where it may; asked again at the moment of sending."""
    if age > _useful(kind):
        return "it is too late for it"
    if subscriber_id is not None and reader is None:
        return "this person is not known any more"
    if kind in _STATES and (reader is None or reader.state not in _STATES[kind]):
        return f"this person is {reader.state} now" if reader else "this person is not known any more"
    if kind in _STATES and complained:
        return "this person complained"
    if kind is NoticeKind.ANNOUNCEMENT and reader and not reader.announcements:
        return "this person wants no announcements"
    return ""


def _useful(kind: NoticeKind) -> timedelta:
    """How long after it was asked for it is still of use."""
    if kind in PATIENT:
        return PATIENCE
    return {NoticeKind.PRIVATE: PRIVATE_LASTS, NoticeKind.TEST: LOOKED_AT}.get(kind, USEFUL)
