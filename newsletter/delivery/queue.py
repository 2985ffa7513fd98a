"""What was claimed and waits for a connection: in order, but for those whose provider has no room at this moment."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from newsletter.delivery.claiming import Claimed
from newsletter.delivery.lines import Job
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.preparing import Preparing

#: A message that may begin by then is claimed.
SOON = timedelta(seconds=1)
#: Seconds; what must wait for longer, because a server asked for a pause meanwhile, is not kept claimed.
FAR = 5.0


class Queue:
    """Claimed copies, and of the next ones their finished messages."""

    def __init__(self, pacer: Pacer, preparing: Preparing) -> None:
        self._pacer = pacer
        self._preparing = preparing
        self._claimed: deque[Claimed] = deque()
        #: those that were passed over, by provider
        self._passed: dict[str, deque[Claimed]] = {}
        #: by provider: how many are claimed, and the last moment that was given to one that must wait
        self._waiting: Counter[str] = Counter()
        self._given: dict[str, datetime] = {}
        #: finished messages whose provider is paused, by provider
        self._stopped: defaultdict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._claimed) + sum(map(len, self._passed.values())) + len(self._preparing)

    def add(self, claimed: Iterable[Claimed]) -> None:
        """Behind all others."""
        for copy in claimed:
            self._claimed.append(copy)
            if copy.delivery.notice:  # nobody asked `later` about it
                self._waiting[copy.provider] += 1

    def later(self, provider: str, moment: datetime) -> datetime | None:
        """When a message to that provider may be tried that is not claimed yet; None where it may be claimed.

        Consent must be fresh, so nothing stays claimed for long; those that wait are spread over the time it takes.
        """
        behind = self._waiting[provider]
        at = self._pacer.later(provider, behind, moment)
        if at <= moment + SOON:
            self._waiting[provider] += 1
            return None
        apart = self._pacer.later(provider, behind + 1, moment) - at
        self._given[provider] = at = max(at, self._given.get(provider, at)) + apart
        return at

    def prepare(self, most: int, moment: datetime) -> None:
        """Begin to make messages, so that so many are ready or nearly."""
        while len(self._preparing) < most and (copy := self._next(moment)):
            self._pacer.begun(copy.provider, moment)
            self._preparing.begin(copy)

    def take(self, moment: datetime) -> Job | None:
        """The next finished message."""
        while True:
            if not len(self._preparing):
                self.prepare(1, moment)
            if not len(self._preparing):
                return None
            job = self._preparing.take()
            if not self._pacer.paused(moment, job.provider):
                return job
            # Its turn came just as a server asked for a pause.
            self._stopped[job.provider].append(job.delivery_id)

    def give_back(self, job: Job) -> None:
        """It comes first."""
        self._preparing.give_back(job)

    def keep(self, ids: frozenset[int]) -> None:
        """Only these are still ours."""
        self._claimed = deque(copy for copy in self._claimed if copy.delivery.id in ids)
        self._passed = {
            provider: kept
            for provider, copies in self._passed.items()
            if (kept := deque(copy for copy in copies if copy.delivery.id in ids))
        }
        self._preparing.keep(ids)
        self._waiting = Counter({provider: len(copies) for provider, copies in self._passed.items()})
        self._waiting.update(copy.provider for copy in self._claimed)

    def drop_far(self, moment: datetime) -> list[tuple[int, datetime]]:
        """Forget those whose provider is not to be tried for long; their ids, and when each may be tried."""
        stopped, self._stopped = self._stopped, defaultdict(list)
        # Where all mail waits, what is claimed may wait with it.
        if self._pacer.waits(moment)[0] <= FAR:
            for provider in [name for name in self._passed if self._pacer.free_in(name, moment) > FAR]:
                copies = self._passed.pop(provider)
                self._waiting[provider] -= len(copies)
                stopped[provider] += [copy.delivery.id for copy in copies]
        return [
            (delivery_id, self._pacer.later(provider, behind, moment))
            for provider, ids in stopped.items()
            for behind, delivery_id in enumerate(ids)
        ]

    def free_in(self, moment: datetime) -> float:
        """Seconds until one of them may begin; zero where one is ready."""
        if len(self._preparing) or not len(self):
            return 0.0
        return min(self._pacer.free_in(provider, moment) for provider in self._providers())

    def close(self) -> None:
        """Forget them."""
        self._preparing.close()

    def _next(self, moment: datetime) -> Claimed | None:
        for provider, copies in self._passed.items():
            if self._pacer.free_in(provider, moment) <= 0:
                copy = copies.popleft()
                if not copies:
                    del self._passed[provider]
                self._waiting[provider] -= 1
                return copy
        while self._claimed:
            copy = self._claimed.popleft()
            if copy.provider not in self._passed and self._pacer.free_in(copy.provider, moment) <= 0:
                self._waiting[copy.provider] -= 1
                return copy
            if self._pacer.waits(moment)[0]:
                # It is not its provider's turn that all wait for.
                self._claimed.appendleft(copy)
                return None
            self._passed.setdefault(copy.provider, deque()).append(copy)
        return None

    def _providers(self) -> set[str]:
        return {copy.provider for copy in self._claimed} | self._passed.keys()
