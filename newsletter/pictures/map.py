"""A map of an issue: what it holds and what its readers follow, on the same ground."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from newsletter.pictures.contours import density, outlines, path_of
from newsletter.pictures.coverage import Coverage, Followed, coverage
from newsletter.pictures.labels import HEIGHT, Label, rooms
from newsletter.pictures.places import around, radii, spread
from newsletter.pictures.svg import (
    BRAND,
    GROUND,
    INK,
    NARROW,
    RULE,
    SIZE,
    SOFT,
    Picture,
    clipped,
    drawing,
    element,
    percent,
)
from newsletter.pictures.topics import centres_of, names_of, topics_of
from newsletter.pictures.words import counted, listed, sentence
from newsletter.ranking.arrays import Vectors
from newsletter.rendering.words import number

TITLE = "What it covers, and what readers follow"
#: Lines drawn one by one; more become a density.
FEW_LINES = 250
_WIDTH, _LEGEND = float(NARROW), 52.0
_GRID = (60, 72)
_BLUR = 1.7
#: Of the densest point, where the outlines are.
_LEVELS = (0.12, 0.38, 0.68)
#: Pixels down for each topic, for its entries alone.
_AREA = 13.0
#: Pixels of a name at most: two stand side by side in a narrow column.
_NAME = 136.0


@dataclass(frozen=True, slots=True)
class Dot:
    """An entry on the map."""

    title: str
    #: in whose issue it is
    readers: int
    pinned: bool = False


def draw_map(dots: Sequence[Dot], entries: Vectors, followed: Followed, readers: int, floor: float) -> Picture:
    """Entries as dots, the larger the more of the `readers` get them; what readers follow as marks or as a density.

    `entries` are unit rows, one a dot; an interest is about an entry where they are at least as near as `floor`.
    """
    if not dots:
        return Picture(TITLE, "No entry has come in for this issue yet: there is nothing to put on a map.")
    topic = topics_of(entries)
    names = names_of([dot.title for dot in dots], topic.tolist())
    covered = coverage(followed, entries, topic, floor)
    sizes = np.bincount(topic)
    labels = _labels(names, covered, followed)
    said = _said(names, covered, followed, len(dots), readers)
    centres = np.concatenate([centres_of(entries, topic), followed.vectors[[wish.line for wish in covered.wishes]]])
    area = _WIDTH * _AREA * len(labels)
    radius = radii(np.array([*sizes, *([0.0] * len(covered.wishes))], np.float32), area)
    half = rooms(labels, radius)
    at, height = spread(centres, half, _WIDTH)
    at[:, 1] += HEIGHT / 2
    most = max(dot.readers for dot in dots)
    dot_at = around(entries, topic, centres, at, radius)
    parts = [
        _ground(followed, covered, centres, at, radius, height),
        *(_dot(dots[n], dot_at[n], most, len(dots)) for n in _small_last(dots)),
        *(_island(at[len(names) + n], radius[len(names) + n]) for n in range(len(covered.wishes))),
        *(_name(label, x, y, r) for label, (x, y), r in zip(labels, at.tolist(), radius.tolist(), strict=True)),
        _legend(height + 8, any(dot.pinned for dot in dots), bool(len(followed.lines))),
    ]
    return Picture(TITLE, said, drawing("map", height + _LEGEND, TITLE, said, parts))


def _labels(names: Sequence[str], covered: Coverage, followed: Followed) -> list[Label]:
    topics = [
        Label(clipped(name or "no name", _NAME, SIZE), _readers(readers), alone=not readers)
        for name, readers in zip(names, covered.readers, strict=True)
    ]
    wishes = [
        Label(
            f"“{clipped(followed.lines[wish.line], _NAME - 12, SIZE)}”",
            f"{_readers(wish.readers)} · no entry",
            wished=True,
        )
        for wish in covered.wishes
    ]
    return [*topics, *wishes]


def _readers(count: int) -> str:
    if not count:
        return "nobody follows"
    return f"{count:,} {'reader' if count == 1 else 'readers'}"


def _ground(
    followed: Followed, covered: Coverage, centres: Vectors, at: Vectors, radius: Vectors, height: float
) -> Markup:
    """What readers follow: a mark a line, or where there are many outlines of how dense they are."""
    shown = np.flatnonzero(covered.topic >= 0)
    if not len(shown):
        return Markup()
    topic = covered.topic[shown]
    places = around(followed.vectors[shown], topic, centres, at, radius + 6)
    weight = followed.followers[shown].astype(np.float32)
    if len(shown) <= FEW_LINES:
        marks = (
            element(
                "circle",
                element("title", text=f"“{followed.lines[line]}” — {counted(int(many), 'reader')}"),
                cx=percent(float(x), _WIDTH),
                cy=float(y),
                r=float(2.2 + 1.3 * np.sqrt(many)),
            )
            for line, (x, y), many in zip(shown.tolist(), places, weight, strict=True)
        )
        return element("g", *marks, fill=BRAND, fill_opacity=0.45)
    columns, rows = _GRID
    grid = density(np.asarray(places / [_WIDTH, height], np.float32), weight, columns, rows, _BLUR)
    steps = (
        element("path", d=path_of(outlines(grid, level * float(grid.max())), columns, rows), fill_rule="evenodd")
        for level in _LEVELS
    )
    return element(
        "svg",
        *steps,
        width="100%",
        height=height,
        viewBox="0 0 1000 1000",
        preserveAspectRatio="none",
        fill=BRAND,
        fill_opacity=0.16,
    )


def _dot(dot: Dot, at: Vectors, most: int, dots: int) -> Markup:
    scale = 7.5 if dots <= 150 else 5.5
    size = 1.7 + scale * float(np.sqrt(dot.readers / most)) if dot.readers else 1.7
    x, y = percent(float(at[0]), _WIDTH), float(at[1])
    told = f"{dot.title} — {counted(dot.readers, 'reader')}{', pinned' if dot.pinned else ''}"
    colours = {"fill": INK, "fill_opacity": 0.78} if dot.readers else {"fill": GROUND, "stroke": SOFT}
    # A thin line of the ground's colour keeps dots apart where they meet.
    edge = {"stroke": GROUND, "stroke_width": 0.7} if dot.readers else {}
    drawn = element("circle", element("title", text=told), cx=x, cy=y, r=size, **colours, **edge)
    if not dot.pinned:
        return drawn
    ring = element("circle", cx=x, cy=y, r=size + 3, fill="none", stroke=INK, stroke_width=1.4)
    return drawn + ring


def _island(at: Vectors, radius: float) -> Markup:
    """The place of what readers follow and the issue has not."""
    return element(
        "circle",
        cx=percent(float(at[0]), _WIDTH),
        cy=float(at[1]),
        r=float(radius) + 3,
        fill="none",
        stroke=BRAND,
        stroke_width=1.2,
        stroke_dasharray="3 3",
    )


def _name(label: Label, x: float, y: float, radius: float) -> Markup:
    y -= radius + HEIGHT - SIZE
    first = element(
        "text",
        text=label.name,
        x=percent(x, _WIDTH),
        y=y,
        font_weight=600,
        fill=BRAND if label.wished else SOFT if label.alone else INK,
    )
    second = element("text", text=label.note, x=percent(x, _WIDTH), y=y + 14, fill=BRAND if label.wished else SOFT)
    return element(
        "g",
        first,
        second,
        text_anchor="middle",
        paint_order="stroke",
        stroke=GROUND,
        stroke_width=3.5,
        stroke_linejoin="round",
        pointer_events="none",
    )


def _legend(top: float, pinned: bool, lines: bool) -> Markup:
    middle = top + 20
    parts = [
        element("line", x1=0, y1=top, x2="100%", y2=top, stroke=RULE),
        element("circle", cx=6, cy=middle - 4, r=4, fill_opacity=0.78),
        element("text", text="an entry, by its readers", x=16, y=middle, fill=SOFT),
    ]
    if lines:
        parts.append(element("circle", cx=158, cy=middle - 4, r=5, fill=BRAND, fill_opacity=0.4))
        parts.append(element("text", text="what readers follow", x=168, y=middle, fill=SOFT))
    if pinned:
        parts.append(element("circle", cx=6, cy=middle + 12, r=4.5, fill="none", stroke=INK, stroke_width=1.4))
        parts.append(element("text", text="pinned", x=16, y=middle + 16, fill=SOFT))
    return element("g", *parts)


def _small_last(dots: Sequence[Dot]) -> list[int]:
    """Small dots are drawn over large ones."""
    return sorted(range(len(dots)), key=lambda n: -dots[n].readers)


def _said(names: Sequence[str], covered: Coverage, followed: Followed, entries: int, readers: int) -> str:
    said = f"{sentence(counted(entries, 'entry', 'entries'))} in {counted(len(names), 'topic')}"
    said += f" for {counted(readers, 'reader')}." if readers else "; nobody gets this issue yet."
    if not len(followed.lines):
        return said + " No reader has said what they follow." if readers else said
    best = max(range(len(names)), key=lambda n: covered.readers[n])
    if covered.readers[best]:
        said += f" Most follow {names[best]} ({number(covered.readers[best])})."
    if covered.wishes:
        wishes = [f"“{followed.lines[w.line]}” ({counted(w.readers, 'reader')})" for w in covered.wishes]
        said += f" No entry is about {listed(wishes)}."
    if alone := [name for name, many in zip(names, covered.readers, strict=True) if not many and name]:
        said += f" Nobody follows {listed(alone)}."
    return said
