"""How things stand: what `newsletter status` says, gathered in one look."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.cluster import ClusterStanding
from newsletter.delivery import records, tallies
from newsletter.entries import store as entries
from newsletter.errors import SettingsError
from newsletter.issues import store as issues
from newsletter.issues.control import Word
from newsletter.issues.issue import IssueKey, IssueState, StoredIssue
from newsletter.models import Standing as ModelStanding
from newsletter.readers import suggestions_store
from newsletter.reports import IssueStanding, Status
from newsletter.settings import FILE, Settings
from newsletter.sourcing import SourceState
from newsletter.store import SENDING, why_off
from newsletter.ticks import all_ticks
from subscribers import people
from subscribers.lately import suppressed_since

#: Issues that were due so long ago are still told of.
RECENT = timedelta(days=4)
#: Readers who were given up so long ago are still told of.
LATELY = timedelta(days=7)
#: No reader's hour is earlier than this before the issue's due date begins in UTC.
_EAST = timedelta(hours=14)
#: What an issue that is not made yet will be, by the operator's word.
_FORETOLD = {Word.HOLD: IssueState.HELD, Word.SKIP: IssueState.SKIPPED, Word.CANCEL: IssueState.CANCELLED}
Coming = Mapping[IssueKey, tuple[datetime, int]]


def standing(
    db: Database,
    settings: Settings,
    pulls: Sequence[SourceState],
    coming: Coming,
    now: datetime,
    serving: bool,
    model: ModelStanding | None = None,
    cluster: ClusterStanding | None = None,
) -> Status:
    """Everything at this moment. `coming` are the next issues with their first hour and how many readers they have."""
    ahead, behind = issue_standings(db, coming, now)
    notices, since = tallies.waiting_notices(db)
    return Status(
        entries=entries.count(db),
        subscribers=people.count_by_state(db),
        deliveries=records.count_by_state(db),
        sending_off=why_off(db, SENDING),
        unfinished=_unfinished(settings),
        pulls=tuple(pulls),
        ahead=ahead,
        behind=behind,
        serving=serving,
        ticks=all_ticks(db),
        notices=notices,
        notices_since=since,
        suppressed=tuple((address, str(why), at) for address, why, at in suppressed_since(db, now - LATELY)),
        suggestions=suggestions_store.count_waiting(db),
        rehearsal=settings.delivery.redirect_all_to,
        model=model,
        cluster=cluster,
    )


def _unfinished(settings: Settings) -> str | None:
    """Why nothing could be sent by these settings, in words; None where it could."""
    try:
        settings.refuse_unfinished(Path(FILE))
    except SettingsError as error:
        return str(error)
    return None


def issue_standings(
    db: Database, coming: Coming, now: datetime
) -> tuple[tuple[IssueStanding, ...], tuple[IssueStanding, ...]]:
    """(Coming issues, soonest first; those of the last days and those that are held, the latest first)."""
    first_day = (now - RECENT).date()
    made = {
        issue.key: issue
        for issue in issues.all_issues(db)
        if issue.key in coming or issue.key.due >= first_day or issue.state is IssueState.HELD
    }
    words, schedules = issues.words(db), issues.schedules(db)
    found = tallies.of_issues(db, [issue.id for issue in made.values()], min(map(_begun, made.values()), default=now))

    def of(key: IssueKey, stored_: StoredIssue | None, first: datetime | None, readers: int) -> IssueStanding:
        if stored_ is None:
            state = _FORETOLD.get(words[key], IssueState.OPEN) if key in words else IssueState.OPEN
            until = schedules.get(key)
            return IssueStanding(
                key=key, state=state, held_until=until, scheduled=bool(until), first_hour=first, readers=readers
            )
        tally = found[stored_.id]
        return IssueStanding(
            key=key,
            state=stored_.state,
            frozen_at=stored_.frozen_at,
            held_until=stored_.held_until if stored_.state is IssueState.HELD else None,
            held_why=stored_.held_why if stored_.state is IssueState.HELD else "",
            scheduled=stored_.state is IssueState.HELD and key in schedules,
            first_hour=first,
            readers=readers,
            counts=tally.counts,
            dropped=tally.reasons,
            next_at=tally.next_at,
            last_at=tally.last_at,
        )

    ahead = tuple(of(key, made.get(key), first, readers) for key, (first, readers) in coming.items())
    behind = tuple(of(key, issue, None, 0) for key, issue in made.items() if key not in coming)
    return ahead, behind


def _begun(issue: StoredIssue) -> datetime:
    """No copy of the issue was due before."""
    return min(issue.frozen_at, datetime.combine(issue.key.due, time(), UTC) - _EAST)
