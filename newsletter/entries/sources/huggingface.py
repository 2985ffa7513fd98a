"""Hugging Face's daily papers, as the API gives them: a JSON list.

`upvotes` and `ai_summary` are read inside `paper`, the only place where they are.
"""

import json
import re
from datetime import date
from typing import Any

from newsletter.entries.entry import Parsed, ParsedEntry, Skipped
from newsletter.entries.images import Offered, best_image, safe_image
from newsletter.entries.sources.errors_said import said_by_json
from newsletter.entries.sources.jsonlines import list_in, text_in
from newsletter.entries.text import clean_names, clean_summary, clean_text, clean_title, clip, decode, parse_date
from newsletter.errors import SourceError

PAGE = "https://huggingface.co/papers/"
#: Keywords that become categories: the first ones say what a paper is about, the others every method it names.
KEYWORDS = 5
#: What one list may hold; more is an attack.
MAX_BYTES, MAX_PAPERS = 20_000_000, 20_000
_ARXIV_ID = re.compile(r"[0-9]{4}\.[0-9]{4,5}|[a-z-]{2,12}(\.[A-Z]{2})?/[0-9]{7}")
_ID = re.compile(r"[\w./-]{1,60}", re.ASCII)


def parse_huggingface(content: bytes, *, today: date) -> Parsed:
    """Read a list of papers; an empty one is fine (a weekend). Raises `SourceError` for what is none."""
    if len(content) > MAX_BYTES:
        raise SourceError(f"it holds {len(content) / 1e6:.0f} MB; a list of over {MAX_BYTES / 1e6:.0f} MB is not read")
    try:
        papers = json.loads(decode(content))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"it is no list of Hugging Face's papers, not even JSON: {clip(str(error), 200)}") from None
    if words := said_by_json(papers):
        raise SourceError(f"Hugging Face answers with an error: {words}")
    if not isinstance(papers, list):
        raise SourceError("it is JSON, but no list of Hugging Face's papers")
    results = [_entry_from(item, today) for item in papers[:MAX_PAPERS]]
    entries = tuple(result for result in results if isinstance(result, ParsedEntry))
    skipped = [result for result in results if isinstance(result, Skipped)]
    if skipped and not entries and not any(isinstance(item, dict) and "paper" in item for item in papers):
        raise SourceError("it is a JSON list, but not of Hugging Face's papers")
    if len(papers) > MAX_PAPERS:
        skipped.append(Skipped(f"{len(papers) - MAX_PAPERS:,} further papers", f"only {MAX_PAPERS:,} are read"))
    return Parsed(entries, tuple(skipped))


def _entry_from(item: Any, today: date) -> ParsedEntry | Skipped:
    paper = item.get("paper") if isinstance(item, dict) else None
    if not isinstance(paper, dict):
        return Skipped("an item", "it holds no paper")
    id_ = text_in(paper, "id") if _ID.fullmatch(text_in(paper, "id")) else ""
    title = clean_title(text_in(paper, "title") or text_in(item, "title"))
    if not title:
        return Skipped(clip(clean_text(f"paper {id_}"), 80), "it has no title")
    summaries = (text_in(paper, "summary"), text_in(item, "summary"), text_in(paper, "ai_summary"))
    # The day on which it stood among the daily papers; the paper itself may be weeks older.
    days = (text_in(paper, "submittedOnDailyAt"), text_in(paper, "publishedAt"), text_in(item, "publishedAt"))
    upvotes = paper.get("upvotes")
    return ParsedEntry(
        title=title,
        summary=next(filter(None, map(clean_summary, summaries)), ""),
        authors=clean_names([name for author in list_in(paper, "authors") if (name := _name_of(author))]),
        url=PAGE + id_ if id_ else None,
        identifiers=(f"arXiv:{id_}",) if _ARXIV_ID.fullmatch(id_) else (),
        published=next(filter(None, (parse_date(day, today) for day in days)), None),
        categories=clean_names([w for w in list_in(paper, "ai_keywords") if isinstance(w, str)][:KEYWORDS]),
        popularity=upvotes if type(upvotes) is int and 0 <= upvotes < 2**31 else None,
        image=_image_of(item, paper),
    )


def _image_of(item: dict[str, Any], paper: dict[str, Any]) -> str:
    """A figure that the authors have put there; else the picture that Hugging Face makes of every paper."""
    figures = [*list_in(paper, "mediaUrls"), *list_in(item, "mediaUrls")]
    return best_image(map(Offered, figures)) or safe_image(item.get("thumbnail"))


def _name_of(author: Any) -> str:
    """Empty for one that is hidden: that is a name which was read wrongly from the paper."""
    return text_in(author, "name") if isinstance(author, dict) and author.get("hidden") is not True else ""
