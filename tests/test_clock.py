"""Ticks by the clock: frozen at the cut-off, composed a quarter of an hour ahead, sent at the hour, come what may."""

import pytest
from mainline import ADA, BOB, Open, bring, subscribe, titles
from newsroom import Clock, mails, parsed, recipients

from newsletter import Newsletter
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import DeliveryError
from newsletter.issues.issue import IssueKey, ReasonKind, Section, parse_issue_key
from subscribers.cadence import parse_cadence
from subscribers.evidence import Origin
from subscribers.states import State

EVE = "eve@example.org"
FRIDAY = parse_issue_key("weekly-2026-11-27")
PAGE = Origin("page", "https://news.example.org/")
Rhythm = tuple[str, str, str, str]


class Ticking:
    """A newsletter whose clock is set by hand."""

    def __init__(self, newsletter: Newsletter, clock: Clock) -> None:
        self.newsletter, self.clock = newsletter, clock

    def make(self, at: str) -> tuple[list[IssueKey], int]:
        """What was frozen, and how many copies were composed."""
        self.clock.set(at)
        report = self.newsletter.make()
        return [key for key, _ in report.frozen], report.composed.total()

    def deliver(self, at: str) -> list[str]:
        """To whom something was sent."""
        self.clock.set(at)
        before = set(mails(self.newsletter.project))
        self.newsletter.deliver()
        return recipients(mail for mail in mails(self.newsletter.project) if mail not in before)

    def tick(self, at: str) -> list[str]:
        self.make(at)
        return self.deliver(at)

    def change(self, address: str, *rhythm: str) -> None:
        person = self.newsletter.subscriber(address)
        self.newsletter.readers.change(person, origin=PAGE, cadence=parse_cadence(*rhythm))

    def do(self, what: str, address: str = ADA) -> None:
        desk, person = self.newsletter.readers, self.newsletter.subscriber(address)
        if what == "pause":
            desk.pause(person, None, words="", origin=PAGE)
        else:
            getattr(desk, what)(person, words="", origin=PAGE)

    def states(self, address: str = ADA) -> list[str]:
        reader = self.newsletter.subscriber(address).id
        rows = self.newsletter.database.conn.execute(
            "SELECT state FROM deliveries WHERE subscriber_id = ? AND issue_id IS NOT NULL ORDER BY id", [reader]
        )
        return [row[0] for row in rows]


@pytest.fixture
def ticking(newsletter: Newsletter, clock: Clock) -> Ticking:
    """Ada reads on Fridays at eight in UTC."""
    subscribe(newsletter)
    return Ticking(newsletter, clock)


# -- the course of an issue


def test_frozen_an_hour_ahead_composed_a_quarter_ahead_sent_at_the_hour(ticking: Ticking) -> None:
    assert ticking.make("2026-11-27 06:59") == ([], 0)
    assert ticking.make("2026-11-27 07:00") == ([FRIDAY], 0)
    bring(ticking.newsletter, 100, 3)  # too late for this one
    assert ticking.make("2026-11-27 07:44") == ([], 0)
    assert ticking.make("2026-11-27 07:45") == ([], 1)
    assert ticking.deliver("2026-11-27 07:59") == []
    assert ticking.deliver("2026-11-27 08:00") == [ADA]
    [mail] = mails(ticking.newsletter.project)
    assert all(int(title.split()[1]) < 12 for title in titles(mail))
    assert parsed(mail)["date"].datetime == ticking.clock.now
    assert ticking.tick("2026-11-27 08:01") == []


def test_readers_of_one_date_share_an_issue_wherever_they_live(ticking: Ticking) -> None:
    subscribe(ticking.newsletter, BOB, cadence=("weekly", "friday", "08:00", "Pacific/Kiritimati"))
    subscribe(ticking.newsletter, EVE, cadence=("weekly", "friday", "20:00", "Pacific/Pago_Pago"))
    assert ticking.make("2026-11-26 16:59") == ([], 0)
    assert ticking.make("2026-11-26 17:00") == ([FRIDAY], 0)
    assert ticking.tick("2026-11-26 18:00") == [BOB]
    assert ticking.tick("2026-11-27 08:00") == [ADA]
    assert ticking.tick("2026-11-28 07:00") == [EVE]
    assert [stored.key for stored in ticking.newsletter.frozen_issues()] == [FRIDAY]


