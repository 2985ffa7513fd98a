"""The types of this room: an issue, and what was chosen for one reader."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from newsletter.errors import IssueError
from newsletter.issues.calendar import period
from subscribers.cadence import Frequency


class IssueState(StrEnum):
    """How far an issue is."""

    #: takes new entries
    OPEN = "open"
    #: its entries, intro, pins and template are fixed
    FROZEN = "frozen"
    #: may be sent
    RELEASED = "released"
    #: every copy is out or given up
    DONE = "done"
    #: waits for the editor's word
    HELD = "held"
    #: nobody gets it
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class IssueKey:
    """One edition of a cadence for one local due date."""

    frequency: Frequency
    due: date

    def __str__(self) -> str:
        return f"{self.frequency}-{self.due}"

    @property
    def number(self) -> int:
        """The same as a number, known before the issue is stored: links to it are signed with that."""
        return int(f"{self.due:%Y%m%d}") * 10 + list(Frequency).index(self.frequency)

    @property
    def period(self) -> str:
        """The period it belongs to, such as 2026-W48."""
        return period(self.frequency, self.due)


def parse_issue_key(text: str) -> IssueKey:
    """Read "weekly-2026-11-27". Raises `IssueError`."""
    frequency, _, due = text.strip().partition("-")
    try:
        key = IssueKey(Frequency(frequency), date.fromisoformat(due))
        # In one way only, and no year at which the calendar itself ends.
        if str(key) == text.strip() and due[:2] == "20":
            return key
    except ValueError:
        pass
    raise IssueError(f"{text!r} names no issue; write it as weekly-2026-11-27. `newsletter issue list` shows them.")


@dataclass(frozen=True, slots=True)
class StoredIssue:
    """An issue that has been frozen."""

    id: int
    key: IssueKey
    state: IssueState
    frozen_at: datetime
    #: the highest entry id it covers; the next issue begins behind it
    up_to_entry: int
    #: of a held one: when it goes out by itself, None for only when the operator says so; of a released one: when it
    #: was let go, None if it never was held
    held_until: datetime | None = None
    #: of a held one: why the program itself stopped it; empty where a person holds it
    held_why: str = ""
    #: when nothing of it waited any more and nobody was to get it, and the operator was told
    through_at: datetime | None = None


class Section(StrEnum):
    """The parts of an issue, in their order."""

    PINNED = "pinned"
    FOR_YOU = "for-you"
    FAVOURITES = "favourites"
    OUTSIDE = "outside"


class ReasonKind(StrEnum):
    """Why an entry is in somebody's issue."""

    #: it is close to an interest; words: the interest
    INTEREST = "interest"
    #: it is close to something the reader wanted more of; words: the title of that
    LIKED = "liked"
    #: it is by an author whom the reader follows; words: the name
    AUTHOR = "author"
    #: readers who like what the reader likes want more of it; words: how many
    COMPANY = "company"
    #: nothing was close; this came nearest to it; words: the interest, or the title of what was liked
    NEAREST = "nearest"
    #: the editor pinned it
    EDITOR = "editor"
    #: many like it; words: how many
    POPULAR = "popular"
    #: a step outside what the reader follows and likes
    OUTSIDE = "outside"
    #: nothing of what the reader follows says anything of these entries (an author, say): everybody's edition
    EVERYBODY = "everybody"
    #: the reader follows nothing yet, and liked nothing: everybody's edition
    GENERAL = "general"


# Not frozen: then making one takes half as long, and ten are made for each message.
@dataclass(slots=True)
class Pick:
    """An entry chosen for one reader."""

    entry_id: int
    section: Section
    #: standard deviations above what is average for the reader, as mutes and votes have it; the general score where
    #: they follow and like nothing
    score: float
    reason: ReasonKind
    #: what the reason is about: the reader's own words, a title, a number
    words: str
    #: index of the sentence to set off, None where the entry has no summary
    sentence: int | None = None


@dataclass(frozen=True, slots=True)
class NothingNew:
    """A reader gets no mail for this issue, and why."""

    why: str
