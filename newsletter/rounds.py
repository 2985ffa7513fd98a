"""One round of making issues: frozen at their cut-off, copies composed for whoever is due and written into the ledger.

Who is due is asked of the database each time, so a round after any downtime does what was left undone, once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from sqlite_utils import Database

from newsletter import due
from newsletter.addressees import coming_issues, current_addressee, due_addressee, due_first, nobody
from newsletter.back_issues import general_text
from newsletter.delivery import guard, ledger, records
from newsletter.delivery.outcomes import DeliveryState
from newsletter.issues import store as issues
from newsletter.issues.calendar import CUT_OFF, last_slot, slot_on
from newsletter.issues.control import STOPPED, state_at_freeze, why_not_sent
from newsletter.issues.issue import IssueKey, IssueState, NothingNew
from newsletter.judgement import Ground
from newsletter.press import Press, shape_of
from newsletter.printing import Addressee, Printing
from newsletter.ranking.embedding import Told
from newsletter.readers.coming import ENOUGH
from newsletter.rendering.recipe import Recipe
from newsletter.reports import SendReport
from newsletter.settings import Settings
from subscribers import people
from subscribers.cadence import Cadence
from subscribers.database import writing
from subscribers.states import State

#: Readers composed at once: memory stays flat however many there are.
CHUNK = 1_000


class Round:
    """Makes issues at one moment. Tells the report what it does."""

    def __init__(
        self,
        db: Database,
        press: Press,
        settings: Settings,
        moment: datetime,
        report: SendReport,
        told: Told,
        tell_waiting: Callable[[IssueKey], None],
        *,
        lead: timedelta = timedelta(0),
        now: bool = False,
        dry_run: bool = False,
    ) -> None:
        """`lead`: compose so long before each reader's hour. `now`: compose for everybody, whatever their hour.

        `tell_waiting` is called with an issue that was frozen and waits for the operator's word.
        """
        self._db = db
        self._press = press
        self._settings = settings
        self._moment = moment
        self._report = report
        self._told = told
        self._tell_waiting = tell_waiting
        self._lead = lead
        self._horizon = moment + lead
        self._late = timedelta(hours=settings.issue.max_lateness_hours)
        self._now = now
        self._dry_run = dry_run
        self._printings: dict[IssueKey, Printing] = {}
        #: of each printing that is composed for, the ground on which all its readers are judged
        self._grounds: dict[IssueKey, tuple[Printing, Ground]] = {}

    @cached_property
    def _rhythms(self) -> dict[Cadence, int]:
        """Every cadence of active readers at this moment."""
        return people.rhythms(self._db)

    def at_cut_off(self) -> list[IssueKey]:
        """The issues that are to be frozen by now and are not yet: an hour before their first reader anywhere."""
        coming = coming_issues(self._rhythms, self._moment)
        return [
            key
            for key, (first, _) in coming.items()
            if first - CUT_OFF <= self._moment and issues.find(self._db, key) is None
        ]

    def freeze(self, key: IssueKey) -> None:
        """Freeze an issue at its cut-off. One that would be empty stays open: something may still come in."""
        if not self._press.is_empty(key, self._moment):
            self._freeze(self._printing(key))

    def due(self, only: int | None = None) -> Iterator[tuple[IssueKey, list[Addressee]]]:
        """Whoever ought to get an issue and has none for that period yet, some at a time; `only` is one reader's id."""
        ids = due.everybody(self._db) if self._now else self._candidates()
        wanted = [id_ for id_ in ids if only in (None, id_)]
        done, tell = 0, self._told("Composing")
        for start in range(0, len(wanted), CHUNK):
            part = [
                person
                for person in people.by_ids(self._db, wanted[start : start + CHUNK])
                if person.state is State.ACTIVE
            ]
            groups: dict[IssueKey, list[Addressee]] = defaultdict(list)
            for addressee in self._unserved(part):
                groups[addressee.key].append(addressee)
            yield from groups.items()
            done += len(part)
            tell(min(start + CHUNK, len(wanted)), len(wanted))

    def count_served(self, only: int | None) -> None:
        """Tell the report how many of those who are due by now have had theirs before this round."""
        reader = people.by_id(self._db, only) if only else None
        if reader:
            found = due_addressee(reader, self._moment, self._late)
            self._report.before += Counter(
                due.served(self._db, [reader.id], [found.key.period] if found else []).values()
            )
            return
        for cadence in self._rhythms:
            slot = last_slot(cadence, self._moment)
            if self._moment - slot.at <= self._late:
                period = IssueKey(cadence.frequency, slot.date).period
                self._report.before += due.copies_by_state(self._db, cadence, period)

    def compose(self, key: IssueKey, group: Sequence[Addressee]) -> None:
        """Freeze the issue if it is not yet, and write the copies of these readers down."""
        moment, report = self._moment, self._report
        if not self._dry_run and all(addressee.slot.soon for addressee in group) and self._press.is_empty(key, moment):
            return
        printing = self._printing(key)
        # Who joins is no reason to freeze an issue that would be empty; neither is an hour that is still to come.
        ahead = all(addressee.slot.soon or moment < addressee.slot.at for addressee in group)
        # Ahead of its hour an issue that would be empty stays open: something may still come in.
        if printing.candidates and ahead and not printing.stored and not any(a.slot.soon for a in group):
            report.frozen_ahead.append((key, len(printing.candidates)))
        if not self._dry_run and (printing.candidates or not ahead):
            printing = self._freeze(printing)
        if self._dry_run and (why := self._why_not(printing)):
            report.plan += [(addressee.reader.address, key, 0, why) for addressee in group]
            return
        if printing.stored and printing.stored.state in STOPPED:
            return
        recipes = self._press.recipes(printing, group, shape_of(self._settings), ground=self._ground(printing))
        doubt = guard.doubted(self._db)
        copies = []
        for addressee, recipe in zip(group, recipes, strict=True):
            reader, slot = addressee.reader, addressee.slot
            nothing = isinstance(recipe, NothingNew)
            if isinstance(recipe, NothingNew):
                report.plan.append((reader.address, key, 0, recipe.why))
            elif self._dry_run:
                report.plan.append((reader.address, key, len(recipe.picks), ""))
            # Who would get nothing ahead of the hour may still get something at it.
            if self._dry_run or not printing.stored or (nothing and (slot.soon or moment < slot.at)):
                continue
            report.counts[DeliveryState.DROPPED] += nothing
            # Of a restored copy it is not known whether its original has sent what was due by then.
            ahead_of_time = self._now and not (doubt and slot.at <= doubt.until)
            due_at = moment if ahead_of_time else slot.at
            copies.append(ledger.NewDelivery(printing.stored.id, reader.id, key.period, due_at, recipe))
            report.composed[key] += not nothing
        made = {copy.subscriber_id: copy.recipe for copy in copies if isinstance(copy.recipe, Recipe)}
        with writing(self._db):
            ledger.enqueue(self._db, copies, moment)
            self._press.proposer.keep(made, moment)

    def _why_not(self, printing: Printing) -> str:
        """Why nothing of an issue is sent by now, or would be if it were made now."""
        if printing.stored:
            return why_not_sent(printing.stored.state, printing.stored.held_until, printing.stored.held_why)
        word = issues.word_about(self._db, printing.key)
        until = issues.scheduled(self._db, printing.key)
        return why_not_sent(*state_at_freeze(word, self._settings.issue.review_hours, self._moment, until))

    def _candidates(self) -> list[int]:
        """Ids of everybody who may be due: those whose hour has come of late, who joined or changed of late."""
        found: set[int] = set(due.new_or_changed(self._db, self._moment - self._late))
        stopped = {issue.key for issue in issues.in_state(self._db, *STOPPED) if not self._dry_run}
        for cadence in self._rhythms:
            slot = last_slot(cadence, self._horizon)
            key = IssueKey(cadence.frequency, slot.date)
            if self._moment - slot.at <= self._late and key not in stopped:
                found.update(due.without_copy(self._db, cadence, key.period))
        return sorted(found)

    def _unserved(self, readers: Sequence[people.Subscriber]) -> Iterator[Addressee]:
        """Which issue each of them is to get, if they have none for its period."""
        late = self._late + self._lead
        due_now = {r.id: found for r in readers if (found := due_addressee(r, self._horizon, late))}
        wanted = [current_addressee(reader, self._moment) for reader in readers] if self._now else [*due_now.values()]
        periods = {addressee.key.period for addressee in (*due_now.values(), *wanted)}
        served = due.served(self._db, [reader.id for reader in readers], sorted(periods))
        for addressee in wanted:
            theirs = due_first(due_now.get(addressee.reader.id), addressee, served)
            if state := served.get((theirs.reader.id, theirs.key.period)):
                if self._now:
                    self._report.before[state] += 1
            elif not theirs.slot.soon:
                yield theirs
            elif not records.had_since(self._db, theirs.reader.id, theirs.slot.at - ENOUGH):
                yield self._latest(theirs)

    def _latest(self, addressee: Addressee) -> Addressee:
        """Who has just joined gets the latest issue of that period that is out, whatever its weekday."""
        latest = issues.latest_out(self._db, addressee.key.frequency, addressee.key.period)
        return replace(addressee, slot=replace(addressee.slot, date=latest.due)) if latest else addressee

    def _printing(self, key: IssueKey) -> Printing:
        if key not in self._printings:
            self._printings[key] = self._press.printing(key, self._moment)
        return self._printings[key]

    def _ground(self, printing: Printing) -> Ground | None:
        """It takes longer than a thousand readers who are judged on it. None where there is nothing to judge."""
        if not printing.candidates:
            return None
        made_of, ground = self._grounds.get(printing.key, (None, None))
        if ground is None or made_of is not printing:
            ground = self._press.judge.ground(printing)
            self._grounds[printing.key] = printing, ground
        return ground

    def _freeze(self, draft: Printing) -> Printing:
        """Fix the issue, and keep everybody's edition of it for the archive."""
        printing = self._printings[draft.key] = self._press.freeze(draft, self._moment)
        if draft.stored is None:
            self._report.frozen.append((draft.key, len(printing.candidates)))
        if printing.stored is None or printing.stored.state in STOPPED:
            return printing
        if printing.candidates and issues.general_of(self._db, printing.stored.id) is None:
            reader = nobody(self._settings, self._moment, printing.key)
            addressee = Addressee(reader, slot_on(reader.cadence, printing.key.due))
            ground = self._ground(printing)
            [recipe] = self._press.recipes(printing, [addressee], shape_of(self._settings), ground=ground)
            if not isinstance(recipe, NothingNew):
                issues.set_general(self._db, printing.stored.id, general_text(printing.frozen, recipe))
        if printing.stored.state is IssueState.HELD:
            self._tell_waiting(printing.key)
        return printing
