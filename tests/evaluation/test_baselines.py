"""What others do: every method finds what it can know of, and is what its source says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WordEmbedder
from judgements import write_profiles, write_statements, write_stream
from sqlite_utils import Database

from newsletter.evaluation import baselines, measures
from newsletter.evaluation.layouts import read
from newsletter.evaluation.measuring import LOSS, METHODS, NDCG, Measured, measured
from newsletter.evaluation.product import NAME, SENT
from newsletter.evaluation.question import Question
from newsletter.evaluation.reading import question_of
from newsletter.evaluation.replay import Replay, mixed, replay_of
from newsletter.evaluation.terms import Terms

LEARNERS = [one for one in METHODS if one.needs is not baselines.Needs.STATEMENT]


def silent(*args: Any) -> Any:
    return lambda done, todo: None


@pytest.fixture
def stream(tmp_path: Path, store: Database, embedder: WordEmbedder) -> tuple[Replay, Question]:
    replay = replay_of(read(write_stream(tmp_path / "stream")))
    return replay, question_of(replay, store, embedder, silent)


def by_name(found: list[Measured]) -> dict[tuple[str, int | None], Measured]:
    return {(one.method, one.votes): one for one in found}


@pytest.mark.parametrize("method", METHODS, ids=lambda one: one.name)
def test_every_method_finds_a_plain_interest(stream: tuple[Replay, Question], method: baselines.Baseline) -> None:
    replay, question = stream
    scores = question.by(method.scores)
    assert scores.shape == (2, len(replay.candidates))
    assert np.isfinite(scores).all()
    for issue in replay.issues:
        relevant = replay.grades[0, issue] > 0
        # Every other paper about it was chosen, so a third at least of what is about it.
        assert measures.hit(scores[0, issue], relevant) == 1
        # An issue tells no news twice, and some of these papers differ in a word only.
        assert measures.recall(scores[0, issue], relevant, 10) >= (0.75 if method.name == SENT else 1)


def test_of_votes_that_are_not_known_nothing_is_learned(stream: tuple[Replay, Question]) -> None:
    replay, question = stream
    found = by_name(measured(replay, question, silent()))
    assert (NAME, 0) in found
    assert ("both + statement", 0) in found
    assert ("centroid of likes", 0) not in found
    assert ("centroid of likes", 1) in found
    assert found["statement: BM25", 0].mean(NDCG) == found["statement: BM25", None].mean(NDCG)


def test_whoever_has_liked_nothing_is_ranked_by_their_words(stream: tuple[Replay, Question]) -> None:
    _, question = stream
    newcomer = question.people[0].newest(0)
    asked = question.of([newcomer, question.people[1]])
    others = (baselines.fusion, baselines.fusion_with_nearest, baselines.fusion_with_statement)
    for method in LEARNERS:
        if method.name not in (NAME, SENT) and method.scores not in others:
            assert asked.by(method.scores)[0].tolist() == asked.by(baselines.cosine)[0].tolist()


def test_the_log_decayed_mean_weighs_new_likes_more(stream: tuple[Replay, Question]) -> None:
    _, question = stream
    near = question.vectors[question.candidates] @ question.vectors[question.people[0].liked].T
    weights = np.array([1 / (1 + np.log10(place)) for place in range(1, near.shape[1] + 1)])
    expected = near @ (weights / weights.sum())
    assert question.by(baselines.log_decayed)[0] == pytest.approx(expected, abs=1e-5)


def test_scores_are_compared_within_an_issue(stream: tuple[Replay, Question]) -> None:
    replay, question = stream
    standard = question.standard(question.by(baselines.cosine))
    for issue in replay.issues:
        assert standard[:, issue].mean(axis=1) == pytest.approx(0, abs=1e-5)
        assert standard[:, issue].std(axis=1) == pytest.approx(1, abs=1e-3)


def test_we_are_asked_issue_by_issue(stream: tuple[Replay, Question]) -> None:
    """What comes later changes nothing in how an earlier issue is ranked."""
    replay, question = stream
    ours = next(one.scores for one in METHODS if one.name == NAME)
    assert question.issue(0).by(ours).tolist() == question.by(ours)[:, replay.issues[0]].tolist()


def test_coverage_is_measured_of_whoever_has_several_interests(
    stream: tuple[Replay, Question], store: Database, embedder: WordEmbedder
) -> None:
    replay, question = stream
    (first, *_) = measured(replay, question, silent())
    assert np.isnan(first.values["coverage"]).tolist() == [True, False]  # robin has one, tom has two
    both = mixed(replay, 2)
    found = by_name(measured(both, question_of(both, store, embedder, silent), silent()))
    assert 0 < found["nearest like (max)", None].mean("coverage") <= 1


def test_graded_pairs_are_lost_or_kept(tmp_path: Path, store: Database, embedder: WordEmbedder) -> None:
    replay = replay_of(read(write_profiles(tmp_path / "profiles")))
    found = by_name(measured(replay, question_of(replay, store, embedder, silent), silent()))
    assert {one for one, _ in found} == {one.name for one in LEARNERS}
    assert found["centroid of likes", None].mean(LOSS) == 0
    assert found[NAME, None].mean(LOSS) == 0


def test_statements_are_answered_by_their_grades(tmp_path: Path, store: Database, embedder: WordEmbedder) -> None:
    replay = replay_of(read(write_statements(tmp_path / "statements")))
    found = by_name(measured(replay, question_of(replay, store, embedder, silent), silent()))
    assert found["statement: BM25", 0].mean("recall@50") == 1
    assert 0.5 < found["statement: cosine", 0].mean(NDCG) <= 1
    assert np.isnan(found["statement: cosine", 0].mean("novelty"))


def test_bm25_reaches_on_cranfield_what_it_is_known_to_reach(shared_data: Path) -> None:
    replay = replay_of(read(shared_data / "ranking" / "cranfield"))
    lines = [person.statements[0] for person in replay.people]
    scores = Terms(replay.entries).bm25(lines, replay.candidates)
    reached = [measures.ndcg(own, measures.gains_of(grades)) for own, grades in zip(scores, replay.grades, strict=True)]
    assert np.mean(reached) == pytest.approx(0.350, abs=0.002)
