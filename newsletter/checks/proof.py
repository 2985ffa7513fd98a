"""A trial print: an issue and what came of making it for all its readers, laid out for the checks."""

import email
import email.policy
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from newsletter.checks.findings import Place, PlaceKind
from newsletter.checks.page import Element, parse
from newsletter.entries.entry import Entry
from newsletter.issues.issue import IssueKey, IssueState, Section
from newsletter.rendering.card import Card
from newsletter.rendering.recipe import Recipe
from newsletter.settings import Settings

#: Addresses that are named for a reason, at most.
EXAMPLES = 3
#: Sections in which a reader gets what was chosen for them alone.
_OWN = (Section.FOR_YOU, Section.OUTSIDE)


@dataclass(eq=False)
class Copy:
    """A finished message, taken apart as a mail program does."""

    #: empty for everybody's edition
    address: str
    recipe: Recipe
    headers: Mapping[str, str]
    html: str
    text: str

    @property
    def subject(self) -> str:
        """Its subject."""
        return self.headers.get("subject", "")

    @property
    def name(self) -> str:
        """Whose it is, as it stands in a sentence."""
        return f"{self.address}’s copy" if self.address else "everybody’s edition"

    @property
    def places(self) -> tuple[Place, ...]:
        """Where to look at it."""
        return (Place(PlaceKind.READER, self.address),) if self.address else ()

    @property
    def size(self) -> int:
        """Bytes of HTML."""
        return len(self.html.encode())

    @cached_property
    def page(self) -> Element:
        """Its HTML as a tree."""
        return parse(self.html)


def copy_of(message: bytes, address: str, recipe: Recipe) -> Copy:
    """Take a message apart."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    html, text = parsed.get_body(("html",)), parsed.get_body(("plain",))
    headers = {name.lower(): str(value) for name, value in parsed.items()}
    return Copy(address, recipe, headers, html.get_content() if html else "", text.get_content() if text else "")


@dataclass(slots=True)
class Subject:
    """A subject, who gets it and because of which entry."""

    readers: int = 0
    address: str = ""
    entry_id: int = 0


@dataclass(slots=True)
class Tally:
    """What all copies together are; however many there are, it stays small."""

    #: entry id → one name for all entries that are the same thing, for those that have a twin
    twins: Mapping[int, int] = field(default_factory=dict)
    #: readers who get a mail
    copies: int = 0
    #: why → how many get nothing, and some of their addresses
    nothing: Counter[str] = field(default_factory=Counter)
    without: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    #: readers of each entry, and of each that was chosen for them alone
    readers_of: Counter[int] = field(default_factory=Counter)
    chosen_for: Counter[int] = field(default_factory=Counter)
    #: readers in whose mail a section is, and for whom there is one at all
    in_mail: Counter[Section] = field(default_factory=Counter)
    in_issue: Counter[Section] = field(default_factory=Counter)
    subjects: dict[str, Subject] = field(default_factory=dict)
    #: readers whose issue did not fit into a mail, and what is left out at most
    cut_short: int = 0
    most_left_out: int = 0
    #: entries that are the same thing → readers who get both
    doubled: Counter[tuple[int, int]] = field(default_factory=Counter)
    #: (address, entry) of what a reader has had before; the first few, and how many there are
    repeated: list[tuple[str, int]] = field(default_factory=list)
    repeats: int = 0

    def add_nothing(self, address: str, why: str) -> None:
        """A reader who gets no mail."""
        self.nothing[why] += 1
        if len(self.without[why]) < EXAMPLES:
            self.without[why].append(address)

    def add(self, address: str, recipe: Recipe, subject: str) -> None:
        """A reader's copy."""
        self.copies += 1
        self.readers_of.update(pick.entry_id for pick in recipe.picks)
        self.chosen_for.update(pick.entry_id for pick in recipe.picks if pick.section in _OWN)
        self.in_issue.update({pick.section for pick in recipe.picks})
        self.in_mail.update({pick.section for pick in recipe.shown})
        self.cut_short += bool(recipe.left_out)
        self.most_left_out = max(self.most_left_out, recipe.left_out)
        known = self.subjects.setdefault(subject, Subject(0, address, recipe.picks[0].entry_id))
        known.readers += 1
        if self.twins:
            self._add_twins([pick.entry_id for pick in recipe.picks])

    def add_repeats(self, address: str, entry_ids: Sequence[int]) -> None:
        """Entries of a copy that its reader has had before."""
        self.repeats += len(entry_ids)
        self.repeated += [(address, one) for one in entry_ids[: EXAMPLES - len(self.repeated)]]

    def _add_twins(self, entry_ids: Sequence[int]) -> None:
        first: dict[int, int] = {}
        for entry_id in entry_ids:
            name = self.twins.get(entry_id, -entry_id)
            if name in first:
                self.doubled[first[name], entry_id] += 1
            first.setdefault(name, entry_id)


@dataclass(frozen=True, slots=True)
class Before:
    """The issue of the same frequency that came before."""

    key: IssueKey
    #: templates by name, as they were
    sources: Mapping[str, str]
    intro: str
    entries: int
    #: copies that were made
    readers: int
    #: bytes of HTML of everybody's edition; 0 where there is none
    size: int


@dataclass(eq=False)
class Proof:
    """An issue, and all that the checks look at."""

    key: IssueKey
    settings: Settings
    #: its words and looks are fixed
    made: bool
    #: why no mail leaves at all; None where it does
    mail_off: str | None
    #: why nothing of it goes out by now; empty where it does
    waits: str
    #: of an open one the state in which it would begin
    state: IssueState
    #: whose issue it is, whether they get a mail or not
    readers: int
    sources: Mapping[str, str]
    #: Markdown
    intro: str
    #: where the intro is written
    intro_place: str
    #: as the copies have it
    postal_address: str
    #: whose it would be, had they not paused
    paused: int
    candidates: Sequence[Entry]
    pins: Sequence[int]
    cards: Mapping[int, Card]
    tally: Tally
    #: the largest, and some that have every kind of thing there is between them; everybody's edition last
    copies: Sequence[Copy]
    #: None for the first one
    before: Before | None = None

    @property
    def largest(self) -> Copy | None:
        """The copy with the most HTML."""
        return max(self.copies, key=lambda copy: copy.size, default=None)
