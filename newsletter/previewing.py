"""Looking at an issue before it is sent: a reader's own, or everybody's edition."""

from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter import due
from newsletter.addressees import addressee_of, current_addressee, due_addressee, due_first, nobody
from newsletter.delivery import records
from newsletter.errors import IssueError
from newsletter.issues.calendar import next_slot
from newsletter.issues.issue import IssueKey, NothingNew
from newsletter.press import Press, shape_of
from newsletter.printing import Addressee
from newsletter.rendering.links import Signer
from newsletter.reports import Preview, preview_of
from newsletter.settings import Settings
from subscribers.people import Subscriber


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
    late = timedelta(hours=settings.issue.max_lateness_hours)
    person = reader or nobody(settings, now, key)
    addressee = addressee_of(person, key) if key else _coming(db, person, now, late)
    found = _made(db, press, settings, signer, addressee, now)
    if key is None and addressee.slot.at <= now and not (isinstance(found, NothingNew) or found.draft):
        after = Addressee(person, next_slot(person.cadence, now, records.periods_of(db, person.id, now)))
        coming = _made(db, press, settings, signer, after, now)
        found = found if isinstance(coming, NothingNew) else coming
    if isinstance(found, NothingNew):
        who = f"{reader.address} gets no mail" if reader else "There is nothing to show"
        raise IssueError(f"{who} for {addressee.key}: {found.why}. `newsletter pull` brings in new entries.")
    return found


def _coming(db: Database, reader: Subscriber, now: datetime, late: timedelta) -> Addressee:
    """What is due and not made yet, else the issue of their period."""
    theirs = due_addressee(reader, now, late)
    served = due.served(db, [reader.id], [theirs.key.period] if theirs else [])
    return due_first(theirs, current_addressee(reader, now), served)


def _made(
    db: Database, press: Press, settings: Settings, signer: Signer, addressee: Addressee, now: datetime
) -> Preview | NothingNew:
    reader = addressee.reader
    printing = press.printing(addressee.key, now)
    kept = records.of_reader(db, reader.id, printing.stored.id) if printing.stored else None
    if kept and kept.recipe:
        message = printing.frozen.message(kept.recipe, reader, kept.date_at(kept.due_at), signer)
        return preview_of(printing, kept.recipe.picks, message, draft=False)
    recipe = press.recipes(printing, [addressee], shape_of(settings))[0]
    if isinstance(recipe, NothingNew):
        return recipe
    message = printing.frozen.message(recipe, reader, now, signer)
    return preview_of(printing, recipe.picks, message, draft=True)
