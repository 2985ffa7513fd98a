"""What a reader may ask for, whichever way it reaches us: a page, a link, a mail. The one place that does it.

Every method is one short transaction: the change, its evidence, and the notice about it are written together.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Literal

from sqlite_utils import Database

from newsletter.delivery import ledger
from newsletter.delivery.notices import NoticeKind
from newsletter.entries import store as entries
from newsletter.entries.entry import Entry
from newsletter.ranking import votes
from newsletter.readers.as_sent import as_sent
from newsletter.readers.coming import Coming, coming
from newsletter.readers.doing import carry_out, load_commands
from newsletter.readers.followed import Followed, followed, note_papers, recent
from newsletter.readers.keeping import Kept, Receipt, erase, export, forget, kept
from newsletter.readers.mails import Mails, Thread, wishes_of
from newsletter.readers.suggested import Suggested, suggest
from newsletter.rendering import words
from newsletter.rendering.links import Claim, Purpose, Signer, verify
from newsletter.settings import Settings
from subscribers import confirmations, consent, limits, people
from subscribers.address import address_key, parse_address
from subscribers.cadence import Cadence
from subscribers.confirmations import Purpose as Asked
from subscribers.consent import Wishes
from subscribers.database import writing
from subscribers.errors import InvalidAddress, TooMany
from subscribers.evidence import Origin, record
from subscribers.interests import Interest, parse_interests
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

#: Requests to subscribe from one network (an IPv4 address, or the /64 of an IPv6 one).
PER_NETWORK, NETWORK_WINDOW = 20, timedelta(hours=1)
#: Mails of one kind to one address a day, asked for by whomever.
PER_ADDRESS = 3


@dataclass(frozen=True, slots=True)
class Pending:
    """What a confirmation's link is about."""

    purpose: Asked
    subscriber: Subscriber
    detail: dict[str, Any]
    state: Literal["open", "done", "expired"]


