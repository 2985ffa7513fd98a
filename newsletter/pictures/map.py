"""A map of an issue: what it holds and what its readers follow, on the same ground."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from newsletter.pictures.contours import density, outlines, path_of
from newsletter.pictures.coverage import Coverage, Followed, coverage
from newsletter.pictures.labels import LINE, Label, rooms
from newsletter.pictures.places import around, radii, spread
from newsletter.pictures.svg import (
    BRAND,
    GROUND,
    INK,
    NARROW,
    RULE,
    SIZE,
    SOFT,
    WIDE,
    Picture,
    drawing,
    element,
    percent,
    wrapped,
)
from newsletter.pictures.topics import centres_of, names_of, topics_of
from newsletter.pictures.words import counted, listed, sentence
from newsletter.ranking.arrays import Indices, Integers, Vectors
from newsletter.rendering.words import number

TITLE = "What it covers, and what readers follow"
#: Lines drawn one by one; more become a density.
FEW_LINES = 250
_GRID = (60, 72)
_BLUR = 1.7
#: Of the densest point, where the outlines are.
_LEVELS = (0.12, 0.38, 0.68)
#: Around the discs of topics, in pixels.
_SHORE = 9.0
_ROW = 19.0


@dataclass(frozen=True, slots=True)
class Dot:
    """An entry on the map."""

    title: str
    #: in whose issue it is
    readers: int
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class _Paper:
    """What a map is drawn on."""

    #: unique on a page
    name: str
    width: float
    #: so many topics side by side
    columns: int
    #: square pixels for each topic, shared among them by what they hold
    area: float

    @property
    def longest(self) -> float:
        """Pixels of a line of a name at most."""
        return self.width / self.columns - 12


_PAPERS = (_Paper("map", NARROW, 2, 3_600.0), _Paper("map-wide", WIDE, 4, 7_000.0))


@dataclass(frozen=True, slots=True)
class _Issue:
    """What there is to draw."""

    dots: Sequence[Dot]
    entries: Vectors
    topic: Integers
    names: Sequence[str]
    followed: Followed
    covered: Coverage
    #: of topics, and behind them of wishes
    centres: Vectors
    #: the lines that have a place, rows of `followed`
    shown: Indices

    @property
    def few(self) -> bool:
        """Are the lines drawn one by one?"""
        return len(self.shown) <= FEW_LINES


def draw_map(dots: Sequence[Dot], entries: Vectors, followed: Followed, readers: int, floor: float) -> Picture:
    """Entries as dots, the larger the more of the `readers` get them; what readers follow as marks or as a density.

    `entries` are unit rows, one a dot; an interest is about an entry where they are at least as near as `floor`.
    """
    if not dots:
        return Picture(TITLE, "No entry has come in for this issue yet: there is nothing to put on a map.")
    topic = topics_of(entries)
    names = names_of([dot.title for dot in dots], topic.tolist())
    covered = coverage(followed, entries, topic, floor)
    said = _said(names, covered, followed, len(dots), readers)
    centres = np.concatenate([centres_of(entries, topic), followed.vectors[[wish.line for wish in covered.wishes]]])
    shown = np.flatnonzero(covered.topic >= 0)
    issue = _Issue(dots, entries, topic, names, followed, covered, centres, shown)
    narrow, wide = (_drawn(issue, paper, said) for paper in _PAPERS)
    return Picture(TITLE, said, narrow, wide)


def _drawn(issue: _Issue, paper: _Paper, said: str) -> Markup:
    labels = _labels(issue, paper.longest)
    lines = issue.shown if issue.few else issue.shown[:0]
    topic = np.concatenate([issue.topic, issue.covered.topic[lines]])
    sizes = np.bincount(topic, minlength=len(labels)).astype(np.float32)
    radius = radii(sizes, paper.area * len(labels))
    shore = radius + np.float32(_SHORE)
    at, height = spread(issue.centres, rooms(labels, shore), paper.width, paper.columns)
    at[:, 1] += np.array([label.height / 2 for label in labels], np.float32)
    # Dots and marks share the places of a topic: none lies on another.
    vectors = np.concatenate([issue.entries, issue.followed.vectors[lines]])
    places = around(vectors, topic, issue.centres, at, radius)
    dot_at, mark_at = places[: len(issue.dots)], places[len(issue.dots) :]
    most = max(dot.readers for dot in issue.dots)
    weight = issue.followed.followers
    spots = zip(labels, at.tolist(), shore.tolist(), strict=True)
    parts = [
        *(_island(label, x, y, r, paper.width) for label, (x, y), r in spots),
        *([] if issue.few else [_outlines(issue, at, shore, paper.width, height)]),
        *(_dot(issue.dots[n], dot_at[n], most, len(issue.dots), paper.width) for n in _small_last(issue.dots)),
        *(
            _mark(issue.followed.lines[line], int(weight[line]), place, paper.width)
            for line, place in zip(lines.tolist(), mark_at, strict=True)
        ),
        *(
            _name(label, x, y - r, paper.width)
            for label, (x, y), r in zip(labels, at.tolist(), shore.tolist(), strict=True)
        ),
    ]
    legend, tall = _legend(issue, paper, height + 8)
    return drawing(paper.name, height + 8 + tall, TITLE, said, [*parts, legend])


def _labels(issue: _Issue, longest: float) -> list[Label]:
    topics = [
        Label(wrapped(name or "no name", longest, SIZE), _readers(readers), alone=not readers)
        for name, readers in zip(issue.names, issue.covered.readers, strict=True)
    ]
    wishes = [
        Label(
            wrapped(f"“{issue.followed.lines[wish.line]}”", longest, SIZE),
            f"{_readers(wish.readers)} · no entry",
            wished=True,
        )
        for wish in issue.covered.wishes
    ]
    return [*topics, *wishes]


def _readers(count: int) -> str:
    if not count:
        return "nobody follows"
    return f"{count:,} {'reader' if count == 1 else 'readers'}"


def _outlines(issue: _Issue, at: Vectors, radius: Vectors, width: float, height: float) -> Markup:
    """How dense it is what readers follow, where the lines of it are many."""
    topic, vectors = issue.covered.topic[issue.shown], issue.followed.vectors[issue.shown]
    places = around(vectors, topic, issue.centres, at, radius)
    weight = issue.followed.followers[issue.shown].astype(np.float32)
    columns, rows = _GRID
    grid = density(np.asarray(places / [width, height], np.float32), weight, columns, rows, _BLUR)
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


def _mark(line: str, followers: int, at: Vectors, width: float) -> Markup:
    """A line that readers follow."""
    told = element("title", text=f"“{line}” — {counted(followers, 'reader')}")
    return _diamond(percent(float(at[0]), width), float(at[1]), float(3.2 + 1.3 * np.sqrt(followers)), told)


def _diamond(x: float | str, y: float, size: float, *told: Markup) -> Markup:
    path = element("path", *told, d=f"M0-{size:.1f} {size:.1f} 0 0 {size:.1f}-{size:.1f} 0z")
    return element("svg", path, x=x, y=y, overflow="visible", fill=BRAND, stroke=GROUND, stroke_width=0.9)


def _dot(dot: Dot, at: Vectors, most: int, dots: int, width: float) -> Markup:
    scale = 6.2 if dots <= 150 else 5.0
    size = 2.2 + scale * float(np.sqrt(dot.readers / most)) if dot.readers else 2.4
    x, y = percent(float(at[0]), width), float(at[1])
    told = f"{dot.title} — {counted(dot.readers, 'reader')}{', pinned' if dot.pinned else ''}"
    colours = {"fill": INK, "fill_opacity": 0.82} if dot.readers else {"fill": GROUND, "stroke": SOFT}
    # A thin line of the ground's colour keeps dots apart where they meet.
    edge = {"stroke": GROUND, "stroke_width": 0.7} if dot.readers else {}
    drawn = element("circle", element("title", text=told), cx=x, cy=y, r=size, **colours, **edge)
    return drawn + _ring(x, y, size + 3) if dot.pinned else drawn


def _ring(x: float | str, y: float, size: float) -> Markup:
    return element("circle", cx=x, cy=y, r=size, fill="none", stroke=INK, stroke_width=1.4)


def _island(label: Label, x: float, y: float, radius: float, width: float) -> Markup:
    """The ground of a topic; of one that readers follow and the issue has not, its outline alone."""
    place = {"cx": percent(x, width), "cy": y, "rx": percent(radius, width), "ry": radius}
    if label.wished:
        return element("ellipse", **place, fill="none", stroke=BRAND, stroke_width=1.2, stroke_dasharray="3 3")
    return element("ellipse", **place, fill=RULE, fill_opacity=0.6)


def _name(label: Label, x: float, bottom: float, width: float) -> Markup:
    top, across = bottom - label.height + SIZE, percent(x, width)
    colour = BRAND if label.wished else SOFT if label.alone else INK
    lines = (
        element("text", text=line, x=across, y=top + n * LINE, font_size=SIZE, font_weight=600, fill=colour)
        for n, line in enumerate(label.name)
    )
    below = top + LINE * len(label.name) - 1
    note = element("text", text=label.note, x=across, y=below, fill=BRAND if label.wished else SOFT)
    return element(
        "g",
        *lines,
        note,
        text_anchor="middle",
        paint_order="stroke",
        stroke=GROUND,
        stroke_width=3.5,
        stroke_linejoin="round",
        pointer_events="none",
    )


def _legend(issue: _Issue, paper: _Paper, top: float) -> tuple[Markup, float]:
    """What a mark means, and how tall that is."""
    signs: list[tuple[str, Callable[[float | str, float], Markup]]] = [
        ("entry, by its readers", lambda x, y: element("circle", cx=x, cy=y, r=4.5, fill=INK, fill_opacity=0.82))
    ]
    if len(issue.followed.lines):
        signs.append(("what they follow", lambda x, y: _diamond(x, y, 5)))
    if not all(dot.readers for dot in issue.dots):
        signs.append(("in nobody’s issue", lambda x, y: element("circle", cx=x, cy=y, r=2.4, fill=GROUND, stroke=SOFT)))
    if any(dot.pinned for dot in issue.dots):
        signs.append(("pinned", lambda x, y: _ring(x, y, 4.5)))
    parts = [element("line", x1=0, y1=top, x2="100%", y2=top, stroke=RULE)]
    for n, (said, sign) in enumerate(signs):
        row, column = divmod(n, paper.columns)
        x, y = column * paper.width / paper.columns * (1 if paper.columns == 2 else 0.75), top + 17 + row * _ROW
        parts += [sign(x + 6, y), element("text", text=said, x=x + 17, y=y + 4, fill=SOFT)]
    return element("g", *parts), 28 + _ROW * ((len(signs) - 1) // paper.columns)


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
