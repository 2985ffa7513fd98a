"""Who likes what: all readers against all entries, as matrices. Pure functions; nothing is opened here.

`attraction` says how much an entry draws a reader, `choosing` who gets which places. A reader who follows and likes
nothing has the general score instead (popularity where known, else how central an entry is).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Integers, Vectors, product
from newsletter.ranking.attraction import Attraction, attraction_of
from newsletter.ranking.choosing import Field, choose, step_outside, with_own_places
from newsletter.ranking.tastes import Tastes

#: Readers scored at once: memory stays flat however many there are.
CHUNK = 1_000
#: Topics that readers voted on, a reader on average, for which half as many are.
_TOPICS = 3


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best entries of every reader. Arrays of shape (readers, places); -1 marks an empty place."""

    #: index of the entry, most relevant first
    entry: Integers
    relevance: Vectors
    #: how near it is to the interest or the liked entry, less what is muted
    closeness: Vectors
    #: how many standard deviations it was above the reader's average entry, before dislikes
    standing: Vectors
    #: row of `Tastes.followed` that the closeness comes from; -1 where it comes from a liked entry, or from nothing
    interest: Integers
    #: row of `Tastes.voted` that the closeness comes from; -1 where it comes from words, or from nothing
    liked: Integers
    #: (readers,): one entry each outside the reader's interests, or -1
    outside: Integers
    #: (readers, entries): True where an entry is close to something muted
    muted: Booleans


def general_scores(entries: Vectors, popularity: list[int | None]) -> Vectors:
    """What an entry is worth to somebody unknown, (entries,), between about -1 and 1.

    Popularity where the sources tell it (log, standardised), and a little of how central the entry is.
    """
    if not len(entries):
        return np.zeros(0, np.float32)
    centre = entries.mean(axis=0)
    central = _standard(product(entries, centre))
    known = np.array([p is not None for p in popularity])
    liked = np.zeros(len(entries), np.float32)
    if known.any():
        liked[known] = _standard(np.log1p(np.array([p for p in popularity if p is not None], np.float32))) + 1
    return np.asarray(0.25 * liked + 0.05 * central, np.float32)


