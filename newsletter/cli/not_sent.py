"""Copies that did not leave, as commands tell them."""

from typing import TYPE_CHECKING

from newsletter.cli.output import say

if TYPE_CHECKING:
    from newsletter.reports import NotSent

#: So many are told one by one.
SHOWN = 20


def rows_of(copies: "list[NotSent]") -> list[dict[str, object]]:
    """For a script."""
    return [
        {"email": c.address, "issue": c.issue, "state": c.state, "why": c.why, "next_try": c.next_try} for c in copies
    ]


def tell_not_sent(copies: "list[NotSent]") -> None:
    """For a person."""
    for copy in copies[:SHOWN]:
        again = f"; next try {copy.next_try:%Y-%m-%d %H:%M} UTC" if copy.next_try else ""
        say(f"  {copy.state}: {copy.address}, {copy.issue}: {copy.why}{again}")
    if len(copies) > SHOWN:
        say("  and more: `newsletter deliveries`")
