"""When a reader's next issue comes, as they are told: by their own calendar, and by what they have had."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.issues import store as issues
from newsletter.issues.calendar import Slot, due_slot, next_slot, period
from newsletter.rendering import words
from subscribers.people import Subscriber

#: Who joins, and had an issue within this time, waits for their own day.
ENOUGH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Coming:
    """What comes next."""

    #: the next one at their own hour
    slot: Slot
    #: one comes at once, before that
    soon: bool

    def day(self) -> str:
        """On Friday, 27 November."""
        return self._said(f"on {words.long_date(self.slot.date)}")

    def day_and_hour(self, person: Subscriber) -> str:
        """On Friday, 27 November, at 08:00, Paris time."""
        hour = f"at {person.cadence.at:%H:%M}, {words.place(person.cadence.timezone)}"
        return self._said(f"on {words.long_date(self.slot.date)}, {hour}")

    def _said(self, day: str) -> str:
        return f"in a few minutes, and the one after it {day}" if self.soon else day


def coming(
    db: Database, person: Subscriber, now: datetime, max_lateness: timedelta, after: datetime | None = None
) -> Coming:
    """The next issue of somebody who reads; `after`: the first one behind that moment, such as the end of a pause."""
    served = records.periods_of(db, person.id, now)
    slot = next_slot(person.cadence, after or now, served)
    due = due_slot(person.cadence, now, person.joined, max_lateness, changed=person.rhythm_at, welcome=person.welcome)
    if after or due is None:
        return Coming(slot, False)
    this = period(person.cadence.frequency, due.date)
    comes = this not in served and issues.latest_out(db, person.cadence.frequency, this) is not None
    if due.soon and records.had_since(db, person.id, due.at - ENOUGH):
        comes = False
    return Coming(slot, comes)
