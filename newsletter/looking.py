"""Looking at an issue with its reasons: what a reader gets, how each pick came about, what just missed and why."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from newsletter.addressees import nobody
from newsletter.at_hand import AtHand, IssuesAtHand
from newsletter.delivery.receipts import Receipt, receipts_of
from newsletter.entries.entry import Entry
from newsletter.issues import store as issues
from newsletter.issues.calendar import is_due_date
from newsletter.issues.composing import Shape
from newsletter.issues.editorial import Edit
from newsletter.issues.issue import IssueKey, NothingNew, Section, parse_issue_key
from newsletter.judgement import Judgement
from newsletter.judging import kept_away
from newsletter.press import Press, shape_of
from newsletter.previewing import Copy, copy_for, draft_copy, kept_copy, why_nothing
from newsletter.printing import Addressee, Printing
from newsletter.ranking.explaining import scores_of
from newsletter.reasoning import Missed, Trial, had_before, muted_out
from newsletter.rendering import words
from newsletter.rendering.links import Signer
from newsletter.reports import Preview
from newsletter.settings import Settings
from newsletter.weighing import Part as Part
from newsletter.weighing import PartName as PartName
from newsletter.weighing import Weighed as Weighed
from newsletter.weighing import scores_beside, weighed
from subscribers import people
from subscribers.finding import find_readers
from subscribers.interests import Interest, parse_interests
from subscribers.people import Subscriber


@dataclass(frozen=True, slots=True)
class PickLook:
    """An entry that the reader gets."""

    #: its place in the issue, from 1
    number: int
    section: Section
    entry: Weighed
    #: as the text part says it
    reason: str
    #: the one that is set off
    sentence: str
    #: it did not fit into the mail, which links to it only
    left_out: bool


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose issue: everybody's edition, a reader, or an imagined one."""

    address: str = ""
    #: lines as typed; where they are not None the reader is imagined
    interests: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One reader's issue and its reasons."""

    whom: Whom
    key: IssueKey
    #: "Ada Lovelace", "Imagined reader", "Everybody’s edition"
    label: str
    #: None where this reader gets no mail
    preview: Preview | None
    #: why this reader gets no mail, as a sentence; empty where they get one
    nothing: str
    picks: tuple[PickLook, ...]
    #: the nearest of what is not in it
    missed: tuple[Weighed, ...]
    had: tuple[Weighed, ...]
    muted: tuple[Weighed, ...]
    #: by the editor
    dropped: tuple[Weighed, ...]
    #: what there is to know about these figures, as a sentence; mostly empty
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A reader in a list to choose from."""

    address: str
    name: str
    #: "graph neural networks · not: surveys"
    interests: str


_CHANGED = (
    "This copy was composed a while ago; what its reader follows, their votes or the settings have changed since, so "
    "how it came about cannot be told any more."
)
#: A recipe keeps scores with four digits.
_SAME = 1e-3
_DROPPED = "You dropped it from this issue."


class Looks:
    """Looks at issues; keeps what it made of one, for the next look at it."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        press: Press,
        signer: Signer,
        clock: Callable[[], datetime],
    ) -> None:
        self._db = db
        self._settings = settings
        self._press = press
        self._signer = signer
        self._clock = clock
        self._issues = IssuesAtHand(db, project, press)

    def look(self, whom: Whom, issue: str | None = None, shape: Shape | None = None) -> Look:
        """Whoever's issue, and why it is so. As `glimpse`, with all reasons."""
        return self.glimpse(whom, issue, shape).look

    def glimpse(self, whom: Whom, issue: str | None = None, shape: Shape | None = None) -> "Glimpse":
        """Whoever's issue; without a name the one that comes. `shape` overrules the settings.

        It is what `Newsletter.preview` shows of the same reader, byte for byte. Raises `IssueError` (no name of an
        issue, or not one of theirs), `UnknownSubscriber`, `InvalidInterest`, `TemplateError`, `ModelError`.
        """
        now = self._clock()
        key = parse_issue_key(issue) if issue else None
        reader, label = self._reader(whom, key, now)

        made_of: dict[IssueKey, AtHand] = {}

        def made(addressee: Addressee) -> Copy:
            at_hand = made_of[addressee.key] = self._issues.of(addressee.key, now)
            kept = None if shape else kept_copy(self._db, at_hand.printing, addressee, now)
            return kept or self._as_it_would_be(at_hand, addressee, shape or shape_of(self._settings), now)

        copy = copy_for(self._db, self._settings, reader, key, now, made)
        bare = _bare(whom, label, copy, copy.preview(self._signer))
        at_hand, wanted = made_of[copy.printing.key], shape or shape_of(self._settings)
        return Glimpse(bare, lambda: self._explained(bare, copy, at_hand, wanted))

    def readers(self, issue: str, search: str = "", most: int = 50) -> tuple[list[ReaderRow], int]:
        """Active readers whose issue that is, and how many match in all. Raises `IssueError` for no name of an issue.

        `search` is part of an address, a name or an interest, in any letter case; what begins with it comes first.
        """
        key = parse_issue_key(issue)
        cadence = self._settings.cadence.cadence()
        cadences = [replace(cadence, frequency=key.frequency, day=day) for day in range(32)]
        days = [one.day for one in cadences if is_due_date(one, key.due)]
        found, count = find_readers(self._db, key.frequency, days, search, most)
        return [ReaderRow(one.address, one.name, " · ".join(map(str, one.interests))) for one in found], count

    def _reader(self, whom: Whom, key: IssueKey | None, now: datetime) -> tuple[Subscriber, str]:
        if whom.interests is None and whom.address:
            person = people.get(self._db, whom.address)
            return person, person.name or person.address
        reader = nobody(self._settings, now, key)
        if whom.interests is None:
            return reader, "Everybody’s edition"
        lines = [line for line in whom.interests.splitlines() if line.strip()]
        return replace(reader, interests=parse_interests(lines)), "Imagined reader"

    def _as_it_would_be(self, at_hand: AtHand, addressee: Addressee, shape: Shape, now: datetime) -> Copy:
        """The copy that would be composed now; where there is one already, instead of that."""
        printing = at_hand.printing
        if at_hand.ground is None:
            [recipe] = self._press.recipes(printing, [addressee], shape)
            return draft_copy(self._db, printing, addressee, recipe, now)
        judgement = self._judged(at_hand, addressee.reader, shape)
        [recipe] = self._press.recipes_by(judgement, printing, [addressee])
        kept = kept_copy(self._db, printing, addressee, now)
        if kept and not isinstance(recipe, NothingNew) and not isinstance(kept.made, NothingNew):
            recipe = replace(recipe, number=kept.made.number)
        return draft_copy(self._db, printing, addressee, recipe, now, judgement)

    def _judged(self, at_hand: AtHand, reader: Subscriber, shape: Shape) -> Judgement:
        """Judged for one reader; what they had in this very issue is nothing that they had before."""
        printing = at_hand.printing
        seen = np.zeros((1, len(printing.candidates)), bool)
        had = self._receipts(printing, reader)
        seen[0] = [entry.id in had for entry in printing.candidates]
        return self._press.judge.of(printing, [reader], shape, ground=at_hand.ground, seen=seen)

    def _receipts(self, printing: Printing, reader: Subscriber) -> dict[int, Receipt]:
        ids = [entry.id for entry in printing.candidates]
        return receipts_of(self._db, reader.id, ids, besides=printing.stored.id if printing.stored else None)

    def _explained(self, bare: Look, copy: Copy, at_hand: AtHand, shape: Shape) -> Look:
        if at_hand.ground is None:
            return bare
        judgement = copy.judgement or self._judged(at_hand, copy.addressee.reader, shape)
        receipts = self._receipts(copy.printing, copy.addressee.reader)
        return _Reasons(self._db, self._press, copy, judgement, shape, receipts).told(bare)


