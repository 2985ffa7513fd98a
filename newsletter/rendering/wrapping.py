"""Plain text in lines that any mail client shows whole."""

import textwrap
from functools import lru_cache

WIDTH = 72


@lru_cache(maxsize=4_096)
def fill(text: str, indent: str = "") -> str:
    """Wrapped at 72 columns; words and links are never broken. `indent` stands before all lines but the first."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
