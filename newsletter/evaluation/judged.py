"""Judged data as it was read, before it is cut into issues: the types that the layouts fill. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.entries.entry import Entry


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that a person chose, or turned down."""

    #: row of the entries
    row: int
    #: above 0 for liked, below 0 for disliked
    value: float
    #: when it was chosen, as a day's ordinal; nan where unknown
    day: float


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the data."""

    name: str
    #: interests in their own words
    statements: tuple[str, ...]
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """People with dated choices over dated entries."""

    entries: Sequence[Entry]
    #: when each came out, as a day's ordinal; nan where unknown. Of an arXiv id: its month, and how far in it
    days: Sequence[float]
    #: True where only arXiv ids tell the days
    by_month: bool
    people: Sequence[Person]
    #: judgements of, or by, what is not in the data; the same below
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements with graded entries."""

    entries: Sequence[Entry]
    people: Sequence[Person]
    #: of each person: row of the entries → grade
    grades: Sequence[Mapping[int, float]]
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Profiles:
    """People with entries of their own, and graded other ones."""

    entries: Sequence[Entry]
    #: their own entries are their choices
    people: Sequence[Person]
    grades: Sequence[Mapping[int, float]]
    unknown: int = 0


Judged = Stream | Statements | Profiles
