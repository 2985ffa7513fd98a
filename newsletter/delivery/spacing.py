"""Messages at a steady pace: so many a second, and a burst of at most one second's worth after a rest. Pure."""

from math import ceil

#: A wait that is longer than its interval by more than this many seconds comes from a clock that was put back.
_STRANGE = 5.0
#: Seconds that are no time: a float that counts from 1970 knows no less than a millionth of one.
_NO_TIME = 1e-4


class Spacing:
    """One limit a second (a virtual schedule, GCRA): constant time and three numbers. Moments are seconds since 1970.

    In any stretch of time at most one second's worth more begins than the pace allows.
    """

    __slots__ = ("_ahead", "_slack", "free_at", "interval")

    def __init__(self, per_second: float) -> None:
        #: seconds from one message to the next
        self.interval = 1 / per_second
        # How much earlier than on schedule a message may begin.
        self._slack = max(0.0, 1 - self.interval)
        #: when the next message would begin on schedule
        self.free_at = 0.0
        # What this process added since its last merge.
        self._ahead = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a message may begin."""
        wait = self.free_at - self._slack - now
        if wait <= _NO_TIME:
            return 0.0
        if wait > 2 * self.interval + _STRANGE:
            self.free_at = now + self._slack + self.interval
            return self.interval
        return wait

    def room(self, now: float) -> int:
        """How many may begin in the second that begins now."""
        return max(0, ceil((now + 1 - _NO_TIME + self._slack - max(self.free_at, now)) / self.interval))

    def begun(self, now: float) -> None:
        """A message begins."""
        self.free_at = max(self.free_at, now) + self.interval
        self._ahead += self.interval

    def merge(self, stored: float, now: float) -> bool:
        """Take in what all processes have written; True where the result must be written."""
        known = now if stored - self._slack - now > 2 * self.interval + _STRANGE else stored
        self.free_at = max(self.free_at, known + self._ahead)
        self._ahead = 0.0
        return self.free_at != stored and max(self.free_at, stored) > now
