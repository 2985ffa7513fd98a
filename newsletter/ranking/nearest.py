"""What is near a text among all entries that ever came in; all SQL about the vectors of the whole archive.

In memory there is of each vector only on which side of the middle each of its numbers lies: 48 bytes of 768. The
entries whose sides agree with the wanted vector's most often are then compared by their whole vectors, read from the
table. Of the twenty nearest of 17,000 abstracts all are among the 2,000 that agree most, for each of 126 texts tried
(among 500, 99.3 %). So 400,000 entries take 23 MB, and there is no second file of vectors to keep in step.
"""

import json
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from newsletter.entries import store as entries
from newsletter.ranking.arrays import Booleans, Vectors, product

Ids = NDArray[np.int64]
Codes = NDArray[np.uint64]

#: Entries that are compared by their whole vectors.
COMPARED = 2_000
#: Entries read at once: some megabytes.
CHUNK = 4_096
_READ = (
    "SELECT e.id, v.vector FROM entries e LEFT JOIN vectors v ON v.content_hash = e.content_hash AND v.model = ? WHERE "
)


class Nearest:
    """The archive of one database, as far as it was read. Use it from one thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._low = self._high = 0
        self._forget("")

    def catch_up(self, model: str, more: Callable[[], bool] = lambda: True) -> bool:
        """Read what has come in since, and vectors that were not there yet, the newest entries first.

        Asks `more` between two chunks whether to go on; returns whether all was read.
        """
        if model != self._model:
            self._forget(model)
        newest = entries.newest_id(self._db)
        if not self._high:
            self._low, self._high = newest + 1, newest
        while self._high < newest:
            self._high = self._read("e.id > ? ORDER BY e.id LIMIT ?", self._high, CHUNK)[-1]
            if not more():
                return False
        while self._low > 1:
            if not more():
                return False
            ids = self._read("e.id < ? ORDER BY e.id DESC LIMIT ?", self._low, CHUNK)
            self._low = ids[-1] if len(ids) else 1
        return self._look_again(more)

    @property
    def without(self) -> Ids:
        """The ids of the entries that were read and had no vector of this model yet, ascending."""
        return np.sort(np.concatenate([np.zeros(0, np.int64), *self._gaps]))

    def near(self, wanted: Vectors, most: int, allowed: Callable[[Ids], Booleans] | None = None) -> tuple[Ids, Vectors]:
        """Ids of the nearest entries with the cosines, nearest first; `allowed` tells of ids which may be found.

        `wanted` (d,) is of unit length, of the model that was caught up with.
        """
        if not self._ids:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        code = self._code(wanted[None, :])[0]
        ids = np.concatenate(self._ids)
        apart = np.concatenate([np.bitwise_count(codes ^ code).sum(axis=1, dtype=np.uint16) for codes in self._codes])
        if allowed is not None:
            kept = allowed(ids)
            ids, apart = ids[kept], apart[kept]
        if len(ids) > COMPARED:
            ids = ids[np.argpartition(apart, COMPARED)[:COMPARED]]
        cosines = self.cosines(wanted, ids)
        order = np.argsort(-cosines, kind="stable")[:most]
        order = order[~np.isnan(cosines[order])]
        return ids[order], cosines[order]

    def cosines(self, wanted: Vectors, ids: Ids) -> Vectors:
        """How near each of the entries is, from its whole vector; NaN where there is none of this model."""
        found = np.full(len(ids), np.nan, np.float32)
        at = {int(id_): n for n, id_ in enumerate(ids)}
        rows = [row for row in self._rows("e.id IN (SELECT value FROM json_each(?))", json.dumps(list(at))) if row[1]]
        if rows:
            found[[at[row[0]] for row in rows]] = product(_vectors(rows).astype(np.float32), wanted)
        return found

    def _forget(self, model: str) -> None:
        self._model = model
        self._low, self._high = 0, 0
        self._ids: list[Ids] = []
        self._codes: list[Codes] = []
        self._gaps: list[Ids] = []
        #: what lies above it is one side: half of the first vectors that were read; None before any was
        self._middle: Vectors | None = None
        self._seen: tuple[int, int] = (-1, -1)

    def _look_again(self, more: Callable[[], bool]) -> bool:
        """Read vectors that were made since; only where the database was written to."""
        marks = (self._db.conn.execute("PRAGMA data_version").fetchone()[0], self._db.conn.total_changes)
        if marks == self._seen:
            return True
        gaps, self._gaps = self.without[::-1], []
        for start in range(0, len(gaps), CHUNK):
            if start and not more():
                self._gaps.append(gaps[start:])
                return False
            self._read("e.id IN (SELECT value FROM json_each(?))", json.dumps(gaps[start : start + CHUNK].tolist()))
        self._seen = marks
        return True

    def _read(self, where: str, *values: int | str) -> list[int]:
        rows = self._rows(where, *values)
        known = [row for row in rows if row[1]]
        if known:
            self._ids.append(np.array([row[0] for row in known], np.int64))
            self._codes.append(self._code(_vectors(known)))
        if len(known) < len(rows):
            self._gaps.append(np.array([row[0] for row in rows if not row[1]], np.int64))
        return [row[0] for row in rows]

    def _rows(self, where: str, *values: int | str) -> list[tuple[int, bytes | None]]:
        return self._db.conn.execute(_READ + where, [self._model, *values]).fetchall()

    def _code(self, vectors: NDArray[np.floating]) -> Codes:
        """One bit a number, in whole words of 64."""
        if self._middle is None:
            self._middle = np.asarray(np.median(vectors, axis=0), np.float32)
        bits = np.packbits(vectors > self._middle, axis=1)
        words = np.zeros((len(bits), -(-bits.shape[1] // 8) * 8), np.uint8)
        words[:, : bits.shape[1]] = bits
        return words.view(np.uint64)


def _vectors(rows: list[tuple[int, bytes | None]]) -> NDArray[np.float16]:
    return np.frombuffer(b"".join(row[1] or b"" for row in rows), np.float16).reshape(len(rows), -1)
