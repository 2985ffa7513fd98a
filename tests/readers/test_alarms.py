"""Alarms: pure rules, one mail that gathers, nothing twice within a day, nothing while all is well."""

import shutil
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from frontdesk import OP, Desk, text_of, to
from hypothesis import given
from hypothesis import strategies as st
from ledgerbook import came_back, copies, made

from newsletter import ticks
from newsletter.alarms import LEAST, PART, TIMES, Alarm, Facts, alarms, gather, jumped, raise_alarms
from newsletter.delivery.tallies import Returned
from newsletter.delivery.whole_issues import stop_issue
from newsletter.issues.issue import parse_issue_key
from newsletter.sourcing import SourceState
from newsletter.ticks import Tick

pytest_plugins = ("frontdesk_fixtures",)
NOW = datetime.fromisoformat("2026-11-27T08:00:00+00:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GB = 1_000_000_000


def facts(**more: Any) -> Facts:
    well: dict[str, Any] = {
        "ticks": {name: Tick(name, NOW, NOW, NOW) for name in ticks.NAMES},
        "pulls": [source("arXiv")],
        "of_late": Returned(1_000, 5),
        "before": Returned(7_000, 35),
        "disk": 100 * GB,
        "free": 50 * GB,
    }
    return Facts(**(well | more))


def source(name: str, failing: timedelta | None = None, **more: Any) -> SourceState:
    found: dict[str, Any] = {
        "name": name,
        "location": "https://example.org/feed",
        "entries": 3,
        "pulled_at": NOW,
        "good_at": NOW,
        "next_at": NOW + HOUR,
        "failures": 0,
        "failing_since": None,
        "error": None,
        "moved_to": None,
    }
    if failing is not None:
        found |= {"failures": 9, "failing_since": NOW - failing, "error": "it answered 503", "good_at": None}
    return SourceState(**(found | more))


def failing(name: str, since: timedelta) -> dict[str, Tick]:
    return {name: Tick(name, NOW, NOW, NOW - DAY, NOW - since, "templates/issue/card.html, line 3: no such thing")}


def about(found: list[Alarm]) -> list[str]:
    return [alarm.about for alarm in found]


# -- rules


def test_while_all_is_well_there_is_nothing_to_tell() -> None:
    assert alarms(facts(), NOW) == []
    assert alarms(facts(ticks={}, pulls=[], of_late=Returned(0, 0), before=Returned(0, 0)), NOW) == []


@pytest.mark.parametrize(
    ("name", "since", "told"),
    [
        ("make", 9 * MINUTE, []),
        ("make", 10 * MINUTE, ["make"]),
        ("pull", 59 * MINUTE, []),
        ("pull", HOUR, ["tick pull"]),
        ("deliver", HOUR, ["tick deliver"]),
        ("tend", DAY, ["tick tend"]),
    ],
)
def test_what_runs_by_itself_may_fail_for_a_while(name: str, since: timedelta, told: list[str]) -> None:
    found = alarms(facts(ticks=failing(name, since)), NOW)
    assert about(found) == told
    for alarm in found:
        assert "card.html, line 3: no such thing." in alarm.lines[0]
        assert f"{NOW - since:%H:%M} UTC" in alarm.lines[0]


def test_a_source_is_told_after_two_days_with_all_that_helps() -> None:
    pulls = [source("a", 47 * HOUR), source("b", 48 * HOUR, moved_to="https://new.example.org/")]
    (alarm,) = alarms(facts(pulls=pulls), NOW)
    assert alarm.subject == "b fails"
    assert alarm.lines[0] == (
        "b has failed since Wednesday 25 November 08:00 UTC: it answered 503. Next try: Friday 27 November 09:00 UTC. "
        "It has moved for good; write its new address into the settings: https://new.example.org/"
    )
    (alarm,) = alarms(facts(pulls=[source(f"s{n}", 3 * DAY) for n in range(30)]), NOW)
    assert alarm.subject == "30 sources fail"
    assert sum(line.startswith("s") for line in alarm.lines) == 20
    assert "And 10 more." in alarm.lines


@pytest.mark.parametrize(
    ("disk", "free", "told"),
    [
        (100 * GB, 6 * GB, False),
        (100 * GB, 4.9 * GB, True),
        (2_000 * GB, 90 * GB, False),
        (2_000 * GB, 4 * GB, True),
        (1 * GB, 0.3 * GB, False),
        (1 * GB, 0.19 * GB, True),
        (0, 0, True),
    ],
)
def test_a_disk_is_told_before_it_is_full(disk: float, free: float, told: bool) -> None:
    assert about(alarms(facts(disk=int(disk), free=int(free)), NOW)) == (["disk"] if told else [])


@pytest.mark.parametrize(
    ("of_late", "before", "told"),
    [
        ((100, 10), (1_000, 20), True),
        ((100, 9), (1_000, 0), False),  # too few to mean anything
        ((1_000, 40), (1_000, 0), False),  # a small part
        ((100, 10), (1_000, 40), False),  # it is always like that
        ((100, 12), (0, 0), True),  # nothing is usual yet
        ((0, 0), (0, 0), False),
        ((98_000, 5_000), (700_000, 6_000), True),
    ],
)
def test_bounces_jump_by_number_by_part_and_against_the_usual(
    of_late: tuple[int, int], before: tuple[int, int], told: bool
) -> None:
    assert jumped(Returned(*of_late), Returned(*before)) is told
    assert about(alarms(facts(of_late=Returned(*of_late), before=Returned(*before)), NOW)) == ["bounces"] * told


_mailed = st.integers(0, 10**6).flatmap(lambda n: st.builds(Returned, st.just(n), st.integers(0, n)))


@given(_mailed, _mailed, st.integers(0, 1_000))
def test_more_that_comes_back_never_ends_an_alarm(of_late: Returned, before: Returned, more: int) -> None:
    worse = Returned(of_late.mailed, min(of_late.mailed, of_late.returned + more))
    assert jumped(worse, before) or not jumped(of_late, before)


@given(_mailed, _mailed, st.integers(0, 1_000))
def test_what_was_worse_before_never_begins_one(of_late: Returned, before: Returned, more: int) -> None:
    worse = Returned(before.mailed, min(before.mailed, before.returned + more))
    assert not jumped(of_late, worse) or jumped(of_late, before)


@given(_mailed, _mailed)
def test_an_alarm_means_many_and_a_large_part_and_more_than_usual(of_late: Returned, before: Returned) -> None:
    if jumped(of_late, before):
        assert of_late.returned >= LEAST
        assert of_late.returned >= PART * of_late.mailed * (1 - 1e-9)
        assert of_late.rate >= TIMES * before.rate


@given(st.integers(1, 10_000), st.floats(0, 1), st.integers(1, 6))
def test_a_rhythm_of_any_length_is_no_jump(mailed: int, part: float, weeks: int) -> None:
    """As much of each issue comes back as ever, however long nothing was mailed."""
    back = int(mailed * part)
    assert back == 0 or not jumped(Returned(mailed, back), Returned(mailed * weeks, back * weeks))


# -- telling


def ring(desk: Desk, found: Facts) -> list[str]:
    new = raise_alarms(desk.db, desk.readers, desk.newsletter.settings, found, desk.clock())
    return about(new)


BAD = {"ticks": failing("make", HOUR), "pulls": [source("arXiv", 3 * DAY)], "free": 1_000_000}


def test_all_of_it_is_one_mail_and_not_again_within_a_day(desk: Desk) -> None:
    desk.clock.now = NOW
    assert ring(desk, facts(**BAD)) == ["make", "disk", "sources"]
    (mail,) = desk.mails()
    assert to(mail) == OP
    assert mail["subject"] == "Paper Robots: an issue could not be made, and 2 more things"
    said = " ".join(text_of(mail).split())
    for words in ("card.html, line 3", "1 MB left", "arXiv has failed since", "newsletter status"):
        assert words in said
    for _ in range(200):
        desk.clock.forward(minutes=5)
        assert ring(desk, facts(**BAD)) == []
    assert desk.mails() == []
    desk.clock.forward(hours=8)
    assert ring(desk, facts(**BAD)) == ["make", "disk", "sources"]
    assert len(desk.mails()) == 1


def test_what_is_new_is_told_the_same_day_and_alone(desk: Desk) -> None:
    desk.clock.now = NOW
    assert ring(desk, facts(pulls=[source("arXiv", 3 * DAY)])) == ["sources"]
    desk.clock.forward(hours=1)
    assert ring(desk, facts(**BAD)) == ["make", "disk"]
    assert [mail["subject"] for mail in desk.mails()] == [
        "Paper Robots: arXiv fails",
        "Paper Robots: an issue could not be made, and 1 more thing",
    ]


def test_when_all_is_well_again_nothing_is_mailed(desk: Desk) -> None:
    desk.clock.now = NOW
    ring(desk, facts(**BAD))
    desk.mails()
    desk.clock.forward(days=1, minutes=1)
    assert ring(desk, facts()) == []
    assert desk.mails() == []


def test_it_is_remembered_over_a_restart(desk: Desk) -> None:
    desk.clock.now = NOW
    ring(desk, facts(**BAD))
    desk.restart()
    assert ring(desk, facts(**BAD)) == []


def test_without_an_operator_it_is_only_for_the_log(desk: Desk) -> None:
    desk.clock.now = NOW
    settings: Any = SimpleNamespace(mailbox=SimpleNamespace(operator=""))
    new = raise_alarms(desk.db, desk.readers, settings, facts(**BAD), desk.clock())
    assert about(new) == ["make", "disk", "sources"]
    assert raise_alarms(desk.db, desk.readers, settings, facts(**BAD), desk.clock()) == []
    assert desk.mails() == []


def test_what_a_server_says_is_words_in_the_mail(desk: Desk) -> None:
    desk.clock.now = NOW
    evil = source("arXiv", 3 * DAY, error="[click](https://evil.example/) <b>now</b>\r\nBcc: x@evil.example\n# x")
    ring(desk, facts(pulls=[evil]))
    (mail,) = desk.mails()
    html = mail.get_body(("html",))
    assert html is not None
    assert "<b>" not in html.get_content()
    assert 'href="https://evil' not in html.get_content()
    assert mail["bcc"] is None


# -- the facts


def test_the_facts_are_gathered_from_database_and_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = desk.clock()
    issue, _ = made(desk.db, "2026-11-22", now)
    mailed = copies(desk.db, issue, now - HOUR, 40)
    came_back(desk.db, mailed[:12], now)
    ticks.ended(desk.db, "make", now - HOUR, "broken")
    ticks.ended(desk.db, "make", now, "broken")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10 * GB, free=100_000_000))
    found = gather(desk.db, desk.folder, [], now)
    assert (found.of_late, found.before) == (Returned(40, 12), Returned(0, 0))
    assert about(alarms(found, now)) == ["make", "disk", "bounces"]
    monkeypatch.undo()
    assert gather(desk.db, desk.folder, [], now).free > 0