def test_an_issue_that_would_be_empty_stays_open_until_the_hour(ticking: Ticking) -> None:
    assert ticking.tick("2026-11-27 08:00") == [ADA]
    assert ticking.make("2026-12-04 07:00") == ([], 0)
    bring(ticking.newsletter, 100, 4)
    assert ticking.make("2026-12-04 07:30") == ([parse_issue_key("weekly-2026-12-04")], 0)
    assert ticking.tick("2026-12-04 08:00") == [ADA]


def test_a_vote_counts_until_the_copy_is_composed(ticking: Ticking) -> None:
    newsletter = ticking.newsletter
    subscribe(newsletter, BOB, interests=())
    ticking.make("2026-11-27 07:00")
    before = {pick.pick.entry_id for pick in newsletter.preview(BOB).picks}
    disliked = newsletter.preview(BOB).picks[0].pick.entry_id
    ticking.clock.set("2026-11-27 07:44")
    for pick in newsletter.preview(BOB).picks:
        if pick.pick.entry_id != disliked:
            newsletter.readers.vote(newsletter.subscriber(BOB), pick.pick.entry_id, 1)
    ticking.make("2026-11-27 07:45")
    composed = newsletter.preview(BOB)
    assert not composed.draft
    assert any(pick.pick.reason is ReasonKind.LIKED for pick in composed.picks)
    # What is composed does not change any more.
    for entry_id in before:
        newsletter.readers.vote(newsletter.subscriber(BOB), entry_id, -1)
    assert sorted(ticking.tick("2026-11-27 08:00")) == [ADA, BOB]
    assert newsletter.preview(BOB).message == composed.message
    assert composed.message in mails(newsletter.project)


@pytest.mark.parametrize(("voters", "said"), [(1, "one person liked it"), (3, "3 people liked it")])
def test_what_readers_of_one_issue_like_is_a_favourite_of_another(ticking: Ticking, voters: int, said: str) -> None:
    newsletter = ticking.newsletter
    daily = [f"daily{n}@example.org" for n in range(voters)]
    for address in daily:
        subscribe(newsletter, address, cadence=("daily", "", "08:00", "UTC"))
    ticking.clock.set("2026-11-26 08:00")
    bring(newsletter, 100, 4)
    assert ticking.tick("2026-11-26 08:00") == daily
    liked = 105 - 4 + 1  # of graph networks, which Ada does not follow
    row = newsletter.database.conn.execute("SELECT id FROM entries WHERE title LIKE ?", [f"Study {liked} %"]).fetchone()
    for address in daily:
        newsletter.readers.vote(newsletter.subscriber(address), row[0], 1)
    ticking.make("2026-11-27 07:00")
    ticking.make("2026-11-27 07:45")
    [shown] = [pick for pick in newsletter.preview(ADA).picks if pick.pick.section is Section.FAVOURITES]
    assert shown.pick.entry_id == row[0]
    assert said in shown.reason


# -- what machines do


def test_a_daily_reader_gets_one_issue_after_three_days_of_silence(ticking: Ticking) -> None:
    subscribe(ticking.newsletter, BOB, cadence=("daily", "", "06:00", "UTC"))
    for n, day in enumerate((23, 24)):
        bring(ticking.newsletter, 100 + n, 1)
        assert ticking.tick(f"2026-11-{day} 06:00") == [BOB]
    bring(ticking.newsletter, 200, 3)
    assert ticking.tick("2026-11-27 07:00") == [BOB]
    last = parsed(mails(ticking.newsletter.project)[-1])
    assert {int(title.split()[1]) for title in titles(last.as_bytes())} <= {200, 201, 202}
    assert ticking.tick("2026-11-27 07:01") == []
    made = {str(stored.key) for stored in ticking.newsletter.frozen_issues()}
    assert made == {"daily-2026-11-23", "daily-2026-11-24", "daily-2026-11-27", "weekly-2026-11-27"}


