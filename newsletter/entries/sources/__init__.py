"""One file a format; here is the choice between them."""

import json
from datetime import date
from typing import Literal

from newsletter.entries.entry import Parsed
from newsletter.entries.sources.feed import parse_feed
from newsletter.entries.sources.jsonlines import parse_jsonlines
from newsletter.entries.sources.papers_page import looks_like_papers_page, parse_papers_page, year_in_name
from newsletter.entries.text import decode
from newsletter.errors import SourceError

Kind = Literal["auto", "papers-page", "feed", "jsonl"]


def parse(
    content: bytes,
    *,
    name: str,
    today: date,
    kind: Kind = "auto",
    year: int | None = None,
    content_type: str = "",
) -> Parsed:
    """Read one document; `name` is its file name or URL. Raises `SourceError` for what cannot be read."""
    kind = guess_kind(content, name) if kind == "auto" else kind
    match kind:
        case "feed":
            return parse_feed(content, content_type=content_type, location=name, today=today)
        case "jsonl":
            return parse_jsonlines(decode(content), today=today)
        case _:
            return parse_papers_page(decode(content), year=year or year_in_name(name), today=today)


def guess_kind(content: bytes, name: str) -> Kind:
    """Tell the format by the first bytes, then by the name. Raises `SourceError` where nothing fits."""
    # Room for a whole line of JSON; cut between words, never within a character.
    head = content if len(content) <= 40_000 else content[:40_000].rsplit(b" ", 1)[0]
    start = decode(head).lstrip()
    if start.startswith("<"):
        return "feed"
    if start.startswith("{"):
        return "jsonl" if name.endswith((".jsonl", ".ndjson")) or _is_entry(start.split("\n", 1)[0]) else "feed"
    if not start or looks_like_papers_page(start):
        return "papers-page"
    raise SourceError(
        "its format is not known: neither a feed (RSS, Atom, JSON Feed), nor JSON lines, nor a page of trending "
        "papers. Set `kind` for this source"
    )


def _is_entry(line: str) -> bool:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return "title" in item and "items" not in item
