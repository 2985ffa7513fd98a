"""All SQL about vectors."""

from collections.abc import Mapping, Set

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from subscribers.database import writing

Vector = NDArray[np.float16]

#: Bound values a statement: below the least limit SQLite is built with (999).
VARIABLES = 900


def load_vectors(db: Database, model: str, hashes: Set[bytes]) -> dict[bytes, Vector]:
    """The vectors that are known, by content hash."""
    found: dict[bytes, Vector] = {}
    wanted = list(hashes)
    for start in range(0, len(wanted), VARIABLES):
        part = wanted[start : start + VARIABLES]
        rows = db.conn.execute(
            "SELECT content_hash, vector FROM vectors WHERE model = ? AND content_hash IN "
            f"({','.join('?' * len(part))})",
            [model, *part],
        )
        found.update((bytes(h), np.frombuffer(vector, np.float16)) for h, vector in rows)
    return found


def save_vectors(db: Database, model: str, vectors: Mapping[bytes, Vector]) -> None:
    """Keep vectors; one that another process kept meanwhile stays."""
    with writing(db):
        db.conn.executemany(
            "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
            [(h, model, vector.astype(np.float16).tobytes()) for h, vector in vectors.items()],
        )
