"""Who likes what: all readers against all entries, as matrices. Pure functions; nothing is opened here.

`attraction` says how much an entry draws a reader, `choosing` who gets which places, `evidence` what for. A reader who
follows and likes nothing has the general score instead (popularity where known, else how central an entry is).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Integers, Vectors, product
from newsletter.ranking.attraction import Attraction, attraction_of
from newsletter.ranking.choosing import Field, choose, quotas, step_outside, with_own_places
from newsletter.ranking.evidence import reasons
from newsletter.ranking.offer import Offer
from newsletter.ranking.tastes import Tastes

#: Readers ranked at once, and numbers in the largest array of them: memory stays flat however many there are.
CHUNK = 1_000
NUMBERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best entries of every reader. Arrays of shape (readers, places); -1 marks an empty place."""

    #: index of the entry, most relevant first
    entry: Integers
    relevance: Vectors
    #: how near it is to a line or a liked entry, in cosine similarity, less what is muted
    closeness: Vectors
    #: how many standard deviations it is above what is average for the reader, before dislikes
    standing: Vectors
    #: row of `Tastes.followed` that the relevance owes most to; -1 where it owes more to a liked entry, or to nothing
    interest: Integers
    #: row of `Tastes.voted` that the relevance owes most to; -1 where it owes more to words, or to nothing
    liked: Integers
    #: how much it owes to that, in standard deviations
    owed: Vectors
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
    offer: Offer,
    tastes: Tastes,
    places: int,
    *,
    seen: Booleans | None = None,
    named: Booleans | None = None,
    authored: Booleans | None = None,
    company: Vectors | None = None,
    elsewhere: Sequence[int] = (),
    floor: float = 0.0,
    seed: int = 0,
) -> Ranking:
    """Choose up to `places` entries for every reader.

    seen: (readers, entries), True where a reader has had that entry.
    named: (readers, entries), True where an entry holds the words of something that the reader mutes, or is by an
        author whom they mute.
    authored: (readers, entries), True where it is by an author whom they follow.
    company: (readers, entries), what readers of like taste said of it, see `community.neighbours_votes`.
    elsewhere: entries that have a place in the issue anyway.
    floor: standard deviations above what is average for a reader that earn a place; no dislike takes that away.
    seed: decides the step outside, the same for the same issue.
    """
    count = len(offer.entries)
    places = min(places, count)
    if not tastes.readers or not places:
        numbers, nothing = np.zeros((tastes.readers, 0), np.float32), np.zeros((tastes.readers, 0), np.int64)
        outside = np.full(tastes.readers, -1, np.int64)
        muted = np.zeros((tastes.readers, count), bool)
        return Ranking(nothing, numbers, numbers, numbers, nothing, nothing, numbers, outside, muted)
    appeal = offer.general.copy()
    appeal[list(elsewhere)] = -np.inf
    field = Field(offer, appeal, places, seed)
    parts = [
        _rank_chunk(
            field,
            tastes,
            first,
            last,
            None if seen is None else seen[first:last],
            None if named is None else named[first:last],
            None if authored is None else authored[first:last],
            None if company is None else company[first:last],
            floor,
        )
        for first, last in chunks(tastes, len(offer.columns))
    ]
    return Ranking(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def chunks(tastes: Tastes, columns: int) -> list[tuple[int, int]]:
    """Where each chunk of readers begins and ends; one with many votes is a chunk with few readers."""
    rows = np.bincount(tastes.follower, minlength=tastes.readers) + 1
    for votes in (tastes.liked, tastes.disliked):
        rows += np.bincount(votes.owner, minlength=tastes.readers)
    before = np.concatenate([[0], np.cumsum(rows)])
    found, first = list[tuple[int, int]](), 0
    while first < tastes.readers:
        fits = int(np.searchsorted(before, before[first] + max(NUMBERS // max(columns, 1), 1), side="right")) - 1
        last = min(max(fits, first + 1), first + CHUNK, tastes.readers)
        found.append((first, last))
        first = last
    return found


def _rank_chunk(
    field: Field,
    tastes: Tastes,
    first: int,
    last: int,
    seen: Booleans | None,
    named: Booleans | None,
    authored: Booleans | None,
    company: Vectors | None,
    floor: float,
) -> tuple[Integers, Vectors, Vectors, Vectors, Integers, Integers, Vectors, Integers, Booleans]:
    attraction = attraction_of(
        field.offer, tastes, first, last, seen=seen, named=named, authored=authored, floor=floor, company=company
    )
    chosen = choose(with_own_places(attraction, seen), field, quotas(attraction, field.places))
    value = _at(attraction.relevance, chosen)
    order = np.argsort(-value, axis=1, kind="stable")
    chosen, value = np.take_along_axis(chosen, order, axis=1), np.take_along_axis(value, order, axis=1)
    interest, liked, owed = reasons(attraction, chosen, floor)
    outside = step_outside(field, attraction, chosen, _dice(attraction, tastes))
    return (
        chosen,
        np.asarray(value, np.float32),
        _at(attraction.closeness, chosen),
        _at(attraction.standing, chosen),
        interest,
        liked,
        owed,
        outside,
        attraction.muted,
    )


def _at(values: Vectors, chosen: Integers) -> Vectors:
    """The values of the chosen entries; -inf at an empty place."""
    found = np.where(chosen >= 0, np.take_along_axis(values, chosen.clip(0), axis=1), -np.inf)
    return np.asarray(found, np.float32)


def _dice(attraction: Attraction, tastes: Tastes) -> Integers:
    """A number for each reader's step outside.

    By the first interest, not by the place among the others: a preview for one shows the same step outside.
    """
    dice = np.zeros(len(attraction.follows), np.int64)
    votes, starts = attraction.votes, attraction.votes.starts
    titles = [tastes.voted.titles[n] for n in votes.row[starts]]
    dice[votes.owner[starts] - attraction.first] = [_number(title) for title in titles]
    labels = [tastes.labels[attraction.followed.low + n] for n in attraction.followed.starts]
    dice[attraction.followed.owners] = [_number(text) for text in labels]
    return dice


def _number(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))


def _standard(values: Vectors) -> Vectors:
    return np.asarray((values - values.mean()) / (values.std() + 1e-6), np.float32)
