"""The first issue: at once for who would wait a week, on their own day for who would not, and never twice."""

import re
from datetime import date
from pathlib import Path

import pytest
from mainline import Open, bring, titles
from newsroom import Clock, make_project, parsed

from newsletter import Newsletter
from subscribers.cadence import Cadence, parse_cadence
from subscribers.evidence import Origin
from subscribers.importing import import_readers
from subscribers.people import Subscriber
from subscribers.states import State

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow

ADA, EVE = "ada@example.org", "eve@example.org"
FRIDAYS = parse_cadence("weekly", "friday", "08:00", "UTC")
MONDAYS = parse_cadence("weekly", "monday", "08:00", "UTC")
FIRSTS = parse_cadence("monthly", "1", "08:00", "UTC")
DAILY = parse_cadence("daily", "", "08:00", "UTC")
PAGE = Origin("page", "https://news.example.org/")


class House:
    """A newsletter that ticks when it is told to."""

    def __init__(self, newsletter: Newsletter, clock: Clock) -> None:
        self.newsletter, self.clock = newsletter, clock
        self._read: set[Path] = set()

    def join(self, address: str = ADA, cadence: Cadence = FRIDAYS) -> Subscriber:
        """Ask, and follow the link in the mail."""
        readers = self.newsletter.readers
        readers.request(address, interests=["walking robots"], cadence=cadence, words="", origin=PAGE)
        self.newsletter.send_notices()
        assert readers.confirm(_token(self.new()[-1]), words="Yes", origin=PAGE)
        return self.person(address)

    def person(self, address: str = ADA) -> Subscriber:
        return self.newsletter.subscriber(address)

    def tick(self, at: str = "") -> list[bytes]:
        """Make and deliver; the issues that went out."""
        if at:
            self.clock.set(at)
        self.newsletter.tend()
        self.newsletter.make()
        self.newsletter.deliver()
        return [mail for mail in self.new() if titles(mail)]

    def new(self) -> list[bytes]:
        fresh = sorted(set((self.newsletter.project / "outbox").glob("*.eml")) - self._read)
        self._read |= set(fresh)
        return [path.read_bytes() for path in fresh]

    def told(self, address: str = ADA) -> str:
        return self.newsletter.readers.first_issue(self.person(address))

    def issues(self) -> list[str]:
        return sorted(str(stored.key) for stored in self.newsletter.frozen_issues())


def _token(mail: bytes) -> str:
    body = parsed(mail).get_body(("plain",))
    assert body is not None
    found = re.search(r"/confirm/([a-z2-7]{26})", body.get_content())
    assert found, body.get_content()
    return found[1]


@pytest.fixture
def house(newsletter: Newsletter, clock: Clock) -> House:
    """Friday's issue of week 48 is out to Eve; it is Saturday, and five more entries have come in."""
    newsletter.subscribe(EVE, interests=["walking robots"], cadence=FRIDAYS)
    house = House(newsletter, clock)
    assert len(house.tick("2026-11-27 08:00")) == 1
    bring(newsletter, 100, 5)
    clock.set("2026-11-28 10:00")
    return house


def numbers(mail: bytes) -> set[int]:
    return {int(title.split()[1]) for title in titles(mail)}


def test_who_joins_on_a_saturday_gets_fridays_issue_at_once_and_the_next_one_on_friday(house: House) -> None:
    house.join()
    assert house.told() == "in a few minutes, and the one after it on Friday, 4 December"
    [mail] = house.tick("2026-11-28 10:01")
    assert parsed(mail)["to"].addresses[0].addr_spec == ADA
    assert numbers(mail) <= set(range(12))  # what was frozen, not what has come in since
    assert house.issues() == ["weekly-2026-11-27"]
    assert house.told() == "on Friday, 4 December"
    assert house.tick("2026-11-28 10:02") == house.tick("2026-11-29 10:00") == []
    first, second = house.tick("2026-12-04 08:00")
    assert {numbers(first) <= set(range(100, 105)), numbers(second) <= set(range(100, 105))} == {True}


def test_it_is_composed_for_them_by_what_they_follow(house: House) -> None:
    house.join()
    [mail] = house.tick("2026-11-28 10:01")
    body = parsed(mail).get_body(("plain",))
    assert body is not None
    assert "walking robots" in body.get_content()
    assert house.newsletter.latest_issue(ADA) == "weekly-2026-11-27"


def test_who_joins_two_days_before_their_day_waits_for_it(house: House) -> None:
    house.join(cadence=MONDAYS)  # in 46 hours
    assert house.told() == "on Monday, 30 November"
    assert house.tick("2026-11-28 10:01") == []
    assert len(house.tick("2026-11-30 08:00")) == 1


def test_who_joins_on_a_day_of_another_weekday_gets_the_latest_of_their_period(house: House) -> None:
    tuesday = parse_cadence("weekly", "tuesday", "08:00", "UTC")
    house.join(cadence=tuesday)  # the last Tuesday lies in the week whose Friday's issue is out
    assert len(house.tick("2026-11-28 10:01")) == 1
    assert house.issues() == ["weekly-2026-11-27"]
    assert len(house.tick("2026-12-01 08:00")) == 1


def test_where_none_of_their_frequency_is_out_one_is_made(house: House) -> None:
    house.join(cadence=FIRSTS)
    assert len(house.tick("2026-11-28 10:01")) == 1
    assert house.issues() == ["monthly-2026-11-01", "weekly-2026-11-27"]


