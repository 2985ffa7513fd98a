"""Papers that readers name as interests: what is known of each. All SQL about them.

What the archive holds is known at once; of all others a row of `papers` keeps what was found, or why nothing was. It
says nothing about who named them.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlite_utils import Database

from newsletter.entries.entry import ParsedEntry, text_of
from newsletter.entries.identity import TELLING_TITLE
from newsletter.entries.text import clean_title
from subscribers.database import stored, writing
from subscribers.papers import Reference, fingerprint

#: A paper that nobody names any more is kept so long: somebody may be editing their lines.
KEPT = timedelta(days=30)
_TITLE = "title:"
#: Papers a transaction: keeps the write lock short.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class KnownPaper:
    """What is known of a paper that a reader named."""

    key: str
    title: str
    #: empty where none is known
    summary: str
    authors: tuple[str, ...]
    url: str | None
    #: None where it is not in the archive
    entry_id: int | None

    @property
    def text(self) -> str:
        """What the model reads."""
        return text_of(self.title, self.summary)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper that is to be looked for."""

    key: str
    #: where: an arXiv id, a DOI or a link, as somebody wrote it
    written: str
    #: how often that was tried
    tries: int


def known_papers(db: Database, keys: Iterable[str]) -> dict[str, KnownPaper]:
    """What is known of the papers with these keys (`Interest.papers`); of those that are left out nothing is, yet."""
    wanted = list(keys)
    known = _read(db, _IN_ARCHIVE, wanted)
    looked_up = {key: paper for key, paper in _read(db, _LOOKED_UP, wanted).items() if key not in known}
    prints = {key: fingerprint(paper.title) for key, paper in looked_up.items()}
    same = _read(db, _IN_ARCHIVE, [f"{_TITLE}{print_}" for print_ in prints.values() if len(print_) >= TELLING_TITLE])
    for key, paper in looked_up.items():
        if other := same.get(f"{_TITLE}{prints[key]}"):
            known[key] = replace(other, key=key, summary=max(paper.summary, other.summary, key=len))
        else:
            known[key] = paper
    return known


def troubles(db: Database, keys: Iterable[str]) -> dict[str, str]:
    """Why nothing is known of a paper, as a sentence; only those that were looked for in vain."""
    rows = db.conn.execute(
        "SELECT key, trouble FROM papers WHERE trouble <> '' AND key IN (SELECT value FROM json_each(?))",
        [json.dumps(list(keys))],
    )
    return dict(rows.fetchall())


def want(db: Database, references: Sequence[Reference], now: datetime) -> None:
    """Have these papers looked for, as far as the archive has none of them."""
    given = {one.key: one for one in references}
    lately = stored(now - timedelta(days=1))  # so that most calls write nothing
    new = [
        given[key]
        for (key,) in db.conn.execute(_TO_NOTE, [json.dumps([(one.key, one.title) for one in given.values()]), lately])
    ]
    for start in range(0, len(new), _CHUNK):
        with writing(db):
            db.conn.executemany(
                "INSERT INTO papers (key, title, written, next_at, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO "
                "UPDATE SET at = excluded.at",
                [
                    (
                        one.key,
                        # What one reader calls a paper is not told to others who name it.
                        clean_title(one.title) if one.key.startswith(_TITLE) else "",
                        one.written,
                        None if one.key.startswith(_TITLE) else stored(now),  # there is nowhere to look for a title
                        stored(now),
                    )
                    for one in new[start : start + _CHUNK]
                ],
            )


def to_look_for(db: Database, now: datetime, most: int) -> list[Wanted]:
    """Those whose time has come, the longest waiting first; not those that have come into the archive meanwhile."""
    rows = db.conn.execute(
        "SELECT key, written, tries FROM papers p WHERE next_at <= ? "
        "AND NOT EXISTS (SELECT 1 FROM entry_keys k WHERE k.key = p.key) ORDER BY next_at, key LIMIT ?",
        [stored(now), most],
    )
    return [Wanted(*row) for row in rows]


def found(db: Database, papers: Mapping[str, ParsedEntry], now: datetime) -> None:
    """Keep what was found."""
    with writing(db):
        db.conn.executemany(
            "UPDATE papers SET title = ?, summary = ?, authors = ?, url = ?, tries = tries + 1, next_at = NULL, "
            "trouble = '' WHERE key = ?",
            [
                (one.title, one.summary, json.dumps(one.authors, ensure_ascii=False), one.url, key)
                for key, one in papers.items()
            ],
        )


def missed(db: Database, key: str, trouble: str, next_at: datetime | None) -> None:
    """Keep why nothing was found, in a sentence, and when to try again; None: never."""
    with writing(db):
        db.conn.execute(
            "UPDATE papers SET tries = tries + 1, trouble = ?, next_at = ? WHERE key = ?",
            [trouble, stored(next_at) if next_at else None, key],
        )


def forget_unnamed(db: Database, named: Iterable[str], now: datetime) -> int:
    """Drop papers that nobody names, once their time is over; returns how many."""
    with writing(db):
        dropped = db.conn.execute(
            "DELETE FROM papers WHERE at < ? AND key NOT IN (SELECT value FROM json_each(?))",
            [stored(now - KEPT), json.dumps(list(named))],
        )
        return int(dropped.rowcount)


def _read(db: Database, sql: str, keys: Collection[str]) -> dict[str, KnownPaper]:
    """The papers with these keys, as one of the two statements below finds them."""
    rows = db.conn.execute(sql, [json.dumps(list(keys))]) if keys else ()
    return {
        key: KnownPaper(key, title, summary, tuple(json.loads(authors)), url or None, entry_id)
        for key, title, summary, authors, url, entry_id in rows
    }


_TO_NOTE = """
    SELECT json_extract(value, '$[0]') FROM json_each(?1) given WHERE NOT EXISTS
        (SELECT 1 FROM entry_keys WHERE key = json_extract(given.value, '$[0]'))
    AND NOT EXISTS (SELECT 1 FROM papers p WHERE p.key = json_extract(given.value, '$[0]') AND p.at > ?2)
"""
_IN_ARCHIVE = """
    SELECT k.key, e.title, e.summary, e.authors, e.url, e.id
    FROM json_each(?) wanted JOIN entry_keys k ON k.key = wanted.value JOIN entries e ON e.id = k.entry_id
"""
_LOOKED_UP = """
    SELECT key, title, summary, authors, url, NULL FROM papers
    WHERE title <> '' AND key IN (SELECT value FROM json_each(?))
"""
