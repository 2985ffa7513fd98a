"""When a message that a server put off is tried again, and when that is given up. Pure."""

from datetime import datetime, timedelta
from math import ceil

from newsletter.delivery.outcomes import Deferred, GivenUp
from newsletter.delivery.putting_off import SHORTEST, Kind, understood

#: Of the wait, either way: what was put off together does not come back together.
JITTER = 0.2
#: So often a named time is believed; a server that goes on naming one is tried later and later.
BELIEVED = 3

#: The first wait, by how much each further one is longer, and the longest.
_WAITS = {
    Kind.GREYLISTED: (timedelta(minutes=5), 2, timedelta(hours=4)),
    Kind.FULL: (timedelta(hours=4), 2, timedelta(hours=12)),
    Kind.RATE: (timedelta(minutes=5), 3, timedelta(hours=4)),
    Kind.OTHER: (timedelta(minutes=15), 2, timedelta(hours=4)),
}


def next_try(
    answer: str, attempts: int, since: datetime, now: datetime, give_up_after: timedelta, chance: float
) -> Deferred | GivenUp:
    """What follows from a "later": another try after a while, or the end.

    `answer` is what the server said, `attempts` how often it was tried (from 1), `since` when first; `chance` in
    [0, 1) spreads the waits. A time that the server names is waited for, and up to a fifth more. Where the next try
    would come after the end, there is a last one at the end; whatever is put off from then on is given up.
    """
    # A first try in the future is a clock that was put back.
    left = min(since - now, timedelta()) + give_up_after
    if left < SHORTEST:
        return GivenUp(f"given up after {_hours(give_up_after)}: {answer}")
    later = understood(answer)
    wait = _wait(later.kind, attempts if later.wait is None else attempts - BELIEVED) * (1 + JITTER * (2 * chance - 1))
    if later.wait is not None:
        asked = later.wait * (1 + JITTER * chance)
        wait = asked if attempts <= BELIEVED else max(asked, wait)
    # Whole seconds, as they are stored, and none too early.
    seconds = ceil(wait.total_seconds()) + (1 if now.microsecond else 0)
    return Deferred(answer, min(timedelta(seconds=seconds), left))


def _wait(kind: Kind, attempts: int) -> timedelta:
    first, factor, longest = _WAITS[kind]
    # Not without end: a big number of attempts is no reason to count that far.
    return min(first * int(factor ** min(max(attempts - 1, 0), 10)), longest)


def _hours(time: timedelta) -> str:
    hours = time.total_seconds() / 3600
    return "1 hour" if hours == 1 else f"{hours:,.3g} hours"
