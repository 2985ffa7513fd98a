"""Makes a proof: takes copies one by one, keeps count of all, and renders the few that show everything there is."""

import heapq
import json
from collections.abc import Container, Hashable, Iterable, Mapping
from datetime import datetime

from sqlite_utils import Database

from newsletter.checks.proof import Before, Copy, Tally, copy_of
from newsletter.delivery import records
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.outcomes import DeliveryState
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, IssueState, Pick
from newsletter.printing import Printing
from newsletter.rendering.links import Signer
from newsletter.rendering.recipe import Recipe, load_recipe
from subscribers.people import Subscriber

#: Copies among which the largest is, by a good guess.
LARGEST = 3


class Proofing:
    """Goes through the copies of one issue."""

    def __init__(self, printing: Printing, signer: Signer, now: datetime, twins: Mapping[int, int]) -> None:
        self._printing = printing
        self._frozen = printing.frozen
        self._signer = signer
        self._now = now
        self.tally = Tally(twins)
        self._traits: set[Hashable] = set()
        self._telling: list[tuple[Subscriber, Recipe, set[Hashable]]] = []
        #: (about so many bytes, n-th reader, whose, what) of the largest, the smallest of them first
        self._largest: list[tuple[int, int, Subscriber, Recipe]] = []
        self._weights: dict[tuple[int, int | None], int] = {}

    def add(self, reader: Subscriber, recipe: Recipe, had: Container[int] = ()) -> None:
        """A reader's copy; `had` are entries that they have had before."""
        self.tally.add(reader.address, recipe, self._frozen.edition.subject(recipe, self._frozen.cards))
        if repeats := [pick.entry_id for pick in recipe.picks if pick.entry_id in had]:
            self.tally.add_repeats(reader.address, repeats)
        # What differs from copy to copy is words. To put each together would take longer than all the rest.
        about = sum(self._weight(pick) for pick in recipe.shown)
        if len(self._largest) < LARGEST:
            heapq.heappush(self._largest, (about, self.tally.copies, reader, recipe))
        elif about > self._largest[0][0]:
            heapq.heapreplace(self._largest, (about, self.tally.copies, reader, recipe))
        traits = self._traits_of(recipe)
        if not traits <= self._traits:
            self._traits |= traits
            self._telling.append((reader, recipe, traits))

    def copies(self, more: Iterable[tuple[Subscriber, Recipe]]) -> list[Copy]:
        """The largest, those that are telling, and these."""
        chosen = [(reader, recipe) for *_, reader, recipe in self._largest]
        left = self._traits - {trait for _, recipe in chosen for trait in self._traits_of(recipe)}
        while left:
            reader, recipe, traits = max(self._telling, key=lambda one: len(one[2] & left))
            chosen.append((reader, recipe))
            left -= traits
        once = {reader.id: (reader, recipe) for reader, recipe in chosen}
        return [self._rendered(reader, recipe) for reader, recipe in (*once.values(), *more)]

    def _rendered(self, reader: Subscriber, recipe: Recipe) -> Copy:
        message = self._frozen.message(recipe, reader, self._now, self._signer)
        return copy_of(message, reader.address if reader.id else "", recipe)

    def _weight(self, pick: Pick) -> int:
        """About how many bytes the words of a pick take."""
        key = (pick.entry_id, pick.sentence)
        if key not in self._weights:
            card = self._frozen.cards[pick.entry_id]
            said = card.title + 2 * card.link + card.about + card.sentence(pick.sentence) + card.rest(pick.sentence)
            self._weights[key] = _size(said)
        return self._weights[key] + len(pick.words)

    def _traits_of(self, recipe: Recipe) -> set[Hashable]:
        """What a template may make a difference of."""
        found: set[Hashable] = {("follows", recipe.follows), ("name", bool(recipe.name)), ("rest", recipe.left_out > 0)}
        for pick in recipe.shown:
            card = self._frozen.cards[pick.entry_id]
            found.add((pick.section, pick.reason))
            found.add((pick.section, card.linked, min(len(card.sentences), 2), bool(card.likes), bool(card.people)))
        return found


def before_of(db: Database, frozen: FrozenIssues, key: IssueKey, anybody: Subscriber, signer: Signer) -> Before | None:
    """The last issue of that frequency made for an earlier date, and not skipped; `anybody` follows nothing."""
    stored = next(
        (
            one
            for one in issues.all_issues(db)
            if one.key.frequency is key.frequency and one.key.due < key.due and one.state is not IssueState.SKIPPED
        ),
        None,
    )
    if stored is None:
        return None
    general = issues.general_of(db, stored.id)
    recipe = load_recipe(json.dumps(json.loads(general)["recipe"])) if general else None
    issue = frozen.get(stored.id, [pick.entry_id for pick in recipe.picks] if recipe else ())
    counts = records.count_by_state(db, stored.id)
    shared = issue.edition.shared["issue"]
    return Before(
        stored.key,
        issue.edition.sources,
        str(shared["intro"]),
        len(issues.candidates(db, stored.id)),
        sum(count for state, count in counts.items() if state != DeliveryState.DROPPED),
        _size(issue.plainly(recipe, anybody, signer.with_key(recipe.key_id))[1]) if recipe else 0,
    )


def _size(html: str) -> int:
    """Bytes of it in a mail, where all is ASCII."""
    return len(html.encode("ascii", "xmlcharrefreplace"))
