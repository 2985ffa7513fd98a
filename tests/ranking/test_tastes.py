"""Interests of many readers as arrays."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from conftest import WordEmbedder

from newsletter.ranking.embedding import Vectors
from newsletter.ranking.tastes import FORGETTING, LEAST_WEIGHT, Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote
from subscribers.interests import parse_interests


def tastes(embedder: WordEmbedder, *readers: list[str]) -> Tastes:
    interests = [parse_interests(lines) for lines in readers]
    texts = sorted({interest.statement for lines in interests for interest in lines} - {""})
    vectors: dict[str, Vectors] = dict(zip(texts, embedder.embed(texts), strict=True))
    return tastes_of(interests, vectors, 256)


def test_several_interests_of_one_reader_stay_several_and_in_order(embedder: WordEmbedder) -> None:
    found = tastes(embedder, ["bridges", "not: surveys", "cells"], [], ["cells"])
    assert found.readers == 3
    assert found.words == ("bridges", "cells", "cells")
    assert found.follower.tolist() == [0, 0, 2]
    assert found.muter.tolist() == [0]
    assert found.followed.shape == (3, 256)
    assert found.followed[1] == pytest.approx(found.followed[2])
    assert found.muted == pytest.approx(embedder.embed(["surveys"]))


def test_readers_who_say_nothing_are_counted_too(embedder: WordEmbedder) -> None:
    found = tastes(embedder, [], [])
    assert found.readers == 2
    assert found.followed.shape == found.muted.shape == (0, 256)
    assert found.followed.dtype == np.float32


def test_no_readers_make_empty_tastes(embedder: WordEmbedder) -> None:
    assert tastes_of([], {}, 8).readers == 0


def test_votes_are_kept_by_reader_and_direction_and_strangers_do_not_count(
    embedder: WordEmbedder, now: datetime
) -> None:
    titles = ("bridges that sing", "cells that divide", "bridges that sway")
    voted = Voted(embedder.embed(titles), titles, {7: 0, 8: 1, 9: 2})
    votes = [[Vote(9, 1, now), Vote(7, 1, now), Vote(99, 1, now)], [], [Vote(8, -1, now)]]
    found = tastes_of([(), (), ()], {}, 256, votes, voted)
    assert (found.liked.owner.tolist(), found.liked.row.tolist()) == ([0, 0], [2, 0])
    assert (found.disliked.owner.tolist(), found.disliked.row.tolist()) == ([2], [1])
    assert found.liked.line.tolist() == [-1, -1]
    assert found.follows.tolist() == [True, False, False]


def test_who_mutes_or_dislikes_only_follows_nothing(embedder: WordEmbedder) -> None:
    assert tastes(embedder, ["not: surveys"], ["cells"]).follows.tolist() == [False, True]


def test_an_author_is_no_line_of_words(embedder: WordEmbedder) -> None:
    found = tastes(embedder, ["by: Ada Lovelace", "cells"], ["not: by: Ada Lovelace"])
    assert found.words == ("cells",)
    assert found.follower.tolist() == [0]
    assert found.follows.tolist() == [True, False]
    assert not len(found.muter)


def test_votes_weigh_less_the_older_they_are_and_never_nothing(embedder: WordEmbedder, now: datetime) -> None:
    titles = tuple(f"entry {n}" for n in range(4))
    voted = Voted(embedder.embed(titles), titles, {n: n for n in range(4)})
    days = [0, 30, 365, 100_000]
    votes = [[Vote(n, 1, now - timedelta(days=day)) for n, day in enumerate(days)]]
    weight = tastes_of([()], {}, 256, votes, voted).liked.weight
    assert weight == pytest.approx([1, np.exp(-30 * FORGETTING), np.exp(-365 * FORGETTING), LEAST_WEIGHT], rel=1e-4)


def papers() -> Voted:
    """Two known papers: 2312.00752 of bridges, 2312.00753 of cells."""
    rows = np.eye(2, 256, dtype=np.float32)
    return Voted(rows, ("Of bridges", "Of cells"), {7: 0, 8: 1}, (), {"arxiv:2312.00752": 0, "arxiv:2312.00753": 1})


def test_papers_that_a_line_names_are_liked_for_that_line(embedder: WordEmbedder, now: datetime) -> None:
    lines = parse_interests(["bridges: 2312.00752, 2312.99999", "2312.00753", "2312.88888"])
    vectors = {"bridges": embedder.embed(["bridges"])[0]}
    found = tastes_of([lines], vectors, 256, [()], papers())
    assert found.words == ("bridges", "")
    assert found.labels == ("bridges, with 2 papers", "one paper")
    assert (found.liked.row.tolist(), found.liked.line.tolist()) == ([0, 1], [0, 1])
    assert not found.followed[1].any()
    # What is named and voted for counts once, where it was named.
    voted = tastes_of([lines], vectors, 256, [[Vote(8, 1, now)]], papers())
    assert (voted.liked.row.tolist(), voted.liked.line.tolist()) == ([0, 1], [0, 1])


def test_papers_that_a_line_mutes_are_muted(embedder: WordEmbedder) -> None:
    lines = parse_interests(["not: 2312.00752", "not: surveys: 2312.00753"])
    found = tastes_of([lines], {"surveys": embedder.embed(["surveys"])[0]}, 256, [()], papers())
    assert found.muter.tolist() == [0, 0, 0]
    assert any(np.array_equal(row, papers().vectors[0]) for row in found.muted)
    assert not len(found.liked.row)
    assert found.follows.tolist() == [False]
