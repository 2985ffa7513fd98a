"""Which entries get a reader's places. Pure functions over the arrays of one chunk of readers.

Picks are made by maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998) with λ = 0.8: over 25 curators of
arXiv papers it cost 1 % of nDCG and gave 2 % of diversity, λ = 0.5 cost 9 %. Each interest has its best entry among
the first, so that a small interest is not crowded out by a large one; and one that has had its share of the places, as
its share of the votes goes, steps back behind the others (calibration, as in Steck, RecSys 2018).
"""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Booleans, Integers, Vectors
from newsletter.ranking.attraction import LESS, Attraction
from newsletter.ranking.lines import LEAST_SIMILARITY, Lines
from newsletter.ranking.offer import Offer

MMR_LAMBDA = 0.8
#: Entries more alike than this are one piece of news told twice.
NEAR_DUPLICATE = 0.92
#: Only a reader's best entries compete for places.
POOL = 50
#: What puts an entry before all others.
AHEAD = 1_000.0
#: So many entries by followed authors have a place whatever the others hold; more compete like all.
AUTHORED = 2
#: What an interest that has had its share must be better by than another, in standard deviations.
BEYOND = 1.0
#: The best of so many is the step outside.
OUTSIDE_POOL = 32
#: How far below the average a step outside may be.
OUTSIDE_LEAST = -1.5


@dataclass(frozen=True, slots=True)
class Field:
    """What all readers share."""

    offer: Offer
    #: what draws a reader outside their interests; -inf for what is in the issue anyway
    appeal: Vectors
    places: int
    seed: int


@dataclass(frozen=True, slots=True)
class Quotas:
    """The shares of readers' interests."""

    #: (readers, entries): which of its reader's lines each entry would stand for, counted from 0
    line: Integers
    #: (readers, most lines): how many places each line has before it steps back
    places: Integers


def quotas(attraction: Attraction, places: int) -> Quotas | None:
    """Of each line as many of the places as its share of the votes, half a place each aside; None without a choice."""
    lines = attraction.followed
    count = np.diff(lines.starts, append=len(lines.owner))
    most = int(count.max(initial=0))
    if most < 2:
        return None
    votes = attraction.votes.of_lines(lines.low, len(lines.owner))
    group = np.repeat(np.arange(len(count)), count)
    share = (votes + 1) / np.add.reduceat(votes + 1, lines.starts)[group]
    allowed = np.full((len(attraction.follows), most), places, np.int64)
    number = np.arange(len(lines.owner)) - lines.starts[group]
    allowed[lines.owner, number] = np.ceil(share * places)
    line = np.zeros(attraction.relevance.shape, np.int64)
    highest = np.full(attraction.relevance.shape, -np.inf, np.float32)
    for n in range(most):
        rows = lines.starts[count > n] + n
        owner = lines.owner[rows]
        better = attraction.drawn[rows] > highest[owner]
        line[owner] = np.where(better, n, line[owner])
        highest[owner] = np.where(better, attraction.drawn[rows], highest[owner])
    return Quotas(line, allowed)


def with_own_places(attraction: Attraction, seen: Booleans | None) -> Vectors:
    """The relevance with every interest's own best (if it is near at all) put ahead, whatever the others hold.

    The same for the first few by authors whom the reader follows.
    """
    lines = attraction.followed
    if not len(lines.owner) and attraction.authored is None:
        return attraction.relevance
    wanted = attraction.relevance.copy()
    blocked = attraction.muted if seen is None else attraction.muted | seen
    if len(lines.owner):
        line, best = _bests(lines, attraction, blocked)
        owner = lines.owner[line]
        wanted[owner, best] = attraction.relevance[owner, best] + AHEAD
    if attraction.authored is not None:
        by_them = np.where(attraction.authored & ~blocked, attraction.relevance, -np.inf)
        first = np.argsort(-by_them, axis=1, kind="stable")[:, :AUTHORED]
        reader, place = np.nonzero(~np.isneginf(np.take_along_axis(by_them, first, axis=1)))
        entry = first[reader, place]
        wanted[reader, entry] = attraction.relevance[reader, entry] + AHEAD
    return wanted


