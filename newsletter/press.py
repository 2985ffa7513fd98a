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
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.calendar import LOOK_BACK, next_slot, previous_due_dates
from newsletter.issues.composing import Shape
from newsletter.issues.editorial import read_editorial
from newsletter.issues.issue import IssueKey, NothingNew, Pick, StoredIssue
from newsletter.judging import Judge, Judgement
from newsletter.printing import Addressee, Printing
from newsletter.ranking import votes
from newsletter.ranking.embedding import Embedder, Told
from newsletter.ranking.sentences import telling_sentence
from newsletter.rendering import words
from newsletter.rendering.card import card_of
from newsletter.rendering.edition import Edition, Reader, check, shared_variables
from newsletter.rendering.intro import intro_html, intro_text
from newsletter.rendering.links import Signer
from newsletter.rendering.palette import palette_for
from newsletter.rendering.recipe import Recipe
from newsletter.rendering.sample import recipes_of, sample_cards, sample_recipes
from newsletter.rendering.templates import explain, load_sources
from newsletter.settings import Settings


class Press:
    """Makes issues of one project."""

    def __init__(
        self, db: Database, project: Path, settings: Settings, embedder: Embedder, signer: Signer, told: Told
    ) -> None:
        """`told(what)` gives a progress callback for a piece of long work."""
        self._db = db
        self._templates = project / "templates"
        self._project = project
        self._settings = settings
        self._signer = signer
        #: what draws readers
        self.judge = Judge(db, embedder, told)
        #: the issues that were made, for who sends them
        self.frozen = FrozenIssues(db)

    def printing(self, key: IssueKey, now: datetime) -> Printing:
        """The issue as it is: frozen if it was frozen, else a draft of this moment.

        Raises `TemplateError`, `IssueError`.
        """
        if stored := issues.find(self._db, key):
            return self._stored(stored)
        editorial = read_editorial(self._project, key)
        pinned = [self._pinned(reference, editorial.path) for reference in editorial.pins]
        up_to_entry = entries.newest_id(self._db)
        arrived = self._arrived(key, now, up_to_entry)
        candidates = {entry.id: entry for entry in self._liked([*arrived, *pinned])}
        frozen = FrozenIssue(
            self._edition(key, len(arrived), editorial.intro),
            {
                entry.id: card_of(entry, search_url=self._settings.search_url, today=key.due)
                for entry in candidates.values()
            },
        )
        self._check(frozen, sample_recipes(self._signer.key_id))
        pins = [entry.id for entry in pinned]
        return Printing(key, frozen, list(candidates.values()), pins, None, up_to_entry)

    def is_empty(self, key: IssueKey, now: datetime) -> bool:
        """Would the issue hold nothing, if it were made now? Asked before its templates are even read."""
        if issues.find(self._db, key) or read_editorial(self._project, key).pins:
            return False
        return not self._arrived(key, now, entries.newest_id(self._db))

    def freeze(self, draft: Printing, now: datetime) -> Printing:
        """Fix the issue: from here on its entries, intro, pins and templates do not change.

        Every card is rendered once before. Raises `TemplateError`.
        """
        if draft.stored:
            return draft
        # The templates themselves were tried when the draft was made.
        self._check(draft.frozen, recipes_of(list(draft.frozen.cards.values()), self._signer.key_id))
        stored = issues.freeze(
            self._db,
            draft.key,
            up_to_entry=draft.up_to_entry,
            edition=draft.frozen.edition.dump(),
            cards={entry_id: card.dump() for entry_id, card in draft.frozen.cards.items()},
            pins=draft.pins,
            now=now,
            review_hours=self._settings.issue.review_hours,
        )
        return self._stored(stored)

    def recipes(self, printing: Printing, addressees: Sequence[Addressee], shape: Shape) -> list[Recipe | NothingNew]:
        """What each of these readers gets, by what they follow and by their votes so far. Raises `ModelError`."""
        if not printing.candidates:
            return [NothingNew("nothing has come in since the issue before") for _ in addressees]
        readers = [addressee.reader for addressee in addressees]
        judgement = self.judge.of(printing, readers, shape)
        composed = judgement.composed(shape)
        self._choose_sentences(composed, printing, judgement)
        counts = records.counts_before(self._db, [reader.id for reader in readers])
        return [
            self._recipe(printing, addressee, picks, counts.get(addressee.reader.id, 0) + 1, bool(follows))
            if isinstance(picks, tuple)
            else picks
            for addressee, picks, follows in zip(addressees, composed, judgement.tastes.follows, strict=True)
        ]

    def _recipe(
        self, printing: Printing, addressee: Addressee, picks: tuple[Pick, ...], number: int, follows: bool
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
        )
        return printing.frozen.edition.fitted(whole, printing.frozen.cards)

    def _choose_sentences(
        self,
        composed: list[tuple[Pick, ...] | NothingNew],
        printing: Printing,
        judgement: Judgement,
    ) -> None:
        """Set the sentence of every pick, in place: the one nearest to what its reason is about."""
        chosen = {pick.entry_id for picks in composed if isinstance(picks, tuple) for pick in picks}
        sentences = {i: c.sentences for i in chosen if (c := printing.frozen.cards[i]).sentences}
        flat = [sentence for said in sentences.values() for sentence in said]
        rows = self.judge.vectors(flat, "Reading sentences")
        starts = np.cumsum([0, *(len(said) for said in sentences.values())])
        vectors = {i: rows[a:b] for i, a, b in zip(sentences, starts[:-1], starts[1:], strict=True)}
        told: dict[tuple[int, str | int], int] = {}
        for n, picks in enumerate(composed):
            if isinstance(picks, NothingNew):
                continue
            finished: list[Pick] = []
            for pick in picks:
                about, wanted = judgement.about(n, pick)
                if pick.entry_id in sentences and (pick.entry_id, about) not in told:
                    said = sentences[pick.entry_id]
                    told[pick.entry_id, about] = telling_sentence(said, vectors[pick.entry_id], wanted)
                finished.append(replace(pick, sentence=told.get((pick.entry_id, about))))
            composed[n] = tuple(finished)

    def _stored(self, stored: StoredIssue) -> Printing:
        ids = issues.candidates(self._db, stored.id)
        found = entries.by_ids(self._db, ids)
        frozen = self.frozen.get(stored.id, ids)
        # As many like it as its card says, whoever has voted since.
        candidates = [replace(entry, popularity=frozen.cards[entry.id].likes) for entry in found.values()]
        pins = issues.pins(self._db, stored.id)
        return Printing(stored.key, frozen, candidates, pins, stored, stored.up_to_entry)

    def _liked(self, found: Sequence[Entry]) -> list[Entry]:
        """Entries with the votes of our own readers among those who like them."""
        ours = votes.likes(self._db, [entry.id for entry in found])
        return [
            replace(entry, popularity=(entry.popularity or 0) + ours[entry.id]) if entry.id in ours else entry
            for entry in found
        ]

    def _arrived(self, key: IssueKey, now: datetime, up_to: int) -> list[Entry]:
        """What came since the issue before, however long ago that was; without one, what came in the last period."""
        before = issues.before(self._db, key.frequency, *previous_due_dates(key.frequency, key.due))
        # An issue may be made days after its date, or days before: it looks back from the earlier of the two.
        # What was skipped before it is in it.
        first = issues.first_skipped(self._db, key) or key.due
        reference = min(now, datetime.combine(first, time(12), UTC))
        since = datetime.min.replace(tzinfo=UTC) if before else reference - LOOK_BACK[key.frequency]
        return entries.arrived(self._db, after=before.up_to_entry if before else 0, up_to=up_to, since=since)

    def _pinned(self, reference: str, path: str) -> Entry:
        found = entries.find(self._db, reference)
        if found is None:
            raise IssueError(
                f"{path} pins {reference!r}, but no such entry is stored. Write its link, DOI, arXiv id or whole "
                "title, or pull its source first."
            )
        return found

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
        return Edition(
            load_sources(self._templates, palette_for(settings.brand)),
            shared_variables(
                newsletter=newsletter, issue=issue, intro_html=intro_html(intro), intro_text=intro_text(intro)
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


def shape_of(settings: Settings) -> Shape:
    """How many of what."""
    issue = settings.issue
    return Shape(issue.picks, issue.favourites, issue.outside, issue.floor)
