"""What a server says of its error, in the body of its answer."""

import json
import re
from typing import Any

import feedparser

from newsletter.entries.text import clean_text, clip, decode

#: Bytes of a body that are looked at: an error is short.
_MOST = 65_536
_LONGEST = 200
#: In every error of arXiv's API, which is a feed with one entry.
ARXIV_ERROR = "arxiv.org/api/errors"
_PAGE_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
#: What has these is no text but a picture or an archive.
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd]")


def error_words(content: bytes) -> str | None:
    """What the body of an answer such as 400 Bad Request says, in one line; None where it says nothing.

    The words of an error in JSON ({"error": …}, or RFC 9457's title and detail), of arXiv's API, of plain text, or the
    title of a web page. Never raises. For answers with an error's status only: any text counts as its words.
    """
    head = content[:_MOST]
    start = decode(head).lstrip()
    if start.startswith("{"):
        try:
            answer = json.loads(start)
        except (ValueError, RecursionError):
            return None
        return said_by_json(answer) or _problem(answer)
    if start.startswith("<") and ARXIV_ERROR in start and "<!ENTITY" not in start:
        try:
            entries = feedparser.parse(head, sanitize_html=False).entries
        except Exception:  # it has no error root
            return None
        return next((words for entry in entries if (words := said_by_arxiv(entry))), None)
    if start.startswith("<"):
        title = (
            _PAGE_TITLE.search(start) if re.match(r"<!doctype html|<html|<head|<title", start, re.IGNORECASE) else None
        )
        return clip(clean_text(title[1]), _LONGEST) or None if title else None
    return None if _UNREADABLE.search(start) else clip(clean_text(start), _LONGEST) or None


def said_by_json(answer: Any) -> str | None:
    """The words of an answer that is nothing but an error; None for any other."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    return clip(clean_text(error), _LONGEST) or None if isinstance(error, str) else None


def _problem(answer: Any) -> str | None:
    """Title and detail of a problem as RFC 9457 has it."""
    said = [answer.get(key) for key in ("title", "detail")] if isinstance(answer, dict) else []
    words = ": ".join(clean for text in said if isinstance(text, str) and (clean := clean_text(text)))
    return clip(words, _LONGEST) or None


def said_by_arxiv(item: Any) -> str | None:
    """The words of an entry that stands for an error of arXiv's API; None for any other."""
    if str(item.get("title", "")).strip() != "Error" or ARXIV_ERROR not in str(item.get("id", "")):
        return None
    return clip(clean_text(str(item.get("summary", ""))), _LONGEST) or "an error without words"
