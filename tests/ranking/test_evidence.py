"""The reason that is named is the true one: without it the entry would be lower than without anything else."""

import json
import re

import numpy as np
import pytest
from conftest import WordEmbedder
from hypothesis import given, settings
from slowly import Slowly
from ten_papers import PAPERS
from worlds import Line, Person, World, following, names, offered, tastes, unit, voted_of, voting, worlds

from newsletter.entries.entry import text_of
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.scoring import Ranking, rank
from newsletter.ranking.wording import _SMALL

GRAPHS, CELLS, BRIDGES, ODD = np.eye(4, dtype=np.float32)
#: Of two pieces that count the same to so many deviations either may be named.
SAME = 2e-3


def assert_true_reasons(world: World, ranking: Ranking, reader: int) -> int:
    """Take away each piece of evidence of every place, and compare. Returns how many places owe most to a vote."""
    slow, by_votes = Slowly(world, reader), 0
    low, missed = int(np.searchsorted(world.tastes.follower, reader)), slow.missed()
    for place, n in enumerate(names(ranking, reader)):
        line, liked = int(ranking.interest[reader, place]), int(ranking.liked[reader, place])
        if not missed:
            assert (line < 0 or not slow.lines[line - low].words) and liked < 0
            continue
        # A line without words is named only where no liked entry speaks for it.
        lost = {piece: one[n] for piece, one in missed.items()}
        named = ("liked", liked) if liked >= 0 else ("line", line - low)
        # Where nothing speaks for an entry there is nothing to compare.
        assert lost.get(named, 0.0) >= max(lost.values()) - SAME or max(lost.values()) <= SAME
        assert float(ranking.owed[reader, place]) == pytest.approx(lost.get(named, 0.0), abs=5e-3)
        by_votes += liked >= 0
    return by_votes


@given(worlds(most_votes=5))
@settings(max_examples=60)
def test_taking_away_the_named_evidence_lowers_the_score_more_than_taking_any_other(world: World) -> None:
    ranking = world.ranking()
    for reader in range(len(world.people)):
        assert_true_reasons(world, ranking, reader)


@pytest.mark.slow
@given(worlds(most_votes=8))
@settings(max_examples=400)
def test_it_does_so_in_many_worlds(world: World) -> None:
    ranking = world.ranking()
    for reader in range(len(world.people)):
        assert_true_reasons(world, ranking, reader)


@pytest.fixture
def papers(embedder: WordEmbedder) -> World:
    """Real papers, and readers who follow words of some and voted on others; the last ones are older."""
    read = [json.loads(line) for line in PAPERS.read_text("utf-8").splitlines()]
    said = tuple((_bare(paper["title"]), _bare(paper["summary"])) for paper in read)
    vectors = embedder.embed([text_of(*one) for one in said])
    issue, older, voted = slice(0, 24), slice(24, 40), slice(40, None)
    lines = ["graph neural networks", "protein structure prediction", "language models that reason"]
    rows = dict(zip(lines, embedder.embed(lines), strict=True))
    people = [
        Person(
            tuple(Line(text, rows[text]) for text in lines[: reader % 4]),
            votes=tuple(((5 * reader + 2 * n) % (len(said) - 40), 1, 9.0 * n) for n in range(1 + 2 * reader)),
        )
        for reader in range(4)
    ]
    nobody = np.zeros((len(people), 24), bool)
    return World(
        vectors[issue],
        vectors[older],
        said[issue],
        said[older],
        tuple(people),
        np.zeros(24, np.float32),
        nobody,
        nobody,
        nobody,
        places=7,
        elsewhere=(),
        floor=1.0,
        voted=voted_of(vectors[voted], said[voted]),
    )


def _bare(text: str) -> str:
    return " ".join(word for word in re.findall(r"[^\W_]+", text.casefold()) if word not in _SMALL)


def test_the_reasons_of_real_papers_are_true(papers: World) -> None:
    ranking = papers.ranking()
    by_votes = [assert_true_reasons(papers, ranking, reader) for reader in range(len(papers.people))]
    assert (ranking.entry >= 0).all()
    # Both kinds of reasons are there to be judged.
    assert 7 <= sum(by_votes) < 28
    assert by_votes[0] == 7


VOTED = unit([GRAPHS, CELLS, BRIDGES, GRAPHS + 0.3 * ODD, CELLS + 0.3 * ODD])


def ranked(entries: Vectors, person: Person) -> Ranking:
    return rank(offered(entries), tastes([person], VOTED), 7)


def reason(ranking: Ranking, entry: int) -> tuple[int, int]:
    place = names(ranking).index(entry)
    return int(ranking.interest[0, place]), int(ranking.liked[0, place])


FOUR = unit([[1, 0, 0, 0.2], [0, 1, 0, 0.3], [0, 0, 1, 0.1], [0.1, -0.1, 0.2, 1]])


def test_what_words_ask_for_is_there_because_of_them_and_what_votes_ask_for_because_of_those() -> None:
    found = ranked(FOUR, voting(following(GRAPHS), liked=[1]))
    assert reason(found, 0) == (0, -1)
    assert reason(found, 1) == (-1, 1)


def test_of_several_likes_the_one_that_counts_most_is_named() -> None:
    found = ranked(FOUR, voting(Person(), liked=[1, 2, 0]))
    assert {n: reason(found, n)[1] for n in (0, 1, 2)} == {0: 0, 1: 1, 2: 2}


def test_who_neither_follows_nor_likes_has_no_reason() -> None:
    found = ranked(FOUR, voting(Person(), disliked=[0]))
    assert (found.interest == -1).all() and (found.liked == -1).all() and (found.owed == 0).all()


def test_of_two_lines_the_nearer_one_is_named() -> None:
    found = ranked(FOUR, following(GRAPHS, CELLS))
    assert [reason(found, n)[0] for n in (0, 1)] == [0, 1]


def test_a_line_of_papers_alone_is_told_by_the_paper() -> None:
    one = Person((Line("", np.zeros(4, np.float32), papers=(1, 4)),))
    found = ranked(FOUR, one)
    assert names(found)[0] == 1
    assert reason(found, 1)[1] in (1, 4)


def test_an_entry_loved_for_two_lines_owes_neither_its_whole_score() -> None:
    """Without the words of one line the other one has it nearly as high."""
    entries = unit([[1, 1, 0, 0.2], [1, -0.5, 0.3, 0], [-0.5, 1, 0.3, 0], [0, 0, 1, 1], [0, 0, 0.5, -1]])
    both, one = (ranked(entries, following(*lines)) for lines in ((GRAPHS, CELLS), (GRAPHS,)))
    owed = [float(found.owed[0, names(found).index(0)]) for found in (both, one)]
    assert 0 <= owed[0] < owed[1] / 2
