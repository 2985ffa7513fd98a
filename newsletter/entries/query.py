"""What somebody asks of a search, understood. Pure; nothing that is typed reaches the database as anything but words.

`graph networks "message passing" -survey by:bengio since:2025` is two words, a phrase that must be there, a word that
must not, an author and a first day. Whatever cannot be read so is words.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

#: Characters that are read; nobody asks in more, and the model reads no further.
LONGEST = 1_000
#: Words that are looked for, and names, phrases and words to leave out: of each so many.
MOST_WORDS, MOST_OTHERS = 32, 8
_SAME_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
#: Authors that a search goes by: for each more all that came in is looked through.
MOST_AUTHORS = 2
_PART = re.compile(r'(?P<minus>[-−]?)(?:(?P<field>by|authors?|since):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))', re.I)
_NAME = re.compile(r"\s*(?:by|authors?):\s+(?P<name>.+)", re.I | re.DOTALL)
_DAY = re.compile(r"([12]\d{3})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_WORD = re.compile(r"\w+")
#: Words that say nothing of what is meant, and stand in most abstracts.
_COMMON = frozenset(
    """a about an and any are as at be been been by can did do does for from has have how if in into is it its of on or
    so such than that the their them then there these this to using via was we were what when where which who why will
    with""".split()
)


@dataclass(frozen=True, slots=True)
class Query:
    """A search, understood."""

    #: all of it, as it may be shown again
    typed: str = ""
    #: the words about what is wanted, without anything else: what the model reads, and what is followed
    meaning: str = ""
    #: to look for, one or several of them
    words: tuple[str, ...] = ()
    #: must be there, word beside word
    phrases: tuple[str, ...] = ()
    #: words and phrases that must not be there
    without: tuple[str, ...] = ()
    #: each must be one of the authors; a part of a name will do
    authors: tuple[str, ...] = ()
    #: published, or else come in, on that day or later
    since: date | None = None

    @property
    def interest(self) -> str:
        """The line that follows this search; empty where there is nothing to follow."""
        return self.meaning or (f"by: {self.authors[0]}" if self.authors else "")

    def __bool__(self) -> bool:
        return bool(self.meaning or self.without or self.authors or self.since)


def parse_query(text: str) -> Query:
    """Understand what was typed; everything can be."""
    text = typed = _readable(text)[:LONGEST].strip()
    if named := _NAME.fullmatch(text):
        # As a line of interest names an author.
        text = f'by:"{named["name"]}"'.replace('""', '"')
    meaning, phrases, without, authors, since = list[str](), list[str](), list[str](), list[str](), None
    for found in _PART.finditer(text):
        said = " ".join((found["quoted"] if found["quoted"] is not None else found["plain"]).split()).strip('"')
        field = (found["field"] or "").lower()
        if not any(c.isalnum() for c in said):
            continue
        if field == "since" and not found["minus"] and (day := parse_day(said)):
            since = day
        elif field in ("by", "author", "authors") and not found["minus"]:
            authors.append(said)
        elif found["minus"] and not field:
            without.append(said)
        else:
            if found["quoted"] is not None:
                phrases.append(said)
            meaning.append(f"{field}:{said}" if field else said)
    return Query(
        typed,
        " ".join(meaning),
        words_of(" ".join(meaning)),
        phrases=_several(phrases),
        without=_several(without),
        authors=_several(authors)[:MOST_AUTHORS],
        since=since,
    )


def parse_day(text: str) -> date | None:
    """The first day of 2025, 2025-03 or 2025-03-11; None for what is none."""
    found = _DAY.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else None
    except ValueError:
        return None


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in small letters, each once; small words only where there are no others."""
    words = tuple(dict.fromkeys(_WORD.findall(text.lower())))
    return tuple(word for word in words if word not in _COMMON)[:MOST_WORDS] or words[:MOST_WORDS]


def _several(said: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(said))[:MOST_OTHERS]


def _readable(text: str) -> str:
    """What cannot be shown, or stored, is a space; all sorts of quotation marks are one."""
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text[: LONGEST * 4])
    return " ".join(shown.translate(_SAME_QUOTES).split())
