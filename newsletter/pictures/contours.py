"""Where many points are: their density on a grid, and outlines around what is denser than a level."""

from collections.abc import Sequence

import numpy as np

from newsletter.ranking.arrays import Vectors

#: Of a cell's four corners (1 left above, 2 right above, 4 right below, 8 left below) those that are inside → the edges
#: through which the outline goes in and out, with the inside on its left. Edges: 0 above, 1 right, 2 below, 3 left.
_WAYS: tuple[tuple[tuple[int, int], ...], ...] = (
    (),
    ((3, 0),),
    ((0, 1),),
    ((3, 1),),
    ((1, 2),),
    ((3, 0), (1, 2)),
    ((0, 2),),
    ((3, 2),),
    ((2, 3),),
    ((2, 0),),
    ((0, 1), (2, 3)),
    ((2, 1),),
    ((1, 3),),
    ((1, 0),),
    ((0, 3),),
    (),
)


def density(at: Vectors, weight: Vectors, columns: int, rows: int, blur: float) -> Vectors:
    """How much weight is around each point of a grid, (rows, columns); `at` is from 0 to 1 across and down.

    `blur` is the standard deviation of the smoothing in cells. The grid's rim is empty, so every outline closes.
    """
    grid = np.zeros((rows, columns), np.float64)
    x = np.clip((at[:, 0] * (columns - 1)).round().astype(int), 0, columns - 1)
    y = np.clip((at[:, 1] * (rows - 1)).round().astype(int), 0, rows - 1)
    np.add.at(grid, (y, x), weight)
    grid = _kernel(rows, blur) @ grid @ _kernel(columns, blur)
    grid[[0, -1]] = 0
    grid[:, [0, -1]] = 0
    return np.asarray(grid, np.float32)


def outlines(grid: Vectors, level: float) -> list[list[tuple[float, float]]]:
    """Closed lines around what is above the level, as (column, row); marching squares."""
    inside = grid > level
    code = inside[:-1, :-1] * 1 + inside[:-1, 1:] * 2 + inside[1:, 1:] * 4 + inside[1:, :-1] * 8
    # An edge is named by the axis along which it lies and its upper or left end, so neighbours name it alike.
    follow: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for row, column in np.argwhere((code > 0) & (code < 15)).tolist():
        edges = ((0, row, column), (1, row, column + 1), (0, row + 1, column), (1, row, column))
        for into, out in _WAYS[int(code[row, column])]:
            follow[edges[into]] = edges[out]
    lines = []
    while follow:
        start, edge = follow.popitem()
        line = [_crossing(grid, start, level)]
        while edge != start:
            line.append(_crossing(grid, edge, level))
            edge = follow.pop(edge)
        lines.append(line)
    return lines


def path_of(lines: Sequence[Sequence[tuple[float, float]]], columns: int, rows: int) -> str:
    """The outlines as a path in a square of 1000, where holes are holes by the even-odd rule."""
    across, down = 1000 / (columns - 1), 1000 / (rows - 1)
    return "".join(
        "M" + "L".join(f"{x * across:.0f} {y * down:.0f}" for x, y in line) + "Z" for line in lines if len(line) > 2
    )


def _crossing(grid: Vectors, edge: tuple[int, int, int], level: float) -> tuple[float, float]:
    """Where the level is crossed on an edge."""
    axis, row, column = edge
    one = float(grid[row, column])
    other = float(grid[row + axis, column + 1 - axis])
    part = (level - one) / (other - one)
    return (column + part, float(row)) if axis == 0 else (float(column), row + part)


def _kernel(size: int, blur: float) -> Vectors:
    """A matrix that smooths along an axis."""
    apart = np.arange(size)[:, None] - np.arange(size)[None]
    return np.asarray(np.exp(-0.5 * (apart / blur) ** 2), np.float32)
