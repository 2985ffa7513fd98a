"""What is kept about a reader: all of it is shown, taken away and erased; nothing of anybody else."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder
from frontdesk import ADA, BOB, EVE, FRIDAYS, MAIL, PAGE, Desk, to
from mainline import bring
from newsroom import Clock
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.returns import came_back
from newsletter.delivery.verdicts import Verdict
from newsletter.entries import store as entries
from newsletter.issues import store as issues
from newsletter.ranking.proposals import Proposal, keep
from newsletter.readers.keeping import HASHES, TABLES, erase
from subscribers import consent
from subscribers.errors import UnknownSubscriber
from subscribers.evidence import Origin
from subscribers.people import Subscriber
from subscribers.states import State
from subscribers.suppression import Reason, suppression_of

pytest_plugins = ("frontdesk_fixtures",)

#: What only Ada says, has or is called.
ADAS = ("ada@example.org", "lovelace", "analytical engines", "198.51.100.77", "netscape", "no such countess")


def tables(db: Database) -> list[str]:
    return [row[0] for row in db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def columns(db: Database, table: str) -> set[str]:
    return {row[1] for row in db.conn.execute(f'PRAGMA table_info("{table}")')}


def rows_of(db: Database, person: Subscriber) -> dict[str, int]:
    """How many rows there are about somebody, in every table of the database as it is."""
    found = {}
    for table in tables(db):
        named = "subscriber_id" if "subscriber_id" in columns(db, table) else "id" if table == "subscribers" else ""
        if named:
            query = f'SELECT count(*) FROM "{table}" WHERE {named} = ?'
            found[table] = int(db.conn.execute(query, [person.id]).fetchone()[0])
    return found


def everything(db: Database) -> str:
    """All values of all tables, as text."""
    values = (value for table in tables(db) for row in db.conn.execute(f'SELECT * FROM "{table}"') for value in row)
    return "\n".join(v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in values).casefold()


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERS = Origin("page", "https://news.example.org/", "<1@lovelace.example>", "198.51.100.77", "Netscape 4")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory, pulled: Path) -> Path:
    """Ada, about whom there is something in every table; beside her Bob, with as much. Made once."""
    project, clock = tmp_path_factory.mktemp("furnished") / "news", Clock(NOON)
    shutil.copytree(pulled, project)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        desk = Desk(lambda: stack.enter_context(Newsletter(project, clock=clock, embedder=WordEmbedder())), clock)
        bob = desk.reader(BOB, name="Robert", interests=("bees",), cadence=FRIDAYS)
        ada = desk.reader(ADA, name="Lovelace", interests=("analytical engines",), cadence=FRIDAYS, origin=HERS)
        desk.newsletter.send(now=True)
        for person, why in ((bob, "550 full"), (ada, "550 no such countess")):
            desk.readers.vote(person, 1, 1)
            keep(desk.db, {person.id: Proposal(f"what {person.name} likes", (1,))}, clock())
            came_back(desk.db, person.id, "999", Verdict.HARD, why, clock())
            desk.readers.suggest(person, f"https://example.org/{person.id}", f"{person.name} says so", named=True)
        clock.forward(days=9)
        for look in desk.newsletter.suggestions.open():
            desk.newsletter.suggestions.accept(look.suggestion.id, title=f"A page that number {look.suggestion.id} is")
        bring(desk.newsletter, 100)
        desk.compose(patch)
        for person, origin in ((bob, PAGE), (ada, HERS)):
            desk.readers.change_address(person, f"new.{person.address}", origin=origin)
            desk.readers.send_private_link(person, origin=origin)
    shutil.rmtree(project / "outbox")
    return project


@pytest.fixture
def desk(furnished: Path, tmp_path: Path, clock: Clock, embedder: WordEmbedder) -> Iterator[Desk]:
    """The desk nine days later."""
    project = shutil.copytree(furnished, tmp_path / "news")
    clock.forward(days=9)
    with ExitStack() as stack:
        yield Desk(lambda: stack.enter_context(Newsletter(project, clock=clock, embedder=embedder)), clock)


@pytest.fixture
def ada(desk: Desk) -> Subscriber:
    return desk.person()


def test_every_table_about_people_is_named(desk: Desk) -> None:
    """Whoever adds a table that says something about a person names it in `keeping.TABLES`."""
    about = {table for table in tables(desk.db) if "subscriber_id" in columns(desk.db, table)} | {"subscribers"}
    assert about == TABLES.keys()
    for table, kept in TABLES.items():
        assert kept.hidden <= columns(desk.db, table)


def test_this_person_is_in_every_table(desk: Desk, ada: Subscriber) -> None:
    """Else the tests below would try nothing."""
    assert all(rows_of(desk.db, ada).values())
    states = desk.db.conn.execute("SELECT state, notice FROM deliveries WHERE subscriber_id = ? ORDER BY id", [ada.id])
    assert states.fetchall() == [
        ("sent", "confirmation"),
        ("sent", None),
        ("queued", None),
        ("queued", "address"),
        ("queued", "private"),
    ]
    held = everything(desk.db)
    assert all(word in held for word in ADAS)


# -- erasing


def test_who_is_erased_is_nowhere_any_more(desk: Desk, ada: Subscriber) -> None:
    desk.readers.erase(ada)
    assert set(rows_of(desk.db, ada).values()) == {0}
    held = everything(desk.db)
    assert [word for word in ADAS if word in held] == []
    assert desk.readers.find(ADA) is None


def test_nor_is_she_in_any_byte_on_disk(desk: Desk, ada: Subscriber) -> None:
    desk.mails()
    desk.readers.erase(ada)
    desk.newsletter.tend()
    on_disk = b"".join(path.read_bytes() for path in desk.folder.glob("newsletter.db*")).decode("latin-1").casefold()
    assert "robert" in on_disk
    assert [word for word in ADAS if word in on_disk] == []


def test_of_everybody_else_nothing_is_lost(desk: Desk, ada: Subscriber) -> None:
    bob = desk.person(BOB)
    before, mine = rows_of(desk.db, bob), desk.readers.export(bob)
    desk.readers.erase(ada)
    assert rows_of(desk.db, bob) == before
    assert desk.readers.export(bob) == mine


def test_waiting_copies_and_mails_are_not_sent(desk: Desk, ada: Subscriber) -> None:
    desk.readers.erase(ada)
    desk.newsletter.send(now=True)
    assert sorted(to(mail) for mail in desk.new_mails()) == [BOB, BOB, f"new.{BOB}"]


def test_the_receipt_says_how_much_was_removed_and_not_of_whom(desk: Desk, ada: Subscriber) -> None:
    expected = rows_of(desk.db, ada)
    receipt = desk.readers.erase(ada)
    assert receipt.removed == expected
    assert receipt.at == desk.clock()
    assert re.fullmatch(r"[0-9a-f]{10}", receipt.reference)
    assert receipt.reference not in everything(desk.db)
    assert desk.readers.erase(desk.reader(BOB + ".uk")).reference != receipt.reference


def test_what_stays_is_a_keyed_hash_and_the_date(desk: Desk, ada: Subscriber) -> None:
    desk.readers.erase(ada)
    assert suppression_of(desk.db, ADA) is Reason.ERASED
    stays = desk.db.conn.execute("SELECT reason, at FROM suppressions").fetchall()
    assert stays == [("erased", "2026-12-01T12:00:00+00:00")]


def test_a_complaint_is_remembered_beyond_the_erasure(desk: Desk, ada: Subscriber) -> None:
    consent.suppress_person(desk.db, ada, Reason.COMPLAINED, words="", origin=MAIL, now=desk.clock())
    desk.readers.erase(desk.person())
    assert suppression_of(desk.db, ADA) is Reason.COMPLAINED
    desk.mails()
    desk.ask()
    assert desk.mails() == []


def test_who_comes_back_is_somebody_new(desk: Desk, ada: Subscriber) -> None:
    desk.readers.erase(ada)
    desk.mails()
    back = desk.reader(name="", interests=())
    assert back.id > ada.id
    assert (back.state, back.name, back.interests) == (State.ACTIVE, "", ())
    assert rows_of(desk.db, back)["received"] == 0


def test_erasing_twice_is_said_so_and_does_no_harm(desk: Desk, ada: Subscriber) -> None:
    desk.readers.erase(ada)
    before = desk.dump()
    with pytest.raises(UnknownSubscriber):
        desk.readers.erase(ada)
    assert desk.dump() == before


def test_who_has_moved_since_is_erased_at_the_new_address_and_nobody_else(desk: Desk, ada: Subscriber) -> None:
    """Also where somebody else reads at the old one by now."""
    consent.change_address(desk.db, ada, "new@example.org", words="", origin=MAIL, now=desk.clock())
    desk.mails()
    other = desk.reader(ADA)
    erase(desk.db, ada, desk.clock())
    assert desk.person(ADA) == other
    assert desk.readers.find("new@example.org") is None
    assert suppression_of(desk.db, "new@example.org") is Reason.ERASED
    assert suppression_of(desk.db, ADA) is None


def test_what_she_suggested_stays_for_others_but_names_her_no_more(desk: Desk, ada: Subscriber) -> None:
    """Neither as an entry nor in an issue that was frozen with it, also where another process has read that before."""
    ids = [row[0] for row in desk.db.conn.execute("SELECT id FROM entries WHERE thanks <> ''")]
    (issue,) = (one for one in desk.newsletter.frozen_issues() if str(one.key) == "weekly-2026-12-04")
    read_before = FrozenIssues(desk.db)

    def thanks() -> list[list[str]]:
        kept = entries.by_ids(desk.db, ids)
        return [
            sorted(kept[one].thanks for one in ids),
            sorted(json.loads(card)["thanks"] for card in issues.cards_of(desk.db, issue.id, ids).values()),
            sorted(read_before.get(issue.id, ids).cards[one].thanks for one in ids),
        ]

    assert thanks() == [["Suggested by Lovelace", "Suggested by Robert"]] * 3
    desk.readers.erase(ada)
    assert thanks() == [["Suggested by Robert", "Suggested by a reader"]] * 3


# -- taking it away


def test_an_export_holds_every_row_and_column_but_for_keys(desk: Desk, ada: Subscriber) -> None:
    found = json.loads(json.dumps(desk.readers.export(ada)))
    counts = {table: len(found[table]) for table in TABLES}
    assert counts == rows_of(desk.db, ada)
    for table, kept in TABLES.items():
        for row in found[table]:
            assert row.keys() == columns(desk.db, table) - kept.hidden
    text = json.dumps(found).casefold()
    assert [word for word in ADAS if word not in text] == []
    titles = {entry["id"]: entry["title"] for entry in found["entries"]}
    assert titles.keys() == {row["entry_id"] for row in (*found["received"], *found["votes"])}
    assert titles[1].startswith("Study ")


def test_an_export_holds_nothing_of_anybody_else(desk: Desk, ada: Subscriber) -> None:
    text = json.dumps(desk.readers.export(ada)).casefold()
    assert not any(word in text for word in (BOB, "robert", "bees"))
    bob = desk.person(BOB).id
    found = desk.readers.export(ada)
    assert all(row.get("subscriber_id") != bob for table in TABLES for row in found[table])


def test_an_export_tells_when_from_where_and_to_which_words(desk: Desk) -> None:
    person = desk.reader(EVE)
    asked, confirmed = desk.readers.export(person)["evidence"]
    assert (asked["event"], asked["origin"], asked["page"], asked["ip"], asked["agent"], asked["words"]) == (
        "asked to subscribe",
        "page",
        "https://news.example.org/",
        "203.0.113.7",
        "Firefox/140",
        "Send it to me",
    )
    assert (confirmed["event"], confirmed["words"]) == ("confirmed", "Yes, send it to me")


@pytest.mark.parametrize("words", ['["x"]', "{}", "[1, 2]", '{"a": 1}', "[", "null", "17"])
def test_words_that_look_like_json_stay_words(desk: Desk, words: str) -> None:
    person = desk.readers.change(desk.reader(EVE), origin=PAGE, name=words, interests=[f"{words} bees"])
    desk.readers.say_why(person, words, origin=PAGE)
    found = desk.readers.export(person)
    assert found["subscribers"][0]["name"] == words
    assert found["interests"][0]["text"] == f"{words} bees"
    assert found["evidence"][-1]["words"] == words


def test_what_was_in_an_issue_is_readable(desk: Desk, ada: Subscriber) -> None:
    copies: list[dict[str, Any]] = [row for row in desk.readers.export(ada)["deliveries"] if row["issue_id"]]
    assert all(isinstance(row["recipe"], dict) and row["recipe"]["picks"] for row in copies)


# -- showing it


def test_what_is_kept_is_told_for_everybody_and_counted_for_one(desk: Desk, ada: Subscriber) -> None:
    told, mine = desk.readers.kept(), desk.readers.kept(ada)
    assert [kept.what for kept in told] == [kept.what for kept in mine]
    assert {kept.count for kept in told} == {None}
    counted = dict(zip(TABLES, (kept.count for kept in mine), strict=False))
    assert counted == rows_of(desk.db, ada)
    assert mine[len(TABLES) :] == list(HASHES)
    assert all(kept.what and kept.why and kept.how_long for kept in told)
