"""Taking the readers out, and bringing them back unchanged."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from newsletter.store import open_store
from subscribers import people
from subscribers.address import address_key
from subscribers.cadence import Cadence, Frequency
from subscribers.database import stored, writing
from subscribers.errors import InvalidInterest
from subscribers.evidence import Evidence, Origin, evidence_of, record
from subscribers.exporting import export_csv, export_json
from subscribers.importing import import_readers
from subscribers.interests import MAX_INTERESTS, Interest, parse_interests
from subscribers.people import Subscriber, tidy_name
from subscribers.states import State
from subscribers.suppression import Reason, suppress, suppression_of
from subscribers.systems import COLUMNS

WEEKLY = Cadence(Frequency.WEEKLY, 5, time(8), "Europe/Paris")
MONTHLY = Cadence(Frequency.MONTHLY, 31, time(17, 30), "America/New_York")
DAILY = Cadence(Frequency.DAILY, 0, time(6), "UTC")
Export = Callable[[Database, TextIO], int]
BOTH = pytest.mark.parametrize("export", [export_csv, export_json])


def put(
    db: Database,
    address: str,
    state: State,
    now: datetime,
    *,
    name: str = "",
    interests: tuple[Interest, ...] = (),
    cadence: Cadence = WEEKLY,
    confirmed: datetime | None = None,
    paused_until: date | None = None,
    announcements: bool = True,
) -> int:
    """A person in any state, as the tables have them."""
    with writing(db):
        (id_,) = db.conn.execute(
            "INSERT INTO subscribers (address, address_key, name, state, frequency, day, at, timezone, created_at, "
            "confirmed_at, paused_until, announcements) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            [
                address,
                address_key(address),
                name,
                state,
                *people.cadence_row(cadence),
                stored(now),
                stored(confirmed) if confirmed else None,
                paused_until.isoformat() if paused_until else None,
                int(announcements),
            ],
        ).fetchone()
        people.set_interests(db, id_, interests)
    return int(id_)


def written(db: Database, export: Export) -> str:
    stream = io.StringIO(newline="")
    export(db, stream)
    return stream.getvalue()


@contextmanager
def fresh(folder: Path) -> Iterator[Database]:
    """Another, empty database."""
    path = folder / "other.db"
    for old in folder.glob("other.db*"):
        old.unlink()
    db = open_store(path)
    yield db
    db.conn.close()


def carried_over(text: str, db: Database, folder: Path, now: datetime) -> list[Subscriber]:
    """The people of an export once they are imported; ids, and from when on their due dates count, aside."""
    path = folder / "export"
    path.write_text(text, "utf-8", newline="")
    report = import_readers(db, path, cadence=DAILY, now=now)
    assert report.system == "newsletter"
    assert report.bad == ()
    return [replace(person, id=0, joined_at=None) for person in people.everybody(db)]


@pytest.fixture
def crowd(store: Database, now: datetime) -> list[Subscriber]:
    """One of every kind; ids aside."""
    earlier = now - timedelta(days=400)
    wishes = (
        Interest("graphs"),
        Interest("surveys; and reviews", muted=True),
        Interest("-omics"),
        Interest('"quoted", with\u200dcomma'),
        Interest("مخططات"),
        Interest("🧬 genomics"),
    )
    put(store, "ada@example.org", State.ACTIVE, earlier, name="Ada", interests=wishes, confirmed=now)
    put(store, "=cmd|x@xn--bcher-kva.example", State.ACTIVE, now, name="=1+1", cadence=MONTHLY, confirmed=now)
    put(store, "bob@example.org", State.PAUSED, earlier, confirmed=now, paused_until=date(2027, 1, 1), cadence=DAILY)
    put(store, "Carol@example.org", State.PAUSED, earlier, confirmed=now, announcements=False)
    put(store, "dan@example.org", State.PENDING, earlier, interests=(Interest("not a bot"),))
    put(store, "eve@example.org", State.PENDING, earlier, confirmed=earlier)
    put(store, "fay@example.org", State.UNSUBSCRIBED, earlier, name="'tis Fay", confirmed=earlier)
    put(store, "'=x@example.org", State.UNSUBSCRIBED, earlier)
    return [replace(person, id=0) for person in people.everybody(store)]


@BOTH
def test_what_goes_out_comes_back_unchanged(
    store: Database, tmp_path: Path, now: datetime, crowd: list[Subscriber], export: Export
) -> None:
    text = written(store, export)
    with fresh(tmp_path) as other:
        assert carried_over(text, other, tmp_path, now + timedelta(days=5)) == crowd
        if export is export_csv:  # JSON has one more line of evidence
            assert written(other, export) == text


@BOTH
def test_importing_an_export_into_the_same_newsletter_changes_nothing(
    store: Database, tmp_path: Path, now: datetime, crowd: list[Subscriber], export: Export
) -> None:
    before = list(store.conn.iterdump())
    assert carried_over(written(store, export), store, tmp_path, now) == crowd
    assert before == list(store.conn.iterdump())


@BOTH
@pytest.mark.parametrize("reason", [Reason.BOUNCED, Reason.COMPLAINED])
def test_suppressed_people_go_out_as_their_state_only_and_come_back_suppressed(
    store: Database, tmp_path: Path, now: datetime, reason: Reason, export: Export
) -> None:
    put(store, "ada@example.org", State.SUPPRESSED, now, name="Lovelace", interests=(Interest("graphs"),))
    suppress(store, "ada@example.org", reason, now)
    text = written(store, export)
    assert "Lovelace" not in text
    assert "graphs" not in text
    assert str(now.year) not in text
    with fresh(tmp_path) as other:
        [ada] = carried_over(text, other, tmp_path, now)
        assert (ada.address, ada.state, ada.name) == ("ada@example.org", State.SUPPRESSED, "")
        assert suppression_of(other, "ada@example.org") is reason
        if export is export_csv:
            assert written(other, export) == text


def test_a_complaint_in_an_export_reaches_whom_we_know_as_bounced(
    store: Database, tmp_path: Path, now: datetime
) -> None:
    put(store, "ada@example.org", State.SUPPRESSED, now, name="Ada")
    suppress(store, "ada@example.org", Reason.COMPLAINED, now)
    text = written(store, export_json)
    with fresh(tmp_path) as other:
        put(other, "ada@example.org", State.SUPPRESSED, now, name="Ada")
        suppress(other, "ada@example.org", Reason.BOUNCED, now)
        [ada] = carried_over(text, other, tmp_path, now)
        assert (ada.name, ada.state) == ("Ada", State.SUPPRESSED)
        assert suppression_of(other, "ada@example.org") is Reason.COMPLAINED


def test_somebody_suppressed_without_a_reason_stays_suppressed(store: Database, tmp_path: Path, now: datetime) -> None:
    put(store, "ada@example.org", State.SUPPRESSED, now)
    with fresh(tmp_path) as other:
        carried_over(written(store, export_csv), other, tmp_path, now)
        assert suppression_of(other, "ada@example.org") is Reason.BOUNCED


def test_an_export_does_not_bring_suppressed_people_back(store: Database, tmp_path: Path, now: datetime) -> None:
    put(store, "ada@example.org", State.ACTIVE, now, confirmed=now)
    text = written(store, export_json)
    people.erase(store, "ada@example.org", now=now)
    assert carried_over(text, store, tmp_path, now) == []
    assert suppression_of(store, "ada@example.org") is Reason.ERASED


def test_an_active_reader_without_proof_of_consent_comes_back_pending(
    store: Database, tmp_path: Path, now: datetime
) -> None:
    put(store, "ada@example.org", State.ACTIVE, now)
    with fresh(tmp_path) as other:
        [ada] = carried_over(written(store, export_csv), other, tmp_path, now)
        assert (ada.state, ada.confirmed_at) == (State.PENDING, None)


def test_the_evidence_goes_along_in_json_and_tells_of_the_import(
    store: Database, tmp_path: Path, now: datetime
) -> None:
    id_ = put(store, "ada@example.org", State.ACTIVE, now, confirmed=now)
    origin = Origin("page", "https://news.example.org/", "<1@x>", "192.0.2.1", 'Browser "7"\\')
    record(store, id_, event="asked to subscribe", origin=origin, words="Yes,\nsend me → mail", now=now)
    record(store, id_, event="confirmed", origin=Origin("link"), words="I confirm", now=now + timedelta(minutes=1))
    kept = evidence_of(store, id_)
    text = written(store, export_json)
    [shown] = json.loads(text)["subscribers"]
    assert shown["evidence"][1] == {
        "at": "2026-11-22T12:01:00+00:00",
        "event": "confirmed",
        "how": "link",
        "words": "I confirm",
    }
    later = now + timedelta(days=9)
    with fresh(tmp_path) as other:
        [ada] = carried_over(text, other, tmp_path, later)
        *came, last = evidence_of(other, people.get(other, ada.address).id)
        assert came == kept
        assert last == Evidence(
            later,
            "imported as active",
            Origin("import"),
            "Imported from newsletter (export, line 2): confirmed at 2026-11-22 12:00:00 UTC; first known at "
            "2026-11-22 12:00:00 UTC.",
        )


def test_an_export_in_json_is_one_reader_a_line(store: Database, crowd: list[Subscriber]) -> None:
    lines = written(store, export_json).splitlines()
    assert (lines[0], lines[-1], len(lines)) == ('{"subscribers": [', "]}", len(crowd) + 2)
    first = json.loads(lines[1].rstrip(","))
    assert tuple(first) == (*COLUMNS, "evidence")
    assert first["interests"][:2] == ["graphs", "not: surveys; and reviews"]
    assert (first["day"], first["announcements"], first["paused_until"]) == (5, True, None)


def test_a_json_list_that_was_laid_out_anew_is_read_too(
    store: Database, tmp_path: Path, now: datetime, crowd: list[Subscriber]
) -> None:
    text = json.dumps(json.loads(written(store, export_json)), indent=4)
    with fresh(tmp_path) as other:
        assert carried_over(text, other, tmp_path, now) == crowd


def test_a_table_that_went_through_a_spreadsheet_is_read_too(
    store: Database, tmp_path: Path, now: datetime, crowd: list[Subscriber]
) -> None:
    """It may come back with semicolons, quotes around all, a byte order mark and other line ends."""
    rows = list(csv.reader(io.StringIO(written(store, export_csv))))
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    with fresh(tmp_path) as other:
        assert carried_over("\ufeff" + stream.getvalue(), other, tmp_path, now) == crowd


def test_no_cell_of_an_export_is_run_by_a_spreadsheet(store: Database, crowd: list[Subscriber]) -> None:
    rows = list(csv.reader(io.StringIO(written(store, export_csv))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(crowd) + 1
    for row in rows:
        assert not [cell for cell in row if cell[:1] in list("=+-@\t\r\n＝＋－＠") and cell]
    assert rows[2][:2] == ["'=cmd|x@xn--bcher-kva.example", "'=1+1"]


@BOTH
def test_nobody_goes_out_as_nobody(store: Database, tmp_path: Path, now: datetime, export: Export) -> None:
    stream = io.StringIO(newline="")
    assert export(store, stream) == 0
    assert stream.getvalue() in (",".join(COLUMNS) + "\n", '{"subscribers": [\n]}\n')


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
_ODD = st.sampled_from(
    [
        "=1+1",
        "-omics",
        "+ more",
        "@home",
        "'tis",
        "'=x",
        "a; b",
        "[x]",
        '["a"]',
        '{"a": 1}',
        'say "a", b',
        "مخططات",
        "👩‍🔬 x",
        "not: not: x",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(st.tuples(_TEXT | _ODD, st.lists(_TEXT | _ODD, max_size=5)), min_size=1, max_size=4),
    st.sampled_from([export_csv, export_json]),
)
@pytest.mark.slow
def test_any_names_and_interests_come_back_as_they_were(
    tmp_path: Path, now: datetime, readers: list[tuple[str, list[str]]], export: Export
) -> None:
    with fresh(tmp_path) as db:
        for number, (name, lines) in enumerate(readers):
            interests: list[Interest] = []
            for line in lines:
                try:
                    interests = list(parse_interests([*map(str, interests), line]))
                except InvalidInterest:
                    continue
            address = f"reader.{number}@example.org"
            put(db, address, State.ACTIVE, now, name=tidy_name(name), interests=tuple(interests), confirmed=now)
        before = [replace(person, id=0) for person in people.everybody(db)]
        text = written(db, export)
    with fresh(tmp_path) as other:
        assert carried_over(text, other, tmp_path, now) == before


@BOTH
def test_as_many_and_as_long_interests_as_can_be_come_back(
    store: Database, tmp_path: Path, now: datetime, export: Export
) -> None:
    wishes = tuple(Interest(f"{n:03} ".ljust(300, "é"), muted=n % 2 == 0) for n in range(MAX_INTERESTS))
    put(store, "ada@example.org", State.ACTIVE, now, interests=wishes, confirmed=now)
    with fresh(tmp_path) as other:
        [ada] = carried_over(written(store, export), other, tmp_path, now)
        assert ada.interests == wishes
