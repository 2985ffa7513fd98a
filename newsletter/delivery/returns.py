"""What becomes of a reader whose mail comes back: counted, and given up when it is too much."""

from datetime import datetime

from sqlite_utils import Database

from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.verdicts import Verdict
from subscribers import bounces, people
from subscribers.consent import suppress_person
from subscribers.database import writing
from subscribers.evidence import Origin
from subscribers.states import State
from subscribers.suppression import Reason

#: Who tells us, as a rule.
BY_MAIL = Origin("mail")
#: Policy, content and delays say nothing about the person.
_WEIGHTS = {Verdict.HARD: bounces.HARD, Verdict.SOFT: bounces.SOFT, Verdict.FULL: bounces.SOFT}


def came_back(
    db: Database,
    subscriber_id: int,
    mail: str,
    verdict: Verdict,
    why: str,
    now: datetime,
    origin: Origin = BY_MAIL,
) -> bool:
    """Count a mail that came back; `mail` names it, `why` is what the other server said, `origin` who told us.

    Returns True where this was one too many, so that the address is suppressed from now on.
    """
    weight = _WEIGHTS.get(verdict)
    with writing(db):
        person = people.by_id(db, subscriber_id)
        if weight is None or person is None or _elsewhere(db, mail):
            return False
        bounces.note(db, subscriber_id, mail, weight, why, now)
        known = bounces.bounces_of(db, subscriber_id)
        # Somebody who never confirmed, at an address that is dead: one mail was enough.
        mistyped = person.state is State.PENDING and verdict is Verdict.HARD
        if person.state is State.SUPPRESSED or (bounces.score(known, now) < bounces.LIMIT and not mistyped):
            return False
        words = f"{len(known)} mails came back; the last one said: {why[:300]}"
        suppress_person(db, person, Reason.BOUNCED, words=words, origin=origin, now=now)
    return True


def _elsewhere(db: Database, mail: str) -> bool:
    """A change of address is asked about at the new one and told at the old one: says nothing about where they read."""
    row = db.conn.execute("SELECT notice FROM deliveries WHERE id = ?", [mail]).fetchone()
    return row is not None and row[0] == NoticeKind.ADDRESS
