"""Finding readers by what somebody types: part of an address, of a name, of an interest."""

import json
from collections.abc import Iterable

from sqlite_utils import Database

from subscribers import people
from subscribers.cadence import Frequency
from subscribers.interests import Interest
from subscribers.papers import Reference, each_once
from subscribers.people import Subscriber

_OF = "s.state = 'active' AND s.frequency = ?1 AND s.day IN (SELECT value FROM json_each(?2))"
#: SQLite compares letters beyond ASCII by their case; this compares all.
_FOLDED = "casefolded"


def find_readers(
    db: Database, frequency: Frequency, days: Iterable[int], search: str, most: int
) -> tuple[list[Subscriber], int]:
    """The first of those active readers of these days whose address, name or interest holds `search`, and their count.

    Letter case does not matter. Those of whom an address, a word of the name or an interest begins with it come first,
    then who came first.
    """
    words = " ".join(search.split())
    wanted = [frequency, json.dumps(list(days))]
    statement, values = _matching(db, wanted, words) if words else _everybody(wanted)
    found = db.conn.execute(f"{statement} LIMIT {int(most)}", values).fetchall()
    by_id = {person.id: person for person in people.by_ids(db, [row[0] for row in found])}
    return [by_id[row[0]] for row in found if row[0] in by_id], found[0][1] if found else 0


def _everybody(wanted: list[str]) -> tuple[str, list[str]]:
    return (
        f"SELECT s.id, (SELECT count(*) FROM subscribers s WHERE {_OF}) FROM subscribers s WHERE {_OF} ORDER BY s.id",
        wanted,
    )


def _matching(db: Database, wanted: list[str], words: str) -> tuple[str, list[str]]:
    if words.isascii():
        folded = "{}"
    else:
        folded, words = f"{_FOLDED}({{}})", words.casefold()
        db.conn.create_function(_FOLDED, 1, str.casefold, deterministic=True)
    literal = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

    def like(column: str, pattern: int) -> str:
        return f"{folded.format(column)} LIKE ?{pattern} ESCAPE '\\'"

    address, name, text = "s.address", "s.name", "text"
    statement = f"""
        WITH following AS (
            SELECT subscriber_id, max({like(text, 4)}) AS first FROM interests WHERE {like(text, 3)} GROUP BY 1
        )
        SELECT s.id, count(*) OVER () FROM subscribers s LEFT JOIN following f ON f.subscriber_id = s.id
        WHERE {_OF} AND (f.subscriber_id IS NOT NULL OR {like(address, 3)} OR {like(name, 3)})
        ORDER BY NOT ({like(address, 4)} OR {like(name, 4)} OR {like(name, 5)} OR coalesce(f.first, 0)), s.id
    """
    return statement, [*wanted, f"%{literal}%", f"{literal}%", f"% {literal}%"]


def named_papers(db: Database) -> dict[str, Reference]:
    """The papers that the interests of readers name, by their keys; who has not confirmed, or has left, counts not."""
    return each_once(one for (text,) in db.conn.execute(_MAY_NAME_PAPERS) for one in Interest(text).references)


#: arXiv ids of both styles, DOIs, links with and without https://, titles: quick to tell from most lines.
_MAY_NAME_PAPERS = """
    SELECT DISTINCT text FROM interests i
    WHERE (text GLOB '*[0-9][0-9].[0-9][0-9][0-9][0-9]*' OR text GLOB '*[A-Za-z]/[0-9][0-9][0-9][0-9]*'
        OR text GLOB '*.[A-Za-z][A-Za-z]*/*' OR text LIKE '%://%' OR text LIKE '%title:%')
    AND EXISTS (SELECT 1 FROM subscribers s WHERE s.id = i.subscriber_id AND s.state IN ('active', 'paused'))
"""
