"""When an issue is due: on the reader's day, at the reader's hour, whatever summer time does to it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.issues.calendar import (
    LOOK_BACK,
    due_slot,
    is_due_date,
    last_slot,
    next_slot,
    period,
    previous_due_dates,
    slot_on,
)
from subscribers.cadence import Cadence, Frequency

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
# Here the clocks are put forward at 23:00 or at midnight.
ZONES += ["America/Nuuk", "America/Havana", "Africa/Cairo", "Pacific/Kiritimati"]


def cadence_of(frequency: Frequency, day: int, at: time, zone: str) -> Cadence:
    days = {Frequency.DAILY: 0, Frequency.WEEKLY: day % 7 + 1, Frequency.MONTHLY: day}
    return Cadence(frequency, days[frequency], at, zone)


CADENCES = st.builds(
    cadence_of,
    st.sampled_from(Frequency),
    st.integers(1, 31),
    st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59])),
    st.sampled_from(ZONES),
)
MOMENTS = st.integers(1_230_000_000, 2_050_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
#: In Nuuk there was no 23:30 on Saturday, 30 March 2024.
IN_NUUK = Cadence(Frequency.WEEKLY, 6, time(23, 30), "America/Nuuk")
#: In Apia there was no 30 December 2011, a Friday.
IN_APIA = Cadence(Frequency.DAILY, 0, time(8), "Pacific/Apia")


def weekly(day: int, at: str = "08:00", zone: str = "Europe/Paris") -> Cadence:
    return Cadence(Frequency.WEEKLY, day, time.fromisoformat(at), zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_slot_is_the_readers_hour_on_the_readers_day() -> None:
    friday = weekly(5)
    assert last_slot(friday, utc("2026-11-27 06:59")).date == date(2026, 11, 20)
    slot = last_slot(friday, utc("2026-11-27 07:00"))
    assert (slot.date, slot.at) == (date(2026, 11, 27), utc("2026-11-27 07:00"))
    assert next_slot(friday, utc("2026-11-27 06:59")).date == date(2026, 11, 27)
    assert next_slot(friday, utc("2026-11-27 07:00")).date == date(2026, 12, 4)


def test_a_slot_is_named_by_the_local_date() -> None:
    assert slot_on(weekly(5, "08:00", "Pacific/Kiritimati"), date(2026, 11, 27)).at == utc("2026-11-26 18:00")
    assert last_slot(weekly(5, "23:00", "America/New_York"), utc("2026-11-28 04:00")).date == date(2026, 11, 27)


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Paris", "2026-03-29", "02:30", "2026-03-29 01:30"),  # no such hour: 03:30 by the clock
        ("Europe/Paris", "2026-10-25", "02:30", "2026-10-25 00:30"),  # twice: the first
        ("America/New_York", "2026-03-08", "02:00", "2026-03-08 07:00"),
        ("America/New_York", "2026-11-01", "01:00", "2026-11-01 05:00"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03 15:45"),  # half an hour is missing
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04 14:45"),
        ("Asia/Kathmandu", "2026-11-27", "08:00", "2026-11-27 02:15"),
        ("America/Nuuk", "2024-03-30", "23:30", "2024-03-31 01:30"),
    ],
)
def test_hours_that_are_missing_or_come_twice(zone: str, day: str, at: str, expected: str) -> None:
    cadence = Cadence(Frequency.DAILY, 0, time.fromisoformat(at), zone)
    assert slot_on(cadence, date.fromisoformat(day)).at == utc(expected)


def test_a_slot_that_summer_time_moves_behind_midnight_is_still_to_come() -> None:
    now = utc("2024-03-31 01:10")  # by the clock it is Sunday already
    assert next_slot(IN_NUUK, now).date == date(2024, 3, 30)
    assert last_slot(IN_NUUK, now).date == date(2024, 3, 23)
    assert last_slot(IN_NUUK, utc("2024-03-31 01:30")).date == date(2024, 3, 30)


@given(CADENCES, MOMENTS)
@example(IN_NUUK, datetime(2024, 3, 31, 1, 10, tzinfo=UTC))
@example(IN_APIA, datetime(2011, 12, 30, 17, tzinfo=UTC))
@example(IN_APIA, datetime(2011, 12, 30, 18, tzinfo=UTC))
def test_now_lies_between_two_slots_with_none_between_them(cadence: Cadence, now: datetime) -> None:
    last, coming = last_slot(cadence, now), next_slot(cadence, now)
    assert last.at <= now < coming.at
    assert last.date < coming.date
    assert is_due_date(cadence, last.date)
    assert is_due_date(cadence, coming.date)
    days = [last.date + timedelta(days=n) for n in range(1, (coming.date - last.date).days)]
    between = [slot_on(cadence, day) for day in days if is_due_date(cadence, day)]
    assert all(slot.at in (last.at, coming.at) for slot in between)
    assert coming.at - last.at <= LOOK_BACK[cadence.frequency]


@given(CADENCES, MOMENTS)
def test_a_slots_own_moment_belongs_to_it(cadence: Cadence, now: datetime) -> None:
    slot = next_slot(cadence, now)
    assert last_slot(cadence, slot.at).at == slot.at
    assert next_slot(cadence, slot.at - timedelta(seconds=1)).at == slot.at
    local = slot.at.astimezone(ZoneInfo(cadence.timezone)).replace(tzinfo=None)
    wanted = datetime.combine(slot.date, cadence.at)
    assert local == wanted or timedelta() < local - wanted <= timedelta(days=1)


@given(CADENCES, MOMENTS)
def test_each_slot_has_a_period_of_its_own(cadence: Cadence, now: datetime) -> None:
    slots, moment = [], now
    for _ in range(14):
        slots.append(slot := next_slot(cadence, moment))
        moment = slot.at
    periods = [period(cadence.frequency, slot.date) for slot in slots]
    assert len(set(periods)) == len(slots)


@pytest.mark.parametrize(
    ("day", "dates"),
    [
        (31, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]),
        (30, ["2027-01-30", "2027-02-28", "2027-03-30", "2027-04-30"]),
        (29, ["2028-01-29", "2028-02-29", "2028-03-29"]),
        (1, ["2027-01-01", "2027-02-01"]),
    ],
)
def test_the_last_day_of_a_short_month_stands_in(day: int, dates: list[str]) -> None:
    cadence = Cadence(Frequency.MONTHLY, day, time(8), "UTC")
    moment = utc(f"{dates[0][:8]}01 00:00")
    for expected in dates:
        slot = next_slot(cadence, moment)
        assert slot.date.isoformat() == expected
        moment = slot.at


def test_who_was_confirmed_after_a_slot_is_not_due_for_it() -> None:
    cadence, lateness = weekly(5, zone="UTC"), timedelta(hours=48)
    slot = utc("2026-11-27 08:00")

    def due(now: str, since: str = "2026-01-01 00:00") -> date | None:
        found = due_slot(cadence, utc(now), utc(since), lateness)
        return found.date if found else None

    assert due("2026-11-27 07:59") is None  # the one before is a week old
    assert due("2026-11-27 08:00") == slot.date()
    assert due("2026-11-29 08:00") == slot.date()
    assert due("2026-11-29 08:01") is None
    assert due("2026-11-27 09:00", since="2026-11-27 07:59") == slot.date()
    assert due("2026-11-27 09:00", since="2026-11-27 08:00") is None


@pytest.mark.parametrize(
    ("frequency", "due", "expected"),
    [
        (Frequency.DAILY, "2026-11-27", "2026-11-27"),
        (Frequency.WEEKLY, "2026-11-27", "2026-W48"),
        (Frequency.WEEKLY, "2027-01-01", "2026-W53"),
        (Frequency.WEEKLY, "2027-01-08", "2027-W01"),
        (Frequency.WEEKLY, "2024-12-30", "2025-W01"),
        (Frequency.MONTHLY, "2026-11-30", "2026-11"),
    ],
)
def test_periods_have_names_that_sort(frequency: Frequency, due: str, expected: str) -> None:
    assert period(frequency, date.fromisoformat(due)) == expected


@pytest.mark.parametrize(
    ("frequency", "due", "expected"),
    [
        (Frequency.DAILY, "2026-03-01", "2026-02-28"),
        (Frequency.WEEKLY, "2026-01-02", "2025-12-26"),
        (Frequency.MONTHLY, "2026-11-15", "2026-10-15"),
        (Frequency.MONTHLY, "2026-03-31", "2026-02-28"),
        (Frequency.MONTHLY, "2028-03-30", "2028-02-29"),
        (Frequency.MONTHLY, "2026-01-31", "2025-12-31"),
    ],
)
def test_the_due_date_before_is_one_period_earlier(frequency: Frequency, due: str, expected: str) -> None:
    assert previous_due_dates(frequency, date.fromisoformat(due))[0].isoformat() == expected


@given(st.sampled_from(Frequency), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_due_date_before_lies_in_the_period_before(frequency: Frequency, due: date) -> None:
    before, _ = previous_due_dates(frequency, due)
    assert before < due
    assert period(frequency, before) < period(frequency, due)
    assert due - before <= LOOK_BACK[frequency]
