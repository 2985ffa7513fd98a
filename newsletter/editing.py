"""The editor's desk: the word about an issue, its intro and pins, a test of it, and who is told that one waits."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from newsletter.addressees import addressee_of, coming_issues, nobody
from newsletter.delivery import ledger, records
from newsletter.delivery.notices import NewNotice, NoticeKind
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.whole_issues import call_back, drop_waiting, forget_dropped, has_begun
from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.calendar import is_due_date, slot_on
from newsletter.issues.control import STOPPED, Word, in_words, is_over, may, state_after
from newsletter.issues.editorial import (
    editorial_text,
    parse_editorial,
    read_editorial,
    with_intro,
    with_pins,
    write_editorial,
)
from newsletter.issues.issue import IssueKey, IssueState, NothingNew, StoredIssue, parse_issue_key
from newsletter.press import Press, shape_of
from newsletter.printing import Addressee
from newsletter.readers.desk import Readers
from newsletter.rendering.letter import Letter
from newsletter.rendering.links import Signer
from newsletter.settings import Settings
from newsletter.telling import tell_waiting
from subscribers import people
from subscribers.address import parse_address
from subscribers.cadence import Cadence
from subscribers.database import writing

#: Issues that are named instead of one that there is not, and titles instead of one that is not stored.
NEAR = 3
_WAITS = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.CLAIMED)
_OUT = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What came of pinning or taking pins away."""

    #: the file that has them now
    path: Path
    #: all entries that are pinned now, in the editor's order
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """A test that was posted."""

    to: str
    subject: str
    #: the notice's, by which it is found again
    key: str


