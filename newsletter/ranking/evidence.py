"""Why an entry has its score: the line, or the liked entry, without which it would be lowest. Pure.

Each piece of evidence is taken away from the sums of `attraction` and `learning`: a line's words, or a liked entry from
all that is learned of it. What is average among the entries, and how much a line's words are trusted, stand as they
are; another line may then draw the entry most. The piece that leaves least behind is the reason.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from newsletter.ranking.arrays import Indices, Integers, Vectors, starts_of
from newsletter.ranking.attraction import AUTHOR, Attraction
from newsletter.ranking.learning import NEAREST, OF, Learned, Liked, highest
from newsletter.ranking.lines import Lines
from newsletter.ranking.wording import GONE


def reasons(attraction: Attraction, chosen: Integers, floor: float) -> tuple[Integers, Integers, Vectors]:
    """For each place the line or the liked entry that its score owes most to, and how much, (readers, places) each.

    A line is a row of `Tastes.followed`, a liked entry one of `Tastes.voted`; -1 where it is the other, or neither.
    floor: as `attraction_of` had it; what its author lifts up to there owes that to nothing else.
    """
    lines = replace(attraction.followed, similarity=attraction.drawn)
    line, _ = lines.nearest_to(chosen)
    owed = np.where(line >= 0, _owed_to_words(attraction, lines, chosen, line), np.float32(-np.inf))
    liked = np.full_like(chosen, -1)
    if attraction.liked is not None:
        vote, lost = _most_missed(attraction, attraction.liked, lines, chosen)
        by_vote = (vote >= 0) & (lost > owed)
        liked[by_vote] = attraction.votes.row[vote[by_vote]]
        line[by_vote] = -1
        owed[by_vote] = lost[by_vote]
    owed[(line < 0) & (liked < 0)] = 0
    if attraction.authored is not None:
        value = np.take_along_axis(attraction.learned, chosen.clip(0), axis=1)
        value[lines.owners] = lines.nearest(np.take_along_axis(lines.similarity, chosen[lines.owner].clip(0), axis=1))
        lifted = np.maximum(value + AUTHOR, floor) - np.maximum(value + AUTHOR - owed, floor)
        owed = np.where(np.take_along_axis(attraction.authored, chosen.clip(0), axis=1), lifted, owed)
    return line, liked, owed


def _owed_to_words(attraction: Attraction, lines: Lines, chosen: Integers, line: Integers) -> Vectors:
    """How much lower each place would be without the words of the line that draws it most, (readers, places)."""
    owed = np.zeros(chosen.shape, np.float32)
    if not len(lines.owner):
        return owed
    entries = chosen[lines.owner].clip(0)
    drawn = np.take_along_axis(attraction.drawn, entries, axis=1)
    won = np.arange(len(lines.owner))[:, None] + lines.low == line[lines.owner]
    without = np.where(won, drawn - np.take_along_axis(attraction.said, entries, axis=1), drawn)
    owed[lines.owners] = lines.nearest(drawn) - lines.nearest(without)
    return owed


def _most_missed(attraction: Attraction, liked: Liked, lines: Lines, chosen: Integers) -> tuple[Integers, Vectors]:
    """The vote without which each place would be lowest, and by how much, (readers, places); -1 where there is none."""
    owner = attraction.votes.owner - attraction.first
    lost = _without_each(attraction, liked, lines, owner, chosen[owner].clip(0))
    best, vote = np.full(chosen.shape, -np.inf, np.float32), np.full_like(chosen, -1)
    starts = attraction.votes.starts
    sizes = np.diff(starts, append=len(owner))
    for n in range(int(sizes.max(initial=0))):
        more = np.flatnonzero(sizes > n)
        rows, numbers = owner[starts[more]], starts[more] + n
        better = lost[numbers] > best[rows]
        best[rows] = np.where(better, lost[numbers], best[rows])
        vote[rows] = np.where(better, numbers[:, None], vote[rows])
    empty = chosen < 0
    vote[empty], best[empty] = -1, -np.inf
    return vote, best


def _without_each(attraction: Attraction, liked: Liked, lines: Lines, owner: Indices, entries: Integers) -> Vectors:
    """How much lower each reader's entries would be without each of their votes, (votes, places)."""
    lost = np.zeros(entries.shape, np.float32)
    if attraction.by_reader is None:
        return lost
    lost = _lost(liked, attraction.by_reader, np.arange(len(owner)), attraction.reader_row[owner], entries)
    own, own_line = np.zeros_like(lost), attraction.votes.line - lines.low
    if attraction.by_line is not None:
        mine = np.flatnonzero(attraction.several[owner] & (attraction.votes.line >= 0))
        row = attraction.line_row[own_line[mine]]
        own[mine] = _lost(liked, attraction.by_line, mine, row, entries[mine])
        # Without the only one of its line all votes together say nothing of that line either.
        only = np.flatnonzero(np.bincount(row)[row] == 1)
        everything = attraction.by_reader.total[attraction.reader_row[owner[mine[only]]][:, None], entries[mine[only]]]
        own[mine[only]] += everything - lost[mine[only]]
    found = lost / attraction.reader_spread[owner][:, None]
    count = np.bincount(lines.owner, minlength=len(attraction.follows))[owner]
    start = np.searchsorted(lines.owner, owner)
    before, after = np.full(lost.shape, -np.inf, np.float32), np.full(lost.shape, -np.inf, np.float32)
    for n in range(int(count.max(initial=0))):
        more = np.flatnonzero(count > n)
        line = start[more] + n
        several = attraction.several[owner[more]]
        taken = np.where(several, np.where(attraction.line_row[line] >= 0, 0.5, 0), 1)[:, None] * lost[more]
        taken += np.where(several & (own_line[more] == line), 0.5, 0)[:, None] * own[more]
        drawn = attraction.drawn[line[:, None], entries[more]]
        before[more] = np.maximum(before[more], drawn)
        after[more] = np.maximum(after[more], drawn - taken / attraction.line_spread[line][:, None])
    followed = count > 0
    found[followed] = before[followed] - after[followed]
    return np.asarray(found, np.float32)


