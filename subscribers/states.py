"""Consent as a state machine: the states, and every move that is allowed between them.

pending ──confirm──▶ active ◀──resume/pause──▶ paused
   │                   │                         │
   └───────leave───────┴──────────leave──────────┴──▶ unsubscribed ──confirm──▶ active
any ──suppress──▶ suppressed (bounced, complained, erased) ──lift──▶ pending
"""

from enum import StrEnum

from subscribers.errors import MoveNotAllowed


class State(StrEnum):
    """What we may do with an address."""

    #: asked for, not yet confirmed: gets nothing but the confirmation
    PENDING = "pending"
    #: confirmed: gets issues
    ACTIVE = "active"
    #: confirmed, wants none for a while
    PAUSED = "paused"
    #: has left
    UNSUBSCRIBED = "unsubscribed"
    #: must not be mailed: bounced, complained or erased
    SUPPRESSED = "suppressed"


MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.ACTIVE, State.UNSUBSCRIBED, State.SUPPRESSED}),
    State.ACTIVE: frozenset({State.PAUSED, State.UNSUBSCRIBED, State.SUPPRESSED}),
    State.PAUSED: frozenset({State.ACTIVE, State.UNSUBSCRIBED, State.SUPPRESSED}),
    State.UNSUBSCRIBED: frozenset({State.ACTIVE, State.SUPPRESSED}),
    State.SUPPRESSED: frozenset({State.PENDING}),
}


def move(before: State, after: State) -> State:
    """Return `after` if that move is allowed (staying where one is always is), else raise `MoveNotAllowed`."""
    if before != after and after not in MOVES[before]:
        allowed = ", ".join(sorted(MOVES[before]))
        raise MoveNotAllowed(f"A subscriber who is {before} cannot become {after}; possible: {allowed}.")
    return after
