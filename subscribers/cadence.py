"""How often, on which day, at what hour and in which time zone a reader wants their issue."""

import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from zoneinfo import ZoneInfo

from subscribers.errors import InvalidCadence

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Frequency(StrEnum):
    """How often."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a reader's issues are due, in the reader's own local time."""

    frequency: Frequency
    #: 0 (daily), 1 to 7 for Monday to Sunday (weekly), 1 to 31 (monthly; a short month's last day stands in)
    day: int
    #: local time of day
    at: time
    #: IANA name, such as Europe/Paris
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.timezone)

    def __str__(self) -> str:
        match self.frequency:
            case Frequency.DAILY:
                days = "daily"
            case Frequency.WEEKLY:
                days = f"weekly on {WEEKDAYS[self.day - 1].title()}s"
            case Frequency.MONTHLY:
                days = f"monthly on day {self.day}"
        return f"{days} at {self.at:%H:%M}, {self.timezone}"


def parse_cadence(frequency: str, day: str, at: str, timezone: str) -> Cadence:
    """Read a cadence from words: `("weekly", "friday", "08:00", "Europe/Paris")`.

    `day` is a weekday's name (or its first three letters) for weekly, a number for monthly, ignored for daily.
    Raises `InvalidCadence` naming the word that is wrong and what would be right.
    """
    try:
        kind = Frequency(frequency.strip().lower())
    except ValueError:
        raise InvalidCadence(f"{frequency!r} is no cadence; use daily, weekly or monthly.") from None
    return Cadence(kind, _parse_day(kind, day), parse_time(at), parse_timezone(timezone))


def parse_time(text: str) -> time:
    """Read "8", "08:00" or "17:30"."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2}))?", text.strip())
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
        raise InvalidCadence(f"{text!r} is no time of day; write it as 08:00 or 17:30.")
    return time(int(found[1]), int(found[2] or 0))


def parse_timezone(name: str) -> str:
    """Check an IANA time-zone name."""
    try:
        return ZoneInfo(name.strip()).key
    except (KeyError, ValueError, OSError):
        raise InvalidCadence(f"{name!r} is no time zone; write it as Europe/Paris, America/New_York or UTC.") from None


def _parse_day(frequency: Frequency, text: str) -> int:
    word = text.strip().lower()
    match frequency:
        case Frequency.DAILY:
            return 0
        case Frequency.WEEKLY:
            found = [number for number, name in enumerate(WEEKDAYS, 1) if len(word) >= 3 and name.startswith(word)]
            if not found:
                raise InvalidCadence(f"{text!r} is no weekday; write monday to sunday.")
            return found[0]
        case Frequency.MONTHLY:
            if not word.isdecimal() or not 1 <= int(word) <= 31:
                raise InvalidCadence(f"{text!r} is no day of a month; write 1 to 31.")
            return int(word)
