"""Issues that are out: the archive of everybody's editions, and a reader's own copies.

Nothing is composed here, and no model is needed: everybody's edition was kept when its issue was made.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from newsletter.delivery import records
from newsletter.delivery.copies import FrozenIssue, FrozenIssues
from newsletter.errors import IssueError
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, IssueState, Section, StoredIssue, parse_issue_key
from newsletter.rendering.card import Card
from newsletter.rendering.links import Signer
from newsletter.rendering.recipe import Recipe, load_recipe
from subscribers import people

#: Issues in the archive, and in a reader's feed.
ARCHIVED, IN_FEED = 100, 10
OUT = (IssueState.RELEASED, IssueState.DONE)


@dataclass(frozen=True, slots=True)
class BackIssue:
    """An issue that is out, as a list shows it."""

    id: int
    key: IssueKey
    #: when it went out first
    at: datetime
    subject: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as an edition has it."""

    section: Section
    card: Card
    #: set off, and what follows it; empty where there is no summary
    sentence: str
    rest: str


@dataclass(frozen=True, slots=True)
class GeneralEdition:
    """Everybody's edition of an issue."""

    issue: BackIssue
    #: in words
    date: str
    arrivals: str
    #: the editor's, sanitised
    intro_html: str
    entries: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """A reader's own copy of an issue, whole."""

    issue: BackIssue
    html: str
    #: titles of the entries in it
    titles: tuple[str, ...]


class BackIssues:
    """Looks at what went out."""

    def __init__(self, db: Database, frozen: FrozenIssues, signer: Signer) -> None:
        self._db = db
        self._frozen = frozen
        self._signer = signer

    def archive(self) -> list[BackIssue]:
        """Issues that somebody was sent and that have a general edition, the newest first."""
        found: list[BackIssue] = []
        for stored in issues.all_issues(self._db):
            if (issue := self._out(stored)) and len(found) < ARCHIVED:
                found.append(issue)
        return found

    def edition(self, name: str) -> GeneralEdition | None:
        """Everybody's edition of an issue that is out, by its name (weekly-2026-11-27); None where there is none."""
        try:
            stored = issues.find(self._db, parse_issue_key(name))
        except IssueError:
            return None
        issue = self._out(stored) if stored else None
        general = issues.general_of(self._db, stored.id) if stored else None
        if stored is None or issue is None or general is None:
            return None
        recipe = load_recipe(json.dumps(json.loads(general)["recipe"]))
        frozen = self._issue(stored.id, recipe)
        shared = frozen.edition.shared["issue"]
        shown = [(pick.section, frozen.cards[pick.entry_id], pick.sentence) for pick in recipe.picks]
        return GeneralEdition(
            issue,
            date=shared["date"],
            arrivals=shared["arrivals"],
            intro_html=shared["intro_html"],
            entries=tuple(Shown(section, card, card.sentence(n), card.rest(n)) for section, card, n in shown),
        )

    def copy(self, subscriber_id: int, issue: int) -> OwnCopy | None:
        """A reader's own copy, also what was too long for the mail. None where there is none, or it is not out yet.

        `issue` is its id, or the number of its key, by which mails link to it.
        """
        person = people.by_id(self._db, subscriber_id)
        stored = next((one for one in issues.all_issues(self._db) if issue in (one.id, one.key.number)), None)
        delivery = records.of_reader(self._db, subscriber_id, stored.id) if stored else None
        if person is None or stored is None or delivery is None or delivery.recipe is None or not delivery.date:
            return None
        frozen = self._issue(stored.id, delivery.recipe)
        recipe = replace(delivery.recipe, left_out=0)
        subject, html, _ = frozen.plainly(recipe, person, self._signer)
        titles = tuple(frozen.cards[pick.entry_id].title for pick in recipe.picks)
        return OwnCopy(BackIssue(stored.id, stored.key, delivery.date, subject), html, titles)

    def copies(self, subscriber_id: int) -> list[OwnCopy]:
        """A reader's own copies that went out, the newest first."""
        sent = records.sent_to(self._db, subscriber_id, IN_FEED)
        return [copy for issue_id in sent if (copy := self.copy(subscriber_id, issue_id))]

    def _out(self, stored: StoredIssue) -> BackIssue | None:
        general = issues.general_of(self._db, stored.id) if stored.state in OUT else None
        at = records.first_sent(self._db, stored.id) if general else None
        return BackIssue(stored.id, stored.key, at, json.loads(general)["subject"]) if general and at else None

    def _issue(self, issue_id: int, recipe: Recipe) -> FrozenIssue:
        return self._frozen.get(issue_id, [pick.entry_id for pick in recipe.picks])


def general_text(frozen: FrozenIssue, recipe: Recipe) -> str:
    """What is kept of everybody's edition, as JSON."""
    subject = frozen.edition.subject(recipe, frozen.cards)
    return json.dumps({"subject": subject, "recipe": json.loads(recipe.dump())}, ensure_ascii=False)
