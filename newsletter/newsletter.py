"""The main line: pull, compose, preview, deliver. Wires the rooms and keeps their order; decides nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from sqlite_utils import Database

from newsletter import project as projects
from newsletter import settings as settings_table
from newsletter.addressees import addressee_of, current_addressee, due_addressee, due_first, nobody
from newsletter.announcing import Announcement, addressees, announce
from newsletter.back_issues import BackIssues
from newsletter.delivery import ledger, records
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.return_path import ReturnPath
from newsletter.delivery.sending import deliver
from newsletter.delivery.transport import Transport, transport_for
from newsletter.delivery.workers import is_dead
from newsletter.entries import store as entries
from newsletter.entries.entry import Parsed
from newsletter.entries.fetching import http_client
from newsletter.entries.pulling import PullReport, Source, look, pull
from newsletter.errors import DeliveryError, IssueError, NewsletterError
from newsletter.issues import store as issues
from newsletter.issues.calendar import next_slot
from newsletter.issues.issue import IssueKey, NothingNew, StoredIssue, parse_issue_key
from newsletter.press import Addressee, Press, Printing, shape_of
from newsletter.ranking.embedding import Embedder, Progress
from newsletter.ranking.model import ModelProcess
from newsletter.readers.correspondence import Correspondence
from newsletter.readers.desk import Readers
from newsletter.readers.mails import Mails
from newsletter.readers.suppressions import Suppressions
from newsletter.readers.tending import tend
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys
from newsletter.reports import NotSent, Preview, SendReport, Status, not_sent_of, preview_of
from newsletter.rounds import Round
from newsletter.sections import SourceSettings
from newsletter.settings import Settings
from newsletter.store import FILE as STORE
from newsletter.store import SENDING, open_store, switch, why_off
from subscribers import people
from subscribers.cadence import Cadence
from subscribers.database import database_errors
from subscribers.evidence import Evidence, evidence_of
from subscribers.interests import parse_interests
from subscribers.people import Subscriber
from subscribers.states import State


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
        self._return_path = ReturnPath(self.settings.address, self.settings.mailbox.detail, self._signer)
        self._press = Press(self._db, self.project, self.settings, model, self._signer, progress)
        self._mails = Mails(self.project, self.settings, self._signer)
        #: what readers may ask for
        self.readers = Readers(self._db, self.settings, self._mails, self._signer, clock)
        #: whose address must not be mailed
        self.suppressions = Suppressions(self._db, self.readers, clock)
        #: what only mail brings
        self.correspondence = Correspondence(self._db, self.readers, self.settings, self._signer, clock)
        #: issues that are out
        self.back_issues = BackIssues(self._db, self._press.frozen, self._signer)

    @classmethod
    def create(cls, folder: Path | str, **settings: str) -> Path:
        """Make a newsletter in a folder: settings' file, folders, database. Returns the settings' file.

        `settings` are of the first level (`title=…`). Raises `ProjectError` where there is one already.
        """
        path = projects.create(Path(folder), **settings)
        open_store(Path(folder) / STORE).conn.close()
        return path

    @property
    def database(self) -> Database:
        """The newsletter's database, for who works in the same thread."""
        return self._db

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

    def evidence(self, address: str) -> list[Evidence]:
        """The proof of a person's consent, oldest first."""
        return evidence_of(self._db, people.get(self._db, address).id)

    def subscribers(self) -> Iterator[Subscriber]:
        """Everybody, in the order in which they came."""
        return people.everybody(self._db)

    def remove(self, address: str) -> None:
        """Erase a person from the database; a keyed hash of the address and the date remain.

        Mails that were written to files are the operator's.
        """
        self.readers.erase(people.get(self._db, address))

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
        counts = records.count_by_state(self._db, printing.stored.id) if printing.stored else {}
        return printing, counts

    def latest_issue(self, address: str) -> str | None:
        """The name of the issue that a reader was sent last, or None."""
        last = records.sent_to(self._db, people.get(self._db, address).id, 1)
        return next((str(issue.key) for issue in issues.all_issues(self._db) if issue.id in last), None)

    def not_sent(self, issue: str | None = None) -> list[NotSent]:
        """Copies that failed, wait for another try, or are uncertain, of one issue or of all; the newest hundred."""
        names = {stored.id: str(stored.key) for stored in issues.all_issues(self._db)}
        wanted = next((id_ for id_, name in names.items() if name == issue), 0) if issue else None
        copies = records.not_sent(self._db, wanted)
        addressed = people.by_ids(self._db, [c.subscriber_id or 0 for c in copies])
        readers = {person.id: person.address for person in addressed}
        return [not_sent_of(c, names.get(c.issue_id or 0), readers.get(c.subscriber_id or 0)) for c in copies]

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
        kept = records.of_reader(self._db, reader.id, printing.stored.id) if printing.stored else None
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
        self._refuse_to_send()
        reader = people.get(self._db, to) if to else None
        if reader and reader.state is not State.ACTIVE:
            raise DeliveryError(f"{reader.address} is {reader.state} and gets no mail.")
        only = reader.id if reader else None
        transport = transport_for(self.settings, self.project)
        if not dry_run:
            self.tend()
            self._recover(transport)
        trouble: NewsletterError | None = None
        round_ = Round(self._db, self._press, self.settings, moment, report, now=now, dry_run=dry_run)
        for key, group in round_.due(only).items():
            try:
                round_.compose(key, group)
            except NewsletterError as error:
                trouble = trouble or error
        if not dry_run:
            try:
                report.counts += self._deliver(transport, only)
            except NewsletterError as error:
                trouble = trouble or error
        states = records.count_by_state(self._db)
        report.waiting = states.get(DeliveryState.QUEUED, 0) + states.get(DeliveryState.DEFERRED, 0)
        if trouble:
            trouble.report = report
            raise trouble
        return report

    def send_notices(self) -> Counter[DeliveryState]:
        """Send the notices that wait, and no issues. Raises as `send` does."""
        self._refuse_to_send()
        transport = transport_for(self.settings, self.project)
        self._recover(transport)
        return self._deliver(transport, None, notices_only=True)

    def announce(self, announcement: Announcement, *, dry_run: bool = False) -> int:
        """Tell all readers something, once; `send` sends it. Returns how many notices are new (would be, if dry)."""
        if dry_run:
            return len(addressees(self._db))
        return announce(self._db, self._mails, announcement, self._clock())

    def switch_sending(self, *, off: bool, why: str = "the operator switched it off") -> None:
        """Stop all mail of this newsletter, in every process, or let it go on."""
        switch(self._db, SENDING, off=off, why=why, now=self._clock())

    def tend(self) -> None:
        """Do what time brings: reminders, ends of pauses, what is forgotten. Twice does no harm."""
        tend(self._db, self.readers, self.suppressions, self._mails, self.settings, self._signer, self._clock())

    def _deliver(self, transport: Transport, only: int | None, *, notices_only: bool = False) -> Counter[DeliveryState]:
        waiting = records.count_by_state(self._db).get(DeliveryState.QUEUED, 0)
        tell = self._progress("Sending")
        return deliver(
            self._db,
            transport,
            self._press.frozen,
            project=self.project,
            return_path=self._return_path,
            signer=self._signer,
            clock=self._clock,
            max_lateness=self._max_lateness(),
            only=only,
            notices_only=notices_only,
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
            deliveries=records.count_by_state(self._db),
            sending_off=why_off(self._db, SENDING),
        )

    def _addressee(self, reader: Subscriber, moment: datetime, key: IssueKey | None) -> Addressee:
        """A reader and the issue asked for; without one what is due and not made yet, else that of their period."""
        if key:
            return addressee_of(reader, key)
        due = due_addressee(reader, moment, self._max_lateness())
        served = records.served(self._db, [due.key.period] if due else [])
        return due_first(due, current_addressee(reader, moment), served)

    def _nobody(self) -> Subscriber:
        return nobody(self.settings, self._clock())

    def _refuse_to_send(self) -> None:
        self.settings.refuse_unfinished(self.project / settings_table.FILE)
        if why := why_off(self._db, SENDING):
            raise DeliveryError(f"Sending is switched off: {why}. `newsletter mail on` lets it go on.")

    def _recover(self, transport: Transport) -> None:
        repeat = transport.repeatable or self.settings.delivery.on_uncertain == "resend"
        ledger.recover(self._db, lambda name: is_dead(self.project, name), self._clock(), repeat=repeat)

    def _max_lateness(self) -> timedelta:
        return timedelta(hours=self.settings.issue.max_lateness_hours)


def _source(settings: SourceSettings) -> Source:
    return Source(settings.name, settings.location, settings.kind, settings.year)
