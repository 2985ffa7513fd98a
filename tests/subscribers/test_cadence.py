"""How often, when and where."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.cadence import Cadence, Frequency, parse_cadence, parse_time, parse_timezone
from subscribers.errors import InvalidCadence


@pytest.mark.parametrize(
    ("words", "expected", "shown"),
    [
        (
            ("weekly", "friday", "08:00", "Europe/Paris"),
            Cadence(Frequency.WEEKLY, 5, time(8), "Europe/Paris"),
            "weekly on Fridays at 08:00, Europe/Paris",
        ),
        (
            (" Weekly ", "MON", "8", " UTC "),
            Cadence(Frequency.WEEKLY, 1, time(8), "UTC"),
            "weekly on Mondays at 08:00, UTC",
        ),
        (
            ("weekly", "sunday", "23:59", "UTC"),
            Cadence(Frequency.WEEKLY, 7, time(23, 59), "UTC"),
            "weekly on Sundays at 23:59, UTC",
        ),
        (
            ("daily", "whatever", "17.30", "Asia/Kathmandu"),
            Cadence(Frequency.DAILY, 0, time(17, 30), "Asia/Kathmandu"),
            "daily at 17:30, Asia/Kathmandu",
        ),
        (
            ("monthly", "31", "00:00", "America/New_York"),
            Cadence(Frequency.MONTHLY, 31, time(0), "America/New_York"),
            "monthly on day 31 at 00:00, America/New_York",
        ),
    ],
)
def test_a_cadence_is_read_from_words_and_says_itself(
    words: tuple[str, str, str, str], expected: Cadence, shown: str
) -> None:
    assert expected == parse_cadence(*words)
    assert shown == str(expected)


def test_the_zone_is_at_hand() -> None:
    assert parse_cadence("daily", "", "8", "Europe/Paris").zone.key == "Europe/Paris"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("hourly", "friday", "8", "UTC"), "'hourly' is no cadence; use daily, weekly or monthly"),
        (("weekly", "", "8", "UTC"), "'' is no weekday"),
        (("weekly", "fr", "8", "UTC"), "'fr' is no weekday"),
        (("weekly", "5", "8", "UTC"), "'5' is no weekday"),
        (("weekly", "freitag", "8", "UTC"), "'freitag' is no weekday"),
        (("monthly", "friday", "8", "UTC"), "'friday' is no day of a month"),
        (("monthly", "0", "8", "UTC"), "'0' is no day of a month"),
        (("monthly", "32", "8", "UTC"), "'32' is no day of a month"),
        (("monthly", "-1", "8", "UTC"), "'-1' is no day of a month"),
        (("monthly", "²", "8", "UTC"), "'²' is no day of a month"),
        (("daily", "", "24:00", "UTC"), "'24:00' is no time of day"),
        (("daily", "", "8:60", "UTC"), "'8:60' is no time of day"),
        (("daily", "", "8:5", "UTC"), "'8:5' is no time of day"),
        (("daily", "", "noon", "UTC"), "'noon' is no time of day"),
        (("daily", "", "", "UTC"), "'' is no time of day"),
        (("daily", "", "8", "Mars/Olympus"), "'Mars/Olympus' is no time zone"),
        (("daily", "", "8", ""), "'' is no time zone"),
        (("daily", "", "8", "Europe"), "'Europe' is no time zone"),
        (("daily", "", "8", "../etc/passwd"), "is no time zone"),
        (("daily", "", "8", "/etc/passwd"), "is no time zone"),
    ],
)
def test_a_wrong_word_is_named_with_what_would_be_right(words: tuple[str, str, str, str], wrong: str) -> None:
    with pytest.raises(InvalidCadence) as refusal:
        parse_cadence(*words)
    assert wrong in str(refusal.value)


@given(st.text(max_size=40) | st.text("0123456789:.h/ \x00\ud800Europe", max_size=8))
def test_any_text_is_a_time_and_a_zone_or_refused(text: str) -> None:
    for parse in (parse_time, parse_timezone):
        try:
            parse(text)
        except InvalidCadence as refusal:
            assert str(refusal).isprintable()


@given(st.integers(0, 23), st.integers(0, 59))
def test_every_time_of_day_reads_back(hour: int, minute: int) -> None:
    assert time(hour, minute) == parse_time(f"{time(hour, minute):%H:%M}")
