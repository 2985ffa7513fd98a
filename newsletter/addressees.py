"""Who is to get which issue at a moment: due, current, or asked for. Pure."""

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from newsletter.entries.pulling import Popularity
from newsletter.errors import IssueError
from newsletter.issues.calendar import CUT_OFF, LOOK_BACK, current_slot, due_slot, is_due_date, next_slot, slot_on
from newsletter.issues.issue import IssueKey
from newsletter.printing import Addressee
from newsletter.settings import Settings
from subscribers.cadence import Cadence, Frequency
from subscribers.people import Subscriber
from subscribers.states import State

#: Before a cut-off, popularity is read once more within this time.
FRESH = timedelta(minutes=20)


def due_addressee(reader: Subscriber, moment: datetime, max_lateness: timedelta) -> Addressee | None:
    """Whoever ought to have their issue by now, and for which hour."""
    slot = due_slot(
        reader.cadence, moment, reader.joined, max_lateness, changed=reader.rhythm_at, welcome=reader.welcome
    )
    return Addressee(reader, slot) if slot else None


def current_addressee(reader: Subscriber, moment: datetime) -> Addressee:
    """The reader and the issue of their period."""
    return Addressee(reader, current_slot(reader.cadence, moment, reader.joined))


def addressee_of(reader: Subscriber, key: IssueKey) -> Addressee:
    """The reader and the issue that is asked for. Raises `IssueError` where it is not theirs."""
    if key.frequency is not reader.cadence.frequency or not is_due_date(reader.cadence, key.due):
        raise IssueError(f"{key} is not {reader.address}'s: they get theirs {reader.cadence}.")
    return Addressee(reader, slot_on(reader.cadence, key.due))


def coming_issues(rhythms: Mapping[Cadence, int], now: datetime) -> dict[IssueKey, tuple[datetime, int]]:
    """The next issue of every cadence: its first hour anywhere (UTC), and how many readers it has; soonest first."""
    coming: dict[IssueKey, tuple[datetime, int]] = {}
    for cadence, readers in rhythms.items():
        slot = next_slot(cadence, now)
        key = IssueKey(cadence.frequency, slot.date)
        first, others = coming.get(key, (slot.at, 0))
        coming[key] = (min(first, slot.at), others + readers)
    return dict(sorted(coming.items(), key=lambda item: item[1][0]))


def fresh_popularity(coming: Mapping[IssueKey, tuple[datetime, int]], now: datetime) -> Popularity | None:
    """What popularity is to be read again now, because an issue is about to be frozen; None where none is."""
    cut_offs = {key: first - CUT_OFF for key, (first, _) in coming.items()}
    near = {key: at for key, at in cut_offs.items() if at - FRESH <= now < at}
    if not near:
        return None
    since = min((at - LOOK_BACK[key.frequency]).date() for key, at in near.items())
    return Popularity(since, max(near.values()) - FRESH)


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
