"""What others do, to be compared with: each a short function from a question to scores, with its source.

Methods that go by what somebody liked rank by the statement for whoever has liked nothing yet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from newsletter.evaluation.measures import ranked
from newsletter.evaluation.question import Method, Question, Scores
from newsletter.evaluation.replay import Known
from newsletter.ranking.arrays import Indices, Vectors, product

#: Random older entries as what nobody asked for; 1,000 do nearly as well.
NEGATIVES = 2_500
#: Of a statement's own best, so many are taken as if they were liked.
FEEDBACK = 5


class Needs(StrEnum):
    """What a method goes by."""

    STATEMENT = "statement"
    LIKES = "likes"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A method with the name it has in tables."""

    name: str
    scores: Method
    needs: Needs


def bm25(question: Question) -> Scores:
    """The statement's words: Okapi BM25 (Robertson et al. 1994), the largest over a person's statements."""
    lines = sorted({line for person in question.people for line in person.statements})
    found = dict(zip(lines, question.terms.bm25(lines, question.candidates), strict=True)) if lines else {}
    return _largest(question, lambda line: found[line])


def cosine(question: Question) -> Scores:
    """The statement's meaning: the largest cosine over a person's statements."""
    offered = question.vectors[question.candidates]
    return _largest(question, lambda line: product(offered, question.lines[line]))


def words_and_meaning(question: Question) -> Scores:
    """The sum of both, each in standard deviations."""
    return question.standard(question.by(bm25)) + question.standard(question.by(cosine))


def with_feedback(question: Question) -> Scores:
    """Pseudo-relevance feedback (Rocchio 1971): the same, and nearness to the mean of its own five best."""
    first = question.by(words_and_meaning)
    near = np.zeros_like(first)
    for issue in question.issues:
        offered = question.vectors[question.candidates[issue]]
        best = ranked(first[:, issue], FEEDBACK)
        near[:, issue] = product(offered[best].mean(axis=1), offered.T)
    return first + question.standard(near)


def centroid(question: Question) -> Scores:
    """Cosine to the mean of what was liked."""
    return _each(question, lambda person, near: near.mean(axis=1))


def nearest(question: Question) -> Scores:
    """The largest cosine to anything liked."""
    return _each(question, lambda person, near: near.max(axis=1))


def nearest_three(question: Question) -> Scores:
    """The mean of the three largest cosines to anything liked."""
    return _each(question, lambda person, near: np.sort(near, axis=1)[:, -3:].mean(axis=1))


def log_decayed(question: Question) -> Scores:
    """zotero-arxiv-daily's rule (recommender.py): cosines weighted by 1 / (1 + log10(i + 1)), newest like first."""

    def score(person: Known, near: Vectors) -> Vectors:
        weights = 1 / (1 + np.log10(np.arange(near.shape[1]) + 1))
        return product(near, np.asarray(weights / weights.sum(), np.float32))

    return _each(question, score)


def embedding_regression(question: Question) -> Scores:
    """Logistic regression on embeddings, C = 1, balanced, against random older entries (as Scholar Inbox does)."""
    return _learned(question, lambda rows: question.vectors[rows], _logistic(1))


def tfidf_regression(question: Question) -> Scores:
    """The same on tf-idf, C = 10."""
    return _learned(question, lambda rows: question.terms.tfidf[rows], _logistic(10))


def tfidf_svm(question: Question) -> Scores:
    """arxiv-sanity-lite's machine (serve.py: LinearSVC, C = .01, balanced), on the tf-idf of the regression.

    Its own features (compute.py: the 10,000 most frequent words and pairs of words) do no better here.
    """
    from sklearn.svm import LinearSVC

    return _learned(
        question,
        lambda rows: question.terms.tfidf[rows],
        lambda: LinearSVC(C=0.01, class_weight="balanced", max_iter=10_000),
    )


def fusion(question: Question) -> Scores:
    """The sum of both regressions, each in standard deviations."""
    return question.standard(question.by(embedding_regression)) + question.standard(question.by(tfidf_regression))


def fusion_with_nearest(question: Question) -> Scores:
    """The same and the mean of the three nearest likes."""
    return question.by(fusion) + question.standard(question.by(nearest_three))


def fusion_with_statement(question: Question) -> Scores:
    """Both regressions and both of the statement's scores, all in standard deviations."""
    stated = question.by(words_and_meaning)
    liking = np.array([len(person.liked) > 0 for person in question.people])
    return np.where(liking[:, None], question.by(fusion) + stated, stated)


BASELINES = (
    Baseline("statement: BM25", bm25, Needs.STATEMENT),
    Baseline("statement: cosine", cosine, Needs.STATEMENT),
    Baseline("statement: BM25 + cosine", words_and_meaning, Needs.STATEMENT),
    Baseline("statement: both + feedback", with_feedback, Needs.STATEMENT),
    Baseline("centroid of likes", centroid, Needs.LIKES),
    Baseline("nearest like (max)", nearest, Needs.LIKES),
    Baseline("three nearest likes", nearest_three, Needs.LIKES),
    Baseline("log-decayed mean (zotero)", log_decayed, Needs.LIKES),
    Baseline("tf-idf SVM (arxiv-sanity)", tfidf_svm, Needs.LIKES),
    Baseline("tf-idf regression", tfidf_regression, Needs.LIKES),
    Baseline("embedding regression", embedding_regression, Needs.LIKES),
    Baseline("both regressions", fusion, Needs.LIKES),
    Baseline("both + three nearest", fusion_with_nearest, Needs.LIKES),
    Baseline("both + statement", fusion_with_statement, Needs.EITHER),
)


def _largest(question: Question, score: Callable[[str], Vectors]) -> Scores:
    """The largest score over each person's statements; 0 for who has none."""
    found = np.zeros((len(question.people), len(question.candidates)), np.float32)
    for own, person in zip(found, question.people, strict=True):
        if person.statements:
            own[:] = np.max([score(line) for line in person.statements], axis=0)
    return found


def _each(question: Question, score: Callable[[Known, Vectors], Any]) -> Scores:
    """The score of each person's cosines, (candidates, likes), newest like first."""
    offered = question.vectors[question.candidates]
    found = question.by(cosine).copy()
    for own, person in zip(found, question.people, strict=True):
        if len(person.liked):
            own[:] = score(person, product(offered, question.vectors[person.liked].T))
    return found


def _learned(question: Question, features: Callable[[Indices], Any], machine: Callable[[], Any]) -> Scores:
    """What a machine says of each person's candidates, taught by their likes and by random older entries."""
    from scipy.sparse import issparse, vstack
    from threadpoolctl import threadpool_limits

    offered = features(question.candidates)
    found = question.by(cosine).copy()
    # Matrices this small are not worth the threads' waiting for each other: it is several times slower with two.
    with threadpool_limits(1):
        for own, person in zip(found, question.people, strict=True):
            others = question.background[:NEGATIVES]
            others = others[~np.isin(others, person.liked)]
            if len(person.liked) and len(others):
                parts = [features(person.liked), features(others)]
                taught = vstack(parts).tocsr() if issparse(parts[0]) else np.concatenate(parts)
                wanted = np.arange(taught.shape[0]) < len(person.liked)
                own[:] = machine().fit(taught, wanted).decision_function(offered)
    return found


def _logistic(strength: float) -> Callable[[], Any]:
    def machine() -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000)

    return machine
