"""What the desk's templates are given: issues with how far they are, readers, a copy taken apart. Reads only."""

import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.delivery.outcomes import DeliveryState
from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.errors import IssueError
from newsletter.issues.calendar import CUT_OFF
from newsletter.issues.control import Word, is_over, may
from newsletter.issues.issue import IssueState, parse_issue_key
from newsletter.looking import Look
from newsletter.newsletter import Newsletter
from newsletter.reports import IssueStanding
from newsletter.standing import issue_standings
from newsletter.store import SENDING, why_off
from newsletter.studio.state import State, trials
from subscribers.errors import UnknownSubscriber

#: Issues in the list, beside those that come.
MOST_BEHIND = 30
#: Readers in the list.
MOST_READERS = 50
#: Entries that are offered to be pinned.
MOST_FOUND = 10
#: What may be done while an issue is open, beside the words about it.
_EDITING = ("intro", "pin", "unpin", "arrange", "drop", "undrop", "edit", "unedit")
#: What has been said of an issue in that state, and need not be said again.
_SAID = {
    IssueState.HELD: "hold",
    IssueState.RELEASED: "release",
    IssueState.SKIPPED: "skip",
    IssueState.CANCELLED: "cancel",
}
_OUT = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
_WAITING = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.CLAIMED)
_PLACES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"(?:The template )?(?P<file>/?[^\n:,]+?\.[a-z]+), line (?P<line>\d+): (?P<what>.*)",
        r"(?P<file>[^\n]+?\.toml) is (?P<what>not valid TOML: .*?) \(at line (?P<line>\d+), column \d+\)\.",
    )
)


