"""Looking at an issue before it is sent: a reader's own, or everybody's edition."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter import due
from newsletter.addressees import addressee_of, current_addressee, due_addressee, due_first, nobody
from newsletter.delivery import records
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.calendar import next_slot
from newsletter.issues.issue import IssueKey, NothingNew
from newsletter.judgement import Judgement
from newsletter.press import Press, shape_of
from newsletter.printing import Addressee, Printing
from newsletter.rendering.links import Signer
from newsletter.rendering.recipe import Recipe
from newsletter.reports import Preview, preview_of
from newsletter.settings import Settings
from subscribers.people import Subscriber


@dataclass(frozen=True, slots=True)
class Copy:
    """A reader's copy of an issue: composed for sending, or as it would be."""

    addressee: Addressee
    printing: Printing
    made: Recipe | NothingNew
    #: of a message that is made of it
    date: datetime
    #: False once it is composed: then it is the very copy that is sent
    draft: bool
    #: how it came about; None where that was not asked for, and where nothing has come in
    judgement: Judgement | None = None

    def preview(self, signer: Signer) -> Preview | None:
        """The finished message; None where the reader gets none."""
        if isinstance(self.made, NothingNew):
            return None
        message = self.printing.frozen.message(self.made, self.addressee.reader, self.date, signer)
        return preview_of(self.printing, self.made.picks, message, draft=self.draft)


def preview(
    db: Database,
    press: Press,
    settings: Settings,
    signer: Signer,
    reader: Subscriber | None,
    key: IssueKey | None,
    now: datetime,
) -> Preview:
    """A reader's issue, or everybody's edition; `key` names the issue, without it the one that comes.

    While nothing has come in for that, the one of this period that they were sent. Raises `IssueError` where the reader
    would get none, with the reason.
    """

    def made(addressee: Addressee) -> Copy:
        printing = press.printing(addressee.key, now)
        if kept := kept_copy(db, printing, addressee, now):
            return kept
        [recipe] = press.recipes(printing, [addressee], shape_of(settings))
        return draft_copy(db, printing, addressee, recipe, now)

    copy = copy_for(db, settings, reader or nobody(settings, now, key), key, now, made)
    found = copy.preview(signer)
    if found is None:
        who = f"{reader.address} gets no mail" if reader else "There is nothing to show"
        raise IssueError(
            f"{who} for {copy.printing.key}: {why_nothing(copy)}. `newsletter pull` brings in new entries."
        )
    return found


def copy_for(
    db: Database,
    settings: Settings,
    reader: Subscriber,
    key: IssueKey | None,
    now: datetime,
    made: Callable[[Addressee], Copy],
) -> Copy:
    """The copy of the issue that is named, else of the one that is a reader's at this moment (see `preview`).

    `made` is asked for the copies that come into question.
    """
    late = timedelta(hours=settings.issue.max_lateness_hours)
    addressee = addressee_of(reader, key) if key else _coming(db, reader, now, late)
    copy = made(addressee)
    if key is None and addressee.slot.at <= now and not (isinstance(copy.made, NothingNew) or copy.draft):
        after = Addressee(reader, next_slot(reader.cadence, now, records.periods_of(db, reader.id, now)))
        coming = made(after)
        return copy if isinstance(coming.made, NothingNew) else coming
    return copy


def draft_copy(
    db: Database,
    printing: Printing,
    addressee: Addressee,
    made: Recipe | NothingNew,
    now: datetime,
    judgement: Judgement | None = None,
) -> Copy:
    """The copy as it would be, with the date that it gets if it leaves at its reader's hour, or as it is scheduled."""
    due_at = addressee.slot.at
    date = records.dated(due_at, _leaves(db, printing, due_at, now))
    return Copy(addressee, printing, made, date, draft=True, judgement=judgement)


def kept_copy(db: Database, printing: Printing, addressee: Addressee, now: datetime) -> Copy | None:
    """The copy that was composed for sending, if there is one."""
    kept = records.of_reader(db, addressee.reader.id, printing.stored.id) if printing.stored else None
    if kept is None or kept.recipe is None:
        return None
    date = kept.date_at(_leaves(db, printing, kept.due_at, now))
    return Copy(addressee, printing, kept.recipe, date, draft=False)


def why_nothing(copy: Copy) -> str:
    """Why the reader gets no mail; empty where they get one."""
    return copy.made.why if isinstance(copy.made, NothingNew) else ""


def _leaves(db: Database, printing: Printing, due_at: datetime, now: datetime) -> datetime:
    """When a copy that is due at that moment leaves: not before that, nor before what the editor said."""
    return max(now, due_at, issues.scheduled(db, printing.key) or now)


def _coming(db: Database, reader: Subscriber, now: datetime, late: timedelta) -> Addressee:
    """What is due and not made yet, else the issue of their period."""
    theirs = due_addressee(reader, now, late)
    served = due.served(db, [reader.id], [theirs.key.period] if theirs else [])
    return due_first(theirs, current_addressee(reader, now), served)
