"""The interest that a reader's votes show, as pages ask about it: what it is, whether it is still so, yes and no."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.ranking import proposals
from newsletter.ranking.proposals import Proposal, ProposalState
from newsletter.ranking.proposing import LEAST, is_named_by
from subscribers.database import writing
from subscribers.evidence import Origin
from subscribers.people import Subscriber

if TYPE_CHECKING:
    from newsletter.readers.desk import Readers


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal, and why it is made."""

    text: str
    #: what a signed link names it by
    number: int
    #: what the reader liked that is about it, newest vote first
    liked: tuple[Entry, ...]


def open_proposal(db: Database, person: Subscriber) -> Asked | None:
    """What is proposed to somebody now; None for nothing, and for what is true no more."""
    for proposal in proposals.proposals_of(db, [person.id]).get(person.id, []):
        if proposal.state is ProposalState.PROPOSED and holds(db, person, proposal):
            return asked_about(db, person, proposal)
    return None


def named_proposal(db: Database, person: Subscriber, number: int) -> Proposal | None:
    """The proposal that a link is about, whatever became of it; None where there was none."""
    made = proposals.proposals_of(db, [person.id]).get(person.id, [])
    return next((proposal for proposal in made if proposal.number == number), None)


def asked_about(db: Database, person: Subscriber, proposal: Proposal) -> Asked:
    """The proposal with those of its entries that the person still likes."""
    liked = proposals.still_liked(db, person.id, proposal.entry_ids)
    known = entries.by_ids(db, liked)
    return Asked(proposal.text, proposal.number, tuple(known[one] for one in liked if one in known))


def holds(db: Database, person: Subscriber, proposal: Proposal) -> bool:
    """Is it still true that the person likes so much of it, and has not written it themselves?"""
    if any(is_named_by(proposal.text, interest.text) for interest in person.interests):
        return False
    return len(proposals.still_liked(db, person.id, proposal.entry_ids)) >= LEAST


def answer(
    readers: "Readers", db: Database, person: Subscriber, text: str, *, follow: bool, origin: Origin
) -> Subscriber:
    """Keep a yes, and the line among the person's interests, or a no, and not; the person as they are then.

    Raises `InvalidInterest` where they follow too much already.
    """
    lines = list(map(str, person.interests))
    state = ProposalState.FOLLOWED if follow else ProposalState.DECLINED
    with writing(db):
        if follow and text not in lines:
            person = readers.change(person, origin=origin, interests=[*lines, text])
        elif not follow and text in lines:
            person = readers.change(person, origin=origin, interests=[line for line in lines if line != text])
        proposals.answer(db, person.id, text, state)
    return person
