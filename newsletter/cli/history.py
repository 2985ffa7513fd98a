"""What became of an issue's copies, as `issue show` tells it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsletter.cli.output import counted, say, table

if TYPE_CHECKING:
    from newsletter.delivery.history import History, Times

#: So many domains and answers are told.
DOMAINS, SLOWEST, FAILING, ANSWERS = 10, 3, 5, 10


def history_as_dict(history: "History") -> dict[str, Any]:
    """For a script."""
    from newsletter.delivery.outcomes import DeliveryState

    return {
        "dropped": history.dropped,
        "domains": [
            {"domain": one.name or None, "counts": one.counts, "took_ms": _times(one.times)} for one in history.domains
        ],
        "first": history.first,
        "last": history.last,
        "seconds": history.seconds,
        "per_second": history.per_second,
        "took_ms": _times(history.times),
        "said": [
            {"state": one.state, "words": one.words, "count": one.count, "verdict": one.verdict} for one in history.said
        ],
        "waiting": {
            str(state): {"count": history.counts[DeliveryState(state)], "next": first, "last": last}
            for state, (first, last) in history.waiting.items()
        },
    }


def tell_history(history: "History", issue: str) -> None:
    """For a person."""
    from newsletter.delivery.outcomes import DeliveryState
    from newsletter.delivery.said import what_to_do

    if not history.counts:
        return
    say()
    say("Copies: " + ", ".join(f"{n:,} {state}" for state, n in history.counts.most_common()) + ".")
    for why, count in history.dropped.most_common(5):
        say(f"  dropped: {count:,} because {why}")
    for state, (first, last) in history.waiting.items():
        until = f", the last {_said(last)}" if last != first else ""
        say(f"  {state}: {history.counts[state]:,}, the next from {_said(first)} on{until}")
    if history.first and history.last and history.per_second:
        until = f"from {_said(history.first)} to {_said(history.last)}"
        when = until if _said(history.first) != _said(history.last) else _said(history.first)
        say(f"They left: {when}; {history.per_second:,.1f} a second while mail left.")
    if history.times:
        say(f"A message took {history.times.median:,} ms (median); one in twenty more than {history.times.slow:,} ms.")
        slowest = [one for one in history.slowest if one.times][:SLOWEST]
        if len(history.domains) > 1:
            named = ", ".join(f"{one.name} {one.times.median:,} ms" for one in slowest if one.times)
            say(f"Slowest: {named} (median).")
    say()
    head = ["domain", "copies", "sent", "failed", "deferred", "took (median)"]
    rows = [
        [
            one.name or "(erased)",
            f"{one.total:,}",
            *(f"{one.counts[s]:,}" for s in (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DEFERRED)),
            f"{one.times.median:,} ms" if one.times else "",
        ]
        for one in history.domains[:DOMAINS]
    ]
    table(head, rows)
    if len(history.domains) > DOMAINS:
        say(f"And {counted(len(history.domains) - DOMAINS, 'more domain')}; --json has all.")
    if failing := history.failing[:FAILING]:
        failed = DeliveryState.FAILED
        named = ", ".join(f"{one.name or '(erased)'} {one.counts[failed]:,} of {one.total:,}" for one in failing)
        say(f"Most failed at: {named}.")
    if history.said:
        say()
    for said in history.said[:ANSWERS]:
        say(f"{said.count:,} {said.state}: {said.words}")
        if todo := what_to_do(said.state, said.verdict, issue):
            say(f"    {todo}")
    if len(history.said) > ANSWERS:
        say(f"And {len(history.said) - ANSWERS} more kinds of answers; --json has all.")
    if history.said:
        say(f"Each one: `newsletter deliveries --issue {issue}`.")


def _times(times: "Times | None") -> dict[str, int] | None:
    return {"median": times.median, "p95": times.slow} if times else None


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
