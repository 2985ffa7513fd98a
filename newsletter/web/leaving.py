"""Pages for who has had enough: leave, and no more announcements; each with the one click of RFC 8058.

The one click is a POST from a mail program with a body that says so; it carries no nonce, gets no redirect, and does
no harm when it comes again. Everything else changes something only where a button of our own form was pressed.
"""

from starlette.responses import Response

from newsletter.rendering.links import Purpose
from newsletter.web.visit import Visit
from subscribers.errors import MoveNotAllowed
from subscribers.people import Subscriber
from subscribers.states import State

REASONS = (
    ("too-often", "It came too often"),
    ("not-for-me", "It was not what I hoped for"),
    ("no-time", "I have no time to read it"),
    ("not-asked", "I never asked for it"),
    ("other", "Something else"),
)
_LONGEST_ANSWER = 1_000
_GONE = (State.UNSUBSCRIBED, State.SUPPRESSED)


def one_click(visit: Visit) -> bool:
    """Is this the POST of a mail program's own button (RFC 8058, section 3.2)?"""
    return visit.posted and visit.form.get("List-Unsubscribe", "").strip() == "One-Click"


def leave(visit: Visit) -> Response:
    """Ask; leave by a press or by one click; then one question that may be passed over, and a way back."""
    person = visit.person(Purpose.LEAVE)
    if person is None:
        if visit.claim(Purpose.LEAVE):
            return visit.page("left.html", state="erased")
        return visit.unknown_link()
    readers = visit.newsletter.readers
    if one_click(visit):
        readers.leave(person, words="List-Unsubscribe=One-Click", origin=visit.origin("one-click"))
        visit.site.wake()
        return visit.message("You have left.", f"{person.address} gets no more issues.")
    match visit.act:
        case "leave":
            person = readers.leave(person, words="Leave", origin=visit.origin())
            visit.site.wake()
        case "answer" if person.state in _GONE:
            readers.say_why(person, _answer(visit), origin=visit.origin())
            return _left(visit, person, "answered")
        case "stay":
            try:
                person = readers.stay(person, words="I want to stay", origin=visit.origin())
            except MoveNotAllowed as error:
                return visit.message(
                    "That cannot be taken back here.",
                    str(error),
                    status=409,
                    link=(f"{visit.site.base}/", "Subscribe again"),
                )
            if person.state not in _GONE:
                return _left(visit, person, "stayed")
    if person.state in _GONE:
        return _left(visit, person, "left")
    pause = visit.link(Purpose.PAUSE, person) if person.state in (State.ACTIVE, State.PAUSED) else ""
    return visit.page("leave.html", address=person.address, pause=pause)


def _left(visit: Visit, person: Subscriber, state: str) -> Response:
    return visit.page(
        "left.html",
        state=state,
        address=person.address,
        reasons=REASONS,
        may_stay=person.state is State.UNSUBSCRIBED and person.confirmed_at is not None,
        next_issue=visit.next_issue(person),
    )


def _answer(visit: Visit) -> str:
    chosen = dict(REASONS).get(visit.form.get("why", ""), "")
    words = visit.form.get("words", "").strip()[:_LONGEST_ANSWER]
    return ": ".join(filter(None, [chosen, words]))


def quiet(visit: Visit) -> Response:
    """The same for announcements alone; issues go on."""
    person = visit.person(Purpose.ANNOUNCEMENTS)
    if person is None:
        if visit.claim(Purpose.ANNOUNCEMENTS):
            return visit.page("left.html", state="erased")
        return visit.unknown_link()
    wanted, done = person.announcements, False
    clicked = one_click(visit)
    if clicked or visit.act in ("quiet", "loud"):
        wanted, done = not clicked and visit.act == "loud", True
        if wanted is not person.announcements:
            origin = visit.origin("one-click" if clicked else "page")
            person = visit.newsletter.readers.change(person, announcements=wanted, origin=origin)
    leave = visit.link(Purpose.LEAVE, person) if person.state not in _GONE else ""
    return visit.page("quiet.html", address=person.address, wanted=wanted, done=done, leave=leave)
