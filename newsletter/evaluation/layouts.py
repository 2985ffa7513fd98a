"""The layouts of judged data that `newsletter evaluate` reads, told apart by the files that a folder holds.

Every .jsonl file holds one JSON object a line; every file may be gzipped (.gz behind its name). What is not named here
is not read. What is wrong is told with file and line.

**People over a stream** (how a newsletter is read):

* `pool.jsonl` (or `entries.jsonl`, `papers.jsonl`): `id`, `title`, `abstract` (or `summary`, `text`); if there are any,
  `date` (or `published`, ISO 8601), `authors` (a list of names), `popularity` (a number)
* `users.json` (or `people.json`, or .jsonl): a list of people, or an object of them by name: `user` (or `id`, `name`);
  `statement` (a text) or `interests` (a list of texts); `likes` (or `choices`): a list of ids, or of objects with `id`
  and, if there are any, `date` and `value` (below 0 for "less like this"); `dislikes`: the same, all of them "less"

Without dates arXiv ids tell the month, and the order in it.

**Statements with graded relevance** (a newcomer's one sentence; a search):

* `docs.jsonl`: as `pool.jsonl`
* `queries.jsonl`: `id` and `text` (or `statement`, `query`)
* `qrels.tsv`: query, document, grade in three columns, with or without a head; 0 for not relevant

**Profiles with graded pairs** (researchers, their own papers, and papers that they graded):

* `docs.jsonl`: as above; what `profiles.json` holds with its text needs no place here
* `profiles.json` (or .jsonl): person → a list of their papers, as ids or as objects like those of `docs.jsonl`; or
  objects with `user` (or `person`, `id`, `name`), `papers` (or `likes`, `choices`) and, if there is one, `statement`
* `grades.tsv` (or `pairs.tsv`): person, paper, grade in three columns, with or without a head
"""

import math
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from newsletter.entries.entry import Entry, content_hash, text_of
from newsletter.errors import EvaluationError
from newsletter.evaluation.files import Item, find, graded_pairs, items_of
from newsletter.evaluation.judged import Choice, Judged, Person, Profiles, Statements, Stream

STREAM = ("pool.jsonl", "entries.jsonl", "papers.jsonl")
PEOPLE = ("users.json", "people.json", "users.jsonl", "people.jsonl")
DOCUMENTS = ("docs.jsonl", "documents.jsonl")
QUERIES = ("queries.jsonl",)
RELEVANCE = ("qrels.tsv",)
PROFILES = ("profiles.json", "profiles.jsonl")
GRADES = ("grades.tsv", "pairs.tsv")

_ARXIV = re.compile(r"(?:arxiv:)?(\d\d)(0[1-9]|1[0-2])\.(\d{4,5})(?:v\d+)?", re.IGNORECASE)


def read(folder: Path) -> Judged:
    """Read the folder's judged data. Raises `EvaluationError` where it holds none, or something in it is wrong."""
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is no folder. Name one that holds judged data.")
    if (pool := find(folder, *STREAM)) and (people := find(folder, *PEOPLE)):
        return _stream(pool, people)
    if (profiles := find(folder, *PROFILES)) and (grades := find(folder, *GRADES)):
        return _profiles(find(folder, *DOCUMENTS, *STREAM), profiles, grades)
    documents = find(folder, *DOCUMENTS)
    if documents and (queries := find(folder, *QUERIES)) and (relevance := find(folder, *RELEVANCE)):
        return _statements(documents, queries, relevance)
    raise EvaluationError(
        f"{folder} holds no judged data that is known here. Wanted are either {STREAM[0]} and {PEOPLE[0]} (people over "
        f"a stream), or {DOCUMENTS[0]}, {QUERIES[0]} and {RELEVANCE[0]} (statements with graded relevance), or "
        f"{DOCUMENTS[0]}, {PROFILES[0]} and {GRADES[0]} (profiles with graded pairs); each may be gzipped."
    )


class _Entries:
    """Entries as they are read, by the ids of the data."""

    def __init__(self) -> None:
        self.all: list[Entry] = []
        self.row: dict[str, int] = {}
        self.unknown = 0

    def read(self, path: Path) -> None:
        for item in items_of(path):
            self.add(item)
        if not self.all:
            raise EvaluationError(f"{path} is empty. Put one entry a line into it.")

    def add(self, item: Item) -> str:
        """Its id; the first of the same id counts."""
        name, title = item.text("id"), item.text("title")
        summary = item.text("abstract", "summary", "text")
        if not name:
            raise item.wrong('an entry needs an "id".')
        # Collections have entries without a title, and some that are quite empty.
        title = title or summary[:80].strip() or name
        if name not in self.row:
            self.row[name] = len(self.all)
            self.all.append(
                Entry(
                    id=len(self.all),
                    title=title,
                    summary=summary,
                    authors=_names(item.fields().get("authors")),
                    url=None,
                    published=item.day("date", "published"),
                    categories=(),
                    popularity=_popularity(item),
                    content_hash=content_hash(text_of(title, summary)),
                )
            )
        return name

    def known(self, name: str) -> int | None:
        row = self.row.get(name)
        self.unknown += row is None
        return row


def _stream(pool: Path, people: Path) -> Stream:
    entries = _Entries()
    entries.read(pool)
    dated = any(entry.published for entry in entries.all)
    days = [_ordinal(entry.published) for entry in entries.all] if dated else arxiv_days(list(entries.row))
    if all(math.isnan(day) for day in days):
        raise EvaluationError(
            f'{pool}: no entry tells when it came out. Give entries a "date" (2024-03-31), or ids of arXiv.'
        )
    found = [_person(item, entries, days) for item in items_of(people)]
    return Stream(entries.all, days, not dated, found, entries.unknown)


