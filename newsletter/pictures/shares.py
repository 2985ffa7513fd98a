"""How an issue's places are shared: how many readers get each entry."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.pictures.svg import BRAND, GROUND, INK, RULE, SOFT, Picture, clipped, drawing, element, percent
from newsletter.pictures.words import counted, listed, sentence
from newsletter.rendering.words import number

#: So many entries are shown, in the desk's column and where there is room.
MOST, MOST_WIDE = 15, 25
TITLE = "Who gets which entry"
_ROW, _BAR, _ROW_WIDE = 38, 5, 25
#: Where the bars begin in a wide picture, and how wide they are, in percent.
_BARS, _SPAN = 56.0, 39.0
#: How much ink a bar has that is not of those for whom it was picked.
PALE = 0.42
#: Pixels of a title at most, however wide the page.
LONGEST = 900.0
#: So many entries that everybody gets are named.
_NAMED = 2
_OTHERS = "a favourite, a pin or a step outside"


@dataclass(frozen=True, slots=True)
class Share:
    """An entry and its readers."""

    title: str
    #: readers in whose issue it is
    readers: int
    #: for how many of them it was picked; the others get it as a favourite, a pin or a step outside
    picked: int
    pinned: bool = False


def draw_shares(shares: Sequence[Share], readers: int) -> Picture:
    """A list of bars, the longest first. `readers` is how many get the issue at all."""
    ranked = sorted((share for share in shares if share.readers), key=lambda s: -s.readers)
    if not ranked:
        return Picture(TITLE, "Nobody gets this issue yet: there are no places to share.")
    said = _said(ranked, len(shares), readers)
    return Picture(TITLE, said, _narrow(ranked, said), _wide(ranked, said))


def _narrow(ranked: Sequence[Share], said: str) -> Markup:
    """Each title above its bar."""
    legend = _sign(0, 6, "picked for them", 1) + _sign(0, 24, _OTHERS, PALE)
    rows = [_row(share, 44 + n * _ROW, ranked[0].readers) for n, share in enumerate(ranked[:MOST])]
    below = 44 + len(rows) * _ROW
    rest = _rest(ranked[MOST:], below + 12)
    name = "shares"
    return drawing(name, below + (20 if rest else 0), TITLE, said, [_fade(name, 0.5), legend, *rows, rest])


def _wide(ranked: Sequence[Share], said: str) -> Markup:
    """Each title beside its bar."""
    legend = element(
        "g", _sign(0, 6, "picked for them", 1), _sign(130, 6, "a favourite, a pin or a step outside", PALE)
    )
    rows = [_line(share, 26 + n * _ROW_WIDE, ranked[0].readers) for n, share in enumerate(ranked[:MOST_WIDE])]
    below = 26 + len(rows) * _ROW_WIDE
    rest = _rest(ranked[MOST_WIDE:], below + 14)
    name = "shares-wide"
    return drawing(name, below + (22 if rest else 0), TITLE, said, [_fade(name, 0.12), legend, *rows, rest])


def _rest(rest: Sequence[Share], y: float) -> Markup:
    if not rest:
        return Markup()
    most = counted(rest[0].readers, "reader")
    fewer = f"{most} or fewer" if rest[0].readers > 1 else most
    more = f"and {number(len(rest))} more, with {fewer} each" if len(rest) > 1 else f"and one more, with {most}"
    return element("text", text=more, x=0, y=y, fill=SOFT)


def half_of(places: Sequence[int]) -> int:
    """How many of the largest numbers make up half of their sum."""
    total = taken = 0
    half = sum(places) / 2
    for place in sorted(places, reverse=True):
        if total >= half:
            break
        total += place
        taken += 1
    return taken


def _said(ranked: Sequence[Share], entries: int, readers: int) -> str:
    places = [share.readers for share in ranked]
    said = (
        f"{sentence(counted(readers, 'reader'))} and {counted(sum(places), 'place')}: "
        f"half of them go to {counted(half_of(places), 'entry', 'entries')}."
    )
    everybodys = [share.title for share in ranked if share.readers >= readers > 1]
    if everybodys:
        few = len(everybodys) <= _NAMED
        gets = [f"“{title}”" for title in everybodys] if few else [counted(len(everybodys), "entry", "entries")]
        said += f" Everybody gets {listed(gets)}."
    if nobodys := entries - len(ranked):
        said += f" {sentence(counted(nobodys, 'entry is', 'entries are'))} in nobody’s issue."
    return said


def _sign(x: float, y: float, means: str, opacity: float) -> Markup:
    """Which part of a bar is what."""
    bar = element("rect", x=x, y=y - _BAR / 2, width=14, height=_BAR, fill=BRAND, fill_opacity=opacity)
    return bar + element("text", text=means, x=x + 20, y=y + 4, fill=SOFT)


def _fade(name: str, solid: float) -> Markup:
    """What a title that is longer than its room fades into; one that is cut by letters depends on the width.

    `solid` is the part of its own width from which on nothing of a title is seen.
    """
    stops = (
        element("stop", offset=0, stop_color=GROUND, stop_opacity=0),
        element("stop", offset=solid, stop_color=GROUND),
        element("stop", offset=1, stop_color=GROUND),
    )
    return element("defs", element("linearGradient", *stops, id=f"{name}-fade"))


def _row(share: Share, top: float, most: int) -> Markup:
    bar = {"y": top + 22, "height": _BAR}
    return element(
        "g",
        _told(share),
        _title(share, top + 15),
        element("rect", x="80%", y=top + 1, width="20%", height=19, fill="url(#shares-fade)"),
        element("text", text=f"{share.readers:,}", x="100%", y=top + 15, text_anchor="end", font_weight=600),
        element("rect", **bar, x=0, width="100%", fill=RULE, fill_opacity=0.6),
        element("rect", **bar, x=0, width=percent(share.readers / most), fill=BRAND, fill_opacity=PALE),
        element("rect", **bar, x=0, width=percent(share.picked / most), fill=BRAND),
        # All of the row answers to the mouse, not only its ink.
        element("rect", x=0, y=top, width="100%", height=_ROW, fill_opacity=0),
    )


def _line(share: Share, top: float, most: int) -> Markup:
    bar = {"x": f"{_BARS}%", "y": top + 5, "height": 12}
    return element(
        "g",
        _told(share),
        _title(share, top + 15),
        element("rect", x=f"{_BARS - 7}%", y=top, width=f"{107 - _BARS}%", height=22, fill="url(#shares-wide-fade)"),
        element("rect", **bar, width=percent(_SPAN * share.readers / most, 100), fill=BRAND, fill_opacity=PALE),
        element("rect", **bar, width=percent(_SPAN * share.picked / most, 100), fill=BRAND),
        element("text", text=f"{share.readers:,}", x="100%", y=top + 15, text_anchor="end", font_weight=600),
        element("rect", x=0, y=top, width="100%", height=_ROW_WIDE, fill_opacity=0),
    )


def _told(share: Share) -> Markup:
    picked = f"picked for {number(share.picked) if share.picked else 'none'} of them"
    pinned = " (pinned)" if share.pinned else ""
    return element("title", text=f"{share.title} — {counted(share.readers, 'reader')}, {picked}{pinned}")


def _title(share: Share, y: float) -> Markup:
    pinned = element("tspan", text="pinned ", fill=BRAND, font_weight=600) if share.pinned else Markup()
    return element("text", pinned, element("tspan", text=clipped(share.title, LONGEST)), x=0, y=y, fill=INK)
