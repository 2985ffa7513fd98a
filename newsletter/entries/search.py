"""All SQL about searching entries: by their words, their authors, their dates; over all that ever came in.

What was typed is put into SQLite's language for full text word by word, each in quotation marks, and always bound.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from newsletter.entries.author_names import folded, same_author
from newsletter.entries.query import Query
from newsletter.entries.store import TITLE

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]

#: So many entries are weighed for their words. Where there are more with any of them, the most common words are left
#: out: they tell least, and a page cannot wait for half a million entries.
WEIGHED = 100_000
_BEGIN, _END = "\x02", "\x03"
_MARKED = re.compile(f"{_BEGIN}([^{_END}]*){_END}")
_DAY = "coalesce(published, substr(first_seen, 1, 10))"


def by_words(db: Database, query: Query) -> tuple[Ids, Scores]:
    """The entries that hold any of the words, or a phrase, and how well they fit (BM25, above 0)."""
    match = " OR ".join(map(_quoted, (*_telling(db, query.words), *query.phrases)))
    return _pairs(
        db, f"SELECT rowid, -bm25(entries_fts, {TITLE}, 1.0) FROM entries_fts WHERE entries_fts MATCH ?", match
    )


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which entries everything but the words of a query leaves."""

    #: the only ones, ascending; None for all
    only: Ids | None
    #: not these, ascending
    never: Ids

    def mask(self, ids: Ids) -> NDArray[np.bool_]:
        """Whether each of the ids is allowed."""
        kept = np.ones(len(ids), np.bool_) if self.only is None else np.isin(ids, self.only)
        return kept & ~np.isin(ids, self.never) if len(self.never) else kept


def allowed(db: Database, query: Query) -> Allowed:
    """What the query's phrases, words to leave out, authors and first day allow.

    Reads every entry's row where an author or a day is asked for.
    """
    conditions, values = list[str](), list[str]()
    if query.since:
        conditions.append(f"{_DAY} >= ?")
        values.append(query.since.isoformat())
    for name in query.authors:
        # SQLite compares letters of ASCII: where there are others, or the family name is, it is looked at closely.
        conditions.append(
            "(authors LIKE ? OR length(authors) < length(CAST(authors AS BLOB))) AND written_by(?, authors)"
        )
        values += [f"%{_family(name)}%", name]
    db.conn.create_function("written_by", 2, _written_by, deterministic=True)
    only = _ids(db, f"SELECT id FROM entries WHERE {' AND '.join(conditions)}", *values) if conditions else None
    for phrase in query.phrases:
        holding = _holding(db, [phrase])
        only = holding if only is None else np.intersect1d(only, holding)
    return Allowed(only, _holding(db, query.without) if query.without else np.zeros(0, np.int64))


def days_of(db: Database, ids: Sequence[int]) -> dict[int, date]:
    """When each was published, or else came in."""
    rows = db.conn.execute(
        f"SELECT id, {_DAY} FROM entries WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))]
    )
    return {id_: date.fromisoformat(day) for id_, day in rows}


def newest(db: Database, permitted: Allowed, most: int) -> list[int]:
    """The ids of the allowed entries that came in last, the newest first."""
    if permitted.only is not None:
        return [int(one) for one in permitted.only[permitted.mask(permitted.only)][::-1][:most]]
    never, rows = set(permitted.never.tolist()), db.conn.execute("SELECT id FROM entries ORDER BY id DESC")
    return list(islice((id_ for (id_,) in rows if id_ not in never), most))


def words_met(db: Database, query: Query, ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """The words of each summary that are the query's, in small letters as they are written there: also its plurals."""
    match = " OR ".join(map(_quoted, (*query.words, *query.phrases)))
    met: dict[int, frozenset[str]] = {}
    for id_ in ids if match else ():
        row = db.conn.execute(
            "SELECT highlight(entries_fts, 1, ?, ?) FROM entries_fts WHERE entries_fts MATCH ? AND rowid = ?",
            [_BEGIN, _END, match, id_],
        ).fetchone()
        marked = _MARKED.findall(row[0]) if row else []
        met[id_] = frozenset(word for part in marked for word in re.findall(r"\w+", part.lower()))
    return met


def _telling(db: Database, words: Sequence[str]) -> list[str]:
    """The rarest words, as long as all the entries that hold one are few enough to be weighed; at least one."""
    counted = sorted((_count(db, word), n, word) for n, word in enumerate(words))
    kept, sum_ = list[str](), 0
    for count, _, word in counted:
        sum_ += count
        if kept and sum_ > WEIGHED:
            break
        if count:
            kept.append(word)
    return kept


def _count(db: Database, word: str) -> int:
    found = db.conn.execute("SELECT count(*) FROM entries_fts WHERE entries_fts MATCH ?", [_quoted(word)])
    return int(found.fetchone()[0])


def _holding(db: Database, phrases: Iterable[str]) -> Ids:
    match = " OR ".join(map(_quoted, phrases))
    return _ids(db, "SELECT rowid FROM entries_fts WHERE entries_fts MATCH ? ORDER BY rowid", match)


def _ids(db: Database, sql: str, *values: str) -> Ids:
    return np.fromiter((row[0] for row in db.conn.execute(sql, values)), np.int64)


def _pairs(db: Database, sql: str, match: str) -> tuple[Ids, Scores]:
    # Row by row into an array: a common word's rows as a list would take tens of megabytes.
    rows = db.conn.execute(sql, [match]) if match else ()
    found = np.fromiter(rows, np.dtype([("id", np.int64), ("score", np.float32)]))
    return found["id"].copy(), found["score"].copy()


def _quoted(words: str) -> str:
    """A string of FTS5: whatever is between the quotation marks is words, and stands together."""
    return '"' + words.replace('"', " ").replace("\0", " ") + '"'


def _family(name: str) -> str:
    """The word of a name that initials do not stand for, without accents; empty where it has other letters."""
    last, comma, _ = name.partition(",")
    words = re.findall(r"\w+", last if comma else name)
    family = "".join(folded(words[-1])) if words else ""
    return family if family.isascii() else ""


def _written_by(name: str, authors: str) -> bool:
    """Whether one of the authors (JSON) has all words of the name, or may be called so."""
    wanted, all_ = folded(name), folded(authors)
    if len(wanted) == 1 or not wanted & all_:  # most are told apart before their JSON is read
        return bool(wanted) and wanted <= all_
    return any(wanted <= folded(one) or same_author(name, one) for one in json.loads(authors))
