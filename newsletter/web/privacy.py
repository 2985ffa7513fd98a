"""Pages about what is kept: for everybody, for one reader, and what only that reader may do with it."""

import json
from typing import Any

from starlette.responses import Response

from newsletter.readers.desk import Pending
from newsletter.readers.keeping import TABLES, Kept
from newsletter.rendering import words
from newsletter.rendering.links import Purpose
from newsletter.web.forms import check_address
from newsletter.web.visit import Visit
from subscribers.address import address_key
from subscribers.errors import InvalidAddress
from subscribers.people import Subscriber

_ACTS = {
    "export": "Take everything with you",
    "address": "Change your address",
    "erase": "Erase everything about you?",
}
#: Name of the file that holds everything about somebody.
EXPORT_FILE = "what-we-keep.json"


def public(visit: Visit) -> Response:
    """What is kept of readers, why and how long."""
    kept = visit.newsletter.readers.kept()
    return visit.page("privacy.html", person=False, kept=list(map(_shown, kept)), sent=False, address="")


def personal(visit: Visit) -> Response:
    """The same for one reader, with counts; each button first mails a link that nobody else can open."""
    person = visit.person(Purpose.PRIVACY)
    if person is None:
        return visit.unknown_link(Purpose.PRIVACY)
    sent = visit.act in _ACTS
    if sent:
        visit.newsletter.readers.send_private_link(person, origin=visit.origin())
        visit.site.wake()
    kept = visit.newsletter.readers.kept(person)
    return visit.page("privacy.html", person=True, kept=list(map(_shown, kept)), sent=sent, address=person.address)


def acts(visit: Visit, pending: Pending) -> Response:
    """Behind the mailed link: a file with everything, another address, or the end of it all."""
    person = pending.subscriber
    if pending.state != "open":
        return visit.message(
            "This link was good for one hour.",
            "It is over, and nothing was done.",
            status=410,
            link=(visit.link(Purpose.PRIVACY, person), "Ask for a new one"),
        )
    match visit.act:
        case "export":
            return _export(visit, person)
        case "erase":
            return _erase(visit, person)
        case "address":
            return _change_address(visit, person)
    # What was pressed on a page that had been open for long is still what is asked about.
    asked = visit.form.get("act", "") if visit.stale else visit.query.get("act", "")
    return _acts(visit, person, asked if asked in _ACTS else "")


def _acts(visit: Visit, person: Subscriber, act: str, wrong: dict[str, str] | None = None) -> Response:
    return visit.page(
        "acts.html",
        400 if wrong else 200,
        act=act,
        heading=_ACTS.get(act, "It is yours. What shall we do with it?"),
        address=person.address,
        here=f"{visit.site.base}{visit.path}",
        typed=visit.form.get("address", ""),
        wrong=wrong or {},
    )


def _export(visit: Visit, person: Subscriber) -> Response:
    content = json.dumps(visit.newsletter.readers.export(person), ensure_ascii=False, indent=2)
    disposition = {"Content-Disposition": f'attachment; filename="{EXPORT_FILE}"'}
    return Response(content, media_type="application/json", headers=disposition)


def _erase(visit: Visit, person: Subscriber) -> Response:
    receipt = visit.newsletter.readers.erase(person)
    visit.site.wake()
    return visit.page(
        "receipt.html",
        at=f"{words.full_date(receipt.at.date())}, {receipt.at:%H:%M} UTC",
        removed=[
            (_sentence(TABLES[table].what if table in TABLES else table), count)
            for table, count in receipt.removed.items()
        ],
        reference=receipt.reference,
    )


def _change_address(visit: Visit, person: Subscriber) -> Response:
    address, mistake = check_address(visit.form.get("address", ""))
    if not mistake and address_key(address) == address_key(person.address):
        mistake = "That is the address that your issues go to already."
    if not mistake:
        try:
            visit.newsletter.readers.change_address(person, address, origin=visit.origin())
        except InvalidAddress as error:
            mistake = str(error)
    if mistake:
        return _acts(visit, person, "address", {"address": mistake})
    visit.site.wake()
    return visit.message(
        "Look into the other mailbox.",
        f"If we may write to {address}, a mail is on its way there now. Press the button in it, and your issues come "
        "there from then on.",
    )


def _shown(kept: Kept) -> dict[str, Any]:
    return {
        "what": _sentence(kept.what),
        "why": _sentence(kept.why),
        "how_long": kept.how_long,
        "count": kept.count,
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
