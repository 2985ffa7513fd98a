"""Who got what, what waits and until when, what failed and why; and sending just those again."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.delivery import again, guard, listing, records
from newsletter.delivery.again import Refusals, Retried
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.dkim import signer_of
from newsletter.delivery.history import History, history_of
from newsletter.delivery.listing import Listed, Wanted
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.return_path import ReturnPath
from newsletter.delivery.waiting import count_due
from newsletter.errors import DeliveryError
from newsletter.issues import store as issues
from newsletter.issues.issue import StoredIssue, parse_issue_key
from newsletter.rendering.links import Signer
from newsletter.settings import Settings
from subscribers import people
from subscribers.evidence import evidence_of

#: What is sent again where nothing else is asked for: an uncertain one might come twice.
RETRIED = (DeliveryState.FAILED, DeliveryState.DEFERRED)
#: As the evidence of readers has it.
_MOVED = "address changed from "


@dataclass(frozen=True, slots=True)
class Which:
    """Which deliveries are meant, in the operator's words; what is empty does not matter."""

    #: such as "failed"; empty for what did not leave
    state: str = ""
    #: as weekly-2026-11-27
    issue: str = ""
    #: a reader's address
    to: str = ""
    #: such as gmail.com
    domain: str = ""
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery, as people are told of it."""

    delivery: Listed
    #: the issue's name, or which notice it is
    what: str

    @property
    def to(self) -> str:
        """Whom it is for."""
        return self.delivery.address or "somebody erased"

    @property
    def next_try(self) -> datetime | None:
        """When it leaves or is tried again at the earliest; None where it is over."""
        waits = self.delivery.state in (DeliveryState.QUEUED, DeliveryState.DEFERRED)
        return self.delivery.due_at if waits else None


@dataclass(frozen=True, slots=True)
class Listing:
    """What was asked for."""

    #: of all of them, in whatever state
    counts: Counter[DeliveryState]
    #: the newest of those in the states that were asked for
    shown: tuple[Told, ...]
    #: are there more?
    more: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it was handed over, or would be."""

    sender: str
    recipient: str
    message: bytes
    #: why it may not be the same to the byte as what was sent, as sentences; empty where it is
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of the operator's word about uncertain deliveries."""

    done: tuple[Told, ...]
    refused: Refusals


@dataclass(frozen=True, slots=True)
class Doubt:
    """Copies that may have been sent by a database that is not this one."""

    #: what was due by then
    until: datetime
    #: so many of them wait
    waiting: int


