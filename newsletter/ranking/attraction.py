"""How much every entry draws every reader: their words, their votes, their mutes. Pure functions.

For each line i of a reader, in standard deviations (z) over the issue's entries and some older ones:

    words(i)    = z(cosine of line and entry) + BM25 · z(BM25 of the line's words)
    said(i)     = trust(n) · (z(words(i)) + z(mean of the FEEDBACK entries that words(i) puts first · entry) / (1 + n))
    relevance   = max over i of  z(said(i) + learned(i))
                + what readers of like taste said of the entry (see `community`)
                + AUTHOR where it is by an author whom the reader follows, and then it is at least at the floor
                − MUTE · max(0, max over muted lines of cos(line, entry) − MUTE_FLOOR)
                − NAMED where the entry holds all words of a muted line, or is by a muted author
                − what a disliked entry takes: a share of what is above the floor where the entry has earned a place,
                  so that nothing is hidden by a dislike; up to LESS elsewhere

The first entries, as far as they are near the line, are seen apart from what is usual, as liked ones are (see `usual`).
`learned` is of n votes that belong to line i (see `learning`); with several lines half of it is of all the reader's
votes together. A reader's own words say nearly all at first, and a part for ever:

    trust(n) = TRUST_LAST + (TRUST_FIRST − TRUST_LAST) / (1 + n / TRUST_VOTES)

The weights are round numbers, found on two months of arXiv papers and 24 curators of them; around each the measure is
flat (`newsletter evaluate`). Cranfield was looked at for one choice alone: how the first entries are seen.
"""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Indices, Vectors, product
from newsletter.ranking.learning import Learned, Liked, groups_of, liked_of
from newsletter.ranking.lines import LEAST_SIMILARITY, Lines, lines_of
from newsletter.ranking.offer import Offer
from newsletter.ranking.tastes import Tastes, Votes

#: What a reader's words weigh beside what was learned: without votes, after very many, and half-way after so many.
TRUST_FIRST, TRUST_LAST, TRUST_VOTES = 2.4, 0.4, 3
#: What a line's very words count beside its meaning: half, as they are found in entries of other things, too.
BM25 = 0.5
#: The first so many tell what a line is about, as long as no votes do (pseudo-relevance feedback).
FEEDBACK = 5
#: In standard deviations, all of these: what an author is worth whom the reader follows,
AUTHOR = 1.0
#: what closeness to a muted line takes, for each whole of cosine similarity above the floor,
MUTE = 15.0
#: what the very words of a muted line take,
NAMED = 5.0
#: and what full nearness to disliked entries takes from an entry that has no claim to a place.
LESS = 2.0
MUTE_FLOOR = 0.25
#: A step outside keeps a wider distance from what is muted.
OUTSIDE_FLOOR = 0.15
#: An abstract nearer than this to a liked one is about the same thing: 5 % of a month's papers are nearer than .48, and
#: half of the other papers of one curator are nearer than .49. Below, nothing is "because you liked" something.
LIKE_FLOOR = 0.4
#: From where on, and from where on fully, an entry is near a disliked one.
LESS_FLOOR = 0.3
LESS_FULL = 0.8
#: Where dislikes take more than this share there is no step outside.
LESS_OUTSIDE = 0.15


@dataclass(frozen=True, slots=True)
class Attraction:
    """What draws a chunk of readers. Arrays of (readers, entries) unless said otherwise."""

    #: all but dislikes, and all; -inf for what the reader has had. For who follows and likes nothing: general scores
    standing: Vectors
    relevance: Vectors
    #: how near it is to a line or a liked entry, in cosine similarity, less what is muted; 1 for a followed author
    closeness: Vectors
    #: True where an entry is close to something muted
    muted: Booleans
    #: True where a step outside would be a step to what the reader does not want
    unwanted: Booleans
    #: True where an entry is by an author whom the reader follows; None where nobody follows one
    authored: Booleans | None
    #: what that adds to their standing
    author: Vectors | None
    #: (readers,): True for whoever follows or likes anything; and for who has several lines
    follows: Booleans
    several: Booleans
    #: number of the first reader
    first: int
    #: lines and their cosines; and what each line makes of every entry: all of it, and the part of the words
    followed: Lines
    drawn: Vectors
    said: Vectors
    #: for readers without a line, what their votes make of every entry, else 0
    learned: Vectors
    #: the votes for more of this chunk (a slice of `Tastes.liked`), and as the issue sees them; None where nobody voted
    votes: Votes
    liked: Liked | None
    #: by reader, and by line: what was learned, and the row there of each reader or line, -1 for none
    by_reader: Learned | None
    by_line: Learned | None
    reader_row: Indices
    line_row: Indices
    #: the standard deviation of each line's sum, (lines,), and of what readers without lines learned, (readers,)
    line_spread: Vectors
    reader_spread: Vectors
    #: the share that dislikes take (below 1); None where nobody dislikes anything
    less: Vectors | None


