"""How much every entry draws every reader: their words, their mutes, their votes. Pure functions.

For each reader and entry:

    words     = max over followed interests of cos(interest, entry)
    liking    = max over liked topics of LEAST_SIMILARITY + (LIKE_MOST − LIKE_DOUBT / votes) · (mean over the liked
                entries of cos(liked, entry) − LIKE_FLOOR)
    close     = max(words, liking)
                − MUTE_WEIGHT · max(0, max over muted lines of cos(line, entry) − MUTE_FLOOR)
                − NAMED_WEIGHT where the entry holds all words of a muted line
    agreed    = close + AGREEMENT · max(0, min(words, liking))
    relevance = agreed, less what a disliked topic takes: a share of what is above the floor where the entry has
                earned a place, so that nothing is hidden by a dislike; up to LESS_WEIGHT elsewhere

So one like counts for less than the reader's own words (0.7 of its cosine), many of one thing for more. Over 18
curators of arXiv papers (a line of theirs, and some of the papers that they had liked) nDCG@10 was .480 with the words
alone, .509 with one like, .522 with 3, .527 with 10, .530 with 20. The larger of the two alone gave .474 to .495 for
the same likes, their plain sum .485 to .523. What is near a muted line is not liked into an issue.
"""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Vectors
from newsletter.ranking.lines import LEAST_SIMILARITY, Lines, lines_of
from newsletter.ranking.tastes import Tastes

MUTE_WEIGHT = 1.5
MUTE_FLOOR = 0.25
NAMED_WEIGHT = 0.5
#: A step outside keeps a wider distance from what is muted.
OUTSIDE_FLOOR = 0.15
#: Where a muted line is as near as this, a like counts for nothing.
MUTE_FULL = 0.4
#: An abstract nearer than this to a liked one is about the same thing: 5 % of a month's papers are nearer than .48, and
#: half of the other papers of one curator are nearer than .49. Below, nothing is "because you liked" something.
LIKE_FLOOR = 0.4
#: How much steeper many likes of one topic are than words, and what one lacks of that.
LIKE_MOST = 2.0
LIKE_DOUBT = 1.3
#: What the weaker of words and likes adds to the stronger.
AGREEMENT = 0.5
#: From where on, and from where on fully, an entry is near a disliked topic.
LESS_FLOOR = 0.3
LESS_FULL = 0.8
#: n dislikes take a share of n / (n + LESS_DOUBT) where they are nearest: one a half, two two thirds.
LESS_DOUBT = 1
#: What full nearness takes from an entry that has no claim to a place, in units of cosine similarity.
LESS_WEIGHT = 0.3
#: Where dislikes take more than this share there is no step outside.
LESS_OUTSIDE = 0.15


@dataclass(frozen=True, slots=True)
class Attraction:
    """What draws a chunk of readers. Arrays of (readers, entries); without votes the first three are one array."""

    #: -inf for what the reader has had, here and in the next two
    close: Vectors
    agreed: Vectors
    relevance: Vectors
    #: of what is usual for a reader, over what they have not had, (readers, 1)
    middle: Vectors
    spread: Vectors
    #: True where an entry is close to something muted
    muted: Booleans
    #: True where a step outside would be a step to what the reader does not want
    unwanted: Booleans
    #: (readers,): True for whoever follows or likes anything
    follows: Booleans
    followed: Lines
    liked: Lines
    #: `liking` and the share that dislikes take (below 1); None where nobody has voted
    liking: Vectors | None
    less: Vectors | None


