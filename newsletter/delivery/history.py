"""What became of all copies of one issue: by state, by domain, how fast, and in which words. Reads only.

The rows are gone through once; of those that were sent nothing is kept but a few numbers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

from sqlite_utils import Database

from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.said import alike
from newsletter.delivery.verdicts import Verdict, verdict_of

#: A longer time in which nothing left was a pause, or the time between two zones.
PAUSE = timedelta(minutes=1)
_WAITS = (DeliveryState.QUEUED, DeliveryState.DEFERRED)
_TOLD = frozenset({DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Times:
    """How long servers took for a message, in milliseconds."""

    median: int
    #: one in twenty took longer
    slow: int


@dataclass(slots=True)
class DomainTally:
    """The copies for readers of one domain."""

    #: such as gmail.com; empty for readers who were erased
    name: str
    counts: Counter[DeliveryState] = field(default_factory=Counter)
    #: None where nothing was measured
    times: Times | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Said:
    """What servers said of several deliveries, but for addresses, numbers and ids."""

    state: DeliveryState
    words: str
    count: int
    #: what it says of the readers
    verdict: Verdict


@dataclass(slots=True)
class History:
    """What became of the copies of an issue."""

    counts: Counter[DeliveryState] = field(default_factory=Counter)
    #: of the dropped ones, by the reason
    dropped: Counter[str] = field(default_factory=Counter)
    #: the largest first
    domains: list[DomainTally] = field(default_factory=list)
    #: when the first and the last one left; None where none has
    first: datetime | None = None
    last: datetime | None = None
    #: seconds in which copies left, without pauses
    seconds: int = 0
    times: Times | None = None
    #: of what failed, is put off or uncertain, the most frequent first
    said: list[Said] = field(default_factory=list)
    #: of each state that waits: when the next one and the last one is due
    waiting: dict[DeliveryState, tuple[datetime, datetime]] = field(default_factory=dict)

    @property
    def per_second(self) -> float | None:
        """Copies a second while they left; None where none has."""
        return self.counts[DeliveryState.SENT] / self.seconds if self.seconds else None

    @property
    def slowest(self) -> list[DomainTally]:
        """Domains of which something was measured, the slowest first."""
        measured = [one for one in self.domains if one.times]
        return sorted(measured, key=lambda one: one.times.median if one.times else 0, reverse=True)

    @property
    def failing(self) -> list[DomainTally]:
        """Domains of which something failed, the most first."""
        failing = [one for one in self.domains if one.counts[DeliveryState.FAILED]]
        return sorted(failing, key=lambda one: -one.counts[DeliveryState.FAILED])


def history_of(db: Database, issue_id: int) -> History:
    """What became of an issue's copies by now."""
    history = History()
    domains: dict[str, DomainTally] = {}
    took: dict[str, list[int]] = defaultdict(list)
    left: set[str] = set()
    said: Counter[tuple[DeliveryState, str]] = Counter()
    raw: dict[tuple[DeliveryState, str], str] = {}
    due: dict[DeliveryState, list[str]] = {}
    sent, dropped = str(DeliveryState.SENT), str(DeliveryState.DROPPED)
    for name, domain, address, why, due_at, changed_at, milliseconds in db.conn.execute(
        "SELECT d.state, coalesce(substr(s.address_key, instr(s.address_key, '@') + 1), ''), "
        "iif(d.state = 'sent', '', s.address), iif(d.state = 'sent', '', d.why), d.due_at, d.changed_at, d.took "
        "FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id WHERE d.issue_id = ?",
        [issue_id],
    ):
        tally = domains.get(domain) or domains.setdefault(domain, DomainTally(domain))
        state = DeliveryState(name)
        tally.counts[state] += 1
        if name == sent:
            left.add(changed_at)
            if milliseconds is not None:
                took[domain].append(milliseconds)
            continue
        if name == dropped:
            history.dropped[why] += 1
        if state in _WAITS:
            edges = due.setdefault(state, [due_at, due_at])
            edges[:] = min(edges[0], due_at), max(edges[1], due_at)
        if state in _TOLD and why:
            key = (state, alike(why, address or ""))
            said[key] += 1
            raw.setdefault(key, why)
    for tally in domains.values():
        history.counts += tally.counts
        tally.times = _times(took.get(tally.name, ()))
    history.domains = sorted(domains.values(), key=lambda one: (-one.total, one.name))
    history.times = _times([one for of_domain in took.values() for one in of_domain])
    moments = sorted(datetime.fromisoformat(moment) for moment in left)
    if moments:
        history.first, history.last, history.seconds = moments[0], moments[-1], busy_seconds(moments)
    history.said = [
        Said(state, words, count, verdict_of("", raw[state, words])) for (state, words), count in said.most_common()
    ]
    history.waiting = {
        state: (datetime.fromisoformat(first), datetime.fromisoformat(last)) for state, (first, last) in due.items()
    }
    return history


def busy_seconds(moments: Sequence[datetime]) -> int:
    """In how many seconds something happened, pauses left out; `moments` in order."""
    gaps = (later - earlier for earlier, later in pairwise(moments))
    return 1 + sum(round(gap.total_seconds()) for gap in gaps if gap <= PAUSE) if moments else 0


def _times(took: Iterable[int]) -> Times | None:
    ordered = sorted(took)
    if not ordered:
        return None
    return Times(ordered[ceil(len(ordered) / 2) - 1], ordered[ceil(len(ordered) * 0.95) - 1])