def trust(votes: Vectors) -> Vectors:
    """What a reader's words weigh beside so many votes."""
    return np.asarray(TRUST_LAST + (TRUST_FIRST - TRUST_LAST) / (1 + votes / TRUST_VOTES), np.float32)


def attraction_of(
    offer: Offer,
    tastes: Tastes,
    first: int,
    last: int,
    *,
    seen: Booleans | None,
    named: Booleans | None,
    authored: Booleans | None,
    floor: float,
    company: Vectors | None = None,
) -> Attraction:
    """What draws the readers from `first` up to `last`; `seen`, `named`, `authored` are theirs (see `ranking.rank`)."""
    entries, readers = len(offer.entries), last - first
    shape = (readers, entries)
    votes = tastes.liked.between(first, last)
    followed = lines_of(tastes.followed, tastes.follower, offer.columns, first, last)
    liked = liked_of(offer, tastes.voted, votes.row, votes.weight) if len(votes.row) else None
    several = np.bincount(followed.owner, minlength=readers) > 1

    reader_row = np.full(readers, -1, np.intp)
    line_row = np.full(len(followed.owner), -1, np.intp)
    by_reader = by_line = None
    if liked is not None:
        by_reader = liked.learn(groups_of(votes.owner))
        reader_row[votes.owner[votes.starts] - first] = np.arange(len(votes.starts))
        # Of somebody with one line the votes of that line are all of theirs.
        own = np.flatnonzero(several[votes.owner - first] & (votes.line >= 0))
        if len(own):
            groups = groups_of(votes.line[own], own)
            by_line = liked.learn(groups)
            line_row[votes.line[own][groups.starts] - followed.low] = np.arange(len(groups.starts))

    drawn, said, line_spread = _by_lines(
        offer, tastes, followed, votes, by_reader, by_line, reader_row, line_row, several
    )
    learned, reader_spread = np.zeros(shape, np.float32), np.ones(readers, np.float32)
    if by_reader is not None:
        without = np.flatnonzero((reader_row >= 0) & (np.bincount(followed.owner, minlength=readers) == 0))
        total = by_reader.total[reader_row[without]]
        reader_spread[without] = offer.spread(total)
        learned[without] = (total / reader_spread[without, None])[:, :entries]

    follows = np.zeros(readers, bool)
    follows[followed.owners] = True
    standing = np.repeat(offer.general[None], readers, axis=0)
    standing[followed.owners] = followed.nearest(drawn)
    if liked is not None:
        alone = (reader_row >= 0) & ~follows
        standing[alone] = learned[alone]
        follows |= alone
    if company is not None:
        standing[follows] += company[follows]
    closeness = _closeness(offer, followed, votes, liked, first, shape)
    author = None
    if authored is not None:
        follows |= authored.any(axis=1)
        lifted = np.where(authored, np.maximum(standing + AUTHOR, floor), standing)
        author, standing = lifted - standing, lifted
        closeness = np.where(authored, np.float32(1), closeness)
    muted, unwanted = _mute(offer, tastes, first, last, named, standing, closeness)
    if seen is not None:
        standing[seen] = -np.inf
    less = _less(offer, tastes, first, last)
    relevance = standing
    if less is not None:
        unwanted |= less > LESS_OUTSIDE
        placed = follows[:, None] & (closeness >= LEAST_SIMILARITY) & (standing >= floor)
        relevance = np.where(placed, floor + (standing - floor) * (1 - less), standing - LESS * less)
    return Attraction(
        standing=standing,
        relevance=relevance,
        closeness=closeness,
        muted=muted,
        unwanted=unwanted,
        authored=authored,
        author=author,
        follows=follows,
        several=several,
        first=first,
        followed=followed,
        drawn=drawn,
        said=said,
        learned=learned,
        votes=votes,
        liked=liked,
        by_reader=by_reader,
        by_line=by_line,
        reader_row=reader_row,
        line_row=line_row,
        line_spread=line_spread,
        reader_spread=reader_spread,
        less=less,
    )


