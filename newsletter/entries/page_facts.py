"""One web page → the entry that it is about: title, summary, authors, date, identifiers, its own link.

Pages say these in several ways, which are asked in the order of trust: the tags that scholarly pages carry for search
engines (citation_…, which arXiv, publishers and OpenReview write), then OpenGraph, Dublin Core, schema.org's JSON-LD,
and what every page has, its title and description. Nothing here is trusted: text is cleaned, links are checked.
"""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from email.message import Message
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from newsletter.entries.entry import ParsedEntry
from newsletter.entries.images import safe_image
from newsletter.entries.linked_data import Described, described_in
from newsletter.entries.text import clean_names, clean_summary, clean_text, clean_title, decode, parse_date, safe_url
from subscribers.papers import canonical_url

#: Characters of a page that are read: what it says of itself stands at its beginning.
MOST_CHARACTERS = 1_000_000
#: Bytes among which a page must name its charset (the HTML standard asks for 1,024).
_PRESCANNED = 4_096
#: Values of one name that are kept, and characters of all of them.
_MOST_VALUES, _MOST_TEXT = 500, 200_000
#: Codecs that are no charset of a page: slow on text made for it, or loud about errors.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})

_TITLES = ("citation_title", "og:title", "dc.title", "dcterms.title")
_SUMMARIES = ("citation_abstract", "og:description", "dc.description", "dcterms.abstract", "description")
_AUTHORS = ("citation_author", "citation_authors", "dc.creator", "dcterms.creator", "article:author", "author")
_DATES = (
    "citation_date",
    "citation_publication_date",
    "citation_online_date",
    "article:published_time",
    "dc.date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.date",
)
_IDENTIFIERS = (
    "citation_doi",
    "citation_arxiv_id",
    "dc.identifier",
    "dcterms.identifier",
    "prism.doi",
    "bepress_citation_doi",
)
_IMAGES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
#: What stands between a page's title and its site's name.
_BEFORE_SITE = (" | ", " - ", " – ", " — ", " · ", " :: ")


