"""The picture that may stand with an entry: which links a mail may show as one, and which of several is the best.

What is no picture of the entry is left out: pixels that count readers, icons, faces, logos of sites. Nothing is
fetched here; a link is judged by itself and by the size that its source says it has.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

from newsletter.entries.text import MAX_RAW, MAX_URL, safe_url

#: Of several sizes the smallest that is at least so wide: sharp on a fine screen, not heavier than need be.
WIDE_ENOUGH = 480
#: Pixels on either side; what is smaller is an icon or counts readers.
SMALLEST = 48
#: Pictures of one text that are looked at.
_MOST_LOOKED_AT = 20

#: A server's name; a number at its end would make it an address.
_NAME = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*", re.ASCII)
#: Networks that are nobody else's, and names that are reserved.
_NOT_PUBLIC = frozenset(
    "arpa corp home internal intranet invalid lan local localdomain localhost onion private test".split()
)
#: What mail programs show as no picture: drawings, films, pages, formats that most of them do not know.
_NOT_SHOWN = frozenset(
    "aspx asp avif bmp css heic heif htm html ico js json jsp m4a m4v mov mp3 mp4 ogg pdf php svg svgz tif tiff webm "
    "xml".split()
)
#: Servers, with all below them, whose pictures count readers, advertise, or are faces, badges and emoji.
_NO_PICTURES = frozenset(
    """
    amazon-adsystem.com assoc-amazon.com badge.fury.io counter.theconversation.com doubleclick.net
    feedburner.com feeds.wordpress.com feedsportal.com google-analytics.com googleadservices.com googlesyndication.com
    googletagmanager.com gravatar.com list-manage.com list-manage2.com pixel.wp.com quantserve.com s.w.org
    scorecardresearch.com shields.io statcounter.com stats.wordpress.com stats.wp.com
    """.split()
)
#: Folders and whole names of files that say the same.
_COUNTING = re.compile(
    r"/(?:tracker|tracking|pixels?|beacon|~r|~ff)/"
    r"|/_/stat$"
    r"|/(?:1x1|beacon|blank|clear|count|counter|empty|pixel|spacer|tracker|tracking|transparent)(?:\.[a-z]{3,4})?$"
)
_ONE_PIXEL = re.compile(r"(?:^|&)(?:w|h|width|height)=[01](?:&|$)")
#: In the name of a file: a site's sign or a stand-in, on each of its pages the same.
_SIGN = re.compile(r"(?<![a-z])(?:avatar|badge|emoji|favicon|icons?|logos?|placeholder)(?![a-z])")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")


@dataclass(frozen=True, slots=True)
class Offered:
    """A picture as a source offers it, not judged yet."""

    url: object
    #: as the source writes them: "640", 640, "640px"; anything else counts as unknown
    width: object = None
    height: object = None


def safe_image(raw: object) -> str:
    """The link, in ASCII, if a mail may show it as a picture: public, https, no counter; else empty."""
    url = safe_url(raw)
    if url is None:
        return ""
    url = quote(url, safe="!#$%&'()*+,/:;=?@[]~")
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if len(url) > MAX_URL or parts.scheme != "https" or parts.port not in (None, 443) or not _is_public(host):
        return ""
    path = parts.path.lower()
    name = path.rpartition("/")[2]
    if name.rpartition(".")[2] in _NOT_SHOWN or _COUNTING.search(path) or _SIGN.search(name):
        return ""
    return "" if _ONE_PIXEL.search(parts.query.lower()) or _is_among(host, _NO_PICTURES) else url


def best_image(offered: Iterable[Offered]) -> str:
    """The link to the best of them, the first of equals; empty where none may be shown.

    One of no known size counts as wide enough, for sources mostly offer one that fits.
    """
    best, best_rank = "", (2, 0)
    for one in offered:
        width, height = _pixels(one.width), _pixels(one.height)
        too_small = any(side is not None and side < SMALLEST for side in (width, height))
        if too_small or not (url := safe_image(one.url)):
            continue
        width = WIDE_ENOUGH if width is None else width
        rank = (0, width) if width >= WIDE_ENOUGH else (1, -width)
        if rank < best_rank:
            best, best_rank = url, rank
    return best


def first_image(html: str) -> str:
    """The link to the first picture in a text that may be shown; empty for none."""
    html = html[:MAX_RAW]
    if "<img" not in html.lower():  # most texts, which need no closer look
        return ""
    seen = _Images()
    with suppress(AssertionError, ValueError, _Enough):  # the first two are what HTMLParser raises for broken markup
        seen.feed(html)
    return seen.found


def image_of_item(item: Any, content: str) -> str:
    """The picture of an item as feedparser gives it; `content` is its longest text, as HTML.

    What it says outright comes first: Media RSS, iTunes, an enclosure; then the first picture of its text.
    """
    media = [Offered(one.get("url"), one.get("width"), one.get("height")) for one in _media(item)]
    own = item.get("image")
    said = own.get("href") if isinstance(own, dict) else None
    enclosed = [
        Offered(link.get("href"))
        for link in item.get("links") or ()
        if link.get("rel") == "enclosure" and _is_picture(link.get("type"), link.get("href"))
    ]
    return best_image(media) or safe_image(said) or best_image(enclosed) or first_image(content)


def _media(item: Any) -> list[Any]:
    """Media RSS: thumbnails, then contents that are pictures."""
    contents = item.get("media_content") or ()
    pictures = [one for one in contents if one.get("medium") == "image" or _is_picture(one.get("type"), one.get("url"))]
    return [*(item.get("media_thumbnail") or ()), *pictures]


def _is_picture(kind: object, url: object) -> bool:
    """By its type; where it has none, by its name."""
    if kind:
        return str(kind).lower().startswith("image/")
    return bool(re.search(r"\.(?:jpe?g|png|gif|webp)(?:\?|$)", str(url).lower()))


def _is_public(host: str) -> bool:
    """Whether it looks like a name on the public internet."""
    return _NAME.fullmatch(host) is not None and host.rpartition(".")[2] not in _NOT_PUBLIC


def _is_among(host: str, names: frozenset[str]) -> bool:
    labels = host.split(".")
    return any(".".join(labels[n:]) in names for n in range(len(labels)))


def _pixels(said: object) -> int | None:
    """A length in pixels; None where it is none."""
    found = re.fullmatch(r"\s*(\d{1,5})(?:\.\d{1,9})?\s*(?:px)?\s*", str(said), re.ASCII)
    return int(found[1]) if found else None


class _Enough(Exception):
    """Ends the reading of a text."""


class _Images(HTMLParser):
    """Looks for the first picture that may be shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found = ""
        self._looked_at = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "img":
            return
        given = dict(reversed(attrs))
        self._looked_at += 1
        if not _HIDDEN.search((given.get("style") or "").lower()):
            self.found = best_image([Offered(given.get("src"), given.get("width"), given.get("height"))])
        if self.found or self._looked_at == _MOST_LOOKED_AT:
            raise _Enough
