"""A piece of a mail, rendered and encoded once, with holes for what differs by reader."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

# Private-use characters: cleaning takes them out of every text that a source gives.
_OPEN, _CLOSE = "\ue000", "\ue001"
_HOLE = re.compile(f"{_OPEN}([\\w.]+){_CLOSE}")

Encode = Callable[[str], bytes]


def hole(name: str) -> Markup:
    """What stands in for a value while a template is rendered."""
    return Markup(f"{_OPEN}{name}{_CLOSE}")  # noqa: S704 — the name is a literal of this package


class Holes(dict[str, object]):
    """A namespace for templates in which every attribute is the hole of that name."""

    def __init__(self, prefix: str, fields: tuple[str, ...]) -> None:
        super().__init__({field: hole(f"{prefix}.{field}") for field in fields})


@dataclass(frozen=True, slots=True)
class Fragment:
    """Literal bytes at even places, empty places for the holes between them."""

    #: b"literal", b"", b"literal", b"", … b"literal"
    pieces: tuple[bytes, ...]
    #: names of the holes, in order
    holes: tuple[str, ...]
    #: characters of the literals before encoding
    size: int

    def filled(self, values: Mapping[str, bytes]) -> list[bytes]:
        """The pieces with the holes filled."""
        pieces = list(self.pieces)
        pieces[1::2] = [values[name] for name in self.holes]
        return pieces

    def partly_filled(self, values: Mapping[str, bytes], size: int) -> "Fragment":
        """The same fragment without the holes that `values` names; `size` is what fills them, unencoded."""
        pieces, holes, literal = [], [], self.pieces[0]
        for n, name in enumerate(self.holes):
            after = self.pieces[2 * n + 2]
            if name in values:
                literal += values[name] + after
            else:
                pieces += [literal, b""]
                holes.append(name)
                literal = after
        return Fragment((*pieces, literal), tuple(holes), self.size + size)


def cut(rendered: str, encode: Encode) -> Fragment:
    """Cut rendered text at its holes and encode what lies between."""
    parts = _HOLE.split(rendered)
    literals = [encode(part) for part in parts[::2]]
    pieces = [b""] * len(parts)
    pieces[::2] = literals
    return Fragment(tuple(pieces), tuple(parts[1::2]), sum(map(len, parts[::2])))


def without_holes(text: str) -> str:
    """Text of the operator's that must not look like a hole."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")