@pytest.mark.parametrize(
    ("back", "sent"),
    [("2026-12-06 08:00", True), ("2026-12-06 07:50", True), ("2026-12-06 08:01", False)],
)
@pytest.mark.parametrize("composed", [True, False])
def test_a_weekly_issue_waits_two_days_for_the_machine(
    ticking: Ticking, open_newsletter: Open, back: str, sent: bool, composed: bool
) -> None:
    """To the minute, whether the copy was composed before or not. What nobody got is in the next one."""
    assert ticking.tick("2026-11-27 08:00") == [ADA]
    bring(ticking.newsletter, 50, 3)
    if composed:
        assert ticking.make("2026-12-04 07:45")[1] == 1
    ticking.newsletter.close()
    ticking.newsletter = open_newsletter()
    assert ticking.tick(back) == ([ADA] if sent else [])
    bring(ticking.newsletter, 100, 3)
    assert ticking.tick("2026-12-11 08:00") == [ADA]
    numbers = {int(title.split()[1]) for title in titles(mails(ticking.newsletter.project)[-1])}
    assert numbers & {100, 101, 102}
    if not composed:
        assert bool(numbers & {50, 51, 52}) is not sent


def test_a_clock_that_jumps_back_sends_nothing_again(ticking: Ticking) -> None:
    assert ticking.tick("2026-11-27 08:00") == [ADA]
    assert ticking.tick("2026-11-27 07:00") == []
    assert ticking.tick("2026-11-27 08:00") == []


def test_a_clock_that_jumps_back_between_composing_and_sending_sends_once(ticking: Ticking) -> None:
    ticking.make("2026-11-27 07:50")
    assert ticking.tick("2026-11-27 06:55") == []
    assert ticking.tick("2026-11-27 07:59") == []
    assert ticking.tick("2026-11-27 08:00") == [ADA]
    assert ticking.tick("2026-11-27 08:10") == []


def test_mail_that_is_switched_off_over_the_hour_goes_out_when_it_is_on_again(ticking: Ticking) -> None:
    ticking.make("2026-11-27 07:45")
    ticking.newsletter.switch_sending(off=True)
    with pytest.raises(DeliveryError, match="switched off"):
        ticking.deliver("2026-11-27 08:00")
    ticking.newsletter.switch_sending(off=False)
    assert ticking.tick("2026-11-27 19:00") == [ADA]


# -- what readers do around their hour


@pytest.mark.parametrize(
    "rhythm",
    [
        ("weekly", "friday", "18:00", "UTC"),
        ("weekly", "friday", "07:00", "UTC"),
        ("weekly", "monday", "08:00", "UTC"),
        ("weekly", "friday", "08:00", "Pacific/Honolulu"),
        ("weekly", "friday", "08:00", "Pacific/Kiritimati"),
    ],
)
def test_whoever_moves_their_hour_after_composing_gets_that_copy_once(ticking: Ticking, rhythm: Rhythm) -> None:
    """It goes out at the hour for which it was composed; the next week's at the new one."""
    ticking.make("2026-11-27 07:45")
    ticking.change(ADA, *rhythm)
    had = [address for hour in range(8, 24) for address in ticking.tick(f"2026-11-27 {hour:02}:00")]
    had += ticking.tick("2026-11-28 18:00") + ticking.tick("2026-11-29 23:00")
    assert had == [ADA]
    bring(ticking.newsletter, 100, 3)
    week = [f"2026-{day} {hour}:00" for day in ("11-30", "12-01", "12-03", "12-04", "12-05") for hour in ("08", "18")]
    assert [address for moment in week for address in ticking.tick(moment)] == [ADA]


