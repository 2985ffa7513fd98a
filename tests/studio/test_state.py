"""What stands in the desk's address."""

from pathlib import Path

import pytest
from newsroom import make_project

from newsletter.errors import IssueError
from newsletter.issues.composing import Shape
from newsletter.looking import Whom
from newsletter.settings import Settings, load
from newsletter.studio.state import SHAPES, state_of, trials


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(make_project(tmp_path))


def test_nothing_said_is_everybodys_edition_by_day_in_both_frames() -> None:
    state = state_of({})
    assert state.whom == Whom()
    assert (state.view, state.scheme, state.images) == ("both", "light", "on")
    assert (state.part, state.panel) == ("html", "checks")
    assert (state.issue, state.reader, state.like) == ("", "", None)
    assert state.query() == ""


def test_whose_it_is() -> None:
    assert state_of({"reader": " ada@example.org"}).whom == Whom("ada@example.org")
    assert state_of({"like": "robots\nnot: surveys"}).whom == Whom(interests="robots\nnot: surveys")
    assert state_of({"like": "", "reader": "ada@example.org"}).whom == Whom(interests="")


def test_what_is_unknown_is_left_out() -> None:
    state = state_of({"view": "hologram", "key": "secret", "panel": "picks", "x": "1"})
    assert state.view == "both"
    assert "secret" not in state.query()
    with pytest.raises(AttributeError):
        _ = state.key


def test_a_query_says_the_same_but_for_what_is_changed() -> None:
    state = state_of({"issue": "weekly-2026-11-27", "reader": "a+b@example.org", "scheme": "dark"})
    assert state_of({}).query(**{"with": "*"}) == "with=%2A"
    assert state.query(scheme="light") == "issue=weekly-2026-11-27&reader=a%2Bb%40example.org"
    assert state.query(reader=None, like="") == "issue=weekly-2026-11-27&like=&scheme=dark"


def test_what_stands_beside_it(settings: Settings) -> None:
    assert state_of({"reader": "a@example.org"}).compared(settings) is None
    assert state_of({"with": "*"}).compared(settings) == (Whom(), None)
    assert state_of({"with": "b@example.org"}).compared(settings) == (Whom("b@example.org"), None)
    assert state_of({"reader": "a@example.org", "picks": "3", "floor": "-1"}).compared(settings) == (
        Whom("a@example.org"),
        Shape(3, settings.issue.favourites, settings.issue.outside, -1.0),
    )


@pytest.mark.parametrize("said", [{"picks": "0"}, {"picks": "many"}, {"outside": "2"}, {"floor": "nan"}])
def test_a_setting_that_cannot_be_is_a_sentence(settings: Settings, said: dict[str, str]) -> None:
    with pytest.raises(IssueError, match=rf"{next(iter(said))} cannot be “.+”: it is a number from -?\d+ to \d+\."):
        state_of(said).compared(settings)


def test_what_can_be_tried_out_goes_as_far_as_a_setting_goes(settings: Settings) -> None:
    tried = trials(settings)
    assert tuple(one.name for one in tried) == SHAPES
    for one in tried:
        for value in (one.least, one.now, one.most):
            compared = state_of({one.name: str(value)}).compared(settings)
            assert compared
            assert getattr(compared[1], one.name) == value
        for beyond in (one.least - 1, one.most + 1):
            with pytest.raises(IssueError):
                state_of({one.name: str(beyond)}).compared(settings)
