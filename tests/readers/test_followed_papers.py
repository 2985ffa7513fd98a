"""What a mail about papers does, and how it is said and taken back."""

import pytest
from frontdesk import ADA, MAIL, Desk

from newsletter.readers.asked import Follow, Mute, Unfollow
from newsletter.readers.doing import carry_out, wish_in_words

pytest_plugins = ("frontdesk_fixtures",)


def said(desk: Desk, *commands: Follow | Unfollow | Mute) -> tuple[str, str]:
    """(what was done, how it is taken back)."""
    person = desk.newsletter.subscriber(ADA)
    done = carry_out(desk.readers, person, commands, numbered=[], words="", origin=MAIL, now=desk.clock())
    return " ".join(done.lines), done.undo


@pytest.fixture
def lines(desk: Desk) -> list[str]:
    """Ada follows papers; returns her lines."""
    given = ["State-space models: 2312.00752, 2310.11453", '2401.00001 "Looms"', "robots"]
    desk.newsletter.subscribe(ADA, interests=given)
    return given


def follows(desk: Desk) -> list[str]:
    return [str(interest) for interest in desk.newsletter.subscriber(ADA).interests]


def test_papers_are_followed_and_said_in_short(desk: Desk, lines: list[str]) -> None:
    done, undo = said(desk, Follow('10.1000/x "Bridges"'))
    assert done == "You follow “Bridges” now."
    assert follows(desk)[-1] == '10.1000/x "Bridges"'
    said(desk, Unfollow('10.1000/x "Bridges"'))
    assert follows(desk) == lines
    assert undo == '“- 10.1000/x "Bridges"” takes it back.'


@pytest.mark.parametrize("named", ["2310.11453, 2312.00752", "state-space models", "State-space models, with 2 papers"])
def test_a_line_is_dropped_by_any_name_of_it(desk: Desk, lines: list[str], named: str) -> None:
    done, undo = said(desk, Unfollow(named))
    assert done == "“State-space models, with 2 papers” is dropped."
    assert undo == f"“+ {lines[0]}” brings it back."
    assert follows(desk) == lines[1:]


def test_one_paper_is_dropped_from_among_others_and_comes_back(desk: Desk, lines: list[str]) -> None:
    done, undo = said(desk, Unfollow("arXiv:2310.11453v2"))
    assert done == "“arXiv:2310.11453v2” is dropped from what is now “State-space models, with one paper”."
    assert follows(desk) == ["State-space models: 2312.00752", *lines[1:]]
    assert undo == f"“- State-space models: 2312.00752” and “+ {lines[0]}”, on two lines, take it back."
    said(desk, Unfollow("State-space models: 2312.00752"), Follow(lines[0]))
    assert set(follows(desk)) == set(lines)
    done, _ = said(desk, Unfollow("2399.00001, 10.1000/none"))
    assert done == "You did not follow “2399.00001, 10.1000/none”, so nothing was dropped."


def test_an_author_is_followed_kept_away_and_dropped(desk: Desk, lines: list[str]) -> None:
    assert said(desk, Follow("by: Ada Lovelace"))[0] == "You follow “by: Ada Lovelace” now."
    assert said(desk, Mute("by: Ada Lovelace"))[0] == "“by: Ada Lovelace” is kept away now."
    assert follows(desk)[-1] == "not: by: Ada Lovelace"
    said(desk, Unfollow("by: ada lovelace"))
    assert follows(desk) == lines


def test_a_wish_is_named_in_short() -> None:
    assert wish_in_words(Follow("State-space models: 2312.00752")) == "follow “State-space models, with one paper”"
    assert wish_in_words(Unfollow('2401.00001 "Looms"')) == "follow “Looms” no more"
