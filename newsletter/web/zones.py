"""The time zones that a form offers: for every country its places that differ in their clocks."""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

Clocks = tuple[timedelta | None, ...]


@cache
def zones(year: int) -> tuple[str, ...]:
    """IANA names in the order of the alphabet, UTC before them.

    They come from the database's own table of places, a country's most populous place first. Of a country's places
    that have the same time from that year on, one is enough: there are a dozen in Argentina and eight in Indiana.
    """
    table = files("tzdata") / "zoneinfo" / "zone.tab"
    rows = [line.split("\t") for line in table.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    known, first = available_timezones(), dict[tuple[str, Clocks], str]()
    for country, _, name, *_ in rows:
        if name.strip() in known:
            first.setdefault((country, _clocks(name.strip(), year)), name.strip())
    return ("UTC", *sorted(first.values()))


def offered(chosen: str, year: int) -> tuple[str, ...]:
    """The same with the one that somebody has already, should it be missing."""
    known = zones(year)
    return known if chosen in known or not chosen else (chosen, *known)


def _clocks(name: str, year: int) -> Clocks:
    """How far the place is from UTC, twice a month for two years."""
    zone = ZoneInfo(name)
    moments = (datetime(year + n // 12, n % 12 + 1, day, 12, tzinfo=UTC) for n in range(24) for day in (1, 15))
    return tuple(moment.astimezone(zone).utcoffset() for moment in moments)
