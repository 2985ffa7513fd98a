"""What can become of a delivery, and of one attempt to hand a message over."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class DeliveryState(StrEnum):
    """One reader's copy of one issue.

    queued → claimed → sending → sent | deferred → … | failed | dropped; uncertain after a crash in mid-message.
    """

    #: composed, waits for its hour
    QUEUED = "queued"
    #: a worker has it
    CLAIMED = "claimed"
    #: its first byte may have left
    SENDING = "sending"
    #: the server took it
    SENT = "sent"
    #: the server asked to come back later
    DEFERRED = "deferred"
    #: the server will never take it
    FAILED = "failed"
    #: we decided not to send it
    DROPPED = "dropped"
    #: the process died while it was being sent: the server may or may not have it
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took the message."""

    answer: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The server said: later (4xx)."""

    why: str
    #: None: as its words and the tries before it suggest (`retrying.py`)
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said: never (5xx)."""

    why: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The server said "later" for too long: counts as failed."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The connection broke after the message had begun: nobody knows."""

    why: str


Outcome = Sent | Deferred | Refused | GivenUp | Unknown
