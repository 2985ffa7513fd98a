"""How things stand, in words: the verdict first, times for people, eighty columns, three sources or sixty."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.cli.standing_words import away, in_words, verdict, when
from newsletter.delivery.outcomes import DeliveryState
from newsletter.issues.issue import IssueKey, IssueState
from newsletter.reports import IssueStanding, Status
from newsletter.sourcing import SourceState
from newsletter.ticks import NAMES, Tick
from subscribers.cadence import Frequency
from subscribers.states import State

NOW = datetime(2026, 11, 27, 9, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WELL = {name: Tick(name, NOW - 3 * MINUTE, NOW - 2 * MINUTE, NOW - 2 * MINUTE) for name in NAMES}
KEY = IssueKey(Frequency.WEEKLY, date(2026, 11, 27))


def source(name: str, **more: Any) -> SourceState:
    found: dict[str, Any] = {
        "name": name,
        "location": "https://example.org/feed",
        "entries": 31,
        "pulled_at": NOW - 5 * MINUTE,
        "good_at": NOW - 5 * MINUTE,
        "next_at": NOW + 55 * MINUTE,
        "failures": 0,
        "failing_since": None,
        "error": None,
        "moved_to": None,
    }
    return SourceState(**(found | more))


def bad(name: str, **more: Any) -> SourceState:
    failing = {"error": "it answered 503", "failures": 9, "failing_since": NOW - 3 * DAY, "good_at": NOW - 4 * DAY}
    return source(name, **(failing | more))


def issue(**more: Any) -> IssueStanding:
    found: dict[str, Any] = {"key": KEY, "state": IssueState.RELEASED, "frozen_at": NOW - HOUR}
    return IssueStanding(**(found | more))


def status(*pulls: SourceState, **more: Any) -> Status:
    found: dict[str, Any] = {
        "entries": 1_234,
        "subscribers": {"active": 98_000, "paused": 3},
        "deliveries": {},
        "serving": True,
        "ticks": WELL,
    }
    return Status(pulls=pulls, **(found | more))


def told(found: Status) -> str:
    return "\n".join(in_words(found, NOW))


# -- the verdict


def test_all_is_well_is_the_first_line() -> None:
    assert in_words(status(source("arXiv")), NOW)[0] == "All is well."
    assert verdict(status(source("arXiv")), NOW) == []


def test_a_hiccup_of_a_source_that_worked_is_not_the_first_thing_to_say() -> None:
    hiccup = bad("arXiv", failing_since=NOW - 5 * MINUTE, good_at=NOW - HOUR)
    assert in_words(status(hiccup), NOW)[0] == "All is well."
    assert "it answered 503" in told(status(hiccup))
    for more in ({"failing_since": NOW - 31 * MINUTE}, {"failing_since": NOW, "good_at": None}):
        assert verdict(status(bad("arXiv", **more)), NOW)


def test_one_trouble_is_the_first_line_and_several_are_a_list() -> None:
    one = status(sending_off="the operator switched it off")
    assert in_words(one, NOW)[:2] == [
        "Look at this: No mail goes out: the operator switched it off.",
        "`newsletter mail on` lets it go on.",
    ]
    several = in_words(status(bad("arXiv"), sending_off="the operator switched it off"), NOW)
    assert several[0] == "Look at this:"
    assert several[1].startswith("• No mail goes out")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"rehearsal": "me@example.org"}, "A rehearsal: all mail goes to me@example.org and none to readers"),
        ({"deliveries": {"uncertain": 1}}, "1 mail may or may not have arrived"),
        (
            {"behind": (issue(counts=Counter({DeliveryState.FAILED: 3})),)},
            "3 mails of weekly-2026-11-27 did not leave, 0 did. `newsletter issue show weekly-2026-11-27` says why.",
        ),
        ({"notices": 2, "notices_since": NOW - 2 * HOUR}, "2 notices should have left since 07:05 (2 hours ago)"),
        (
            {"ahead": (issue(state=IssueState.HELD, held_until=NOW + 5 * HOUR),)},
            "weekly-2026-11-27 waits for your word, until 14:05 (in 5 hours) at most: "
            "`newsletter issue release weekly-2026-11-27`.",
        ),
        (
            {"ahead": (issue(state=IssueState.HELD, held_why="gmail.com refuses our mail: “550 blocked”"),)},
            "weekly-2026-11-27 was stopped, because gmail.com refuses our mail: “550 blocked”. Nothing else of it "
            "leaves until `newsletter issue release weekly-2026-11-27`; `newsletter doctor` looks for the reason.",
        ),
        (
            {"ticks": {"make": Tick("make", NOW, NOW, None, NOW - HOUR, "card.html, line 3: broken")}},
            "Making issues has failed since 08:05 (60 minutes ago): card.html, line 3: broken.",
        ),
        (
            {"ticks": {"deliver": Tick("deliver", NOW - 20 * MINUTE, NOW - 21 * MINUTE)}},
            "Sending hangs since 08:45 (20 minutes ago). Restart `newsletter serve`.",
        ),
        (
            {"serving": False, "ticks": {"pull": Tick("pull", NOW - 3 * DAY, NOW - 3 * DAY)}},
            "Nothing has run by itself since Tue 24 Nov 09:05 (3 days ago). `newsletter serve` starts it.",
        ),
    ],
)
def test_each_trouble_is_a_sentence(more: dict[str, Any], words: str) -> None:
    (sentence,) = verdict(status(**more), NOW)
    assert sentence.startswith(words)


@pytest.mark.parametrize(
    "more",
    [
        {"serving": False, "ticks": {}},  # sent by hand
        {"serving": False, "ticks": {"pull": Tick("pull", NOW - HOUR, NOW - HOUR)}},  # by `newsletter tick`
        {"notices": 2, "notices_since": NOW - MINUTE},
        {"ahead": (IssueStanding(key=KEY, state=IssueState.HELD),)},  # it will be
        {"suggestions": 5},
        {"behind": (issue(counts=Counter({DeliveryState.FAILED: 4, DeliveryState.SENT: 96})),)},  # addresses die
    ],
)
def test_what_is_as_it_should_be_is_no_trouble(more: dict[str, Any]) -> None:
    assert verdict(status(**more), NOW) == []


def test_the_heaviest_comes_first() -> None:
    ticks = WELL | {"make": Tick("make", NOW, NOW, None, NOW - HOUR, "broken")}
    found = verdict(status(bad("arXiv"), ticks=ticks, sending_off="x", deliveries={"uncertain": 2}), NOW)
    starts = ["No mail", "Making", "2 mails", "arXiv has failed"]
    assert [sentence[: len(start)] for sentence, start in zip(found, starts, strict=True)] == starts


# -- the parts


def test_what_comes_is_told_with_cut_off_hour_and_readers() -> None:
    ahead = (IssueStanding(key=KEY, state=IssueState.OPEN, first_hour=NOW + 13 * HOUR, readers=40),)
    found = " ".join(told(status(ahead=ahead)).split())
    assert "weekly-2026-11-27 open; cut-off 21:05; 40 readers from 22:05 (in 13 hours) on" in found


def test_an_issue_that_nobody_gets_promises_no_hour() -> None:
    found = told(status(ahead=(issue(state=IssueState.CANCELLED, first_hour=NOW + HOUR, readers=40),)))
    assert "cancelled; nobody else gets it" in found
    assert "readers" not in found.partition("\nComing\n")[2]


def test_copies_that_should_have_left_are_no_well() -> None:
    late = (issue(counts=Counter({DeliveryState.QUEUED: 3}), next_at=NOW - 20 * MINUTE),)
    (trouble,) = verdict(status(ahead=late, serving=False), NOW)
    assert "Copies of weekly-2026-11-27 should have left since 08:45 (20 minutes ago)." in trouble
    assert "`newsletter serve`" in trouble
    assert verdict(status(ahead=late), NOW) == []
    assert verdict(status(ahead=(issue(next_at=NOW - 5 * MINUTE),), serving=False), NOW) == []
    assert verdict(status(ahead=(issue(state=IssueState.HELD, next_at=NOW - DAY),)), NOW) == [
        "weekly-2026-11-27 waits for your word: `newsletter issue release weekly-2026-11-27`."
    ]


def test_of_many_coming_issues_the_first_are_named_and_those_that_somebody_spoke_of() -> None:
    def coming(n: int, state: IssueState = IssueState.OPEN) -> IssueStanding:
        key = IssueKey(Frequency.MONTHLY, date(2026, 12, n))
        return IssueStanding(key=key, state=state, first_hour=NOW + n * DAY, readers=5)

    ahead = (*(coming(n) for n in range(1, 30)), coming(30, IssueState.SKIPPED), coming(31))
    found = told(status(ahead=ahead))
    assert "monthly-2026-12-08" in found
    assert "monthly-2026-12-09" not in found
    assert "  monthly-2026-12-30  skipped; nobody gets it" in found
    assert "  And 22 more, up to monthly-2026-12-31. `newsletter issue list` names each." in found


def test_what_is_behind_us_is_told_with_what_became_of_it() -> None:
    counts = Counter({DeliveryState.SENT: 98_000, DeliveryState.DROPPED: 120, DeliveryState.DEFERRED: 2})
    dropped = Counter({"nothing new": 100, "this person is paused now": 20})
    behind = (issue(counts=counts, dropped=dropped, last_at=NOW + HOUR),)
    found = " ".join(told(status(behind=behind)).split())
    assert "released; 98,000 sent; 2 to go, the last until 10:05 (in 60 minutes); 120 got none" in found
    assert "(nothing new: 100, this person is paused now: 20)" in found


def test_a_few_sources_have_a_line_each() -> None:
    lines = in_words(status(source("arXiv"), source("Daily papers", entries=1), bad("feed")), NOW)
    assert "  arXiv         31 entries, last 09:00 (5 minutes ago), next in 55 minutes" in lines
    assert "  Daily papers  1 entry, last 09:00 (5 minutes ago), next in 55 minutes" in lines
    assert "                trouble: it answered 503. It went well Mon 23 Nov 09:05 (4 days" in lines


def test_of_sixty_sources_only_those_with_trouble_are_named() -> None:
    pulls = [source(f"source {n}", pulled_at=NOW - n * MINUTE) for n in range(59)]
    found = told(status(*pulls, bad("arXiv")))
    assert "arXiv" in found
    assert "source 7" not in found
    assert "59 without trouble, last pulled between 58 minutes ago and now." in found
    assert len(found.splitlines()) < 40


_words = st.text(min_size=1, max_size=200)


@given(
    st.lists(st.tuples(st.text("abc xyz", min_size=1, max_size=60), st.none() | _words), max_size=60),
    _words,
    st.dictionaries(st.sampled_from(list(State)), st.integers(0, 10**7)),
)
def test_it_is_eighty_columns_wide_and_printable(
    pulls: list[tuple[str, str | None]], words: str, people: dict[str, int]
) -> None:
    found = status(
        *(bad(name, error=error) if error else source(name) for name, error in pulls),
        ticks=WELL | {"make": Tick("make", NOW, NOW, None, NOW - HOUR, words)},
        subscribers=people,
        behind=(issue(counts=Counter({DeliveryState.DROPPED: 5}), dropped=Counter({words: 5})),),
    )
    for line in in_words(found, NOW):
        assert line.isprintable()
        # Only a word of somebody else's that is too long stands out.
        assert len(line) <= 80 or max(map(len, line.split())) > 40


def test_commands_are_never_broken() -> None:
    found = status(*(source(f"s{n}") for n in range(40)), suppressed=(("a" * 30 + "@example.org", "bounced", NOW),))
    for line in in_words(found, NOW):
        assert line.count("`") % 2 == 0, line


# -- times


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(seconds=-20), "just now"),
        (MINUTE, "in 1 minute"),
        (-5 * MINUTE, "5 minutes ago"),
        (89 * MINUTE, "in 89 minutes"),
        (90 * MINUTE, "in 2 hours"),
        (-35 * HOUR, "35 hours ago"),
        (36 * HOUR, "in 2 days"),
        (-400 * DAY, "400 days ago"),
    ],
)
def test_how_far_away_a_moment_is(ahead: timedelta, said: str) -> None:
    assert away(NOW + ahead, NOW) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-27T10:05:00+00:00", "10:05 (in 60 minutes)"),
        ("2026-11-27T10:05:00+05:00", "05:05 (4 hours ago)"),
        ("2026-11-28T07:00:00+00:00", "Sat 28 Nov 07:00 (in 22 hours)"),
        ("2027-11-28T07:00:00+00:00", "28 Nov 2027 (in 366 days)"),
    ],
)
def test_a_moment_is_said_in_utc_beside_how_far_away_it_is(moment: str, said: str) -> None:
    assert when(datetime.fromisoformat(moment), NOW) == said


@given(st.timedeltas(min_value=-1_000 * DAY, max_value=1_000 * DAY))
def test_no_moment_is_on_the_wrong_side_of_now(ahead: timedelta) -> None:
    said = away(NOW + ahead, NOW)
    assert said.endswith("ago") <= (ahead < timedelta(0))
    assert said.startswith("in ") <= (ahead > timedelta(0))