def rank(
    entries: Vectors,
    tastes: Tastes,
    general: Vectors,
    places: int,
    *,
    seen: Booleans | None = None,
    named: Booleans | None = None,
    elsewhere: Sequence[int] = (),
    floor: float = 0.0,
    seed: int = 0,
    alike: Vectors | None = None,
) -> Ranking:
    """Choose up to `places` entries for every reader.

    entries: (entries, dimensions), unit rows. general: (entries,).
    seen: (readers, entries), True where a reader has had that entry.
    named: (readers, entries), True where an entry holds the words of something that the reader mutes.
    elsewhere: entries that have a place in the issue anyway.
    floor: standard deviations above a reader's average entry that earn a place; no dislike takes that away.
    seed: decides the step outside, the same for the same issue.
    alike: (entries, entries), the cosines between entries, where they are known already.
    """
    places = min(places, len(entries))
    if not tastes.readers or not places:
        numbers, nothing = np.zeros((tastes.readers, 0), np.float32), np.zeros((tastes.readers, 0), np.int64)
        outside = np.full(tastes.readers, -1, np.int64)
        muted = np.zeros((tastes.readers, len(entries)), bool)
        return Ranking(nothing, numbers, numbers, numbers, nothing, nothing, outside, muted)
    appeal = general.copy()
    appeal[list(elsewhere)] = -np.inf
    alike = product(entries, entries.T) if alike is None else alike
    field = Field(entries, alike, general, appeal, places, seed)
    topics = (len(tastes.liked.owner) + len(tastes.disliked.owner)) / tastes.readers
    chunk = max(1, int(CHUNK / (1 + topics / _TOPICS)))
    parts = [
        _rank_chunk(
            field,
            tastes,
            first,
            last := min(first + chunk, tastes.readers),
            None if seen is None else seen[first:last],
            None if named is None else named[first:last],
            floor,
        )
        for first in range(0, tastes.readers, chunk)
    ]
    return Ranking(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _rank_chunk(
    field: Field,
    tastes: Tastes,
    first: int,
    last: int,
    seen: Booleans | None,
    named: Booleans | None,
    floor: float,
) -> tuple[Integers, Vectors, Vectors, Vectors, Integers, Integers, Integers, Booleans]:
    attraction = attraction_of(field.entries, field.general, tastes, first, last, seen=seen, named=named, floor=floor)
    chosen = choose(with_own_places(attraction, seen), field)
    value = _at(attraction.relevance, chosen)
    order = np.argsort(-value, axis=1, kind="stable")
    chosen, value = np.take_along_axis(chosen, order, axis=1), np.take_along_axis(value, order, axis=1)
    voted = attraction.relevance is not attraction.close
    closeness = _at(attraction.close, chosen) if voted else value
    standing = ((_at(attraction.agreed, chosen) if voted else value) - attraction.middle) / attraction.spread
    interest, liked = _sources(attraction, tastes, chosen, field.entries)
    outside = step_outside(field, attraction, chosen, _dice(attraction, tastes))
    return (
        chosen,
        np.asarray(value, np.float32),
        np.asarray(closeness, np.float32),
        np.asarray(standing, np.float32),
        interest,
        liked,
        outside,
        attraction.muted,
    )


def _at(values: Vectors, chosen: Integers) -> Vectors:
    """The values of the chosen entries; -inf at an empty place."""
    return np.where(chosen >= 0, np.take_along_axis(values, chosen.clip(0), axis=1), -np.inf)


def _sources(attraction: Attraction, tastes: Tastes, chosen: Integers, entries: Vectors) -> tuple[Integers, Integers]:
    """For each place the interest or the liked entry that its closeness comes from (see `Ranking`)."""
    interest, in_words = attraction.followed.nearest_to(chosen)
    liked = np.full_like(chosen, -1)
    if len(attraction.liked.owner):
        topic, by_liking = attraction.liked.nearest_to(chosen)
        by_votes = (topic >= 0) & (by_liking > in_words)
        interest[by_votes] = -1
        liked[by_votes] = _nearest_member(tastes, topic[by_votes], entries, chosen[by_votes])
    return interest, liked


def _nearest_member(tastes: Tastes, topic: Integers, entries: Vectors, chosen: Integers) -> Integers:
    """Of each topic's entries the one nearest to the chosen entry, as a row of `Tastes.voted`; the newest of equals."""
    count, start = tastes.liked.count[topic], tastes.liked.starts[topic]
    best, nearest = np.full(len(topic), -1, np.int64), np.full(len(topic), -np.inf, np.float32)
    for n in range(count.max(initial=0)):
        more = np.flatnonzero(count > n)
        member = tastes.liked.members[start[more] + n]
        near = np.einsum("ij,ij->i", tastes.voted.vectors[member], entries[chosen[more]])
        better = near > nearest[more]
        best[more[better]], nearest[more[better]] = member[better], near[better]
    return best


def _dice(attraction: Attraction, tastes: Tastes) -> Integers:
    """A number for each reader's step outside.

    By the first interest, not by the place among the others: a preview for one shows the same step outside.
    """
    dice = np.zeros(len(attraction.follows), np.int64)
    if len(attraction.liked.owner):
        newest = tastes.liked.members[tastes.liked.starts[attraction.liked.low + attraction.liked.starts]]
        dice[attraction.liked.owners] = [_number(tastes.voted.titles[n]) for n in newest]
    words = [tastes.words[attraction.followed.low + n] for n in attraction.followed.starts]
    dice[attraction.followed.owners] = [_number(text) for text in words]
    return dice


def _number(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))


def _standard(values: Vectors) -> Vectors:
    return np.asarray((values - values.mean()) / (values.std() + 1e-6), np.float32)
