"""Who is to get which issue at a moment: due, current, or asked for. Pure."""

from collections.abc import Container
from dataclasses import replace
from datetime import datetime, timedelta

from newsletter.errors import IssueError
from newsletter.issues.calendar import current_slot, due_slot, is_due_date, slot_on
from newsletter.issues.issue import IssueKey
from newsletter.press import Addressee
from newsletter.settings import Settings
from subscribers.cadence import Frequency
from subscribers.people import Subscriber
from subscribers.states import State


def due_addressee(reader: Subscriber, moment: datetime, max_lateness: timedelta) -> Addressee | None:
    """Whoever ought to have their issue by now, and for which hour."""
    slot = due_slot(reader.cadence, moment, reader.since, max_lateness)
    return Addressee(reader, slot) if slot else None


def current_addressee(reader: Subscriber, moment: datetime) -> Addressee:
    """The reader and the issue of their period."""
    return Addressee(reader, current_slot(reader.cadence, moment, reader.since))


def addressee_of(reader: Subscriber, key: IssueKey) -> Addressee:
    """The reader and the issue that is asked for. Raises `IssueError` where it is not theirs."""
    if key.frequency is not reader.cadence.frequency or not is_due_date(reader.cadence, key.due):
        raise IssueError(f"{key} is not {reader.address}'s: they get theirs {reader.cadence}.")
    return Addressee(reader, slot_on(reader.cadence, key.due))


def due_first(due: Addressee | None, current: Addressee, served: Container[tuple[int, str]]) -> Addressee:
    """What is due and not made yet comes before what is coming."""
    return due if due and (due.reader.id, due.key.period) not in served else current


def nobody(settings: Settings, now: datetime, key: IssueKey | None = None) -> Subscriber:
    """A reader who follows nothing, for whom everybody's edition is; of that issue, or of the default cadence."""
    cadence = settings.cadence.cadence()
    if key:
        day = {Frequency.DAILY: 0, Frequency.WEEKLY: key.due.isoweekday(), Frequency.MONTHLY: key.due.day}
        cadence = replace(cadence, frequency=key.frequency, day=day[key.frequency])
    return Subscriber(0, f"reader@{settings.domain}", "", State.ACTIVE, cadence, (), now, now)
