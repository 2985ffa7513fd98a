"""Measures of a ranking, for one person and one issue. Pure functions.

`scores` are (entries,), the higher the better; of equal ones the earlier stands first. `gains` are (entries,), 0 for
what is not relevant.
"""

import numpy as np

from newsletter.ranking.arrays import Booleans, Indices, Integers, Vectors, product


def ranked(scores: Vectors, most: int) -> Indices:
    """The places of the highest scores, best first, at most so many; what is no number comes last. Row by row."""
    return np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=-1, kind="stable")[..., :most]


def gains_of(grades: Vectors) -> Vectors:
    """What finding each entry is worth: 2^grade − 1 (Burges et al. 2005), so 1 for liked; 0 for grades of 0 or less."""
    return np.exp2(np.maximum(np.nan_to_num(grades), 0)) - 1


def ndcg(scores: Vectors, gains: Vectors, most: int = 10) -> float:
    """Normalised discounted cumulative gain of the best so many, 0 to 1 (Järvelin & Kekäläinen 2002).

    The discount is log2(1 + place). nan where nothing is relevant.
    """
    ideal = np.sort(gains)[::-1][:most]
    if not ideal.size or ideal[0] <= 0:
        return float("nan")
    discount = 1 / np.log2(np.arange(2, most + 2))
    found = gains[ranked(scores, most)]
    return float(found @ discount[: len(found)] / (ideal @ discount[: len(ideal)]))


def recall(scores: Vectors, relevant: Booleans, most: int = 50) -> float:
    """The share of all that is relevant that is among the best so many; nan where nothing is."""
    return float(relevant[ranked(scores, most)].sum() / relevant.sum()) if relevant.any() else float("nan")


def hit(scores: Vectors, relevant: Booleans, most: int = 10) -> float:
    """1 where anything relevant is among the best so many, else 0; nan where nothing is relevant."""
    return float(relevant[ranked(scores, most)].any()) if relevant.any() else float("nan")


def coverage(scores: Vectors, interest: Integers, most: int = 10) -> float:
    """The share of interests with something relevant in the issue that have some of it among the best so many.

    `interest` is (entries,): of which interest a relevant entry is, -1 for all others. nan where nothing is relevant.
    """
    there = set(interest[interest >= 0].tolist())
    got = set(interest[ranked(scores, most)].tolist()) & there
    return len(got) / len(there) if there else float("nan")


def diversity(vectors: Vectors) -> float:
    """How far the picks are from each other: the mean of 1 − cosine over their pairs; nan for less than two.

    `vectors` are (picks, dimensions), unit rows.
    """
    count = len(vectors)
    if count < 2:
        return float("nan")
    alike = product(vectors, vectors.T)
    return float(1 - (alike.sum() - np.trace(alike)) / (count * (count - 1)))


def novelty(vectors: Vectors, liked: Vectors) -> float:
    """How far the picks are from what is known to be liked: the mean of 1 − the largest cosine.

    nan where nothing is known.
    """
    if not len(vectors) or not len(liked):
        return float("nan")
    return float(1 - product(vectors, liked.T).max(axis=1).mean())


def pairwise_loss(scores: Vectors, grades: Vectors) -> tuple[float, float]:
    """(loss, largest possible loss) of the order of a person's graded entries.

    Of every pair with different grades that the scores put the wrong way round the difference of its grades is lost, of
    one that they do not tell apart half of it (Stelmakh et al. 2023, "A Gold Standard Dataset for the Reviewer
    Assignment Problem"). There the sum over people of the one is divided by the sum of the other. nan is not graded.
    """
    graded = ~np.isnan(grades)
    score, grade = np.nan_to_num(scores[graded], nan=-np.inf).astype(float), grades[graded].astype(float)
    better = np.maximum(grade[:, None] - grade[None, :], 0)
    wrong = better * (score[:, None] < score[None, :])
    tied = better * (score[:, None] == score[None, :])
    return float(wrong.sum() + tied.sum() / 2), float(better.sum())
