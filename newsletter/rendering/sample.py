"""Copies to try templates with before any mail is made: the worst that entries and readers can be."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from newsletter.issues.issue import Pick, ReasonKind, Section
from newsletter.rendering.card import Card
from newsletter.rendering.recipe import Recipe

_NASTY = "<b>&amp; \"two\" 'three' {{ 7*7 }} {% x %} ]]> שלום 👩‍🔬 é"
#: Ids far above those that the database gives out.
_FULL, _BARE = 2**62, 2**62 + 1


def sample_cards() -> dict[int, Card]:
    """A card that has everything, and one that has nothing but a title."""
    link = "https://example.com/?a=1&b=2"
    full = Card(_FULL, _NASTY, link, True, _NASTY, _NASTY, "3 Mar", (_NASTY + ".", _NASTY + "?", "Last."), 1_234)
    return {_FULL: full, _BARE: Card(_BARE, "x", link, False, "", "", "", (), None)}


def sample_recipes(key_id: int) -> Iterator[Recipe]:
    """Recipes of the sample cards that use every section, reason and variant."""
    everything = (
        _pick(_FULL, Section.PINNED, ReasonKind.EDITOR),
        _pick(_BARE, Section.PINNED, ReasonKind.EDITOR),
        *(_pick(_FULL, Section.FOR_YOU, reason) for reason in ReasonKind),
        _pick(_BARE, Section.FOR_YOU, ReasonKind.INTEREST),
        _pick(_FULL, Section.FAVOURITES, ReasonKind.POPULAR),
        _pick(_FULL, Section.FAVOURITES, ReasonKind.POPULAR),
        _pick(_FULL, Section.OUTSIDE, ReasonKind.OUTSIDE),
        _pick(_BARE, Section.OUTSIDE, ReasonKind.OUTSIDE),
    )
    for follows in (True, False):
        for name in ("", _NASTY):
            whole = Recipe(everything, name, 1, _NASTY, "morning", "3 March 2026", _NASTY, follows, key_id)
            yield replace(whole, proposal=_NASTY if follows else "")
    # So many that some do not fit.
    yield _for_you([_FULL] * 80, key_id)


def recipes_of(cards: Sequence[Card], key_id: int) -> Iterator[Recipe]:
    """Recipes that use each of an issue's own cards."""
    for n in range(0, len(cards), 8):
        yield _for_you([card.entry_id for card in cards[n : n + 8]], key_id)


def _for_you(entry_ids: Sequence[int], key_id: int) -> Recipe:
    picks = tuple(_pick(entry_id, Section.FOR_YOU, ReasonKind.INTEREST) for entry_id in entry_ids)
    return Recipe(picks, "Ada", 1, "x", "morning", "3 March 2026", "x", True, key_id)


def _pick(entry_id: int, section: Section, reason: ReasonKind) -> Pick:
    return Pick(entry_id, section, 0.5, reason, _NASTY, None if entry_id == _BARE else 0)
