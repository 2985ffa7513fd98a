"""Copies to try templates with before any mail is made: the worst that entries and readers can be."""

from collections.abc import Iterator, Sequence

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


def sample_recipes(cards: Sequence[Card], key_id: int) -> Iterator[Recipe]:
    """Recipes that use every section, reason and variant, and every one of the issue's own cards."""

    def pick(entry_id: int, section: Section, reason: ReasonKind) -> Pick:
        return Pick(entry_id, section, 0.5, reason, _NASTY, None if entry_id == _BARE else 0)

    everything = (
        pick(_FULL, Section.PINNED, ReasonKind.EDITOR),
        pick(_BARE, Section.PINNED, ReasonKind.EDITOR),
        *(pick(_FULL, Section.FOR_YOU, reason) for reason in ReasonKind),
        pick(_BARE, Section.FOR_YOU, ReasonKind.INTEREST),
        pick(_FULL, Section.FAVOURITES, ReasonKind.POPULAR),
        pick(_FULL, Section.FAVOURITES, ReasonKind.POPULAR),
        pick(_FULL, Section.OUTSIDE, ReasonKind.OUTSIDE),
        pick(_BARE, Section.OUTSIDE, ReasonKind.OUTSIDE),
    )
    for follows in (True, False):
        for name in ("", _NASTY):
            yield Recipe(everything, name, 1, _NASTY, "morning", "3 March 2026", _NASTY, follows, key_id)
    for n in range(0, len(cards), 8):
        some = tuple(pick(card.entry_id, Section.FOR_YOU, ReasonKind.INTEREST) for card in cards[n : n + 8])
        yield Recipe(some, "Ada", 1, "x", "morning", "3 March 2026", "x", True, key_id)
    # So many that some do not fit.
    many = tuple(pick(_FULL, Section.FOR_YOU, ReasonKind.INTEREST) for _ in range(80))
    yield Recipe(many, "Ada", 1, "x", "morning", "3 March 2026", "x", True, key_id)
