"""Pages about what readers suggest: the reader's form, and the operator's look at what came of it."""

from dataclasses import replace
from datetime import date
from typing import Any

from starlette.responses import Response

from newsletter.entries.entry import READERS, Entry, as_it_would_be
from newsletter.errors import SuggestionError
from newsletter.readers.suggested import MAX_WHY
from newsletter.readers.suggestions_store import SuggestionState
from newsletter.rendering import words
from newsletter.rendering.card import card_of
from newsletter.rendering.links import Purpose
from newsletter.suggesting import Look
from newsletter.web.visit import Visit

#: Characters of a link that are shown again for mending.
_MAX_TYPED = 2_000


def suggest(visit: Visit) -> Response:
    """A reader names a link, why, and whether they may be thanked by name."""
    person = visit.person(Purpose.SUGGEST)
    if person is None:
        return visit.unknown_link(Purpose.SUGGEST)
    if quiet := visit.gone_quiet(person):
        return quiet
    typed = {"link": visit.form.get("link", "")[:_MAX_TYPED], "why": visit.form.get("why", "")[: MAX_WHY * 2]}
    named, wrong, told = visit.form.get("named") == "yes", dict[str, str](), None
    if visit.act == "suggest":
        if not typed["link"].strip():
            wrong["link"] = "Copy the address of the page that you want others to read."
        if len(typed["why"]) > MAX_WHY:
            wrong["why"] = f"At most {MAX_WHY} characters; these are {len(typed['why']):,}."
        if not wrong:
            told = visit.newsletter.readers.suggest(person, typed["link"], typed["why"], named=named)
            if told.wrong:
                wrong["link"] = told.said
    return visit.page(
        "suggest.html",
        400 if wrong else 200,
        told=None if wrong else told,
        typed=typed,
        named=named,
        wrong=wrong,
        name=person.name,
        most=MAX_WHY,
        here=f"{visit.site.base}{visit.path}",
        preferences=visit.link(Purpose.PREFERENCES, person),
    )


def suggestion(visit: Visit) -> Response:
    """The operator sees it as it would look, mends its words, accepts or declines it."""
    claim = visit.claim(Purpose.SUGGESTION)
    if claim is None:
        return visit.unknown_link()
    suggestions, wrong = visit.newsletter.suggestions, dict[str, str]()
    try:
        look = suggestions.look(claim.subject)
    except SuggestionError:
        return visit.message(
            "This suggestion is gone.", "Whoever sent it was erased, and what they had sent with them.", status=410
        )
    typed = {"title": look.entry.title, "summary": look.entry.summary}
    if visit.posted:
        typed = {name: visit.form.get(name, value) for name, value in typed.items()}
    match visit.act:
        case "accept" if typed["title"].strip():
            look = suggestions.accept(claim.subject, **typed)
        case "accept":
            wrong["title"] = "It needs a title."
        case "decline":
            look = suggestions.decline(claim.subject)
    return visit.page(
        "suggestion.html",
        400 if wrong else 200,
        state=str(look.suggestion.state),
        typed=typed,
        wrong=wrong,
        **_shown(look, visit),
    )


def _shown(look: Look, visit: Visit) -> dict[str, Any]:
    found = look.suggestion
    return {
        "heading": _heading(look),
        "decided": found.state in (SuggestionState.ACCEPTED, SuggestionState.DECLINED),
        "address": look.entry.url or found.url,
        "lead": _lead(look),
        "whys": look.whys,
        "trouble": found.trouble,
        "thanks": look.thanks,
        "card": _card(look.became or as_it_would_be(replace(look.entry, thanks=look.thanks), READERS), visit),
    }


def _heading(look: Look) -> str:
    match look.suggestion.state:
        case SuggestionState.ACCEPTED:
            return "It is in."
        case SuggestionState.DECLINED:
            return "Declined."
    return "Shall others read this?"


def _lead(look: Look) -> str:
    """Who suggested it, and when."""
    when = words.long_date(look.suggestion.at.date())
    if len(look.readers) < 2:
        return f"{look.who} suggested it on {when}."
    several, _, names = look.who.partition(": ")
    return f"{several.capitalize()} suggested it, the first on {when}: {names}."


def _card(entry: Entry, visit: Visit) -> dict[str, str]:
    today: date = visit.now.date()
    card = card_of(entry, search_url=visit.site.settings.search_url, today=today)
    return {
        "title": card.title,
        "link": card.link,
        "line": card.about,
        "sentence": card.sentence(None),
        "rest": card.rest(None),
    }
