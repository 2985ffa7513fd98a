"""The editor's desk: the word about an issue, its text, a test of it, and who is told that one waits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.outcomes import DeliveryState
from newsletter.entries.entry import Entry
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.control import Word
from newsletter.issues.editorial import Edit, edit_of
from newsletter.issues.issue import IssueKey
from newsletter.issues.rewriting import with_drops, with_edits, with_intro, with_pins
from newsletter.manuscript import Draft, EditorsPart, Manuscript, Reference
from newsletter.press import Press
from newsletter.readers.desk import Readers
from newsletter.rendering.links import Signer
from newsletter.settings import Settings
from newsletter.telling import tell_waiting
from newsletter.trial import Tested, post_trial
from newsletter.word_of_operator import WordOfOperator


@dataclass(frozen=True, slots=True)
class Marked:
    """What came of pinning, dropping, or taking that back."""

    #: the file that has it now
    path: Path
    #: all entries that are pinned, or dropped, now, in the editor's order
    entries: tuple[Entry, ...]
    #: the same as a sentence
    said: str


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of an edit, or of taking one back."""

    #: the file that has it now
    path: Path
    #: the same as a sentence
    said: str


class Editor:
    """What the operator decides about issues. Raises `IssueError` where that cannot be, in words.

    Whatever writes the issue's file takes the version that was read as `before`: where the file is another by then, it
    is left alone, and an `IssueError` says so.
    """

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        press: Press,
        readers: Readers,
        signer: Signer,
        clock: Callable[[], datetime],
    ) -> None:
        self._db = db
        self._settings = settings
        self._press = press
        self._readers = readers
        self._signer = signer
        self._clock = clock
        self._word = WordOfOperator(db, settings, clock)
        self._manuscript = Manuscript(db, project, settings, press, clock)

    # -- the word

    def hold(self, name: str) -> str:
        """Nothing of it goes out from now on, but the message in hand. Returns what that means now, as a sentence."""
        return self._word.say(name, Word.HOLD)

    def schedule(self, name: str, at: str | datetime, timezone: str | None = None) -> str:
        """Hold it until that moment; then it goes out by itself, no copy before its reader's hour.

        `at` ("2026-11-27T10:00") is by the clocks of `timezone`, else of the settings' `cadence.timezone`, unless it
        says itself how far it is from UTC. Raises `InvalidCadence` for a zone that there is not.
        """
        return self._word.schedule(name, at, timezone)

    def release(self, name: str) -> str:
        """It goes out; also one that is held for a review or scheduled, or was skipped and is not too late."""
        return self._word.say(name, Word.RELEASE)

    def skip(self, name: str) -> str:
        """Nobody gets it, and its entries are for the next one."""
        return self._word.say(name, Word.SKIP)

    def cancel(self, name: str) -> str:
        """What is out is out; nobody else gets it."""
        return self._word.say(name, Word.CANCEL)

    def words(self) -> dict[IssueKey, Word]:
        """The last word about every issue that there was one about."""
        return issues.words(self._db)

    def schedules(self) -> dict[IssueKey, datetime]:
        """When each issue that was scheduled goes out by itself."""
        return issues.schedules(self._db)

    def release_overdue(self) -> list[IssueKey]:
        """Release what has waited for a review as long as it may, and what was scheduled for now or before."""
        return issues.release_overdue(self._db, self._clock())

    # -- what is the editor's in it

    def editorial(self, name: str) -> EditorsPart:
        """All of it at this moment; of an issue that is made, as it is in its mail."""
        return self._manuscript.part(name)

    def pin(self, name: str, references: Reference | Sequence[Reference], *, before: str | None = None) -> Marked:
        """Pin entries behind those that are pinned already."""
        draft, desk = self._manuscript.draft(name, "pinned", before), self._manuscript
        pins = list(draft.editorial.pins)
        for reference in _each(references):
            entry = desk.entry(reference, "pinned")
            if desk.names_of(entry, draft.editorial.drops):
                raise IssueError(
                    f"“{entry.title}” is dropped from {draft.key}, so it cannot be pinned. "
                    f"`newsletter issue undrop {draft.key} …` takes that back."
                )
            if not desk.names_of(entry, pins):
                pins.append(desk.written(reference, entry))
        return self._write_pins(draft, pins)

    def unpin(self, name: str, references: Reference | Sequence[Reference], *, before: str | None = None) -> Marked:
        """Take pins away, by the same words or any other name of the entry."""
        draft = self._manuscript.draft(name, "unpinned", before)
        return self._write_pins(draft, self._without(draft, draft.editorial.pins, references, "pinned"))

    def arrange(self, name: str, references: Reference | Sequence[Reference], *, before: str | None = None) -> Marked:
        """Put the pins into this order; all of them are to be named."""
        draft = self._manuscript.draft(name, "arranged", before)
        left, pins = list(draft.editorial.pins), list[str]()
        for reference in _each(references):
            for pin in self._manuscript.named(draft.key, draft.editorial.pins, reference, "pinned"):
                if pin not in left:
                    raise IssueError(f"{pin} is named twice. Name each of the pins of {draft.key} once.")
                left.remove(pin)
                pins.append(pin)
        if left:
            raise IssueError(f"Also pinned in {draft.key} is: {'; '.join(left)}. Name all of its pins, or unpin some.")
        return self._write_pins(draft, pins)

    def drop(self, name: str, references: Reference | Sequence[Reference], *, before: str | None = None) -> Marked:
        """Nobody gets these in this issue; nor in the next one, which takes only what comes in after this."""
        draft, desk = self._manuscript.draft(name, "dropped", before), self._manuscript
        offered, drops = desk.offered(draft.key), list(draft.editorial.drops)
        for reference in _each(references):
            entry = desk.entry(reference, "dropped")
            if desk.names_of(entry, draft.editorial.pins):
                raise IssueError(
                    f"“{entry.title}” is pinned in {draft.key}, so it cannot be dropped. "
                    f"`newsletter issue unpin {draft.key} …` takes that back."
                )
            if entry.id not in offered:
                raise IssueError(f"“{entry.title}” did not come in for {draft.key}, so there is nothing to drop.")
            if not desk.names_of(entry, drops):
                drops.append(desk.written(reference, entry))
        return self._write_drops(draft, drops)

    def undrop(self, name: str, references: Reference | Sequence[Reference], *, before: str | None = None) -> Marked:
        """Take drops back, by the same words or any other name of the entry."""
        draft = self._manuscript.draft(name, "taken back", before)
        return self._write_drops(draft, self._without(draft, draft.editorial.drops, references, "dropped"))

    def edit(
        self,
        name: str,
        reference: Reference,
        title: str | None = None,
        summary: str | None = None,
        *,
        before: str | None = None,
    ) -> Edited:
        """Show an entry with another title or summary, in this issue only; None leaves it as it is shown now.

        An empty one, like the entry's own, takes the edit of it back. Its own words go on deciding who gets it.
        """
        draft, desk = self._manuscript.draft(name, "edited", before), self._manuscript
        entry = desk.entry(reference, "edited")
        given = edit_of(
            entry.title if title == "" else title, entry.summary if summary == "" else summary, f"“{entry.title}”"
        )
        if given == Edit():
            raise IssueError(f"There is nothing to edit in “{entry.title}”: say its new title, or its new summary.")
        if desk.names_of(entry, draft.editorial.drops):
            raise IssueError(f"“{entry.title}” is dropped from {draft.key}, so there is nothing to edit.")
        if not (entry.id in desk.offered(draft.key) or desk.names_of(entry, draft.editorial.pins)):
            raise IssueError(f"“{entry.title}” is not in {draft.key}, so there is nothing to edit.")
        edits = dict(draft.editorial.edits)
        [place] = desk.names_of(entry, edits)[:1] or [desk.written(reference, entry)]
        edits[place] = edits.get(place, Edit()).then(given).beside(entry)
        return self._write_edits(draft, edits, place)

    def unedit(self, name: str, reference: Reference, *, before: str | None = None) -> Edited:
        """Show an entry with its own words again."""
        draft = self._manuscript.draft(name, "taken back", before)
        [place] = self._manuscript.named(draft.key, draft.editorial.edits, reference, "edited")[:1]
        return self._write_edits(draft, {**draft.editorial.edits, place: Edit()}, place)

    def intro(self, name: str) -> str:
        """The present intro, in Markdown; of an issue that is made, as it is in its mail. Empty where there is none."""
        return self.editorial(name).intro

    def set_intro(self, name: str, markdown: str, *, before: str | None = None) -> Path:
        """Write the intro; an empty text takes it away. Returns the file that has it now."""
        draft = self._manuscript.draft(name, "changed", before)
        return self._manuscript.write(draft, with_intro(draft.text, markdown, str(draft.path)))

    def _without(
        self, draft: Draft, listed: Sequence[str], references: Reference | Sequence[Reference], what: str
    ) -> Sequence[str]:
        for reference in _each(references):
            gone = self._manuscript.named(draft.key, listed, reference, what)
            listed = [one for one in listed if one not in gone]
        return listed

    def _write_pins(self, draft: Draft, pins: Sequence[str]) -> Marked:
        path = self._manuscript.write(draft, with_pins(draft.text, pins, str(draft.path)))
        return Marked(path, self._manuscript.found(pins), _marked(pins, f"pinned in {draft.key}", path))

    def _write_drops(self, draft: Draft, drops: Sequence[str]) -> Marked:
        path = self._manuscript.write(draft, with_drops(draft.text, drops, str(draft.path)))
        return Marked(path, self._manuscript.found(drops), _marked(drops, f"dropped from {draft.key}", path))

    def _write_edits(self, draft: Draft, edits: Mapping[str, Edit], place: str) -> Edited:
        changed = {one: edit for one, edit in edits.items() if edit != Edit()}
        path = self._manuscript.write(draft, with_edits(draft.text, changed, str(draft.path)))
        own = "its own words" if place not in changed else "your words"
        [title] = [f"“{entry.title}”" for entry in self._manuscript.found([place])] or [place]
        return Edited(path, f"{title} has {own} in {draft.key} now ({path}).")

    # -- a test

    def test(self, name: str, *, to: str | None = None, reader: str | None = None) -> Tested:
        """Post the issue as it would be for that reader (without one, everybody's edition) to an address.

        That is the operator's by default. Its links are nobody's: pressing them does nothing for the reader. Nothing is
        frozen, and nothing is written down about the reader.
        """
        key = self._manuscript.known(name)
        return post_trial(self._db, self._press, self._settings, self._signer, key, to, reader, self._clock())

    def became_of(self, test: Tested) -> tuple[DeliveryState, str]:
        """How far a test is, and why."""
        found = records.of_key(self._db, test.key)
        return (found.state, found.why) if found else (DeliveryState.QUEUED, "")

    # -- what waits

    def tell_waiting(self, key: IssueKey) -> None:
        """Tell the operator that an issue is made and held, once; again and again does no harm."""
        tell_waiting(self._db, self._readers, self._settings, key)


def _each(references: Reference | Sequence[Reference]) -> Sequence[Reference]:
    """One reference alone is as good as a list of it; a text is never taken for a list of letters."""
    return [references] if isinstance(references, str | int) else references


def _marked(listed: Sequence[str], where: str, path: Path) -> str:
    return f"{len(listed) or 'Nothing'} {'is' if len(listed) < 2 else 'are'} {where} ({path})."
