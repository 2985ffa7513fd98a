"""What readers of the simulated year are owed, worked out from the rules alone: no function of the product is asked.

A reader's slots are listed day by day, and looked up. What is told here is what a person would write on a wall:
an issue on each of your days, at your hour, once a period, unless you were away or we were down for two days.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LATE, LEAD, SOON, WEEK = timedelta(hours=48), 15 * MINUTE, 2 * DAY, 7 * DAY
FIRST, LAST = date(2026, 10, 1), date(2028, 3, 1)
#: frequency, day, hour, zone
Rhythm = tuple[str, int, time, str]


@dataclass(frozen=True)
class Act:
    """What somebody did at a moment: operator, join, pause, resume, leave, stay or change."""

    at: datetime
    what: str
    rhythm: Rhythm | None = None
    until: date | None = None


@dataclass(frozen=True)
class Copy:
    """An issue that a reader is owed, or got."""

    period: str
    due: datetime
    #: when it is sent
    at: datetime
    welcome: bool


def falls(rhythm: Rhythm, day: date) -> bool:
    frequency, on, _, _ = rhythm
    if frequency == "weekly":
        return day.isoweekday() == on
    last = (day + DAY).month != day.month
    return frequency == "daily" or day.day == on or (last and day.day < on)


def named(frequency: str, day: date) -> str:
    return day.strftime({"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m"}[frequency])


@cache
def slots(rhythm: Rhythm) -> tuple[list[datetime], list[date]]:
    """Every hour that is theirs, and its date."""
    days = [day for n in range((LAST - FIRST).days) if falls(rhythm, day := FIRST + n * DAY)]
    zone = ZoneInfo(rhythm[3])
    return [datetime.combine(day, rhythm[2], zone).astimezone(UTC) for day in days], days


def is_over(frequency: str, day: date, at: datetime) -> bool:
    """Has the period of that date ended everywhere?"""
    end = day
    while named(frequency, end) == named(frequency, day):
        end += DAY
    return at >= datetime.combine(end, time(12), UTC)


@dataclass
class Owed:
    """One reader, from act to act and tick to tick."""

    acts: list[Act] = field(default_factory=list)
    state: str = ""
    before_leaving: str = ""
    rhythm: Rhythm = ("", 0, time(), "")
    until: date | None = None
    joined: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    changed: datetime | None = None
    welcome: bool = False
    #: periods that they have a copy for, sent or not yet
    served: set[str] = field(default_factory=set)
    waiting: list[Copy] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    #: composed before an outage, and too old after it
    stale: list[Copy] = field(default_factory=list)
    #: (from, to, joined, rhythm) while they read in one rhythm
    chapters: list[tuple[datetime, datetime, datetime, Rhythm]] = field(default_factory=list)

    def act(self, act: Act) -> None:
        """Do what they did."""
        match act.what:
            case "operator" | "join":
                assert act.rhythm
                self.state, self.rhythm = "active", act.rhythm
                self.joined, self.changed, self.welcome = act.at, None, act.what == "join"
            case "pause":
                self.state, self.until = "paused", act.until
            case "resume":
                self._back(act.at)
            case "leave":
                self.before_leaving, self.state = self.state, "left"
            case "stay":
                self.state = self.before_leaving
            case "change":
                assert act.rhythm
                if act.rhythm[0] != self.rhythm[0]:
                    self.joined, self.welcome = act.at, True
                else:
                    self.changed = act.at
                self.rhythm = act.rhythm

    def _back(self, at: datetime) -> None:
        self.state, self.until, self.joined, self.changed, self.welcome = "active", None, at, None, True

    def pause_ends(self) -> datetime | None:
        """The midnight with which a pause ends."""
        if self.state != "paused" or self.until is None:
            return None
        return datetime.combine(self.until, time(), ZoneInfo(self.rhythm[3])).astimezone(UTC)

    def tick(self, now: datetime) -> None:
        """Pauses end, copies are composed for a quarter of an hour ahead, and what is due is sent."""
        if (midnight := self.pause_ends()) and midnight <= now:
            self._back(midnight - timedelta(seconds=1))  # an hour at midnight is theirs
        if self.state == "active" and (copy := self._due(now)) and copy.period not in self.served:
            had = [max(one.due, one.at - timedelta(hours=1)) for one in self.copies + self.waiting]
            if not copy.welcome or all(moment < self.joined - WEEK for moment in had):
                self.served.add(copy.period)
                self.waiting.append(copy)
        for copy in [one for one in self.waiting if one.due <= now]:
            self.waiting.remove(copy)
            if self.state != "active":
                self.served.remove(copy.period)  # when they are back, it is owed again
            elif now - copy.due > LATE:
                self.stale.append(copy)
            else:
                self.copies.append(Copy(copy.period, copy.due, now, copy.welcome))

    def _due(self, now: datetime) -> Copy | None:
        hours, days = slots(self.rhythm)
        n = bisect_right(hours, now + LEAD) - 1
        hour, name = hours[n], named(self.rhythm[0], days[n])
        if hour > self.joined:
            if self.changed and self.changed > hour and not is_over(self.rhythm[0], days[n], self.changed):
                hour = self.changed
            return Copy(name, hour, now, False) if now - hour <= LATE else None
        if self.welcome and now - self.joined <= LATE and hours[n + 1] - self.joined > SOON:
            return Copy(name, self.joined, now, True)
        return None

    def next_moment(self, now: datetime) -> datetime:
        """When a tick is next of any interest to them, if they do nothing."""
        hours, _ = slots(self.rhythm)
        ahead = [hours[bisect_right(hours, now + LEAD)] - LEAD, *[copy.due for copy in self.waiting]]
        return min(ahead if self.state == "active" or self.waiting else [datetime.max.replace(tzinfo=UTC)])

    def live(self, ticks: Sequence[datetime]) -> None:
        """The whole year: every act, and every tick that may concern them."""
        for act, then in zip(self.acts, [*self.acts[1:], None], strict=True):
            self.act(act)
            begin, end = bisect_left(ticks, act.at), bisect_left(ticks, then.at) if then else len(ticks)
            started, n = act.at, begin
            while n < end:
                was = self.state
                self.tick(ticks[n])
                if was != self.state:
                    started = self.joined
                # Their own moments, the tick after, and while a welcome or a pause may be near, all of them.
                near = ticks[n] - max(self.joined, self.changed or self.joined) < LATE or self.pause_ends() is not None
                n = n + 1 if near else max(n + 1, bisect_left(ticks, self.next_moment(ticks[n])))
            if self.state == "active":
                self.chapters.append((started, then.at if then else ticks[-1], self.joined, self.rhythm))

    def passed(self) -> list[tuple[str, datetime]]:
        """Hours at which they were readers and had no issue, whose period has none."""
        have = {copy.period for copy in self.copies}
        found = {}
        for begin, end, joined, rhythm in self.chapters:
            hours, days = slots(rhythm)
            for hour, day in zip(hours, days, strict=True):
                if max(begin, joined) < hour < end and (name := named(rhythm[0], day)) not in have:
                    found[name] = hour
        return sorted(found.items())
