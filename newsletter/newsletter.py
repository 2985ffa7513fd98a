"""The main line: pull, compose, preview, deliver. Wires the rooms and keeps their order; decides nothing."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
from sqlite_utils import Database

from newsletter import project as projects
from newsletter import settings as settings_table
from newsletter import supervisor
from newsletter.addressees import coming_issues, fresh_popularity
from newsletter.alarms import Alarm, gather, raise_alarms
from newsletter.announcing import Announcement, addressees, announce
from newsletter.back_issues import BackIssues
from newsletter.checking import Checked, IssueChecks
from newsletter.cluster import Cluster
from newsletter.deliveries import Deliveries
from newsletter.delivery import records
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.whole_issues import mark_done
from newsletter.dispatching import Dispatcher
from newsletter.editing import Editor
from newsletter.entries import store as entries
from newsletter.entries.pulling import PullReport
from newsletter.errors import DeliveryError, NewsletterError
from newsletter.figures import Pictures
from newsletter.finding_papers import PaperSearch
from newsletter.issues import store as issues
from newsletter.issues.calendar import LEAD
from newsletter.issues.issue import IssueKey, StoredIssue, parse_issue_key
from newsletter.looking import Looks
from newsletter.models import Models
from newsletter.naming_issues import known_issue
from newsletter.press import Press
from newsletter.previewing import preview
from newsletter.printing import Printing
from newsletter.ranking.embedding import Embedder, Progress
from newsletter.readers.correspondence import Correspondence
from newsletter.readers.desk import Readers
from newsletter.readers.mails import Mails
from newsletter.readers.suppressions import Suppressions
from newsletter.readers.tending import tend
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys
from newsletter.reports import NotSent, Preview, SendReport, Status, not_sent_of
from newsletter.rounds import Round
from newsletter.searching import Search
from newsletter.settings import Settings
from newsletter.sourcing import Sources
from newsletter.standing import standing
from newsletter.store import FILE as STORE
from newsletter.store import SENDING, open_store, switch, why_off
from newsletter.suggesting import Suggestions
from newsletter.telling import tell_operator
from newsletter.trial import in_words
from subscribers import people
from subscribers.cadence import Cadence
from subscribers.evidence import Evidence, evidence_of
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
        #: other machines that do parts of the work, where the settings name some
        self.cluster = Cluster(self.settings.cluster, self.project) if self.settings.cluster.scheduler else None
        #: which model everything goes by, and the change to another one
        self.models = Models(self._db, self.project, self.settings.model, clock, progress, embedder, self.cluster)
        model = self.models.embedder
        self._clock = clock
        self._progress = progress
        self._signer = Signer(self.settings.base_url, load_keys(self._db))
        self._press = Press(self._db, self.project, self.settings, model, self._signer, progress, self.cluster)
        self._mails = Mails(self.project, self.settings, self._signer)
        #: where entries come from
        self.sources = Sources(self._db, self.project, self.settings, clock, progress, http)
        #: what readers may ask for
        self.readers = Readers(self._db, self.settings, self._mails, self._signer, clock)
        #: whose address must not be mailed
        self.suppressions = Suppressions(self._db, self.readers, clock)
        #: what only mail brings
        self.correspondence = Correspondence(self._db, self.readers, self.settings, self._signer, clock)
        #: issues that are out
        self.back_issues = BackIssues(self._db, self._press.frozen, self._signer)
        #: what readers suggest, and what the operator says to it
        self.suggestions = Suggestions(self._db, self.project, self.settings, self.readers, self._signer, clock, http)
        #: all that ever came in, by words and by meaning
        self.search = Search(self._db, model, self.settings.search_url, clock, progress)
        #: papers that readers name as interests
        self.papers = PaperSearch(self._db, self.project, self.settings, clock, http)
        #: the operator's control over issues
        self.editor = Editor(self._db, self.project, self.settings, self._press, self.readers, self._signer, clock)
        #: the editor's pictures of issues and of the weeks
        self.pictures = Pictures(self._db, self._press, self.settings, clock)
        #: who got what, what did not leave, and sending that again
        self.deliveries = Deliveries(self._db, self.project, self.settings, self._press.frozen, self._signer, clock)
        self._checks = IssueChecks(
            self._db, self.project, self.settings, self._press, self._signer, clock, progress, http
        )
        #: issues with their reasons
        self.looks = Looks(self._db, self.project, self.settings, self._press, self._signer, clock)
        self._dispatcher = Dispatcher(
            self._db, self.project, self.settings, self._press.frozen, self.readers, self._signer, clock, progress
        )

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
        for one in (self.search, self.sources, self.suggestions, self.papers, self.models, self.cluster):
            if one:
                one.close()
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
        return self.sources.pull()

    def pull_due(self, stop: threading.Event) -> list[PullReport]:
        """The same with what is due; shortly before a cut-off popularity is read again. Ends soon after `stop`."""
        fresh = fresh_popularity(self.coming_issues(), self._clock())
        return self.sources.pull(due_only=True, fresh=fresh, stop=stop.is_set)

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
        return self.readers.add(address, name=name, interests=interests, cadence=cadence)

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
        return coming_issues(people.rhythms(self._db), self._clock())

    def frozen_issues(self) -> list[StoredIssue]:
        """Every issue that was frozen, newest first."""
        return issues.all_issues(self._db)

    def issue(self, name: str) -> tuple[Printing, dict[str, int]]:
        """An issue by its name (weekly-2026-11-27), frozen or as a draft, and its deliveries by state.

        Raises `IssueError` for what is nobody's, or was never made.
        """
        now = self._clock()
        printing = self._press.printing(known_issue(self._db, name, now, self._max_lateness()), now)
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
        issue was composed for sending, its preview is that very message. Its Date is the hour at which it would leave;
        what `send(now=True)` sends before that bears its own moment instead. Raises `IssueError` where the reader would
        get none, with the reason.
        """
        reader = people.get(self._db, address) if address else None
        key = parse_issue_key(issue) if issue else None
        return preview(self._db, self._press, self.settings, self._signer, reader, key, self._clock())

    def check(self, issue: str | None = None, *, links: bool = False) -> Checked:
        """What is wrong with an issue (by default the coming one), over all its readers; `links` asks those, too."""
        return self._checks.check(issue, links=links)

    # -- delivery

    def send(self, *, now: bool = False, to: str | None = None, dry_run: bool = False) -> SendReport:
        """Send to whoever is due; with `now` to everybody, their current issue. Running it again sends nothing twice.

        `to` limits it to one reader; `dry_run` writes nothing and tells who would get what. Raises `SettingsError`
        where something that every mail must have is missing, `TransportDown` where no mail can leave. An issue that
        cannot be made (a mistake in a template, say) stops no other: its error is raised when those are out, and has
        the `report` of what was done.
        """
        report = SendReport()
        self._dispatcher.refuse()
        reader = people.get(self._db, to) if to else None
        if reader and reader.state is not State.ACTIVE:
            raise DeliveryError(f"{reader.address} is {reader.state} and gets no mail.")
        only = reader.id if reader else None
        if not dry_run:
            self.tend()
            report.released += self.editor.release_overdue()
        round_ = self._round(report, now=now, dry_run=dry_run)
        if not now:
            round_.count_served(only)
        trouble = self._compose(round_, only)
        if not dry_run:
            try:
                run = self._dispatcher.deliver(only)
                report.counts += run.counts
                of = issues.by_ids(self._db, set(run.stopped))
                report.stopped = {str(of[issue_id].key): why for issue_id, why in run.stopped.items()}
            except NewsletterError as error:
                trouble = trouble or error
        report.waiting = records.count_waiting(self._db)
        if trouble:
            trouble.report = report
            raise trouble
        return report

    def make(self) -> SendReport:
        """Freeze the issues that are at their cut-off, compose for whoever is due within a quarter of an hour.

        Sends nothing. An issue that cannot be made stops no other; its error is raised at the end, with the `report`.
        """
        report = SendReport()
        report.released += self.editor.release_overdue()
        round_ = self._round(report, lead=LEAD)
        trouble: NewsletterError | None = None
        for key in round_.at_cut_off():
            try:
                round_.freeze(key)
            except NewsletterError as error:
                trouble = trouble or _of(key, error)
        trouble = self._compose(round_, None) or trouble
        if trouble:
            trouble.report = report
            raise trouble
        return report

    def deliver(self) -> Counter[DeliveryState]:
        """Hand over what waits and is due: notices, then issues. Raises as `send` does."""
        return self._dispatcher.deliver().counts

    def send_notices(self) -> Counter[DeliveryState]:
        """The same with notices alone."""
        return self._dispatcher.deliver(notices_only=True).counts

    def send_test(self, issue: str, *, to: str | None = None, reader: str | None = None) -> tuple[str, bool]:
        """As `Editor.test`, and sent at once: what became of it as a sentence, and whether it is on its way."""
        posted = self.editor.test(issue, to=to, reader=reader)
        try:
            self.send_notices()
        except NewsletterError as error:
            raise NewsletterError(f"The test waits for its turn, good for six hours: {error}") from error
        return in_words(posted, *self.editor.became_of(posted), folder=self.settings.delivery.transport == "folder")

    def _round(self, report: SendReport, **how: Any) -> Round:
        moment, tell = self._clock(), self.editor.tell_waiting
        return Round(self._db, self._press, self.settings, moment, report, self._progress, tell, **how)

    def _compose(self, round_: Round, only: int | None) -> NewsletterError | None:
        """Compose for everybody who is due; returns the first thing that went wrong, when all others are done."""
        trouble: NewsletterError | None = None
        broken: set[IssueKey] = set()
        for key, group in round_.due(only):
            if key in broken:
                continue
            try:
                round_.compose(key, group)
            except NewsletterError as error:
                trouble = trouble or _of(key, error)
                broken.add(key)
        return trouble

    def announce(self, announcement: Announcement, *, dry_run: bool = False) -> int:
        """Tell all readers something, once; `send` sends it. Returns how many notices are new (would be, if dry)."""
        if dry_run:
            return len(addressees(self._db))
        return announce(self._db, self._mails, announcement, self._clock())

    @property
    def mail_is_off(self) -> bool:
        """Has the operator switched all mail off, or was this newsletter restored from a backup?"""
        return why_off(self._db, SENDING) is not None

    def switch_sending(self, *, off: bool, why: str = "the operator switched it off") -> None:
        """Stop all mail of this newsletter, in every process, or let it go on."""
        switch(self._db, SENDING, off=off, why=why, now=self._clock())

    def tend(self) -> list[Alarm]:
        """Do what time brings: reminders, ends of pauses, what is forgotten. Twice does no harm.

        Returns what the operator ought to know and was not told within a day; they are mailed, if there is somebody.
        """
        now = self._clock()
        tend(self._db, self.readers, self.suppressions, self._mails, self.settings, self._signer, now)
        mark_done(self._db, now, self._max_lateness())
        tell_operator(self._db, self.readers, self.settings, now)
        facts = gather(self._db, self.project, self.sources.states(), now)
        return raise_alarms(self._db, self.readers, self.settings, facts, now)

    def status(self) -> Status:
        """How things stand."""
        states, coming, serving = self.sources.states(), self.coming_issues(), supervisor.is_serving(self.project)
        model, cluster = self.models.standing(), self.cluster.standing() if self.cluster else None
        return standing(self._db, self.settings, states, coming, self._clock(), serving, model, cluster)

    def _max_lateness(self) -> timedelta:
        return timedelta(hours=self.settings.issue.max_lateness_hours)


def _of(key: IssueKey, error: NewsletterError) -> NewsletterError:
    """The same error, saying which issue could not be made for it."""
    return type(error)(f"{key} could not be made: {error}")
