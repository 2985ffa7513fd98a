"""What can go wrong with people and with the database that keeps them.

SubscribersError
├── InvalidAddress, InvalidInterest, InvalidCadence   what somebody typed cannot be used
├── UnknownSubscriber, AlreadySubscribed, Suppressed  the address is not in the state that was assumed
├── MoveNotAllowed                                    a change of consent that the rules do not know
├── UnreadableTable (tables.py)                       a file of readers that cannot be read at all
├── TooMany                                           asked for too often from one place, or for one address
└── DatabaseError
    ├── NotOurDatabase, NewerDatabase                 the file is not one that this program may open
    └── DatabaseBusy, DiskFull                        the file is right, the moment is not

Every message is a sentence for a person: what happened, to what, and what to do now.
"""

from datetime import timedelta


class SubscribersError(Exception):
    """Root of everything this package raises on purpose."""


class InvalidAddress(SubscribersError, ValueError):
    """The text is not an address we can send to."""


class InvalidInterest(SubscribersError, ValueError):
    """The line cannot be kept as an interest."""


class InvalidCadence(SubscribersError, ValueError):
    """The weekday, hour, day of the month or time zone does not exist."""


class UnknownSubscriber(SubscribersError, LookupError):
    """Nobody with that address is known."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"Nobody is subscribed as {address}. `newsletter subscribers list` shows who is; "
            f"`newsletter subscribers add {address}` adds them."
        )
        self.address = address


class AlreadySubscribed(SubscribersError):
    """The address is on the list already."""


class Suppressed(SubscribersError):
    """The address must not be mailed until whoever it belongs to, or the operator, lifts it."""


class MoveNotAllowed(SubscribersError):
    """The state machine in `states.py` has no such arrow."""


class TooMany(SubscribersError):
    """Asked for too often."""

    def __init__(self, message: str, again_after: timedelta) -> None:
        super().__init__(message)
        #: when it may be tried again, at the latest
        self.again_after = again_after


class DatabaseError(SubscribersError):
    """The database could not be used."""


class NotOurDatabase(DatabaseError):
    """The file is something else."""


class NewerDatabase(DatabaseError):
    """The file was written by a newer version of this program."""


class DatabaseBusy(DatabaseError):
    """Another process holds the file for too long."""


class DiskFull(DatabaseError):
    """There is no room left to write."""
