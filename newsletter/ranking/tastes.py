"""The interests and the votes of many readers as arrays, ready to be scored at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from newsletter.ranking.arrays import Booleans, Indices, Vectors
from newsletter.ranking.topics import Topics, topics_of
from newsletter.ranking.votes import Vote
from subscribers.interests import Interest


def _nothing() -> Vectors:
    return np.zeros((0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Voted:
    """The entries that some readers voted on."""

    #: one unit row an entry, (entries, dimensions)
    vectors: Vectors = field(default_factory=_nothing)
    titles: tuple[str, ...] = ()
    #: entry id → row
    row: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tastes:
    """What some readers follow, mute, like and dislike. Several interests of one person stay several vectors."""

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
    #: what readers voted on
    voted: Voted = field(default_factory=Voted)
    #: of that, what they want more of, and what less of
    liked: Topics = field(default_factory=Topics)
    disliked: Topics = field(default_factory=Topics)

    @property
    def follows(self) -> Booleans:
        """(readers,): True for whoever follows or likes anything, and so gets an issue of their own."""
        counts = np.bincount(self.follower, minlength=self.readers)
        return (counts + np.bincount(self.liked.owner, minlength=self.readers)) > 0


def tastes_of(
    readers: Sequence[Sequence[Interest]],
    vectors: Mapping[str, Vectors],
    dimensions: int,
    votes: Sequence[Sequence[Vote]] = (),
    voted: Voted | None = None,
) -> Tastes:
    """Put readers' interests and votes into arrays.

    `vectors` holds one unit vector per interest's text. `votes` are those of the same readers, newest first; what is
    not among `voted` does not count.
    """
    rows = [(n, interest) for n, interests in enumerate(readers) for interest in interests]
    followed = [(n, i.text) for n, i in rows if not i.muted]
    muted = [(n, i.text) for n, i in rows if i.muted]
    voted = voted or Voted()

    def stack(texts: list[str]) -> Vectors:
        return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, dimensions), np.float32)

    def topics(value: int) -> Topics:
        return topics_of([[voted.row[v.entry_id] for v in own if v.value == value] for own in known], voted.vectors)

    known = [[vote for vote in own if vote.entry_id in voted.row] for own in votes] if voted.row else []
    return Tastes(
        readers=len(readers),
        followed=stack([text for _, text in followed]),
        follower=np.array([n for n, _ in followed], np.intp),
        muted=stack([text for _, text in muted]),
        muter=np.array([n for n, _ in muted], np.intp),
        words=tuple(text for _, text in followed),
        voted=voted,
        liked=topics(1),
        disliked=topics(-1),
    )
