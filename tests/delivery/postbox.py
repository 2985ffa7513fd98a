"""What tests about notices share: letters, readers in any state, copies of an issue that wait beside them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlite_utils import Database

from newsletter.delivery import claiming, ledger
from newsletter.delivery.claiming import Claimed
from newsletter.delivery.ledger import Done, NewDelivery
from newsletter.delivery.notices import NewNotice, NoticeKind
from newsletter.delivery.outcomes import Outcome
from newsletter.issues import store as issues
from newsletter.issues.issue import IssueKey, Pick, ReasonKind, Section
from newsletter.rendering.letter import Letter
from newsletter.rendering.recipe import Recipe
from subscribers import confirmations, consent, people
from subscribers.cadence import Cadence, Frequency
from subscribers.consent import Wishes
from subscribers.evidence import Origin
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason

ADA, BOB = "ada@example.org", "bob@example.org"
FRIDAYS = Cadence(Frequency.WEEKLY, 5, time(8), "UTC")
PAGE = Origin("page")
LATE = timedelta(hours=48)
RECIPE = Recipe(
    picks=(Pick(1, Section.FOR_YOU, 0.5, ReasonKind.INTEREST, "robots", 0),),
    name="",
    number=1,
    rhythm="on Fridays",
    part_of_day="morning",
    since="3 March 2026",
    next_date="Friday, 4 December",
    follows=True,
    key_id=1,
)


def letter(to: str = ADA, **more: Any) -> Letter:
    values: dict[str, Any] = {
        "title": "Paper Robots",
        "address": "papers@news.example.org",
        "name": "",
        "subject": "A notice",
        "text": "Secret words, and a link.\n",
        "html": "<p>Secret words, and a link.</p>",
        "message_id": "<x@news.example.org>",
    }
    return Letter(to=to, **(values | more))


def notice(
    kind: NoticeKind = NoticeKind.ANSWER, key: str = "k", person: int | None = None, to: str = ADA, **more: Any
) -> NewNotice:
    return NewNotice(kind, key, letter(to, **more), person)


def person_in(db: Database, now: datetime, state: State, address: str = ADA) -> Subscriber:
    """Somebody in that state."""
    if state is State.PENDING:
        wishes, token = Wishes("", (), FRIDAYS), confirmations.new_token()
        consent.request(db, address, wishes, words="", origin=PAGE, now=now, token=token)
        return people.get(db, address)
    person = people.add_by_operator(db, address, name="", interests=(), cadence=FRIDAYS, now=now)
    match state:
        case State.PAUSED:
            consent.pause(db, person, None, words="", origin=PAGE, now=now)
        case State.UNSUBSCRIBED:
            consent.leave(db, person, words="", origin=PAGE, now=now)
        case State.SUPPRESSED:
            consent.suppress_person(db, person, Reason.BOUNCED, words="", origin=PAGE, now=now)
    return people.get(db, address)


def add_copy(db: Database, person: Subscriber, now: datetime, due: date = date(2026, 11, 27)) -> None:
    """A copy of an issue that waits for this reader."""
    key = IssueKey(Frequency.WEEKLY, due)
    known = issues.find(db, key)
    issue = known or issues.freeze(db, key, up_to_entry=0, edition="{}", cards={}, pins=[], now=now)
    ledger.enqueue(db, [NewDelivery(issue.id, person.id, f"{due:%G-W%V}", now, RECIPE)], now)


def claim(db: Database, now: datetime, **more: Any) -> list[Claimed]:
    return claiming.claim(db, "w1", now, max_lateness=LATE, **more).claimed


def step(db: Database, worker: str, done: tuple[int, Outcome] | None, begin: int | None, now: datetime) -> bool:
    """One message's result, and the intent to send one more; True where that may leave."""
    committed = ledger.commit(
        db, worker, [Done(*done)] if done else [], [begin] if begin else [], now, chance=lambda: 0.5
    )
    return begin is None or begin in committed.granted


def whys(db: Database) -> list[tuple[str, str]]:
    """State and reason of every delivery."""
    return db.conn.execute("SELECT state, why FROM deliveries ORDER BY id").fetchall()


def kept_words(db: Database) -> str:
    return str(
        db.conn.execute("SELECT group_concat(recipe, '') FROM deliveries WHERE notice IS NOT NULL").fetchone()[0]
    )