def test_whoever_moves_to_a_day_that_is_gone_has_this_weeks_now(ticking: Ticking) -> None:
    """On Thursday from Friday to Monday: this Monday's, three days late by its date, is on time by theirs."""
    assert ticking.tick("2026-11-26 10:00") == []
    ticking.change(ADA, "weekly", "monday", "08:00", "UTC")
    assert ticking.newsletter.readers.first_issue(ticking.newsletter.subscriber(ADA)).endswith("Monday, 30 November")
    assert ticking.tick("2026-11-26 10:01") == [ADA]
    assert ticking.tick("2026-11-27 08:00") == []
    bring(ticking.newsletter, 100, 3)
    assert ticking.tick("2026-11-30 08:00") == [ADA]


@pytest.mark.parametrize("state", [State.UNSUBSCRIBED, State.PAUSED])
def test_whoever_is_away_at_their_hour_gets_nothing(ticking: Ticking, state: State) -> None:
    ticking.make("2026-11-27 07:45")
    ticking.do("leave" if state is State.UNSUBSCRIBED else "pause")
    assert ticking.tick("2026-11-27 08:00") == []
    assert ticking.states() == [DeliveryState.DROPPED]
    assert [copy.why for copy in ticking.newsletter.not_sent()] == [f"this person is {state} now"]


def test_whoever_takes_leaving_back_gets_the_issue_that_left_without_them(ticking: Ticking) -> None:
    ticking.make("2026-11-27 07:45")
    ticking.do("leave")
    assert ticking.tick("2026-11-27 08:00") == []
    ticking.clock.set("2026-11-28 07:00")
    ticking.do("stay")
    assert ticking.tick("2026-11-28 07:01") == [ADA]
    assert ticking.tick("2026-11-28 07:02") == []
    assert ticking.states() == [DeliveryState.SENT]


def test_whoever_takes_a_pause_back_gets_it_too(ticking: Ticking) -> None:
    ticking.make("2026-11-27 07:45")
    ticking.do("pause")
    assert ticking.tick("2026-11-27 08:00") == []
    ticking.clock.set("2026-11-27 12:00")
    ticking.do("resume")
    told = ticking.newsletter.readers.first_issue(ticking.newsletter.subscriber(ADA))
    assert told == "in a few minutes, and the one after it on Friday, 4 December"
    assert ticking.tick("2026-11-27 12:01") == [ADA]
    bring(ticking.newsletter, 100, 3)
    assert ticking.tick("2026-12-04 08:00") == [ADA]


def test_whoever_is_back_within_a_day_gets_nothing_if_the_machine_was_down_for_two(ticking: Ticking) -> None:
    ticking.make("2026-11-27 07:45")
    ticking.do("leave")
    assert ticking.tick("2026-11-27 08:00") == []
    ticking.clock.set("2026-11-28 07:45")
    ticking.do("stay")
    assert ticking.tick("2026-11-29 08:01") == []
    assert ticking.states() == [DeliveryState.DROPPED]


def test_leaving_and_staying_within_the_quarter_of_an_hour_changes_nothing(ticking: Ticking) -> None:
    ticking.make("2026-11-27 07:45")
    composed = ticking.newsletter.preview(ADA).message
    ticking.do("leave")
    ticking.do("stay")
    assert ticking.tick("2026-11-27 08:00") == [ADA]
    assert mails(ticking.newsletter.project) == [composed]


def test_who_had_theirs_and_comes_and_goes_gets_no_second_one(ticking: Ticking) -> None:
    assert ticking.tick("2026-11-27 08:00") == [ADA]
    for what in ("leave", "stay", "pause", "resume", "leave", "stay"):
        ticking.clock.forward(minutes=1)
        ticking.do(what)
        ticking.newsletter.make()
        ticking.newsletter.deliver()
    assert len(mails(ticking.newsletter.project)) == 1


def test_entries_of_a_copy_that_was_dropped_are_in_the_one_that_comes_instead(ticking: Ticking) -> None:
    ticking.make("2026-11-27 07:45")
    picks = {pick.title for pick in ticking.newsletter.preview(ADA).picks}
    ticking.do("leave")
    ticking.tick("2026-11-27 08:00")
    ticking.do("stay")
    assert ticking.tick("2026-11-27 08:01") == [ADA]
    assert titles(mails(ticking.newsletter.project)[0]) == picks
