"""Where things stand on a map: topics so that none covers another, and what belongs to a topic around its middle.

What is alike is near. A map is flat and meaning is not, so only that much can be promised: topics that are alike are
on one side, the most typical entries of a topic are in its middle, and the others lean towards the topic to which they
are nearest after their own.
"""

import numpy as np

from newsletter.ranking.arrays import Integers, Vectors, product

#: Golden angle: points put so from the middle outwards fill a disc evenly.
_GOLDEN = np.pi * (3 - np.sqrt(5))
#: A topic's entries are put into so many rings by how typical they are.
_RINGS = 4


def radii(sizes: Vectors, area: float, least: float = 13.0) -> Vectors:
    """Radius of each topic's disc in pixels: areas are as the sizes and have this sum, (topics,)."""
    share = sizes / max(float(sizes.sum()), 1e-9)
    return np.asarray(np.maximum(np.sqrt(area * share / np.pi), least), np.float32)


def spread(centres: Vectors, half: Vectors, width: float, columns: int = 2) -> tuple[Vectors, float]:
    """Places of topics, (topics, 2), from their vectors, and how far down the lowest room ends.

    `half` is half the room that each needs, across and down, (topics, 2). So many rooms stand side by side: the
    direction in which topics differ most parts them into columns, the next one orders each column from top to bottom.
    So none lies on another, and what is alike is near.
    """
    columns = min(columns, len(half))
    flat = _flat(centres)
    order = np.argsort(flat[:, 0], kind="stable")
    tall = 2 * half[order, 1]
    column = np.minimum((np.cumsum(tall) - tall / 2) * columns / tall.sum(), columns - 1).astype(np.int64)
    lowest = float(np.bincount(column, tall).max())
    at = np.zeros((len(half), 2), np.float32)
    for one in range(columns):
        rows = order[column == one]
        rows = rows[np.argsort(flat[rows, 1], kind="stable")]
        downs = np.cumsum(2 * half[rows, 1])
        # What a shorter column has left over stands between its rooms.
        over = (lowest - downs[-1]) / len(rows) if len(rows) else 0.0
        slack = np.maximum(width / (2 * columns) - half[rows, 0], 0)
        # A little to and fro, as far as the room allows: the first direction still tells.
        at[rows, 0] = width * (1 + 2 * one) / (2 * columns) + slack * flat[rows, 0]
        at[rows, 1] = downs - half[rows, 1] + over * (np.arange(len(rows)) + 0.5)
    return at, lowest


def around(vectors: Vectors, topic: Integers, centres: Vectors, at: Vectors, radius: Vectors) -> Vectors:
    """Places of what belongs to topics, (rows, 2): the nearer to its topic's middle, the nearer to that place."""
    found = np.zeros((len(vectors), 2), np.float32)
    near = product(vectors, centres.T)
    for one in range(len(centres)):
        rows = np.flatnonzero(topic == one)
        if len(rows):
            found[rows] = at[one] + radius[one] * _disc(near[rows], one, at)
    return found


def _disc(near: Vectors, own: int, at: Vectors) -> Vectors:
    """Places in a disc of radius one, (rows, 2), each taken once: the typical inside, the others where they lean."""
    count = len(near)
    ring, angle = np.sqrt((np.arange(count) + 0.5) / count), np.arange(count) * _GOLDEN
    slots = np.stack([ring * np.cos(angle), ring * np.sin(angle)], axis=1) if count > 1 else np.zeros((1, 2))
    order = np.argsort(-near[:, own], kind="stable")
    lean = _leaning(near, own, at)
    places = np.zeros((count, 2), np.float32)
    for rows, free in zip(np.array_split(order, _RINGS), np.array_split(slots, _RINGS), strict=True):
        # Of one ring, everything in the order in which it comes round.
        rows = rows[np.argsort(np.arctan2(lean[rows, 1], lean[rows, 0]), kind="stable")]
        places[rows] = free[np.argsort(np.arctan2(free[:, 1], free[:, 0]), kind="stable")]
    return places


def _leaning(near: Vectors, own: int, at: Vectors) -> Vectors:
    """The direction of the other topics as they draw each row, (rows, 2), unit length or less."""
    others = np.arange(near.shape[1]) != own
    if not others.any():
        return np.zeros((len(near), 2), np.float32)
    way = at[others] - at[own]
    way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    drawn = near[:, others] - near[:, others].mean(axis=0)
    weight = np.exp(8 * (drawn - drawn.max(axis=1, keepdims=True)))
    return np.asarray((weight / weight.sum(axis=1, keepdims=True)) @ way, np.float32)


def _flat(centres: Vectors) -> Vectors:
    """The two directions in which the topics differ most, each from -1 to 1; signs are fixed."""
    count = len(centres)
    flat = np.zeros((count, 2), np.float64)
    if count < 2:
        return np.asarray(flat, np.float32)
    left, strength, _ = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=False)
    for axis in range(min(2, len(strength))):
        line = left[:, axis] * strength[axis]
        line = line * (np.sign(line[np.abs(line).argmax()]) or 1)
        rank = np.argsort(np.argsort(line, kind="stable")) / (count - 1) * 2 - 1
        reach = np.abs(line).max()
        # Half by order, so that one odd topic does not press all others together.
        flat[:, axis] = 0.5 * rank + 0.5 * (line / reach if reach > 0 else 0)
    return np.asarray(flat, np.float32)
