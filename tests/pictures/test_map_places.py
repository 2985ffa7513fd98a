"""Where things stand on a map."""

import numpy as np
from drawn import grouped

from newsletter.pictures.places import around, radii, spread


def test_no_room_lies_on_another_and_all_are_in_the_picture() -> None:
    centres = grouped(range(12))
    half = np.stack([np.full(12, 60.0), np.linspace(20, 50, 12)], axis=1).astype(np.float32)

    at, lowest = spread(centres, half, 300)

    apart = np.abs(at[:, None] - at[None]) - half[:, None] - half[None]
    assert all((apart[n, m] > -0.01).any() for n in range(12) for m in range(n))
    assert (at - half >= -0.01).all()
    assert (at + half <= [300.01, lowest + 0.01]).all()
    assert lowest < 0.65 * 2 * half[:, 1].sum()


def test_the_same_topics_stand_at_the_same_places() -> None:
    centres, half = grouped(range(6)), np.full((6, 2), 20, np.float32)

    assert spread(centres, half, 300)[0].tolist() == spread(centres.copy(), half, 300)[0].tolist()


def test_one_topic_has_a_place() -> None:
    at, lowest = spread(grouped([0]), np.full((1, 2), 20, np.float32), 300)

    assert at.tolist() == [[150, 20]]
    assert lowest == 40


def test_discs_are_as_large_as_what_they_hold() -> None:
    small, large, none = radii(np.array([10, 40, 0], np.float32), 50_000)

    assert np.isclose(large, 2 * small)
    assert none == 13


def test_what_belongs_to_a_topic_is_in_its_disc_and_the_typical_in_the_middle() -> None:
    centres = np.eye(16, dtype=np.float32)[:3]
    rows = grouped([n % 3 for n in range(90)])
    at, radius = np.array([[50, 50], [200, 60], [120, 300]], np.float32), np.array([40, 40, 40], np.float32)
    topic = np.array([n % 3 for n in range(90)])

    places = around(rows, topic, centres, at, radius)

    away = np.linalg.norm(places - at[topic], axis=1)
    assert (away <= 40).all()
    assert len(np.unique(places.round(3), axis=0)) == 90
    typical = np.argsort(-(rows @ centres[0])[topic == 0])
    assert away[topic == 0][typical[:7]].max() < away[topic == 0][typical[-7:]].min()


def test_nothing_has_no_places() -> None:
    nothing = np.zeros((0, 16), np.float32)

    assert around(
        nothing, np.zeros(0, np.int64), grouped([0]), np.ones((1, 2), np.float32), np.ones(1, np.float32)
    ).shape == (0, 2)
