"""What a page says of itself in JSON-LD, as schema.org words it: the article that it is about."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

#: Nodes that are looked at, and authors that are read.
_MOST_NODES, _MOST_AUTHORS = 500, 500
#: Kinds of things that a page is about, beside all whose name ends in "Article".
_KINDS = frozenset({"BlogPosting", "Book", "Chapter", "Dataset", "Report", "Thesis"})


@dataclass(frozen=True, slots=True)
class Described:
    """An article as its page describes it, not cleaned yet; empty where it says nothing."""

    title: str = ""
    abstract: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    #: DOIs and the like, also as links
    identifiers: tuple[str, ...] = ()


def described_in(scripts: Iterable[str]) -> Described:
    """The first article in a page's JSON-LD; what cannot be read is passed over."""
    for script in scripts:
        try:
            data = json.loads(script)
        except (ValueError, RecursionError):
            continue
        for node in _nodes(data):
            if any(kind.endswith("Article") or kind in _KINDS for kind in _kinds(node)):
                return _described(node)
    return Described()


def _nodes(data: Any) -> Iterator[dict[str, Any]]:
    """The objects at the top, those in lists and graphs, and what a page says it is about."""
    waiting, seen = [data], 0
    while waiting and seen < _MOST_NODES:
        one = waiting.pop(0)
        seen += 1
        if isinstance(one, list):
            waiting += one[:_MOST_NODES]
        elif isinstance(one, dict):
            yield one
            waiting += [one[key] for key in ("@graph", "mainEntity") if key in one]


def _kinds(node: dict[str, Any]) -> list[str]:
    return [kind.rpartition("/")[2] for kind in _texts(node.get("@type"))]


def _described(node: dict[str, Any]) -> Described:
    identifiers = [*_texts(node.get("identifier")), *_texts(node.get("sameAs"))]
    return Described(
        title=_text(node, "headline", "name"),
        abstract=_text(node, "abstract"),
        description=_text(node, "description"),
        authors=tuple(_texts(node.get("author"))[:_MOST_AUTHORS]),
        published=_text(node, "datePublished", "dateCreated"),
        identifiers=tuple(one for one in identifiers if "10." in one or "arxiv" in one.lower()),
    )


def _text(node: dict[str, Any], *keys: str) -> str:
    return next((text for key in keys for text in _texts(node.get(key))), "")


def _texts(value: Any) -> list[str]:
    """What is said, once or several times: as text, or as things that have a name or a value."""
    found = []
    for one in value[:_MOST_AUTHORS] if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            one = next((one[key] for key in ("name", "value", "@value") if isinstance(one.get(key), str)), None)
        if isinstance(one, str) and one.strip():
            found.append(one.strip())
    return found
