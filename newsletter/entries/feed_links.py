"""One web page → the feeds that it names, those first that are meant most clearly."""

from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from newsletter.entries.page_facts import MOST_CHARACTERS, page_text
from newsletter.entries.text import clean_title, safe_url

_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
#: How the paths of feeds end.
_NAMES = frozenset("feed rss atom feed.xml rss.xml atom.xml index.xml feed.json index.rdf".split())
_ENDINGS = (".rss", ".atom", ".rdf")
#: Where blogs keep their own feeds beside their own host.
_FEED_HOSTS = frozenset({"feeds.feedburner.com", "feeds.feedblitz.com", "feedpress.me"})
#: Links of each sort that are kept.
_MOST = 500


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """What a page says of feeds."""

    #: their absolute addresses
    feeds: tuple[str, ...]
    #: what the page calls them, by address
    titles: dict[str, str]
    #: of the page
    title: str


def feeds_named_in(content: bytes, content_type: str, url: str) -> FeedLinks:
    """The feeds that a page names; `url` is where it was found. Never raises for the page's sake.

    First those of its head (those of comments last), then its own links whose address looks like a feed's: a link to
    another site's feed is somebody else's.
    """
    page = _Page()
    with suppress(AssertionError, ValueError):  # what HTMLParser raises for "<![" and for endless numbers
        page.feed(page_text(content, content_type)[:MOST_CHARACTERS])
    base = _absolute(url, page.base) or url
    named = sorted(page.named, key=lambda link: "comment" in f"{link[0]} {link[1]}".lower())
    heads = [(address, title) for href, title in named if (address := _absolute(base, href))]
    linked = [address for href in page.linked if (address := _absolute(base, href)) and _is_its_feed(address, url)]
    titles: dict[str, str] = {}
    for address, title in heads:
        titles.setdefault(address, clean_title(title))
    return FeedLinks(tuple(dict.fromkeys([*titles, *linked])), titles, clean_title(page.title))


class _Page(HTMLParser):
    """Collects what a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.base = self.title = ""
        #: address and title of the feeds that its head names
        self.named: list[tuple[str, str]] = []
        #: where its links lead, as far as that looks like a feed
        self.linked: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in reversed(attrs)}
        href = given.get("href", "").strip()
        if tag == "link":
            kind = given.get("type", "").partition(";")[0].strip().lower()
            if "alternate" in given.get("rel", "").lower().split() and kind in _TYPES and len(self.named) < _MOST:
                self.named.append((href, given.get("title", "")))
        elif tag == "a":
            if len(self.linked) < _MOST and _looks_like_feed(href):
                self.linked.append(href)
        elif tag == "base":
            self.base = self.base or href
        self._in_title = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title and len(self.title) < 1_000:
            self.title += data


def _absolute(base: str, href: str) -> str | None:
    """None for what is no web address."""
    href = href.strip()
    if href.lower().startswith("feed:"):  # a scheme of old readers, before or in place of another one
        rest = href[len("feed:") :]
        href = f"https:{rest}" if rest.startswith("//") else rest
    with suppress(ValueError):
        return safe_url(urldefrag(urljoin(base, href)).url) if href else None
    return None


def _looks_like_feed(href: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(href)
        last = parts.path.rstrip("/").rpartition("/")[2].lower()
        return last in _NAMES or last.endswith(_ENDINGS) or parts.query.startswith("feed=")
    return False


def _is_its_feed(address: str, url: str) -> bool:
    theirs, own = _host(address), _host(url)
    return theirs in _FEED_HOSTS or any(a == b or a.endswith(f".{b}") for a, b in ((theirs, own), (own, theirs)))


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
