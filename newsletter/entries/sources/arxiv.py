"""What is arXiv's own in its feeds: kinds of announcement, prefixes, joined authors, errors that look like entries."""

import re
from dataclasses import dataclass
from typing import Any

from newsletter.entries.entry import Skipped
from newsletter.entries.sources.errors_said import said_by_arxiv
from newsletter.entries.sources.kinds import categories_of
from newsletter.errors import SourceError

_LEAD = re.compile(r"^\s*arXiv:\S+\s+Announce Type:\s*(\S+)\s*(?:Abstract:)?\s*", re.IGNORECASE)
#: Results of the API that one answer is asked for at most; fewer than there are is then a loss.
_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Announced:
    """An item of arXiv's announcement feeds or of its API."""

    #: without the prefix of announcement feeds
    summary: str
    #: None for what arXiv has not announced: any other feed
    why_not: str | None
    #: the feed joins all authors into one name
    joined: bool


def announced(item: Any, summary: str, location: str, *, cross_lists: bool) -> Announced:
    """Understand one item; `location` tells in which categories a paper of the API is no cross-list."""
    lead = _LEAD.match(summary)
    kind = str(item.get("arxiv_announce_type") or (lead[1] if lead else "")).lower()
    return Announced(
        summary=summary[lead.end() :] if lead else summary,
        why_not=_why_not(kind, item, location, cross_lists),
        joined=bool(kind),
    )


def _why_not(kind: str, item: Any, location: str, cross_lists: bool) -> str | None:
    if kind.startswith("replace"):
        return "a new version of an older paper"
    if cross_lists:
        return None
    primary = item.get("arxiv_primary_category")
    term = str(primary.get("term", "")) if isinstance(primary, dict) else ""
    asked = categories_of(location)
    elsewhere = term and asked and not any(term == one or term.startswith(f"{one}.") for one in asked)
    return "announced in another category first" if kind == "cross" or elsewhere else None


def refuse_errors(found: Any) -> None:
    """Raise `SourceError` for an answer of the API that is an error, or is empty though there are results."""
    for item in found.entries[:1]:
        if words := said_by_arxiv(item):
            raise SourceError(f"arXiv answers with an error: {words}")
    total, start, size = _counts(found)
    if not found.entries and start < total and size:
        raise SourceError(f"arXiv says that there are {total:,} papers, and gave none of them; it is asked again later")


def left_out(found: Any) -> list[Skipped]:
    """What the API holds back because one answer has room for no more, where as much as possible was asked for."""
    total, start, size = _counts(found)
    left = total - start - len(found.entries)
    if size < _PAGE or left <= 0:
        return []
    return [Skipped(f"{left:,} further papers", f"arXiv gives at most {_PAGE:,} at once")]


def _counts(found: Any) -> tuple[int, int, int]:
    """How many papers there are, from which on and how many were asked for; zeros where it is no answer of the API."""
    if "arxiv.org/" not in str(found.feed.get("id", "")):
        return 0, 0, 0  # others count their results, too, and may leave them out
    total, start, size = (
        _number(found.feed, f"opensearch_{name}") for name in ("totalresults", "startindex", "itemsperpage")
    )
    return total, start, size


def _number(feed: Any, name: str) -> int:
    text = str(feed.get(name, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
