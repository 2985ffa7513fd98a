"""What the calendar promises to a reader who changes their mind, over months, hour by hour, without a database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.addressees import coming_issues
from newsletter.issues.calendar import Slot, due_slot, is_due_date, next_slot, period, slot_on
from newsletter.issues.issue import IssueKey
from newsletter.readers.coming import ENOUGH
from subscribers.cadence import Cadence, Frequency

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

LATE = timedelta(hours=48)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Zones in which no hour that is missing lies at midnight.
STEADY = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland"]
#: Zones on both sides of the date line, up to 25 hours apart, and those whose clocks jump over midnight.
FAR = ["Pacific/Honolulu", "Pacific/Kiritimati", "Pacific/Apia", "Pacific/Pago_Pago", "America/Nuuk", "Africa/Cairo"]
LONGEST = {Frequency.DAILY: 1, Frequency.WEEKLY: 7, Frequency.MONTHLY: 31}


def cadence_of(frequency: Frequency, day: int, hour: int, zone: str) -> Cadence:
    days = {Frequency.DAILY: 0, Frequency.WEEKLY: day % 7 + 1, Frequency.MONTHLY: day}
    return Cadence(frequency, days[frequency], time(hour % 24, 30 * (hour // 24)), zone)


@dataclass
class Issue:
    """One that a reader got."""

    frequency: Frequency
    period: str
    slot: Slot
    at: datetime
    #: of the story
    chapter: tuple[datetime, bool, Cadence]


@dataclass
class Life:
    """One reader and what they get: what `consent`, `people.update` and a round do, in a few lines."""

    cadence: Cadence
    now: datetime
    joined: datetime = field(init=False)
    changed: datetime | None = None
    welcome: bool = True
    active: bool = True
    issues: list[Issue] = field(default_factory=list)
    #: (moment, is active, cadence) from there on
    story: list[tuple[datetime, bool, Cadence]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.joined = self.now
        self.note()

    def note(self) -> None:
        self.story.append((self.now, self.active, self.cadence))

    def change(self, cadence: Cadence) -> None:
        if cadence.frequency is not self.cadence.frequency:
            self.joined, self.welcome = self.now, True
        elif cadence != self.cadence:
            self.changed = self.now
        self.cadence = cadence
        self.note()

    def pause(self) -> None:
        self.active = False
        self.note()

    def resume(self) -> None:
        if not self.active:
            self.active, self.joined, self.changed, self.welcome = True, self.now, None, True
            self.note()

    def tick(self) -> None:
        if not self.active:
            return
        slot = due_slot(self.cadence, self.now, self.joined, LATE, changed=self.changed, welcome=self.welcome)
        if slot is None or (name := period(self.cadence.frequency, slot.date)) in [one.period for one in self.issues]:
            return
        if not slot.soon or not any(one.at >= slot.at - ENOUGH for one in self.issues):
            self.issues.append(Issue(self.cadence.frequency, name, slot, self.now, self.story[-1]))

    def play(self, hours: int) -> None:
        for _ in range(hours):
            self.now += HOUR
            self.tick()


Action = tuple[int, Callable[[Life], None]]
STARTS = st.integers(1_700_000_000 // 900, 1_790_000_000 // 900).map(lambda n: datetime.fromtimestamp(n * 900, UTC))


def cadences(zones: Sequence[str], frequencies: Sequence[Frequency] = tuple(Frequency)) -> st.SearchStrategy[Cadence]:
    return st.builds(
        cadence_of, st.sampled_from(frequencies), st.integers(1, 31), st.integers(0, 47), st.sampled_from(zones)
    )


def changing(zones: Sequence[str], frequency: Frequency) -> st.SearchStrategy[tuple[int, Cadence]]:
    """After so many hours, the cadence of that frequency changes to that."""
    return st.tuples(st.integers(1, 15 * 24), cadences(zones, [frequency]))


def lived(cadence: Cadence, start: datetime, changes: Sequence[tuple[int, Cadence]], tail: int = 70 * 24) -> Life:
    """A reader who never pauses. The clock ticks also in the hour of a change, just before it and just after."""
    life = Life(cadence, start)
    life.tick()
    for hours, after in changes:
        life.play(hours)
        life.change(after)
        life.tick()
    life.play(tail)
    return life


def whole_periods(frequency: Frequency, zone: str, start: datetime, end: datetime) -> set[str]:
    """Those that begin and end between the two moments, in that zone."""
    first, last = (moment.astimezone(ZoneInfo(zone)).date() for moment in (start, end))
    inside = {period(frequency, first + n * DAY) for n in range((last - first).days)}
    # A tick may come up to an hour after the last hour of a day.
    return inside - {period(frequency, day) for day in (first, last - DAY, last)}


@settings(max_examples=25)
@given(st.data(), st.sampled_from(Frequency), st.sampled_from(STEADY), STARTS)
def test_whoever_stays_has_exactly_one_issue_for_each_period_whatever_day_and_hour_they_move_to(
    data: st.DataObject, frequency: Frequency, zone: str, start: datetime
) -> None:
    """Promised: in one zone and one frequency, each whole period (a local day, ISO week or month) has one issue.

    None is lost to moving past the slot, none comes twice for moving before it. (Where summer time moves an hour over
    midnight, a daily reader who moves their hour between the two has the later day's issue alone: so no such zone.)
    """
    cadence = data.draw(cadences([zone], [frequency]))
    changes = data.draw(st.lists(changing([zone], frequency), max_size=8))
    life = lived(cadence, start, changes)
    had = [one.period for one in life.issues]
    assert len(had) == len(set(had))
    assert whole_periods(frequency, zone, start, life.now) <= set(had)


@settings(max_examples=25)
@given(st.data(), st.sampled_from(Frequency), STARTS)
def test_over_the_date_line_a_period_is_missed_only_for_the_one_behind_it(
    data: st.DataObject, frequency: Frequency, start: datetime
) -> None:
    """Promised: whoever changes zone too has at most one issue a period, and each whole one, with one exception.

    Who jumps from the last hours of a period right behind a slot of the next one gets that one's issue, at once; the
    period that they jumped out of has none then, for two issues in one minute are no gift.
    """
    zones = FAR + STEADY
    cadence = data.draw(cadences(zones, [frequency]))
    changes = data.draw(st.lists(changing(zones, frequency), max_size=8))
    life = lived(cadence, start, changes)
    had = {one.period: one for one in life.issues}
    assert len(had) == len(life.issues)
    everywhere = set.intersection(*(whole_periods(frequency, zone, start, life.now) for zone in (FAR[1], FAR[3])))
    moments = [moment for moment, _, _ in life.story[1:]]
    for missed in sorted(everywhere - set(had)):
        [after] = [one for one in life.issues if one.period > missed][:1]
        # Right behind the jump, and within a day or so of the end of the period that was missed.
        assert any(timedelta() <= after.at - moment <= HOUR for moment in moments)
        begins = next(
            day for n in range(-40, 40) if period(frequency, day := after.slot.date + n * DAY) == after.period
        )
        assert abs(after.at - datetime.combine(begins, time(), UTC)) <= 2 * DAY


@settings(max_examples=25)
@given(st.data(), st.sampled_from(Frequency), STARTS)
def test_no_silence_lasts_longer_than_two_periods(data: st.DataObject, frequency: Frequency, start: datetime) -> None:
    """Promised: between two issues lie at most two periods (from the first day of one to the last of the next), and
    two days for the date line. The first one comes within two days of joining."""
    zones = FAR + STEADY
    cadence = data.draw(cadences(zones, [frequency]))
    life = lived(cadence, start, data.draw(st.lists(changing(zones, frequency), max_size=8)))
    assert life.issues[0].at - start <= 2 * DAY + HOUR
    most = timedelta(days=2 * LONGEST[frequency] + 2)
    assert all(later.at - earlier.at <= most for earlier, later in pairwise(life.issues))
    assert life.now - life.issues[-1].at <= most


def _actions() -> st.SearchStrategy[list[Action]]:
    after = st.integers(1, 40 * 24)
    change = cadences(FAR + STEADY).map(lambda cadence: lambda life: life.change(cadence))
    return st.lists(st.tuples(after, st.one_of(change, st.just(Life.pause), st.just(Life.resume))), max_size=10)


@settings(max_examples=25)
@given(cadences(FAR + STEADY), STARTS, _actions())
def test_whatever_somebody_does_nothing_comes_unasked_early_or_twice(
    cadence: Cadence, start: datetime, actions: list[Action]
) -> None:
    """Promised, over any story of changes, pauses and comings back: one issue a period at most, none while pausing,
    none before its hour, and for an hour before they joined only the one that welcomes."""
    life = Life(cadence, start)
    life.tick()
    for hours, act in actions:
        life.play(hours)
        act(life)
        life.tick()
    life.play(40 * 24)
    had = [one.period for one in life.issues]
    assert len(had) == len(set(had))
    for one in life.issues:
        _, active, then = one.chapter
        assert active
        assert one.frequency is then.frequency
        hour = slot_on(then, one.slot.date)
        assert is_due_date(then, one.slot.date)
        assert hour.at <= one.at
        assert one.at - one.slot.at <= LATE
        if one.slot.soon:
            assert hour.at <= one.slot.at <= one.at
            assert not any(one.at - ENOUGH <= other.at < one.at for other in life.issues)
        else:
            assert one.slot.at >= hour.at
            assert one.slot.at == hour.at or one.slot.at in [moment for moment, _, _ in life.story]


@settings(max_examples=25)
@given(cadences(FAR + STEADY), STARTS, st.integers(1, 60 * 24), cadences(FAR + STEADY))
def test_whoever_comes_back_or_changes_frequency_is_not_kept_waiting(
    cadence: Cadence, start: datetime, hours: int, other: Cadence
) -> None:
    """Promised: whoever comes back or changes frequency has an issue within two days; or had one within a week before,
    or for the very period whose issue there is to have: then the next one comes on their own day."""
    life = Life(cadence, start)
    life.tick()
    life.play(hours)
    life.pause()
    life.change(other)
    life.play(hours % 97)
    life.resume()
    back, before = life.now, list(life.issues)
    life.tick()
    life.play(50)
    fresh = life.issues[len(before) :]
    coming = next_slot(other, back)
    missed = due_slot(other, back, back, LATE, welcome=True)
    if missed is None:
        assert coming.at - back <= 2 * DAY
        had = period(other.frequency, coming.date) in [one.period for one in before]
        assert had or coming.at in [one.slot.at for one in fresh]
        return
    assert missed.at == back
    spared = any(one.at >= back - ENOUGH for one in before)
    spared |= period(other.frequency, missed.date) in [one.period for one in before]
    assert [one.at for one in fresh if one.slot.soon] == ([] if spared else [back])


@given(cadences(FAR + STEADY), STARTS, st.integers(0, 49))
def test_the_operators_readers_wait_for_their_own_day(cadence: Cadence, joined: datetime, hours: int) -> None:
    now = joined + hours * HOUR
    due = due_slot(cadence, now, joined, LATE)
    assert due is None or (due.at > joined and not due.soon)


# -- a change that comes too late, and one that does not


@pytest.mark.parametrize(
    ("day", "changed", "now", "due"),
    [
        # On Thursday from Friday to Monday, which was three days ago: this week's comes now.
        (1, "2026-11-26 10:00", "2026-11-26 10:00", "2026-11-26 10:00"),
        (1, "2026-11-26 10:00", "2026-11-28 10:00", "2026-11-26 10:00"),
        (1, "2026-11-26 10:00", "2026-11-28 11:00", None),
        # On Thursday from Friday 9:00 to Friday 8:00: last week's, which nobody could send, is last week's.
        (5, "2026-11-26 10:00", "2026-11-26 10:00", None),
        # On Friday within the hour: that is today's.
        (5, "2026-11-27 08:30", "2026-11-27 08:30", "2026-11-27 08:30"),
        # The hour of a Sunday, on Monday when it is still Sunday somewhere.
        (7, "2026-11-30 09:00", "2026-12-01 09:00", "2026-11-30 09:00"),
        (7, "2026-11-30 13:00", "2026-12-01 09:00", None),
    ],
)
def test_a_slot_that_was_moved_into_the_past_is_due_from_then_on(
    day: int, changed: str, now: str, due: str | None
) -> None:
    cadence = Cadence(Frequency.WEEKLY, day, time(8), "UTC")
    utc = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (changed, now, "2026-01-01 00:00")]
    found = due_slot(cadence, utc[1], utc[2], DAY if day == 7 else LATE, changed=utc[0])
    assert (f"{found.at:%Y-%m-%d %H:%M}" if found else None) == due


# -- what comes


@given(cadences(FAR + STEADY), STARTS, st.integers(0, 5))
def test_the_next_issue_is_the_first_one_that_they_have_not_had(cadence: Cadence, now: datetime, had: int) -> None:
    coming: list[Slot] = []
    while len(coming) <= had:
        coming.append(next_slot(cadence, coming[-1].at if coming else now))
    served = {period(cadence.frequency, slot.date) for slot in coming[:-1]}
    assert next_slot(cadence, now, served) == coming[-1]


@given(st.dictionaries(cadences(FAR + STEADY), st.integers(1, 9), max_size=12), STARTS)
def test_readers_of_one_date_share_an_issue_wherever_they_live(rhythms: dict[Cadence, int], now: datetime) -> None:
    coming = coming_issues(rhythms, now)
    assert sum(readers for _, readers in coming.values()) == sum(rhythms.values())
    assert [first for first, _ in coming.values()] == sorted(first for first, _ in coming.values())
    slots = [(cadence, next_slot(cadence, now)) for cadence in rhythms]
    for key, (first, _) in coming.items():
        hours = [slot.at for cadence, slot in slots if IssueKey(cadence.frequency, slot.date) == key]
        assert first == min(hours)
        assert max(hours) - first <= 26 * HOUR + DAY  # 14 hours east to 12 west, and a day's hours


# -- summer time


@settings(max_examples=30)
@given(
    st.integers(0, 95),
    st.sampled_from([*STEADY, "America/Nuuk", "Africa/Cairo", "America/Havana", "Africa/Casablanca"]),
)
@example(10, "Europe/Paris")  # 02:30
@example(9, "Australia/Lord_Howe")  # 02:15
def test_every_local_day_of_a_year_has_one_hour_also_where_the_clock_jumps(quarter: int, zone: str) -> None:
    """Promised: 365 slots a year; each at the hour on the wall, the first time that it is shown that day; where it is
    never shown, as much later as the clock jumps."""
    cadence = Cadence(Frequency.DAILY, 0, time(quarter // 4, quarter % 4 * 15), zone)
    now = datetime(2025, 12, 31, tzinfo=UTC)
    slots: list[Slot] = []
    while not slots or slots[-1].date < date(2026, 12, 31):
        slots.append(slot := next_slot(cadence, now))
        now = slot.at
    year = [slot for slot in slots if slot.date.year == 2026]
    assert [slot.date for slot in year] == [date(2026, 1, 1) + n * DAY for n in range(365)]
    for slot in year:
        shown = slot.at.astimezone(cadence.zone)
        wanted = datetime.combine(slot.date, cadence.at)
        if shown.replace(tzinfo=None) == wanted:
            assert shown.fold == 0
            continue
        jump = shown.replace(tzinfo=None) - wanted
        assert jump in (HOUR, HOUR / 2)
        before, after = (slot.at + step for step in (-jump - HOUR / 4, HOUR))
        assert after.astimezone(cadence.zone).utcoffset() - before.astimezone(cadence.zone).utcoffset() == jump  # type: ignore[operator]


@given(STARTS, st.integers(0, 23), st.integers(1, 7))
def test_a_walk_around_the_world_never_brings_two_issues_for_one_week(start: datetime, hour: int, day: int) -> None:
    """Honolulu, Kiritimati, Apia and back, each day another: a week has one issue, and never has none."""
    cadence = Cadence(Frequency.WEEKLY, day, time(hour), FAR[0])
    life = Life(cadence, start)
    life.tick()
    for n in range(1, 61):
        life.play(24)
        life.change(replace(cadence, timezone=FAR[n % 3]))
        life.tick()
    had = [one.period for one in life.issues]
    assert len(had) == len(set(had))
    assert not whole_periods(Frequency.WEEKLY, FAR[1], start, life.now) - set(had)