def test_mail_that_became_uncertain_is_told_with_what_to_do() -> None:
    [alarm] = alarms(facts(uncertain=(2, 5)), NOW)
    assert (alarm.about, alarm.subject) == ("uncertain", "2 mails may or may not have arrived")
    assert "(5 in all)" in alarm.lines[0]
    assert "settle ID --sent" in alarm.lines[1]
    # What was told is told no more, also where nobody has settled it.
    assert alarms(facts(uncertain=(0, 5)), NOW) == []


def test_an_issue_that_is_still_stopped_is_told_from_the_second_day_on() -> None:
    key = parse_issue_key("weekly-2026-11-27")
    assert alarms(facts(stopped=[(key, "the server minds us", NOW - DAY + MINUTE)]), NOW) == []
    [alarm] = alarms(facts(stopped=[(key, "the server minds us", NOW - DAY)]), NOW)
    assert alarm.subject == "weekly-2026-11-27 is still stopped"
    assert "because the server minds us." in alarm.lines[0]


def test_what_is_stopped_and_uncertain_is_gathered_too(desk: Desk) -> None:
    now = desk.clock()
    issue, key = made(desk.db, "2026-11-27", now)
    copies(desk.db, issue, now - 2 * DAY, 3, "uncertain")
    copies(desk.db, issue, now - HOUR, 1, "uncertain")
    stop_issue(desk.db, issue, "the server minds us", now)
    found = gather(desk.db, desk.folder, [], now)
    assert (found.uncertain, list(found.stopped)) == ((1, 4), [(key, "the server minds us", now)])
