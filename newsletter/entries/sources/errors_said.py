"""What a server says of its error, in the body of its answer."""

import json
from typing import Any

import feedparser

from newsletter.entries.text import clean_text, clip, decode

#: Bytes of a body that are looked at: an error is short.
_MOST = 65_536
_LONGEST = 200
#: In every error of arXiv's API, which is a feed with one entry.
ARXIV_ERROR = "arxiv.org/api/errors"


def error_words(content: bytes) -> str | None:
    """The words of an error in JSON ({"error": …}) or of arXiv's API; None where the body says nothing of the kind.

    For the body of an answer such as 400 Bad Request. Never raises.
    """
    head = content[:_MOST]
    start = decode(head).lstrip()
    if start.startswith("{"):
        try:
            return said_by_json(json.loads(start))
        except (ValueError, RecursionError):
            return None
    if start.startswith("<") and ARXIV_ERROR in start and "<!ENTITY" not in start:
        try:
            entries = feedparser.parse(head, sanitize_html=False).entries
        except Exception:  # it has no error root
            return None
        return next((words for entry in entries if (words := said_by_arxiv(entry))), None)
    return None


def said_by_json(answer: Any) -> str | None:
    """The words of an answer that is nothing but an error; None for any other."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    return clip(clean_text(error), _LONGEST) or None if isinstance(error, str) else None


def said_by_arxiv(item: Any) -> str | None:
    """The words of an entry that stands for an error of arXiv's API; None for any other."""
    if item.get("title") != "Error" or ARXIV_ERROR not in str(item.get("id", "")):
        return None
    return clip(clean_text(str(item.get("summary", ""))), _LONGEST) or "an error without words"
