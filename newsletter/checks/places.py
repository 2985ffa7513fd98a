"""Where in an issue's templates something is written: compiled and coloured as they are, their lines are the files'."""

from collections.abc import Mapping

from newsletter.checks.findings import Place, PlaceKind
from newsletter.rendering.templates import COMPILED, DOCUMENT


def template_places(sources: Mapping[str, str], *needles: str, html: bool = True) -> tuple[Place, ...]:
    """The first place of each of these texts, in the templates of the HTML or of the text part; none where none is."""
    found = (_place(sources, needle, ".html" if html else ".txt") for needle in needles if needle)
    return tuple(dict.fromkeys(place for place in found if place))


def _place(sources: Mapping[str, str], needle: str, suffix: str) -> Place | None:
    for name, source in sources.items():
        at = source.lower().find(needle.lower()) if name.endswith(suffix) else -1
        if at >= 0:
            # MJML leaves no line where it was.
            line = "" if name == COMPILED else f":{source.count(chr(10), 0, at) + 1}"
            return Place(PlaceKind.TEMPLATE, (DOCUMENT if name == COMPILED else name) + line)
    return None
