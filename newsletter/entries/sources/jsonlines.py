"""JSON lines: one entry a line, for whatever a script can write.

Keys: `title` (needed), `summary` or `abstract`, `url`, `authors` (list or one string), `published` (ISO date),
`categories` (list), `popularity` or `upvotes`, `id` or `doi` (an arXiv id or a DOI), `image` (an https link).
"""

import json
from datetime import date
from typing import Any

from newsletter.entries.entry import Parsed, ParsedEntry, Skipped
from newsletter.entries.images import safe_image
from newsletter.entries.text import clean_names, clean_summary, clean_title, parse_date, safe_url


def parse_jsonlines(text: str, *, today: date) -> Parsed:
    """Read every line; a bad one is skipped with its number and reason, and stops nothing."""
    entries: list[ParsedEntry] = []
    skipped: list[Skipped] = []
    # Not splitlines(): JSON strings may hold U+2028 and its kind.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            skipped.append(Skipped(f"line {number}", f"not JSON ({error})"))
            continue
        entry = entry_from(item, today)
        if isinstance(entry, ParsedEntry):
            entries.append(entry)
        else:
            skipped.append(Skipped(f"line {number}", entry))
    return Parsed(tuple(entries), tuple(skipped))


def entry_from(item: Any, today: date) -> ParsedEntry | str:
    """One JSON object as an entry, or the reason why it is none."""
    if not isinstance(item, dict):
        return "not an object with a title"
    title = clean_title(text_in(item, "title"))
    if not title:
        return "it has no title"
    popularity = item.get("popularity", item.get("upvotes"))
    return ParsedEntry(
        title=title,
        summary=clean_summary(text_in(item, "summary") or text_in(item, "abstract")),
        authors=clean_names(_names(item)),
        url=safe_url(item.get("url")) or safe_url(item.get("link")),
        identifiers=tuple(str(item[key]) for key in ("id", "doi", "arxiv_id") if isinstance(item.get(key), str | int)),
        published=parse_date(item.get("published"), today),
        categories=clean_names([c for c in list_in(item, "categories") if isinstance(c, str)]),
        popularity=popularity if isinstance(popularity, int) and 0 <= popularity < 2**31 else None,
        image=safe_image(item.get("image")),
    )


def text_in(item: dict[str, Any], key: str) -> str:
    """The text under a key; anything else counts as none."""
    value = item.get(key)
    return value if isinstance(value, str) else ""


def list_in(item: dict[str, Any], key: str) -> list[Any]:
    """The list under a key; anything else counts as an empty one."""
    value = item.get(key)
    return value if isinstance(value, list) else []


def _names(item: dict[str, Any]) -> list[str]:
    if names := text_in(item, "authors"):
        return [part for part in names.replace(" and ", ", ").split(", ") if part.strip()]
    return [
        name
        for author in list_in(item, "authors")
        if (name := text_in(author, "name") if isinstance(author, dict) else author) and isinstance(name, str)
    ]
