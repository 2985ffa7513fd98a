"""What stands below "subscribe"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailbox.commands import Understood, commands_in
from newsletter.readers.asked import ChangeCadence, ChangeTimezone, Subscribe
from subscribers.cadence import Frequency
from subscribers.interests import parse_interests


@pytest.mark.parametrize(
    ("lines", "interests"),
    [
        (["robots", "protein design"], ("robots", "protein design")),
        (["- robots", "* proteins", "• ice", "– sea", "+ stars", "1. one", "2) two", "(3) three"],
         ("robots", "proteins", "ice", "sea", "stars", "one", "two", "three")),
        (["not: surveys", "- not: crypto"], ("not: surveys", "not: crypto")),
        (["", "robots", "", "protein design", ""], ("robots", "protein design")),
        (["robots", "", "Ada Lovelace"], ("robots",)),
        (["robots", "", "Ada", "Analytical Engines Ltd", "https://engines.example"], ("robots",)),
        (["robots", "", "Best regards,", "Ada"], ("robots",)),
        (["robots", "Robots", "ROBOTS"], ("robots",)),
        (["My interests:", "robots", "ice"], ("robots", "ice")),
        (["Interests: robots, ice; snow."], ("robots", "ice", "snow")),
        (["I am interested in walking robots, hands"], ("walking robots", "hands")),
        (["I'd like to read about ice."], ("ice",)),
        (["data", "help", "more robots", "pause in music", "interest rates"],
         ("data", "help", "more robots", "pause in music", "interest rates")),
        (["Graph neural networks."], ("Graph neural networks",)),
        (["量子計算", "می‌خواهم"], ("量子計算", "می‌خواهم")),
        (["---", "!!!", "123"], ()),
        (["subscribe"], ()),
    ],
)  # fmt: skip
def test_lines_are_interests_until_a_signature(lines: list[str], interests: tuple[str, ...]) -> None:
    expected = Understood((Subscribe(interests),), None, prose=False)
    assert commands_in("subscribe", lines) == expected
    assert commands_in("", ["Please subscribe me", *lines]) == expected


@pytest.mark.parametrize(
    "prose",
    [
        "I heard of your newsletter from Ada and would love to read it.",
        "Could you tell me how often it comes?",
        "This is the best idea that anybody had in a long time, and I hope that you go on with it for years to come, "
        "because I need it",
    ],
)
def test_prose_ends_the_interests(prose: str) -> None:
    understood = commands_in("subscribe", ["robots", "", prose, "", "ice"])
    assert understood == Understood((Subscribe(("robots",)),), None, prose=True)


def test_a_line_that_is_too_long_for_an_interest_is_prose() -> None:
    assert commands_in("subscribe", ["x" * 301]) == Understood((Subscribe(),), None, prose=False)
    assert commands_in("subscribe", ["some more words " * 40]) == Understood((Subscribe(),), None, prose=True)


def test_a_cadence_and_a_time_zone_among_the_interests_are_heard() -> None:
    understood = commands_in("subscribe", ["robots", "weekly on friday", "timezone Europe/Paris", "ice"])
    assert understood.commands == (
        Subscribe(("robots", "ice")),
        ChangeCadence(Frequency.WEEKLY, 5, None),
        ChangeTimezone("Europe/Paris"),
    )


@pytest.mark.parametrize(
    ("line", "interests"),
    [
        ("subscribe robotics", ("robotics",)),
        ("subscribe: protein design, robots", ("protein design", "robots")),
        ("Subscribe me to the newsletter: protein design", ("protein design",)),
        ("subscribe to quantum computing", ("quantum computing",)),
    ],
)
def test_interests_may_stand_in_the_line_itself(line: str, interests: tuple[str, ...]) -> None:
    assert commands_in(line, ["ice"]).commands == (Subscribe((*interests, "ice")),)


@given(st.lists(st.text(max_size=80), max_size=12))
def test_whatever_is_taken_for_an_interest_can_be_one(lines: list[str]) -> None:
    for command in commands_in("subscribe", lines).commands:
        if isinstance(command, Subscribe):
            parse_interests(list(command.interests))
