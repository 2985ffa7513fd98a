"""The operator's word about an issue: when it may be said, and what follows from it. Pure.

The last word stands, whether the issue is made or not. An issue that is not made yet takes its word with it when it
is frozen; until then any word may be taken back by another.
"""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from newsletter.errors import IssueError
from newsletter.issues.calendar import slot_on
from newsletter.issues.issue import IssueKey, IssueState
from subscribers.cadence import Cadence

#: From the start of its due date in UTC until it is over everywhere: dates begin up to 14 hours earlier than in UTC
#: and end up to 12 hours later, and no reader's hour is later than that.
EVERYWHERE = timedelta(days=2)
#: Nothing of an issue in one of these states is sent yet, or ever.
WAITING = frozenset({IssueState.FROZEN, IssueState.HELD})
STOPPED = frozenset({IssueState.SKIPPED, IssueState.CANCELLED})


class Word(StrEnum):
    """What the operator may say about an issue."""

    #: nothing of it goes out from now on, until it is released, or until a moment that was said with it
    HOLD = "hold"
    #: it goes out; what is late by then counts as late from then on
    RELEASE = "release"
    #: nobody gets it, its entries are for the next one
    SKIP = "skip"
    #: what is out is out, the rest is dropped, and the next one begins behind it
    CANCEL = "cancel"


#: What a word makes of an issue.
_MAKES = {
    Word.HOLD: IssueState.HELD,
    Word.RELEASE: IssueState.RELEASED,
    Word.SKIP: IssueState.SKIPPED,
    Word.CANCEL: IssueState.CANCELLED,
}


def state_at_freeze(
    word: Word | None, review_hours: int, now: datetime, until: datetime | None = None
) -> tuple[IssueState, datetime | None]:
    """The state in which an issue begins, and until when it is held (None: until the operator says so).

    `word` is what the operator said in advance, `until` when their hold ends by itself; without a word it waits for
    their review as long as the settings say.
    """
    if word is Word.HOLD and until:
        return (IssueState.HELD if now < until else IssueState.RELEASED), until
    if word:
        return _MAKES[word], None
    if review_hours > 0:
        return IssueState.HELD, now + timedelta(hours=review_hours)
    return IssueState.RELEASED, None


def state_after(
    word: Word, state: IssueState, held_until: datetime | None, now: datetime, until: datetime | None = None
) -> tuple[IssueState, datetime | None]:
    """What a word makes of a frozen issue: its state, and `held_until`; of a released one that is when it was let go.

    `until` is when a hold ends by itself. Whether the word may be said is for `may` to tell.
    """
    if word is Word.RELEASE:
        return _MAKES[word], held_until if state is IssueState.RELEASED else now
    return _MAKES[word], until


def may(word: Word, key: IssueKey, state: IssueState, *, sent_already: bool, over: bool = False) -> None:
    """Raise `IssueError` where that cannot be said of the issue any more, with what can be done instead.

    `sent_already` is true once a copy of it has left or is in a server's hands, `over` once it is too late for it.
    """
    other = f"`newsletter issue {{}} {key}`"
    match state, word:
        case IssueState.DONE, _:
            raise IssueError(f"{key} is done: every copy of it is out or given up. There is nothing left to {word}.")
        case IssueState.SKIPPED, Word.HOLD:
            raise IssueError(f"{key} is skipped: nobody gets it. {other.format('release')} takes that back.")
        case IssueState.SKIPPED, Word.RELEASE if over:
            raise IssueError(f"{key} is skipped, and it is too late for it now. Its entries are in the next issue.")
        case IssueState.CANCELLED, Word.HOLD | Word.RELEASE:
            more = "" if sent_already else f" {other.format('skip')} leaves its entries to the next issue."
            raise IssueError(f"{key} is cancelled, its copies were dropped; that cannot be taken back.{more}")
        case _, Word.SKIP if sent_already:
            raise IssueError(
                f"{key} cannot be skipped: some of its readers have it. {other.format('cancel')} drops the copies that "
                "are not out."
            )


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment (UTC) of "2026-11-27T10:00", by the clocks of that zone unless it says another. Raises `IssueError`.

    Where summer time begins and that hour does not exist, it is an hour later by the clock.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if "T" in text.strip().upper() or " " in text.strip():
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise IssueError(f"{text!r} is no date and time; write it as 2026-11-27T10:00.")


def may_schedule(key: IssueKey, at: datetime, now: datetime, max_lateness: timedelta) -> None:
    """Raise `IssueError` where the issue cannot go out at that moment, with what can be done instead."""
    if at <= now:
        raise IssueError(
            f"{when_held(at)} is past, so {key} cannot wait until then. Name a later time, or let it go with "
            f"`newsletter issue release {key}`."
        )
    if is_over(key, None, at, max_lateness):
        last = datetime.combine(key.due, time(), UTC) + EVERYWHERE + max_lateness
        raise IssueError(
            f"{when_held(at)} is too late for {key}: nothing of it is sent after {when_held(last)}. Name an earlier "
            f"time, or hold it without one: `newsletter issue hold {key}`."
        )


