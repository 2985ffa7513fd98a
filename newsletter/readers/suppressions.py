"""Whose address must not be mailed, and the operator's word that it may be again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from newsletter.readers.desk import Readers
from subscribers import consent, people
from subscribers.bounces import Bounce, bounces_of
from subscribers.database import writing
from subscribers.evidence import Origin
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, lift, suppression_of


@dataclass(frozen=True, slots=True)
class SuppressedReader:
    """Somebody whose address must not be mailed, and why."""

    subscriber: Subscriber
    reason: Reason
    at: datetime | None
    bounces: tuple[Bounce, ...]


class Suppressions:
    """Shows them, and lifts them."""

    def __init__(self, db: Database, readers: Readers, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._readers = readers
        self._clock = clock

    def all(self) -> list[SuppressedReader]:
        """The latest first."""
        found = [self.of(person) for person in people.everybody(self._db, state=State.SUPPRESSED)]
        return sorted(found, key=lambda one: str(one.at), reverse=True)

    def of(self, person: Subscriber) -> SuppressedReader:
        """Why somebody's address must not be mailed."""
        reason = suppression_of(self._db, person.address) or Reason.BOUNCED
        known = tuple(bounces_of(self._db, person.id))
        return SuppressedReader(person, reason, consent.changed_at(self._db, person.id), known)

    def lift(self, person: Subscriber, *, origin: Origin) -> Subscriber:
        """The operator's word that this address may be mailed again; who had complained is asked to confirm."""
        words = "The operator states that this address may be mailed again."
        with writing(self._db):
            person = people.by_id(self._db, person.id) or person
            if person.state is not State.SUPPRESSED:
                return person
            person = consent.lift_suppression(self._db, person, words=words, origin=origin, now=self._clock())
            if person.state is State.PENDING:
                self._readers.ask_to_confirm(person)
        return person

    def lift_address(self, address: str) -> Reason | None:
        """Let an erased person's address subscribe again, by the operator's word. Returns why it might not."""
        with writing(self._db):
            reason = suppression_of(self._db, address)
            lift(self._db, address)
        return reason
