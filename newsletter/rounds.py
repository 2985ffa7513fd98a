"""One round of composing: who is due, their issue frozen, their copies written into the ledger."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.addressees import current_addressee, due_addressee, due_first, nobody
from newsletter.back_issues import OUT, general_text
from newsletter.delivery import ledger, records
from newsletter.delivery.outcomes import DeliveryState
from newsletter.issues import store as issues
from newsletter.issues.calendar import slot_on
from newsletter.issues.issue import IssueKey, NothingNew
from newsletter.press import Addressee, Press, Printing, shape_of
from newsletter.reports import SendReport
from newsletter.settings import Settings
from subscribers import people
from subscribers.states import State

#: Readers composed at once: memory stays flat however many there are.
CHUNK = 1_000


class Round:
    """Composes at one moment; with `now` for everybody, whatever their hour. Tells the report what it does."""

    def __init__(
        self,
        db: Database,
        press: Press,
        settings: Settings,
        moment: datetime,
        report: SendReport,
        *,
        now: bool,
        dry_run: bool,
    ) -> None:
        self._db = db
        self._press = press
        self._settings = settings
        self._moment = moment
        self._report = report
        self._now = now
        self._dry_run = dry_run

    def due(self, only: int | None) -> dict[IssueKey, list[Addressee]]:
        """Whoever ought to get an issue and has none for that period yet, by issue; `only` is one reader's id."""
        moment, late = self._moment, timedelta(hours=self._settings.issue.max_lateness_hours)
        readers = [r for r in people.everybody(self._db, state=State.ACTIVE) if only is None or r.id == only]
        due = {reader.id: addressee for reader in readers if (addressee := due_addressee(reader, moment, late))}
        addressees = [current_addressee(reader, moment) for reader in readers] if self._now else list(due.values())
        served = records.served(self._db, {a.key.period for a in (*due.values(), *addressees)})
        groups: dict[IssueKey, list[Addressee]] = defaultdict(list)
        for addressee in addressees:
            theirs = due_first(due.get(addressee.reader.id), addressee, served)
            if state := served.get((theirs.reader.id, theirs.key.period)):
                self._report.before[state] += 1
            else:
                groups[theirs.key].append(theirs)
        return groups

    def compose(self, key: IssueKey, group: Sequence[Addressee]) -> None:
        """Freeze the issue if it is not yet, and write the copies of these readers down."""
        moment, report = self._moment, self._report
        printing = self._press.printing(key, moment)
        ahead = moment < min(addressee.slot.at for addressee in group)
        # Ahead of its hour an issue that would be empty stays open: something may still come in.
        if printing.candidates and ahead and not printing.stored:
            report.frozen_ahead.append((key, len(printing.candidates)))
        if not self._dry_run and (printing.candidates or not ahead):
            printing = self._freeze(printing)
        if printing.stored and printing.stored.state not in OUT:
            return
        for start in range(0, len(group), CHUNK):
            part = group[start : start + CHUNK]
            recipes = self._press.recipes(printing, part, shape_of(self._settings))
            copies = []
            for addressee, recipe in zip(part, recipes, strict=True):
                reader = addressee.reader
                nothing = isinstance(recipe, NothingNew)
                if isinstance(recipe, NothingNew):
                    report.plan.append((reader.address, key, 0, recipe.why))
                elif self._dry_run:
                    report.plan.append((reader.address, key, len(recipe.picks), ""))
                # Who would get nothing ahead of the hour may still get something at it.
                if self._dry_run or not printing.stored or (nothing and moment < addressee.slot.at):
                    continue
                report.counts[DeliveryState.DROPPED] += nothing
                due_at = moment if self._now else addressee.slot.at
                copies.append(ledger.NewDelivery(printing.stored.id, reader.id, key.period, due_at, recipe))
            ledger.enqueue(self._db, copies, moment)

    def _freeze(self, draft: Printing) -> Printing:
        """Fix the issue, and keep everybody's edition of it for the archive."""
        printing = self._press.freeze(draft, self._moment)
        if printing.stored and printing.candidates and issues.general_of(self._db, printing.stored.id) is None:
            reader = nobody(self._settings, self._moment, printing.key)
            addressee = Addressee(reader, slot_on(reader.cadence, printing.key.due))
            [recipe] = self._press.recipes(printing, [addressee], shape_of(self._settings))
            if not isinstance(recipe, NothingNew):
                issues.set_general(self._db, printing.stored.id, general_text(printing.frozen, recipe))
        return printing
