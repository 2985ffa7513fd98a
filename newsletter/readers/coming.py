"""When a reader's next issue comes, as they are told: by their own calendar, and by what they have had."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.entries import store as entries
from newsletter.issues import store as issues
from newsletter.issues.calendar import LOOK_BACK, Slot, due_slot, next_slot
from newsletter.issues.control import Word
from newsletter.issues.issue import IssueKey
from newsletter.rendering import words
from newsletter.sections import IssueSettings
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
    db: Database, person: Subscriber, now: datetime, settings: IssueSettings, after: datetime | None = None
) -> Coming:
    """The next issue of somebody who reads; `after`: the first one behind that moment, such as the end of a pause."""
    served = records.periods_of(db, person.id, now)
    slot = next_slot(person.cadence, after or now, served)
    late = timedelta(hours=settings.max_lateness_hours)
    due = due_slot(person.cadence, now, person.joined, late, changed=person.rhythm_at, welcome=person.welcome)
    if after or due is None:
        return Coming(slot, False)
    key = IssueKey(person.cadence.frequency, due.date)
    comes = key.period not in served and _goes_out(db, key, now, review=settings.review_hours > 0)
    if due.soon and records.had_since(db, person.id, due.at - ENOUGH):
        comes = False
    return Coming(slot, comes)


def _goes_out(db: Database, key: IssueKey, now: datetime, *, review: bool) -> bool:
    """Is an issue of that period out, or will one be made for them now, as there is something to put into it?"""
    if issues.latest_out(db, key.frequency, key.period):
        return True
    stopped = issues.word_about(db, key) not in (None, Word.RELEASE) or review
    return issues.find(db, key) is None and not stopped and entries.came_in(db, now - LOOK_BACK[key.frequency])
