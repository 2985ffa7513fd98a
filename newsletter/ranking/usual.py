"""What is usual among entries, so that what sets some apart can be seen. Pure.

Of what a reader likes, much is only what all entries have in common: every paper is a little like every other. So the
mean of all is taken away, and directions in which entries differ much from each other anyway are shrunk:

    white(x) = unit(x − mean) · L,   L Lᵀ = (covariance + RIDGE · mean variance · (1 + dimensions / entries) · I)⁻¹

The mean of a reader's liked entries in that space, times an entry, is the linear discriminant between what they like
and all others (Fisher 1936; Hariharan, Malik & Ramanan, ECCV 2012, who found that one covariance of the "others" serves
every class). The shared part is worked out once for everybody; what is left to do for a reader is a sum over what they
like, and each of that has its own share.
"""

from dataclasses import dataclass

import numpy as np

from newsletter.ranking.arrays import Vectors, product

#: What is added to each direction's variance, in units of the mean variance: between 3 and 10 makes no difference.
RIDGE = 5.0
#: The mean of fewer entries than this is held to be partly chance.
FEW = 50


@dataclass(frozen=True, slots=True)
class Usual:
    """The mean of some entries, and how to see others apart from it."""

    mean: Vectors
    #: (dimensions, dimensions)
    turn: Vectors

    def white(self, vectors: Vectors) -> Vectors:
        """Unit rows, seen apart from what is usual, (rows, dimensions)."""
        return product(apart(vectors, self.mean), self.turn)


def usual_of(vectors: Vectors) -> Usual:
    """What is usual among these unit rows; of hardly any nothing is."""
    count, dimensions = vectors.shape
    if not count:
        return Usual(np.zeros(dimensions, np.float32), np.eye(dimensions, dtype=np.float32))
    mean = np.asarray(vectors.mean(axis=0) * (count / (count + FEW)), np.float32)
    rows = apart(vectors, mean).astype(np.float64)
    covariance = rows.T @ rows / count
    ridge = RIDGE * max(float(np.trace(covariance)) / dimensions, 1e-9) * (1 + dimensions / count)
    turn = np.linalg.cholesky(np.linalg.inv(covariance + ridge * np.eye(dimensions)))
    return Usual(mean, np.asarray(turn, np.float32))


def apart(vectors: Vectors, mean: Vectors) -> Vectors:
    """Unit rows of what is left without the mean."""
    rows = vectors - mean
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)
