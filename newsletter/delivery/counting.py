"""How many messages began in the last hour and since a new sender's day began, and how many more may. Pure."""

from collections.abc import Mapping

#: Within the hour's limit even for messages at the very end of a minute.
_HOUR = 61
_DAY = 86_400
#: The slow start of a new address is over by then.
SLOW_DAYS = 14


class Counts:
    """Messages by minute, against a limit an hour and the slow start of a new address. Moments: seconds since 1970."""

    def __init__(self, per_hour: int, first_day: int, sender: str, since: float | None, now: float) -> None:
        self._per_hour, self._first_day, self._sender = per_hour, first_day, sender
        #: when the sender's first message left; None where none has
        self.since = since
        #: of this process, not written yet
        self.fresh: dict[int, int] = {}
        #: the current minute since 1970
        self.minute = int(now // 60)
        self._minutes: dict[int, int] = {}
        self._hour = self._day = 0
        self._waits: tuple[float, str] | None = None

    @property
    def limited(self) -> bool:
        """Is there any limit?"""
        return bool(self._per_hour or self._first_day)

    def oldest(self, now: float) -> int:
        """The first minute that matters now."""
        return min(self.minute - _HOUR + 1, self._day_began(now)) if self._first_day else self.minute - _HOUR + 1

    def load(self, minutes: Mapping[int, int], back: int, now: float) -> None:
        """What all processes have written, by a clock that is `back` minutes before this one; with what is fresh."""
        self._minutes = {minute - back: count for minute, count in minutes.items()}
        for minute, count in self.fresh.items():
            self._minutes[minute] = self._minutes.get(minute, 0) + count
        self._sum(now)

    def at(self, now: float) -> None:
        """The time is now."""
        minute = int(now // 60)
        if minute == self.minute:
            return
        if minute < self.minute - 1:
            # The clock was put back: everything happened as long ago as before.
            back = self.minute - minute
            self._minutes = {at - back: count for at, count in self._minutes.items()}
            self.fresh = {at - back: count for at, count in self.fresh.items()}
            if self.since is not None:
                self.since -= back * 60
        self.minute = minute
        self._sum(now)

    def begun(self, now: float) -> None:
        """A message begins."""
        minute = int(now // 60)
        if minute != self.minute:
            self.at(now)
        if self.since is None:
            self.since = now
        self.fresh[minute] = self.fresh.get(minute, 0) + 1
        if self._per_hour or self._first_day:
            self._minutes[minute] = self._minutes.get(minute, 0) + 1
            self._hour += 1
            self._day += 1
            self._waits = None

    def room(self, now: float) -> int | None:
        """How many more may begin; None for no limit."""
        self.at(now)
        rooms = []
        if self._per_hour:
            rooms.append(self._per_hour - self._hour)
        if (of_day := self._of_day(now)) is not None:
            rooms.append(of_day - self._day)
        return max(0, min(rooms)) if rooms else None

    def waits(self, now: float) -> tuple[float, str]:
        """Seconds until another may begin, and why; (0.0, "") for at once."""
        self.at(now)
        if self._waits is None:
            self._waits = max(self._hour_is_out(), self._day_is_out(now))
        until, why = self._waits
        return (until - now, why) if until > now else (0.0, "")

    def _hour_is_out(self) -> tuple[float, str]:
        if not self._per_hour or self._hour < self._per_hour:
            return 0.0, ""
        left, free = self._hour, self.minute
        for minute in sorted(self._minutes):
            if minute > self.minute - _HOUR:
                left, free = left - self._minutes[minute], minute + _HOUR
                if left < self._per_hour:
                    break
        return free * 60.0, f"{self._per_hour:,} an hour are out (pacing.per_hour)"

    def _day_is_out(self, now: float) -> tuple[float, str]:
        of_day = self._of_day(now)
        if of_day is None or self._day < of_day:
            return 0.0, ""
        day = self._day_number(now)
        why = f"{self._sender} is new: the {of_day:,} of its day {day + 1} are out (pacing.first_day)"
        return self._started(now) + (day + 1) * _DAY, why

    def _of_day(self, now: float) -> int | None:
        day = self._day_number(now)
        return self._first_day << day if self._first_day and day < SLOW_DAYS else None

    def _started(self, now: float) -> float:
        """When the sender's first day began: a whole minute, as messages are counted by minutes."""
        if self.since is None:
            return now // 60 * 60
        self.since = min(self.since, now)  # the clock may have been put back
        return self.since // 60 * 60

    def _day_number(self, now: float) -> int:
        return int((now - self._started(now)) // _DAY)

    def _day_began(self, now: float) -> int:
        """The minute in which the sender's day began."""
        return int((self._started(now) + self._day_number(now) * _DAY) // 60)

    def _sum(self, now: float) -> None:
        hour, day = self.minute - _HOUR, self._day_began(now)
        self._hour = sum(count for minute, count in self._minutes.items() if minute > hour)
        self._day = sum(count for minute, count in self._minutes.items() if minute >= day)
        self._waits = None
