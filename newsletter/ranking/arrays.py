"""The types of the arrays that this room hands around, and their product."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
#: numbers of rows
Indices = NDArray[np.intp]


def product(a: Vectors, b: Vectors) -> Vectors:
    """`a @ b`. Once in many thousand products OpenBLAS reports an "invalid value" from a lane that it throws away."""
    with np.errstate(invalid="ignore"):
        return np.asarray(a @ b, np.float32)


def starts_of(keys: Indices) -> Indices:
    """Where each run of equal keys begins; they are not below 0."""
    return np.flatnonzero(np.diff(keys, prepend=-1))
