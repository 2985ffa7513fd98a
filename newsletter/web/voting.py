"""The page behind "more like this" and "less like this": it can show and change that one vote, nothing else."""

from typing import Any

from starlette.responses import Response

from newsletter.entries.entry import Entry
from newsletter.rendering import words
from newsletter.rendering.card import shown_sources
from newsletter.rendering.links import Purpose
from newsletter.web.visit import Visit

_VALUES = {"more": 1, "less": -1, "none": 0}
_MORE, _LESS, _BACK = ("more", "More like this"), ("less", "Less like this"), ("none", "Take it back")
_NOTES = {
    "more": "Entries close to this one then stand higher in your issues, from the next one that is put together on.",
    "less": "Entries close to this one then stand lower in your issues, from the next one that is put together on.",
}
_TOLD = {
    1: "Noted: what is close to this stands higher in your next issue.",
    -1: "Noted: what is close to this stands lower in your next issue.",
    0: "Taken back: this entry no longer moves anything in your next issue.",
}


def more(visit: Visit) -> Response:
    """One vote up."""
    return _vote(visit, Purpose.MORE, "more")


def less(visit: Visit) -> Response:
    """One vote down."""
    return _vote(visit, Purpose.LESS, "less")


def _vote(visit: Visit, purpose: Purpose, wish: str) -> Response:
    readers = visit.newsletter.readers
    found = readers.by_link(visit.token, purpose)
    if found is None:
        return visit.unknown_link(purpose)
    claim, person = found
    entry = readers.entry(claim.subject, person)
    if entry is None:
        return visit.message("This entry is not kept any more.", "So there is nothing to vote on.", status=410)
    if visit.act in _VALUES:
        readers.vote(person, entry.id, _VALUES[visit.act])
        now = _VALUES[visit.act]
        buttons = {1: (_BACK, _LESS), -1: (_BACK, _MORE), 0: (_MORE, _LESS)}[now]
        return visit.page(
            "vote.html",
            heading="Thank you." if now else "As you like.",
            told=_TOLD[now],
            note="",
            entry=shown(entry, visit),
            buttons=buttons,
        )
    return visit.page(
        "vote.html",
        heading=f"{dict((_MORE, _LESS))[wish]}?",
        told="",
        note=_NOTES[wish],
        entry=shown(entry, visit),
        buttons=(_MORE if wish == "more" else _LESS,),
    )


def shown(entry: Entry, visit: Visit) -> dict[str, Any]:
    """An entry as a template shows it."""
    return {
        "title": entry.title,
        "url": entry.url,
        "people": words.people(entry.authors),
        "source": " · ".join(filter(None, (entry.thanks, *shown_sources(entry)[:1]))),
        "date": words.short_date(entry.published, visit.now.date()),
    }
