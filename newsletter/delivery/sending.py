"""Sending what is due: claim | put together | intend | hand over | record. The one place of this room that acts."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from newsletter.delivery import ledger
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.ledger import Claimed
from newsletter.delivery.outcomes import Deferred, DeliveryState, Outcome, Refused, Sent, Unknown
from newsletter.delivery.return_path import ReturnPath
from newsletter.delivery.transport import Transport, file_name
from newsletter.delivery.workers import Worker
from newsletter.errors import TransportDown
from newsletter.rendering.links import Signer

_STATES: dict[type[Outcome], DeliveryState] = {
    Sent: DeliveryState.SENT,
    Deferred: DeliveryState.DEFERRED,
    Refused: DeliveryState.FAILED,
    Unknown: DeliveryState.UNCERTAIN,
}


def deliver(
    db: Database,
    transport: Transport,
    frozen: FrozenIssues,
    *,
    project: Path,
    return_path: ReturnPath,
    signer: Signer,
    clock: Callable[[], datetime],
    max_lateness: timedelta,
    only: int | None = None,
    notices_only: bool = False,
    redirect_to: str = "",
    progress: Callable[[int], None] | None = None,
) -> Counter[DeliveryState]:
    """Send everything that is due; returns how many copies ended in which state.

    `frozen` has the issues that were made in this process already, so that their templates are compiled once.
    `redirect_to` makes it a rehearsal: every message goes to that address, the same to the byte, and counts as sent.

    Raises `TransportDown` when nothing can leave at all; what was not begun is queued again, and recorded so.
    """
    counts: Counter[DeliveryState] = Counter()
    step = partial(ledger.step, rehearsal=bool(redirect_to))
    with Worker(project) as worker:
        last: tuple[int, Outcome] | None = None
        try:
            while True:
                claimed, dropped = ledger.claim(
                    db, worker.name, clock(), max_lateness=max_lateness, only=only, notices_only=notices_only
                )
                counts[DeliveryState.DROPPED] += dropped
                if not claimed and not dropped:
                    break
                for copy in claimed:
                    message = _message(frozen, copy, signer, clock())
                    if not step(db, worker.name, last, copy.delivery.id, clock()):
                        last = None
                        continue
                    last = None
                    try:
                        outcome = transport.send(
                            message,
                            sender=_sender(copy, return_path, rehearsal=bool(redirect_to)),
                            recipient=redirect_to or _to(copy),
                            name=_file_name(copy),
                        )
                    except TransportDown as down:
                        # It did not take this one: its turn comes again, at once when the server is back.
                        step(db, worker.name, (copy.delivery.id, Deferred(str(down), timedelta(0))), None, clock())
                        raise
                    last = (copy.delivery.id, outcome)
                    counts[_STATES[type(outcome)]] += 1
                    if progress:
                        progress(counts.total())
                step(db, worker.name, last, None, clock())
                last = None
        finally:
            if last:
                step(db, worker.name, last, None, clock())
            ledger.release(db, worker.name, clock())
            transport.close()
    return counts


def rehearsal(redirect_to: str) -> str | None:
    """What to tell an operator whose mail is redirected, by `delivery.redirect_all_to`; None where it is not."""
    if not redirect_to:
        return None
    return (
        f"REHEARSAL: every mail goes to {redirect_to} and none to its reader, but counts as sent to them "
        "(delivery.redirect_all_to). Take that line out before you send for real."
    )


def _message(frozen: FrozenIssues, copy: Claimed, signer: Signer, now: datetime) -> bytes:
    delivery = copy.delivery
    if delivery.letter:
        return delivery.letter.message(delivery.date_at(now))
    assert delivery.recipe and delivery.issue_id and copy.reader  # noqa: S101 — nothing else is claimed
    issue = frozen.get(delivery.issue_id, (pick.entry_id for pick in delivery.recipe.picks))
    return issue.message(delivery.recipe, copy.reader, delivery.date_at(now), signer)


def _sender(copy: Claimed, return_path: ReturnPath, *, rehearsal: bool) -> str:
    """The envelope's sender: empty for the answer to a mail (RFC 3834, section 3.3), nobody's own in a rehearsal."""
    if copy.delivery.letter and copy.delivery.letter.no_return:
        return ""
    return return_path.of(None if rehearsal else copy.delivery.subscriber_id, copy.delivery.id)


def _to(copy: Claimed) -> str:
    if copy.delivery.letter:
        return copy.delivery.letter.to
    assert copy.reader  # noqa: S101 — an issue goes to readers only
    return copy.reader.address


def _file_name(copy: Claimed) -> str:
    """Unique, and telling in a listing: the address and the delivery."""
    day = copy.delivery.date_at(copy.delivery.due_at)
    return f"{day:%Y-%m-%d}-{file_name(_to(copy))}-{copy.delivery.id}"
