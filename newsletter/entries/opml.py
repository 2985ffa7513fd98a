"""OPML, in which feed readers keep and exchange lists of feeds: a list → sources that are new. Pure."""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

import listparser

from newsletter.entries.entry import Skipped
from newsletter.entries.naming import name_for, numbered, place_of, tidy
from newsletter.entries.text import clean_title, clip, decode, safe_url
from newsletter.errors import SourceError
from newsletter.sections import SourceSettings

MAX_BYTES = 20_000_000
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed of the list."""

    #: in one line; may be empty
    title: str
    #: as it is written
    address: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list becomes."""

    sources: tuple[SourceSettings, ...]
    skipped: tuple[Skipped, ...]


def read_opml(content: bytes) -> tuple[tuple[Outline, ...], tuple[Skipped, ...]]:
    """The feeds of the list, and what in it is none. Raises `SourceError` for what is no list of feeds."""
    if len(content) > MAX_BYTES:
        raise SourceError(f"it holds {len(content) / 1e6:.0f} MB; a list of over {MAX_BYTES / 1e6:.0f} MB is not read")
    if not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in content:
        raise SourceError("it is no list of feeds (OPML)")
    # In UTF-8 without the declaration of anything else: what is there was read already.
    text = _DECLARED.sub("", decode(content))
    if "<!ENTITY" in text:
        raise SourceError("it declares entities of its own (<!ENTITY …>); such a list is not read, for safety")
    try:
        found = listparser.parse(text.encode("utf-8", "replace"))
    except Exception as error:  # it has no error root for broken nesting
        raise SourceError(f"it is broken, and cannot be read as a list of feeds ({type(error).__name__})") from error
    if not found["version"] and not found["feeds"]:
        raise SourceError("it is no list of feeds (OPML)")
    outlines = tuple(Outline(clean_title(str(one["title"])), str(one["url"])) for one in found["feeds"])
    skipped = [
        Skipped(_what(str(one["title"]), str(one["url"])), why)
        for key, why in (
            ("opportunities", "a web page without a feed; `newsletter sources add` looks for one"),
            ("lists", "another list of feeds, which is not followed"),
        )
        for one in found[key]
    ]
    return outlines, tuple(skipped)


def new_sources(outlines: Iterable[Outline], known: Iterable[SourceSettings]) -> Imported:
    """Settings for the feeds that are no sources yet, each with a name of its own."""
    known = list(known)
    taken = {source.name for source in known}
    places = {place_of(source.location): source.name for source in known}
    last_number: dict[str, int] = {}
    sources: list[SourceSettings] = []
    skipped: list[Skipped] = []
    for outline in outlines:
        what = _what(outline.title, outline.address)
        url = safe_url(outline.address.strip().removeprefix("feed:"))
        if url is None:
            skipped.append(Skipped(what, "its address is no http:// or https:// address"))
            continue
        if (place := place_of(url)) in places:
            skipped.append(Skipped(what, f"it is a source already, named {places[place]!r}"))
            continue
        rough = tidy(outline.title) or name_for(url, ())
        name = numbered(rough, taken, last_number.get(rough, 1) + 1)
        last_number[rough] = last_number.get(rough, 1) + 1
        taken.add(name)
        places[place] = name
        sources.append(SourceSettings(name=name, location=url))
    return Imported(tuple(sources), tuple(skipped))


def _what(title: str, address: str) -> str:
    return clip(clean_title(title) or clean_title(address) or "a feed without an address", 80)
