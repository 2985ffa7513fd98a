"""Atom feeds (RFC 4287) of past issues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

_ATOM = "http://www.w3.org/2005/Atom"
ElementTree.register_namespace("", _ATOM)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One issue in a feed."""

    #: never changes, and is nobody else's
    id: str
    title: str
    #: aware
    updated: datetime
    url: str
    summary: str


def atom(*, id_: str, title: str, author: str, self_url: str, url: str, items: Sequence[FeedItem]) -> bytes:
    """The feed as XML; `updated` of an empty one is the beginning of time, for it has never been."""
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    newest = max((item.updated for item in items), default=None)
    _add(feed, "id", id_)
    _add(feed, "title", title)
    _add(feed, "updated", newest.isoformat(timespec="seconds") if newest else "1970-01-01T00:00:00+00:00")
    _add(_add(feed, "author"), "name", author)
    _add(feed, "link", rel="self", type="application/atom+xml", href=self_url)
    _add(feed, "link", rel="alternate", type="text/html", href=url)
    for item in items:
        entry = _add(feed, "entry")
        _add(entry, "id", item.id)
        _add(entry, "title", item.title)
        _add(entry, "updated", item.updated.isoformat(timespec="seconds"))
        _add(entry, "link", rel="alternate", type="text/html", href=item.url)
        _add(entry, "summary", item.summary)
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", {k: _writable(v) for k, v in attributes.items()})
    child.text = _writable(text) or None
    return child


def _writable(text: str) -> str:
    """Without what XML 1.0 has no way to write: it would make the whole feed unreadable."""
    return "".join(c for c in text if c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff")