class Deliveries:
    """Looks at the ledger, and has some of it sent again. Raises `DeliveryError` and `IssueError`, in words."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        frozen: FrozenIssues,
        signer: Signer,
        clock: Callable[[], datetime],
    ) -> None:
        self._db = db
        self._project = project
        self._settings = settings
        self._frozen = frozen
        self._return_path = ReturnPath(settings.address, settings.mailbox.detail, signer)
        self._signer = signer
        self._clock = clock

    # -- looking

    def listing(self, which: Which, limit: int = 100) -> Listing:
        """The newest of these deliveries, and how many there are in each state."""
        wanted = self._wanted(which)
        shown = listing.listed(self._db, wanted, limit + 1)
        return Listing(listing.counted(self._db, wanted), self._told(shown[:limit]), len(shown) > limit)

    def show(self, delivery_id: int) -> Told:
        """One delivery."""
        one = listing.found(self._db, delivery_id)
        if one is None:
            raise DeliveryError(
                f"There is no delivery {delivery_id}. `newsletter deliveries` lists those that did not leave; those of "
                "a reader who was erased, and notices after 60 days, are forgotten."
            )
        return self._told([one])[0]

    def of(self, to: str, issue: str) -> Told:
        """A reader's copy of an issue."""
        reader, stored = people.get(self._db, to), self._issue(issue)
        one = records.of_reader(self._db, reader.id, stored.id)
        if one is None:
            raise DeliveryError(f"{reader.address} has no copy of {stored.key}: none was composed for them.")
        return self.show(one.id)

    def message(self, delivery_id: int) -> Envelope:
        """The very message of a copy, made again from its recipe: as it was sent, or as it would be."""
        self.show(delivery_id)
        one = records.find(self._db, delivery_id)
        if one.notice:
            raise DeliveryError(
                f"Delivery {delivery_id} is a notice ({one.notice}). Its words and links are its reader's only, so "
                "they are never shown, and they are forgotten once it is out."
            )
        if one.recipe is None or one.issue_id is None:
            raise DeliveryError(f"Nothing was composed for delivery {delivery_id}: {one.why}.")
        reader = people.by_id(self._db, one.subscriber_id or 0)
        if reader is None:
            raise DeliveryError(f"The reader of delivery {delivery_id} was erased, so it cannot be made any more.")
        frozen = self._frozen.get(one.issue_id, [pick.entry_id for pick in one.recipe.picks])
        now = self._clock()
        message = frozen.message(one.recipe, reader, one.date_at(now), self._signer)
        if signer := signer_of(self._settings, self._project):
            message = signer.sign(message)
        rehearsal = self._settings.delivery.redirect_all_to
        sender = self._return_path.of(None if rehearsal else reader.id, one.id)
        return Envelope(sender, rehearsal or reader.address, message, tuple(self._doubts(delivery_id, reader.id)))

    def history(self, issue: str) -> History | None:
        """What became of all copies of an issue; None where it is not made yet. Raises `IssueError` for no name."""
        stored = issues.find(self._db, parse_issue_key(issue))
        return history_of(self._db, stored.id) if stored else None

    def _doubts(self, delivery_id: int, reader_id: int) -> Iterable[str]:
        one = self.show(delivery_id).delivery
        if one.state not in (DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.FAILED):
            return
        moves = [each for each in evidence_of(self._db, reader_id) if each.event.startswith(_MOVED)]
        if later := next((each for each in moves if each.at >= one.changed_at), None):
            yield (
                f"The reader's address has changed since ({later.at:%Y-%m-%d}): it went to "
                f"{later.event.removeprefix(_MOVED).partition(' to ')[0]}."
            )
        if self._settings.dkim.selectors:
            yield "It is signed with the keys of today; with others then, only the signature was another."

    # -- doing

    def retry(self, which: Which, *, dry_run: bool = False) -> Retried:
        """Queue these again, due now, the same to the byte. Without a state those that failed or are put off.

        Uncertain ones only where they are asked for by state or id. Nothing that was sent is sent again, whatever is
        asked for; in a dry run nothing is changed.
        """
        wanted = self._wanted(which)
        if not wanted.states:
            wanted = replace(wanted, states=tuple(DeliveryState) if which.ids else RETRIED)
        missing = set(which.ids) - set(listing.ids_of(self._db, replace(wanted, states=tuple(DeliveryState))))
        late = timedelta(hours=self._settings.issue.max_lateness_hours)
        done = again.retry(self._db, listing.ids_of(self._db, wanted), self._clock, late, dry_run=dry_run)
        for one in sorted(missing):
            done.refused.add("there is no such delivery", one)
        return done

    def settle(self, ids: Sequence[int], *, arrived: bool) -> Settled:
        """Write down that uncertain deliveries arrived, or that they did not."""
        done, refused = again.settle(self._db, ids, self._clock(), arrived=arrived)
        return Settled(self._told(done), refused)

    # -- what a restored copy does not know

    def doubt(self) -> Doubt | None:
        """What will not be sent, but shown as uncertain; None where nothing is in doubt, or it is too late for that."""
        doubted, now = guard.doubted(self._db), self._clock()
        if doubted is None or now - doubted.until > timedelta(hours=self._settings.issue.max_lateness_hours):
            return None
        return Doubt(doubted.until, count_due(self._db, min(doubted.until, now)))

    def trust(self) -> None:
        """Have that sent, too: by the operator's word nothing was sent that this database does not know of."""
        guard.trust(self._db)

    # -- which

    def names(self, ids: Iterable[int]) -> list[str]:
        """The names of issues."""
        return sorted(str(one.key) for one in issues.by_ids(self._db, ids).values())

    def _wanted(self, which: Which) -> Wanted:
        try:
            states = (DeliveryState(which.state),) if which.state else ()
        except ValueError:
            known = ", ".join(DeliveryState)
            raise DeliveryError(f"{which.state!r} is no state of a delivery. There are: {known}.") from None
        return Wanted(
            states=states,
            issue_id=self._issue(which.issue).id if which.issue else None,
            subscriber_id=people.get(self._db, which.to).id if which.to else None,
            domain=which.domain,
            ids=which.ids,
        )

    def _issue(self, name: str) -> StoredIssue:
        key = parse_issue_key(name)
        if stored := issues.find(self._db, key):
            return stored
        raise DeliveryError(f"{key} is not made yet, so there are no deliveries of it. `newsletter issue list` tells.")

    def _told(self, found: Sequence[Listed]) -> tuple[Told, ...]:
        of = issues.by_ids(self._db, {one.issue_id for one in found if one.issue_id is not None})
        return tuple(
            Told(one, str(of[one.issue_id].key) if one.issue_id is not None else f"{one.notice} notice")
            for one in found
        )
