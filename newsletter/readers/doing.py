"""Doing what a mail asks for, and saying what was done."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from newsletter.readers import asked
from newsletter.readers.asked import (
    ChangeCadence,
    ChangeTimezone,
    Command,
    Follow,
    Help,
    Leave,
    Less,
    More,
    Mute,
    Pause,
    Resume,
    ShowInterests,
    Suggest,
    Unfollow,
)
from newsletter.rendering import words as said
from subscribers.cadence import WEEKDAYS, Cadence, Frequency
from subscribers.evidence import Origin
from subscribers.interests import Interest
from subscribers.people import Subscriber
from subscribers.states import State

if TYPE_CHECKING:
    from newsletter.readers.desk import Readers

#: What changes nothing, or only leads to a mail to the reader's own address.
HARMLESS = (Help, ShowInterests, asked.SendData, asked.Erase, asked.Subscribe)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a mail's wishes, in sentences."""

    lines: tuple[str, ...]
    #: how to take it back, empty where there is nothing to
    undo: str
    #: True where the answer should list the interests
    interests: bool


def carry_out(
    readers: "Readers",
    person: Subscriber,
    commands: Sequence[Command],
    *,
    numbered: Sequence[int],
    words: str,
    origin: Origin,
    now: datetime,
) -> Done:
    """Do it, one after the other. `numbered` are the entries of the issue that the mail is about, in their order.

    Raises what the desk raises; the caller's transaction then takes back what was done before that.
    """
    lines: list[str] = []
    undos: list[str] = []
    shows = False
    for command in commands:
        match command:
            case Leave():
                readers.leave(person, words=words, origin=origin)
                lines.append("You have left. Nothing more comes, not even an issue that was ready.")
                undos.append("If that was a mistake, you can take it back within a day on this page:")
            case Pause(weeks):
                until = (now.astimezone(person.cadence.zone) + timedelta(weeks=weeks)).date() if weeks else None
                person = readers.pause(person, until, words=words, origin=origin)
                end = f"until {said.long_date(until)}" if until else "until you say so"
                lines.append(f"You get nothing {end}.")
                undos.append("“resume” ends the pause.")
            case Resume():
                undos += [_pause_again(person, now)] if person.state is State.PAUSED else []
                again = "again" if person.state is State.PAUSED else "already"
                person = readers.resume(person, words=words, origin=origin)
                lines.append(f"You get issues {again}; the next one {readers.first_issue(person)}.")
            case ChangeCadence() | ChangeTimezone():
                before = person.cadence
                person = readers.change(person, origin=origin, cadence=cadence_after(before, command))
                lines.append(
                    f"Your issues come {said.rhythm(person.cadence)} from now on; the next one "
                    f"{readers.first_issue(person)}."
                )
                undos += [_as_before(before, command)] if person.cadence != before else []
            case Follow() | Unfollow() | Mute():
                interests, line, undo = _interests(person.interests, command)
                person = readers.change(person, origin=origin, interests=map(str, interests))
                lines.append(line)
                undos += [undo] if undo else []
                shows = True
            case More(numbers) | Less(numbers):
                value, other = (1, "less") if isinstance(command, More) else (-1, "more")
                voted = [_vote(readers, person, numbered, number, value) for number in numbers]
                lines += [line for line, _ in voted]
                done = [str(number) for number, (_, counts) in zip(numbers, voted, strict=True) if counts]
                undos += [f"“{other} {', '.join(done)}” turns that around."] if done else []
            case Suggest(link, why):
                lines.append(readers.suggest(person, link, why).said)
            case ShowInterests():
                shows = True
                if not person.interests:
                    lines.append("You follow nothing yet. Write “+ protein design”, say, to follow that.")
            case _:
                continue
    return Done(tuple(lines), " ".join(undos), shows and bool(person.interests))


def wish_in_words(command: Command, *, quoting: bool = True) -> str:
    """A wish as it is named where they are asked whether it was really theirs.

    `quoting` repeats their own words. A mail does not: a forger could say anything to anybody by it.
    """
    if not quoting:
        match command:
            case Follow():
                return "follow something more"
            case Unfollow():
                return "follow something no more"
            case Mute():
                return "mute something"
            case Suggest():
                return "suggest something to read"
    match command:
        case Leave():
            return "leave: send nothing more"
        case Pause(weeks):
            return f"pause for {said.number(weeks)} {'week' if weeks == 1 else 'weeks'}" if weeks else "pause"
        case Resume():
            return "end the pause"
        case ChangeCadence() | ChangeTimezone():
            return "change when the issues come"
        case Follow(text):
            return f"follow {_quoted(Interest(text))}"
        case Unfollow(text):
            return f"follow {_quoted(Interest(text))} no more"
        case Mute(text):
            return f"mute {_quoted(Interest(text))}"
        case More(numbers) | Less(numbers):
            what = "more" if isinstance(command, More) else "less"
            return f"{what} like entry {', '.join(map(str, numbers))}"
        case Suggest(link):
            return f"suggest {link}"
        case ShowInterests():
            return "tell what you follow"
    return type(command).__name__


