"""The interests of many readers as arrays, ready to be scored at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from newsletter.ranking.embedding import Vectors
from subscribers.interests import Interest

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Tastes:
    """What some readers follow and mute. Several interests of one person stay several vectors."""

    #: how many readers
    readers: int
    #: one row an interest, (interests, dimensions), grouped by reader in ascending order
    followed: Vectors
    #: whose it is, (interests,)
    follower: Indices
    #: the same for what is muted
    muted: Vectors
    muter: Indices
    #: the words of each followed interest
    words: tuple[str, ...]


def tastes_of(readers: Sequence[Sequence[Interest]], vectors: Mapping[str, Vectors], dimensions: int) -> Tastes:
    """Put readers' interests into arrays; `vectors` holds one unit vector per interest's text."""
    rows = [(n, interest) for n, interests in enumerate(readers) for interest in interests]
    followed = [(n, i.text) for n, i in rows if not i.muted]
    muted = [(n, i.text) for n, i in rows if i.muted]

    def stack(texts: list[str]) -> Vectors:
        return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, dimensions), np.float32)

    return Tastes(
        readers=len(readers),
        followed=stack([text for _, text in followed]),
        follower=np.array([n for n, _ in followed], np.intp),
        muted=stack([text for _, text in muted]),
        muter=np.array([n for n, _ in muted], np.intp),
        words=tuple(text for _, text in followed),
    )
