"""When a source is asked again: as often as the settings say, later and later while it fails."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random

#: The first wait after a failure, doubled with each further one.
FIRST = timedelta(minutes=3)
#: Nobody waits longer, whatever a server says.
LONGEST = timedelta(days=1)
#: Of the wait, either way: sources that failed together are not asked together again.
JITTER = 0.25


def next_try(failures: int, now: datetime, every: timedelta, retry_after: timedelta | None, random: Random) -> datetime:
    """When to ask again after so many failures in a row (0: it went well); not before `retry_after` has passed."""
    asked = min(retry_after or timedelta(), LONGEST)
    if failures:
        # Not without end: a source may have failed for years.
        wait = min(FIRST * (1 << min(failures - 1, 20)), LONGEST) * random.uniform(1 - JITTER, 1 + JITTER)
    else:
        wait = every
    at = now + max(min(wait, LONGEST), asked)
    # Whole seconds, as they are stored, and none too early.
    return at.replace(microsecond=0) + timedelta(seconds=1 if at.microsecond else 0)


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long a server wants to be left alone (RFC 9110, section 10.2.3), at most a day; None where it does not say.

    `now` is the server's, as it gives a date by its own clock.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST.total_seconds()))
    moment = parse_http_date(text)
    return min(max(moment - now, timedelta()), LONGEST) if moment else None


def parse_http_date(text: str | None) -> datetime | None:
    """A moment in a header, in UTC; None where it is none."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
