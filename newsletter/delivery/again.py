"""The operator's second thoughts about deliveries: to send some again, and what became of uncertain ones.

A delivery that is sent again has the same recipe, Message-ID and Date, so it is the same message. Consent is asked
again at its claim; what is refused here is what would be refused there, and what would break a promise.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.delivery.ledger import free
from newsletter.delivery.listing import Listed, found, parts
from newsletter.delivery.outcomes import DeliveryState
from newsletter.delivery.records import SELECT, Delivery, delivery_of, promised
from newsletter.issues import store as issues
from newsletter.issues.control import STOPPED, WAITING, is_late, why_not_sent
from newsletter.issues.issue import IssueState, StoredIssue
from subscribers import people
from subscribers.database import stored, writing
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppressed_among

#: Deliveries a transaction: keeps the write lock short.
CHUNK = 500
#: What stands as the server's answer where the operator knew it.
BY_WORD = "by the operator's word"
#: So many are named of those that are refused for the same reason.
NAMED = 3
_ON_ITS_WAY = (DeliveryState.CLAIMED, DeliveryState.SENDING)


@dataclass(slots=True)
class Refusals:
    """What was not done, by the reason."""

    counts: Counter[str] = field(default_factory=Counter)
    #: some of them
    ids: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, why: str, delivery_id: int) -> None:
        """One more."""
        self.counts[why] += 1
        if len(self.ids[why]) < NAMED:
            self.ids[why].append(delivery_id)


@dataclass(slots=True)
class Retried:
    """What came of sending deliveries again."""

    #: queued now, by the state in which they were (in a dry run: would be)
    queued: Counter[DeliveryState] = field(default_factory=Counter)
    refused: Refusals = field(default_factory=Refusals)
    #: ids of issues that are held, so that what was queued waits for the operator's word
    held: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is asked about a delivery before it is sent again."""

    delivery: Delivery
    #: None for who was erased
    reader: Subscriber | None
    #: why their address must not be mailed
    suppressed: Reason | None
    #: None for a notice
    issue: StoredIssue | None
    #: does another issue bring, or did it bring, this reader one of its entries?
    elsewhere: bool


def why_not_again(facts: Facts, now: datetime, max_lateness: timedelta) -> str:
    """Why a delivery cannot be sent again, the same for all of its kind; empty where it can. Pure."""
    delivery = facts.delivery
    if why := _finished(delivery):
        return why
    if delivery.notice:
        # Whether its reader still wants it, and whether it is of use, is asked at its claim.
        return "" if delivery.letter else "it is a notice, whose words are forgotten once it is out"
    if delivery.recipe is None:
        return "there is nothing in it"
    issue, reader = facts.issue, facts.reader
    if issue is None or reader is None:
        return "this person is not known any more"
    if issue.state in STOPPED:
        return why_not_sent(issue.state, None)
    if reader.state is State.SUPPRESSED or facts.suppressed:
        lifted = "`newsletter subscribers lift EMAIL` mails it again"
        return f"the address is suppressed since ({facts.suppressed or 'suppressed'}): {lifted}"
    if reader.state is not State.ACTIVE:
        return f"this person is {reader.state} now"
    first = delivery.date or delivery.due_at
    late = is_late(issue.key, reader.cadence, first, issue.held_until, now, max_lateness)
    if issue.state is IssueState.DONE or (late and issue.state not in WAITING):
        return "it is too late for this issue"
    return "another issue brought the reader some of its entries meanwhile" if facts.elsewhere else ""


def _finished(delivery: Delivery) -> str:
    match delivery.state:
        case DeliveryState.SENT:
            return "it was sent, and nobody gets the same twice"
        case DeliveryState.QUEUED:
            return "it waits for its turn already"
        case state if state in _ON_ITS_WAY:
            return "it is on its way"
        case DeliveryState.DROPPED if delivery.why.startswith("this person is "):
            return f"it was dropped: {delivery.why}; who comes back gets another by itself"
        case DeliveryState.DROPPED:
            return f"it was dropped: {delivery.why}"
    return ""


def retry(
    db: Database,
    ids: Sequence[int],
    clock: Callable[[], datetime],
    max_lateness: timedelta,
    *,
    dry_run: bool = False,
) -> Retried:
    """Queue these again, due now, with all their tries before them; in a dry run only tell which.

    The newest come first, so that of two copies with the same entry the newer one is sent.
    """
    done = Retried()
    for some in parts(sorted(set(ids), reverse=True), CHUNK):
        with writing(db):
            now = clock()
            again: list[int] = []
            # What is about to be queued here; what was before is in the database.
            taken: set[tuple[int, int]] = set()
            for facts in _facts(db, some):
                delivery, own = facts.delivery, _entries(facts.delivery)
                if why := why_not_again(
                    facts if taken.isdisjoint(own) else replace(facts, elsewhere=True), now, max_lateness
                ):
                    done.refused.add(why, delivery.id)
                    continue
                taken |= own
                again.append(delivery.id)
                done.queued[delivery.state] += 1
                if facts.issue and facts.issue.state in WAITING:
                    done.held.add(facts.issue.id)
            if not dry_run:
                _queue(db, again, now)
    return done


