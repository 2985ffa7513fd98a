"""When arXiv announces what, by its published schedule: all that is needed to know what a pull has missed.

Papers that come in before 14:00 in Ithaca (US Eastern) are announced that evening, Sundays to Thursdays; the feed of
an announcement stands from the midnight that follows to the next one, Mondays to Fridays.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ITHACA = ZoneInfo("America/New_York")
#: Submissions after this hour belong to the next announcement.
DEADLINE = time(14)
#: In its first hour of a day a feed may still be yesterday's.
SETTLED = timedelta(hours=1)
#: Announcements that are caught up with after a long time away.
MOST_MISSED = 14


def missed(last_good: datetime, now: datetime) -> tuple[date, ...]:
    """The days whose feed stood after the last good pull and before now, oldest first, at most 14 (the newest).

    The feed of now is not among them, for it can still be read. In doubt a day counts as missed.
    """
    seen = (last_good.astimezone(ITHACA) - SETTLED).date()
    days: list[date] = []
    day = now.astimezone(ITHACA).date() - timedelta(days=1)
    while day > seen and len(days) < MOST_MISSED:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return tuple(reversed(days))


def submitted(feed_day: date) -> tuple[datetime, datetime]:
    """From when to when the papers came in that stand in the feed of that day, a Monday to Friday."""
    # Monday's feed has Thursday to Friday, Tuesday's the weekend, the others one day.
    first, last = {0: (4, 3), 1: (4, 1)}.get(feed_day.weekday(), (2, 1))
    begin, end = (datetime.combine(feed_day - timedelta(days=n), DEADLINE, ITHACA) for n in (first, last))
    return begin, end
