"""How fast mail may leave: by the operator's limits and by what servers say; kept over restarts, for all processes.

The Pacer decides in memory, in constant time a message, and writes about once a second; so two processes on one
database share every limit to within a second's worth of messages, and a process that is killed forgets no more than
that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.delivery import paces
from newsletter.delivery.counting import Counts
from newsletter.delivery.outcomes import Deferred, GivenUp, Outcome, Sent
from newsletter.delivery.paces import Pace
from newsletter.delivery.pausing import EVERYBODY, PROVIDER, Pause
from newsletter.delivery.providers import provider_of
from newsletter.delivery.putting_off import Kind, understood
from newsletter.delivery.quoting import quoted
from newsletter.delivery.spacing import Spacing
from subscribers.database import writing

#: Minutes that are kept: a day, and the hour that a clock may be put back.
_KEPT = 25 * 60
#: The row that stands for all mail.
_ALL = ""
_NOTHING = Pace()


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast mail may leave at most; 0 for no limit."""

    per_second: float
    per_hour: int
    #: messages on the first day of a new address; each further day twice as many
    first_day: int
    #: messages a second to a provider, by any of its domains
    domains: Mapping[str, float]


class Pacer:
    """Asked before each message, told of each one and of each answer. Stays in the thread of its database."""

    def __init__(self, db: Database, limits: Limits, sender: str, now: datetime) -> None:
        self._db, self._sender = db, sender
        self._now = now.timestamp()
        self._limits = limits
        rates = {_ALL: limits.per_second} if limits.per_second else {}
        for domain, rate in dict(limits.domains).items():
            provider = provider_of(domain)
            if rate:
                rates[provider] = min(rate, rates.get(provider, rate))
        self._spacings = {name: Spacing(rate) for name, rate in rates.items()}
        self._all = self._spacings.get(_ALL)
        self._everybody = Pause(EVERYBODY)
        self._pauses: dict[str, Pause] = {}
        # Is there a pause, or the beginning of one?
        self._troubled = False
        self._since = paces.sender_since(db, sender)
        self._counts = Counts(limits.per_hour, limits.first_day, sender, self._since, self._now)
        self._pruned = self._counts.minute
        self._merge(paces.load_paces(db))
        if self._counts.limited:
            self._load_minutes()

    def room(self, now: datetime) -> int | None:
        """How many messages may begin within the next second, whoever they are for; None for no limit."""
        self._now = at = now.timestamp()
        if self._everybody.left(at):
            return 0
        room = self._counts.room(at)
        if self._all:
            soon = self._all.room(at)
            return soon if room is None else min(room, soon)
        return room

    def waits(self, now: datetime) -> tuple[float, str]:
        """Seconds until any message at all may begin, and why in words; (0.0, "") for at once."""
        self._now = at = now.timestamp()
        longest = max((self._everybody.left(at), self._everybody.why), self._counts.waits(at))
        if self._all and (spaced := self._all.wait(at)) > longest[0]:
            return spaced, f"at most {self._limits.per_second:g} a second (pacing.per_second)"
        return longest if longest[0] else (0.0, "")

    def paused(self, now: datetime, provider: str = "") -> str:
        """Why nothing at all is sent, or nothing to that provider, where a server asked for that or went on saying
        "later"; else empty.
        """
        if not self._troubled:
            return ""
        at = now.timestamp()
        for pause in (self._everybody, self._pauses.get(provider)):
            if pause and pause.left(at):
                return pause.why
        return ""

    def free_in(self, provider: str, now: datetime) -> float:
        """Seconds until a message to that provider may begin; 0.0 for at once."""
        spacing = self._spacings.get(provider)
        if spacing is None and self._all is None and not self._counts.limited and not self._troubled:
            return 0.0
        self._now = at = now.timestamp()
        wait = spacing.wait(at) if spacing else 0.0
        if self._all:
            wait = max(wait, self._all.wait(at))
        if self._counts.limited:
            wait = max(wait, self._counts.waits(at)[0])
        if self._troubled:
            wait = max(wait, self._everybody.left(at))
            if pause := self._pauses.get(provider):
                wait = max(wait, pause.left(at))
        return wait

    def begun(self, provider: str, now: datetime) -> None:
        """A message begins: it counts against every limit."""
        self._now = at = now.timestamp()
        self._counts.begun(at)
        if self._all:
            self._all.begun(at)
        if spacing := self._spacings.get(provider):
            spacing.begun(at)

    def heard(self, provider: str, outcome: Outcome, now: datetime) -> None:
        """What the server answered to a message, or to a connection ('' for nobody's message).

        What is about one mailbox only, and what it refuses for good, is no sign of haste.
        """
        if type(outcome) is Sent:
            if self._troubled:
                at = now.timestamp()
                self._everybody.sent(at)
                if pause := self._pauses.get(provider):
                    pause.sent(at)
                    if pause.idle:
                        del self._pauses[provider]
                self._troubled = bool(self._pauses) or not self._everybody.idle
        elif isinstance(outcome, Deferred | GivenUp):
            self._put_off(provider, outcome.why, now.timestamp())

    def later(self, provider: str, behind: int, now: datetime) -> datetime:
        """When a message to that provider may begin that has so many before it which wait as well."""
        wait = self.free_in(provider, now)
        if behind and self._spacings:
            spacings = filter(None, (self._all, self._spacings.get(provider)))
            wait += behind * max((spacing.interval for spacing in spacings), default=0.0)
        return now + timedelta(seconds=wait) if wait else now

    def save(self) -> None:
        """Write what this process did since the last time, and read what others did."""
        counts = self._counts
        with writing(self._db):
            if self._since is None and counts.since is not None:
                paces.add_sender(self._db, self._sender, counts.since)
                self._since = counts.since = paces.sender_since(self._db, self._sender)
            if counts.limited and (back := self._load_minutes()):
                minutes = paces.load_minutes(self._db, 0)
                paces.replace_minutes(self._db, {minute - back: count for minute, count in minutes.items()})
            if counts.fresh:
                paces.add_minutes(self._db, counts.fresh)
                counts.fresh = {}
            if counts.minute != self._pruned:
                paces.prune_minutes(self._db, counts.minute - _KEPT)
                self._pruned = counts.minute
            paces.save_paces(self._db, self._merge(paces.load_paces(self._db)))

    def _put_off(self, provider: str, why: str, at: float) -> None:
        later = understood(why)
        if later.personal:
            return
        self._troubled = True
        said = quoted(why)
        self._everybody.later(at, None, f"the server says “later” to everybody: {said}")
        if provider and (later.kind is Kind.RATE or (later.kind is Kind.OTHER and later.wait)):
            asked = later.wait.total_seconds() if later.wait else None
            self._pause(provider).later(at, asked, f"{provider} says “later”: {said}")

    def _pause(self, name: str) -> Pause:
        return self._everybody if name == _ALL else self._pauses.setdefault(name, Pause(PROVIDER))

    def _load_minutes(self) -> int:
        """Count what all processes have written, and what this one has not; how many minutes the clock was put back."""
        counts = self._counts
        counts.at(self._now)
        minutes = paces.load_minutes(self._db, counts.oldest(self._now))
        back = max(minutes, default=0) - counts.minute
        if back <= 1:  # processes on one clock need not turn a minute at once
            back = 0
        counts.load(minutes, back, self._now)
        return back

    def _merge(self, stored: Mapping[str, Pace]) -> dict[str, Pace]:
        """Take in the rows as they are now; the ones that must be written."""
        changed: dict[str, Pace] = {}
        for name in {_ALL, *stored, *self._spacings, *self._pauses}:
            row = stored.get(name, _NOTHING)
            spacing, pause = self._spacings.get(name), self._pause(name)
            must = spacing.merge(row.free_at, self._now) if spacing else False
            must = pause.merge(row.paused_until, row.why, row.storms, self._now) or must
            if must:
                free_at = spacing.free_at if spacing else 0.0
                changed[name] = Pace(free_at, pause.until, pause.why, pause.storms)
        self._pauses = {name: pause for name, pause in self._pauses.items() if not pause.idle}
        self._troubled = bool(self._pauses) or not self._everybody.idle
        return changed