def is_over(key: IssueKey, let_go: datetime | None, now: datetime, max_lateness: timedelta) -> bool:
    """Is it too late for every copy of the issue? `let_go` is when it was released, if it was held before."""
    last_hour = datetime.combine(key.due, time(), UTC) + EVERYWHERE
    return now > max(last_hour, let_go or last_hour) + max_lateness


def is_late(
    key: IssueKey,
    cadence: Cadence,
    asked_for: datetime,
    let_go: datetime | None,
    now: datetime,
    max_lateness: timedelta,
) -> bool:
    """Is it too late for a reader's copy of the issue? `asked_for` is when it was to leave first.

    A copy that was asked for ahead of its reader's hour is not late before that; one that the operator held, and let
    go at `let_go`, is not late by their waiting.
    """
    if now - asked_for <= max_lateness:
        return False
    wanted = max(asked_for, slot_on(cadence, key.due).at)
    return now - max(wanted, let_go or wanted) > max_lateness


def why_not_sent(state: IssueState, held_until: datetime | None, held_why: str = "") -> str:
    """Why nothing of an issue in that state is sent; empty where it is. `held_why`: why the program stopped it."""
    match state:
        case IssueState.SKIPPED:
            return "the operator skipped this issue"
        case IssueState.CANCELLED:
            return "the operator cancelled this issue"
        case IssueState.HELD if held_why:
            return f"it was stopped, because {held_why}; it is held until you release it"
        case IssueState.HELD | IssueState.FROZEN:
            return (
                f"it is held until {held_until:%Y-%m-%d %H:%M} UTC" if held_until else "it is held until you release it"
            )
    return ""


def when_held(held_until: datetime | None) -> str:
    """Until when, in words."""
    return f"{held_until:%Y-%m-%d %H:%M} UTC" if held_until else "you release it"


def in_words(
    key: IssueKey,
    word: Word,
    *,
    made: bool,
    waiting: int = 0,
    sent: int = 0,
    dropped: int = 0,
    until: datetime | None = None,
) -> str:
    """What it means now that this was said. The counts are of the copies of an issue that is made.

    `until` is when a hold ends by itself.
    """
    release = f"`newsletter issue release {key}`"
    out = f" {_copies(sent)} {'is' if sent == 1 else 'are'} out already." if sent else ""
    if word is Word.HOLD and until:
        what = f"{_copies(waiting)} {'waits' if waiting == 1 else 'wait'}" if made else "it is not made yet"
        return (
            f"{key} is held until {when_held(until)} and then goes out by itself, no copy before its reader’s hour; "
            f"{what}. {release} lets it go without waiting.{out}"
        )
    if not made:
        return {
            Word.HOLD: f"{key} will be held when it is made: nothing of it goes out until {release}.",
            Word.RELEASE: f"{key} goes out by itself, each copy at its reader's hour; it waits for no review.",
            Word.SKIP: f"{key} is skipped: nobody gets it, and what comes in is for the next issue. "
            f"{release} takes that back.",
            Word.CANCEL: f"{key} is cancelled: nobody gets it, and the next issue begins behind it. "
            f"Until its hour {release} takes that back.",
        }[word]
    match word:
        case Word.HOLD:
            lets = f"lets {'it' if waiting == 1 else 'them'} go" if waiting else "lets it go on"
            waits = "wait" if waiting != 1 else "waits"
            return f"{key} is held: {_copies(waiting)} {waits}; {release} {lets}.{out}"
        case Word.RELEASE if not waiting:
            return (
                f"{key} is released: its copies are made by `newsletter serve`, or by the next `newsletter send`.{out}"
            )
        case Word.RELEASE:
            hours = "at its reader's hour" if waiting == 1 else "each at its reader's hour"
            return (
                f"{key} is released: {_copies(waiting)} to go, {hours}. What is late for that goes "
                f"with the next `newsletter send`, or at once where `newsletter serve` runs.{out}"
            )
        case Word.SKIP:
            return (
                f"{key} is skipped: nobody gets it, {_copies(dropped)} {_were(dropped)} dropped, and its entries are "
                f"for the next issue. {release} takes that back."
            )
        case Word.CANCEL:
            lost = f"{_copies(dropped)} {_were(dropped)} dropped"
            return f"{key} is cancelled: {lost}.{out} The next issue begins behind it."


def _copies(count: int) -> str:
    return f"{count:,} {'copy' if count == 1 else 'copies'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
