"""A mail's HTML as a tree: elements, their attributes, their words. What only Outlook reads is a comment to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
#: What they hold is nobody's reading.
_SILENT = frozenset(("style", "script", "title", "head"))


@dataclass(eq=False)
class Element:
    """An element and what is in it."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)

    @cached_property
    def classes(self) -> frozenset[str]:
        """Its classes."""
        return frozenset(self.attributes.get("class", "").split())

    def walk(self) -> "Iterator[Element]":
        """Itself and all that is below it, in the order of the document."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    @cached_property
    def own_words(self) -> str:
        """The text directly in it, white space tidied; empty where nothing can be seen of it."""
        said = " ".join(child for child in self.children if isinstance(child, str))
        return " ".join("".join(c if c.isprintable() else " " for c in said).split())

    @cached_property
    def words(self) -> str:
        """All text in it."""
        said = (child if isinstance(child, str) else child.words for child in self.children)
        return "" if self.tag in _SILENT else " ".join(" ".join(said).split())


def parse(html: str) -> Element:
    """The document as one element, however it is written."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#document", {})
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in reversed(attrs)}, self._open)
        self._open.children.append(element)
        if tag not in _VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        found: Element | None = self._open
        while found and found.tag != tag:
            found = found.parent
        # An end without a beginning ends nothing.
        if found and found.parent:
            self._open = found.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)