class Glimpse:
    """One reader's issue at a glance; its reasons, which take longer, are found when somebody asks for them."""

    def __init__(self, bare: Look, explained: Callable[[], Look]) -> None:
        #: without picks and reasons
        self.bare = bare
        self._explained = explained

    @cached_property
    def look(self) -> Look:
        """With all reasons."""
        return self._explained()


def _bare(whom: Whom, label: str, copy: Copy, preview: Preview | None) -> Look:
    why = why_nothing(copy)
    return Look(
        whom,
        copy.printing.key,
        label,
        preview,
        f"{why[:1].upper()}{why[1:]}." if why else "",
        picks=(),
        missed=(),
        had=(),
        muted=(),
        dropped=(),
    )


class _Reasons:
    """What there is to tell of one copy."""

    def __init__(
        self,
        db: Database,
        press: Press,
        copy: Copy,
        judgement: Judgement,
        shape: Shape,
        receipts: Mapping[int, Receipt],
    ) -> None:
        self._db = db
        self._receipts = receipts
        self._press = press
        self._copy = copy
        self._judgement = judgement
        self._shape = shape
        ground = judgement.ground
        self._scores = scores_of(
            ground.offer,
            judgement.tastes,
            named=judgement.named,
            authored=judgement.authored,
            company=judgement.company.scores if judgement.company else None,
            floor=shape.floor,
        )

    def told(self, look: Look) -> Look:
        """The same with its reasons."""
        holds = self._holds()
        look = replace(look, picks=self._picks(look.preview, holds), dropped=self._dropped())
        trial = Trial(self._judgement, self._shape)
        if not holds or (look.preview and self._composed(trial) != [pick.entry.entry_id for pick in look.picks]):
            return replace(look, remark=_CHANGED)
        cards, interests = self._copy.printing.frozen.cards, self._copy.addressee.reader.interests
        titles = [cards[entry.id].title for entry in self._judgement.candidates]
        missed = Missed(trial, self._scores, titles).all()
        muted = muted_out(trial, self._scores, interests, self._holding)
        return replace(
            look,
            missed=tuple(self._weighed(n, why) for n, why in missed),
            had=self._had(had_before(trial)),
            muted=tuple(self._weighed(n, why) for n, why in muted),
        )

    def _holding(self, line: Interest) -> Set[int]:
        return kept_away(self._copy.printing, line)

    def _composed(self, trial: Trial) -> list[int]:
        return [self._judgement.candidates[n].id for n in trial.as_it_is]

    def _holds(self) -> bool:
        """Are the scores of a copy that was composed what they would be now?"""
        if self._copy.draft or isinstance(self._copy.made, NothingNew):
            return True
        at = self._judgement.ground.at
        ranked = [pick for pick in self._copy.made.picks if pick.section is Section.FOR_YOU]
        return all(abs(float(self._scores.relevance[at[pick.entry_id]]) - pick.score) < _SAME for pick in ranked)

    def _picks(self, preview: Preview | None, holds: bool) -> tuple[PickLook, ...]:
        recipe = self._copy.made
        if preview is None or isinstance(recipe, NothingNew):
            return ()
        shown = len(recipe.shown)
        return tuple(
            PickLook(
                number,
                said.pick.section,
                self._weighed(self._judgement.ground.at[said.pick.entry_id])
                if holds
                else self._scored(self._judgement.ground.at[said.pick.entry_id], said.pick.score),
                said.reason,
                said.sentence,
                left_out=number > shown,
            )
            for number, said in enumerate(preview.picks, 1)
        )

    def _weighed(self, n: int, why: str = "") -> Weighed:
        return weighed(self._shown(self._judgement.candidates[n]), self._scores, n, why)

    def _scored(self, n: int, score: float) -> Weighed:
        """What is left where only the score is known."""
        entry = self._shown(self._judgement.candidates[n])
        return Weighed(entry.id, entry.title, entry.url, score, (), 0.0, "", entry.summary)

    def _shown(self, entry: Entry) -> Entry:
        """With the words that the issue gives it."""
        printing = self._copy.printing
        _, summary = printing.settled.edits.get(entry.id, Edit()).of(entry)
        return replace(entry, title=printing.frozen.cards[entry.id].title, summary=summary)

    def _had(self, found: Sequence[int]) -> tuple[Weighed, ...]:
        candidates = self._judgement.candidates
        receipts = self._receipts
        keys = {
            one.id: one.key
            for one in issues.by_ids(self._db, {r.issue_id for r in receipts.values() if r.issue_id}).values()
        }
        zone = self._copy.addressee.reader.cadence.zone

        def why(receipt: Receipt | None) -> str:
            if receipt is None:
                return "They named it among the papers that they love."
            key = keys.get(receipt.issue_id or 0)
            if key is None or receipt.at is None:
                return "They have had it in an earlier issue."
            day = words.long_date(receipt.at.astimezone(zone).date())
            return f"It waits for them in {key}, for {day}." if receipt.waits else f"They had it in {key}, on {day}."

        return tuple(self._weighed(n, why(receipts.get(candidates[n].id))) for n in found)

    def _dropped(self) -> tuple[Weighed, ...]:
        dropped = self._copy.printing.dropped
        if not dropped:
            return ()
        vectors = self._press.judge.vectors([entry.text for entry in dropped], "Reading entries")
        interests = self._copy.addressee.reader.interests
        scores = scores_beside(self._judgement, dropped, vectors, interests, self._shape.floor)
        first = len(self._judgement.candidates)
        found = [weighed(one, scores, first + n, _DROPPED) for n, one in enumerate(dropped)]
        return tuple(sorted(found, key=lambda one: -one.score))
