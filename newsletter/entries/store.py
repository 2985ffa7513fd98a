"""All SQL about entries: storing what is new, merging what is known, loading for an issue."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from newsletter.entries.entry import Entry, ParsedEntry, content_hash, text_of
from newsletter.entries.identity import identities, match, without_shared_links
from subscribers.database import stored, writing

#: So many of the newest entries are searched for a line of interest.
SEARCHED = 5_000
#: A word in the title counts so much more than one in the summary.
TITLE = 3.0
#: Words that say nothing of what a line is about.
_COMMON = frozenset("and are as at be by for from in into is it new not of on or that the to using via with".split())
#: Entries a transaction: keeps the write lock under about 50 ms.
CHUNK = 100
#: Entries of before an issue that one may be compared with.
_OLDER = 20_000


def save(db: Database, source: str, document: str, entries: Sequence[ParsedEntry], now: datetime) -> tuple[int, int]:
    """Store what is new and merge what is known; returns how many were (new, known).

    Safe against another process doing the same: who comes second finds the entries known.
    """
    shared = without_shared_links(entries)
    new = known = 0
    for start in range(0, len(entries), CHUNK):
        chunk = entries[start : start + CHUNK]
        keyed = [(entry, [k for k in identities(entry) if shared.get(k, 0) < 2]) for entry in chunk]
        with writing(db):
            ids, keys_of = _known(db, {key for _, keys in keyed for key in keys})
            for entry, keys in keyed:
                entry_id = match(keys, ids, keys_of)
                if entry_id is None:
                    entry_id = _insert(db, entry, now)
                    new += 1
                else:
                    _merge(db, entry_id, entry)
                    known += 1
                keys_of.setdefault(entry_id, set()).update(key for key in keys if key not in ids)
                for key in keys:
                    ids.setdefault(key, entry_id)
                db.conn.executemany("INSERT OR IGNORE INTO entry_keys VALUES (?, ?)", [(key, entry_id) for key in keys])
                db.conn.execute(
                    "INSERT OR IGNORE INTO entry_sources VALUES (?, ?, ?, ?)",
                    [entry_id, source, document, stored(now)],
                )
    return new, known


def arrived(db: Database, *, after: int, up_to: int, since: datetime) -> list[Entry]:
    """The entries with `after < id <= up_to` that were first seen at or after `since`, oldest first."""
    return _select(db, f"WHERE {_arrived(after)} AND +e.id <= ?", [after, stored(since), up_to])


def count_arrived(db: Database, *, after: int, since: datetime) -> int:
    """How many entries with `id > after` were first seen at or after `since`."""
    row = db.conn.execute(f"SELECT count(*) FROM entries e WHERE {_arrived(after)}", [after, stored(since)])
    return int(row.fetchone()[0])


def _arrived(after: int) -> str:
    # By the id, where there is one to begin behind, else by the time: SQLite cannot know which leaves fewer.
    return "e.id > ? AND +e.first_seen >= ?" if after else "+e.id > ? AND likelihood(e.first_seen >= ?, 0.0001)"


def by_ids(db: Database, ids: Iterable[int]) -> dict[int, Entry]:
    """Entries by id; unknown ids are left out."""
    found = _select(db, "WHERE e.id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])
    return {entry.id: entry for entry in found}


def some_older(db: Database, before: int, most: int) -> list[tuple[str, str]]:
    """Title and summary of up to so many of the last entries before an id, in a random order that stays the same."""
    rows = db.conn.execute(
        # By Fibonacci hashing: neighbours of one pull come to lie far from each other.
        "SELECT title, summary FROM entries WHERE id < ? AND id >= ? ORDER BY (id * 2654435769) % 4294967296 LIMIT ?",
        [before, before - _OLDER, most],
    )
    return [(title, summary) for title, summary in rows]


def find(db: Database, reference: str) -> Entry | None:
    """The entry that a person means by a link, a DOI, an arXiv id or a whole title."""
    named = ParsedEntry(title=reference, url=reference, identifiers=(reference, f"arxiv:{reference}"))
    for key in identities(named):
        row = db.conn.execute("SELECT entry_id FROM entry_keys WHERE key = ?", [key]).fetchone()
        if row:
            return by_ids(db, [row[0]])[row[0]]
    return None


def matching(db: Database, line: str, most: int) -> list[Entry]:
    """Recent entries that hold words of the line, those that hold more and rarer ones first."""
    words = [word for word in re.findall(r"\w{2,}", line)[:20] if word.lower() not in _COMMON]
    if not words:
        return []
    recent = max(newest_id(db) - SEARCHED, 0)
    return _in_order(
        db,
        "SELECT rowid FROM entries_fts WHERE entries_fts MATCH ? AND rowid > ? "
        f"ORDER BY bm25(entries_fts, {TITLE}, 1.0) LIMIT ?",
        [" OR ".join(f'"{word}"' for word in words), recent, most],
    )


def by_author(db: Database, name: str, most: int) -> list[Entry]:
    """Recent entries with an author whose name holds the longest word of that one, the newest first.

    Whether it is the same name is the caller's to say (`author_names.same_author`).
    """
    word = max(re.findall(r"\w+", name), key=len, default="")
    if not word:
        return []
    recent = max(newest_id(db) - SEARCHED, 0)
    return _in_order(
        db,
        "SELECT id FROM entries WHERE id > ? AND authors LIKE ? ORDER BY id DESC LIMIT ?",
        [recent, f"%{word}%", most],
    )


def set_thanks(db: Database, entry_ids: Iterable[int], thanks: str) -> None:
    """Thank somebody else, or nobody by name, for these entries."""
    with writing(db):
        db.conn.executemany("UPDATE entries SET thanks = ? WHERE id = ?", [(thanks, one) for one in entry_ids])


def came_in(db: Database, since: datetime) -> bool:
    """Has anything come in at or after that moment?"""
    row = db.conn.execute("SELECT first_seen FROM entries ORDER BY id DESC LIMIT 1").fetchone()
    return row is not None and row[0] >= stored(since)


def newest_id(db: Database) -> int:
    """The highest entry id, 0 where there is none."""
    return int(db.conn.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()[0])


def count(db: Database) -> int:
    """How many entries are stored."""
    return int(db.conn.execute("SELECT count(*) FROM entries").fetchone()[0])


def count_by_source(db: Database) -> dict[str, int]:
    """How many entries each source has brought (an entry of two sources counts for both)."""
    return dict(db.conn.execute("SELECT source, count(DISTINCT entry_id) FROM entry_sources GROUP BY source"))


def _known(db: Database, keys: set[str]) -> tuple[dict[str, int], dict[int, set[str]]]:
    ids: dict[str, int] = dict(
        db.conn.execute(
            "SELECT key, entry_id FROM entry_keys WHERE key IN (SELECT value FROM json_each(?))",
            [json.dumps(list(keys))],
        )
    )
    keys_of: dict[int, set[str]] = {}
    for key, entry_id in db.conn.execute(
        "SELECT key, entry_id FROM entry_keys WHERE entry_id IN (SELECT value FROM json_each(?))",
        [json.dumps(list(set(ids.values())))],
    ):
        keys_of.setdefault(entry_id, set()).add(key)
    return ids, keys_of


def _insert(db: Database, entry: ParsedEntry, now: datetime) -> int:
    (entry_id,) = db.conn.execute(
        "INSERT INTO entries (title, summary, authors, url, published, categories, popularity, content_hash, "
        "first_seen, thanks, image) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        [
            entry.title,
            entry.summary,
            _list(entry.authors),
            entry.url,
            _iso(entry.published),
            _list(entry.categories),
            entry.popularity,
            content_hash(text_of(entry.title, entry.summary)),
            stored(now),
            entry.thanks,
            entry.image,
        ],
    ).fetchone()
    return int(entry_id)


def _merge(db: Database, entry_id: int, entry: ParsedEntry) -> None:
    """Let a second sight fill gaps: the longer summary wins, popularity is the newest, the rest stays as it was."""
    known = by_ids(db, [entry_id])[entry_id]
    summary = max(known.summary, entry.summary, key=len)
    merged = [
        summary,
        _list(known.authors or entry.authors),
        known.url or entry.url,
        _iso(known.published or entry.published),
        _list(tuple(dict.fromkeys((*known.categories, *entry.categories)))),
        known.popularity if entry.popularity is None else entry.popularity,
        content_hash(text_of(known.title, summary)),
        known.image or entry.image,
        entry_id,
    ]
    db.conn.execute(
        "UPDATE entries SET summary = ?, authors = ?, url = ?, published = ?, categories = ?, popularity = ?, "
        "content_hash = ?, image = ? WHERE id = ?",
        merged,
    )


def _select(db: Database, where: str, parameters: list[Any]) -> list[Entry]:
    rows = db.conn.execute(
        "SELECT e.id, e.title, e.summary, e.authors, e.url, e.published, e.categories, e.popularity, "
        "e.content_hash, e.thanks, e.image, (SELECT json_group_array(source) FROM (SELECT source, min(seen_at) "
        "FROM entry_sources WHERE entry_id = e.id GROUP BY source ORDER BY 2, 1)) "
        f"FROM entries e {where} ORDER BY e.id",
        parameters,
    )
    return [
        Entry(
            id=id_,
            title=title,
            summary=summary,
            authors=tuple(json.loads(authors)),
            url=url,
            published=date.fromisoformat(published) if published else None,
            categories=tuple(json.loads(categories)),
            popularity=popularity,
            content_hash=hash_,
            sources=tuple(json.loads(sources)),
            thanks=thanks,
            image=image,
        )
        for id_, title, summary, authors, url, published, categories, popularity, hash_, thanks, image, sources in rows
    ]


def _in_order(db: Database, ids: str, parameters: list[Any]) -> list[Entry]:
    """The entries whose ids a statement finds, in its order."""
    rows = db.conn.execute(ids, parameters).fetchall()
    found = by_ids(db, [id_ for (id_,) in rows])
    return [found[id_] for (id_,) in rows]


def _list(items: tuple[str, ...]) -> str:
    return json.dumps(items, ensure_ascii=False)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
