"""The operator's page about an address that must not be mailed: why, and the button that lifts it."""

from typing import Any

from starlette.responses import Response

from newsletter.readers.suppressions import SuppressedReader
from newsletter.rendering import words
from newsletter.rendering.links import Purpose
from newsletter.web.visit import Visit
from subscribers.states import State
from subscribers.suppression import Reason

_REASONS = {
    Reason.BOUNCED: "mail to it came back too often",
    Reason.COMPLAINED: "its owner reported our mail as unwanted",
    Reason.ERASED: "its owner had it erased",
}
_CONSEQUENCES = {
    Reason.BOUNCED: "What came back is forgotten, and the next issue goes there again.",
    Reason.COMPLAINED: "Only press this if the person asked you for it in their own words. They are asked to confirm.",
    Reason.ERASED: "They are asked to confirm before anything else goes there.",
}


def lift(visit: Visit) -> Response:
    """Show why; lift it when the button is pressed."""
    person = visit.person(Purpose.SUPPRESSED)
    if person is None:
        return visit.unknown_link(Purpose.SUPPRESSED)
    suppressions = visit.newsletter.suppressions
    found = suppressions.of(person) if person.state is State.SUPPRESSED else None
    told = ""
    if found and visit.act == "lift":
        person = suppressions.lift(person, origin=visit.origin("operator"))
        visit.site.wake()
        told = "gets issues again." if person.state is State.ACTIVE else "was sent a mail that asks to confirm."
    return visit.page(
        "lift.html",
        done=bool(told),
        told=told,
        address=person.address,
        **_shown(found, visit),
    )


def _shown(found: SuppressedReader | None, visit: Visit) -> dict[str, Any]:
    if found is None:
        return {"reason": "", "at": "", "bounces": [], "consequence": ""}
    return {
        "reason": _REASONS[found.reason],
        "at": words.full_date(found.at.date()) if found.at else "an unknown day",
        "bounces": [
            {
                "date": words.short_date(bounce.at.date(), visit.now.date()),
                "weight": f"{bounce.weight:g}",
                "why": bounce.why,
            }
            for bounce in found.bounces
        ],
        "consequence": _CONSEQUENCES[found.reason],
    }
