"""What the operator must know although nobody looks: found by pure rules, and mailed at most once a day."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.tallies import Returned, returned, uncertain
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, IssueState
from newsletter.readers.desk import Readers
from newsletter.settings import Settings
from newsletter.sourcing import SourceState
from newsletter.ticks import Tick, all_ticks
from subscribers import limits
from subscribers.database import stored, writing

#: An issue that cannot be made is told of at once, but for what passes by itself, such as a busy database.
MAKING = timedelta(minutes=10)
#: Anything else that runs by itself may fail for so long.
TICK = timedelta(hours=1)
#: Servers are away for a weekend.
SOURCE = timedelta(days=2)
#: Mail comes back within minutes, or after its server has tried for a day or two.
OF_LATE = timedelta(days=2)
#: What is usual is what happened in so long before.
BEFORE = timedelta(days=14)
#: Fewer mails that came back are chance, and so is a smaller part of all; more than so many times the usual is not.
LEAST, PART, TIMES = 10, 0.05, 3.0
#: A disk is nearly full with less than so much, or with so small a part of it left if that is not a lot.
ROOM, ROOM_PART, ROOMY = 200_000_000, 0.05, 5_000_000_000
#: An alarm is not told again for so long.
ONCE_IN = timedelta(days=1)
#: So many sources are named.
NAMED = 20

_CALLED = {"pull": "pulling", "deliver": "sending", "tend": "the upkeep"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that the operator must know."""

    #: what it is about, for not telling it again today
    about: str
    #: a few words
    subject: str
    #: sentences: what happened, since when, what to do
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules are asked about."""

    ticks: Mapping[str, Tick]
    pulls: Sequence[SourceState]
    #: of what was mailed of late, and in the time before that
    of_late: Returned
    before: Returned
    #: bytes of the disk, and how many of them are free
    disk: int
    free: int
    #: mails that became uncertain of late, and how many are uncertain in all
    uncertain: tuple[int, int] = (0, 0)
    #: issues that the program stopped, with the reason and since when
    stopped: Sequence[tuple[IssueKey, str, datetime]] = ()


def alarms(facts: Facts, now: datetime) -> list[Alarm]:
    """What must be told, the heaviest first; nothing while all is well. Pure."""
    return [
        *_not_made(facts.ticks.get("make"), now),
        *_ticks(facts.ticks, now),
        *_stopped(facts.stopped, now),
        *_disk(facts.disk, facts.free),
        *_uncertain(*facts.uncertain),
        *_bounces(facts.of_late, facts.before),
        *_sources(facts.pulls, now),
    ]


def jumped(of_late: Returned, before: Returned) -> bool:
    """Does so much come back that it is no chance, and not as usual either?

    Rates are compared, not numbers: a weekly newsletter mails nothing on most days. Who mailed nothing before has no
    "usual", and is told of any large part.
    """
    return of_late.returned >= LEAST and of_late.rate >= PART and of_late.rate >= TIMES * before.rate


def gather(db: Database, project: Path, pulls: Sequence[SourceState], now: datetime) -> Facts:
    """The facts as they are at this moment."""
    usage = shutil.disk_usage(project)
    return Facts(
        ticks=all_ticks(db),
        pulls=pulls,
        of_late=returned(db, now - OF_LATE, now),
        before=returned(db, now - OF_LATE - BEFORE, now - OF_LATE),
        disk=usage.total,
        free=usage.free,
        uncertain=uncertain(db, now - ONCE_IN),
        stopped=tuple(
            (issue.key, issue.held_why, since)
            for issue in issues.in_state(db, IssueState.HELD)
            if issue.held_why and (since := issues.said_at(db, issue.key))
        ),
    )


def raise_alarms(db: Database, readers: Readers, settings: Settings, facts: Facts, now: datetime) -> list[Alarm]:
    """Mail the operator what must be told and was not told within a day, all of it in one mail.

    Returns what is new, for the log; where no operator is named that is all that happens.
    """
    with writing(db):
        fresh = [
            alarm for alarm in alarms(facts, now) if limits.allow(db, "alarm", alarm.about, now, most=1, within=ONCE_IN)
        ]
        if fresh and settings.mailbox.operator:
            readers.post(
                "alarm",
                NoticeKind.ALARM,
                f"alarm {stored(now)}",
                to=settings.mailbox.operator,
                subject=_subject(fresh),
                lines=[*(line for alarm in fresh for line in alarm.lines), "`newsletter status` tells more."],
                link="",
                label="",
            )
    return fresh


def _subject(fresh: Sequence[Alarm]) -> str:
    others = len(fresh) - 1
    return fresh[0].subject + (f", and {others} more {'thing' if others == 1 else 'things'}" if others else "")


def _not_made(tick: Tick | None, now: datetime) -> Iterator[Alarm]:
    if tick and tick.error and tick.failing_since and now - tick.failing_since >= MAKING:
        yield Alarm(
            "make",
            "an issue could not be made",
            (
                f"Since {_said(tick.failing_since)} an issue cannot be made: {_sentence(tick.error)}",
                "Nobody gets it before that is mended; it is tried again every minute, and then sent to whom it is not "
                "too late for (issue.max_lateness_hours).",
            ),
        )


def _ticks(ticks: Mapping[str, Tick], now: datetime) -> Iterator[Alarm]:
    for name, called in _CALLED.items():
        tick = ticks.get(name)
        if tick and tick.error and tick.failing_since and now - tick.failing_since >= TICK:
            yield Alarm(
                f"tick {name}",
                f"{called} fails",
                (f"Since {_said(tick.failing_since)} {called} has failed: {_sentence(tick.error)}",),
            )


def _stopped(stopped: Sequence[tuple[IssueKey, str, datetime]], now: datetime) -> Iterator[Alarm]:
    """That it was stopped is told at once, and not by an alarm; that it still is, day by day."""
    for key, why, since in stopped:
        if now - since >= ONCE_IN:
            yield Alarm(
                f"stopped {key}",
                f"{key} is still stopped",
                (
                    f"{key} has been stopped since {_said(since)}, because {_sentence(why)}",
                    f"Nothing of it leaves until you say `newsletter issue release {key}`; what is too late then "
                    "(issue.max_lateness_hours) counts from that moment. `newsletter issue cancel` gives the rest up.",
                ),
            )


def _uncertain(fresh: int, every: int) -> Iterator[Alarm]:
    if fresh:
        yield Alarm(
            "uncertain",
            f"{fresh:,} {'mail' if fresh == 1 else 'mails'} may or may not have arrived",
            (
                f"{fresh:,} {'mail' if fresh == 1 else 'mails'} broke off in the middle, so the server may or may not "
                f"have {'it' if fresh == 1 else 'them'} ({every:,} in all). None is repeated by itself "
                "(delivery.on_uncertain).",
                "`newsletter deliveries --state uncertain` tells which. If the server's log has one: `newsletter "
                "deliveries settle ID --sent`; else `newsletter deliveries retry ID`, and at worst it comes twice.",
            ),
        )


def _disk(disk: int, free: int) -> Iterator[Alarm]:
    if free < ROOM or (disk and free / disk < ROOM_PART and free < ROOMY):
        yield Alarm(
            "disk",
            "the disk is nearly full",
            (
                f"The newsletter's disk has {free / 1_000_000:,.0f} MB left of {disk / 1_000_000:,.0f}. "
                "When it is full nothing is pulled, made or sent. Make room.",
            ),
        )


def _bounces(of_late: Returned, before: Returned) -> Iterator[Alarm]:
    if jumped(of_late, before):
        usual = f"in the two weeks before it was {before.rate:.1%}" if before.mailed else "nothing was mailed before"
        yield Alarm(
            "bounces",
            f"{of_late.rate:.0%} of the mail comes back",
            (
                f"Of {of_late.mailed:,} mails of the last two days {of_late.returned:,} came back or were refused "
                f"({of_late.rate:.1%}); {usual}.",
                "Look at why: `newsletter issue show` names what the servers said. If they mind your server and not "
                "the readers, stop all mail with `newsletter mail off` until that is mended.",
            ),
        )


def _sources(pulls: Iterable[SourceState], now: datetime) -> Iterator[Alarm]:
    failing = [pull for pull in pulls if pull.error and pull.failing_since and now - pull.failing_since >= SOURCE]
    if failing:
        lines = [_failing(pull) for pull in failing[:NAMED]]
        if len(failing) > NAMED:
            lines.append(f"And {len(failing) - NAMED} more.")
        lines.append("Issues are made without them.")
        count = f"{failing[0].name} fails" if len(failing) == 1 else f"{len(failing)} sources fail"
        yield Alarm("sources", count, tuple(lines))


def _failing(pull: SourceState) -> str:
    again = f" Next try: {_said(pull.next_at)}." if pull.next_at else ""
    since = _said(pull.failing_since) if pull.failing_since else "its first pull"
    moved = f" It has moved for good; write its new address into the settings: {pull.moved_to}" if pull.moved_to else ""
    return f"{pull.name} has failed since {since}: {_sentence(pull.error or '')}{again}{moved}"


def _said(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B %H:%M} UTC"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else text + "."
