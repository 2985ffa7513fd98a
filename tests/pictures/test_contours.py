"""Outlines of where many points are."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from newsletter.pictures.contours import density, outlines, path_of


def area(line: list[tuple[float, float]]) -> float:
    x, y = np.array(line).T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def test_weight_is_where_the_points_are() -> None:
    grid = density(np.array([[0.25, 0.75]], np.float32), np.array([3], np.float32), 41, 41, 2.0)

    assert divmod(int(grid.argmax()), 41) == (30, 10)
    assert grid[[0, -1]].max() == 0


def test_one_hill_has_one_outline_of_its_size() -> None:
    down, across = np.mgrid[:61, :61]
    hill = np.asarray(30 - np.hypot(down - 30, across - 30), np.float32)

    (line,) = outlines(hill, 10)

    assert abs(area(line) - np.pi * 20**2) < 10


def test_a_ring_has_an_outline_outside_and_one_inside() -> None:
    down, across = np.mgrid[:61, :61]
    ring = np.asarray(10 - np.abs(np.hypot(down - 30, across - 30) - 18), np.float32)

    areas = sorted(map(area, outlines(ring, 5)))

    assert len(areas) == 2
    assert abs(areas[0] - np.pi * 13**2) < 10
    assert abs(areas[1] - np.pi * 23**2) < 10


@given(st.integers(0, 10_000), st.floats(0.1, 0.9))
def test_every_outline_closes_step_by_step(seed: int, level: float) -> None:
    grid = np.zeros((9, 9), np.float32)
    grid[1:-1, 1:-1] = np.random.default_rng(seed).random((7, 7))

    for line in outlines(grid, level):
        steps = np.abs(np.diff(np.array([*line, line[0]]), axis=0))
        assert steps.max() <= 1
        assert len(line) >= 4


def test_a_path_is_closed_lines_in_a_square_of_a_thousand() -> None:
    path = path_of([[(0, 0), (10, 0), (10, 20), (0, 20)]], 11, 21)

    assert path == "M0 0L1000 0L1000 1000L0 1000Z"
    assert re.fullmatch(r"", path_of([], 11, 21))
