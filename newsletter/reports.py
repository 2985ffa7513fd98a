"""What the main line tells: previews, the outcome of a run, how things stand."""

import email
import email.policy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from newsletter.cluster import ClusterStanding
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.records import Delivery
from newsletter.issues.calendar import CUT_OFF
from newsletter.issues.issue import IssueKey, IssueState, Pick
from newsletter.models import Standing as ModelStanding
from newsletter.printing import Printing
from newsletter.sourcing import SourceState
from newsletter.ticks import Tick


@dataclass(frozen=True, slots=True)
class PickShown:
    """A pick with the words that a person sees."""

    pick: Pick
    title: str
    #: None where the source gave no link; the mail then links to a search
    url: str | None
    sentence: str
    #: as the text part says it
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """One reader's copy of an issue."""

    key: IssueKey
    #: False once it is composed: then these are the very bytes that are sent
    draft: bool
    subject: str
    html: str
    text: str
    message: bytes
    picks: tuple[PickShown, ...]

    def write(self, folder: Path) -> None:
        """Write issue.html, issue.txt and issue.eml into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "issue.html").write_text(self.html, "utf-8")
        (folder / "issue.txt").write_text(self.text, "utf-8")
        (folder / "issue.eml").write_bytes(self.message)


@dataclass(slots=True)
class SendReport:
    """What a run of `send` did."""

    #: copies by the state in which this run left them
    counts: Counter[DeliveryState] = field(default_factory=Counter)
    #: readers who have a copy for this period from an earlier run, by its state
    before: Counter[DeliveryState] = field(default_factory=Counter)
    #: copies that wait for their hour or another try when the run is over
    waiting: int = 0
    #: issues that had to be stopped because servers refuse our mail, by name, and why
    stopped: dict[str, str] = field(default_factory=dict)
    #: issues that waited for a review as long as they may
    released: list[IssueKey] = field(default_factory=list)
    #: issues that this run froze, and how many entries they hold
    frozen: list[tuple[IssueKey, int]] = field(default_factory=list)
    #: copies that this run composed
    composed: Counter[IssueKey] = field(default_factory=Counter)
    #: issues that this run fixed (in a dry run: would fix) ahead of their first hour, and how many entries they hold
    frozen_ahead: list[tuple[IssueKey, int]] = field(default_factory=list)
    #: who gets no mail and why; in a dry run also who would get what: (address, issue, number of picks, why not)
    plan: list[tuple[str, IssueKey, int, str]] = field(default_factory=list)

    @property
    def already(self) -> int:
        """Readers who were sent theirs by an earlier run."""
        return self.before[DeliveryState.SENT]


@dataclass(frozen=True, slots=True)
class NotSent:
    """A copy that did not leave."""

    address: str
    issue: str
    state: DeliveryState
    #: in the server's words
    why: str
    #: when it is tried again, None for never
    next_try: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueStanding:
    """How far an issue is."""

    key: IssueKey
    #: open, held, released, skipped, cancelled, done; of one that is not made yet what it will be
    state: IssueState
    #: None until it is made
    frozen_at: datetime | None = None
    #: when it goes out by itself; None where it is not held, or until the operator says so
    held_until: datetime | None = None
    #: of a held one: why the program itself stopped it; empty where a person holds it
    held_why: str = ""
    #: that moment is the operator's own word: nobody is waited for
    scheduled: bool = False
    #: of a coming one: when its first reader's hour is, anywhere; None for one that is not coming any more
    first_hour: datetime | None = None
    #: of a coming one
    readers: int = 0
    #: copies by state; empty until some are composed
    counts: Counter[DeliveryState] = field(default_factory=Counter)
    #: of the dropped ones, by the reason
    dropped: Counter[str] = field(default_factory=Counter)
    #: when the next and the last of the copies that wait are due
    next_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def cut_off(self) -> datetime | None:
        """When it is made; what comes in later is for the next one."""
        return self.first_hour - CUT_OFF if self.first_hour else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things stand."""

    entries: int
    subscribers: dict[str, int]
    #: copies and notices by state
    deliveries: dict[str, int]
    #: why nothing is sent, None where it is
    sending_off: str | None = None
    #: what the settings lack, so that nothing can be sent, as a sentence; None where they are complete
    unfinished: str | None = None
    #: the sources of the settings
    pulls: tuple[SourceState, ...] = ()
    #: coming issues, soonest first
    ahead: tuple[IssueStanding, ...] = ()
    #: issues of the last days that are not coming any more, the latest first
    behind: tuple[IssueStanding, ...] = ()
    #: does `newsletter serve` run in this folder?
    serving: bool = False
    #: what runs by itself, by name
    ticks: dict[str, Tick] = field(default_factory=dict)
    #: notices that wait to be sent, and since when
    notices: int = 0
    notices_since: datetime | None = None
    #: (address, reason, when) of readers who were given up in the last days, the latest first
    suppressed: tuple[tuple[str, str, datetime], ...] = ()
    #: readers' suggestions that wait for the operator
    suggestions: int = 0
    #: to whom all mail goes instead of its reader, empty where it goes to readers
    rehearsal: str = ""
    #: the model that everything goes by, and how far the change to another one is
    model: ModelStanding | None = None
    #: the cluster that the settings name
    cluster: ClusterStanding | None = None


def not_sent_of(copy: Delivery, issue: str | None, address: str | None) -> NotSent:
    """A copy of the ledger's, for people; `issue` is None for a notice, `address` for somebody who was erased."""
    next_try = copy.due_at if copy.state is DeliveryState.DEFERRED else None
    address = address or (copy.letter.to if copy.letter else "somebody erased")
    return NotSent(address, issue or f"{copy.notice} notice", copy.state, copy.why, next_try)


def preview_of(printing: Printing, picks: Sequence[Pick], message: bytes, *, draft: bool) -> Preview:
    """A finished message, taken apart again by a mail program's means."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    html, text = parsed.get_body(("html",)), parsed.get_body(("plain",))
    urls = {entry.id: entry for entry in printing.candidates}
    cards = printing.frozen.cards
    return Preview(
        key=printing.key,
        draft=draft,
        subject=str(parsed["subject"]),
        html=html.get_content() if html else "",
        text=text.get_content() if text else "",
        message=message,
        picks=tuple(
            PickShown(
                pick,
                title=cards[pick.entry_id].title,
                url=urls[pick.entry_id].url,
                sentence=cards[pick.entry_id].sentence(pick.sentence),
                reason=printing.frozen.edition.text.said(pick.reason, pick.words),
            )
            for pick in picks
        ),
    )