def _bests(lines: Lines, attraction: Attraction, blocked: Booleans) -> tuple[Integers, Integers]:
    """(line, entry) of each line that is near to anything: its best entry, as votes have it."""
    drawn = attraction.drawn.copy()
    if attraction.less is not None:
        drawn -= LESS * attraction.less[lines.owner]
    entries = drawn.shape[1]
    # A line without words has papers only, and what is near to those is near.
    wordless = np.logical_not(attraction.said.any(axis=1, keepdims=True))
    near = np.where(wordless, attraction.closeness[lines.owner], lines.similarity[:, :entries])
    drawn[blocked[lines.owner]] = -np.inf
    drawn = np.where(near < LEAST_SIMILARITY, -np.inf, drawn)
    best = drawn.argmax(axis=1)
    every = np.arange(len(best))
    good = ~np.isneginf(drawn[every, best])
    return every[good], best[good]


def choose(wanted: Vectors, field: Field, shares: Quotas | None = None) -> Integers:
    """Maximal marginal relevance over each reader's pool, all readers step by step together."""
    pool = min(max(POOL, field.places), wanted.shape[1])
    if pool < wanted.shape[1]:
        candidates = np.argpartition(-wanted, pool - 1, axis=1)[:, :pool]
    else:
        candidates = np.broadcast_to(np.arange(pool), (len(wanted), pool))
    value = np.take_along_axis(wanted, candidates, axis=1)
    readers = np.arange(len(wanted))
    nearest = np.zeros_like(value)
    chosen = np.full((len(wanted), field.places), -1, np.int64)
    line = left = None
    if shares is not None:
        line, left = np.take_along_axis(shares.line, candidates, axis=1), shares.places.copy()
    for place in range(field.places):
        margin = MMR_LAMBDA * value - (1 - MMR_LAMBDA) * nearest
        if line is not None and left is not None:
            margin -= BEYOND * (np.take_along_axis(left, line, axis=1) <= 0)
        best = margin.argmax(axis=1)
        usable = ~np.isneginf(value[readers, best])
        chosen[:, place] = np.where(usable, candidates[readers, best], -1)
        if line is not None and left is not None:
            left[readers, line[readers, best]] -= usable
        to_best = field.offer.alike[candidates[readers, best][:, None], candidates]
        value[to_best >= NEAR_DUPLICATE] = -np.inf
        value[readers, best] = -np.inf
        nearest = np.maximum(nearest, to_best)
    return chosen


def step_outside(field: Field, attraction: Attraction, chosen: Integers, dice: Integers) -> Integers:
    """One entry each, away from the reader's interests but not their opposite, a vote on which would teach most.

    That is one of which little is known (it is far from all that they follow or like), which stands for many others of
    the issue (information density: Settles & Craven, EMNLP 2008), and is worth reading in general.
    """
    readers, count = attraction.standing.shape
    # Each reader looks at a few entries in an order of their own: variety without a random number for each pair.
    order = np.random.default_rng(field.seed).permutation(count)
    start = dice[:, None] % count
    looked_at = order[(start + np.arange(min(count, OUTSIDE_POOL))) % count]
    value = np.take_along_axis(attraction.standing, looked_at, axis=1)
    near = np.take_along_axis(attraction.closeness, looked_at, axis=1)
    allowed = (value < 0) & (value > OUTSIDE_LEAST) & (near < LEAST_SIMILARITY)
    allowed &= ~np.take_along_axis(attraction.unwanted, looked_at, axis=1)
    allowed &= ~(looked_at[:, :, None] == chosen[:, None, :]).any(axis=2)
    stands_for = field.offer.alike.mean(axis=1)
    teaching = field.appeal[looked_at] + stands_for[looked_at] - near
    tempting = np.where(allowed, teaching, -np.inf)
    best = tempting.argmax(axis=1)
    rows = np.arange(readers)
    found = np.where(np.isneginf(tempting[rows, best]), -1, looked_at[rows, best])
    return np.where(attraction.follows, found, -1)