def is_page(content_type: str, content: bytes) -> bool:
    """Whether it is HTML: by what the server says, or by how it begins where the server says nothing of use."""
    kind = kind_of(content_type)
    if kind in ("text/html", "application/xhtml+xml"):
        return True
    start = content[:1_024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return kind in ("", "text/plain", "application/octet-stream") and start.startswith((b"<!doctype html", b"<html"))


def kind_of(content_type: str) -> str:
    """text/html, say, without what follows it; empty for none."""
    return _kind(content_type).get_content_type() if content_type.strip() else ""


def page_about(url: str) -> str:
    """The page about a paper where the link leads to its file on arXiv; any other link as it is."""
    parts = urlsplit(url)
    if (parts.hostname or "").removeprefix("www.") in ("arxiv.org", "export.arxiv.org"):
        for start in ("/pdf/", "/html/"):
            if parts.path.startswith(start):
                return f"https://arxiv.org/abs/{parts.path.removeprefix(start).removesuffix('.pdf')}"
    return url


def page_facts(content: bytes, content_type: str, url: str, *, today: date) -> ParsedEntry:
    """What the page says of itself; `url` is where it was found.

    The title is empty where the page has none. Never raises for the page's sake.
    """
    page = _Page()
    page.read(page_text(content, content_type))
    said, data = page.said, described_in(page.scripts)
    site = next(iter(said.get("og:site_name", ())), "")
    titles = [*_values(said, _TITLES[:2]), data.title, *_values(said, _TITLES[2:]), _without_site(page.title, site)]
    summaries = [*_values(said, _SUMMARIES[:1]), data.abstract, *_values(said, _SUMMARIES[1:]), data.description]
    dates = [*_values(said, _DATES), data.published]
    identifiers = (*_identifiers(said), *data.identifiers)
    return ParsedEntry(
        title=_first(clean_title(title) for title in titles),
        summary=_first(clean_summary(summary) for summary in summaries),
        authors=_authors(said, data),
        url=_own_url(page.canonical, said, url),
        identifiers=tuple(dict.fromkeys(clean_text(one)[:200] for one in identifiers[:20] if one.strip())),
        published=next((day for one in dates if (day := _date(one, today))), None),
        image=_image(said, url),
    )


def name_of_file(url: str) -> str:
    """The last part of the address as a title; its host where it has no path."""
    parts = urlsplit(url)
    name = unquote(parts.path).rstrip("/").rpartition("/")[2]
    return clean_title(name) or parts.hostname or url


class _Page(HTMLParser):
    """Collects what a page says of itself."""

    def __init__(self) -> None:
        super().__init__()
        #: what the page's meta tags say, by their name in lower case
        self.said: dict[str, list[str]] = {}
        self.title = ""
        self.canonical = ""
        self.charset = ""
        #: JSON-LD, not read yet
        self.scripts: list[str] = []
        self._room = _MOST_TEXT
        self._inside = ""
        self._text: list[str] = []

    def read(self, text: str) -> None:
        # Without close(): what is broken off at the end says nothing, and is slow to look at.
        with suppress(AssertionError, ValueError):  # what HTMLParser raises for "<![" and for endless numbers
            self.feed(text[:MOST_CHARACTERS])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self._meta(dict(reversed(attrs)))
        elif tag == "link":
            given = dict(reversed(attrs))
            if "canonical" in (given.get("rel") or "").lower().split() and not self.canonical:
                self.canonical = given.get("href") or ""
        elif tag == "title" and not self.title:
            self._begin("title")
        elif tag == "script" and (dict(attrs).get("type") or "").strip().lower() == "application/ld+json":
            self._begin("script")
        elif tag == "svg":
            self._begin("svg")  # whose titles are not the page's
        elif self._inside == "title":
            self._end("title")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("title", "svg", "script"):
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._end(tag)

    def handle_data(self, data: str) -> None:
        if self._inside in ("title", "script") and self._room > 0:
            self._room -= len(data)
            self._text.append(data)

    def _begin(self, tag: str) -> None:
        if self._inside != "svg":
            self._inside, self._text = tag, []

    def _end(self, tag: str) -> None:
        if tag != self._inside:
            return
        text = "".join(self._text)
        if tag == "title":
            self.title = text.strip()
        elif tag == "script":
            self.scripts.append(text)
        self._inside = ""

    def _meta(self, given: dict[str, str | None]) -> None:
        self.charset = self.charset or given.get("charset") or ""
        if (given.get("http-equiv") or "").lower() == "content-type" and not self.charset:
            self.charset = _charset(given.get("content") or "")
        name = (given.get("property") or given.get("name") or "").strip().lower()
        content = (given.get("content") or "").strip()
        if name and content and self._room > 0:
            self._room -= len(content)
            values = self.said.setdefault(name[:100], [])
            if len(values) < _MOST_VALUES:
                values.append(content)


def page_text(content: bytes, content_type: str) -> str:
    """The page's characters: by its byte order mark, the header, its own word, or else by guessing."""
    content = content[: MOST_CHARACTERS * 4]
    if content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        return decode(content)
    if (text := decoded_as(content, _charset(content_type))) is not None:
        return text
    start = _Page()
    start.read(content[:_PRESCANNED].decode("latin-1"))
    # A page whose first tags can be read so is not in UTF-16, whatever it says.
    named = "" if start.charset.lower().replace("_", "-").startswith(("utf-16", "utf-32")) else start.charset
    text = decoded_as(content, named)
    return decode(content) if text is None else text


def decoded_as(content: bytes, charset: str) -> str | None:
    """None where there is no such charset."""
    with suppress(LookupError, ValueError):
        name = codecs.lookup(charset.strip()).name.replace("_", "-")
        if name in ("ascii", "iso8859-1"):
            name = "cp1252"  # as every browser reads them
        if name not in _NO_CHARSETS:
            return content.decode(name, "replace")
    return None


def _charset(content_type: str) -> str:
    return str(_kind(content_type).get_param("charset", "")) if "charset" in content_type.lower() else ""


def _kind(content_type: str) -> Message:
    message = Message()
    message["Content-Type"] = " ".join(content_type.split())[:300]
    return message


def _values(said: dict[str, list[str]], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from said.get(name, ())


def _first(values: Iterable[str]) -> str:
    return next(filter(None, values), "")


def _without_site(title: str, site: str) -> str:
    """A page's title without its site's name at the end."""
    for mark in _BEFORE_SITE:
        if site and title.casefold().endswith(f"{mark}{site}".casefold()):
            return title[: -len(mark + site)]
    return title


def _authors(said: dict[str, list[str]], data: Described) -> tuple[str, ...]:
    for name in _AUTHORS:
        values = said.get(name, ())
        # Links to profiles are no names; some pages give all names in one value.
        several = [one for value in values if "://" not in value for one in value.split(";")]
        if names := clean_names([_in_order(one) for one in several]):
            return names
    return clean_names(list(data.authors))


def _in_order(name: str) -> str:
    """ "Lovelace, Ada" the way people say it."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() and "," not in first else name


def _identifiers(said: dict[str, list[str]]) -> list[str]:
    found = []
    for name in _IDENTIFIERS:
        for value in said.get(name, ()):
            if "arxiv" in name:
                found.append(f"arxiv:{value}")
            elif "doi" in name:
                found.append(value if "doi" in value.lower() else f"doi:{value}")
            else:
                found.append(value)
    return found


def _own_url(canonical: str, said: dict[str, list[str]], url: str) -> str:
    """The link that the page itself goes by, if it is on the same site and no front page; else where it was found."""
    for named in (canonical, *said.get("og:url", ())):
        with suppress(ValueError):
            link = safe_url(urljoin(url, named.strip())) if named.strip() else None
            if link and _site(link) == _site(url) and canonical_url(link):
                return link
    return url


def _image(said: dict[str, list[str]], url: str) -> str:
    """The first picture that the page wants to be shown with."""
    for named in _values(said, _IMAGES):
        with suppress(ValueError):
            if image := safe_image(urljoin(url, named)):
                return image
    return ""


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _date(value: str, today: date) -> date | None:
    """2026/3/7, 2026-03-07, or a moment of that day; a year or a month alone is no day."""
    day, _, rest = value.strip()[:40].replace("/", "-").partition("T")
    parts = day.split("-")
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        day = f"{parts[0]}-{parts[1]:0>2}-{parts[2]:0>2}"
    return parse_date(f"{day}T{rest}" if rest else day, today)
