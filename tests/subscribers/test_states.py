"""Consent moves along the drawn arrows, and along no others."""

import pytest

from subscribers.errors import MoveNotAllowed
from subscribers.states import State, move

#: The arrows of the drawing in states.py, read by a person.
ARROWS = {
    ("pending", "active"),  # confirm
    ("active", "paused"),  # pause
    ("paused", "active"),  # resume
    ("pending", "unsubscribed"),  # leave
    ("active", "unsubscribed"),
    ("paused", "unsubscribed"),
    ("unsubscribed", "active"),  # confirm again
    ("pending", "suppressed"),  # bounced, complained, erased
    ("active", "suppressed"),
    ("paused", "suppressed"),
    ("unsubscribed", "suppressed"),
    ("suppressed", "pending"),  # lift
}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_a_move_is_allowed_exactly_where_an_arrow_is_drawn(before: State, after: State) -> None:
    if before == after or (before.value, after.value) in ARROWS:
        assert after == move(before, after)
    else:
        with pytest.raises(MoveNotAllowed, match=f"who is {before} cannot become {after}; possible: "):
            move(before, after)
