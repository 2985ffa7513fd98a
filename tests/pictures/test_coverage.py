"""Which topic serves which reader, and what nobody serves."""

import numpy as np
from drawn import followed, grouped

from newsletter.pictures.coverage import MOST_WISHES, coverage

ENTRIES, TOPIC = grouped([0, 0, 1, 1]), np.array([0, 0, 1, 1])


def test_readers_count_once_for_a_topic_however_many_of_their_lines_are_about_it() -> None:
    lines = followed(["graphs", "networks", "robots"], [0, 0, 1], [(7, 0), (7, 1), (8, 1), (8, 2)])

    found = coverage(lines, ENTRIES, TOPIC, 0.5)

    assert found.topic.tolist() == [0, 0, 1]
    assert found.readers == (2, 1)
    assert found.wishes == ()


def test_what_no_entry_is_near_is_a_wish_in_the_words_that_most_use() -> None:
    lines = followed(["protein folding", "proteins", "owls"], [5, 5, 6], [(1, 0), (1, 1), (2, 1), (3, 2), (4, 1)])

    found = coverage(lines, ENTRIES, TOPIC, 0.5)

    assert [(lines.lines[wish.line], wish.readers) for wish in found.wishes] == [("proteins", 3), ("owls", 1)]
    assert found.topic.tolist() == [2, 2, 3]
    assert found.readers == (0, 0)


def test_only_the_largest_wishes_are_named() -> None:
    lines = followed([f"line {n}" for n in range(8)], range(5, 13), [(r, n) for n in range(8) for r in range(n + 1)])

    found = coverage(lines, ENTRIES, TOPIC, 0.5)

    assert [wish.readers for wish in found.wishes] == [8, 7, 6][:MOST_WISHES]
    assert sorted(set(found.topic.tolist())) == [-1, 2, 3, 4]


def test_nobody_follows_anything() -> None:
    found = coverage(followed([], [], []), ENTRIES, TOPIC, 0.5)

    assert (found.readers, found.wishes) == ((0, 0), ())
