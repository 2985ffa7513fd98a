"""From the address that a person knows to the feed behind it: what stands there, what its page names, usual places."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from io import BytesIO
from urllib.parse import parse_qs, urljoin, urlsplit

import feedparser

from newsletter.entries.entry import Parsed
from newsletter.entries.feed_links import feeds_named_in
from newsletter.entries.fetching import Document
from newsletter.entries.page_facts import is_page
from newsletter.entries.sources import Kind, parse
from newsletter.entries.sources.kinds import known_place
from newsletter.entries.sources.requests import requests_for
from newsletter.entries.text import clean_title
from newsletter.errors import SourceError

#: In search of one feed, the page itself among them.
MOST_REQUESTS = 8
USUAL_PLACES = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
#: Bytes of a feed among which its title stands.
_HEAD = 100_000


@dataclass(frozen=True, slots=True)
class Discovered:
    """A source, found and read."""

    #: what the settings should say
    location: str
    #: "auto", unless the address alone does not tell
    kind: Kind
    #: of the feed, or else of the page that names it; empty where neither says one
    title: str
    #: what it holds now
    parsed: Parsed


def discover(url: str, *, get: Callable[[str], Document], today: date) -> Discovered:
    """The source that is meant by a web address: itself, or the feed of the page that is there.

    `get` asks for an address and raises `SourceError`; it is called 8 times at most. Raises `SourceError`, which says
    what was tried.
    """
    try:
        urlsplit(url)
    except ValueError as error:
        raise SourceError(f"it is no valid address: {error}") from None
    kind, address = known_place("auto", url)
    if kind != "auto":
        return _well_known(kind, url, address, get, today)
    search = _Search(get, today)
    for place in _of_its_site(url):
        if found := search.feed_at(place):
            return found
    document = search.ask(url)
    if not is_page("", document.content):
        try:
            return Discovered(url, "auto", _title_of(document), _read(document, "auto", today))
        except SourceError:
            if not is_page(document.content_type, document.content):
                raise
    here = document.found_at or document.name
    page = feeds_named_in(document.content, document.content_type, here)
    for place in (*page.feeds, *(urljoin(here, usual) for usual in USUAL_PLACES)):
        if found := search.feed_at(place, page.titles.get(place) or page.title):
            return found
    raise SourceError(f"it is a web page, and no feed was found behind it. Tried {search.account(here)}")


class _Search:
    """What has been asked for, and what came of it."""

    def __init__(self, get: Callable[[str], Document], today: date) -> None:
        self._get, self._today, self._left = get, today, MOST_REQUESTS
        #: why it was nothing, by place
        self._tried: dict[str, str] = {}

    def ask(self, url: str) -> Document:
        self._left -= 1
        return self._get(url)

    def feed_at(self, place: str, title: str = "") -> Discovered | None:
        """None where there is no feed, or where enough was asked for."""
        if place in self._tried or self._left <= 0:
            return None
        try:
            document = self.ask(place)
            # By name: anything else in a usual place is there by chance.
            parsed = _read(document, "feed", self._today)
        except SourceError as error:
            self._tried[place] = str(error)
            return None
        return Discovered(place, "auto", _title_of(document) or title, parsed)

    def account(self, page: str) -> str:
        """What was tried, and why it was nothing; places of the page's own host by their path."""
        by_reason: dict[str, list[str]] = {}
        for place, reason in self._tried.items():
            by_reason.setdefault(reason, []).append(place.removeprefix(urljoin(page, "/")[:-1]))
        return "; ".join(f"{', '.join(places)} ({reason})" for reason, places in by_reason.items())


def _well_known(kind: Kind, url: str, address: str, get: Callable[[str], Document], today: date) -> Discovered:
    """Hugging Face's page stays what the settings say, for all that is asked follows from it; arXiv's feed replaces
    its listing."""
    now = datetime.combine(today, time(), UTC)
    document = get(requests_for(kind, url, last_good=None, now=now)[0].url)
    parsed = _read(document, kind, today)
    if kind == "huggingface":
        return Discovered(url, kind, "Hugging Face papers", parsed)
    return Discovered(address, "auto", _title_of(document), parsed)


def _of_its_site(url: str) -> Iterator[str]:
    """Feeds of sites whose pages do not name them, or name another one first."""
    parts = urlsplit(url)
    host, way = (parts.hostname or "").removeprefix("www."), [part for part in parts.path.split("/") if part]
    match host, way:
        case "github.com", [owner, name] | [owner, name, "releases"]:
            yield f"https://github.com/{owner}/{name}/releases.atom"
        case "youtube.com" | "m.youtube.com", ["channel", channel, *_]:
            yield f"https://www.youtube.com/feeds/videos.xml?channel_id={channel}"
        case "youtube.com" | "m.youtube.com", ["playlist"]:
            for playlist in parse_qs(parts.query).get("list", [])[:1]:
                yield f"https://www.youtube.com/feeds/videos.xml?playlist_id={playlist}"
        case "reddit.com" | "old.reddit.com", ["r" | "user" as of, name]:
            yield f"https://www.reddit.com/{of}/{name}/.rss"


def _read(document: Document, kind: Kind, today: date) -> Parsed:
    name = document.found_at or document.name
    return parse(document.content, name=name, today=today, kind=kind, content_type=document.content_type)


def _title_of(document: Document) -> str:
    """The title of a feed that could be read."""
    if document.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        try:
            said = json.loads(document.content)
        except (ValueError, RecursionError):  # JSON lines
            return ""
        title = said.get("title", "")
        # One line of JSON lines is an entry.
        return clean_title(title) if isinstance(title, str) and "items" in said else ""
    headers = {"content-type": document.content_type} if document.content_type else {}
    try:
        found = feedparser.parse(BytesIO(document.content[:_HEAD]), response_headers=headers, sanitize_html=False)
        return clean_title(str(found.feed.get("title", "")))
    except Exception:  # as in reading its entries; a title is not worth an error
        return ""
