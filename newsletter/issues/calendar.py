"""When an issue is due, for whom, and what it covers. Pure: the clock is an argument.

A slot is a local date on which a reader's cadence falls, together with the moment (UTC) of their hour on it.
Where summer time begins and that hour does not exist, it is an hour later by the clock; where it comes twice, the
first one counts (PEP 495, fold=0).
"""

from calendar import monthrange
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from subscribers.cadence import Cadence, Frequency

#: What an issue without a predecessor looks back on: its period, and a little more.
LOOK_BACK = {
    Frequency.DAILY: timedelta(days=2),
    Frequency.WEEKLY: timedelta(days=8),
    Frequency.MONTHLY: timedelta(days=32),
}


#: Who joins gets an issue at once where their own day is further away than this.
SOON = timedelta(days=2)
#: An issue is made so long before the first hour of its readers anywhere,
CUT_OFF = timedelta(hours=1)
#: and a reader's copy is composed so long before their own: yesterday's vote counts, and the hour is kept.
LEAD = timedelta(minutes=15)
#: A date is over everywhere so long after it is in UTC.
LAST_ZONE = timedelta(hours=12)
_DAY = timedelta(days=1)
#: `ZoneInfo` remembers eight zones and reads all others from the disk, again and again.
_zone = cache(ZoneInfo)


@dataclass(frozen=True, slots=True)
class Slot:
    """One due date of one reader."""

    #: local to the reader; names the issue
    date: date
    #: the reader's hour on it, UTC; from `due_slot` when it fell due, which may be later
    at: datetime
    #: not their hour, but the moment from which they are a reader: an issue that comes at once
    soon: bool = False


def is_due_date(cadence: Cadence, day: date) -> bool:
    """Does the cadence fall on that local date? A short month's last day stands in for missing ones."""
    match cadence.frequency:
        case Frequency.DAILY:
            return True
        case Frequency.WEEKLY:
            return day.isoweekday() == cadence.day
        case Frequency.MONTHLY:
            return day.day == min(cadence.day, monthrange(day.year, day.month)[1])


def _due_by(cadence: Cadence, day: date) -> date:
    """The last due date up to that day."""
    match cadence.frequency:
        case Frequency.DAILY:
            return day
        case Frequency.WEEKLY:
            return day - timedelta(days=(day.isoweekday() - cadence.day) % 7)
        case Frequency.MONTHLY:
            due = _in_month(cadence, day)
            return due if due <= day else _in_month(cadence, day.replace(day=1) - _DAY)


def _due_from(cadence: Cadence, day: date) -> date:
    """The first due date from that day on."""
    match cadence.frequency:
        case Frequency.DAILY:
            return day
        case Frequency.WEEKLY:
            return day + timedelta(days=(cadence.day - day.isoweekday()) % 7)
        case Frequency.MONTHLY:
            due = _in_month(cadence, day)
            # Four days behind the 28th lies the next month.
            return due if due >= day else _in_month(cadence, day.replace(day=28) + 4 * _DAY)


def _in_month(cadence: Cadence, day: date) -> date:
    return day.replace(day=min(cadence.day, monthrange(day.year, day.month)[1]))


def slot_on(cadence: Cadence, day: date) -> Slot:
    """The slot of a due date."""
    return Slot(day, datetime.combine(day, cadence.at, _zone(cadence.timezone)).astimezone(UTC))


def last_slot(cadence: Cadence, now: datetime) -> Slot:
    """The latest slot that is not in the future."""
    slot = slot_on(cadence, _due_by(cadence, now.astimezone(_zone(cadence.timezone)).date()))
    while slot.at > now:
        slot = slot_on(cadence, _due_by(cadence, slot.date - _DAY))
    return slot


def next_slot(cadence: Cadence, now: datetime, served: Container[str] = ()) -> Slot:
    """The first slot in the future whose period is not among those that the reader has had an issue for."""
    # From yesterday on: an hour that summer time skips may fall behind midnight (23:30 in Nuuk).
    slot = slot_on(cadence, _due_from(cadence, now.astimezone(_zone(cadence.timezone)).date() - _DAY))
    while slot.at <= now or (served and period(cadence.frequency, slot.date) in served):
        slot = slot_on(cadence, _due_from(cadence, slot.date + _DAY))
    return slot


def due_slot(
    cadence: Cadence,
    now: datetime,
    joined: datetime,
    max_lateness: timedelta,
    *,
    changed: datetime | None = None,
    welcome: bool = False,
) -> Slot | None:
    """The slot for which a reader ought to have their issue by now, or None.

    `joined` is when the reader was confirmed or came back: slots before it are none of theirs. A slot longer ago than
    `max_lateness` is over: late is better than never, unless it is too late. Who moved their day, hour or zone past
    the slot of a period that still ran somewhere, at the moment `changed`, gets its issue then: no period passes
    without one.

    `welcome` spares who has just joined a week of silence: if their next slot is over two days off, the one that they
    missed is due at once. Whether they have had an issue for its period is for the caller to ask.
    """
    slot = last_slot(cadence, now)
    if slot.at > joined:
        if changed and changed > slot.at and _ran(cadence.frequency, slot.date, changed):
            slot = replace(slot, at=changed)
        return slot if now - slot.at <= max_lateness else None
    if welcome and now - joined <= max_lateness and next_slot(cadence, now).at - joined > SOON:
        return Slot(slot.date, joined, soon=True)
    return None


def _ran(frequency: Frequency, due: date, moment: datetime) -> bool:
    """Was the period of that due date not over everywhere, at that moment?"""
    return period(frequency, (moment.astimezone(UTC) - LAST_ZONE).date()) <= period(frequency, due)


def current_slot(cadence: Cadence, now: datetime, since: datetime) -> Slot:
    """The slot whose issue is the reader's at this moment: the last one while its period lasts, else the next.

    `since` is when the reader was confirmed: slots before it are none of theirs.
    """
    last = last_slot(cadence, now)
    this_period = period(cadence.frequency, now.astimezone(cadence.zone).date())
    if last.at > since and period(cadence.frequency, last.date) == this_period:
        return last
    return next_slot(cadence, now)


def period(frequency: Frequency, due: date) -> str:
    """The period a due date belongs to; a reader gets one issue a period. ISO weeks: 2026-W48."""
    match frequency:
        case Frequency.DAILY:
            return due.isoformat()
        case Frequency.WEEKLY:
            year, week, _ = due.isocalendar()
            return f"{year}-W{week:02}"
        case Frequency.MONTHLY:
            return f"{due:%Y-%m}"


def previous_due_dates(frequency: Frequency, due: date) -> tuple[date, date]:
    """The due dates one period earlier, (first, last); an issue begins where the first issue of these ended.

    They are several for the last day of a month, which stands in for the days that the month lacks.
    """
    match frequency:
        case Frequency.DAILY:
            first = last = due - timedelta(days=1)
        case Frequency.WEEKLY:
            first = last = due - timedelta(days=7)
        case Frequency.MONTHLY:
            end = due.replace(day=1) - timedelta(days=1)
            first = end.replace(day=min(due.day, end.day))
            last = end if due.day == monthrange(due.year, due.month)[1] else first
    return first, last
