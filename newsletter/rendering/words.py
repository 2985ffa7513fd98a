"""Small things said in words: numbers, dates, names, times."""

from collections.abc import Sequence
from datetime import date, datetime, time
from functools import lru_cache

from subscribers.cadence import WEEKDAYS, Cadence, Frequency

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MONTHS = "January February March April May June July August September October November December".split()
#: More names than these become "and 4 more".
NAMES = 3


def number(n: int) -> str:
    """Words up to twelve, digits with separators above."""
    return _NUMBERS[n] if n < len(_NUMBERS) else f"{n:,}"


def long_date(day: date) -> str:
    """Friday, 27 November."""
    return f"{WEEKDAYS[day.weekday()].title()}, {day.day} {MONTHS[day.month - 1]}"


def full_date(day: date) -> str:
    """3 March 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def short_date(day: date | None, today: date) -> str:
    """21 Nov, with the year where it is another one, in one unbreakable piece; empty for an unknown day."""
    if day is None:
        return ""
    said = f"{day.day} {MONTHS[day.month - 1][:3]}" + ("" if day.year == today.year else f" {day.year}")
    return said.replace(" ", "\u00a0")


def people(names: Sequence[str]) -> str:
    """A, B, C and 4 more."""
    if len(names) <= NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:NAMES])} and {len(names) - NAMES} more"


def part_of_day(at: time) -> str:
    """morning, afternoon or evening."""
    return "morning" if at.hour < 12 else "afternoon" if at.hour < 18 else "evening"


def rhythm(cadence: Cadence) -> str:
    """On Fridays at 08:00, Paris time."""
    at = f"at {cadence.at:%H:%M}, {place(cadence.timezone)}"
    match cadence.frequency:
        case Frequency.DAILY:
            return f"every day {at}"
        case Frequency.WEEKLY:
            return f"on {WEEKDAYS[cadence.day - 1].title()}s {at}"
        case Frequency.MONTHLY:
            return f"on day {cadence.day} of each month {at}"


def place(timezone: str) -> str:
    """Paris time; UTC stays UTC."""
    city = timezone.rpartition("/")[2].replace("_", " ")
    return f"{city} time" if "/" in timezone and not timezone.startswith("Etc/") else timezone


def arrivals(count: int, frequency: Frequency) -> str:
    """1,214 things to read came in this week."""
    when = {Frequency.DAILY: "since yesterday", Frequency.WEEKLY: "this week", Frequency.MONTHLY: "this month"}
    return f"{number(count).capitalize()} {'thing' if count == 1 else 'things'} to read came in {when[frequency]}"


def contents(pinned: int, for_you: int, favourites: int, outside: int) -> str:
    """Seven are for you, three are what everybody else is reading and one is somewhere you never go."""
    parts = [
        f"{number(count)} {'is' if count == 1 else 'are'} {what}"
        for count, what in (
            (pinned, "the editor’s choice"),
            (for_you, "for you"),
            (favourites, "what everybody else is reading"),
            (outside, "somewhere you never go"),
        )
        if count
    ]
    said = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else "nothing is for you"
    return said[0].upper() + said[1:]


@lru_cache(maxsize=64)
def mail_date(moment: datetime) -> str:
    """A Date header (RFC 5322, section 3.3), without the locale's words; of a moment in UTC, as all of ours are."""
    day = WEEKDAYS[moment.weekday()][:3].title()
    return f"{day}, {moment.day:02} {MONTHS[moment.month - 1][:3]} {moment.year} {moment:%H:%M:%S %z}"
