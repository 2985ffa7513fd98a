"""What the operator may say about an issue, and what follows: tables."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import IssueError
from newsletter.issues.calendar import slot_on
from newsletter.issues.control import Word, in_words, is_over, may, state_after, state_at_freeze, why_not_sent
from newsletter.issues.issue import IssueKey, IssueState
from subscribers.cadence import Cadence, Frequency

KEY = IssueKey(Frequency.WEEKLY, date(2026, 11, 27))
NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
LATE = timedelta(hours=48)
OPEN, FROZEN, HELD, RELEASED = IssueState.OPEN, IssueState.FROZEN, IssueState.HELD, IssueState.RELEASED
SKIPPED, CANCELLED, DONE = IssueState.SKIPPED, IssueState.CANCELLED, IssueState.DONE
HOLD, RELEASE, SKIP, CANCEL = Word.HOLD, Word.RELEASE, Word.SKIP, Word.CANCEL


@pytest.mark.parametrize(
    ("word", "review_hours", "state", "held_until"),
    [
        (None, 0, RELEASED, None),
        (None, 24, HELD, NOW + timedelta(hours=24)),
        (HOLD, 0, HELD, None),
        (HOLD, 24, HELD, None),
        (RELEASE, 0, RELEASED, None),
        (RELEASE, 24, RELEASED, None),
        (SKIP, 24, SKIPPED, None),
        (CANCEL, 0, CANCELLED, None),
    ],
)
def test_an_issue_begins_as_was_said_in_advance_or_waits_for_its_review(
    word: Word | None, review_hours: int, state: IssueState, held_until: datetime | None
) -> None:
    assert state_at_freeze(word, review_hours, NOW) == (state, held_until)


@pytest.mark.parametrize(
    ("state", "word", "sent", "over", "refused"),
    [
        # Nothing is done yet about one that is not made: every word takes back the one before.
        *[(OPEN, word, False, False, None) for word in Word],
        *[(state, word, False, False, None) for state in (FROZEN, HELD, RELEASED) for word in Word],
        *[(state, word, True, True, None) for state in (HELD, RELEASED) for word in (HOLD, RELEASE, CANCEL)],
        (HELD, SKIP, True, False, "some of its readers have it. `newsletter issue cancel weekly-2026-11-27` drops"),
        (RELEASED, SKIP, True, False, "cannot be skipped"),
        (SKIPPED, HOLD, False, False, "is skipped: nobody gets it. `newsletter issue release weekly-2026-11-27` takes"),
        (SKIPPED, RELEASE, False, False, None),
        (SKIPPED, RELEASE, False, True, "too late for it now. Its entries are in the next issue"),
        (SKIPPED, SKIP, False, True, None),
        (SKIPPED, CANCEL, False, False, None),
        (CANCELLED, HOLD, False, False, "`newsletter issue skip weekly-2026-11-27` leaves its entries to the next"),
        (CANCELLED, RELEASE, True, False, "cannot be taken back.$"),
        (CANCELLED, SKIP, False, False, None),
        (CANCELLED, SKIP, True, False, "cannot be skipped"),
        (CANCELLED, CANCEL, True, False, None),
        *[(DONE, word, True, True, f"every copy of it is out or given up. .* left to {word}") for word in Word],
    ],
)
def test_what_cannot_be_said_any_more_is_refused_in_words(
    state: IssueState, word: Word, sent: bool, over: bool, refused: str | None
) -> None:
    if refused is None:
        may(word, KEY, state, sent_already=sent, over=over)
        return
    with pytest.raises(IssueError, match=refused):
        may(word, KEY, state, sent_already=sent, over=over)


@pytest.mark.parametrize(
    ("word", "state", "held_until", "after"),
    [
        (HOLD, RELEASED, NOW, (HELD, None)),
        # The operator's own word has no end, a review's has.
        (HOLD, HELD, NOW + LATE, (HELD, None)),
        (RELEASE, HELD, NOW + LATE, (RELEASED, NOW)),
        (RELEASE, SKIPPED, None, (RELEASED, NOW)),
        # Saying it twice makes nothing less late.
        (RELEASE, RELEASED, None, (RELEASED, None)),
        (RELEASE, RELEASED, NOW - LATE, (RELEASED, NOW - LATE)),
        (SKIP, HELD, NOW, (SKIPPED, None)),
        (CANCEL, RELEASED, NOW, (CANCELLED, None)),
    ],
)
def test_a_word_changes_the_state_and_a_release_is_remembered_by_its_moment(
    word: Word, state: IssueState, held_until: datetime | None, after: tuple[IssueState, datetime | None]
) -> None:
    assert state_after(word, state, held_until, NOW) == after


@given(
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from(["Pacific/Kiritimati", "Pacific/Niue", "Etc/GMT+12", "America/Nuuk", "Europe/Berlin", "UTC"]),
)
def test_an_issue_is_over_only_when_it_is_too_late_for_every_reader_anywhere(day: date, at: object, zone: str) -> None:
    cadence = Cadence(Frequency.DAILY, 0, at, ZoneInfo(zone).key)  # type: ignore[arg-type]
    last = slot_on(cadence, day).at + LATE
    assert not is_over(IssueKey(Frequency.DAILY, day), None, last, LATE)


def test_an_issue_that_was_held_is_over_later() -> None:
    last = datetime(2026, 11, 29, tzinfo=UTC) + LATE
    assert not is_over(KEY, None, last, LATE)
    assert is_over(KEY, None, last + timedelta(seconds=1), LATE)
    assert not is_over(KEY, last, last + LATE, LATE)
    assert is_over(KEY, last, last + LATE + timedelta(seconds=1), LATE)
    assert is_over(KEY, NOW, last + timedelta(seconds=1), LATE)


@pytest.mark.parametrize(
    ("state", "held_until", "why"),
    [
        (HELD, NOW, "it is held until 2026-11-27 07:00 UTC"),
        (HELD, None, "it is held until you release it"),
        (FROZEN, None, "it is held until you release it"),
        (SKIPPED, None, "the operator skipped this issue"),
        (CANCELLED, None, "the operator cancelled this issue"),
        (RELEASED, NOW, ""),
        (OPEN, None, ""),
        (DONE, None, ""),
    ],
)
def test_why_nothing_is_sent_is_said_in_words(state: IssueState, held_until: datetime | None, why: str) -> None:
    assert why_not_sent(state, held_until) == why


@pytest.mark.parametrize(
    ("word", "counts", "said"),
    [
        (
            HOLD,
            {"waiting": 120},
            "is held: 120 copies wait; `newsletter issue release weekly-2026-11-27` lets them go.",
        ),
        (HOLD, {"waiting": 1}, "is held: 1 copy waits; `newsletter issue release weekly-2026-11-27` lets it go."),
        (HOLD, {"waiting": 2, "sent": 1_200}, "lets them go. 1,200 copies are out already."),
        (RELEASE, {"waiting": 3, "sent": 1}, "is released: 3 copies to go"),
        (
            SKIP,
            {"dropped": 1},
            "is skipped: nobody gets it, 1 copy was dropped, and its entries are for the next issue",
        ),
        (CANCEL, {"dropped": 80, "sent": 40}, "is cancelled: 80 copies were dropped. 40 copies are out already."),
    ],
)
def test_what_a_word_means_now_is_said_with_numbers(word: Word, counts: dict[str, Any], said: str) -> None:
    assert said in in_words(KEY, word, made=True, **counts)


@pytest.mark.parametrize("word", Word)
def test_what_a_word_means_for_an_issue_that_is_not_made_is_said_without(word: Word) -> None:
    said = in_words(KEY, word, made=False)
    assert said.startswith("weekly-2026-11-27 ")
    assert "cop" not in said.replace("each copy", "")
