"""Checks of an issue before it goes out, over all its readers: gathers what there is, and asks every check.

Every copy is composed, some thousand readers at a time; only a few are rendered whole: the largest, everybody's
edition, and so many that they have every kind of section, reason and card between them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
from sqlite_utils import Database

from newsletter import due
from newsletter.addressees import coming_issues, nobody
from newsletter.checks.asking import ask
from newsletter.checks.contents import twins_of
from newsletter.checks.examination import examine
from newsletter.checks.findings import Check, Finding, Place, PlaceKind, Severity, worst, worst_first
from newsletter.checks.links import answers, worth_asking
from newsletter.checks.proof import Proof
from newsletter.checks.proofing import Proofing, before_of
from newsletter.checks.readiness import settings_alone
from newsletter.delivery import records
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.records import Delivery
from newsletter.entries.fetching import PublicNetwork, user_agent
from newsletter.errors import IssueError, TemplateError
from newsletter.issues import store as issues
from newsletter.issues.calendar import is_due_date, next_slot, slot_on
from newsletter.issues.control import state_at_freeze, why_not_sent
from newsletter.issues.editorial import editorial_text
from newsletter.issues.issue import IssueKey, IssueState, NothingNew
from newsletter.judgement import Ground
from newsletter.naming_issues import known_issue
from newsletter.press import Press, shape_of
from newsletter.printing import Addressee, Printing
from newsletter.ranking.embedding import Told
from newsletter.rendering.links import Signer
from newsletter.rendering.recipe import Recipe
from newsletter.settings import Settings
from newsletter.store import FILE as STORE
from newsletter.store import SENDING, why_off
from subscribers import people
from subscribers.people import Subscriber
from subscribers.states import State

__all__ = ["Checked", "Finding", "IssueChecks", "Place", "PlaceKind", "Severity"]

#: Readers composed at once: memory stays flat however many there are.
CHUNK = 1_000
_SERVED = "they have had an issue of this period already"
_TEMPLATE, _EDITORIAL = Check("Template"), Check("Intro and pins")
_PLACE = re.compile(r"(?P<path>\S+/(?P<name>(?:issue|mail)/[\w.-]+))(?:, line (?P<line>\d+))?")
_Made = Recipe | NothingNew


@dataclass(frozen=True, slots=True)
class Checked:
    """An issue, and what was found."""

    key: IssueKey
    #: not frozen yet: it may still change
    draft: bool
    #: whose issue it is
    readers: int
    #: the worst first
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity:
        """How bad the worst finding is."""
        return worst(self.findings)


class IssueChecks:
    """Checks the issues of one project."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        press: Press,
        signer: Signer,
        clock: Callable[[], datetime],
        told: Told,
        http: httpx2.Client | None = None,
    ) -> None:
        """`http` stands in for the client that asks links, and stays open; ours reaches no private network."""
        self._db = db
        self._project = project
        self._settings = settings
        self._press = press
        self._signer = signer
        self._clock = clock
        self._told = told
        self._http = http

    def check(self, name: str | None = None, *, links: bool = False) -> Checked:
        """Look at an issue, by default the coming one; with `links` also ask whether its links answer.

        Nothing is frozen, and nothing is sent. A mistake in a template or a pin is a finding. Raises `IssueError` for
        an issue that there is not, `ModelError`.
        """
        now = self._clock()
        key = self._key(name, now)
        ids = self._readers_of(key)
        try:
            printing = self._press.printing(key, now)
            if printing.stored is None:
                self._press.try_cards(printing)
        except (TemplateError, IssueError) as error:
            findings = worst_first([self._mistake(key, error), *settings_alone(self._settings)])
            return Checked(key, issues.find(self._db, key) is None, len(ids), findings)
        proof = self._proof(printing, ids, now)
        findings = examine(proof)
        if links:
            findings = worst_first([*findings, *self._asked(proof)])
        return Checked(key, printing.stored is None, len(ids), findings)

    def _key(self, name: str | None, now: datetime) -> IssueKey:
        if name:
            late = timedelta(hours=self._settings.issue.max_lateness_hours)
            return known_issue(self._db, name, now, late)
        default = self._settings.cadence.cadence()
        coming = coming_issues(people.rhythms(self._db), now)
        return next(iter(coming), IssueKey(default.frequency, next_slot(default, now).date))

    def _readers_of(self, key: IssueKey) -> list[int]:
        """Ids of active readers whose issue it is, and of those for whom a copy of it was composed."""
        stored = issues.find(self._db, key)
        return sorted({*due.of_issue(self._db, key)} | set(records.readers_of(self._db, stored.id) if stored else ()))

    def _mistake(self, key: IssueKey, error: TemplateError | IssueError) -> Finding:
        """What keeps the issue from being made at all, and where it is."""
        todo = "Mend it; until then the issue cannot be made."
        if isinstance(error, IssueError):
            path, _ = editorial_text(self._project, key)
            return _EDITORIAL.error(str(error), todo, Place(PlaceKind.INTRO, _relative(path, self._project)))
        # Nothing was to be sent.
        said, found = str(error).removesuffix(" Nothing was sent."), _PLACE.search(str(error))
        if not found:
            return _TEMPLATE.error(said, todo)
        where = found["name"] + (f":{found['line']}" if found["line"] else "")
        return _TEMPLATE.error(said, todo, Place(PlaceKind.TEMPLATE, where))

    # -- the proof

    def _proof(self, printing: Printing, ids: Sequence[int], now: datetime) -> Proof:
        proofing = Proofing(printing, self._signer, now, twins_of(printing.frozen.cards.values()))
        for reader, made, had in self._made(printing, ids):
            if isinstance(made, NothingNew):
                proofing.tally.add_nothing(reader.address, made.why)
            else:
                proofing.add(reader, made, had)
        person = nobody(self._settings, now, printing.key)
        [general] = self._press.recipes(
            printing, [Addressee(person, slot_on(person.cadence, printing.key.due))], shape_of(self._settings)
        )
        copies = proofing.copies([(person, general)] if isinstance(general, Recipe) else [])
        shared = printing.frozen.edition.shared
        path, _ = editorial_text(self._project, printing.key)
        return Proof(
            key=printing.key,
            settings=self._settings,
            made=printing.stored is not None,
            mail_off=why_off(self._db, SENDING),
            waits=self._why_it_waits(printing, now),
            state=self._state(printing, now)[0],
            readers=len(ids),
            sources=printing.frozen.edition.sources,
            intro=printing.settled.intro or str(shared["issue"]["intro"]),
            intro_place=_relative(path, self._project),
            postal_address=str(shared["newsletter"]["postal_address"]),
            paused=self._paused(printing.key),
            candidates=printing.candidates,
            pins=printing.pins,
            cards=printing.frozen.cards,
            tally=proofing.tally,
            copies=copies,
            before=before_of(self._db, self._press.frozen, printing.key, person, self._signer),
        )

    def _made(self, printing: Printing, ids: Sequence[int]) -> Iterator[tuple[Subscriber, _Made, set[int]]]:
        """What each reader gets, as it was composed for sending, else as it would be now; and what they have had."""
        progress, shape = self._told("Composing"), shape_of(self._settings)
        ground: Ground | None = None
        for start in range(0, len(ids), CHUNK):
            part = list(people.by_ids(self._db, ids[start : start + CHUNK]))
            copies = self._copies(printing, part)
            kept = self._kept(printing, part, copies)
            open_ = [reader for reader in part if reader.id not in kept]
            addressees = [Addressee(reader, slot_on(reader.cadence, printing.key.due)) for reader in open_]
            if addressees and printing.candidates:
                ground = ground or self._press.judge.ground(printing)
            made = self._press.recipes(printing, addressees, shape, ground=ground) if addressees else []
            fresh = {reader.id: one for reader, one in zip(open_, made, strict=True)}
            had = self._had(printing, part, copies)
            for reader in part:
                yield reader, kept.get(reader.id) or fresh[reader.id], had[reader.id]
            progress(min(start + CHUNK, len(ids)), len(ids))

    def _copies(self, printing: Printing, readers: Sequence[Subscriber]) -> dict[int, Delivery]:
        ids = [reader.id for reader in readers]
        return records.of_issue(self._db, printing.stored.id, ids) if printing.stored else {}

    def _kept(
        self, printing: Printing, readers: Sequence[Subscriber], copies: Mapping[int, Delivery]
    ) -> dict[int, _Made]:
        """What is settled for some of these readers: a copy of this issue, or of another one of its period."""
        served = due.served(self._db, [reader.id for reader in readers], [printing.key.period])
        kept: dict[int, _Made] = {id_: NothingNew(_SERVED) for id_, _ in served if id_ not in copies}
        for id_, copy in copies.items():
            dropped = copy.recipe is None or copy.state is DeliveryState.DROPPED
            kept[id_] = NothingNew(copy.why) if dropped or copy.recipe is None else copy.recipe
        return kept

    def _had(
        self, printing: Printing, readers: Sequence[Subscriber], copies: Mapping[int, Delivery]
    ) -> dict[int, set[int]]:
        """Which of the issue's entries readers have had. From its claim on what is in a copy counts as that."""
        claimed = {id_ for id_, copy in copies.items() if copy.state is not DeliveryState.QUEUED}
        had: dict[int, set[int]] = {reader.id: set() for reader in readers}
        entry_ids = [entry.id for entry in printing.candidates]
        for id_, entry_id in issues.received(self._db, entry_ids, [id_ for id_ in had if id_ not in claimed]):
            had[id_].add(entry_id)
        return had

    def _paused(self, key: IssueKey) -> int:
        return sum(
            person.cadence.frequency is key.frequency and is_due_date(person.cadence, key.due)
            for person in people.everybody(self._db, state=State.PAUSED)
        )

    def _state(self, printing: Printing, now: datetime) -> tuple[IssueState, datetime | None, str]:
        """The state of the issue, or in which it would begin; until when it is held, and why the program did that."""
        if stored := printing.stored:
            return stored.state, stored.held_until, stored.held_why
        word, until = issues.word_about(self._db, printing.key), issues.scheduled(self._db, printing.key)
        return *state_at_freeze(word, self._settings.issue.review_hours, now, until), ""

    def _why_it_waits(self, printing: Printing, now: datetime) -> str:
        if printing.stored is None and not issues.word_about(self._db, printing.key):
            hours = self._settings.issue.review_hours
            return f"it will be held for your review, {hours} hours from its cut-off at most" if hours else ""
        return why_not_sent(*self._state(printing, now))

    # -- links

    def _asked(self, proof: Proof) -> list[Finding]:
        asked = worth_asking(proof)
        with closing(PublicNetwork(user_agent(self._settings.base_url, self._settings.address), self._http)) as network:
            found = ask(asked, network.client, database=self._project / STORE, progress=self._told("Asking links"))
        return answers(asked, found, proof.intro_place)


def _relative(path: Path, project: Path) -> str:
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