class Editor:
    """What the operator decides about issues. Raises `IssueError` where that cannot be, in words."""

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
        self._project = project
        self._settings = settings
        self._press = press
        self._readers = readers
        self._signer = signer
        self._clock = clock

    # -- the word

    def hold(self, name: str) -> str:
        """Nothing of it goes out from now on, but the message in hand. Returns what that means now, as a sentence."""
        return self._say(name, Word.HOLD)

    def release(self, name: str) -> str:
        """It goes out; also one that is held for a review, or was skipped and is not too late."""
        return self._say(name, Word.RELEASE)

    def skip(self, name: str) -> str:
        """Nobody gets it, and its entries are for the next one."""
        return self._say(name, Word.SKIP)

    def cancel(self, name: str) -> str:
        """What is out is out; nobody else gets it."""
        return self._say(name, Word.CANCEL)

    def words(self) -> dict[IssueKey, Word]:
        """The last word about every issue that there was one about."""
        return issues.words(self._db)

    def release_overdue(self) -> list[IssueKey]:
        """Release what has waited for a review as long as it may."""
        return issues.release_overdue(self._db, self._clock())

    def _say(self, name: str, word: Word) -> str:
        key, now = self._known(name), self._clock()
        stored = issues.find(self._db, key)
        if stored and word is Word.RELEASE and stored.state is IssueState.SKIPPED:
            self._refuse(word, key, stored, now)
            # Before it is released: while it is skipped nobody makes new copies.
            forget_dropped(self._db, stored.id)
        with writing(self._db):
            # It may have been frozen, or begun, a moment ago.
            stored = issues.find(self._db, key)
            self._refuse(word, key, stored, now)
            issues.say(self._db, key, word, now)
            if stored is None:
                return in_words(key, word, made=False)
            state, held_until = state_after(word, stored.state, stored.held_until, now)
            issues.set_state(self._db, stored.id, state, held_until)
            if word is not Word.RELEASE:
                call_back(self._db, stored.id, now)
        dropped = drop_waiting(self._db, stored.id, state, now) if state in STOPPED else 0
        counts = records.count_by_state(self._db, stored.id)
        waiting, sent = (sum(counts.get(one, 0) for one in states) for states in (_WAITS, _OUT))
        return in_words(key, word, made=True, waiting=waiting, sent=sent, dropped=dropped)

    def _refuse(self, word: Word, key: IssueKey, stored: StoredIssue | None, now: datetime) -> None:
        may(
            word,
            key,
            stored.state if stored else IssueState.OPEN,
            sent_already=stored is not None and has_begun(self._db, stored.id),
            over=is_over(key, None, now, self._max_lateness()),
        )

    # -- intro and pins

    def pin(self, name: str, references: Sequence[str]) -> Pinned:
        """Pin entries, named by link, DOI, arXiv id or whole title, behind those that are pinned already."""
        key = self._open(name, "pinned")
        text, path, pins = self._present(key)
        known = {found.id for pin in pins if (found := entries.find(self._db, pin))}
        for reference in references:
            entry = self._entry(reference)
            if entry.id not in known:
                known.add(entry.id)
                pins.append(reference.strip())
        return self._write_pins(key, text, pins, path)

    def unpin(self, name: str, references: Sequence[str]) -> Pinned:
        """Take pins away, by the same words or any other name of the entry."""
        key = self._open(name, "unpinned")
        text, path, pins = self._present(key)
        for reference in references:
            wanted = entries.find(self._db, reference)
            gone = [pin for pin in pins if pin == reference.strip() or (wanted and self._is(pin, wanted))]
            if not gone:
                pinned = "; ".join(pins) or "nothing"
                raise IssueError(f"{reference!r} is not pinned in {key}. Pinned is: {pinned}.")
            pins = [pin for pin in pins if pin not in gone]
        return self._write_pins(key, text, pins, path)

    def intro(self, name: str) -> str:
        """The present intro, in Markdown; of an issue that is made, as it is in its mail. Empty where there is none."""
        key = self._known(name)
        if stored := issues.find(self._db, key):
            return str(self._press.frozen.get(stored.id, ()).edition.shared["issue"]["intro"])
        return read_editorial(self._project, key).intro

    def set_intro(self, name: str, markdown: str) -> Path:
        """Write the intro; an empty text takes it away. Returns the file that has it now."""
        key = self._open(name, "changed")
        path, text = editorial_text(self._project, key)
        return self._write(key, with_intro(text or "", markdown, str(path)))

    def _present(self, key: IssueKey) -> tuple[str, str, list[str]]:
        """The text of the file, its path, and the pins in it. A file of the whole period is where an own one begins."""
        path, text = editorial_text(self._project, key)
        return text or "", str(path), list(parse_editorial(text or "", str(path)).pins)

    def _write_pins(self, key: IssueKey, text: str, pins: Sequence[str], path: str) -> Pinned:
        written = self._write(key, with_pins(text, pins, path))
        return Pinned(written, tuple(found for pin in pins if (found := entries.find(self._db, pin))))

    def _write(self, key: IssueKey, text: str) -> Path:
        path = write_editorial(self._project, key, text)
        if issues.find(self._db, key):
            raise IssueError(f"{key} was made in this very moment: what {path} says now may not be in it.")
        return path

    def _open(self, name: str, what: str) -> IssueKey:
        key = self._known(name)
        if issues.find(self._db, key):
            raise IssueError(
                f"{key} is made: its intro and pins are fixed, so nothing in it can be {what}. The next one takes them."
            )
        return key

    def _entry(self, reference: str) -> Entry:
        if found := entries.find(self._db, reference):
            return found
        near = "; ".join(f"“{entry.title}”" for entry in entries.matching(self._db, reference, NEAR))
        raise IssueError(
            f"No entry is stored that is {reference!r}, so nothing was pinned. "
            + (
                f"Near are: {near}."
                if near
                else "Write its link, DOI, arXiv id or whole title, or pull its source first."
            )
        )

    def _is(self, pin: str, entry: Entry) -> bool:
        found = entries.find(self._db, pin)
        return found is not None and found.id == entry.id

    # -- a test

    def test(self, name: str, *, to: str | None = None, reader: str | None = None) -> Tested:
        """Post the issue as it would be for that reader (without one, everybody's edition) to an address.

        That is the operator's by default. Its links are nobody's: pressing them does nothing for the reader. Nothing is
        frozen, and nothing is written down about the reader.
        """
        address = parse_address(to) if to else self._settings.mailbox.operator
        if not address:
            raise IssueError(
                "Nobody is named who gets the test. Name an address with --to, or set mailbox.operator in "
                "newsletter.toml."
            )
        key, now = self._known(name), self._clock()
        if reader:
            person = people.get(self._db, reader)
            addressee = addressee_of(person, key)
        else:
            person = nobody(self._settings, now, key)
            addressee = Addressee(person, slot_on(person.cadence, key.due))
        subject, html, text = self._copy(addressee, reader or "everybody", now)
        letter = Letter(
            title=self._settings.title,
            address=self._settings.address,
            to=address,
            name="",
            subject=f"[Test] {subject}",
            text=text,
            html=html,
            message_id=f"<test.{secrets.token_hex(12)}@{self._settings.domain}>",
            headers=(("Auto-Submitted", "auto-generated"),),
        )
        notice = NewNotice(NoticeKind.TEST, f"test {letter.message_id}", letter, None)
        ledger.post(self._db, notice, now)
        return Tested(address, letter.subject, notice.key)

    def became_of(self, test: Tested) -> tuple[DeliveryState, str]:
        """How far a test is, and why."""
        found = records.of_key(self._db, test.key)
        return (found.state, found.why) if found else (DeliveryState.QUEUED, "")

    def _copy(self, addressee: Addressee, who: str, now: datetime) -> tuple[str, str, str]:
        printing, person = self._press.printing(addressee.key, now), addressee.reader
        kept = records.of_reader(self._db, person.id, printing.stored.id) if printing.stored else None
        recipe = kept.recipe if kept and kept.recipe else None
        if recipe is None:
            [made] = self._press.recipes(printing, [addressee], shape_of(self._settings))
            if isinstance(made, NothingNew):
                raise IssueError(f"There is nothing to test in {addressee.key} for {who}: {made.why}.")
            recipe = made
        return printing.frozen.plainly(recipe, replace(person, id=0), self._signer)

    # -- what waits

    def tell_waiting(self, key: IssueKey) -> None:
        """Tell the operator that an issue is made and held, once; again and again does no harm."""
        tell_waiting(self._db, self._readers, self._settings, key)

    # -- which issues there are

    def _known(self, name: str) -> IssueKey:
        """An issue that is made, or that is to come for some reader."""
        key, now = parse_issue_key(name), self._clock()
        if issues.find(self._db, key):
            return key
        near = f" {self._near(key)}"
        if is_over(key, None, now, self._max_lateness()):
            raise IssueError(f"{key} was never made, and its day is over.{near}")
        if not any(_is_due(cadence, key) for cadence in people.rhythms(self._db)):
            raise IssueError(f"{key} is nobody's: no reader's issue falls on that day.{near}")
        return key

    def _near(self, key: IssueKey) -> str:
        """A sentence with the issues, made or to come, that may be meant."""
        coming = coming_issues(people.rhythms(self._db), self._clock())
        there = {one.key for one in issues.all_issues(self._db)} | coming.keys()
        nearest = sorted(there, key=lambda one: (one.frequency is not key.frequency, abs(one.due - key.due), str(one)))
        names = ", ".join(str(one) for one in nearest[:NEAR])
        return f"Near are: {names}." if names else "There are no issues yet, for there are no readers."

    def _max_lateness(self) -> timedelta:
        return timedelta(hours=self._settings.issue.max_lateness_hours)


def _is_due(cadence: Cadence, key: IssueKey) -> bool:
    return cadence.frequency is key.frequency and is_due_date(cadence, key.due)
