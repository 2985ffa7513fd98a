"""The page behind "Follow it?" in a mail: an interest that the reader's votes show; it can follow that one, or not."""

from typing import Any

from starlette.responses import Response

from newsletter.ranking.proposals import Proposal
from newsletter.readers.proposed import Asked, answer, asked_about, named_proposal
from newsletter.rendering import words
from newsletter.rendering.links import Purpose
from newsletter.web.visit import Visit
from subscribers.errors import InvalidInterest
from subscribers.interests import Interest
from subscribers.people import Subscriber

#: So many of the liked entries are named.
_SHOWN = 3
#: What the buttons say; the last takes a yes back.
ANSWERS = ("follow", "decline", "undo")


def propose(visit: Visit) -> Response:
    """Ask; follow it or never ask again when a button is pressed."""
    found = visit.newsletter.readers.by_link(visit.token, Purpose.PROPOSAL)
    if found is None:
        return visit.unknown_link(Purpose.PROPOSAL)
    claim, person = found
    if quiet := visit.gone_quiet(person):
        return quiet
    proposal = named_proposal(visit.newsletter.database, person, claim.subject)
    if proposal is None:
        return visit.message("There is nothing to follow here.", "What this link was about is not kept any more.")
    after, wrong = answered(visit, person, proposal)
    return visit.page(
        "proposal.html",
        400 if wrong else 200,
        proposal=shown(asked_about(visit.newsletter.database, person, proposal)),
        answered=visit.act in ANSWERS and not wrong,
        follows=Interest(proposal.text) in after.interests,
        wrong=wrong,
        next_issue=visit.next_issue(after),
    )


def answered(visit: Visit, person: Subscriber, proposal: Proposal) -> tuple[Subscriber, str]:
    """Do what was pressed, if it was; the person as they are then, and what is in the way of it."""
    if visit.act not in ANSWERS:
        return person, ""
    try:
        after = answer(
            visit.newsletter.readers,
            visit.newsletter.database,
            person,
            proposal.text,
            follow=visit.act == "follow",
            origin=visit.origin(),
        )
    except InvalidInterest as error:
        return person, str(error)
    return after, ""


def meant(visit: Visit, person: Subscriber) -> Proposal | None:
    """Which proposal a form on another page of the reader's names."""
    number = visit.form.get("number", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        return None
    return named_proposal(visit.newsletter.database, person, int(number))


def shown(asked: Asked) -> dict[str, Any]:
    """A proposal as a template shows it."""
    count = len(asked.liked)
    return {
        "text": asked.text,
        "number": asked.number,
        "count": count,
        "votes": f"{words.number(count)} of the entries that you wanted more like",
        "titles": [entry.title for entry in asked.liked[:_SHOWN]],
    }
