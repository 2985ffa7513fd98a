"""Three readers and two real days of papers: do they get what a person would have picked for them?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from newsletter.entries.entry import text_of
from newsletter.entries.sources.papers_page import parse_papers_page
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.attraction import LESS_FLOOR
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.offer import Offer, offer_of
from newsletter.ranking.scoring import Ranking, general_scores, rank
from newsletter.ranking.tastes import Voted, tastes_of
from newsletter.ranking.votes import Vote
from subscribers.interests import parse_interests

GRAPHS, MEDICINE, PRUNING = (
    "graph neural networks for recommendation",
    "medical image segmentation",
    "pruning and sparse networks",
)
#: Every paper of the two pages that is about the interest, by title as it begins.
RIGHT = {
    GRAPHS: [
        "Sheaf Neural Networks for Graph-based Recommender",
        "How Expressive are Graph Neural Networks in Recommendation",
        "LightGCL: Simple Yet Effective Graph Contrastive Learning for Recommendation",
    ],
    MEDICINE: [
        "Dual Structure-Aware Image Filterings for Semi-supervised Medical Image Segmentation",
        "DeepOrgan: Multi-level Deep Convolutional Networks for Automated Pancreas Segmentation",
        "Improving anatomical plausibility in medical image segmentation",
        "TransDAE: Dual Attention Mechanism in a Hierarchical Transformer for Efficient Medical Image",
    ],
    PRUNING: [
        "The Unreasonable Effectiveness of Random Pruning",
        "When Layers Play the Lottery",
        "The Lottery Ticket Hypothesis",
        "Network Pruning via Transformable Architecture Search",
        "Grokking Tickets",
        "DASS: Differentiable Architecture Search for Sparse",
        "TEDDY: Trimming Edges",
        "SuperTickets",
    ],
}


def is_about(title: str, interest: str) -> bool:
    return title.startswith(tuple(RIGHT[interest]))


@dataclass(frozen=True)
class Papers:
    titles: list[str]
    vectors: Vectors
    lines: dict[str, Vectors]
    #: title and summary of each
    said: list[tuple[str, str]]
    offer: Offer

    def about(self, interest: str) -> list[int]:
        return [n for n, title in enumerate(self.titles) if is_about(title, interest)]

    def ranking(self, interests: Sequence[str], liked: Sequence[int], disliked: Sequence[int]) -> Ranking:
        """One reader's; they have had whatever they voted on."""
        now = datetime(2026, 11, 22, tzinfo=UTC)
        votes = [*(Vote(n, 1, now) for n in liked), *(Vote(n, -1, now) for n in disliked)]
        rows = {n: n for n in range(len(self.titles))}
        voted = Voted(self.vectors, tuple(self.titles), rows, tuple(self.said))
        seen = np.zeros((1, len(self.titles)), bool)
        seen[0, [*liked, *disliked]] = True
        tastes = tastes_of([parse_interests(list(interests))], self.lines, self.vectors.shape[1], [votes], voted)
        return rank(self.offer, tastes, 7, seen=seen, floor=1.0)


@cache
def read(pages: Path) -> Papers:
    papers: dict[str, str] = {}
    for page in sorted(pages.glob("*.txt")):
        for entry in parse_papers_page(page.read_text("utf-8"), year=2025, today=date(2026, 11, 22)).entries:
            papers.setdefault(entry.title, entry.summary)
    lines = list(RIGHT)
    with ModelProcess() as model:
        said = list(papers.items())
        vectors = model.embed([text_of(*one) for one in said])
        offer = offer_of(vectors, general_scores(vectors, [None] * len(said)), said=said)
        return Papers(list(papers), vectors, dict(zip(lines, model.embed(lines), strict=True)), said, offer)


@pytest.mark.slow
def test_readers_get_the_papers_that_a_person_would_pick(shared_data: Path) -> None:
    papers = read(shared_data / "papers-pages")
    titles, vectors, known, lines = papers.titles, papers.vectors, papers.lines, list(RIGHT)
    readers = [parse_interests([line]) for line in lines] + [parse_interests(lines)]
    ranking = rank(papers.offer, tastes_of(readers, known, vectors.shape[1]), 7)

    def picks(reader: int) -> list[str]:
        return [titles[n] for n in ranking.entry[reader]]

    assert all(is_about(title, GRAPHS) for title in picks(0)[:3])
    assert all(is_about(title, MEDICINE) for title in picks(1)[:4])
    assert sum(is_about(title, PRUNING) for title in picks(2)[:6]) >= 5
    # Who follows all three has at least one of each, and hardly anything else.
    assert all(any(is_about(title, line) for title in picks(3)) for line in lines)
    assert sum(any(is_about(title, line) for line in lines) for title in picks(3)) >= 6
    for reader, line in enumerate(lines):
        outside = int(ranking.outside[reader])
        assert vectors[outside] @ known[line] < np.median(vectors @ known[line]) + 0.1


@pytest.mark.slow
def test_one_like_brings_more_of_its_subject_to_who_follows_another_or_nothing(shared_data: Path) -> None:
    papers = read(shared_data / "papers-pages")
    before, after, of_their_own, named = 0, 0, [], 0
    for subject in RIGHT:
        right = set(papers.about(subject))
        for other in (None, *(line for line in RIGHT if line != subject)):
            follows = [other] if other else []
            without = set(papers.ranking(follows, [], []).entry[0].tolist())
            for liked in right:
                found = papers.ranking(follows, [liked], [])
                picks = found.entry[0].tolist()
                before += len(right & without - {liked})
                after += len(right & set(picks))
                if other:
                    own = set(papers.about(other))
                    of_their_own.append((len(own & without), len(own & set(picks))))
                # Whatever is there because of the like is near to it, and says so.
                for n, row in zip(picks, found.liked[0].tolist(), strict=True):
                    assert row in (-1, liked)
                    named += row == liked and n in right
    # 15 papers, liked by three readers each, who have 7 papers of the subject between them; with the like it is 77.
    assert before <= 10
    assert after >= before + 60
    assert named >= 60
    # One vote leaves to the reader's own words what they had, but for two places at most.
    assert all(now >= then - 2 for then, now in of_their_own)


@pytest.mark.slow
def test_less_of_a_subject_puts_it_further_down_and_never_leaves_the_interest_empty(shared_data: Path) -> None:
    papers = read(shared_data / "papers-pages")
    before, after, further = list[int](), list[int](), list[float]()
    for subject, other in permutations(RIGHT, 2):
        right = papers.about(subject)
        for disliked in right:
            follows = [subject, other]
            plain = [n for n in papers.ranking(follows, [], []).entry[0].tolist() if n != disliked]
            found = papers.ranking(follows, [], [disliked])
            picks = found.entry[0].tolist()
            before.append(len(set(plain) & set(right)))
            after.append(len(set(picks) & set(right)))
            near = [n for n in plain if n in right and papers.vectors[n] @ papers.vectors[disliked] > LESS_FLOOR + 0.1]
            further += [(picks.index(n) if n in picks else len(picks)) - plain.index(n) for n in near]
            # The interest keeps a place, and nothing counts as muted.
            assert 0 in found.interest[0]
            assert not found.muted.any()
    assert sum(before) / 2 < sum(after) <= sum(before)
    assert np.mean(further) > 0.5
