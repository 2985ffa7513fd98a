"""Interests: a line in the reader's own words, papers that they love, or an author, followed or muted.

* `protein design` is a statement; `not: surveys` mutes.
* `State-space models: 2312.00752, 10.1038/s41586-021-03819-2, https://…` is a statement with papers to learn from:
  arXiv ids, DOIs and links, each with its title behind it in quotes if one likes, or `title:"…"` alone. A line may
  hold nothing but papers; BibTeX becomes such a line.
* `by: Ada Lovelace` follows an author.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from subscribers.bibtex import holds_bibtex, in_lines
from subscribers.errors import InvalidInterest
from subscribers.papers import MAX_PAPERS, Reference, references_in

#: Longer lines are abstracts or accidents; the model reads no further anyway.
MAX_CHARACTERS = 300
MAX_INTERESTS = 50
#: Of a line with papers: room for a hundred of them with their titles.
MAX_WITH_PAPERS = 40_000
MAX_AUTHOR = 100
#: Longer lines are read anew each time: thousands of them would fill the memory.
_REMEMBERED = 2_000
_MUTE = re.compile(r"(?:not|no)\s*:\s*", re.IGNORECASE)
_BY = re.compile(r"(?:by|authors?)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
#: What stands between commas or semicolons; those within a quoted title divide nothing.
_PIECE = re.compile(r"(?:[^,;\"“”]|[\"“][^\"“”]*[\"”]|[\"“”])+")


@dataclass(frozen=True, slots=True)
class Interest:
    """One line of a reader's interests."""

    #: the reader's own words, white space tidied
    text: str
    #: True for "not: …": entries near it are pushed down
    muted: bool = False

    def __str__(self) -> str:
        return f"not: {self.text}" if self.muted else self.text

    @property
    def statement(self) -> str:
        """What the model reads: the words without papers; empty where there are none, or an author is meant."""
        return _understood(self.text).statement

    @property
    def references(self) -> tuple[Reference, ...]:
        """The papers that the line names, in its order."""
        return _understood(self.text).references

    @property
    def papers(self) -> tuple[str, ...]:
        """Their keys, as the archive knows them: arxiv:… doi:… url:… title:…"""
        return tuple(one.key for one in self.references)

    @property
    def author(self) -> str:
        """The name that the line follows; empty where it is about something else."""
        return _understood(self.text).author

    @property
    def label(self) -> str:
        """The line in short: "State-space models, with 3 papers"; without papers as it is. Never with "not:"."""
        papers = self.references
        if not papers:
            return self.text
        if self.statement:
            return f"{self.statement}, with {_papers(len(papers))}"
        return name_of([one.title for one in papers])

    @property
    def short(self) -> str:
        """The label with "not:" where it mutes."""
        return f"not: {self.label}" if self.muted else self.label

    def without(self, papers: Collection[str]) -> "Interest | None":
        """The line without some of its papers, by their keys; None where nothing is left."""
        left = ", ".join(str(one) for one in self.references if one.key not in papers)
        text = ": ".join(filter(None, (self.statement, left)))
        return Interest(text, self.muted) if text else None

    def is_meant_by(self, text: str) -> bool:
        """Whether somebody names this line so: as it is written, by its label, its words, or its papers."""
        said = " ".join(text.split()).casefold()
        if said in (self.text.casefold(), self.label.casefold()) or (self.papers and said == self.statement.casefold()):
            return True
        other = _understood(text)
        if self.author or other.author:
            return self.author.casefold() == other.author.casefold()
        return bool(self.papers) and not other.statement and set(self.papers) == {one.key for one in other.references}


def name_of(titles: list[str]) -> str:
    """What papers without other words are called: the first known title "and 2 more", or how many they are."""
    first = next(filter(None, titles), "")
    if not first:
        return _papers(len(titles))
    return f"“{first}”" + (f" and {len(titles) - 1} more" if len(titles) > 1 else "")


def parse_interest(line: str) -> Interest:
    """Read one line; "not: surveys" mutes. Raises `InvalidInterest` for empty, wordless or endless lines."""
    tidy = _tidy(line)
    mute = _MUTE.match(tidy)
    text = tidy[mute.end() :] if mute else tidy
    if not any(c.isalnum() for c in text):
        raise InvalidInterest(
            f"The interest {line.strip()[:60]!r} holds no word. Write what you like to read about, "
            'such as "protein design" or "not: surveys".'
        )
    interest = Interest(text, muted=mute is not None)
    if _BY.match(text):
        _check_author(text, interest.author)
    else:
        _check_size(interest)
    return interest


