"""The one colour of the newsletter, made readable on paper and at night.

Contrast by WCAG 2.2 (relative luminance of sRGB, ratio (L1 + 0.05) / (L2 + 0.05)); text needs 4.5.
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

#: The colour that there is without a setting, and what stands for it at night.
BRAND_LIGHT = "#a8401c"
BRAND_DARK = "#f0936b"
READABLE = 4.5


@dataclass(frozen=True, slots=True)
class Palette:
    """The brand colour for light and for dark."""

    light: str
    dark: str


def palette_for(brand: str, light_grounds: Sequence[str], dark_grounds: Sequence[str]) -> Palette:
    """Darken the colour for paper and lighten it for the night, just so far that it can be read on these grounds."""
    light = brand.lower()
    dark = BRAND_DARK if light == BRAND_LIGHT else light
    return Palette(_readable(light, light_grounds, -0.01), _readable(dark, dark_grounds, 0.01))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (#rrggbb), 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _readable(colour: str, grounds: Sequence[str], step: float) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    while min(contrast(colour, ground) for ground in grounds) < READABLE and 0 < lightness + step < 1:
        lightness += step
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
        colour = f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
    return colour


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255
