"""How an issue's places are shared: how many readers get each entry."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.pictures.svg import BRAND, GROUND, INK, RULE, SMALL, SOFT, Picture, clipped, drawing, element, percent
from newsletter.pictures.words import counted, listed, sentence
from newsletter.rendering.words import number

#: So many entries are shown.
MOST = 25
TITLE = "Who gets which entry"
_ROW, _BAR = 38, 5
#: Pixels of a title at most, however wide the page.
LONGEST = 900.0
#: So many entries that everybody gets are named.
_NAMED = 2


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
    parts = [_fade(), _legend()]
    top = 30
    for place, share in enumerate(ranked[:MOST]):
        parts.append(_row(share, top + place * _ROW, ranked[0].readers))
    height = top + min(len(ranked), MOST) * _ROW
    if rest := ranked[MOST:]:
        most = counted(rest[0].readers, "reader")
        more = f"and {number(len(rest))} more, with {most} or fewer each" if len(rest) > 1 else f"and one more, {most}"
        parts.append(element("text", text=more, x=0, y=height + 12, fill=SOFT))
        height += 20
    return Picture(TITLE, said, drawing("shares", height, TITLE, said, parts))


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


def _legend() -> Markup:
    """Which part of a bar is what."""
    return element(
        "g",
        element("rect", x=0, y=4, width=14, height=_BAR, fill=BRAND),
        element("text", text="picked for them", x=20, y=11),
        element("rect", x=118, y=4, width=14, height=_BAR, fill=BRAND, fill_opacity=0.35),
        element("text", text="favourite, pin, step outside", x=138, y=11),
        fill=SOFT,
    )


def _fade() -> Markup:
    """What a title that is longer than its room fades into; one that is cut by letters depends on the width."""
    stops = (
        element("stop", offset=0, stop_color=GROUND, stop_opacity=0),
        element("stop", offset=0.6, stop_color=GROUND),
        element("stop", offset=1, stop_color=GROUND),
    )
    return element("defs", element("linearGradient", *stops, id="shares-fade"))


def _row(share: Share, top: float, most: int) -> Markup:
    picked = f"picked for {number(share.picked) if share.picked else 'none'} of them"
    told = f"{share.title} — {counted(share.readers, 'reader')}, {picked}"
    pinned = element("tspan", text="pinned ", fill=BRAND, font_weight=600) if share.pinned else Markup()
    title = clipped(share.title, LONGEST)
    bar = {"x": 0, "y": top + 22, "height": _BAR}
    return element(
        "g",
        element("title", text=told + (" (pinned)" if share.pinned else "")),
        element("text", pinned, element("tspan", text=title), x=0, y=top + 15, fill=INK),
        element("rect", x="66%", y=top + 1, width="34%", height=19, fill="url(#shares-fade)"),
        element("text", text=f"{share.readers:,}", x="100%", y=top + 15, text_anchor="end", fill=INK, font_weight=600),
        element("rect", **bar, width="100%", fill=RULE, fill_opacity=0.6),
        element("rect", **bar, width=percent(share.readers / most), fill=BRAND, fill_opacity=0.35),
        element("rect", **bar, width=percent(share.picked / most), fill=BRAND),
        # All of the row answers to the mouse, not only its ink.
        element("rect", x=0, y=top, width="100%", height=_ROW, fill_opacity=0),
        font_size=SMALL,
    )
