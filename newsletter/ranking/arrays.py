"""The types of the arrays that this room hands around, and their product."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
#: numbers of rows
Indices = NDArray[np.intp]


def product(a: Vectors, b: Vectors) -> Vectors:
    """`a @ b`, summed in double precision.

    In single precision the last digits of a row depend on how many others are multiplied beside it, and so would a
    reader's picks where two are equally good: previewed alone it is another shape than a thousand at once.
    """
    # Once in many thousand products OpenBLAS reports an "invalid value" from a lane that it throws away.
    with np.errstate(invalid="ignore"):
        return np.asarray(a.astype(np.float64) @ b.astype(np.float64), np.float32)


def starts_of(keys: Indices) -> Indices:
    """Where each run of equal keys begins; they are not below 0."""
    return np.flatnonzero(np.diff(keys, prepend=-1))
