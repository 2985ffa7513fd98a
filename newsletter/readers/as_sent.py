"""An entry as a reader knows it: with the title that it had in the issue that they got."""

from dataclasses import replace

from sqlite_utils import Database

from newsletter.delivery.receipts import receipts_of
from newsletter.entries.entry import Entry
from newsletter.issues import store as issues
from newsletter.rendering.card import load_card
from subscribers.people import Subscriber


def as_sent(db: Database, person: Subscriber, entry: Entry) -> Entry:
    """The entry with that title; with its own where they have had it in no issue that is kept."""
    receipt = receipts_of(db, person.id, [entry.id]).get(entry.id)
    if receipt is None or receipt.issue_id is None:
        return entry
    card = issues.cards_of(db, receipt.issue_id, [entry.id]).get(entry.id)
    return replace(entry, title=load_card(card).title) if card else entry
