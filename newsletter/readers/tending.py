"""What time brings: reminders, requests that are forgotten, pauses that end, what the operator ought to know.

Called every few minutes; doing it twice does no harm.
"""

from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.delivery import ledger
from newsletter.delivery.notices import NoticeKind
from newsletter.readers.desk import Readers
from newsletter.readers.keeping import forget
from newsletter.readers.mails import Mails
from newsletter.readers.suppressions import SuppressedReader, Suppressions
from newsletter.rendering.links import Purpose, Signer
from newsletter.settings import Settings
from subscribers import confirmations, consent, limits, people
from subscribers.database import settle, stored, writing
from subscribers.evidence import Origin
from subscribers.suppression import Reason

#: Mail that was dealt with, and notices that are out, are remembered so long: nothing comes again after that.
INCOMING_KEPT = timedelta(days=60)
#: Whom the operator is told about, once a day.
_OF_LATE = timedelta(days=2)
#: So many suppressed readers are named in one mail to the operator.
_NAMED = 20


def tend(
    db: Database,
    readers: Readers,
    suppressions: Suppressions,
    mails: Mails,
    settings: Settings,
    signer: Signer,
    now: datetime,
) -> None:
    """Do what is due."""
    for person in list(consent.to_remind(db, now)):
        token = confirmations.new_token()
        with writing(db):
            # Somebody may have answered since they were looked for.
            if consent.remind(db, person, now=now, token=token):
                notice = mails.asking("remind", NoticeKind.REMINDER, token, to=person.address, person=person)
                ledger.post(db, notice, now)
    with writing(db):
        for subscriber_id in consent.purge_pending(db, now):
            forget(db, subscriber_id)
    for person in consent.pauses_over(db, now):
        with writing(db):
            if consent.is_over(people.by_id(db, person.id), now):
                since = consent.end_of_pause(person)
                consent.resume(db, person, words="The pause is over.", origin=Origin("clock"), now=now, since=since)
    confirmations.purge(db, now - consent.PURGE_AFTER)
    limits.forget_old(db, now)
    with writing(db):
        db.conn.execute("DELETE FROM incoming WHERE at < ?", [stored(now - INCOMING_KEPT)])
        db.conn.execute(
            "DELETE FROM deliveries WHERE notice IS NOT NULL AND state IN ('sent', 'failed', 'dropped') "
            "AND changed_at < ?",
            [stored(now - INCOMING_KEPT)],
        )
    _tell_suppressed(readers, suppressions, settings, signer, now)
    settle(db)


def _tell_suppressed(
    readers: Readers, suppressions: Suppressions, settings: Settings, signer: Signer, now: datetime
) -> None:
    """At most one mail a day about who was suppressed of late, with a link to why for each.

    Some are named in two of them: better than that somebody is in none.
    """
    if not settings.mailbox.operator:
        return
    fresh = [one for one in suppressions.all() if one.at and one.at > now - _OF_LATE]
    if not fresh:
        return
    lines = [_said(one, signer.url(Purpose.SUPPRESSED, one.subscriber.id)) for one in fresh[:_NAMED]]
    if len(fresh) > _NAMED:
        lines.append(f"And {len(fresh) - _NAMED} more: newsletter subscribers suppressed shows them.")
    readers.post(
        "alarm",
        NoticeKind.ALARM,
        f"suppressed {now.date()}",
        to=settings.mailbox.operator,
        subject=f"{len(fresh)} {'address gets' if len(fresh) == 1 else 'addresses get'} no more mail",
        lines=lines,
        link="",
        label="",
    )


def _said(one: SuppressedReader, url: str) -> str:
    bounced = one.reason is Reason.BOUNCED and one.bounces
    why = one.bounces[-1].why if bounced else "they reported our mail as unwanted"
    return f"{one.subscriber.address} ({one.reason}): {why[:200]}. Look at it, or lift it: {url}"
