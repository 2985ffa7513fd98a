"""Small things said in words."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering import words
from newsletter.rendering.wrapping import WIDTH, fill
from subscribers.cadence import Frequency, parse_cadence


@pytest.mark.parametrize(
    ("n", "said"), [(0, "no"), (1, "one"), (12, "twelve"), (13, "13"), (999, "999"), (1_234, "1,234")]
)
def test_small_numbers_are_words(n: int, said: str) -> None:
    assert words.number(n) == said


def test_dates() -> None:
    day = date(2026, 11, 27)
    assert words.long_date(day) == "Friday, 27 November"
    assert words.full_date(date(2026, 3, 3)) == "3 March 2026"
    assert words.short_date(day, today=date(2026, 1, 1)) == "27\u00a0Nov"
    assert words.short_date(day, today=date(2027, 1, 1)) == "27\u00a0Nov\u00a02026"
    assert words.short_date(None, today=day) == ""


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("", ""),
        ("A", "A"),
        ("A B C D", "A, B, C, D"),
        ("A B C D E", "A, B, C and 2 more"),
        ("A B C D E F G", "A, B, C and 4 more"),
    ],
)
def test_many_names_are_cut_short_but_never_for_one(names: str, said: str) -> None:
    assert words.people(names.split()) == said


@pytest.mark.parametrize(
    ("at", "said"), [("00:00", "morning"), ("11:59", "morning"), ("12:00", "afternoon"), ("18:00", "evening")]
)
def test_parts_of_the_day(at: str, said: str) -> None:
    assert words.part_of_day(time.fromisoformat(at)) == said


@pytest.mark.parametrize(
    ("cadence", "said"),
    [
        (("daily", "", "8", "Europe/Paris"), "every day at 08:00, Paris time"),
        (("weekly", "fri", "17:30", "America/New_York"), "on Fridays at 17:30, New York time"),
        (("weekly", "sunday", "8", "UTC"), "on Sundays at 08:00, UTC"),
        (("monthly", "31", "8", "Etc/GMT+3"), "on day 31 of each month at 08:00, Etc/GMT+3"),
        (("daily", "", "8", "America/Argentina/Buenos_Aires"), "every day at 08:00, Buenos Aires time"),
    ],
)
def test_rhythms_read_as_people_say_them(cadence: tuple[str, str, str, str], said: str) -> None:
    assert words.rhythm(parse_cadence(*cadence)) == said


@pytest.mark.parametrize(
    ("count", "frequency", "said"),
    [
        (1, Frequency.DAILY, "One thing to read came in since yesterday"),
        (7, Frequency.WEEKLY, "Seven things to read came in this week"),
        (1_214, Frequency.MONTHLY, "1,214 things to read came in this month"),
    ],
)
def test_what_came_in(count: int, frequency: Frequency, said: str) -> None:
    assert words.arrivals(count, frequency) == said


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 7, 3, 1), "Seven are for you, three are what everybody else is reading and one is somewhere you never go"),
        ((1, 1, 0, 0), "One is the editor’s choice and one is for you"),
        ((0, 1, 0, 0), "One is for you"),
        ((0, 13, 0, 0), "13 are for you"),
        ((0, 0, 0, 0), "Nothing is for you"),
    ],
)
def test_what_an_issue_holds(counts: tuple[int, int, int, int], said: str) -> None:
    assert words.contents(*counts) == said


@given(
    st.integers(0, 4_000_000_000),
    st.sampled_from([0, -720, 345, 840]).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_a_date_header_is_read_back(seconds: int, zone: timezone) -> None:
    moment = datetime.fromtimestamp(seconds, zone)
    assert parsedate_to_datetime(words.mail_date(moment)) == moment


def test_a_date_header_has_two_digits_for_the_day() -> None:
    assert words.mail_date(datetime(2026, 3, 3, 8, 5, 9, tzinfo=UTC)) == "Tue, 03 Mar 2026 08:05:09 +0000"


@given(st.text())
def test_wrapped_text_loses_no_word(text: str) -> None:
    wrapped = fill(text, "  ")
    assert wrapped.split() == text.split()
    assert all(len(line) <= WIDTH or len(line.split()) == 1 for line in wrapped.split("\n"))


def test_a_link_is_never_broken() -> None:
    link = "https://example.org/" + "a-b" * 60
    assert fill(f"See {link} there").split("\n")[1] == link