def attraction_of(
    entries: Vectors,
    general: Vectors,
    tastes: Tastes,
    first: int,
    last: int,
    *,
    seen: Booleans | None,
    named: Booleans | None,
    floor: float,
) -> Attraction:
    """What draws the readers from `first` up to `last`; `seen` and `named` are theirs (see `scoring.rank`)."""
    shape = (last - first, len(entries))
    followed = lines_of(tastes.followed, tastes.follower, entries, first, last)
    liked = lines_of(tastes.liked.vectors, tastes.liked.owner, entries, first, last)
    mutes = lines_of(tastes.muted, tastes.muter, entries, first, last)
    near = mutes.nearest(mutes.similarity) if len(mutes.owner) else None

    follows = np.zeros(shape[0], bool)
    follows[followed.owners] = True
    close = np.empty(shape, np.float32)
    close[follows] = followed.nearest(followed.similarity)
    # What is usual goes by the reader's words, if there are any: no like lifts the floor above what they ask for.
    usual, liking, both = close, None, None
    if len(liked.owner):
        _scale(liked, tastes, _unmuted(shape, mutes, near, named))
        mine = liked.nearest(liked.similarity)
        words = np.where(follows[liked.owners, None], close[liked.owners], -np.inf)
        usual = close.copy()
        usual[liked.owners] = np.where(np.isneginf(words), mine, words)
        close[liked.owners] = np.maximum(words, mine)
        both = AGREEMENT * np.maximum(np.minimum(words, mine), 0)
        liking = np.zeros(shape, np.float32)
        liking[liked.owners] = mine
    follows[liked.owners] = True

    muted, unwanted = np.zeros(shape, bool), np.zeros(shape, bool)
    if near is not None:
        muted[mutes.owners] = near > MUTE_FLOOR
        unwanted[mutes.owners] = near > OUTSIDE_FLOOR
    if named is not None:
        muted |= named
        unwanted |= named
    for values in (close,) if usual is close else (close, usual):
        values[~follows] = general
        if near is not None:
            values[mutes.owners] -= MUTE_WEIGHT * np.maximum(near - MUTE_FLOOR, 0)
        if named is not None:
            values[named] -= NAMED_WEIGHT
        if seen is not None:
            values[seen] = -np.inf
    middle, spread = _middle_and_spread(usual, seen)

    agreed = close
    if both is not None:
        agreed = close.copy()
        agreed[liked.owners] += both
    relevance, less = agreed, None
    disliked = lines_of(tastes.disliked.vectors, tastes.disliked.owner, entries, first, last)
    if len(disliked.owner):
        less = np.zeros(shape, np.float32)
        less[disliked.owners] = _less(disliked, tastes)
        unwanted |= less > LESS_OUTSIDE
        rows = disliked.owners
        relevance = agreed.copy()
        bound = np.maximum(middle + floor * spread, LEAST_SIMILARITY)[rows]
        placed = follows[rows, None] & (close[rows] >= LEAST_SIMILARITY) & (agreed[rows] >= bound)
        relevance[rows] = np.where(
            placed, bound + (agreed[rows] - bound) * (1 - less[rows]), agreed[rows] - LESS_WEIGHT * less[rows]
        )
    return Attraction(close, agreed, relevance, middle, spread, muted, unwanted, follows, followed, liked, liking, less)


def _scale(liked: Lines, tastes: Tastes, unmuted: Vectors) -> None:
    """Turn mean cosines into `liking`, in place."""
    slope = LIKE_MOST - LIKE_DOUBT / tastes.liked.count[liked.low : liked.low + len(liked.owner), None]
    liking = np.multiply(liked.similarity - LIKE_FLOOR, slope, out=liked.similarity)
    liking += LEAST_SIMILARITY
    np.minimum(liking, liking * unmuted[liked.owner], out=liking)


def _unmuted(shape: tuple[int, int], mutes: Lines, near: Vectors | None, named: Booleans | None) -> Vectors:
    """What is left of a like beside what the reader mutes, from 1 down to 0, (readers, entries)."""
    left = np.ones(shape, np.float32)
    if near is not None:
        left[mutes.owners] = 1 - np.clip((near - MUTE_FLOOR) / (MUTE_FULL - MUTE_FLOOR), 0, 1)
    if named is not None:
        left[named] = 0
    return left


def _less(disliked: Lines, tastes: Tastes) -> Vectors:
    """The share of an entry's relevance that dislikes take, (readers who dislike anything, entries): below 1."""
    count = tastes.disliked.count[disliked.low : disliked.low + len(disliked.owner)]
    nearness = np.clip((disliked.similarity - LESS_FLOOR) / (LESS_FULL - LESS_FLOOR), 0, 1)
    return disliked.nearest(np.asarray(nearness * (count / (count + LESS_DOUBT))[:, None], np.float32))


def _middle_and_spread(values: Vectors, seen: Booleans | None) -> tuple[Vectors, Vectors]:
    """Mean and standard deviation of each row, (readers, 1), over the entries not seen yet."""
    usable = values if seen is None else np.where(seen, 0, values)
    count = values.shape[1] if seen is None else np.maximum((~seen).sum(axis=1), 1)
    middle = usable.sum(axis=1) / count
    spread = np.sqrt(np.maximum(np.einsum("ij,ij->i", usable, usable) / count - middle**2, 0)) + 1e-6
    return middle[:, None], spread[:, None]