class Readers:
    """What readers may ask for."""

    def __init__(
        self, db: Database, settings: Settings, mails: Mails, signer: Signer, clock: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._settings = settings
        self._mails = mails
        self._signer = signer
        self._clock = clock

    # -- joining

    def request(
        self,
        address: str,
        *,
        name: str = "",
        interests: Iterable[str] = (),
        cadence: Cadence | None = None,
        words: str,
        origin: Origin,
        thread: Thread | None = None,
    ) -> None:
        """Somebody asks for the newsletter: they get one mail that asks whether it was they.

        What is typed here changes nothing about somebody who is known. Raises `InvalidAddress`, `InvalidInterest` for
        what was typed, `TooMany` where it comes too often from one network. Everything else is the same silence for
        known, unknown and suppressed addresses. `words` are what the person was shown, or wrote; `thread` is the mail
        that asked.
        """
        address = parse_address(address)
        if address_key(address) == address_key(self._settings.address):
            raise InvalidAddress(f"{address} is the newsletter's own address. Write down yours.")
        wishes = Wishes(
            people.tidy_name(name), parse_interests(list(interests)), cadence or self._settings.cadence.cadence()
        )
        now, token = self._clock(), confirmations.new_token()
        with writing(self._db):
            self._limit_network(origin, now)
            if not limits.allow(self._db, "confirmation", address_key(address), now, most=PER_ADDRESS):
                return
            person = consent.request(self._db, address, wishes, words=words, origin=origin, now=now, token=token)
            if person is None:
                return
            asked = thread.message_id if thread else ""
            key = f"{NoticeKind.CONFIRMATION} {person.id} {asked}" if asked else ""
            if person.state in (State.ACTIVE, State.PAUSED):
                self._already(person, key or token, thread)
                return
            self.post_asking(
                "confirm", NoticeKind.CONFIRMATION, token, person, thread=thread, key=key, **wishes_of(wishes)
            )

    def add(self, address: str, *, name: str, interests: Iterable[str], cadence: Cadence | None) -> Subscriber:
        """Add a person on the operator's word. Raises as `people.add_by_operator`, and `InvalidInterest`."""
        lines, cadence, now = (
            parse_interests(list(interests)),
            cadence or self._settings.cadence.cadence(),
            self._clock(),
        )
        person = people.add_by_operator(self._db, address, name=name, interests=lines, cadence=cadence, now=now)
        note_papers(self._db, lines, now)
        return person

    def ask_to_confirm(self, person: Subscriber) -> None:
        """One confirmation for somebody whom the operator brought in without proof of their consent."""
        now, token = self._clock(), confirmations.new_token()
        wishes = Wishes(person.name, person.interests, person.cadence)
        with writing(self._db):
            confirmations.ask(self._db, person.id, Asked.SUBSCRIBE, {"wishes": wishes.dump()}, now, token=token)
            self.post_asking("confirm", NoticeKind.CONFIRMATION, token, person, **wishes_of(wishes))

    def pending(self, token: str) -> Pending | None:
        """What a confirmation's link is about; changes nothing. None for a token that we do not know."""
        found = confirmations.find(self._db, token)
        person = consent.person_of(self._db, found)
        if found is None or person is None:
            return None
        state: Literal["open", "done", "expired"] = "done" if found.used_at else "open"
        if found.expired(self._clock()):
            state = "expired"
        return Pending(found.purpose, person, found.detail, state)

    def confirm(self, token: str, *, words: str, origin: Origin) -> Pending | None:
        """Do what was asked for, once; again and again the same answer.

        None for an unknown token; one that has expired comes back as such, and nothing is done. What came of a mail's
        wishes is in `detail["done"]`, in sentences. Raises children of `SubscribersError`.
        """
        now = self._clock()
        detail: dict[str, Any] | None = None
        with writing(self._db):
            pending = self.pending(token)
            if pending is None or pending.state != "open" or pending.purpose is Asked.PRIVACY:
                return pending  # what is private is done on its page, as long as its hour lasts
            person = pending.subscriber
            match pending.purpose:
                case Asked.SUBSCRIBE:
                    consent.confirm(self._db, token, words=words, origin=origin, now=now)
                    note_papers(self._db, self.again(person).interests, now)
                case Asked.ADDRESS:
                    address = pending.detail["address"]
                    other = people.find(self._db, address)
                    consent.change_address(self._db, person, address, words=words, origin=origin, now=now)
                    if other and other.id != person.id:
                        forget(self._db, other.id)  # who made room for it
                    self._post(
                        "moved",
                        NoticeKind.ADDRESS,
                        f"moved {person.id} {now.isoformat()}",
                        person,
                        address=person.address,
                    )
                case Asked.COMMAND:
                    detail = pending.detail
                    done = carry_out(
                        self,
                        person,
                        load_commands(detail["wishes"]),
                        numbered=detail["numbered"],
                        words=detail["words"],
                        origin=origin,
                        now=now,
                    )
                    detail = {**detail, "done": list(done.lines)}
            confirmations.mark_used(self._db, token, now, detail=detail)
        return self.pending(token)

    def decline(self, token: str) -> None:
        """It was not they who asked: the request is forgotten."""
        with writing(self._db):
            person = consent.person_of(self._db, confirmations.find(self._db, token))
            consent.decline(self._db, token, now=self._clock())
            if person and people.by_id(self._db, person.id) is None:
                forget(self._db, person.id)

    def _already(self, person: Subscriber, key: str, thread: Thread | None) -> None:
        self._post(
            "already",
            NoticeKind.ALREADY,
            f"already {key}",
            person,
            thread=thread,
            address=person.address,
            paused=person.state is State.PAUSED,
            **wishes_of(person),
        )

    # -- by a signed link

    def find(self, address: str) -> Subscriber | None:
        """The person behind an address, None for nobody."""
        return people.find(self._db, address)

    def link(self, purpose: Purpose, person: Subscriber, subject: int = 0) -> str:
        """One signed link of a person's; `subject` is an entry or an issue, where the purpose is about one."""
        return self._signer.url(purpose, person.id, subject)

    def links(self, person: Subscriber) -> dict[str, str]:
        """A person's signed links: preferences, leave, quiet."""
        return self._mails.links(person)

    def by_link(self, token: str, purpose: Purpose) -> tuple[Claim, Subscriber] | None:
        """Whose link it is; None where it was altered, is for something else, or its person was erased."""
        claim = verify(token, purpose, self._signer.keys)
        person = people.by_id(self._db, claim.subscriber_id) if claim else None
        return (claim, person) if claim and person else None

    def leave(self, person: Subscriber, *, words: str, origin: Origin) -> Subscriber:
        """No issues any more, also none that is composed already; again and again without harm."""
        return consent.leave(self._db, person, words=words, origin=origin, now=self._clock())

    def say_why(self, person: Subscriber, answer: str, *, origin: Origin) -> None:
        """What somebody who has left says about it."""
        if answer.strip():
            record(self._db, person.id, event="said why they left", origin=origin, words=answer, now=self._clock())

    def stay(self, person: Subscriber, *, words: str, origin: Origin) -> Subscriber:
        """Take leaving back. Raises `MoveNotAllowed` after a day."""
        return consent.stay(self._db, person, words=words, origin=origin, now=self._clock())

    def pause(self, person: Subscriber, until: date | None, *, words: str, origin: Origin) -> Subscriber:
        """No issues until that day, or until they say so. Raises `MoveNotAllowed` for who is no reader."""
        consent.pause(self._db, person, until, words=words, origin=origin, now=self._clock())
        return self.again(person)

    def resume(self, person: Subscriber, *, words: str, origin: Origin) -> Subscriber:
        """Issues again. Raises `MoveNotAllowed` for who is no reader."""
        consent.resume(self._db, person, words=words, origin=origin, now=self._clock())
        return self.again(person)

    def change(
        self,
        person: Subscriber,
        *,
        origin: Origin,
        name: str | None = None,
        interests: Iterable[str] | None = None,
        cadence: Cadence | None = None,
        announcements: bool | None = None,
    ) -> Subscriber:
        """Change what is given. Raises `InvalidInterest`."""
        parsed = None if interests is None else parse_interests(list(interests))
        with writing(self._db):
            people.update(
                self._db, person.id, name=name, cadence=cadence, announcements=announcements, now=self._clock()
            )
            if parsed is not None:
                people.set_interests(self._db, person.id, parsed)
                note_papers(self._db, parsed, self._clock())
            if announcements is not None and announcements != person.announcements:
                event = f"announcements {'on' if announcements else 'off'}"
                record(self._db, person.id, event=event, origin=origin, words="", now=self._clock())
        return self.again(person)

    def vote(self, person: Subscriber, entry_id: int, value: int) -> None:
        """More like this entry (1), less (-1), or neither (0); the next issue that is composed shows it."""
        if self.entry(entry_id):
            votes.set_vote(self._db, person.id, entry_id, value, self._clock())

    def vote_of(self, person: Subscriber, entry_id: int) -> int:
        """1, -1, or 0 for none."""
        return votes.vote_of(self._db, person.id, entry_id)

    def entry(self, entry_id: int, person: Subscriber | None = None) -> Entry | None:
        """What was voted on, for a person with the title that it had in their issue; None where there is none."""
        found = entries.by_ids(self._db, [entry_id]).get(entry_id) if entry_id < 2**63 else None
        return as_sent(self._db, person, found) if person and found else found

    def suggest(self, person: Subscriber, link: str, why: str = "", *, named: bool = False) -> Suggested:
        """Keep a link for the operator to look at; `named`: they may be thanked by name. Raises `TooMany`."""
        base_url = self._settings.base_url
        return suggest(self._db, person, link, why, named=named, ours=base_url, now=self._clock())

    # -- privacy

    def send_private_link(self, person: Subscriber, *, origin: Origin, thread: Thread | None = None) -> None:
        """Mail a link, good for an hour, to what only this person may do: see, take away, move, erase."""
        now, token = self._clock(), confirmations.new_token()
        with writing(self._db):
            if not limits.allow(self._db, "private", str(person.id), now, most=PER_ADDRESS):
                return
            confirmations.ask(self._db, person.id, Asked.PRIVACY, {}, now, token=token)
            record(self._db, person.id, event="asked for what is kept", origin=origin, words="", now=now)
            self.post_asking("private", NoticeKind.PRIVATE, token, person, thread=thread)

    def export(self, person: Subscriber) -> dict[str, Any]:
        """Everything that is kept about somebody, fit for JSON."""
        return export(self._db, person)

    def erase(self, person: Subscriber) -> Receipt:
        """Forget somebody everywhere; a keyed hash of the address and the date remain."""
        return erase(self._db, person, self._clock())

    def change_address(self, person: Subscriber, address: str, *, origin: Origin) -> None:
        """Ask at the new address whether it is theirs. Raises `InvalidAddress`, `TooMany`."""
        address, now, token = parse_address(address), self._clock(), confirmations.new_token()
        with writing(self._db):
            self._limit_network(origin, now)
            if not limits.allow(self._db, "confirmation", address_key(address), now, most=PER_ADDRESS):
                return
            if suppression_of(self._db, address) is Reason.COMPLAINED:
                return
            confirmations.withdraw(self._db, person.id, Asked.ADDRESS)
            confirmations.ask(self._db, person.id, Asked.ADDRESS, {"address": address}, now, token=token)
            event = f"asked to change the address to {address}"
            record(self._db, person.id, event=event, origin=origin, words="", now=now)
            self.post_asking("address", NoticeKind.ADDRESS, token, person, to=address)

    def kept(self, person: Subscriber | None = None) -> list[Kept]:
        """What is kept about readers, why and how long; for a person with counts."""
        return kept(self._db, person)

    # -- for pages

    def matching(self, line: str, most: int = 3) -> list[Entry]:
        """Recent entries that hold words of a line of interest, or are by its author, the best match first."""
        return recent(self._db, line, most)

    def followed(self, interests: Iterable[Interest]) -> list[Followed]:
        """Those of the lines that name papers, with what is known of each paper."""
        return followed(self._db, interests)

    @property
    def title(self) -> str:
        """The newsletter's name."""
        return self._settings.title

    def rhythm(self, person: Subscriber) -> str:
        """When their issues come, in words."""
        return words.rhythm(person.cadence)

    def coming(self, person: Subscriber, after: datetime | None = None) -> Coming:
        """When their next issue comes; the first one behind `after`, where that is given."""
        return coming(self._db, person, self._clock(), self._settings.issue, after)

    def first_issue(self, person: Subscriber) -> str:
        """The day on which their next issue comes, in words that follow "comes"."""
        return self.coming(person).day()

    # -- notices

    def post(self, template: str, kind: NoticeKind, key: str, *, to: str, **values: Any) -> bool:
        """Any notice to any address; False where one with that key was written down before."""
        return ledger.post(self._db, self._mails.notice(template, kind, key, to=to, **values), self._clock())

    def _post(self, template: str, kind: NoticeKind, key: str, person: Subscriber, **values: Any) -> None:
        # Told at the address that it is about, also where that has just changed.
        self.post(template, kind, key, to=person.address, person=person, **values)

    def post_asking(
        self, template: str, kind: NoticeKind, token: str, person: Subscriber, *, to: str = "", **values: Any
    ) -> None:
        """A notice that is confirmed by a click or a reply, to the person's address unless another is named."""
        notice = self._mails.asking(template, kind, token, to=to or person.address, person=person, **values)
        ledger.post(self._db, notice, self._clock())

    def _limit_network(self, origin: Origin, now: datetime) -> None:
        network = network_of(origin.ip)
        if network and not limits.allow(self._db, "network", network, now, most=PER_NETWORK, within=NETWORK_WINDOW):
            raise TooMany(
                "Too many requests came from your network. Try again in an hour, or write us a mail.", NETWORK_WINDOW
            )

    def again(self, person: Subscriber) -> Subscriber:
        """The same person as they are now."""
        return people.by_id(self._db, person.id) or person


def network_of(ip: str) -> str:
    """An IPv4 address, or the network of an IPv6 one: who has that has all of it. Empty for no address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ip_network((address, 64 if address.version == 6 else 32), strict=False))
