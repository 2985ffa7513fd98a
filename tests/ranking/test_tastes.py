"""Interests of many readers as arrays."""

from datetime import datetime

import numpy as np
import pytest
from conftest import WordEmbedder

from newsletter.ranking.embedding import Vectors
from newsletter.ranking.tastes import Tastes, Voted, tastes_of
from newsletter.ranking.votes import Vote
from subscribers.interests import parse_interests


def tastes(embedder: WordEmbedder, *readers: list[str]) -> Tastes:
    interests = [parse_interests(lines) for lines in readers]
    texts = sorted({interest.text for lines in interests for interest in lines})
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
    assert (found.liked.owner.tolist(), found.liked.members.tolist()) == ([0], [2, 0])
    assert (found.disliked.owner.tolist(), found.disliked.members.tolist()) == ([2], [1])
    assert found.follows.tolist() == [True, False, False]


def test_who_mutes_or_dislikes_only_follows_nothing(embedder: WordEmbedder) -> None:
    assert tastes(embedder, ["not: surveys"], ["cells"]).follows.tolist() == [False, True]
