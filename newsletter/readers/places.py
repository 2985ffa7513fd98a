"""How many places each of somebody's interests had in their last issue."""

from collections import Counter
from dataclasses import dataclass

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.issues.composing import clipped
from newsletter.issues.issue import ReasonKind, Section
from newsletter.rendering.words import long_date
from subscribers.people import Subscriber

#: Reasons that are about a line of the reader's interests.
_OF_A_LINE = (ReasonKind.INTEREST, ReasonKind.NEAREST, ReasonKind.AUTHOR)


@dataclass(frozen=True, slots=True)
class Places:
    """What the entries that were chosen for a reader owe their places to."""

    #: on which the issue left, where they are: Friday, 27 November
    day: str
    #: (interest as its reader knows it, places), as they follow them; 0 where there was nothing good enough
    of_each: tuple[tuple[str, int], ...]
    #: to what they liked, and to what readers of like taste like
    by_votes: int


def places(db: Database, person: Subscriber) -> Places | None:
    """Those of the last copy that left; None where none has, or where nothing in it was chosen for them."""
    issue = next(iter(records.sent_to(db, person.id, 1)), None)
    copy = records.of_reader(db, person.id, issue) if issue is not None else None
    if copy is None or copy.recipe is None or copy.date is None or not copy.recipe.follows:
        return None
    own = [pick for pick in copy.recipe.picks if pick.section is Section.FOR_YOU]
    had = Counter(pick.words for pick in own if pick.reason in _OF_A_LINE)
    by_votes = sum(pick.reason in (ReasonKind.LIKED, ReasonKind.COMPANY) for pick in own)
    lines = [(one.label, clipped(one.author or one.label)) for one in person.interests if not one.muted]
    of_each = tuple((label, had[words]) for label, words in lines)
    if not by_votes and not any(count for _, count in of_each):
        return None
    day = long_date(copy.date.astimezone(person.cadence.zone).date())
    return Places(day, of_each, by_votes)
