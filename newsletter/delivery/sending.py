"""Sending what is due: claim | put together | intend | hand over | record. The one place of this room that acts.

One thread turns a loop over all connections. Whatever they have to tell, and whatever they may begin next, is one
commit; so the ledger costs the same for twenty connections as for one.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.delivery import guard, ledger
from newsletter.delivery.blame import Blame, is_ours
from newsletter.delivery.claiming import LEAST, MOST, anything_due, claim
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.dkim import DkimSigner
from newsletter.delivery.ledger import Done
from newsletter.delivery.lines import Answered, Event, Job, Lines, Ready, Returned
from newsletter.delivery.outcomes import Deferred, DeliveryState, Outcome, Refused, Unknown
from newsletter.delivery.pacing import Pacer
from newsletter.delivery.preparing import Preparing
from newsletter.delivery.queue import Queue
from newsletter.delivery.return_path import ReturnPath
from newsletter.delivery.whole_issues import stop_issue
from newsletter.delivery.workers import Worker
from newsletter.errors import TransportDown
from newsletter.rendering.links import Signer
from subscribers.database import writing
from subscribers.errors import DatabaseBusy

#: Messages that are made ready before their turn.
AHEAD = 64
#: Seconds that one turn waits for something to happen.
TURN = 0.25
#: Seconds between two claims when the last one found nothing more, and between two savings of the pace.
AGAIN = 1.0
#: Seconds that a commit waits for others to join it.
GATHER = 0.002
#: Seconds for the messages in hand when it is to end: a supervisor waits for ninety.
GRACE = 60.0
#: So often a message is given to another connection when the one it is on ends; by then a server that ends all of them
#: is known to be down.
LOSSES = 5
#: So often a result is written down anew, each time after half a minute, while another process has the database.
PATIENCE = 20


@dataclass(slots=True)
class Run:
    """What came of sending."""

    counts: Counter[DeliveryState] = field(default_factory=Counter)
    #: issues that were stopped because the server blames us, and its words
    stopped: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class How:
    """What sending needs beside the ledger and a way out."""

    project: Path
    return_path: ReturnPath
    #: makes the links in mails
    links: Signer
    clock: Callable[[], datetime]
    max_lateness: timedelta
    give_up_after: timedelta = timedelta(days=1)
    #: None where mails are not signed
    dkim: DkimSigner | None = None
    #: makes it a rehearsal: every message goes to that address, the same to the byte, and counts as sent
    redirect_to: str = ""


def deliver(
    db: Database,
    lines: Lines,
    frozen: FrozenIssues,
    pacer: Pacer,
    how: How,
    *,
    only: int | None = None,
    notices_only: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Send everything that is due. What is raised in `progress` ends it in order: the messages in hand are finished.

    `frozen` has the issues that were made in this process already, so that their templates are compiled once.

    Raises `TransportDown` when nothing can leave at all; what was not begun is queued again, and recorded so.
    """
    guard.refuse_older(db, how.project, how.clock())
    with Worker(how.project) as worker:
        loop = _Loop(db, worker.name, lines, frozen, pacer, how, only, notices_only, progress)
        try:
            loop.run()
        finally:
            loop.end()
    return loop.outcome


def rehearsal(redirect_to: str) -> str | None:
    """What to tell an operator whose mail is redirected, by `delivery.redirect_all_to`; None where it is not."""
    if not redirect_to:
        return None
    return (
        f"REHEARSAL: every mail goes to {redirect_to} and none to its reader, but counts as sent to them "
        "(delivery.redirect_all_to). Take that line out before you send for real."
    )


