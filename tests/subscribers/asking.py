"""What tests about consent share: somebody asks, confirms, reads."""

from datetime import datetime, time

from sqlite_utils import Database

from subscribers import confirmations, consent, people
from subscribers.cadence import Cadence, Frequency
from subscribers.confirmations import Purpose
from subscribers.consent import Wishes
from subscribers.evidence import Origin
from subscribers.interests import Interest
from subscribers.people import Subscriber
from subscribers.suppression import Reason

ADA, BOB = "ada@example.org", "bob@example.org"
FRIDAYS = Cadence(Frequency.WEEKLY, 5, time(8), "Europe/Paris")
DAILY = Cadence(Frequency.DAILY, 0, time(6, 30), "Asia/Tokyo")
ADAS = Wishes("Ada", (Interest("engines"), Interest("surveys", muted=True)), FRIDAYS)
OTHERS = Wishes("Mallory", (Interest("casinos"),), DAILY)
PAGE = Origin("page", "https://news.example.org/", "", "203.0.113.7", "Firefox")
MAIL = Origin("mail", "papers@news.example.org", "<1@example.org>")


def ask(db: Database, now: datetime, address: str = ADA, wishes: Wishes = ADAS, *, words: str = "Send it to me") -> str:
    """Somebody types an address; returns the token that goes into the mail."""
    token = confirmations.new_token()
    consent.request(db, address, wishes, words=words, origin=PAGE, now=now, token=token)
    return token


def confirm(db: Database, token: str, now: datetime, *, words: str = "Yes") -> Subscriber | None:
    return consent.confirm(db, token, words=words, origin=MAIL, now=now)


def reader(db: Database, now: datetime, address: str = ADA, wishes: Wishes = ADAS) -> Subscriber:
    """Somebody who asked and confirmed."""
    person = confirm(db, ask(db, now, address, wishes), now)
    assert person is not None
    return person


def now_is(db: Database, person: Subscriber) -> Subscriber:
    """The same person as the database has them."""
    found = people.by_id(db, person.id)
    assert found is not None
    return found


def suppress_for(db: Database, person: Subscriber, reason: Reason, now: datetime) -> Subscriber:
    consent.suppress_person(db, person, reason, words="550", origin=MAIL, now=now)
    return now_is(db, person)


def asked_before(db: Database, person: Subscriber, now: datetime) -> str:
    """A token that was given to somebody, whatever became of them."""
    return confirmations.ask(db, person.id, Purpose.SUBSCRIBE, {"wishes": ADAS.dump()}, now)
