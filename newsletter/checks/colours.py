"""Which colour each text of a mail has, and on which ground, by day and by night."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.checks.page import Element
from newsletter.checks.stylesheet import Declaration, Rule, declarations, parse_sheet

#: What a mail program takes where a mail says nothing (ink, link, ground), by day and where a mail says that it knows
#: the night.
_DAY, _NIGHT = ("#000000", "#0000ee", "#ffffff"), ("#ffffff", "#9e9eff", "#121212")
_NAMED = {"black": "#000000", "white": "#ffffff", "red": "#ff0000", "gray": "#808080", "grey": "#808080"}
_LENGTH = re.compile(r"([\d.]+)(px|pt|em|rem|%)")
_WEIGHTS = {"bold": 700, "bolder": 700, "normal": 400, "lighter": 300}
#: What is large without being told, and what is bold (HTML's own style sheet).
_SIZES = {"h1": 32.0, "h2": 24.0, "h3": 18.72}
_BOLD = frozenset(("h1", "h2", "h3", "h4", "b", "strong", "th"))
#: Of what is said, what counts more: important, in the element itself, exact, later.
_Standing = tuple[bool, bool, tuple[int, int, int], int]
_UNSEEN = frozenset(("head", "style", "script", "title", "template"))


@dataclass(frozen=True, slots=True)
class Painted:
    """A text as it is seen."""

    words: str
    colour: str
    ground: str
    #: pixels
    size: float
    #: 400 is plain, 700 bold
    weight: int

    @property
    def large(self) -> bool:
        """From 18 points, or 14 bold, less contrast is enough (WCAG 2.2, 1.4.3)."""
        return self.size >= 24 or (self.size >= 18.66 and self.weight >= 700)


@dataclass(frozen=True, slots=True)
class _Style:
    colour: str
    ground: str
    size: float
    weight: int


def painted(document: Element, *, dark: bool) -> Iterator[Painted]:
    """Every text that can be seen, on a screen that is dark or not."""
    sheet = [rule for style in document.walk() if style.tag == "style" for rule in parse_sheet(_inside(style))]
    rules = [rule for rule in sheet if dark or not rule.dark]
    knows_night = dark and (any(rule.dark for rule in sheet) or _says_scheme(document))
    ink, link, ground = _NIGHT if knows_night else _DAY
    yield from _below(document, rules, link, _Style(ink, ground, 16.0, 400))


def _below(element: Element, rules: Sequence[Rule], link: str, around: _Style) -> Iterator[Painted]:
    said = _said(element, rules)
    if element.tag in _UNSEEN or _hidden(said):
        return
    style = _style(element, said, link, around)
    if element.own_words and style.size > 0:
        yield Painted(element.own_words, style.colour, style.ground, style.size, style.weight)
    for child in element.children:
        if isinstance(child, Element):
            yield from _below(child, rules, link, style)


def _said(element: Element, rules: Sequence[Rule]) -> Mapping[str, str]:
    """What holds for an element: what is said to be important, then its own style, then what is said exactly."""
    best: dict[str, tuple[_Standing, str]] = {}

    def take(said: Mapping[str, Declaration], own: bool, weight: tuple[int, int, int], place: int) -> None:
        for name, one in said.items():
            name = "background-color" if name == "background" else name
            standing = (one.important, own, weight, place)
            if name not in best or standing >= best[name][0]:
                best[name] = (standing, one.value)

    for n, rule in enumerate(rules):
        if rule.matches(element):
            take(rule.declarations, False, rule.weight, n)
    take(declarations(element.attributes.get("style", "")), True, (0, 0, 0), 0)
    return {name: value for name, (_, value) in best.items()}


def _style(element: Element, said: Mapping[str, str], link: str, around: _Style) -> _Style:
    own = link if element.tag == "a" and "href" in element.attributes else around.colour
    asked = said.get("color", element.attributes.get("color", ""))
    colour = around.colour if asked == "inherit" else parse_colour(asked) or own
    ground = parse_colour(said.get("background-color", element.attributes.get("bgcolor", ""))) or around.ground
    bold = max(around.weight, 700) if element.tag in _BOLD else around.weight
    return _Style(colour, ground, _size(element, said, around.size), _weight(said.get("font-weight", ""), bold))


def _size(element: Element, said: Mapping[str, str], around: float) -> float:
    found = _LENGTH.match(said.get("font-size", ""))
    if not found:
        return 0.0 if said.get("font-size") == "0" else _SIZES.get(element.tag, around)
    number, unit = float(found[1]), found[2]
    return number * {"px": 1.0, "pt": 4 / 3, "em": around, "rem": 16.0, "%": around / 100}[unit]


def _weight(text: str, around: int) -> int:
    return int(text) if text.isdecimal() else _WEIGHTS.get(text, around)


def _hidden(said: Mapping[str, str]) -> bool:
    return said.get("display") == "none" or said.get("visibility") == "hidden" or said.get("opacity") == "0"


def parse_colour(text: str) -> str | None:
    """A colour as #rrggbb; None for what is none, is see-through, or is written in a way that we do not know."""
    if found := re.search(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", text.lower()):
        digits = found[1]
        return f"#{digits if len(digits) == 6 else ''.join(2 * digit for digit in digits)}"
    if found := re.search(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+%?))?\s*\)", text.lower()):
        red, green, blue = (min(int(found[n]), 255) for n in (1, 2, 3))
        return None if found[4] and float(found[4].rstrip("%")) == 0 else f"#{red:02x}{green:02x}{blue:02x}"
    return next((_NAMED[word] for word in text.lower().split() if word in _NAMED), None)


def _says_scheme(document: Element) -> bool:
    return any(
        one.tag == "meta"
        and one.attributes.get("name") == "color-scheme"
        and "dark" in one.attributes.get("content", "")
        for one in document.walk()
    )


def _inside(style: Element) -> str:
    return "".join(child for child in style.children if isinstance(child, str))