class _Loop:
    """The messages between the ledger and the connections."""

    def __init__(
        self,
        db: Database,
        worker: str,
        lines: Lines,
        frozen: FrozenIssues,
        pacer: Pacer,
        how: How,
        only: int | None,
        notices_only: bool,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.outcome = Run()
        self._db = db
        self._worker = worker
        self._lines = lines
        self._queue = Queue(pacer, Preparing(frozen, how.links, how.return_path, how.dkim, how.clock, how.redirect_to))
        self._pacer = pacer
        self._how = how
        self._only = only
        self._notices_only = notices_only
        self._progress = progress
        self._blame = Blame()
        #: per issue, what was refused because of us
        self._blamed: dict[int, list[int]] = {}
        self._placed: set[Job] = set()
        self._ready: list[Job] = []
        self._done: list[tuple[Job, Outcome, int]] = []
        #: how much is claimed at once, what was answered since the last claim, and when that was
        self._size, self._answered, self._claimed_at = LEAST, 0, time.monotonic()
        #: the last claim found nothing; or what it found is over already, and there may be more
        self._exhausted = self._at_once = False
        self._busy_turns = 0
        self._saved_at = self._claimed_at

    # -- one turn after the other

    def run(self) -> None:
        """Until nothing is due and nothing is in hand."""
        while True:
            self._place()
            # The network and the server have something to do while more is made ready.
            self._lines.push()
            self._refill()
            self._queue.prepare(AHEAD, self._how.clock())
            self._place()
            if self._exhausted and not (self._placed or self._done or self._queue):
                return
            self._listen(self._patience())
            self._commit()
            if self._progress:
                self._progress(self.outcome.counts.total())

    def _listen(self, seconds: float) -> None:
        """Hear what happened; a moment longer where most connections will tell something soon: a commit costs more."""
        for event in self._lines.events(seconds):
            self._hear(event)
        until = time.monotonic() + GATHER
        while 0 < len(self._ready) < len(self._placed) // 2 and (left := until - time.monotonic()) > 0:
            for event in self._lines.events(left):
                self._hear(event)

    def end(self) -> None:
        """Finish the messages in hand, write down what became of them, and give back what was not begun."""
        with ExitStack() as steps:
            steps.callback(self._queue.close)
            steps.callback(self._lines.close)
            steps.callback(self._save)
            steps.callback(lambda: ledger.release(self._db, self._worker, self._how.clock()))
            steps.callback(self._write_the_last)
            self._drain()

    def _refill(self) -> None:
        """Claim more when half of it is used up: at most what a second takes, and what the pace allows."""
        self._at_once, now = False, time.monotonic()
        idle = not (self._placed or self._done)
        if len(self._queue) > self._size // 2 or (self._exhausted and now - self._claimed_at < AGAIN and not idle):
            return
        moment = self._how.clock()
        rate = self._answered / max(now - self._claimed_at, 0.001)
        self._size = round(max(LEAST, min(rate, self._size * 2, MOST)))
        self._answered, self._claimed_at = 0, now
        room = self._pacer.room(moment)
        if room is not None:
            # What is claimed and not begun takes of it, too.
            room = max(0, room - len(self._queue))
        if room == 0:
            self._wait_for_the_pace(moment)
            return
        claims = claim(
            self._db,
            self._worker,
            moment,
            max_lateness=self._how.max_lateness,
            most=min(self._size, room or self._size),
            only=self._only,
            notices_only=self._notices_only,
            later=lambda provider: self._queue.later(provider, moment),
        )
        self.outcome.counts[DeliveryState.DROPPED] += claims.dropped
        self.outcome.counts[DeliveryState.UNCERTAIN] += claims.doubted
        self._exhausted, self._at_once = claims.nothing, not (claims.nothing or claims.claimed)
        if claims.claimed:
            guard.note(self._how.project, claims.number, moment)
            self._queue.add(claims.claimed)

    def _wait_for_the_pace(self, moment: datetime) -> None:
        self._exhausted = not anything_due(self._db, moment, self._only, notices_only=self._notices_only)
        if not self._exhausted and not self._placed and (why := self._pacer.paused(moment)):
            raise TransportDown(why)

    def _place(self) -> None:
        moment = self._how.clock()
        room = self._lines.vacant(len(self._queue))
        while room and (job := self._queue.take(moment)):
            self._placed.add(job)
            self._lines.place(job)
            room -= 1
        if far := self._queue.drop_far(moment):
            ledger.put_back(self._db, self._worker, far, moment)

    def _patience(self) -> float:
        """Seconds until there is something to do by itself."""
        if self._at_once:
            return 0.0
        if self._placed or not self._exhausted:
            return TURN
        return min(TURN, max(self._queue.free_in(self._how.clock()), 0.001))

    def _hear(self, event: Event) -> None:
        match event:
            case Ready(job):
                self._ready.append(job)
            case Answered(job, outcome, took):
                self._placed.discard(job)
                self._done.append((job, outcome, took))
                self._pacer.heard(job.provider, outcome, self._how.clock())
            case Returned(job, why):
                self._placed.discard(job)
                if job in self._ready:
                    self._ready.remove(job)
                job.losses += 1
                if why.startswith("421"):
                    # About us or the server, not about a provider's reader.
                    self._pacer.heard("", Deferred(why), self._how.clock())
                if job.begun or job.losses >= LOSSES:
                    # Nothing of it has left; where the ledger says that it has begun, its turn comes again at once.
                    self._done.append((job, Deferred(why, timedelta(0) if job.begun else None), 0))
                else:
                    self._queue.give_back(job)

    # -- the ledger

    def _commit(self) -> None:
        """One commit for all that was told since the last; then those may go whose intent it holds."""
        if not (self._done or self._ready):
            return
        try:
            granted = self._write(self._ready)
        except DatabaseBusy:
            # Nothing goes meanwhile, and nothing is lost: the answers wait here.
            self._busy_turns += 1
            if self._busy_turns >= PATIENCE:
                raise
            return
        self._busy_turns = 0
        ready, self._ready = self._ready, []
        for job in ready:
            if job.delivery_id in granted:
                job.begun = True
                self._lines.go(job)
            else:
                self._placed.discard(job)
                self._lines.withdraw(job)

    def _write(self, begin: Sequence[Job]) -> frozenset[int]:
        """Returns the ids of those that may leave."""
        moment, done = self._how.clock(), self._done
        with writing(self._db):
            # First of all: what of it is claimed is called back, so that none of it is granted below.
            stopped = self._stop_where_blamed(moment)
            committed = ledger.commit(
                self._db,
                self._worker,
                [Done(job.delivery_id, outcome, took) for job, outcome, took in done],
                [job.delivery_id for job in begin],
                moment,
                rehearsal=bool(self._how.redirect_to),
                give_up_after=self._how.give_up_after,
            )
            again = [delivery_id for issue_id in self.outcome.stopped for delivery_id in self._blamed.pop(issue_id, [])]
            if again:
                ledger.requeue(self._db, again, moment)
            if time.monotonic() - self._saved_at >= AGAIN:
                self._saved_at = time.monotonic()
                self._pacer.save()
        self.outcome.counts += Counter(committed.states)
        self.outcome.counts[DeliveryState.FAILED] -= len(again)
        self._answered += len(done)
        self._done = []
        if stopped or len(committed.granted) < len(begin):
            self._queue.keep(ledger.claimed_by(self._db, self._worker))
        return committed.granted

    def _stop_where_blamed(self, moment: datetime) -> bool:
        """Stop an issue whose answers blame us; True where one was stopped."""
        stopped = False
        for job, outcome, _ in self._done:
            if job.issue_id is None:
                continue
            if isinstance(outcome, Refused) and is_ours(outcome.why):
                self._blamed.setdefault(job.issue_id, []).append(job.delivery_id)
            why = self._blame.heard(job.issue_id, outcome, job.provider)
            if why and job.issue_id not in self.outcome.stopped:
                self.outcome.stopped[job.issue_id] = why
                stop_issue(self._db, job.issue_id, why, moment)
                stopped = True
        return stopped

    # -- the end

    def _drain(self) -> None:
        until = time.monotonic() + GRACE
        with suppress(TransportDown):
            while self._lines.busy and time.monotonic() < until:
                for event in self._lines.events(TURN):
                    self._hear(event)

    def _write_the_last(self) -> None:
        for job in self._placed:
            if job.begun:
                self._done.append((job, Unknown("it was ended before the server had answered"), 0))
        for left in range(PATIENCE, 0, -1):
            try:
                self._write([])
                return
            except DatabaseBusy:
                if left == 1:
                    raise

    def _save(self) -> None:
        with writing(self._db):
            self._pacer.save()
