"""Making an issue: candidates | embed | rank | compose | choose sentences | recipes. Wires rooms, decides nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.copies import FrozenIssue, FrozenIssues
from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.issues import store as issues
from newsletter.issues.calendar import LOOK_BACK, next_slot, previous_due_dates
from newsletter.issues.composing import Shape
from newsletter.issues.editorial import (
    Edit,
    Settled,
    editorial_text,
    load_settled,
    parse_editorial,
    read_editorial,
    version_of,
)
from newsletter.issues.issue import IssueKey, NothingNew, Pick, ReasonKind, StoredIssue
from newsletter.issues.resolving import resolve
from newsletter.judgement import About, Case, Chosen, Ground, Judgement, chosen, chosen_for
from newsletter.judging import Judge
from newsletter.printing import Addressee, Printing
from newsletter.proposing import Proposer
from newsletter.ranking import votes
from newsletter.ranking.embedding import Embedder, Told
from newsletter.ranking.proposals import Proposal
from newsletter.ranking.sentences import telling_sentence
from newsletter.rendering import words
from newsletter.rendering.card import Card, card_of
from newsletter.rendering.edition import Edition, Reader, check, shared_variables
from newsletter.rendering.intro import intro_html, intro_text
from newsletter.rendering.links import Signer
from newsletter.rendering.look import look_of
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.sample import recipes_of, sample_cards, sample_recipes
from newsletter.rendering.templates import explain, load_sources
from newsletter.settings import Settings
from newsletter.workforce import Here, Workforce, cut
from subscribers.database import writing

#: Readers for whom a part of the work is worth a way to somebody else.
LEAST = 100


class Press:
    """Makes issues of one project."""

    def __init__(
        self,
        db: Database,
        project: Path,
        settings: Settings,
        embedder: Embedder,
        signer: Signer,
        told: Told,
        workforce: Workforce | None = None,
    ) -> None:
        """`told(what)` gives a progress callback for a piece of long work. Readers are judged by the workforce."""
        self._workforce = workforce or Here()
        self._db = db
        self._templates = project / "templates"
        self._project = project
        self._settings = settings
        self._signer = signer
        #: what draws readers
        self.judge = Judge(db, embedder, told)
        #: what readers' votes show beside what they follow
        self.proposer = Proposer(db, self.judge.vectors)
        #: the issues that were made, for who sends them
        self.frozen = FrozenIssues(db)

    def printing(self, key: IssueKey, now: datetime) -> Printing:
        """The issue as it is: frozen if it was frozen, else a draft of this moment.

        Raises `TemplateError`, `IssueError`.
        """
        if stored := issues.find(self._db, key):
            return self._stored(stored)
        path, text = editorial_text(self._project, key)
        editorial = parse_editorial(text or "", str(path))
        chosen = resolve(self._db, editorial)
        up_to_entry = entries.newest_id(self._db)
        arrived = self.arrived(key, now, up_to_entry)
        drops = {entry.id for entry in chosen.drops}
        dropped = [entry for entry in arrived if entry.id in drops]
        kept = [entry for entry in arrived if entry.id not in drops]
        candidates = {entry.id: entry for entry in self._liked([*kept, *chosen.pins])}
        edits = {entry_id: edit for entry_id, edit in chosen.edits.items() if entry_id in candidates}
        frozen = FrozenIssue(
            self._edition(key, len(kept), editorial.intro),
            {entry.id: self._card(entry, edits.get(entry.id), key) for entry in candidates.values()},
        )
        self._check(frozen, sample_recipes(self._signer.key_id))
        return Printing(
            key,
            frozen,
            list(candidates.values()),
            list(dict.fromkeys(entry.id for entry in chosen.pins)),
            None,
            up_to_entry,
            dropped,
            Settled(editorial.intro, tuple(entry.id for entry in dropped), edits),
            version_of(path, text),
        )

    def is_empty(self, key: IssueKey, now: datetime) -> bool:
        """Would the issue hold nothing, if it were made now? Asked before its templates are even read."""
        if issues.find(self._db, key) or (editorial := read_editorial(self._project, key)).pins:
            return False
        drops = {entry.id for entry in resolve(self._db, editorial).drops}
        return all(entry.id in drops for entry in self.arrived(key, now, entries.newest_id(self._db)))

    def freeze(self, draft: Printing, now: datetime) -> Printing:
        """Fix the issue: from here on its entries, intro, pins and templates do not change.

        Every card is rendered once before. Raises `TemplateError`.
        """
        if draft.stored:
            return draft
        self.try_cards(draft)
        pieces = draft.frozen.edition.dump(), {i: card.dump() for i, card in draft.frozen.cards.items()}
        with writing(self._db):
            # Nobody writes the editor's file between this look and the freezing.
            if version_of(*editorial_text(self._project, draft.key)) == draft.version:
                stored = issues.freeze(
                    self._db,
                    draft.key,
                    up_to_entry=draft.up_to_entry,
                    edition=pieces[0],
                    cards=pieces[1],
                    pins=draft.pins,
                    now=now,
                    review_hours=self._settings.issue.review_hours,
                    editorial=draft.settled.dump(),
                )
                return self._stored(stored)
        # It was written since the draft was made: what was saved in time is in the issue.
        return self.freeze(self.printing(draft.key, now), now)

    def try_cards(self, draft: Printing) -> None:
        """Render every card of a draft; its templates were tried when it was made. Raises `TemplateError`."""
        self._check(draft.frozen, recipes_of(list(draft.frozen.cards.values()), self._signer.key_id))

    def recipes(
        self, printing: Printing, addressees: Sequence[Addressee], shape: Shape, *, ground: Ground | None = None
    ) -> list[Recipe | NothingNew]:
        """What each of these readers gets, by what they follow and by their votes so far. Raises `ModelError`.

        `ground` is the judge's of this printing, where the caller composes for more readers than these.
        """
        if not printing.candidates:
            nothing = "the editor dropped all that came in" if printing.dropped else "nothing has come in"
            return [NothingNew(f"{nothing} since the issue before") for _ in addressees]
        ground, company = ground or self.judge.ground(printing), _may_be_company(printing)
        parts = cut(len(addressees), self._workforce, LEAST)
        # One part is done sooner than it travels.
        workforce = self._workforce if len(parts) > 1 else Here()
        readers = [addressee.reader for addressee in addressees]
        cases = [self.judge.case(printing, readers[part], shape, ground) for part in parts]
        travels = workforce.share(ground)
        found = workforce.map(chosen_for, [travels] * len(parts), cases, [company] * len(parts))
        return [
            recipe
            for part, case, those in zip(parts, cases, found, strict=True)
            for recipe in self._recipes(ground, case, those, printing, addressees[part])
        ]

    def recipes_by(
        self, judgement: Judgement, printing: Printing, addressees: Sequence[Addressee]
    ) -> list[Recipe | NothingNew]:
        """The same by what was judged already for these readers."""
        found = chosen(judgement, company=_may_be_company(printing))
        return self._recipes(judgement.ground, judgement, found, printing, addressees)

    def _recipes(
        self,
        ground: Ground,
        case: Case,
        found: Sequence[Chosen | NothingNew],
        printing: Printing,
        addressees: Sequence[Addressee],
    ) -> list[Recipe | NothingNew]:
        composed = self._with_sentences(ground, case, found, printing)
        for picks in composed:
            if isinstance(picks, tuple):
                _reword(picks, printing.frozen.edition)
        counts = records.counts_before(self._db, [addressee.reader.id for addressee in addressees])
        proposed = self.proposer.of([addressee.reader for addressee in addressees])
        return [
            self._recipe(
                printing,
                addressee,
                picks,
                counts.get(addressee.reader.id, 0) + 1,
                bool(asks),
                proposed.get(addressee.reader.id),
            )
            if isinstance(picks, tuple)
            else picks
            for addressee, picks, asks in zip(addressees, composed, case.tastes.asks, strict=True)
        ]

    def _recipe(
        self,
        printing: Printing,
        addressee: Addressee,
        picks: tuple[Pick, ...],
        number: int,
        follows: bool,
        proposal: Proposal | None,
    ) -> Recipe:
        reader, slot = addressee.reader, addressee.slot
        since = reader.since.astimezone(reader.cadence.zone).date()
        whole = Recipe(
            picks=picks,
            name=reader.name,
            number=number,
            rhythm=words.rhythm(reader.cadence),
            part_of_day=words.part_of_day(slot.at.astimezone(reader.cadence.zone).time()),
            since=words.full_date(since),
            next_date=words.long_date(next_slot(reader.cadence, slot.at).date),
            follows=follows,
            key_id=self._signer.key_id,
            proposal=proposal.text if proposal and printing.frozen.edition.html.asks else "",
        )
        return printing.frozen.edition.fitted(whole, printing.frozen.cards)

    def _with_sentences(
        self, ground: Ground, case: Case, found: Sequence[Chosen | NothingNew], printing: Printing
    ) -> list[tuple[Pick, ...] | NothingNew]:
        """The picks, each with the sentence that is nearest to what its reason is about."""
        picked = {pick.entry_id for one in found if isinstance(one, Chosen) for pick in one.picks}
        sentences = {i: c.sentences for i in picked if (c := printing.frozen.cards[i]).sentences}
        flat = [sentence for said in sentences.values() for sentence in said]
        rows = self.judge.vectors(flat, "Reading sentences")
        starts = np.cumsum([0, *(len(said) for said in sentences.values())])
        vectors = {i: rows[a:b] for i, a, b in zip(sentences, starts[:-1], starts[1:], strict=True)}
        told: dict[tuple[int, About], int] = {}
        composed: list[tuple[Pick, ...] | NothingNew] = []
        for one in found:
            if isinstance(one, NothingNew):
                composed.append(one)
                continue
            finished: list[Pick] = []
            for pick, about in zip(one.picks, one.about, strict=True):
                if pick.entry_id in sentences and (pick.entry_id, about) not in told:
                    said = sentences[pick.entry_id]
                    wanted = ground.vectors[ground.at[pick.entry_id]] if about == "" else case.vector_of(about)
                    told[pick.entry_id, about] = telling_sentence(said, vectors[pick.entry_id], wanted)
                finished.append(replace(pick, sentence=told.get((pick.entry_id, about))))
            composed.append(tuple(finished))
        return composed

    def _stored(self, stored: StoredIssue) -> Printing:
        ids = issues.candidates(self._db, stored.id)
        found = entries.by_ids(self._db, ids)
        frozen = self.frozen.get(stored.id, ids)
        # As many like it as its card says, whoever has voted since.
        candidates = [replace(entry, popularity=frozen.cards[entry.id].likes) for entry in found.values()]
        pins = issues.pins(self._db, stored.id)
        settled = load_settled(issues.editorial_of(self._db, stored.id)) or Settled()
        dropped = list(entries.by_ids(self._db, settled.drops).values())
        return Printing(stored.key, frozen, candidates, pins, stored, stored.up_to_entry, dropped, settled)

    def _card(self, entry: Entry, edit: Edit | None, key: IssueKey) -> Card:
        """The entry in words, the editor's where they gave some; what ranks it stays its own."""
        title, summary = (edit or Edit()).of(entry)
        shown = replace(entry, title=title, summary=summary)
        return card_of(shown, search_url=self._settings.search_url, today=key.due)

    def _liked(self, found: Sequence[Entry]) -> list[Entry]:
        """Entries with the votes of our own readers among those who like them."""
        ours = votes.likes(self._db, [entry.id for entry in found])
        return [
            replace(entry, popularity=(entry.popularity or 0) + ours[entry.id]) if entry.id in ours else entry
            for entry in found
        ]

    def arrived(self, key: IssueKey, now: datetime, up_to: int) -> list[Entry]:
        """What came since the issue before, however long ago that was; without one, what came in the last period.

        `up_to` is the highest entry id. What the editor dropped is among it.
        """
        after, since = self._begins(key, now)
        return entries.arrived(self._db, after=after, up_to=up_to, since=since)

    def count_arrived(self, key: IssueKey, now: datetime) -> int:
        """How many those are by now."""
        after, since = self._begins(key, now)
        return entries.count_arrived(self._db, after=after, since=since)

    def _begins(self, key: IssueKey, now: datetime) -> tuple[int, datetime]:
        """Behind which entry the issue begins, and at which moment."""
        before = issues.before(self._db, key.frequency, *previous_due_dates(key.frequency, key.due))
        # An issue may be made days after its date, or days before: it looks back from the earlier of the two.
        # What was skipped before it is in it.
        first = issues.first_skipped(self._db, key) or key.due
        reference = min(now, datetime.combine(first, time(12), UTC))
        since = datetime.min.replace(tzinfo=UTC) if before else reference - LOOK_BACK[key.frequency]
        return before.up_to_entry if before else 0, since

    def _edition(self, key: IssueKey, count: int, intro: str) -> Edition:
        settings = self._settings
        newsletter = {
            "title": settings.title,
            "address": settings.address,
            "postal_address": settings.postal_address,
            "base_url": settings.base_url,
            "language": settings.language,
            "replies": "yes" if settings.mailbox.receives else "",
        }
        issue: dict[str, Any] = {
            "name": str(key),
            "date": words.long_date(key.due),
            "arrivals": words.arrivals(count, key.frequency),
            "count": count,
        }
        look = look_of(settings)
        return Edition(
            load_sources(self._templates, look),
            shared_variables(
                newsletter=newsletter,
                issue=issue,
                intro_html=intro_html(intro),
                intro_text=intro_text(intro),
                longest_sentence=look.theme.sentence,
            ),
        )

    def _check(self, frozen: FrozenIssue, recipes: Iterable[Recipe]) -> None:
        """Render these, with the worst cards that there are at hand: a broken template is told before any mail."""
        reader = Reader(2**32, "ada@example.com")
        cards = frozen.cards | sample_cards()
        try:
            for recipe in recipes:
                check(frozen.edition, recipe, cards, reader, self._signer)
        except Exception as error:  # whatever an expression in a template may raise
            if explained := explain(error, self._templates):
                raise explained from error
            raise


#: What says nearly the same where an edition has no words for a reason.
_INSTEAD = {ReasonKind.AUTHOR: ReasonKind.INTEREST, ReasonKind.EVERYBODY: ReasonKind.GENERAL}


def _may_be_company(printing: Printing) -> bool:
    """Has the issue words for what other readers say? Those of long ago, and some operators' templates, have none."""
    return printing.frozen.edition.has_words_for(ReasonKind.COMPANY)


def _reword(picks: Sequence[Pick], edition: Edition) -> None:
    """Give reasons that the edition has words for; in place."""
    for pick in picks:
        if pick.reason in _INSTEAD and not edition.has_words_for(pick.reason):
            pick.reason = _INSTEAD[pick.reason]


def shape_of(settings: Settings) -> Shape:
    """How many of what."""
    issue = settings.issue
    return Shape(issue.picks, issue.favourites, issue.outside, issue.floor)
