"""A test of an issue: mailed to whoever edits it, as it would be for somebody, with links that are nobody's."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from newsletter.addressees import addressee_of, nobody
from newsletter.delivery import ledger, records
from newsletter.delivery.notices import NewNotice, NoticeKind
from newsletter.delivery.outcomes import DeliveryState
from newsletter.errors import IssueError
from newsletter.issues.calendar import slot_on
from newsletter.issues.issue import IssueKey, NothingNew
from newsletter.press import Press, shape_of
from newsletter.printing import Addressee
from newsletter.rendering.letter import Letter
from newsletter.rendering.links import Signer
from newsletter.settings import Settings
from subscribers import people
from subscribers.address import parse_address


@dataclass(frozen=True, slots=True)
class Tested:
    """A test that was posted."""

    to: str
    subject: str
    #: the notice's, by which it is found again
    key: str


def in_words(test: Tested, state: DeliveryState, why: str, *, folder: bool) -> tuple[str, bool]:
    """What became of a test as a sentence, and whether it is on its way. `folder`: mail is written into the outbox."""
    match state:
        case DeliveryState.SENT:
            return f"“{test.subject}” is sent to {test.to}{' (into the outbox folder)' if folder else ''}.", True
        case DeliveryState.QUEUED | DeliveryState.CLAIMED | DeliveryState.SENDING:
            return f"“{test.subject}” waits for {test.to}: another process sends it in a moment.", True
    return f"“{test.subject}” did not reach {test.to} ({state}): {why}", False


def post_trial(
    db: Database,
    press: Press,
    settings: Settings,
    signer: Signer,
    key: IssueKey,
    to: str | None,
    reader: str | None,
    now: datetime,
) -> Tested:
    """Post the issue as it would be for that reader; see `Editor.test`. Raises `IssueError`."""
    address = parse_address(to) if to else settings.mailbox.operator
    if not address:
        raise IssueError(
            "Nobody is named who gets the test. Name an address with --to, or set mailbox.operator in newsletter.toml."
        )
    if reader:
        addressee = addressee_of(people.get(db, reader), key)
    else:
        person = nobody(settings, now, key)
        addressee = Addressee(person, slot_on(person.cadence, key.due))
    subject, html, text = _copy(db, press, settings, signer, addressee, reader or "everybody", now)
    letter = Letter(
        title=settings.title,
        address=settings.address,
        to=address,
        name="",
        subject=f"[Test] {subject}",
        text=text,
        html=html,
        message_id=f"<test.{secrets.token_hex(12)}@{settings.domain}>",
        headers=(("Auto-Submitted", "auto-generated"),),
    )
    notice = NewNotice(NoticeKind.TEST, f"test {letter.message_id}", letter, None)
    ledger.post(db, notice, now)
    return Tested(address, letter.subject, notice.key)


def _copy(
    db: Database, press: Press, settings: Settings, signer: Signer, addressee: Addressee, who: str, now: datetime
) -> tuple[str, str, str]:
    printing, person = press.printing(addressee.key, now), addressee.reader
    kept = records.of_reader(db, person.id, printing.stored.id) if printing.stored else None
    recipe = kept.recipe if kept and kept.recipe else None
    if recipe is None:
        [made] = press.recipes(printing, [addressee], shape_of(settings))
        if isinstance(made, NothingNew):
            raise IssueError(f"There is nothing to test in {addressee.key} for {who}: {made.why}.")
        recipe = made
    return printing.frozen.plainly(recipe, replace(person, id=0), signer)