def test_nothing_goes_out_while_there_is_nothing(tmp_path: Path, open_newsletter: Open, clock: Clock) -> None:
    newsletter = (make_project(tmp_path, entries=0), open_newsletter())[1]
    house = House(newsletter, clock)
    clock.set("2026-11-28 10:00")
    house.join()
    assert house.told() == "on Friday, 4 December"
    assert house.tick("2026-11-28 10:01") == []
    assert house.issues() == []
    # Something comes in while they would still be glad of it.
    bring(newsletter, 0, 6)
    assert len(house.tick("2026-11-29 10:00")) == 1
    assert house.tick("2026-11-29 10:01") == []


def test_nothing_comes_two_days_after_it_would_have(tmp_path: Path, open_newsletter: Open, clock: Clock) -> None:
    newsletter = (make_project(tmp_path, entries=0), open_newsletter())[1]
    house = House(newsletter, clock)
    clock.set("2026-11-28 10:00")
    house.join()
    bring(newsletter, 0, 6)
    assert house.tick("2026-11-30 10:01") == []
    assert len(house.tick("2026-12-04 08:00")) == 1


@pytest.mark.parametrize("away", [6, 8])
def test_who_comes_back_gets_one_unless_they_had_one_within_a_week(house: House, away: int) -> None:
    """Eve had Friday's; she pauses on Saturday and comes back on Thursday or on the Saturday after."""
    house.newsletter.readers.pause(house.person(EVE), None, words="", origin=PAGE)
    assert house.tick("2026-12-03 09:00") == []
    if away == 8:
        house.newsletter.subscribe(ADA, interests=["music"], cadence=FRIDAYS)
        assert len(house.tick("2026-12-04 08:00")) == 1
    house.clock.set(f"2026-12-0{27 + away - 30} 10:00")
    house.newsletter.readers.resume(house.person(EVE), words="", origin=PAGE)
    expected = {6: "on Friday, 4 December", 8: "in a few minutes, and the one after it on Friday, 11 December"}[away]
    assert house.told(EVE) == expected
    house.clock.forward(minutes=1)
    assert len(house.tick()) == (away == 8)
    house.clock.forward(minutes=1)
    assert house.tick() == []


def test_who_pauses_until_a_day_gets_that_midnights_issue(house: House) -> None:
    """The hour of midnight on the first day after a pause is theirs."""
    midnight = parse_cadence("daily", "", "00:00", "Europe/Paris")
    house.newsletter.subscribe(ADA, interests=["walking robots"], cadence=midnight)
    house.newsletter.readers.pause(house.person(), date(2026, 11, 30), words="", origin=PAGE)
    assert house.tick("2026-11-29 22:59") == []
    bring(house.newsletter, 200, 3)
    house.clock.set("2026-11-29 23:00")
    assert len(house.tick()) == 1


def test_a_pause_that_ended_while_the_machine_was_down_ended_on_its_day(house: House) -> None:
    """Until Thursday; on Friday, after a night without power, Friday's issue is theirs, and no welcome besides."""
    house.newsletter.readers.pause(house.person(EVE), date(2026, 12, 3), words="", origin=PAGE)
    assert house.tick("2026-12-02 23:00") == []
    assert len(house.tick("2026-12-04 20:00")) == 1
    assert house.tick("2026-12-04 20:01") == []


def test_who_goes_from_daily_to_monthly_waits_if_they_had_one_and_else_does_not(house: House) -> None:
    desk = house.newsletter.readers
    house.clock.set("2026-12-06 10:00")
    desk.change(house.person(EVE), origin=PAGE, cadence=FIRSTS)  # her last one came nine days ago
    assert len(house.tick("2026-12-06 10:01")) == 1
    desk.change(house.person(EVE), origin=PAGE, cadence=FRIDAYS)
    assert house.tick("2026-12-06 10:02") == []
    assert house.told(EVE) == "on Friday, 11 December"


def test_there_and_back_again_within_a_week_loses_no_issue(house: House) -> None:
    desk = house.newsletter.readers
    house.clock.set("2026-12-02 10:00")
    desk.change(house.person(EVE), origin=PAGE, cadence=FIRSTS)
    assert house.tick("2026-12-02 10:01") == []
    house.clock.set("2026-12-05 10:00")
    desk.change(house.person(EVE), origin=PAGE, cadence=FRIDAYS)  # yesterday's was made for nobody
    assert len(house.tick("2026-12-05 10:01")) == 1
    bring(house.newsletter, 200, 5)
    assert len(house.tick("2026-12-11 08:00")) == 1


def test_whom_the_operator_adds_waits_for_their_day(house: House) -> None:
    house.newsletter.subscribe(ADA, interests=["walking robots"], cadence=FRIDAYS)
    assert house.told() == "on Friday, 4 December"
    assert house.tick("2026-11-28 10:01") == []


def test_who_is_brought_in_with_a_list_waits_for_their_day(house: House, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("email,status,confirmed_at\nada@example.org,active,2026-01-01\n", "utf-8")
    import_readers(house.newsletter.database, path, cadence=FRIDAYS, now=house.clock.now)
    assert house.person().state is State.ACTIVE
    assert house.told() == "on Friday, 4 December"
    assert house.tick("2026-11-28 10:01") == []
    bring(house.newsletter, 200, 5)
    assert len(house.tick("2026-12-04 08:00")) == 2  # Eve's too


def test_who_left_and_confirms_anew_is_welcome(house: House) -> None:
    house.newsletter.readers.leave(house.person(EVE), words="", origin=PAGE)
    house.clock.set("2026-12-05 10:00")
    house.join(EVE)
    assert len(house.tick("2026-12-05 10:01")) == 1


def test_taking_leaving_back_is_no_joining(house: House) -> None:
    house.newsletter.readers.leave(house.person(EVE), words="", origin=PAGE)
    house.newsletter.readers.stay(house.person(EVE), words="", origin=PAGE)
    assert house.tick("2026-11-28 10:01") == []
    assert house.told(EVE) == "on Friday, 4 December"
