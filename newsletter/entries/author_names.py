"""Whether a name that somebody follows is the name that an entry gives. Pure.

Letter case, accents and order do not matter, and a name in full is met by its initials: who follows "Yoshua Bengio"
finds "Bengio, Yoshua", "Y. Bengio" and "Yoshua W. Bengio". Not the other way round: hundreds are called "J. Wang", so
who follows that finds what is written so, and nothing else.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Letters that no accent makes of others.
_FOLDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "æ": "ae", "œ": "oe"})
#: What belongs to the family name behind it.
_PARTICLES = frozenset("al ben bin da das de del della den der di do dos du el la le ten ter van von y zu zur".split())
_SUFFIXES = frozenset("jr sr ii iii iv phd md".split())
#: Characters of a name that are looked at.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in small letters without accents."""

    #: the family name with its particles, joined
    family: str
    #: given names, some of them initials
    given: tuple[str, ...]


def folded(name: str) -> frozenset[str]:
    """The words of a name in small letters, without accents."""
    return frozenset(re.findall(r"\w+", name.lower() if name.isascii() else _without_accents(name.casefold())))


def same_author(wanted: str, written: str) -> bool:
    """Whether `written`, as an entry gives it, may be read as the name that is `wanted`."""
    return _meets(_name(wanted), _name(written))


class AuthorNames:
    """The authors of many entries, to be asked for a name."""

    def __init__(self, entries: Iterable[Sequence[str]]) -> None:
        """`entries` are the authors of each entry, in the order of the indices that `by` returns."""
        self._by_family: dict[str, list[tuple[_Name, int]]] = defaultdict(list)
        for index, authors in enumerate(entries):
            for author in authors:
                name = _name(author)
                self._by_family[name.family].append((name, index))

    def by(self, name: str) -> frozenset[int]:
        """The entries that somebody of that name has written."""
        wanted = _name(name)
        return frozenset(index for known, index in self._by_family.get(wanted.family, ()) if _meets(wanted, known))


def _meets(wanted: _Name, written: _Name) -> bool:
    if not wanted.family or wanted.family != written.family:
        return False
    if wanted.given == written.given:
        return True
    if not wanted.given or not written.given or all(len(one) == 1 for one in wanted.given):
        return False
    # The first names must agree; of the others some may be left out, and those that both give must agree in order.
    shorter, longer = sorted((wanted.given, written.given), key=len)
    if not _agree(shorter[0], longer[0]):
        return False
    others = iter(longer[1:])
    return all(any(_agree(one, other) for other in others) for one in shorter[1:])


def _agree(a: str, b: str) -> bool:
    return a == b or (len(a) == 1 and b.startswith(a)) or (len(b) == 1 and a.startswith(b))


def _name(written: str) -> _Name:
    last, comma, first = written[:_LONGEST].partition(",")
    behind = [word for word in _words(first) if word not in _SUFFIXES]
    if comma and behind:
        family, given = _words(last), behind
        while len(given) > 1 and given[-1] in _PARTICLES:  # "Maaten, Laurens van der"
            family.insert(0, given.pop())
    else:
        words = [word for word in _words(last) if word not in _SUFFIXES]
        start = max(len(words) - 1, 0)
        while start > 1 and words[start - 1] in _PARTICLES:
            start -= 1
        family, given = words[start:], words[:start]
    return _Name("".join(family).replace("-", ""), tuple(part for word in given for part in word.split("-") if part))


def _words(text: str) -> list[str]:
    """In small letters without accents; of signs only hyphens are left."""
    plain = _without_accents(text.casefold().translate(_FOLDED)).replace("'", "").replace("’", "")
    return re.findall(r"[^\W_]+(?:-+[^\W_]+)*", re.sub(r"[‐‑–]|\.-", "-", plain).replace(".", " "))


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
