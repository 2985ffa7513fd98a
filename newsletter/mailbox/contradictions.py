"""Commands of one mail that cannot both be meant."""

from collections.abc import Sequence

from newsletter.readers.asked import (
    ChangeCadence,
    ChangeTimezone,
    Command,
    Confirm,
    Decline,
    Erase,
    Follow,
    Leave,
    Less,
    More,
    Mute,
    Pause,
    Resume,
    SendData,
    Subscribe,
    Unfollow,
)

_OPPOSITES: tuple[tuple[type[Command], type[Command], str], ...] = (
    (Subscribe, Leave, "to subscribe and to unsubscribe"),
    (Subscribe, Decline, "to subscribe and not to"),
    (Subscribe, Erase, "to subscribe and to be erased"),
    (Confirm, Leave, "to confirm and to unsubscribe"),
    (Confirm, Decline, "to confirm and not to"),
    (Confirm, Erase, "to confirm and to be erased"),
    (Pause, Leave, "to pause and to unsubscribe"),
    (Resume, Leave, "to resume and to unsubscribe"),
    (Pause, Resume, "to pause and to resume"),
)
#: What still makes sense for somebody who leaves.
_BESIDES_LEAVING = (Leave, SendData, Erase)


def contradiction_in(commands: Sequence[Command]) -> str | None:
    """What contradicts each other, in a sentence; None where all can be carried out."""
    for one, other, what in _OPPOSITES:
        if any(isinstance(c, one) for c in commands) and any(isinstance(c, other) for c in commands):
            return _asks_both(what)
    for kind, what in ((Pause, "pauses"), (ChangeCadence, "rhythms"), (ChangeTimezone, "time zones")):
        if sum(isinstance(c, kind) for c in commands) > 1:
            return f"This mail names two {what}, so nothing was changed. Write one of them."
    more = {number for c in commands if isinstance(c, More) for number in c.numbers}
    less = {number for c in commands if isinstance(c, Less) for number in c.numbers}
    if both := more & less:
        return _asks_both(f"for more and for less like entry {min(both)}")
    followed = _texts(commands, Follow)
    for others, what in ((_texts(commands, Unfollow), "to drop"), (_texts(commands, Mute), "to mute")):
        if same := followed.keys() & others.keys():
            return _asks_both(f"to follow and {what} “{followed[min(same)][:60]}”")
    return None


def without_what_leaving_ends(commands: Sequence[Command]) -> tuple[Command, ...]:
    """The commands that are left to carry out for somebody who leaves."""
    return tuple(command for command in commands if isinstance(command, _BESIDES_LEAVING))


def _asks_both(what: str) -> str:
    return f"This mail asks both {what}, so nothing was changed. Write one of the two."


def _texts(commands: Sequence[Command], kind: type[Follow | Unfollow | Mute]) -> dict[str, str]:
    return {c.text.casefold(): c.text for c in commands if isinstance(c, kind)}
