"""The editor's pictures of an issue and of the weeks: reads what they show, and keeps what takes long to make."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlite_utils import Database

from newsletter import due
from newsletter.delivery import tallies
from newsletter.issues.issue import IssueKey, IssueState, NothingNew, Section, parse_issue_key
from newsletter.pictures.coverage import Followed
from newsletter.pictures.map import Dot, draw_map
from newsletter.pictures.shares import Share, draw_shares
from newsletter.pictures.svg import Picture
from newsletter.pictures.weeks import MOST as WEEKS
from newsletter.pictures.weeks import draw_weeks, weeks_of
from newsletter.press import Press, shape_of
from newsletter.printing import Printing
from newsletter.ranking import votes
from newsletter.ranking.lines import LEAST_SIMILARITY
from newsletter.settings import Settings
from subscribers import people
from subscribers.lately import came_and_left
from subscribers.people import Subscriber
from subscribers.states import State

#: Readers composed at once: memory stays flat however many there are.
CHUNK = 1_000
#: Issues of which it is kept who gets what.
_KEPT = 4
#: Nobody gets any more of these than they have.
_OVER = frozenset({IssueState.DONE, IssueState.SKIPPED, IssueState.CANCELLED})


@dataclass(frozen=True, slots=True)
class _Spread:
    """Who gets what of an issue."""

    #: as long as this is the same, so is all the rest
    state: tuple[object, ...]
    #: how many get it
    readers: int
    #: how many get each (entry, section)
    places: Counter[tuple[int, str]]


class Pictures:
    """Draws what the editor would rather see than read."""

    def __init__(self, db: Database, press: Press, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._press = press
        self._settings = settings
        self._clock = clock
        self._spreads: dict[IssueKey, _Spread] = {}

    def map(self, issue: str) -> Picture:
        """What the issue holds and what its readers follow, on one map.

        Raises `IssueError`, `TemplateError`, `ModelError`.
        """
        return self._map(*self._looked_at(issue))

    def shares(self, issue: str) -> Picture:
        """How many readers get each entry. Raises as `map` does."""
        return self._shares(*self._looked_at(issue))

    def all(self, issue: str) -> list[Picture]:
        """Map, shares and weeks, by one look at the issue. Raises as `map` does."""
        looked_at = self._looked_at(issue)
        return [self._map(*looked_at), self._shares(*looked_at), self.weeks()]

    def _map(self, printing: Printing, readers: Sequence[Subscriber], spread: _Spread) -> Picture:
        counts = _by_entry(spread.places)
        pinned = set(printing.pins)
        cards = printing.frozen.cards
        dots = [Dot(cards[e.id].title, counts[e.id], e.id in pinned) for e in printing.candidates]
        vectors = self._press.judge.vectors([entry.text for entry in printing.candidates], "Reading entries")
        return draw_map(dots, vectors, self._followed(readers, vectors.shape[1]), spread.readers, LEAST_SIMILARITY)

    def _shares(self, printing: Printing, _: Sequence[Subscriber], spread: _Spread) -> Picture:
        counts = _by_entry(spread.places)
        pinned = set(printing.pins)
        shares = [
            Share(
                printing.frozen.cards[entry.id].title,
                counts[entry.id],
                spread.places[entry.id, Section.FOR_YOU],
                entry.id in pinned,
            )
            for entry in printing.candidates
        ]
        return draw_shares(shares, spread.readers)

    def weeks(self) -> Picture:
        """How readers, votes and mail went over the last half year."""
        today = self._clock().astimezone(UTC).date()
        since = today - timedelta(weeks=WEEKS)
        came, left = came_and_left(self._db, since)
        more, less = votes.by_day(self._db, since)
        refused, back = tallies.lost_by_day(self._db, since)
        counts = {"joined": came, "left": left, "more": more, "less": less, "failed": refused, "returned": back}
        states = people.count_by_state(self._db)
        readers = states.get(State.ACTIVE, 0) + states.get(State.PAUSED, 0)
        return draw_weeks(weeks_of(today, readers, counts | {"sent": tallies.sent_by_day(self._db, since)}))

    def _looked_at(self, issue: str) -> tuple[Printing, list[Subscriber], _Spread]:
        """The issue as it is, whose it is, and who gets what of it."""
        key = parse_issue_key(issue)
        printing = self._press.printing(key, self._clock())
        readers = list(people.by_ids(self._db, due.of_issue(self._db, key)))
        return printing, readers, self._spread(printing, readers)

    def _spread(self, printing: Printing, readers: Sequence[Subscriber]) -> _Spread:
        """Who gets what: as it was composed for sending, and for all others as it would be now."""
        state = self._state(printing, readers)
        kept = self._spreads.pop(printing.key, None)
        if kept is None or kept.state != state:
            kept = self._composed(printing, readers, state)
        self._spreads[printing.key] = kept
        while len(self._spreads) > _KEPT:
            del self._spreads[next(iter(self._spreads))]
        return kept

    def _state(self, printing: Printing, readers: Sequence[Subscriber]) -> tuple[object, ...]:
        """Everything that decides who gets what."""
        return (
            printing.stored,
            tuple((entry.id, entry.content_hash, entry.popularity) for entry in printing.candidates),
            tuple(printing.pins),
            shape_of(self._settings),
            hash(tuple((reader.id, reader.interests) for reader in readers)),
            votes.latest(self._db),
            tallies.mark(self._db),
        )

    def _composed(self, printing: Printing, readers: Sequence[Subscriber], state: tuple[object, ...]) -> _Spread:
        served, places = tallies.picks_of(self._db, printing.stored.id) if printing.stored else (set(), Counter())
        over = printing.stored is not None and printing.stored.state in _OVER
        waiting = [] if over or not printing.candidates else [one for one in readers if one.id not in served]
        count, shape = len(served), shape_of(self._settings)
        ground = self._press.judge.ground(printing) if waiting else None
        for start in range(0, len(waiting), CHUNK):
            judgement = self._press.judge.of(printing, waiting[start : start + CHUNK], shape, ground=ground)
            for picks in judgement.composed():
                if not isinstance(picks, NothingNew):
                    count += 1
                    places.update((pick.entry_id, str(pick.section)) for pick in picks)
        return _Spread(state, count, places)

    def _followed(self, readers: Sequence[Subscriber], dimensions: int) -> Followed:
        follows = [
            (n, line.statement)
            for n, one in enumerate(readers)
            for line in one.interests
            if line.statement and not line.muted
        ]
        lines = sorted({text for _, text in follows})
        row = {text: n for n, text in enumerate(lines)}
        vectors = self._press.judge.lines(lines)
        return Followed(
            lines,
            np.stack([vectors[text] for text in lines]) if lines else np.zeros((0, dimensions), np.float32),
            np.array([n for n, _ in follows], np.intp),
            np.array([row[text] for _, text in follows], np.intp),
        )


def _by_entry(places: Counter[tuple[int, str]]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for (entry_id, _), count in places.items():
        counts[entry_id] += count
    return counts
