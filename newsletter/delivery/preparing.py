"""Making messages ready for their turn: put together here, signed by threads beside the loop.

What is costly about a signature is done without the interpreter's lock, so threads use every core for it.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from newsletter.delivery.claiming import Claimed
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.dkim import DkimSigner, Unsigned
from newsletter.delivery.lines import Job
from newsletter.delivery.return_path import ReturnPath
from newsletter.rendering.links import Signer

#: Messages that a thread signs one after the other: to ask it for each by itself costs a third of a signature.
_TOGETHER = 8


class Preparing:
    """Messages in the order in which they were begun."""

    def __init__(
        self,
        frozen: FrozenIssues,
        links: Signer,
        return_path: ReturnPath,
        signer: DkimSigner | None,
        clock: Callable[[], datetime],
        redirect_to: str = "",
    ) -> None:
        """`redirect_to` is the envelope's recipient of a rehearsal; empty for each reader's own."""
        self._frozen = frozen
        self._links = links
        self._return_path = return_path
        self._signer = signer
        self._clock = clock
        self._redirect_to = redirect_to
        self._threads: ThreadPoolExecutor | None = None
        self._ready: deque[Job] = deque()
        self._unsigned: list[tuple[Job, list[Unsigned]]] = []
        #: by delivery, who signs it
        self._signing: dict[int, Future[None]] = {}

    def __len__(self) -> int:
        return len(self._ready)

    def begin(self, copy: Claimed) -> None:
        """Put it together, and let it be signed: together with others, but in time."""
        moment, reader = self._clock(), recipient_of(copy)
        message = message_of(self._frozen, copy, self._links, moment)
        job = Job(
            copy.delivery.id,
            sender=_sender(copy, self._return_path, rehearsal=bool(self._redirect_to)),
            recipient=self._redirect_to or reader,
            message=message,
            reader=reader,
            day=copy.delivery.date_at(moment),
            issue_id=copy.delivery.issue_id,
            provider=copy.provider,
        )
        if self._signer and self._signer.takes_long:
            self._unsigned.append((job, self._signer.prepare(message)))
            if len(self._unsigned) == _TOGETHER:
                self._let_sign()
        elif self._signer:
            job.signature = self._signer.signature(message)
        self._ready.append(job)

    def take(self) -> Job:
        """The next one, finished."""
        job = self._ready.popleft()
        if self._unsigned and self._unsigned[0][0] is job:
            self._let_sign()
        if signing := self._signing.pop(job.delivery_id, None):
            signing.result()
        return job

    def give_back(self, job: Job) -> None:
        """It comes first, once more."""
        self._ready.appendleft(job)

    def keep(self, ids: frozenset[int]) -> None:
        """Forget all others."""
        self._ready = deque(job for job in self._ready if job.delivery_id in ids)
        self._unsigned = [one for one in self._unsigned if one[0].delivery_id in ids]
        self._signing = {delivery_id: signing for delivery_id, signing in self._signing.items() if delivery_id in ids}

    def close(self) -> None:
        """End the threads; what was not taken is forgotten."""
        if self._threads:
            self._threads.shutdown(cancel_futures=True)

    def _let_sign(self) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "signing")
        unsigned, self._unsigned = self._unsigned, []
        signing = self._threads.submit(_sign, unsigned)
        self._signing.update((job.delivery_id, signing) for job, _ in unsigned)


def _sign(unsigned: list[tuple[Job, list[Unsigned]]]) -> None:
    """In a thread of its own. Nothing but the operation is done there: each time it needs the lock, both wait."""
    for job, prepared in unsigned:
        job.signature = b"".join([one.signed() for one in prepared])


def message_of(frozen: FrozenIssues, copy: Claimed, links: Signer, now: datetime) -> bytes:
    """The message as it leaves, but for its signature. Its Date is fixed at the first claim."""
    delivery = copy.delivery
    if delivery.letter:
        return delivery.letter.message(delivery.date_at(now))
    assert delivery.recipe and delivery.issue_id and copy.reader  # noqa: S101 — nothing else is claimed
    issue = frozen.get(delivery.issue_id, (pick.entry_id for pick in delivery.recipe.picks))
    return issue.message(delivery.recipe, copy.reader, delivery.date_at(now), links)


def recipient_of(copy: Claimed) -> str:
    """The address that it is for."""
    if copy.delivery.letter:
        return copy.delivery.letter.to
    assert copy.reader  # noqa: S101 — an issue goes to readers only
    return copy.reader.address


def _sender(copy: Claimed, return_path: ReturnPath, *, rehearsal: bool) -> str:
    """The envelope's sender: empty for the answer to a mail (RFC 3834, section 3.3), nobody's own in a rehearsal."""
    if copy.delivery.letter and copy.delivery.letter.no_return:
        return ""
    return return_path.of(None if rehearsal else copy.delivery.subscriber_id, copy.delivery.id)
