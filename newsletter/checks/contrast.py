"""Can every text be read on its ground, by day and by night? WCAG 2.2, success criterion 1.4.3."""

from dataclasses import dataclass

from newsletter.checks.colours import Painted, painted
from newsletter.checks.findings import Check, Finding, Place, PlaceKind
from newsletter.checks.places import template_places
from newsletter.checks.proof import Proof
from newsletter.rendering.palette import contrast

CONTRAST = Check("Text contrast")
READABLE, READABLE_LARGE = 4.5, 3.0
#: Below it hardly anybody reads anything.
LOST = 2.0
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Pair:
    """A colour on a ground, and the first text that is so."""

    ratio: float
    wanted: float
    text: Painted


def text_contrast(proof: Proof) -> list[Finding]:
    """One finding by day, one by night."""
    return [finding for dark in (False, True) for finding in _by(proof, dark)]


def _by(proof: Proof, dark: bool) -> list[Finding]:
    pairs: dict[tuple[str, str, bool], _Pair] = {}
    for copy in proof.copies:
        for text in painted(copy.page, dark=dark):
            key = (text.colour, text.ground, text.large)
            if key not in pairs:
                wanted = READABLE_LARGE if text.large else READABLE
                pairs[key] = _Pair(contrast(text.colour, text.ground), wanted, text)
    if not pairs:
        return []
    when = "On a dark screen" if dark else "On a light screen"
    # As it is said: 4.496 is shown as 4.5, and nobody can see the difference.
    faint = sorted((one for one in pairs.values() if round(one.ratio, 1) < one.wanted), key=lambda one: one.ratio)
    least = min(pairs.values(), key=lambda one: one.ratio / one.wanted)
    if not faint:
        return [
            CONTRAST.ok(f"{when} the faintest text has a contrast of {least.ratio:.1f}; {least.wanted:g} is needed.")
        ]
    say = CONTRAST.error if faint[0].ratio < LOST else CONTRAST.warning
    more = f"; and {len(faint) - _SHOWN} more" if len(faint) > _SHOWN else ""
    return [
        say(
            f"{when} text is hard to read: {'; '.join(map(_in_words, faint[:_SHOWN]))}{more}.",
            "Take colours that lie further apart"
            + (", and say them for the night too (prefers-color-scheme: dark)." if dark else "."),
            *_places(proof, faint),
        )
    ]


def _in_words(pair: _Pair) -> str:
    words = pair.text.words
    short = words if len(words) <= 30 else words[:29] + "…"
    return f"“{short}”, {pair.text.colour} on {pair.text.ground}, {pair.ratio:.1f} where {pair.wanted:g} is needed"


def _places(proof: Proof, faint: list[_Pair]) -> tuple[Place, ...]:
    colours = dict.fromkeys(colour for pair in faint for colour in (pair.text.colour, pair.text.ground))
    brand = (Place(PlaceKind.SETTING, "brand"),) if proof.settings.brand.lower() in colours else ()
    return brand + template_places(proof.sources, *colours)[:3]
