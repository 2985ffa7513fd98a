"""Entries in groups, and the words that name them."""

import numpy as np
from drawn import grouped

from newsletter.pictures.topics import centres_of, how_many, names_of, topics_of


def test_what_is_alike_is_one_topic() -> None:
    groups = [n % 4 for n in range(20)]

    topic = topics_of(grouped(groups))

    assert len(set(topic.tolist())) == 4
    assert all(len({int(topic[n]) for n in range(20) if groups[n] == g}) == 1 for g in range(4))


def test_the_same_entries_have_the_same_topics() -> None:
    rows = grouped([n % 7 for n in range(60)])

    assert topics_of(rows).tolist() == topics_of(rows.copy()).tolist()


def test_one_entry_and_entries_that_are_all_the_same_have_topics_too() -> None:
    assert topics_of(grouped([3])).tolist() == [0]
    assert topics_of(np.repeat(grouped([3]), 9, axis=0)).tolist() == [0] * 9


def test_there_are_never_more_topics_than_can_be_overlooked() -> None:
    assert [how_many(n) for n in (0, 1, 4, 62, 100_000)] == [1, 1, 2, 7, 9]


def test_centres_are_unit_rows_in_the_middle() -> None:
    rows = grouped([0, 0, 0, 1, 1])

    centres = centres_of(rows, np.array([0, 0, 0, 1, 1]))

    assert np.allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-5)
    assert (rows @ centres.T).argmax(axis=1).tolist() == [0, 0, 0, 1, 1]


def test_a_topic_is_named_by_what_tells_it_from_the_others() -> None:
    titles = [
        "A study of language models that rhyme",
        "Language models and their grammar",
        "How large language models count",
        "A study of walking robots",
        "Robots on four legs",
        "A new approach to robots in mud",
    ]

    assert names_of(titles, [0, 0, 0, 1, 1, 1]) == ["language models", "robots"]


def test_names_are_written_as_the_titles_write_them() -> None:
    assert names_of(["MRI of hearts", "MRI at night", "Owls", "Owls hunt"], [0, 0, 1, 1]) == ["MRI", "owls"]


def test_titles_without_a_telling_word_give_no_name() -> None:
    assert names_of(["A study of the model", "42", "Foxes"], [0, 0, 1]) == ["", "foxes"]
