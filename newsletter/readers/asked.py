"""What a mail can ask for: one small class a command."""

from dataclasses import dataclass
from datetime import time

from subscribers.cadence import Frequency


@dataclass(frozen=True, slots=True)
class Subscribe:
    """To become a reader."""

    #: lines as `subscribers.interests.parse_interests` reads them; none is fine
    interests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirm:
    """Yes, to whatever was asked."""


@dataclass(frozen=True, slots=True)
class Decline:
    """No, to whatever was asked."""


@dataclass(frozen=True, slots=True)
class Leave:
    """To get nothing more."""


@dataclass(frozen=True, slots=True)
class Pause:
    """To get nothing for a while."""

    #: 1 to 52; None where the person did not say for how long
    weeks: int | None


@dataclass(frozen=True, slots=True)
class Resume:
    """To end the pause."""


@dataclass(frozen=True, slots=True)
class ChangeCadence:
    """Another rhythm, day or hour; what is None stays as it is."""

    #: None where only the hour is to change
    frequency: Frequency | None
    #: 1 to 7 for Monday to Sunday (weekly), 1 to 31 (monthly)
    day: int | None
    #: local time of day
    at: time | None


@dataclass(frozen=True, slots=True)
class ChangeTimezone:
    """Another time zone."""

    #: a valid IANA name
    timezone: str


@dataclass(frozen=True, slots=True)
class Follow:
    """One interest more."""

    text: str


@dataclass(frozen=True, slots=True)
class Unfollow:
    """One interest less, followed or muted."""

    text: str


@dataclass(frozen=True, slots=True)
class Mute:
    """To see less of this."""

    #: without "not:"
    text: str


@dataclass(frozen=True, slots=True)
class More:
    """A vote for entries."""

    #: as they are numbered in the issue that is answered, 1 to 999
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Less:
    """A vote against entries."""

    #: as they are numbered in the issue that is answered, 1 to 999
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Suggest:
    """A link that others might want to read."""

    #: as it was written, without what mail programs and people put around it
    link: str
    #: in their words, empty where they say nothing
    why: str = ""


@dataclass(frozen=True, slots=True)
class ShowInterests:
    """To be told what interests are kept."""


@dataclass(frozen=True, slots=True)
class SendData:
    """To be sent all that is kept about the person."""


@dataclass(frozen=True, slots=True)
class Erase:
    """To have all of it erased."""


@dataclass(frozen=True, slots=True)
class Help:
    """To be told what can be asked for."""


Command = (
    Subscribe
    | Confirm
    | Decline
    | Leave
    | Pause
    | Resume
    | ChangeCadence
    | ChangeTimezone
    | Follow
    | Unfollow
    | Mute
    | More
    | Less
    | Suggest
    | ShowInterests
    | SendData
    | Erase
    | Help
)


@dataclass(frozen=True, slots=True)
class Unclear:
    """A line that wants to be a command and cannot be carried out."""

    #: what is wrong and what would be right, in a sentence
    why: str