def parse_interests(lines: list[str]) -> tuple[Interest, ...]:
    """Read several lines, each kept once (the last word on followed or muted wins); BibTeX becomes a line.

    Raises `InvalidInterest`, also for BibTeX of which nothing can be read.
    """
    found: dict[str, Interest] = {}
    for given in lines:
        for line in in_lines(given) if holds_bibtex(given) else [given]:
            interest = parse_interest(line)
            found.pop(interest.text.casefold(), None)
            found[interest.text.casefold()] = interest
    if len(found) > MAX_INTERESTS:
        raise InvalidInterest(f"{len(found)} interests are too many to tell apart; {MAX_INTERESTS} is the most.")
    return tuple(found.values())


def lines_in(text: str) -> list[str]:
    """The lines of what a person typed or pasted, without empty ones; BibTeX in it becomes one line.

    Raises `InvalidInterest` for BibTeX of which nothing can be read.
    """
    return [line for line in in_lines(text) if line.strip()]


def divided(text: str) -> list[str]:
    """Interests between commas or semicolons, without those; papers go with the words before them."""
    pieces: list[str] = []
    for piece in (one.strip() for one in _PIECE.findall(text)):
        papers, words = references_in(piece)
        if pieces and papers and not words:
            pieces[-1] = f"{pieces[-1]}, {piece}"
        elif piece:
            pieces.append(piece)
    return pieces


@dataclass(frozen=True, slots=True)
class _Understood:
    """A line, taken apart."""

    statement: str
    references: tuple[Reference, ...] = ()
    author: str = ""


def _understood(text: str) -> _Understood:
    # A reader's lines are looked at again and again while an issue is composed; long ones may be anybody's flood.
    return _remembered(text) if len(text) <= _REMEMBERED else _read(text)


def _read(text: str) -> _Understood:
    if by := _BY.match(text):
        return _Understood("", author=by[1].strip(" \"“”'.,;"))
    # Most lines hold no paper, which is quick to see.
    if not ('"' in text or "“" in text or "/" in text or any(map(str.isdecimal, text))):
        return _Understood(text)
    references, statement = references_in(text)
    return _Understood(statement, references)


_remembered = lru_cache(maxsize=10_000)(_read)


def _tidy(line: str) -> str:
    return " ".join("".join(map(_readable, line)).split())


def _check_author(text: str, name: str) -> None:
    if sum(map(str.isalpha, name)) < 2 or len(name) > MAX_AUTHOR:
        raise InvalidInterest(f'{text[:60]!r} names no author. Write the whole name, as "by: Ada Lovelace".')


def _check_size(interest: Interest) -> None:
    text, papers, statement = interest.text, interest.references, interest.statement
    if len(papers) > MAX_PAPERS:
        raise InvalidInterest(
            f"The interest that begins {text[:40]!r} names {len(papers)} papers; {MAX_PAPERS} is the "
            "most for one line. Divide them among several lines."
        )
    if len(text) > MAX_CHARACTERS and not papers:
        raise InvalidInterest(
            f"The interest that begins {text[:40]!r} has {len(text):,} characters; {MAX_CHARACTERS} is the most. "
            "Say it in one line, or split it into several interests."
        )
    if len(statement) > MAX_CHARACTERS or len(text) > MAX_WITH_PAPERS:
        raise InvalidInterest(
            f"The interest that begins {text[:40]!r} has {len(statement):,} characters beside its papers; "
            f"{MAX_CHARACTERS} is the most. Write one interest a line, with its papers behind it."
        )


def _papers(count: int) -> str:
    return "one paper" if count == 1 else f"{count} papers"


def _readable(c: str) -> str:
    """Invisible characters vanish (but for the joiners that some scripts and emoji need), breaks become spaces."""
    match unicodedata.category(c):
        case "Cf":
            return c if c in "\u200c\u200d" else ""
        case "Cc" | "Cs" | "Zl" | "Zp":
            return " "
    return c
