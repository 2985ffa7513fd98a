"""One file a format; here is the choice between them."""

import json
from datetime import date

from newsletter.entries.entry import Parsed
from newsletter.entries.sources.errors_said import error_words
from newsletter.entries.sources.feed import parse_feed
from newsletter.entries.sources.huggingface import parse_huggingface
from newsletter.entries.sources.jsonlines import parse_jsonlines
from newsletter.entries.sources.kinds import Kind
from newsletter.entries.sources.papers_page import looks_like_papers_page, parse_papers_page, year_in_name
from newsletter.entries.text import decode
from newsletter.errors import SourceError

__all__ = ["Kind", "error_words", "guess_kind", "parse"]


def parse(
    content: bytes,
    *,
    name: str,
    today: date,
    kind: Kind = "auto",
    year: int | None = None,
    content_type: str = "",
    cross_lists: bool = True,
) -> Parsed:
    """Read one document; `name` is its file name or URL. Raises `SourceError` for what cannot be read."""
    kind = guess_kind(content, name) if kind == "auto" else kind
    match kind:
        case "feed" | "arxiv":
            return parse_feed(content, content_type=content_type, location=name, today=today, cross_lists=cross_lists)
        case "huggingface":
            return parse_huggingface(content, today=today)
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
    if start.startswith("[") and ('"paper"' in start or not start.strip("[] \r\n\t")):
        return "huggingface"
    if start.startswith("{"):
        return "jsonl" if name.endswith((".jsonl", ".ndjson")) or _is_entry(start.split("\n", 1)[0]) else "feed"
    if not start or looks_like_papers_page(start):
        return "papers-page"
    raise SourceError(
        "its format is not known: neither a feed (RSS, Atom, JSON Feed), nor Hugging Face's list of papers, nor "
        "JSON lines, nor a page of trending papers. Set `kind` for this source"
    )


def _is_entry(line: str) -> bool:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return "title" in item and "items" not in item
