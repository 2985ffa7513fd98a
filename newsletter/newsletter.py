"""The main line: pull, compose, preview, deliver. Wires the rooms and keeps their order; decides nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from sqlite_utils import Database

from newsletter import project as projects
from newsletter import settings as settings_table
from newsletter.delivery import ledger
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.sending import deliver
from newsletter.delivery.transport import Transport, transport_for
from newsletter.delivery.workers import is_dead
from newsletter.entries import store as entries
from newsletter.entries.entry import Parsed
from newsletter.entries.fetching import http_client
from newsletter.entries.pulling import PullReport, Source, look, pull
from newsletter.errors import DeliveryError, IssueError, NewsletterError
from newsletter.issues import store as issues
from newsletter.issues.calendar import current_slot, due_slot, is_due_date, next_slot, slot_on
from newsletter.issues.issue import IssueKey, IssueState, NothingNew, StoredIssue, parse_issue_key
from newsletter.press import Addressee, Press, Printing, shape_of
from newsletter.ranking.embedding import Embedder, Progress
from newsletter.ranking.model import ModelProcess
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys
from newsletter.reports import NotSent, Preview, SendReport, Status, not_sent_of, preview_of
from newsletter.settings import Settings, SourceSettings
from newsletter.store import FILE as STORE
from newsletter.store import open_store
from subscribers import people
from subscribers.cadence import Cadence
from subscribers.database import database_errors, writing
from subscribers.interests import parse_interests
from subscribers.people import Subscriber
from subscribers.states import State

#: Readers composed at once: memory stays flat however many there are.
CHUNK = 1_000
#: States of an issue in which its copies may leave.
_MAY_LEAVE = (IssueState.RELEASED, IssueState.DONE)


def _silent(_: str) -> Progress:
    return lambda done, todo: None


class Newsletter:
    """A newsletter in a folder.

    >>> with Newsletter("my-newsletter") as newsletter:           # doctest: +SKIP
    ...     newsletter.pull()
    ...     newsletter.send()

    Use it from one thread, and close it (or use `with`): it may have a model's process running.
    Every method raises children of `newsletter.errors.NewsletterError` or `subscribers.errors.SubscribersError`,
    whose text says what happened and what to do.
    """

    def __init__(
        self,
        project: Path | str = ".",
        *,
        embedder: Embedder | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        http: httpx2.Client | None = None,
        progress: Callable[[str], Progress] = _silent,
    ) -> None:
        """Open the newsletter in that folder.

        `embedder` stands in for the model, `clock` (an aware UTC time) for now, `http` for the network;
        `progress(what)` is asked for a callback (done, to do) before each piece of long work.
        """
        self.project = Path(project)
        self.settings: Settings = settings_table.load(self.project)
        self._db: Database = open_store(self.project / STORE, durable=self.settings.delivery.durability == "power")
        model = embedder or ModelProcess(self.settings.model.name, batch=self.settings.model.batch)
        self._model = model if isinstance(model, ModelProcess) else None
        self._clock = clock
        self._http = http
        self._progress = progress
        self._signer = Signer(self.settings.base_url, load_keys(self._db))
        self._press = Press(self._db, self.project, self.settings, model, self._signer, progress)

    @classmethod
    def create(cls, folder: Path | str, **settings: str) -> Path:
        """Make a newsletter in a folder: settings' file, folders, database. Returns the settings' file.

        `settings` are of the first level (`title=…`). Raises `ProjectError` where there is one already.
        """
        path = projects.create(Path(folder), **settings)
        open_store(Path(folder) / STORE).conn.close()
        return path

    def close(self) -> None:
        """Let go of the database, the network and the model."""
        if self._model:
            self._model.close()
        if self._http:
            self._http.close()
        self._db.conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- entries

    def pull(self) -> list[PullReport]:
        """Bring in what the sources have. A source that fails is reported and stops no other."""
        self._http = self._http or http_client()
        tell = self._progress("Pulling")
        reports = []
        for n, source in enumerate(self.settings.sources, 1):
            with database_errors(self.project / STORE):
                reports.append(pull(self._db, _source(source), base=self.project, client=self._http, now=self._clock()))
            tell(n, len(self.settings.sources))
        return reports

    def check_source(self, source: SourceSettings) -> Parsed:
        """Read a source without storing anything. Raises `SourceError`."""
        self._http = self._http or http_client()
        return look(_source(source), base=self.project, client=self._http, now=self._clock())

    def add_source(self, source: SourceSettings) -> Parsed:
        """Write a source into the settings' file, once it was read well. Raises `SourceError`, `SettingsError`."""
        found = self.check_source(source)
        projects.add_source(self.project, source)
        self.settings = settings_table.load(self.project)
        return found

    def count_entries(self) -> int:
        """How many entries are stored."""
        return entries.count(self._db)

    # -- people

    def subscribe(
        self, address: str, *, name: str = "", interests: Iterable[str] = (), cadence: Cadence | None = None
    ) -> Subscriber:
        """Add a person on the operator's word that they asked for it; that word is kept as evidence.

        `interests` are lines in the reader's own words, "not: …" mutes. Raises `InvalidAddress`, `InvalidInterest`,
        `AlreadySubscribed`, `Suppressed`.
        """
        return people.add_by_operator(
            self._db,
            address,
            name=name,
            interests=parse_interests(list(interests)),
            cadence=cadence or self.settings.cadence.cadence(),
            now=self._clock(),
        )

    def subscriber(self, address: str) -> Subscriber:
        """The person behind an address. Raises `UnknownSubscriber`."""
        return people.get(self._db, address)

    def evidence(self, address: str) -> list[people.Evidence]:
        """The proof of a person's consent, oldest first."""
        return people.evidence_of(self._db, people.get(self._db, address).id)

    def subscribers(self) -> Iterator[Subscriber]:
        """Everybody, in the order in which they came."""
        return people.everybody(self._db)

    def remove(self, address: str) -> None:
        """Erase a person from the database; a keyed hash of the address and the date remain.

        Mails that were written to files are the operator's.
        """
        with writing(self._db):
            subscriber_id = people.erase(self._db, address, now=self._clock())
            ledger.forget(self._db, subscriber_id)

    # -- issues

    def coming_issues(self) -> dict[IssueKey, tuple[datetime, int]]:
        """The next issue of every active reader: its first hour anywhere (UTC), and how many readers it has."""
        now, coming = self._clock(), dict[IssueKey, tuple[datetime, int]]()
        for reader in people.everybody(self._db, state=State.ACTIVE):
            slot = next_slot(reader.cadence, now)
            key = IssueKey(reader.cadence.frequency, slot.date)
            first, readers = coming.get(key, (slot.at, 0))
            coming[key] = (min(first, slot.at), readers + 1)
        return dict(sorted(coming.items(), key=lambda item: item[1][0]))

    def frozen_issues(self) -> list[StoredIssue]:
        """Every issue that was frozen, newest first."""
        return issues.all_issues(self._db)

    def issue(self, name: str) -> tuple[Printing, dict[str, int]]:
        """An issue by its name (weekly-2026-11-27), frozen or as a draft, and its deliveries by state."""
        printing = self._press.printing(parse_issue_key(name), self._clock())
        counts = ledger.count_by_state(self._db, printing.stored.id) if printing.stored else {}
        return printing, counts

    def latest_issue(self, address: str) -> str | None:
        """The name of the issue that a reader was sent last, or None."""
        last = ledger.latest_issue(self._db, people.get(self._db, address).id)
        return next((str(issue.key) for issue in issues.all_issues(self._db) if issue.id == last), None)

    def not_sent(self, issue: str | None = None) -> list[NotSent]:
        """Copies that failed, wait for another try, or are uncertain, of one issue or of all; the newest hundred."""
        names = {stored.id: str(stored.key) for stored in issues.all_issues(self._db)}
        wanted = next((id_ for id_, name in names.items() if name == issue), 0) if issue else None
        copies = ledger.not_sent(self._db, wanted)
        readers = {person.id: person.address for person in people.by_ids(self._db, [c.subscriber_id for c in copies])}
        return [not_sent_of(copy, names[copy.issue_id], readers.get(copy.subscriber_id)) for copy in copies]

    def preview(self, address: str | None = None, *, issue: str | None = None) -> Preview:
        """A reader's issue, composed as for `send(now=True)`; without a reader, everybody's edition.

        It is the coming one; while nothing has come in for that, the one that they were sent in this period. Once an
        issue was composed for sending, its preview is that very message. Raises `IssueError` where the reader would
        get none, with the reason.
        """
        now = self._clock()
        reader = people.get(self._db, address) if address else self._nobody()
        addressee = self._addressee(reader, now, parse_issue_key(issue) if issue else None)
        found = self._preview(addressee, now)
        if issue is None and addressee.slot.at <= now and not (isinstance(found, NothingNew) or found.draft):
            coming = self._preview(Addressee(reader, next_slot(reader.cadence, now)), now)
            found = found if isinstance(coming, NothingNew) else coming
        if isinstance(found, NothingNew):
            who = f"{reader.address} gets no mail" if address else "There is nothing to show"
            raise IssueError(f"{who} for {addressee.key}: {found.why}. `newsletter pull` brings in new entries.")
        return found

    def _preview(self, addressee: Addressee, now: datetime) -> Preview | NothingNew:
        reader = addressee.reader
        printing = self._press.printing(addressee.key, now)
        kept = ledger.of_reader(self._db, reader.id, printing.stored.id) if printing.stored else None
        if kept and kept.recipe:
            message = printing.frozen.message(kept.recipe, reader, kept.date_at(kept.due_at), self._signer)
            return preview_of(printing, kept.recipe.picks, message, draft=False)
        recipe = self._press.recipes(printing, [addressee], shape_of(self.settings))[0]
        if isinstance(recipe, NothingNew):
            return recipe
        message = printing.frozen.message(recipe, reader, now, self._signer)
        return preview_of(printing, recipe.picks, message, draft=True)

    # -- delivery

    def send(self, *, now: bool = False, to: str | None = None, dry_run: bool = False) -> SendReport:
        """Send to whoever is due; with `now` to everybody, their current issue. Running it again sends nothing twice.

        `to` limits it to one reader; `dry_run` writes nothing and tells who would get what. Raises `SettingsError`
        where something that every mail must have is missing, `TransportDown` where no mail can leave. An issue that
        cannot be made (a mistake in a template, say) stops no other: its error is raised when those are out, and has
        the `report` of what was done.
        """
        moment, report = self._clock(), SendReport()
        self.settings.refuse_unfinished(self.project / settings_table.FILE)
        reader = people.get(self._db, to) if to else None
        if reader and reader.state is not State.ACTIVE:
            raise DeliveryError(f"{reader.address} is {reader.state} and gets no mail.")
        only = reader.id if reader else None
        transport = transport_for(self.settings, self.project)
        repeat = transport.repeatable or self.settings.delivery.on_uncertain == "resend"
        if not dry_run:
            ledger.recover(self._db, lambda name: is_dead(self.project, name), moment, repeat=repeat)
        trouble: NewsletterError | None = None
        for key, group in self._due(moment, now, only, report).items():
            try:
                self._compose(key, group, moment, now, dry_run, report)
            except NewsletterError as error:
                trouble = trouble or error
        if not dry_run:
            try:
                report.counts += self._deliver(transport, only)
            except NewsletterError as error:
                trouble = trouble or error
        states = ledger.count_by_state(self._db)
        report.waiting = states.get(DeliveryState.QUEUED, 0) + states.get(DeliveryState.DEFERRED, 0)
        if trouble:
            trouble.report = report
            raise trouble
        return report

    def _deliver(self, transport: Transport, only: int | None) -> Counter[DeliveryState]:
        waiting = ledger.count_by_state(self._db).get(DeliveryState.QUEUED, 0)
        tell = self._progress("Sending")
        return deliver(
            self._db,
            transport,
            self._press.frozen,
            project=self.project,
            sender=self.settings.address,
            signer=self._signer,
            clock=self._clock,
            max_lateness=self._max_lateness(),
            only=only,
            progress=lambda done: tell(done, max(done, waiting)),
        )

    def status(self) -> Status:
        """How things stand."""
        pulls, brought = entries.last_pulls(self._db), entries.count_by_source(self._db)
        return Status(
            entries=entries.count(self._db),
            subscribers=people.count_by_state(self._db),
            sources={s.name: (*pulls.get(s.name, (None, None)), brought.get(s.name, 0)) for s in self.settings.sources},
            coming=self.coming_issues(),
            deliveries=ledger.count_by_state(self._db),
        )

    def _due(
        self, moment: datetime, now: bool, only: int | None, report: SendReport
    ) -> dict[IssueKey, list[Addressee]]:
        """Whoever ought to get an issue and has none for that period yet, by issue."""
        readers = [r for r in people.everybody(self._db, state=State.ACTIVE) if only is None or r.id == only]
        due = {reader.id: addressee for reader in readers if (addressee := self._due_addressee(reader, moment))}
        addressees = [self._current(reader, moment) for reader in readers] if now else list(due.values())
        served = ledger.served(self._db, {a.key.period for a in (*due.values(), *addressees)})
        groups: dict[IssueKey, list[Addressee]] = defaultdict(list)
        for addressee in addressees:
            theirs = _due_first(due.get(addressee.reader.id), addressee, served)
            if state := served.get((theirs.reader.id, theirs.key.period)):
                report.before[state] += 1
            else:
                groups[theirs.key].append(theirs)
        return groups

    def _compose(
        self, key: IssueKey, group: Sequence[Addressee], moment: datetime, now: bool, dry_run: bool, report: SendReport
    ) -> None:
        printing = self._press.printing(key, moment)
        ahead = moment < min(addressee.slot.at for addressee in group)
        # Ahead of its hour an issue that would be empty stays open: something may still come in.
        if printing.candidates and ahead and not printing.stored:
            report.frozen_ahead.append((key, len(printing.candidates)))
        if not dry_run and (printing.candidates or not ahead):
            printing = self._press.freeze(printing, moment)
        if printing.stored and printing.stored.state not in _MAY_LEAVE:
            return
        for start in range(0, len(group), CHUNK):
            part = group[start : start + CHUNK]
            recipes = self._press.recipes(printing, part, shape_of(self.settings))
            copies = []
            for addressee, recipe in zip(part, recipes, strict=True):
                reader = addressee.reader
                nothing = isinstance(recipe, NothingNew)
                if isinstance(recipe, NothingNew):
                    report.plan.append((reader.address, key, 0, recipe.why))
                elif dry_run:
                    report.plan.append((reader.address, key, len(recipe.picks), ""))
                # Who would get nothing ahead of the hour may still get something at it.
                if dry_run or not printing.stored or (nothing and moment < addressee.slot.at):
                    continue
                report.counts[DeliveryState.DROPPED] += nothing
                due_at = moment if now else addressee.slot.at
                copies.append(ledger.NewDelivery(printing.stored.id, reader.id, key.period, due_at, recipe))
            ledger.enqueue(self._db, copies, moment)

    def _due_addressee(self, reader: Subscriber, moment: datetime) -> Addressee | None:
        slot = due_slot(reader.cadence, moment, reader.since, self._max_lateness())
        return Addressee(reader, slot) if slot else None

    def _current(self, reader: Subscriber, moment: datetime) -> Addressee:
        return Addressee(reader, current_slot(reader.cadence, moment, reader.since))

    def _addressee(self, reader: Subscriber, moment: datetime, key: IssueKey | None) -> Addressee:
        """A reader and the issue asked for; without one what is due and not made yet, else that of their period."""
        if key:
            if key.frequency is not reader.cadence.frequency or not is_due_date(reader.cadence, key.due):
                raise IssueError(f"{key} is not {reader.address}'s: they get theirs {reader.cadence}.")
            return Addressee(reader, slot_on(reader.cadence, key.due))
        due = self._due_addressee(reader, moment)
        served = ledger.served(self._db, [due.key.period] if due else [])
        return _due_first(due, self._current(reader, moment), served)

    def _nobody(self) -> Subscriber:
        """A reader who follows nothing, for whom everybody's edition is."""
        now = self._clock()
        cadence = self.settings.cadence.cadence()
        return Subscriber(0, f"reader@{self.settings.domain}", "", State.ACTIVE, cadence, (), now, now)

    def _max_lateness(self) -> timedelta:
        return timedelta(hours=self.settings.issue.max_lateness_hours)


def _due_first(due: Addressee | None, current: Addressee, served: Container[tuple[int, str]]) -> Addressee:
    """What is due and not made yet comes before what is coming."""
    return due if due and (due.reader.id, due.key.period) not in served else current


def _source(settings: SourceSettings) -> Source:
    return Source(settings.name, settings.location, settings.kind, settings.year)