def _statements(documents: Path, queries: Path, relevance: Path) -> Statements:
    entries = _Entries()
    entries.read(documents)
    people: dict[str, Person] = {}
    for item in items_of(queries):
        name, text = item.text("id", "query_id"), item.text("text", "statement", "query")
        if not name or not text:
            raise item.wrong('a query needs an "id" and a "text".')
        people[name] = Person(name, (text,))
    return Statements(entries.all, list(people.values()), _grades(relevance, people, entries), entries.unknown)


def _profiles(documents: Path | None, profiles: Path, graded: Path) -> Profiles:
    entries = _Entries()
    if documents:
        entries.read(documents)
    people: dict[str, Person] = {}
    for item in items_of(profiles):
        person = _profile(item, entries)
        people[person.name] = person
    return Profiles(entries.all, list(people.values()), _grades(graded, people, entries), entries.unknown)


def _grades(path: Path, people: Mapping[str, Person], entries: _Entries) -> list[dict[int, float]]:
    """What each person graded; what they graded twice counts as the last time."""
    grades: dict[str, dict[int, float]] = {name: {} for name in people}
    for who, name, grade, _ in graded_pairs(path):
        row = entries.known(name)
        if who not in grades:
            # A collection's judges may know more statements than it gives.
            entries.unknown += row is not None
        elif row is not None:
            grades[who][row] = grade
    return list(grades.values())


def _profile(item: Item, entries: _Entries) -> Person:
    item = _by_name(item, "papers")
    name = item.text("user", "person", "id", "name")
    if not name:
        raise item.wrong('a profile needs a "person".')
    rows = []
    for paper in _list(item, "papers", "likes", "choices", "ids"):
        own = Item(paper, item.place)
        if isinstance(paper, dict) and (paper.get("title") or paper.get("abstract")):
            found: int | None = entries.row[entries.add(own)]
        else:
            found = entries.known(own.text("id") if isinstance(paper, dict) else str(paper))
        if found is not None:
            rows.append(found)
    return Person(name, _words(item), tuple(Choice(row, 1, math.nan) for row in dict.fromkeys(rows)))


def _person(item: Item, entries: _Entries, days: Sequence[float]) -> Person:
    item = _by_name(item, "likes")
    name = item.text("user", "id", "name")
    if not name:
        raise item.wrong('a person needs a "user".')
    choices: dict[int, Choice] = {}
    for sign, fields in ((1, ("likes", "choices")), (-1, ("dislikes",))):
        for one in _list(item, *fields):
            own = Item(one if isinstance(one, dict) else {"id": one}, item.place)
            row, value, day = entries.known(own.text("id")), _value(own) * sign, _ordinal(own.day("date", "at"))
            if row is not None and value:
                choices[row] = Choice(row, value, days[row] if math.isnan(day) else day)
    return Person(name, _words(item), tuple(choices.values()))


def _by_name(item: Item, field: str) -> Item:
    """A record of an object: its name becomes the person's, a list the field."""
    if item.name is None:
        return item
    own = item.value if isinstance(item.value, dict) else {field: item.value}
    return Item({"user": item.name, **own}, item.place)


def _words(item: Item) -> tuple[str, ...]:
    interests = _list(item, "interests") or [item.fields().get("statement") or ""]
    return tuple(" ".join(str(line).split()) for line in interests if str(line).strip())


def _list(item: Item, *names: str) -> list[Any]:
    for name in names:
        value = item.fields().get(name)
        if isinstance(value, list):
            return value
        if value is not None:
            raise item.wrong(f'"{name}" must be a list.')
    return []


def _value(item: Item) -> float:
    value = item.fields().get("value", 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1_000:
        raise item.wrong('the "value" of a choice must be a small number, below 0 for "less like this".')
    return float(value)


def _popularity(item: Item) -> int | None:
    value = item.fields().get("popularity")
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
    return int(value) if usable and value is not None else None


def _names(authors: Any) -> tuple[str, ...]:
    """Names from a list of them (or of objects with a name), or from one text with commas."""
    if isinstance(authors, str):
        authors = authors.split(",")
    if not isinstance(authors, list):
        return ()
    found = (str(one.get("name") or "") if isinstance(one, dict) else str(one) for one in authors)
    return tuple(name.strip() for name in found if name.strip())


def _ordinal(day: date | None) -> float:
    return math.nan if day is None else float(day.toordinal())


def arxiv_days(ids: Sequence[str]) -> list[float]:
    """About when each was announced, as a day's ordinal: its month, and how far in the month its number is; else nan.

    The numbers of a month grow with time, up to the largest that the data has of it.
    """
    found = [_ARXIV.fullmatch(name.strip()) for name in ids]
    last: dict[tuple[str, str], int] = {}
    for one in found:
        if one:
            last[one[1], one[2]] = max(int(one[3]), last.get((one[1], one[2]), 1))
    days = []
    for one in found:
        if one is None:
            days.append(math.nan)
            continue
        year, month = 2000 + int(one[1]), int(one[2])
        far = int(one[3]) / last[one[1], one[2]]
        days.append(date(year, month, 1).toordinal() + far * (monthrange(year, month)[1] - 0.001))
    return days