def _by_lines(
    offer: Offer,
    tastes: Tastes,
    followed: Lines,
    votes: Votes,
    by_reader: Learned | None,
    by_line: Learned | None,
    reader_row: Indices,
    line_row: Indices,
    several: Booleans,
) -> tuple[Vectors, Vectors, Vectors]:
    """(What each line makes of every entry, the part of its words, the spread of both before), (lines, entries)."""
    count, entries = len(followed.owner), len(offer.entries)
    if not count:
        nothing = np.zeros((0, entries), np.float32)
        return nothing, nothing, np.ones(0, np.float32)
    words = offer.standard(followed.similarity)
    if offer.wording:
        lines = tastes.words[followed.low : followed.low + count]
        words += BM25 * offer.standard(offer.wording.answers(lines))
    known = votes.of_lines(followed.low, count)
    asked = words[:, : entries if offer.counted is None else int(offer.counted[:entries].sum())]
    firsts = np.argpartition(-asked, min(FEEDBACK, asked.shape[1]) - 1, axis=1)[:, :FEEDBACK]
    about = np.take_along_axis(followed.similarity, firsts, axis=1) >= LEAST_SIMILARITY
    feedback = product(np.einsum("lf,lfd->ld", about.astype(np.float32), offer.white[firsts]), offer.white.T)
    said = trust(known)[:, None] * (offer.standard(words) + offer.standard(feedback) / (1 + known)[:, None])
    said[~tastes.followed[followed.low : followed.low + count].any(axis=1)] = 0
    total = said.copy()
    if by_reader is not None:
        rows = reader_row[followed.owner]
        only = np.flatnonzero((rows >= 0) & ~several[followed.owner])
        total[only] += by_reader.total[rows[only]]
        if by_line is not None:
            own = np.flatnonzero(line_row >= 0)
            total[own] += (by_line.total[line_row[own]] + by_reader.total[rows[own]]) / 2
    spread = offer.spread(total)
    return (total / spread[:, None])[:, :entries], (said / spread[:, None])[:, :entries], spread


def _closeness(
    offer: Offer, followed: Lines, votes: Votes, liked: Liked | None, first: int, shape: tuple[int, int]
) -> Vectors:
    closeness = np.zeros(shape, np.float32)
    if len(followed.owner):
        closeness[followed.owners] = followed.nearest(followed.similarity)[:, : shape[1]]
    if liked is not None:
        near = np.maximum.reduceat(liked.cosine[:, : shape[1]], votes.starts, axis=0) - (LIKE_FLOOR - LEAST_SIMILARITY)
        rows = votes.owner[votes.starts] - first
        closeness[rows] = np.maximum(closeness[rows], near)
    return closeness


def _mute(
    offer: Offer,
    tastes: Tastes,
    first: int,
    last: int,
    named: Booleans | None,
    standing: Vectors,
    closeness: Vectors,
) -> tuple[Booleans, Booleans]:
    """Take away what mutes take, in place. Returns what is muted, and what is no step outside."""
    mutes = lines_of(tastes.muted, tastes.muter, offer.entries, first, last)
    muted, unwanted = np.zeros(standing.shape, bool), np.zeros(standing.shape, bool)
    if len(mutes.owner):
        near, rows = mutes.nearest(mutes.similarity), mutes.owners
        muted[rows], unwanted[rows] = near > MUTE_FLOOR, near > OUTSIDE_FLOOR
        taken = np.maximum(near - MUTE_FLOOR, 0)
        standing[rows] -= MUTE * taken
        closeness[rows] -= 1.5 * taken
    if named is not None:
        muted |= named
        unwanted |= named
        standing -= NAMED * named
        closeness -= 0.5 * named
    return muted, unwanted


def _less(offer: Offer, tastes: Tastes, first: int, last: int) -> Vectors | None:
    """The share of an entry's relevance that dislikes take, (readers, entries): one takes at most half, two two thirds.

    None where nobody of these dislikes anything.
    """
    votes = tastes.disliked.between(first, last)
    if not len(votes.row):
        return None
    near = lines_of(tastes.voted.vectors[votes.row], votes.owner, offer.entries, first, last)
    weight = np.clip((near.similarity - LESS_FLOOR) / (LESS_FULL - LESS_FLOOR), 0, 1) * votes.weight[:, None]
    total = np.zeros((last - first, len(offer.entries)), np.float32)
    total[near.owners] = np.add.reduceat(weight, near.starts, axis=0)
    return np.asarray(total / (1 + total), np.float32)
