"""A server's words as others may read them: on one line, not too long, and naming no person."""

import re

_LOCAL_PART = re.compile(r"[\w.+=!#$%&'*/?^`{|}~-]{1,250}(?=@[\w.-])")


def quoted(answer: str, most: int = 300) -> str:
    """The answer without the names in its addresses ("…@example.org")."""
    words = _LOCAL_PART.sub("…", " ".join(answer[: 4 * most].split()))
    return words if len(words) <= most else words[: most - 1] + "…"
