"""The operator's word about an issue: said, written down, and done to the copies that there are."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.whole_issues import call_back, drop_waiting, forget_dropped, has_begun
from newsletter.issues import store as issues
from newsletter.issues.control import STOPPED, Word, in_words, is_over, may, may_schedule, read_moment, state_after
from newsletter.issues.issue import IssueKey, IssueState, StoredIssue
from newsletter.naming_issues import known_issue
from newsletter.settings import Settings
from subscribers.cadence import parse_timezone
from subscribers.database import writing

_WAITS = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.CLAIMED)
_OUT = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCERTAIN)


class WordOfOperator:
    """Takes words about issues. Raises `IssueError` where one cannot be said any more."""

    def __init__(self, db: Database, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._timezone = settings.cadence.timezone
        self._late = timedelta(hours=settings.issue.max_lateness_hours)
        self._clock = clock

    def say(self, name: str, word: Word) -> str:
        """Say it about the issue of that name. Returns what it means now, as a sentence."""
        now = self._clock()
        return self._say(known_issue(self._db, name, now, self._late), word, now)

    def schedule(self, name: str, at: str | datetime, timezone: str | None = None) -> str:
        """Hold it until that moment; see `Editor.schedule`."""
        zone, now = ZoneInfo(parse_timezone(timezone or self._timezone)), self._clock()
        key = known_issue(self._db, name, now, self._late)
        moment = read_moment(at.isoformat() if isinstance(at, datetime) else at, zone)
        may_schedule(key, moment, now, self._late)
        return self._say(key, Word.HOLD, now, moment)

    def _say(self, key: IssueKey, word: Word, now: datetime, until: datetime | None = None) -> str:
        stored = issues.find(self._db, key)
        if stored and word is Word.RELEASE and stored.state is IssueState.SKIPPED:
            self._refuse(word, key, stored, now)
            # Before it is released: while it is skipped nobody makes new copies.
            forget_dropped(self._db, stored.id)
        with writing(self._db):
            # It may have been frozen, or begun, a moment ago.
            stored = issues.find(self._db, key)
            self._refuse(word, key, stored, now)
            issues.say(self._db, key, word, now, until)
            if stored is None:
                return in_words(key, word, made=False, until=until)
            state, held_until = state_after(word, stored.state, stored.held_until, now, until)
            issues.set_state(self._db, stored.id, state, held_until)
            if word is not Word.RELEASE:
                call_back(self._db, stored.id, now)
        dropped = drop_waiting(self._db, stored.id, state, now) if state in STOPPED else 0
        counts = records.count_by_state(self._db, stored.id)
        waiting, sent = (sum(counts.get(one, 0) for one in states) for states in (_WAITS, _OUT))
        return in_words(key, word, made=True, waiting=waiting, sent=sent, dropped=dropped, until=until)

    def _refuse(self, word: Word, key: IssueKey, stored: StoredIssue | None, now: datetime) -> None:
        may(
            word,
            key,
            stored.state if stored else IssueState.OPEN,
            sent_already=stored is not None and has_begun(self._db, stored.id),
            over=is_over(key, None, now, self._late),
        )
