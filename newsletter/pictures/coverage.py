"""What readers follow against what an issue holds: which topic serves which reader, and what nobody serves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Indices, Integers, Vectors, product

#: So many wishes without an entry are named; more would be a list and no picture.
MOST_WISHES = 3
#: Lines as near as that are one wish in other words.
_SAME_WISH = 0.5
_CHUNK = 4_000


@dataclass(frozen=True, slots=True)
class Followed:
    """The lines that readers follow; one row for each line that is told from the others."""

    lines: Sequence[str]
    #: unit rows, (lines, dimensions)
    vectors: Vectors
    #: who follows which: a reader's number and a row of `lines`, pair by pair
    reader: Indices
    line: Indices

    @property
    def followers(self) -> Integers:
        """How many follow each line, (lines,)."""
        return np.bincount(self.line, minlength=len(self.lines)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that readers follow and no entry is about."""

    #: the line of it that most follow
    line: int
    #: distinct readers
    readers: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which topic each line is about, and how many readers that makes."""

    #: topic of each line, (lines,); behind the topics come the wishes, and -1 is a rare line that nothing is about
    topic: Integers
    #: distinct readers of each topic
    readers: tuple[int, ...]
    wishes: tuple[Wish, ...]


def coverage(followed: Followed, entries: Vectors, topic: Integers, floor: float) -> Coverage:
    """Give every line to the topic of its nearest entry; where none is nearer than `floor`, it is a wish."""
    topics = int(topic.max(initial=-1)) + 1
    nearest, near = _nearest(followed.vectors, entries)
    found = np.where(near >= floor, topic[nearest], -1)
    wished = np.flatnonzero(near < floor)
    wishes = _wishes(followed, wished[np.argsort(-followed.followers[wished], kind="stable")])
    for n, (_, members) in enumerate(wishes):
        found[members] = topics + n
    return Coverage(
        topic=np.asarray(found, np.int64),
        readers=tuple(distinct(followed, found == one) for one in range(topics)),
        wishes=tuple(wish for wish, _ in wishes),
    )


def distinct(followed: Followed, lines: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """How many readers follow any of these lines, (lines,)."""
    return len(np.unique(followed.reader[lines[followed.line]]))


def _nearest(lines: Vectors, entries: Vectors) -> tuple[Integers, Vectors]:
    """The entry nearest to each line, and how near it is."""
    nearest, near = np.zeros(len(lines), np.int64), np.zeros(len(lines), np.float32)
    for start in range(0, len(lines), _CHUNK):
        similar = product(lines[start : start + _CHUNK], entries.T)
        best = similar.argmax(axis=1)
        nearest[start : start + _CHUNK] = best
        near[start : start + _CHUNK] = np.take_along_axis(similar, best[:, None], axis=1)[:, 0]
    return nearest, near


def _wishes(followed: Followed, wished: Integers) -> list[tuple[Wish, Integers]]:
    """The wishes that most readers have, with their lines; `wished` begins with the line that most follow."""
    open_, found = wished, list[tuple[Wish, Integers]]()
    for leader in wished:
        if leader not in open_ or len(found) == 3 * MOST_WISHES:
            continue
        alike = product(followed.vectors[open_], followed.vectors[leader]) >= _SAME_WISH
        alike |= open_ == leader
        members, open_ = open_[alike], open_[~alike]
        mask = np.zeros(len(followed.lines), bool)
        mask[members] = True
        found.append((Wish(int(leader), distinct(followed, mask)), members))
    return sorted(found, key=lambda one: -one[0].readers)[:MOST_WISHES]
