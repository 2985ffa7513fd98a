"""How readers, votes and mail go over the weeks: small pictures one below the other, on the same weeks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from markupsafe import Markup

from newsletter.pictures.svg import BRAND, GROUND, INK, RULE, SOFT, Picture, drawing, element, percent
from newsletter.pictures.words import counted, sentence
from newsletter.rendering.words import number

TITLE = "Week by week"
#: So many weeks are shown; of a newsletter that is younger, at least so many.
MOST, LEAST = 26, 8
_WEEK = timedelta(days=7)
_HEAD, _PLOT, _GAP = 24.0, 54.0, 26.0
#: Of a week's room, the part that its bar takes.
_BAR = 0.66
Days = Mapping[date, int]


@dataclass(frozen=True, slots=True)
class Week:
    """What happened from a Monday to the Sunday after it, UTC."""

    monday: date
    #: who is subscribed at its end
    readers: int
    joined: int = 0
    left: int = 0
    more: int = 0
    less: int = 0
    #: copies of issues that a server took, that it never will, and that came back
    sent: int = 0
    failed: int = 0
    returned: int = 0


def weeks_of(today: date, readers: int, counts: Mapping[str, Days]) -> list[Week | None]:
    """Counts by day as weeks, the one that runs last; None for a week before anything was noted at all.

    `counts` are by the names of `Week`. How many are subscribed follows from how many are now, `readers`, and from who
    has come and gone since.
    """
    by_week = {name: _by_week(days) for name, days in counts.items()}
    first = min((week for weeks in by_week.values() for week in weeks), default=monday_of(today))
    found: list[Week | None] = []
    monday = monday_of(today)
    for _ in range(MOST):
        week = Week(monday, max(readers, 0), **{name: weeks.get(monday, 0) for name, weeks in by_week.items()})
        found.append(week if monday >= first else None)
        readers += week.left - week.joined
        monday -= _WEEK
    return found[::-1]


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def draw_weeks(weeks: Sequence[Week | None]) -> Picture:
    """One small picture each for readers, who comes and goes, votes, mail sent, mail lost."""
    known = [week for week in weeks if week]
    if not any((w.readers, w.joined, w.left, w.sent, w.failed, w.more, w.less) != (0,) * 7 for w in known):
        return Picture(TITLE, "Nobody has subscribed yet: the weeks begin with the first reader.")
    said = _said(known)
    weeks = weeks[-max(len(known), LEAST) :]
    parts = [_head("Readers", f"{known[-1].readers:,} now", 0.0), _line(weeks, lambda w: w.readers, _HEAD)]
    top = _HEAD + _PLOT + _GAP
    below = top - _GAP
    for name, up, down in _ROWS:
        if any(up(week) or (down and down(week)) for week in known):
            parts += [_head(name, _now(known[-1], up, down), top), _bars(weeks, up, down, top + _HEAD)]
            below = top + _HEAD + _PLOT
            top = below + _GAP
        else:
            # Nothing to look at: a word says it.
            parts.append(_head(name, "none yet" if weeks[0] is None else "none", top))
            top += _HEAD
    # The months stand below the last thing that has weeks.
    parts.append(_months(weeks, known, below + 6))
    return Picture(TITLE, said, drawing("weeks", max(top, below + 22), TITLE, said, parts))


def _now(week: Week, up: Callable[[Week], int], down: Callable[[Week], int] | None) -> str:
    counts = [up(week), down(week)] if down else [up(week)]
    if not any(counts):
        return "none this week"
    return f"{' and '.join(f'{count:,}' if count else 'none' for count in counts)} this week"


def _lost(week: Week) -> int:
    return week.failed + week.returned


_ROWS: tuple[tuple[str, Callable[[Week], int], Callable[[Week], int] | None], ...] = (
    ("Came, and left", lambda week: week.joined, lambda week: week.left),
    ("More like this, and less", lambda week: week.more, lambda week: week.less),
    ("Copies sent", lambda week: week.sent, None),
    ("Refused or came back", _lost, None),
)


def _said(known: Sequence[Week]) -> str:
    first, last = known[0], known[-1]
    said = f"{sentence(counted(last.readers, 'reader'))} now"
    if len(known) > 1:
        change = last.readers - first.readers
        grown = f"{number(abs(change))} {'more' if change > 0 else 'fewer'} than" if change else "as many as"
        said += f", {grown} {counted(len(known) - 1, 'week')} ago"
    sent, lost = sum(week.sent for week in known), sum(map(_lost, known))
    more, less = sum(week.more for week in known), sum(week.less for week in known)
    if not sent and not lost:
        said += ". Nothing was sent yet. "
    else:
        said += f". {sentence(counted(sent, 'copy was', 'copies were'))} sent"
        said += f", {number(lost)} refused or came back. " if lost else " and none was refused or came back. "
    votes = more + less
    return said + (f"Of {counted(votes, 'vote')}, {number(more)} asked for more like it." if votes else "No votes yet.")


def _head(name: str, now: str, top: float) -> Markup:
    return element(
        "g",
        element("text", text=name, x=0, y=top + 13, fill=SOFT),
        element("text", text=now, x="100%", y=top + 13, text_anchor="end", fill=INK, font_weight=600),
    )


def _line(weeks: Sequence[Week | None], value: Callable[[Week], int], top: float) -> Markup:
    """A line from zero up, with its end marked."""
    most = max(value(week) for week in weeks if week) or 1
    base = top + _PLOT

    def height(week: Week) -> float:
        return base - (_PLOT - 6) * value(week) / most

    parts = [_zero(base)]
    for n, (week, after) in enumerate(pairwise(weeks)):
        if week and after:
            ends = {"x1": _middle(weeks, n), "y1": height(week), "x2": _middle(weeks, n + 1), "y2": height(after)}
            parts.append(element("line", **ends, stroke=BRAND, stroke_width=2, stroke_linecap="round"))
    parts.extend(_touch(weeks, n, f"{value(week):,}", top) for n, week in enumerate(weeks) if week)
    first = next(n for n, week in enumerate(weeks) if week)
    if (begin := weeks[first]) and first < len(weeks) - 1:
        place = {"x": _middle(weeks, first), "text_anchor": "middle"} if first else {"x": 0}
        parts.append(element("text", text=f"{value(begin):,}", **place, y=height(begin) - 7, fill=SOFT, font_size=11))
    if last := weeks[-1]:
        end = {"cx": _middle(weeks, len(weeks) - 1), "cy": height(last)}
        parts.append(element("circle", **end, r=4, fill=BRAND, stroke=GROUND, stroke_width=1.5))
    return element("g", *parts)


def _bars(
    weeks: Sequence[Week | None], up: Callable[[Week], int], down: Callable[[Week], int] | None, top: float
) -> Markup:
    """Bars above zero, and of the other kind below it; the week that runs is paler, for it is not over."""
    known = [week for week in weeks if week]
    highest, lowest = max(map(up, known)), max(map(down, known)) if down else 0
    room = _PLOT - 14
    scale = room / ((highest + lowest) or 1)
    zero = top + 12 + highest * scale if highest + lowest else top + _PLOT
    parts = []
    for n, week in enumerate(weeks):
        if week is None:
            continue
        pale = 0.55 if n == len(weeks) - 1 else 1
        place = {"x": percent(n + (1 - _BAR) / 2, len(weeks)), "width": percent(_BAR, len(weeks))}
        if up(week):
            tall = max(up(week) * scale, 1.0)
            parts.append(element("rect", **place, y=zero - tall, height=tall, fill=BRAND, fill_opacity=pale))
        if down and down(week):
            tall = max(down(week) * scale, 1.0)
            parts.append(element("rect", **place, y=zero, height=tall, fill=SOFT, fill_opacity=0.7 * pale))
        told = f"{up(week):,} and {down(week):,}" if down else f"{up(week):,}"
        parts.append(_touch(weeks, n, told, top))
    if highest:
        parts.append(_peak(weeks, up, zero - highest * scale - 3))
    if down and lowest:
        parts.append(_peak(weeks, down, zero + lowest * scale + 11))
    return element("g", *parts, _zero(zero))


def _peak(weeks: Sequence[Week | None], value: Callable[[Week], int], y: float) -> Markup:
    """The number at the highest bar: the one measure that a reader needs."""
    n, week = max(((n, w) for n, w in enumerate(weeks) if w), key=lambda one: value(one[1]))
    place = (n + 0.5) / len(weeks)
    anchor = "start" if place < 0.06 else "end" if place > 0.94 else "middle"
    x = percent((n + {"start": 0.17, "end": 0.83}.get(anchor, 0.5)) / len(weeks))
    return element("text", text=f"{value(week):,}", x=x, y=y, text_anchor=anchor, fill=SOFT, font_size=11)


def _touch(weeks: Sequence[Week | None], n: int, told: str, top: float) -> Markup:
    """What the mouse finds over a week, whether or not there is ink."""
    week = weeks[n]
    words = f"Week of {week.monday.day} {week.monday:%B %Y}: {told}" if week else ""
    place = {"x": percent(n, len(weeks)), "width": percent(1, len(weeks))}
    return element("rect", element("title", text=words), **place, y=top, height=_PLOT, fill_opacity=0)


def _zero(y: float) -> Markup:
    return element("line", x1=0, y1=y, x2="100%", y2=y, stroke=RULE)


def _months(weeks: Sequence[Week | None], known: Sequence[Week], y: float) -> Markup:
    """The month's name where one begins, as far as there is room in a narrow column."""
    last = known[-1].monday
    mondays = [last - _WEEK * (len(weeks) - 1 - n) for n in range(len(weeks))]
    begins = [n for n in range(1, len(weeks)) if mondays[n].month != mondays[n - 1].month]
    ticks = [
        element(
            "text",
            text=f"{mondays[n]:%b}" + (f" {mondays[n].year}" if mondays[n].month == 1 else ""),
            x=percent(n, len(weeks)),
            y=y + 8,
            fill=SOFT,
            font_size=11,
        )
        for n in begins
        if n < len(weeks) - 2
    ]
    return element("g", *ticks)


def _middle(weeks: Sequence[Week | None], n: int) -> str:
    return percent(n + 0.5, len(weeks))


def _by_week(days: Days) -> dict[date, int]:
    found: dict[date, int] = {}
    for day, count in days.items():
        found[monday_of(day)] = found.get(monday_of(day), 0) + count
    return found
