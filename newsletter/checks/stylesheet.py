"""The little of CSS that mails use: rules, selectors of tags and classes, by day and by night.

A selector that we do not know (`:hover`, `[data-ogsc]`, `+`) matches nothing, and so does a rule for print or for a
narrow screen: they are not what a mail looks like at first.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from newsletter.checks.page import Element

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark")
_SIMPLE = re.compile(r"(?P<tag>\*|[a-zA-Z][\w-]*)?(?P<names>([.#][\w-]+)*)")
#: Nothing that lies deeper in a sheet is any mail's.
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Declaration:
    """One property's value."""

    value: str
    important: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """One simple selector: `a.ink`; `child` where it must stand directly in the one before."""

    tag: str
    classes: frozenset[str]
    id: str
    child: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector and what it says."""

    parts: tuple[_Part, ...]
    declarations: Mapping[str, Declaration]
    #: only for a dark screen
    dark: bool

    @property
    def weight(self) -> tuple[int, int, int]:
        """How exact the selector is: ids, classes, tags."""
        parts = self.parts
        return (sum(bool(p.id) for p in parts), sum(len(p.classes) for p in parts), sum(bool(p.tag) for p in parts))

    def matches(self, element: Element) -> bool:
        """Is it about this element?"""
        return _fits(self.parts[-1], element) and _leads_to(self.parts, element)


def parse_sheet(text: str) -> list[Rule]:
    """The rules of a style sheet that count on a screen of common width."""
    return list(_rules(_COMMENT.sub("", text), dark=False))


# The same few hundred styles stand in every card of every copy.
@lru_cache(2_000)
def declarations(text: str) -> Mapping[str, Declaration]:
    """What a style attribute, or the inside of a rule, says; of two values of a property the later one."""
    found: dict[str, Declaration] = {}
    for one in re.split(r";(?![^(]*\))", text):
        name, colon, value = one.partition(":")
        if colon:
            plain, mark, _ = value.lower().partition("!important")
            found[name.strip().lower()] = Declaration(plain.strip(), bool(mark))
    return found


def _rules(text: str, *, dark: bool, depth: int = 0) -> Iterator[Rule]:
    for head, body in _blocks(text):
        if head.startswith("@media") and depth < _DEEPEST:
            condition = head.lower()
            if _DARK.search(condition):
                yield from _rules(body, dark=True, depth=depth + 1)
            elif not re.search(r"width|print|prefers|orientation|device", condition):
                yield from _rules(body, dark=dark, depth=depth + 1)
        elif not head.startswith("@"):
            said = declarations(body)
            for selector in head.split(","):
                if parts := _parts(selector.strip()):
                    yield Rule(parts, said, dark)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(what stands before a brace, what stands between it and its fellow)."""
    depth = start = begin = 0
    head = ""
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            if depth == 0:
                # An @import or @charset ends before it.
                head, begin = text[start : brace.start()].rpartition(";")[2].strip(), brace.end()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield head, text[begin : brace.start()]
                start = brace.end()


def _parts(selector: str) -> tuple[_Part, ...]:
    """The simple selectors from the outermost to the one that is meant; empty for one that we do not know."""
    parts: list[_Part] = []
    child = False
    for word in selector.replace(">", " > ").split():
        if word == ">":
            child = True
            continue
        found = _SIMPLE.fullmatch(word)
        if not found:
            return ()
        names = re.findall(r"([.#])([\w-]+)", found["names"])
        tag = (found["tag"] or "").replace("*", "").lower()
        classes = frozenset(name for mark, name in names if mark == ".")
        parts.append(_Part(tag, classes, next((name for mark, name in names if mark == "#"), ""), child))
        child = False
    return tuple(parts)


def _fits(part: _Part, element: Element) -> bool:
    return (
        (not part.tag or part.tag == element.tag)
        and part.classes <= element.classes
        and (not part.id or part.id == element.attributes.get("id"))
    )


def _leads_to(parts: tuple[_Part, ...], element: Element) -> bool:
    """Do the elements around it fit the parts before the last, which fits itself?"""
    if len(parts) == 1:
        return True
    before, above = parts[:-1], element.parent
    while above is not None:
        if _fits(before[-1], above) and _leads_to(before, above):
            return True
        if parts[-1].child:
            return False
        above = above.parent
    return False