def _lost(liked: Liked, learned: Learned, votes: Indices, group: Indices, entries: Integers) -> Vectors:
    """What each vote's group would lose of each of its entries without it, (votes, places).

    votes: numbers of votes, group by group. group: the group of each. entries: (votes, places), columns.
    """
    offer, places = liked.offer, entries.shape[1]
    weight, total = liked.weight[votes][:, None], learned.totals[group][:, None]
    starts = starts_of(group)
    sizes = np.diff(starts, append=len(group))
    near = np.stack(
        [np.einsum("ij,ij->i", liked.white[votes], offer.white[entries[:, n]]) for n in range(places)], axis=1
    )
    summed = np.repeat(np.add.reduceat(weight * near, starts, axis=0), sizes, axis=0)
    left = total - weight
    mean_left = np.where(left > GONE, (summed - weight * near) / np.maximum(left, GONE), 0)
    spread = learned.spread[group]
    lost = (summed / total - mean_left) / spread[:, :1]
    cosine = np.take_along_axis(liked.cosine[votes], entries, axis=1)
    lost += NEAREST * _without(cosine, starts, sizes) / spread[:, 2:]
    if offer.wording and liked.words is not None and learned.counts is not None:
        words = liked.words[votes]
        shared = offer.wording.lost(words, weight[:, 0], group, learned.counts, learned.totals, entries)
        lost += shared / spread[:, 1:2]
    alone = np.repeat(sizes, sizes) == 1
    lost[alone] = learned.total[group[alone][:, None], entries[alone]]
    return np.asarray(lost, np.float32)


def _without(cosine: Vectors, starts: Indices, sizes: Indices) -> Vectors:
    """By how much the mean of the `OF` nearest of each group is lower without each vote, (votes, places)."""
    first = highest(cosine, starts, OF + 1)
    least = first[OF - 1]
    *first, following = (np.where(np.isneginf(one), 0, one) for one in first)
    summed, count = sum(first), np.minimum(sizes, OF)[:, None]
    fewer = np.maximum(np.minimum(sizes - 1, OF), 1)[:, None]

    def each(of_group: Any) -> Any:
        return np.repeat(of_group, sizes, axis=0)

    left = (each(summed + following) - cosine) / each(fewer)
    return np.asarray(np.where(cosine >= each(least), each(summed / count) - left, 0), np.float32)
