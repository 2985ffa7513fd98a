"""Readers found by what is typed: address, name or interest, in any letter case, what begins with it first."""

from datetime import UTC, datetime

import pytest
from sqlite_utils import Database

from subscribers import people
from subscribers.cadence import Cadence, Frequency, parse_cadence
from subscribers.database import writing
from subscribers.finding import find_readers
from subscribers.interests import parse_interests

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FRIDAY = parse_cadence("weekly", "friday", "08:00", "UTC")


def add(store: Database, address: str, name: str = "", *interests: str, cadence: Cadence = FRIDAY) -> None:
    wanted = parse_interests(list(interests))
    people.add_by_operator(store, address, name=name, interests=wanted, cadence=cadence, now=NOW)


def found(store: Database, search: str, most: int = 50) -> list[str]:
    return [one.address for one in find_readers(store, Frequency.WEEKLY, [5], search, most)[0]]


@pytest.fixture
def cast(store: Database) -> Database:
    add(store, "zoe@example.org", "Zoë Ångström", "protein design", "not: surveys")
    add(store, "ada@example.org", "Ada Lovelace", "engines that count")
    add(store, "max@gamma.org", "Max Ada-Smith", "Robots that walk")
    add(store, "surveyor@example.org", "", "land_use 100%")
    return store


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", ["zoe@example.org", "ada@example.org", "max@gamma.org", "surveyor@example.org"]),
        ("ADA", ["ada@example.org", "max@gamma.org"]),
        ("ma", ["max@gamma.org"]),
        ("love", ["ada@example.org"]),
        ("lace", ["ada@example.org"]),
        ("robots  THAT", ["max@gamma.org"]),
        ("ångström", ["zoe@example.org"]),
        ("ZOË", ["zoe@example.org"]),
        ("survey", ["zoe@example.org", "surveyor@example.org"]),
        ("nobody", []),
        ("d_u", ["surveyor@example.org"]),
        ("0%", ["surveyor@example.org"]),
        ("%", ["surveyor@example.org"]),
        ("\\", []),
        ("'; DROP TABLE subscribers; --", []),
        (" \t ", ["zoe@example.org", "ada@example.org", "max@gamma.org", "surveyor@example.org"]),
    ],
)
def test_who_is_found(cast: Database, search: str, expected: list[str]) -> None:
    assert found(cast, search) == expected


def test_what_begins_with_it_comes_first(store: Database) -> None:
    add(store, "first@example.org", "", "deep graphs")
    add(store, "second@example.org", "", "graphs")
    add(store, "graphite@example.org")
    add(store, "third@example.org", "Anna Graph")
    assert found(store, "graph") == [
        "second@example.org",
        "graphite@example.org",
        "third@example.org",
        "first@example.org",
    ]


def test_only_active_readers_of_that_rhythm_count_and_all_of_them_do(cast: Database) -> None:
    add(cast, "monday@example.org", "Ada", cadence=parse_cadence("weekly", "monday", "08:00", "UTC"))
    add(cast, "monthly@example.org", "Ada", cadence=parse_cadence("monthly", "5", "08:00", "UTC"))
    add(cast, "paused@example.org", "Ada")
    with writing(cast):
        cast.conn.execute("UPDATE subscribers SET state = 'paused' WHERE address LIKE 'paused%'")
    rows, count = find_readers(cast, Frequency.WEEKLY, [5], "ada", 1)
    assert ([one.address for one in rows], count) == (["ada@example.org"], 2)
    assert find_readers(cast, Frequency.WEEKLY, [1, 5], "ada", 1)[1] == 3
    assert find_readers(cast, Frequency.MONTHLY, [5], "", 9)[1] == 1
