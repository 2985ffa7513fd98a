"""Lists of feeds, as feed readers export them (OPML, opml.org/spec2.opml) → the sources in them that are new."""

import codecs
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from listparser.opml import OpmlMixin

from newsletter.entries.entry import Skipped
from newsletter.entries.naming import name_for, numbered, place_of, tidy
from newsletter.entries.page_facts import decoded_as
from newsletter.entries.text import clean_title, clip, decode, safe_url
from newsletter.errors import SourceError
from newsletter.sections import SourceSettings

MAX_BYTES = 5_000_000
#: What one list may name; nobody reads more.
MAX_FEEDS = 20_000
_READ = ("text", "title", "type", "xmlurl", "url", "htmlurl")
_SORTS = ("feeds", "lists", "opportunities")
_NO_FEED = {
    "lists": "it is a list of feeds elsewhere: import that one",
    "opportunities": "it is a web page; `newsletter sources add` finds the feed of a page",
}


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
    """The feeds of a list, from all its folders, and what in it is none. Raises `SourceError` for what is no list."""
    if len(content) > MAX_BYTES:
        raise SourceError(f"it holds more than {MAX_BYTES / 1e6:.0f} MB, which is the most that is read")
    text = _text(content)
    if "<!entity" in text.lower():
        raise SourceError("it declares entities of its own (<!ENTITY …>); such a list is not read, for safety")
    outlines = _Outlines()
    with suppress(AssertionError, ValueError):  # what HTMLParser raises for "<![" and for endless numbers
        outlines.feed(text)  # without close(): what is broken off at the end says nothing, and is slow to look at
    if not outlines.is_opml:
        raise SourceError("it is no OPML (the list of feeds that feed readers export): it has no <opml>")
    feeds, skipped = list[Outline](), list[Skipped]()
    for sort, title, address in outlines.found:
        if sort == "feeds":
            feeds.append(Outline(clean_title(title), address))
        else:
            skipped.append(Skipped(_what(clean_title(title), address), _NO_FEED[sort]))
    return tuple(feeds), tuple(skipped)


def new_sources(outlines: Iterable[Outline], known: Iterable[SourceSettings]) -> Imported:
    """Settings for the feeds that are no sources yet, each with a name of its own."""
    known = list(known)
    taken = {source.name for source in known}
    places = {place_of(source.location): f"it is the source {source.name!r} already" for source in known}
    last_number: dict[str, int] = {}
    sources, skipped = list[SourceSettings](), list[Skipped]()
    for outline in outlines:
        what = _what(outline.title, outline.address)
        url = safe_url(outline.address.strip().removeprefix("feed:"))
        if url is None:
            skipped.append(Skipped(what, "its address is no http:// or https:// address"))
            continue
        if (place := place_of(url)) in places:
            skipped.append(Skipped(what, places[place]))
            continue
        rough = tidy(outline.title) or name_for(url, ())
        name = numbered(rough, taken, last_number.get(rough, 1) + 1)
        last_number[rough] = last_number.get(rough, 1) + 1
        taken.add(name)
        places[place] = f"it stands in the list before, as {name!r}"
        sources.append(SourceSettings(name=name, location=url))
    return Imported(tuple(sources), tuple(skipped))


class _Outlines(OpmlMixin):
    """Every outline that names an address, as listparser understands it: (sort, title, address).

    Its folders are let go of at once: kept for every feed, they would cost the square of a deep list's length. Nor is
    listparser asked as a whole: it would fetch what looks like an address, and decode in its own way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.harvest["meta"] = {}
        self.is_opml = False
        self.found: list[tuple[str, str, str]] = []

    def start_opml_opml(self, attrs: dict[str, str]) -> None:
        self.is_opml = True

    def start_opml_outline(self, attrs: dict[str, str]) -> None:
        if len(self.found) >= MAX_FEEDS:
            raise SourceError(f"it names over {MAX_FEEDS:,} feeds; so long a list is not read")
        self.harvest |= {sort: [] for sort in _SORTS}
        read = {name: attrs[name] for name in _READ if name in attrs}
        if "htmlurl" in read:
            read.setdefault("xmlurl", "")  # or it would be taken for a folder
        super().start_opml_outline(read)
        self.found += [(sort, one["title"], one["url"]) for sort in _SORTS for one in self.harvest[sort]]
        self.hierarchy.clear()
        self.found_urls.clear()

    def end_opml_outline(self) -> None:
        """The folder is closed already."""


def _text(content: bytes) -> str:
    """Its characters: by the byte order mark, as UTF-8, by what its first line says, or else by guessing."""
    for start, charset in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if content.startswith(start):
            return content.decode(charset, "replace")
    if not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with suppress(UnicodeDecodeError):
            return content.decode("utf-8-sig")
        _, _, said = content[:200].partition(b"?>")[0].partition(b"encoding=")
        quote, name = said[:1], said[1:]
        if quote and (text := decoded_as(content, name.partition(quote)[0].decode("ascii", "replace"))) is not None:
            return text
    return decode(content)


def _what(title: str, address: str) -> str:
    return clip(title or clean_title(address) or "a feed without an address", 80)
