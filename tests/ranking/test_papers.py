"""Three readers and two real days of papers: do they get what a person would have picked for them?"""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from newsletter.entries.entry import text_of
from newsletter.entries.sources.papers_page import parse_papers_page
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.scoring import general_scores, rank
from newsletter.ranking.tastes import tastes_of
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


@pytest.mark.slow
def test_readers_get_the_papers_that_a_person_would_pick(shared_data: Path) -> None:
    papers: dict[str, str] = {}
    for page in sorted((shared_data / "papers-pages").glob("*.txt")):
        for entry in parse_papers_page(page.read_text("utf-8"), year=2025, today=date(2026, 11, 22)).entries:
            papers.setdefault(entry.title, entry.summary)
    titles, lines = list(papers), list(RIGHT)
    with ModelProcess() as model:
        vectors = model.embed([text_of(title, summary) for title, summary in papers.items()])
        known = dict(zip(lines, model.embed(lines), strict=True))
    readers = [parse_interests([line]) for line in lines] + [parse_interests(lines)]
    general = general_scores(vectors, [None] * len(titles))
    ranking = rank(vectors, tastes_of(readers, known, vectors.shape[1]), general, 7)

    def picks(reader: int) -> list[str]:
        return [titles[n] for n in ranking.entry[reader]]

    assert all(is_about(title, GRAPHS) for title in picks(0)[:3])
    assert all(is_about(title, MEDICINE) for title in picks(1)[:4])
    assert all(is_about(title, PRUNING) for title in picks(2)[:6])
    # Who follows all three has at least one of each, and hardly anything else.
    assert all(any(is_about(title, line) for title in picks(3)) for line in lines)
    assert sum(any(is_about(title, line) for line in lines) for title in picks(3)) >= 6
    for reader, line in enumerate(lines):
        outside = int(ranking.outside[reader])
        assert vectors[outside] @ known[line] < np.median(vectors @ known[line]) + 0.1
