"""Pages behind the link of a mail that asks: is it you, and do you want this?"""

from typing import Any

from starlette.responses import Response

from newsletter.readers.desk import Pending
from newsletter.readers.doing import load_commands, wish_in_words
from newsletter.rendering import words
from newsletter.rendering.links import Purpose
from newsletter.web import joining, privacy
from newsletter.web.forms import Typed, empty, lines
from newsletter.web.visit import Visit
from subscribers.confirmations import Purpose as Asked
from subscribers.consent import load_wishes
from subscribers.errors import SubscribersError
from subscribers.people import Subscriber
from subscribers.states import State

_HEADINGS = {
    Asked.SUBSCRIBE: ("One press, and you are in.", "Yes, send it to me"),
    Asked.ADDRESS: ("Send your issues here?", "Yes, send them here"),
    Asked.COMMAND: ("Was that you?", "Yes, do it"),
}


def confirm(visit: Visit) -> Response:
    """Show what is asked for; do it, or forget it, when a button is pressed."""
    pending = visit.newsletter.readers.pending(visit.token)
    if pending is None:
        return _unknown(visit)
    if pending.purpose is Asked.PRIVACY:
        return privacy.acts(visit, pending)
    if pending.state == "expired":
        return _expired(visit, pending)
    if pending.state == "done":
        return _done(visit, pending)
    match visit.act:
        case "confirm":
            return _confirmed(visit, pending)
        case "decline":
            visit.newsletter.readers.decline(visit.token)
            return visit.message(
                "Forgotten.", "Nothing was done, and nothing is kept of it. You need not do anything more."
            )
    return _question(visit, pending)


def _question(visit: Visit, pending: Pending) -> Response:
    heading, button = _HEADINGS[pending.purpose]
    values: dict[str, Any] = {}
    match pending.purpose:
        case Asked.SUBSCRIBE:
            wishes = load_wishes(pending.detail["wishes"])
            address = pending.subscriber.address
            values = {"address": address, "interests": wishes.interests, "rhythm": words.rhythm(wishes.cadence)}
        case Asked.ADDRESS:
            # Whoever reads the new address's mail need not learn the other one.
            values = {"address": pending.detail["address"]}
        case Asked.COMMAND:
            values = {"wishes": [wish_in_words(wish) for wish in load_commands(pending.detail["wishes"])]}
    return visit.page("confirm.html", purpose=str(pending.purpose), heading=heading, button=button, **values)


def _confirmed(visit: Visit, pending: Pending) -> Response:
    button = _HEADINGS[pending.purpose][1]
    try:
        done = visit.newsletter.readers.confirm(visit.token, words=button, origin=visit.origin())
    except SubscribersError as error:
        return visit.message(
            "That cannot be done here.",
            str(error),
            f"A mail to {visit.site.settings.address} reaches the person who can.",
            status=409,
        )
    visit.site.wake()
    return _done(visit, done) if done else _unknown(visit)


def _done(visit: Visit, pending: Pending) -> Response:
    person = pending.subscriber
    match pending.purpose:
        case Asked.SUBSCRIBE:
            return visit.gone_quiet(person) or _welcome(visit, person)
        case Asked.ADDRESS:
            return visit.gone_quiet(person) or visit.message(
                "Your issues come here now.",
                f"The next one goes to {pending.detail['address']}.",
                link=(visit.link(Purpose.PREFERENCES, person), "Change what, when and how often"),
            )
    return visit.message(
        "Done.",
        *pending.detail.get("done", ()),
        link=(visit.link(Purpose.PREFERENCES, person), "Change what, when and how often"),
    )


def _welcome(visit: Visit, person: Subscriber) -> Response:
    first = person.state is State.ACTIVE and person.confirmed_at is not None
    return visit.page(
        "welcome.html",
        name=person.name,
        first=first,
        next_issue=visit.next_issue(person),
        address=person.address,
        interests=person.interests,
        rhythm=words.rhythm(person.cadence),
        preferences=visit.link(Purpose.PREFERENCES, person),
    )


def _expired(visit: Visit, pending: Pending) -> Response:
    if pending.purpose is Asked.SUBSCRIBE:
        wishes = load_wishes(pending.detail["wishes"])
        typed = Typed(
            **{
                **{name: getattr(empty(wishes.cadence), name) for name in ("cadence", "weekday", "day", "hour")},
                "timezone": wishes.cadence.timezone,
                "address": pending.subscriber.address,
                "name": wishes.name,
                "interests": lines(wishes.interests),
            }
        )
        notice = {
            "title": "This link was good for three days.",
            "text": "They are over, but what you asked for is below. Press the button for a new mail.",
        }
        return joining.form(visit, typed, notice=notice, status=410)
    return visit.message(
        "This link was good for three days.",
        "They are over, and nothing was done. Ask for it once more: every issue ends with links for it.",
        status=410,
    )


def _unknown(visit: Visit) -> Response:
    return visit.message(
        "This link leads nowhere.",
        "Perhaps the mail program broke it in two: copy all of it from the mail, up to the end of its line. "
        "Or it is more than a month old, was declined, or belongs to somebody who has been erased.",
        status=404,
        link=(f"{visit.site.base}/", "Subscribe"),
    )
