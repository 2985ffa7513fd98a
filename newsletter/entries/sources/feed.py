"""RSS and Atom through feedparser; JSON Feed 1.0 and 1.1 by its specification (jsonfeed.org/version/1.1)."""

import codecs
import json
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

import feedparser

from newsletter.entries.entry import Parsed, ParsedEntry, Skipped
from newsletter.entries.images import Offered, best_image, first_image, image_of_item, safe_image
from newsletter.entries.sources.arxiv import announced, left_out, refuse_errors
from newsletter.entries.sources.errors_said import said_by_json
from newsletter.entries.sources.jsonlines import list_in, text_in
from newsletter.entries.text import (
    clean_names,
    clean_summary,
    clean_text,
    clean_title,
    clip,
    parse_date,
    plausible_date,
    safe_url,
)
from newsletter.errors import SourceError

#: What one feed may hold; more is an archive or an attack.
MAX_BYTES = 20_000_000
MAX_ITEMS = 20_000


def parse_feed(
    content: bytes, *, content_type: str = "", location: str = "", today: date, cross_lists: bool = True
) -> Parsed:
    """Read a feed of any kind. A feed without items is fine; raises `SourceError` for what is no feed.

    `cross_lists` is for arXiv's: also papers that were announced in another category first.
    """
    if len(content) > MAX_BYTES:
        raise SourceError(f"it holds {len(content) / 1e6:.0f} MB; a feed of over {MAX_BYTES / 1e6:.0f} MB is not read")
    if content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        return _parse_json_feed(content, today)
    if b"<!ENTITY" in content.replace(b"\0", b""):  # without the zeros of UTF-16
        # expat lets a document grow a hundredfold by them, which is 2 GB here.
        raise SourceError("it declares entities of its own (<!ENTITY …>); such a feed is not read, for safety")
    # Without a type (a file's) feedparser takes what declares no encoding for Latin-1; XML says UTF-8.
    headers = {"content-location": location, "content-type": content_type or "application/xml"}
    try:
        found = feedparser.parse(BytesIO(content), response_headers=headers, sanitize_html=False)
    except Exception as error:  # it has no error root, and its parsers underneath raise what they like
        raise SourceError(f"it cannot be read as a feed ({type(error).__name__}: {error})") from error
    if not found.get("version") and not found.entries:
        start = content[:2_000].lstrip().lower()
        if start.startswith((b"<!doctype html", b"<html")):
            raise SourceError("it is a web page, not a feed; look for its RSS or Atom address")
        raise SourceError(f"it is no feed ({found.get('bozo_exception') or 'nothing that looks like RSS or Atom'})")
    refuse_errors(found)
    items = (_from_feedparser(item, today, location, cross_lists) for item in found.entries[:MAX_ITEMS])
    return _collect(items, len(found.entries), left_out(found))


def _from_feedparser(item: Any, today: date, location: str, cross_lists: bool) -> ParsedEntry | Skipped:
    title = clean_title(item.get("title", ""))
    if not title:
        return Skipped(clip(str(item.get("link") or item.get("id") or "an item"), 80), "it has no title")
    summary = max((c.get("value", "") for c in item.get("content", [])), key=len, default="") or item.get("summary", "")
    paper = announced(item, summary, location, cross_lists=cross_lists)
    if paper.why_not:
        return Skipped(clip(title, 80), paper.why_not)
    authors = [a.get("name", "") for a in item.get("authors", []) if isinstance(a, dict)]
    if len(authors) == 1 and paper.joined:
        authors = authors[0].split(", ")
    return ParsedEntry(
        title=title,
        summary=clean_summary(paper.summary),
        authors=clean_names(authors),
        url=safe_url(item.get("link")),
        identifiers=tuple(str(item[k]) for k in ("id", "arxiv_doi", "prism_doi", "dc_identifier") if item.get(k)),
        published=_day_of(item, today),
        categories=clean_names([t["term"] for t in item.get("tags", []) if t.get("term")]),
        image=image_of_item(item, summary),
    )


def _day_of(item: Any, today: date) -> date | None:
    for key in ("published_parsed", "updated_parsed"):
        # The plain dict's get: feedparser's own answers for `updated` with `published`, and warns about it.
        if moment := dict.get(item, key):
            try:
                return plausible_date(date(*moment[:3]), today)
            except (ValueError, TypeError):
                continue
    return None


def _parse_json_feed(content: bytes, today: date) -> Parsed:
    try:
        feed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"it begins like a JSON feed but is not JSON: {error}") from None
    items = feed.get("items")
    if "jsonfeed.org" not in str(feed.get("version", "")) and not isinstance(items, list):
        if words := said_by_json(feed):
            raise SourceError(f"the server answers with an error: {words}")
        raise SourceError("it is JSON, but no JSON Feed (https://www.jsonfeed.org): it has no list of items")
    items = items if isinstance(items, list) else []
    return _collect((_from_json_item(item, today) for item in items[:MAX_ITEMS]), len(items))


def _from_json_item(item: Any, today: date) -> ParsedEntry | Skipped:
    if not isinstance(item, dict):
        return Skipped("an item", "it is no object")
    text = text_in(item, "content_text") or text_in(item, "content_html") or text_in(item, "summary")
    # A title may be missing (it is a note, then): its first words stand in.
    title = clean_title(text_in(item, "title")) or clip(clean_summary(text), 80)
    if not title:
        return Skipped(clip(clean_text(f"item {item.get('id', '?')}"), 80), "it has neither title nor text")
    people = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    return ParsedEntry(
        title=title,
        summary=clean_summary(text_in(item, "summary") or text),
        authors=clean_names([text_in(a, "name") for a in people or [] if isinstance(a, dict)]),
        url=safe_url(item.get("url")) or safe_url(item.get("external_url")) or safe_url(item.get("id")),
        identifiers=(str(item.get("id", "")),),
        published=parse_date(item.get("date_published") or item.get("date_modified"), today),
        categories=clean_names([t for t in list_in(item, "tags") if isinstance(t, str)]),
        image=_image_of_json_item(item),
    )


def _image_of_json_item(item: dict[str, Any]) -> str:
    attached = [
        Offered(one.get("url"))
        for one in list_in(item, "attachments")
        if isinstance(one, dict) and text_in(one, "mime_type").startswith("image/")
    ]
    said = safe_image(item.get("image")) or safe_image(item.get("banner_image"))
    return said or best_image(attached) or first_image(text_in(item, "content_html"))


def _collect(results: Any, total: int, left_out: Sequence[Skipped] = ()) -> Parsed:
    entries: list[ParsedEntry] = []
    skipped = list(left_out)
    for result in results:
        (entries if isinstance(result, ParsedEntry) else skipped).append(result)
    if total > MAX_ITEMS:
        skipped.append(Skipped(f"{total - MAX_ITEMS:,} further items", f"only {MAX_ITEMS:,} are read of one feed"))
    return Parsed(tuple(entries), tuple(skipped))
