"""Writing SVG: elements whose texts and attributes can never become markup, and how much room a text takes."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from markupsafe import Markup, escape

INK = "var(--ink, #1d1b18)"
SOFT = "var(--soft, #5f5a52)"
RULE = "var(--rule, #e4ddd0)"
BRAND = "var(--brand, #a8401c)"
#: What the picture stands on.
GROUND = "var(--side, var(--sheet, #fffdf9))"
#: As on the editor's desk, and elsewhere the system's own.
SANS = "var(--sans, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif)"
#: Pixels across for which places are chosen, in the desk's column and where a picture is looked at alone; where there
#: is more, there is only more room.
NARROW, WIDE = 280, 960
#: Font sizes in pixels: what is read first, and what is read then.
SIZE, SMALL = 13, 12
#: What no XML may hold: control characters, halves of a pair of UTF-16, two that are no characters.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Behind these a line may end.
_BREAK = re.compile(r"[\s-]+")
_SLIM = frozenset("iljtfrI.,:;!|'’‘()[]-· ")
_BROAD = frozenset("mwMW@%—")


@dataclass(frozen=True, slots=True)
class Picture:
    """Something to look at, and the same in words."""

    title: str
    #: what it shows, in a sentence or two; why there is nothing to see where `svg` is empty
    caption: str
    svg: Markup = field(default_factory=Markup)
    #: the same where there is much more room
    wide: Markup = field(default_factory=Markup)


def element(tag: str, /, *children: Markup, text: object = "", **attributes: object) -> Markup:
    """One element. Names of attributes are written with _ for -; numbers are rounded, None is left out.

    `text` comes before the children, escaped like every attribute's value.
    """
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inner = f"{_value(text)}{''.join(children)}"
    # The tag and the names are literals of this package; all the rest is escaped.
    return Markup(f"<{tag}{said}>{inner}</{tag}>" if inner else f"<{tag}{said}/>")  # noqa: S704


def drawing(name: str, height: float, title: str, description: str, parts: Iterable[Markup]) -> Markup:
    """A whole picture, as wide as its place. `name` is unique on a page; title and description are for who listens."""
    told = (
        element("title", text=title, id=f"{name}-title"),
        element("desc", text=description, id=f"{name}-desc"),
    )
    return element(
        "svg",
        *told,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="picture",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        width="100%",
        height=round(height),
        font_family=SANS,
        font_size=SMALL,
        fill=INK,
    )


def percent(part: float, whole: float = 1) -> str:
    """A place across, as a share of the picture's width."""
    return f"{_number(100 * part / whole, 2)}%"


def width_of(text: str, size: float = SMALL) -> float:
    """About how many pixels a text is wide in a sans serif; rather too many than too few."""
    return size * sum(map(_em, text))


def clipped(text: str, most: float, size: float = SMALL) -> str:
    """The text, cut where it is wider than so many pixels; behind a word where one ends there."""
    if width_of(text, size) <= most:
        return text
    room, kept = most / size - 1, 0
    for character in text:
        room -= _em(character)
        if room < 0:
            break
        kept += 1
    head = text[:kept]
    word, _, rest = head.rpartition(" ")
    return (word if word and len(rest) < 5 else head).rstrip(" .,;:–—-") + "…"


def wrapped(text: str, most: float, size: float = SMALL) -> tuple[str, ...]:
    """The text in one line, or in two that are cut where they are wider than so many pixels."""
    if width_of(text, size) <= most:
        return (text,)
    ends = [found.end() for found in _BREAK.finditer(text) if width_of(text[: found.end()].rstrip(), size) <= most]
    if not ends:
        return (clipped(text, most, size),)
    return text[: ends[-1]].rstrip(), clipped(text[ends[-1] :], most, size)


def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in _SLIM:
        return 0.33
    if character in _BROAD:
        return 0.92
    return 0.7 if character.isupper() else 0.55


def _value(value: object) -> str:
    if isinstance(value, float):
        return _number(value, 1)
    return str(escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", str(value))))


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
