"""The one colour, readable on paper and at night."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.rendering.look import look_in
from newsletter.rendering.palette import (
    BRAND_DARK,
    BRAND_LIGHT,
    READABLE,
    Palette,
    contrast,
    palette_for,
)

#: What the brand colour stands on: sheet and tint, by day and by night.
LIGHT_GROUNDS = ("#fffdf9", "#f7efe4")
DARK_GROUNDS = ("#1a1917", "#24211d")
COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@given(COLOURS)
@example("#ffffff")
@example("#000000")
@example("#ffff00")
@example("#0000ff")
@example(BRAND_LIGHT)
@example("#767676")
def test_any_colour_becomes_readable_on_every_ground(colour: str) -> None:
    for given_colour in (colour, colour.upper()):
        palette = palette_for(given_colour, LIGHT_GROUNDS, DARK_GROUNDS)
        assert all(contrast(palette.light, ground) >= READABLE for ground in LIGHT_GROUNDS)
        assert all(contrast(palette.dark, ground) >= READABLE for ground in DARK_GROUNDS)


def test_a_colour_that_can_be_read_already_stays() -> None:
    assert palette_for("#1D1B18", LIGHT_GROUNDS, DARK_GROUNDS).light == "#1d1b18"
    assert palette_for("#f0f0f0", LIGHT_GROUNDS, DARK_GROUNDS).dark == "#f0f0f0"
    assert palette_for("#A8401C", LIGHT_GROUNDS, DARK_GROUNDS) == Palette(BRAND_LIGHT, BRAND_DARK)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1), ("#ff0000", "#ffffff", 4)],
)
def test_contrast_is_that_of_the_web_guidelines(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_both_colours_are_put_in_even_if_they_change_places() -> None:
    swapped = replace(look_in(), palette=Palette(BRAND_DARK, BRAND_LIGHT))
    assert swapped.apply(f"a{BRAND_LIGHT}b{BRAND_DARK}c", "a template") == f"a{BRAND_DARK}b{BRAND_LIGHT}c"
