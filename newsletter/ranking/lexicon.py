"""Which entries hold the very words of a line: what is muted by name should not come in by another door."""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_EMPTY: frozenset[int] = frozenset()
_BEFORE_ES = ("se", "xe", "ze", "che", "she")
_SMALL = frozenset("a an and as at by for from in into of on or the to with".split())


class Lexicon:
    """An index from words to the texts that hold them; singular and plural count as one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts_with: dict[str, set[int]] = defaultdict(set)
        for n, text in enumerate(texts):
            for word in _words(text):
                self._texts_with[word].add(n)

    def holding(self, line: str) -> frozenset[int]:
        """Indices of the texts that hold every word of the line (small words aside)."""
        wanted = _words(line) - _SMALL
        found = [self._texts_with.get(word, _EMPTY) for word in wanted]
        return frozenset(set.intersection(*map(set, found))) if found else _EMPTY


def plain_words(text: str) -> list[str]:
    """The words of a text in small letters, in its order."""
    return _WORD.findall(text.casefold())


def _words(text: str) -> set[str]:
    return {stem(word) for word in set(plain_words(text))}


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Without what English puts behind a noun for several; good enough to compare, no word by itself."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ias")):
        word = word[:-1]
    # boxes, searches, classes, and with them size and sizes
    return word[:-1] if word.endswith(_BEFORE_ES) else word
