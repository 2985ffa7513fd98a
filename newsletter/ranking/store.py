"""All SQL about vectors, and about the models that made them."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from newsletter.ranking.model_choice import Backend, ModelChoice
from subscribers.database import stored, writing

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


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model whose vectors are in the database."""

    #: the name under which they are kept
    vectors: str
    #: how the settings named it
    choice: ModelChoice
    #: is it the one that everything goes by?
    serving: bool
    #: since when it is, or is not any more
    since: datetime


def kept_models(db: Database) -> list[KeptModel]:
    """All of them: the one that serves, then those that were left, the latest first."""
    rows = db.conn.execute("SELECT vectors, model, backend, serving, at FROM models ORDER BY serving DESC, at DESC")
    return [
        KeptModel(vectors, ModelChoice(model, Backend(backend)), bool(serving), datetime.fromisoformat(at))
        for vectors, model, backend, serving, at in rows
    ]


def serving_model(db: Database) -> KeptModel | None:
    """The one that everything goes by; None before the first."""
    return next((one for one in kept_models(db) if one.serving), None)


def set_serving(db: Database, vectors: str, choice: ModelChoice, now: datetime) -> None:
    """From here on everything goes by this model. Call it within `writing`."""
    db.conn.execute("UPDATE models SET serving = 0, at = ? WHERE serving AND vectors != ?", [stored(now), vectors])
    db.conn.execute(
        "INSERT INTO models (vectors, model, backend, serving, at) VALUES (?, ?, ?, 1, ?) ON CONFLICT (vectors) "
        "DO UPDATE SET model = excluded.model, backend = excluded.backend, at = iif(serving, at, excluded.at), "
        "serving = 1",
        [vectors, choice.model, choice.backend, stored(now)],
    )


def rename_vectors(db: Database, old: str, new: str) -> None:
    """Keep a model's vectors under another name."""
    with writing(db):
        db.conn.execute("UPDATE OR IGNORE vectors SET model = ? WHERE model = ?", [new, old])
        db.conn.execute("UPDATE OR REPLACE models SET vectors = ? WHERE vectors = ?", [new, old])


#: Entries that one model has read and another has not.
_UNREAD = (
    "FROM entries e JOIN vectors o ON o.content_hash = e.content_hash AND o.model = ? WHERE NOT EXISTS "
    "(SELECT 1 FROM vectors n WHERE n.content_hash = e.content_hash AND n.model = ?)"
)


def unread_entries(db: Database, old: str, new: str) -> list[int]:
    """Entries that the model `old` has read and `new` has not: those of the last month first, then what was voted on.

    Within either the newest first.
    """
    rows = db.conn.execute(
        f"SELECT e.id {_UNREAD} ORDER BY e.first_seen < (SELECT date(max(first_seen), '-32 days') FROM entries), "
        "NOT EXISTS (SELECT 1 FROM votes WHERE entry_id = e.id), e.id DESC",
        [old, new],
    )
    return [int(row[0]) for row in rows]


def has_unread(db: Database, old: str, new: str) -> bool:
    """Is there any? Quick, because the oldest are read last."""
    return bool(db.conn.execute(f"SELECT EXISTS (SELECT 1 {_UNREAD})", [old, new]).fetchone()[0])


def count_unread(db: Database, old: str, new: str) -> tuple[int, int]:
    """(How many of them there are, of how many entries that `old` has read)."""
    (unread,) = db.conn.execute(f"SELECT count(*) {_UNREAD}", [old, new]).fetchone()
    (all_,) = db.conn.execute(
        "SELECT count(*) FROM entries e JOIN vectors o ON o.content_hash = e.content_hash AND o.model = ?", [old]
    ).fetchone()
    return int(unread), int(all_)


def names_of_vectors(db: Database) -> list[str]:
    """Every name under which vectors are kept, found without reading them all."""
    names, last = list[str](), ""
    while row := db.conn.execute("SELECT min(model) FROM vectors WHERE model > ?", [last]).fetchone():
        if row[0] is None:
            break
        names.append(last := row[0])
    return names


def forget_vectors(db: Database, model: str, most: int) -> int:
    """Remove so many vectors of that name at most. Returns how many."""
    with writing(db):
        return db.conn.execute(
            "DELETE FROM vectors WHERE (content_hash, model) IN "
            "(SELECT content_hash, model FROM vectors WHERE model = ? LIMIT ?)",
            [model, most],
        ).rowcount


def forget_model(db: Database, vectors: str) -> None:
    """Remove what is known of a model that was left."""
    with writing(db):
        db.conn.execute("DELETE FROM models WHERE vectors = ? AND NOT serving", [vectors])