@dataclass(frozen=True, slots=True)
class IssueRow:
    """An issue in the list, and what may be done about the one that is chosen."""

    name: str
    #: "Fri 27 November · weekly"
    title: str
    #: "312 readers"
    said: str
    #: open, held, released, …
    state: str
    chosen: bool
    #: "draft · fixed Thu 26 Nov 18:00 UTC"
    status: str
    #: the acts that are possible now
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a template, the settings or an editorial, and where."""

    message: str
    #: empty where it is not known, as the two others
    file: str = ""
    line: int | str = ""
    #: the line itself
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def issue_rows(newsletter: Newsletter, chosen: str, now: datetime) -> list[IssueRow]:
    """The issues that come, soonest first, then those that were made, the latest first."""
    coming = newsletter.coming_issues()
    ahead, behind = issue_standings(newsletter.database, coming, now)
    listed = {one.key: one for one in (*ahead, *behind)}
    for stored in newsletter.frozen_issues()[:MOST_BEHIND]:
        if stored.key not in listed:
            listed[stored.key] = IssueStanding(key=stored.key, state=stored.state, frozen_at=stored.frozen_at)
    late = timedelta(hours=newsletter.settings.issue.max_lateness_hours)
    return [_row(one, str(one.key) == chosen, now, late) for one in listed.values()]


def chosen_issue(newsletter: Newsletter, state: State) -> str | None:
    """The issue that the address names, else the one that comes next (of the reader's cadence, where one is chosen).

    None where there is none at all. Raises `IssueError` for a name of no issue.
    """
    if state.issue:
        return str(parse_issue_key(state.issue))
    coming = newsletter.coming_issues()
    if state.reader:
        # An address that nobody has (any more) is told in the copy's place, beside a desk that works.
        with suppress(UnknownSubscriber):
            frequency = newsletter.subscriber(state.reader).cadence.frequency
            theirs = [str(key) for key in coming if key.frequency is frequency]
            if theirs:
                return theirs[0]
    made = newsletter.frozen_issues()
    return next(map(str, coming), str(made[0].key) if made else None)


def desk(newsletter: Newsletter, state: State, now: datetime) -> dict[str, Any]:
    """The variables of the whole page, but for what is wrong at the moment."""
    name = chosen_issue(newsletter, state)
    rows = issue_rows(newsletter, name or "", now)
    chosen = next((row for row in rows if row.chosen), None)
    if name and chosen is None:
        chosen = _row(IssueStanding(key=parse_issue_key(name), state=IssueState.OPEN), True, now, timedelta())
    return {
        "issues": rows,
        "chosen": chosen,
        "trials": trials(newsletter.settings),
        "mail_off": why_off(newsletter.database, SENDING),
        **readers(newsletter, name, ""),
    }


def readers(newsletter: Newsletter, issue: str | None, search: str) -> dict[str, Any]:
    """The variables of the list of readers."""
    rows, total = newsletter.looks.readers(issue, search, MOST_READERS) if issue else ([], 0)
    return {"readers": rows, "total": total, "q": search}


def part(look: Look, kind: str) -> dict[str, Any]:
    """The variables of a part of the message."""
    if look.preview is None:
        return {"text": look.nothing, "kind": kind, "size": 0, "html_size": 0}
    message = look.preview.message.decode("utf-8", "replace").replace("\r\n", "\n")
    texts = {"text": look.preview.text, "headers": message.partition("\n\n")[0], "source": message}
    return {
        "text": texts.get(kind, look.preview.text),
        "kind": kind if kind in texts else "text",
        "size": len(look.preview.message),
        "html_size": len(look.preview.html.encode()),
    }


def in_place(message: str) -> Mistake:
    """A message with the place that it names, and the line that stands there."""
    found = next((place for pattern in _PLACES if (place := pattern.match(message))), None)
    if found is None:
        return Mistake(message)
    path, line = Path(found["file"]), int(found["line"])
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    what = found["what"].removesuffix(" Nothing was sent.")
    return Mistake(what, str(path), line, lines[line - 1].strip() if 0 < line <= len(lines) else "")


def _row(one: IssueStanding, chosen: bool, now: datetime, max_lateness: timedelta) -> IssueRow:
    key = one.key
    copies = sum(one.counts.values())
    readers = one.readers or copies
    return IssueRow(
        name=str(key),
        title=f"{key.due:%a} {key.due.day} {key.due:%B} · {key.frequency}",
        said=f"{readers:,} {'reader' if readers == 1 else 'readers'}" if readers else "",
        state=str(one.state),
        chosen=chosen,
        status=_status(one),
        may=_may(one, now, max_lateness),
    )


def _status(one: IssueStanding) -> str:
    waiting, out = (sum(one.counts[state] for state in states) for states in (_WAITING, _OUT))
    draft = one.frozen_at is None
    match one.state:
        case IssueState.HELD if one.held_why:
            return f"stopped: {one.held_why}"
        case IssueState.HELD:
            until = f"until {_moment(one.held_until)}" if one.held_until else "until you release it"
            return f"{'draft · will be held' if draft else 'held'} {until}"
        case IssueState.SKIPPED | IssueState.CANCELLED | IssueState.DONE:
            return f"{one.state}{f' · {out:,} sent' if out else ''}"
    if draft:
        return f"draft · freezes {_moment(one.first_hour - CUT_OFF)}" if one.first_hour else "draft"
    told = [f"{count:,} {what}" for count, what in ((waiting, "waiting"), (out, "sent")) if count]
    return " · ".join([str(one.state), *told])


def _moment(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %H:%M} UTC"


def _may(one: IssueStanding, now: datetime, max_lateness: timedelta) -> frozenset[str]:
    """Which acts make sense, and would not be refused."""
    key, sent = one.key, any(one.counts[state] for state in _OUT)
    draft = one.frozen_at is None
    over = is_over(key, None, now, max_lateness)
    # Of a draft no copy was dropped yet, so a word about it can be taken back.
    state = IssueState.OPEN if draft and not over else one.state
    acts = {"test"}
    for word in Word:
        try:
            may(word, key, state, sent_already=sent, over=over)
        except IssueError:
            continue
        acts.add(str(word))
    if one.state is not IssueState.HELD or one.held_until is None:
        acts.discard(_SAID.get(one.state, ""))
    if over:
        acts -= {"skip", "hold"}
    if "hold" in acts or one.state is IssueState.HELD:
        acts.add("schedule")
    if draft and not over:
        acts.update(_EDITING)
    return frozenset(acts)


def found(newsletter: Newsletter, words: str) -> list[Entry]:
    """The entry that is named so, and those that have these words."""
    if not words.strip():
        return []
    named = entries.find(newsletter.database, words)
    near = entries.matching(newsletter.database, words, MOST_FOUND)
    return [*([named] if named else []), *(entry for entry in near if named is None or entry.id != named.id)]
