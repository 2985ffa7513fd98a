"""The page to search all that came in, and to follow a search: a reader with one press, anybody else by subscribing."""

from urllib.parse import urlencode

from starlette.responses import Response

from newsletter.rendering.links import Purpose
from newsletter.searching import MOST, Found, Results
from newsletter.web.visit import Visit
from subscribers.errors import InvalidInterest
from subscribers.interests import parse_interest
from subscribers.people import Subscriber

#: Results on a page.
ON_PAGE = 20
#: Seconds that a search waits for a model that sleeps; beyond them it goes by words, and says so.
PATIENCE = 1.5


def search(visit: Visit) -> Response:
    """Show what is close to what was typed; follow it when a reader presses that button."""
    person = visit.person(Purpose.SEARCH) if visit.token else None
    if visit.token and person is None:
        return visit.unknown_link(Purpose.SEARCH)
    typed = visit.form.get("q", visit.query.get("q", ""))
    number = _page(visit.query.get("page", ""))
    results = visit.newsletter.search.find(typed, skip=(number - 1) * ON_PAGE, most=ON_PAGE, patience=PATIENCE)
    quiet = visit.gone_quiet(person) if person else None
    interest = "" if quiet else _interest(results.query.interest)
    told = ""
    if person and interest and visit.act == "follow":
        person, told = _follow(visit, person, interest)
    here = f"{visit.site.base}{visit.path}"
    return visit.page(
        "search.html",
        typed=results.query.typed,
        asked=bool(results.query),
        found=[_shown(one) for one in results.found],
        count=results.count,
        first=(number - 1) * ON_PAGE + 1,
        meaning=str(results.meaning),
        interest=interest,
        followed=bool(person and interest and _follows(person, interest)),
        told=told,
        known=person is not None,
        here=here,
        again_link=_link(here, results, number),
        next=_link(here, results, number + 1) if number * ON_PAGE < results.count else "",
        preferences=visit.link(Purpose.PREFERENCES, person) if person else "",
    )


def _follow(visit: Visit, person: Subscriber, interest: str) -> tuple[Subscriber, str]:
    """The reader with the interest added, and a sentence about it."""
    if _follows(person, interest):
        return person, "You follow that already."
    try:
        lines = [*map(str, person.interests), interest]
        after = visit.newsletter.readers.change(person, origin=visit.origin(), interests=lines)
    except InvalidInterest as error:
        return person, str(error)
    return after, f"You now follow “{interest}”, from your next issue on."


def _follows(person: Subscriber, interest: str) -> bool:
    return any(not one.muted and one.text.casefold() == interest.casefold() for one in person.interests)


def _interest(line: str) -> str:
    """The line that would be followed, as it would be kept; empty where it is none, or would mute."""
    try:
        interest = parse_interest(line)
    except InvalidInterest:
        return ""
    return "" if interest.muted else interest.text


def _page(typed: str) -> int:
    """The number of the page, from 1."""
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 4 else 1
    return min(max(number, 1), MOST // ON_PAGE)


def _link(here: str, results: Results, number: int) -> str:
    fields = {"q": results.query.typed} | ({"page": str(number)} if number > 1 else {})
    return f"{here}?{urlencode(fields)}"


def _shown(found: Found) -> dict[str, object]:
    card = found.card
    return {
        "title": card.title,
        "link": card.link,
        "about": card.about,
        "sentence": found.sentence,
    }