def dump_commands(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """As JSON can hold them."""
    return [
        {"wish": type(command).__name__} | {k: str(v) if hasattr(v, "hour") else v for k, v in asdict(command).items()}
        for command in commands
    ]


def load_commands(values: Sequence[dict[str, Any]]) -> list[Command]:
    """Read what `dump_commands` made."""
    found: list[Command] = []
    for value in values:
        kind: Any = getattr(asked, value["wish"])
        found.append(TypeAdapter(kind).validate_python({k: v for k, v in value.items() if k != "wish"}))
    return found


def cadence_after(before: Cadence, command: ChangeCadence | ChangeTimezone) -> Cadence:
    """The rhythm that is asked for; a day that is not named is Friday, or the first, unless the rhythm stays."""
    if isinstance(command, ChangeTimezone):
        return replace(before, timezone=command.timezone)
    frequency = command.frequency or before.frequency
    usual = {Frequency.DAILY: 0, Frequency.WEEKLY: 5, Frequency.MONTHLY: 1}[frequency]
    day = command.day or (before.day if frequency is before.frequency else usual)
    return Cadence(frequency, 0 if frequency is Frequency.DAILY else day, command.at or before.at, before.timezone)


def _as_before(before: Cadence, command: ChangeCadence | ChangeTimezone) -> str:
    """How a change of the rhythm is taken back, in words that a mail may hold."""
    if isinstance(command, ChangeTimezone):
        return f"“time zone {before.timezone}” takes it back."
    at = f"at {before.at:%H:%M}"
    match before.frequency:
        case Frequency.DAILY:
            return f"“daily {at}” takes it back."
        case Frequency.WEEKLY:
            return f"“weekly on {WEEKDAYS[before.day - 1]} {at}” takes it back."
        case Frequency.MONTHLY:
            return f"“monthly on day {before.day} {at}” takes it back."


def _pause_again(person: Subscriber, now: datetime) -> str:
    """How the end of a pause is taken back."""
    if person.paused_until is None:
        return "“pause” pauses it again."
    days = (person.paused_until - now.astimezone(person.cadence.zone).date()).days
    weeks = min(max(-(-days // 7), 1), 52)
    return f"“pause {weeks} {'week' if weeks == 1 else 'weeks'}” pauses it again."


def _interests(before: Sequence[Interest], command: Follow | Unfollow | Mute) -> tuple[list[Interest], str, str]:
    """The interests afterwards, what was done, and how it is taken back."""
    wanted = Interest(command.text, muted=isinstance(command, Mute))
    dropped = [one for one in before if one.text.casefold() == command.text.casefold()]
    if isinstance(command, Unfollow) and not dropped:  # by another name of it
        dropped = [one for one in before if one.is_meant_by(command.text)]
    others = [one for one in before if one not in dropped]
    was = dropped[0] if dropped else None
    back = f"“- {command.text}”" if was is None else f"“{was}”" if was.muted else f"“+ {was}”"
    if isinstance(command, Unfollow):
        if was is None:
            return _without_papers(before, wanted)
        return others, f"{_quoted(was)} is dropped.", f"{back} brings it back."
    line = f"{_quoted(wanted)} is kept away" if wanted.muted else f"You follow {_quoted(wanted)}"
    if was and was.muted is wanted.muted:
        return list(before), f"{line} already.", ""
    return [*others, wanted], f"{line} now.", f"{back} takes it back."


def _without_papers(before: Sequence[Interest], unwanted: Interest) -> tuple[list[Interest], str, str]:
    """The same, where the papers that somebody names stand in a line among others."""
    keys = set(unwanted.papers)
    line = next((one for one in before if keys and not unwanted.statement and keys <= set(one.papers)), None)
    left = line.without(keys) if line else None
    if line is None or left is None:
        return list(before), f"You did not follow “{unwanted.text}”, so nothing was dropped.", ""
    after = [left if one == line else one for one in before]
    back = f"“- {left.text}” and “+ {line}”, on two lines, take it back."
    return after, f"“{unwanted.text}” is dropped from what is now {_quoted(left)}.", back


def _quoted(interest: Interest) -> str:
    """Its label in quotes, unless that is quoted already."""
    return interest.label if interest.label.startswith("“") else f"“{interest.label}”"


def _vote(readers: "Readers", person: Subscriber, numbered: Sequence[int], number: int, value: int) -> tuple[str, bool]:
    """What was done, and whether anything was."""
    if not 1 <= number <= len(numbered):
        have = f"it has {len(numbered)}" if numbered else "you have had no issue yet"
        return f"There is no entry {number} in that issue: {have}.", False
    entry = readers.entry(numbered[number - 1], person)
    if entry is None:
        return f"Entry {number} is not kept any more.", False
    readers.vote(person, entry.id, value)
    return f"{'More' if value > 0 else 'Less'} like “{entry.title}” from your next issue on.", True
