"""What was measured, as tables for people and as JSON for scripts. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from newsletter.evaluation.bootstrap import RESAMPLES
from newsletter.evaluation.measuring import LOSS, MEASURES, NDCG, Measured
from newsletter.evaluation.product import NAME
from newsletter.evaluation.replay import Replay

#: A table: its title, its head, its rows.
Table = tuple[str, list[str], list[list[str]]]
#: Votes at which methods are compared in the table of differences, where there are as many.
_COMPARED = (0, 5, None)


def tables(replay: Replay, found: Sequence[Measured]) -> Iterator[Table]:
    """The means by votes known; how much better we are than each other method; the other measures."""
    counts = replay.votes()
    by = {(one.method, one.votes): one for one in found}
    methods = list(dict.fromkeys(one.method for one in found))
    measure = LOSS if replay.in_pairs else NDCG
    title = "Loss of pairs (lower is better)" if replay.in_pairs else NDCG
    yield (
        f"{title}, by votes known",
        ["", *(votes_told(votes) for votes in counts)],
        [[name, *(_mean(by.get((name, votes)), measure) for votes in counts)] for name in methods],
    )
    compared = [votes for votes in _COMPARED if votes in counts]
    rows = []
    for name in methods:
        if name != NAME:
            cells = [_interval(by.get((NAME, votes)), by.get((name, votes))) for votes in compared]
            rows.append([name, *cells])
    yield (
        f"How much better {NAME} is than each ({measure}; 95 % of {RESAMPLES:,} paired resamples)",
        ["", *(f"{votes_told(votes)} known" for votes in compared)],
        rows,
    )
    if not replay.in_pairs:
        others = [name for name in MEASURES if name != NDCG and any(not math.isnan(one.mean(name)) for one in found)]
        last = counts[-1]
        yield (
            f"Other measures, {votes_told(last)} known",
            ["", *others],
            [[name, *(_mean(by[name, last], m) for m in others)] for name in methods if (name, last) in by],
        )


def as_dict(replay: Replay, found: Sequence[Measured]) -> dict[str, Any]:
    """All of it: every measure's mean, and the interval to us, by method and votes known ("all" for all)."""
    by = {(one.method, one.votes): one for one in found}
    rows = []
    for one in found:
        ours = by.get((NAME, one.votes))
        better = ours.better_than(one) if ours and one.method != NAME else None
        rows.append(
            {
                "method": one.method,
                "votes": "all" if one.votes is None else one.votes,
                "means": {name: None if math.isnan(mean := one.mean(name)) else mean for name in one.values},
                "ours_better_by": asdict(better) if better else None,
                "each": {name: [None if math.isnan(x) else float(x) for x in own] for name, own in one.values.items()},
            }
        )
    return {
        "story": replay.story,
        "unit": replay.unit,
        "people": [person.name for person in replay.people],
        "compared_by": LOSS if replay.in_pairs else NDCG,
        "methods": rows,
    }


def votes_told(votes: int | None) -> str:
    """How many votes are known, in a table; None for all."""
    return "all" if votes is None else str(votes)


def _mean(one: Measured | None, measure: str) -> str:
    mean = one.mean(measure) if one else math.nan
    return "–" if math.isnan(mean) else f"{mean:.3f}".removeprefix("0")


def _interval(ours: Measured | None, other: Measured | None) -> str:
    found = ours.better_than(other) if ours and other else None
    return str(found).replace("0.", ".").replace("-", "−") if found else "–"
