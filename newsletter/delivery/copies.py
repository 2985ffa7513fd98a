"""The bytes of a reader's copy: one way to make them, for sending and for looking at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlite_utils import Database

from newsletter.issues import store as issues
from newsletter.rendering.card import Card, load_card
from newsletter.rendering.edition import Edition, Reader, load_edition
from newsletter.rendering.links import Signer
from newsletter.rendering.message import Letterhead
from newsletter.rendering.recipe import Recipe
from subscribers.people import Recipient

#: Issues kept at once; the oldest are read again when they are needed.
MOST = 20


@dataclass
class FrozenIssue:
    """An issue as it was frozen (or, for a draft, as it would be now)."""

    edition: Edition
    cards: dict[int, Card] = field(default_factory=dict)

    @cached_property
    def letterhead(self) -> Letterhead:
        """The headers of all copies."""
        newsletter, issue = self.edition.shared["newsletter"], self.edition.shared["issue"]
        return Letterhead(title=newsletter["title"], address=newsletter["address"], issue=issue["name"])

    def message(self, recipe: Recipe, person: Recipient, date: datetime, signer: Signer) -> bytes:
        """The finished message of one reader's copy."""
        body = self.edition.assemble(recipe, self.cards, Reader(person.id, person.address), signer)
        return self.letterhead.message(
            body,
            subscriber_id=person.id,
            name=recipe.name,
            address=person.address,
            date=date,
            signer=signer.with_key(recipe.key_id),
        )

    def plainly(self, recipe: Recipe, person: Recipient, signer: Signer) -> tuple[str, str, str]:
        """(subject, HTML, text) of one reader's copy, for looking at."""
        return self.edition.render_plainly(recipe, self.cards, Reader(person.id, person.address), signer)


class FrozenIssues:
    """Frozen issues read from the database as they are needed, and kept."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._issues: dict[int, FrozenIssue] = {}

    def get(self, issue_id: int, entry_ids: Iterable[int]) -> FrozenIssue:
        """The issue, with at least these entries' cards."""
        wanted = set(entry_ids)
        issue = self._issues.get(issue_id)
        if issue is None or self._names_somebody_erased(issue_id, issue, wanted):
            while len(self._issues) >= MOST:
                del self._issues[next(iter(self._issues))]
            issue = self._issues[issue_id] = FrozenIssue(load_edition(issues.edition_of(self._db, issue_id)))
        missing = wanted - issue.cards.keys()
        if missing:
            found: Mapping[int, str] = issues.cards_of(self._db, issue_id, missing)
            issue.cards.update((entry_id, load_card(text)) for entry_id, text in found.items())
        return issue

    def _names_somebody_erased(self, issue_id: int, issue: FrozenIssue, wanted: set[int]) -> bool:
        """Whether a card thanks somebody who, by another process's doing, is not named any more."""
        thanks = {one: card.thanks for one in wanted if (card := issue.cards.get(one)) and card.thanks}
        if not thanks:
            return False
        kept = issues.cards_of(self._db, issue_id, thanks)
        return any(load_card(text).thanks != thanks[entry_id] for entry_id, text in kept.items())
