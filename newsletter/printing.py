"""An issue that is ready to be composed, and a reader for whom it is: what the rooms of the main line hand around."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from newsletter.delivery.copies import FrozenIssue
from newsletter.entries.author_names import AuthorNames
from newsletter.entries.entry import Entry
from newsletter.issues.calendar import Slot
from newsletter.issues.editorial import Settled
from newsletter.issues.issue import IssueKey, StoredIssue
from newsletter.ranking.lexicon import Lexicon
from subscribers.people import Subscriber


@dataclass(frozen=True, slots=True)
class Addressee:
    """A reader and the slot for which they get an issue."""

    reader: Subscriber
    slot: Slot

    @property
    def key(self) -> IssueKey:
        """The issue they get."""
        return IssueKey(self.reader.cadence.frequency, self.slot.date)


@dataclass(frozen=True)
class Printing:
    """An issue, frozen or as a draft, ready to be composed for readers."""

    key: IssueKey
    frozen: FrozenIssue
    candidates: Sequence[Entry]
    #: entry ids in the editor's order
    pins: Sequence[int]
    #: None for a draft
    stored: StoredIssue | None
    #: the highest entry id it covers; the next issue begins behind it
    up_to_entry: int
    #: what came in for it and the editor dropped: nobody's in this issue
    dropped: Sequence[Entry] = ()
    #: the editor's intro, drops and edits; a card has the edited words, its candidate the entry's own
    settled: Settled = field(default_factory=Settled)
    #: of the editor's file that a draft was made from
    version: str = ""

    @cached_property
    def lexicon(self) -> Lexicon:
        """Which candidates hold which words; made when the first reader mutes something."""
        return Lexicon([entry.text for entry in self.candidates])

    @cached_property
    def authors(self) -> AuthorNames:
        """Which candidates are by whom; made when the first reader follows or mutes an author."""
        return AuthorNames([entry.authors for entry in self.candidates])