def settle(db: Database, ids: Sequence[int], now: datetime, *, arrived: bool) -> tuple[list[Listed], Refusals]:
    """Write down what the operator knows of uncertain deliveries: they arrived, or they did not.

    What did not is given up; its entries may come to its reader in a later issue. Returns those that were settled, as
    they are now.
    """
    settled, refused = [], Refusals()
    with writing(db):
        for delivery_id in dict.fromkeys(ids):
            one = found(db, delivery_id)
            if one is None:
                refused.add("there is no such delivery", delivery_id)
                continue
            if one.state is not DeliveryState.UNCERTAIN:
                refused.add(f"it is {one.state}, and only an uncertain one can be settled", delivery_id)
                continue
            state = DeliveryState.SENT if arrived else DeliveryState.FAILED
            db.conn.execute(
                "UPDATE deliveries SET state = ?, why = ?, answer = ?, changed_at = ?, "
                # A notice's words are nobody's business once it is over.
                "recipe = iif(notice IS NULL, recipe, '') WHERE id = ?",
                [
                    state,
                    "" if arrived else f"it did not arrive, {BY_WORD}",
                    BY_WORD if arrived else "",
                    stored(now),
                    delivery_id,
                ],
            )
            if not arrived:
                free(db, [delivery_id])
            settled.append(found(db, delivery_id) or one)
    return settled, refused


def _queue(db: Database, ids: Sequence[int], now: datetime) -> None:
    db.conn.execute(
        "UPDATE deliveries SET state = 'queued', due_at = ?, attempts = 0, tried_since = NULL, worker = NULL, "
        "why = '', answer = '', took = NULL, changed_at = ? WHERE id IN (SELECT value FROM json_each(?))",
        [stored(now), stored(now), json.dumps(list(ids))],
    )


def _facts(db: Database, ids: Sequence[int]) -> list[Facts]:
    rows = db.conn.execute(
        f"{SELECT} WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC", [json.dumps(list(ids))]
    ).fetchall()
    deliveries = [delivery_of(row) for row in rows]
    reader_ids = sorted({one.subscriber_id for one in deliveries if one.subscriber_id is not None})
    readers = {reader.id: reader for reader in people.by_ids(db, reader_ids)}
    suppressed = suppressed_among(db, [reader.address for reader in readers.values()])
    of = issues.by_ids(db, {one.issue_id for one in deliveries if one.issue_id is not None})
    elsewhere = _elsewhere(db, deliveries, reader_ids)
    return [_facts_of(one, readers, suppressed, of, elsewhere) for one in deliveries]


def _facts_of(
    delivery: Delivery,
    readers: Mapping[int, Subscriber],
    suppressed: Mapping[str, Reason],
    of: Mapping[int, StoredIssue],
    elsewhere: Container[int],
) -> Facts:
    reader = readers.get(delivery.subscriber_id or 0)
    why = suppressed.get(reader.address) if reader else None
    return Facts(delivery, reader, why, of.get(delivery.issue_id or 0), delivery.id in elsewhere)


def _elsewhere(db: Database, deliveries: Sequence[Delivery], reader_ids: Sequence[int]) -> set[int]:
    """Those with an entry that their reader has had by another delivery, or that waits for them in another."""
    entries = {entry for one in deliveries for _, entry in _entries(one)}
    theirs = db.conn.execute(
        "SELECT subscriber_id, entry_id, delivery_id FROM received "
        "WHERE subscriber_id IN (SELECT value FROM json_each(?)) AND entry_id IN (SELECT value FROM json_each(?))",
        [json.dumps(list(reader_ids)), json.dumps(sorted(entries))],
    )
    by_others = {(reader, entry): delivery for reader, entry, delivery in theirs}
    waiting = set(promised(db, reader_ids))
    return {
        one.id
        for one in deliveries
        if any(by_others.get(pair, one.id) != one.id or pair in waiting for pair in _entries(one))
    }


def _entries(delivery: Delivery) -> set[tuple[int, int]]:
    """(Reader, entry) of a copy."""
    shown = delivery.recipe.shown if delivery.recipe else ()
    return {(delivery.subscriber_id or 0, pick.entry_id) for pick in shown}
