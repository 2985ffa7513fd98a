"""What tests of pictures share: reading a picture as a program does, and rows that are alike in groups."""

from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np

from newsletter.pictures.coverage import Followed
from newsletter.ranking.arrays import Vectors

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = frozenset("svg g title desc text tspan circle ellipse rect line path defs linearGradient stop".split())


def parsed(svg: str) -> ElementTree.Element:
    """The picture, if it is well-formed and holds nothing but shapes and words."""
    root = ElementTree.fromstring(svg)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= ALLOWED
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or name.endswith("href")]
    return root


def texts(root: ElementTree.Element, tag: str = "text") -> list[str]:
    """What stands in the elements of that name."""
    return ["".join(one.itertext()) for one in root.iter(SVG + tag)]


def tips(root: ElementTree.Element) -> list[str]:
    """What the mouse is told."""
    return texts(root, "title")[1:]


def grouped(groups: Sequence[int], seed: int = 0) -> Vectors:
    """Unit rows: those of one group are near each other and far from all others."""
    rng = np.random.default_rng(seed)
    rows = np.eye(16, dtype=np.float32)[list(groups)] + rng.standard_normal((len(groups), 16)) * 0.08
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def followed(lines: Sequence[str], groups: Sequence[int], pairs: Sequence[tuple[int, int]]) -> Followed:
    """Lines about these groups, and which (reader, line) follow them."""
    vectors = grouped(groups, seed=1) if groups else np.zeros((0, 16), np.float32)
    reader, line = np.array([r for r, _ in pairs], np.intp), np.array([n for _, n in pairs], np.intp)
    return Followed(lines, vectors, reader, line)
