"""Is the database the newest that mail was sent from?"""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from newsroom import empty_database
from postbox import ADA, LATE, add_copy, notice, person_in, whys
from sqlite_utils import Database

from newsletter.delivery import guard, ledger
from newsletter.delivery.claiming import Claims, claim
from newsletter.delivery.guard import Doubted
from newsletter.delivery.notices import NoticeKind
from newsletter.delivery.workers import FOLDER
from newsletter.errors import DeliveryError
from newsletter.store import FILE, SENDING, open_store, switch, why_off
from subscribers.database import writing
from subscribers.states import State

HOUR = timedelta(hours=1)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of `store`, as a worker leaves it."""
    (tmp_path / FOLDER).mkdir()
    return tmp_path


@pytest.fixture
def other(tmp_path: Path) -> Iterator[tuple[Database, Path]]:
    """Another newsletter."""
    project = tmp_path / "other"
    (project / FOLDER).mkdir(parents=True)
    empty_database(project / FILE)
    db = open_store(project / FILE)
    yield db, project
    db.conn.close()


def send_one(db: Database, project: Path, now: datetime, address: str = ADA) -> None:
    """Claim somebody's copy, and note that, as sending does."""
    add_copy(db, person_in(db, now, State.ACTIVE, address), now)
    claims = claim_all(db, now)
    assert len(claims.claimed) == 1
    guard.note(project, claims.number, now)


def claim_all(db: Database, now: datetime) -> Claims:
    return claim(db, "w1", now, max_lateness=LATE)


def copy_of(db: Database, path: Path) -> Path:
    """The database as it is now, in a file of its own."""
    db.conn.execute("VACUUM INTO ?", [str(path)])
    return path


def known(db: Database) -> tuple[int, str | None]:
    """Its count, and until when it is doubted."""
    count, until = db.conn.execute("SELECT claims, doubted_until FROM handed_over").fetchone()
    return int(count), until


def test_a_first_run_is_no_trouble(store: Database, tmp_path: Path, now: datetime) -> None:
    guard.refuse_older(store, tmp_path, now)
    assert (why_off(store, SENDING), known(store)) == (None, (0, None))
    assert not (tmp_path / FOLDER).exists()


def test_a_database_that_goes_on_is_never_asked_about(store: Database, project: Path, now: datetime) -> None:
    for n in range(3):
        send_one(store, project, now + n * HOUR, f"r{n}@example.org")
        guard.refuse_older(store, project, now + n * HOUR)
    assert (why_off(store, SENDING), known(store)) == (None, (3, None))


def test_a_claim_whose_note_was_lost_in_a_crash_is_no_trouble(store: Database, project: Path, now: datetime) -> None:
    send_one(store, project, now)
    add_copy(store, person_in(store, now, State.ACTIVE, "bob@example.org"), now)
    assert claim_all(store, now).number == 2
    guard.refuse_older(store, project, now)
    assert (why_off(store, SENDING), known(store)) == (None, (2, None))


def test_the_newest_copy_is_no_trouble(store: Database, project: Path, now: datetime) -> None:
    send_one(store, project, now)
    db = open_store(copy_of(store, project / "copy.db"))
    guard.refuse_older(db, project, now + HOUR)
    assert (why_off(db, SENDING), known(db)) == (None, (1, None))
    db.conn.close()


def test_an_older_copy_is_refused_switched_off_and_doubted_until_the_last_mail(
    store: Database, project: Path, now: datetime
) -> None:
    send_one(store, project, now)
    db = open_store(copy_of(store, project / "copy.db"))
    send_one(store, project, now + HOUR, "bob@example.org")
    with pytest.raises(DeliveryError) as error:
        guard.refuse_older(db, project, now + 2 * HOUR)
    db.conn.close()
    for words in ("on 2026-11-22 at 13:00 UTC", "earlier copy", "newsletter mail on", "--state uncertain"):
        assert words in str(error.value)
    # For every process, and after a restart.
    db = open_store(project / "copy.db")
    assert "put back to an earlier copy" in str(why_off(db, SENDING))
    assert known(db) == (2, (now + HOUR).isoformat())
    assert known(store) == (2, None)
    db.conn.close()


def test_it_is_asked_once_and_what_was_due_by_then_is_uncertain(store: Database, project: Path, now: datetime) -> None:
    add_copy(store, person_in(store, now, State.ACTIVE), now)
    db = open_store(copy_of(store, project / "copy.db"))
    guard.note(project, claim_all(store, now).number, now)
    with pytest.raises(DeliveryError):
        guard.refuse_older(db, project, now + HOUR)
    switch(db, SENDING, off=False, why="", now=now + HOUR)
    guard.refuse_older(db, project, now + HOUR)
    send_one(db, project, now + HOUR, "new@example.org")
    assert [state for state, _ in whys(db)] == ["uncertain", "claimed"]
    guard.refuse_older(db, project, now + HOUR)
    assert (why_off(db, SENDING), known(db)[0]) == (None, 2)
    db.conn.close()


def test_a_copy_that_is_put_back_again_is_asked_about_again(store: Database, project: Path, now: datetime) -> None:
    copy = copy_of(store, project / "copy.db")
    shutil.copy(copy, project / "again.db")
    for file in (copy, project / "again.db"):
        send_one(store, project, now, f"{file.stem}@example.org")
        db = open_store(file)
        with pytest.raises(DeliveryError):
            guard.refuse_older(db, project, now)
        db.conn.close()


def test_an_older_doubt_does_not_shorten_a_longer_one(store: Database, now: datetime) -> None:
    guard.doubt(store, now)
    guard.doubt(store, now - HOUR)
    assert known(store)[1] == now.isoformat()
    guard.doubt(store, now + HOUR)
    assert known(store)[1] == (now + HOUR).isoformat()


def test_a_copy_that_was_restored_here_is_doubted_already_and_not_asked_about_again(
    store: Database, project: Path, now: datetime
) -> None:
    db = open_store(copy_of(store, project / "copy.db"))
    guard.doubt_restored(db)
    send_one(store, project, now)
    guard.refuse_older(db, project, now)
    assert (why_off(db, SENDING), known(db)[0]) == (None, 1)
    db.conn.close()


def test_a_restored_copy_is_doubted_until_the_operators_word_and_no_longer(store: Database, now: datetime) -> None:
    assert guard.doubted(store) is None
    guard.doubt_restored(store)
    doubted = guard.doubted(store)
    assert doubted and doubted.until > now + 100_000 * HOUR
    switch(store, SENDING, off=False, why="", now=now)
    # What is queued in the same second is this one's own.
    assert guard.doubted(store) == Doubted(now - timedelta(seconds=1), 0)
    switch(store, SENDING, off=False, why="", now=now + HOUR)
    assert guard.doubted(store) == Doubted(now - timedelta(seconds=1), 0)
    guard.trust(store)
    assert guard.doubted(store) is None


def test_of_a_restored_copy_the_mails_of_its_own_pages_are_in_no_doubt(store: Database, now: datetime) -> None:
    before, after = (person_in(store, now, State.PENDING, address) for address in (ADA, "bob@example.org"))
    ledger.post(store, notice(NoticeKind.CONFIRMATION, key="before", person=before.id), now)
    guard.doubt_restored(store)
    ledger.post(store, notice(NoticeKind.CONFIRMATION, key="after", person=after.id), now + HOUR)
    switch(store, SENDING, off=False, why="", now=now + 2 * HOUR)
    claims = claim_all(store, now + 2 * HOUR)
    assert ([one.delivery.subscriber_id for one in claims.claimed], claims.doubted) == ([after.id], 1)


def test_what_is_in_doubt_is_not_repeated_either(store: Database, now: datetime) -> None:
    """Where the settings have uncertain mail repeated: its original may have done that."""
    for n, state in enumerate(("uncertain", "sending", "queued"), 1):
        add_copy(store, person_in(store, now, State.ACTIVE, f"r{n}@example.org"), now)
        store.conn.execute("UPDATE deliveries SET state = ?, worker = 'w0' WHERE id = ?", [state, n])
    guard.doubt_restored(store)
    switch(store, SENDING, off=False, why="", now=now + HOUR)
    ledger.recover(store, lambda worker: True, now + 2 * HOUR, repeat=True)
    claims = claim_all(store, now + 2 * HOUR)
    assert (claims.claimed, claims.doubted) == ([], 3)


def test_to_ask_what_is_in_doubt_takes_no_lock(store: Database, project: Path, now: datetime) -> None:
    guard.doubt(store, now)
    writer = open_store(project / FILE)
    with writing(writer):
        assert guard.doubted(store) == Doubted(now, 0)
    writer.conn.close()


def test_two_newsletters_know_nothing_of_each_other(
    store: Database, project: Path, other: tuple[Database, Path], now: datetime
) -> None:
    for n in range(3):
        send_one(store, project, now, f"r{n}@example.org")
    send_one(*other, now)
    guard.refuse_older(*other, now)
    guard.refuse_older(store, project, now)
    assert (known(store)[0], known(other[0])[0]) == (3, 1)
    # But the one's database in the place of the other's is an older one.
    with pytest.raises(DeliveryError):
        guard.refuse_older(other[0], project, now)


def test_a_note_that_broke_off_anywhere_is_as_good_as_none(store: Database, project: Path, now: datetime) -> None:
    guard.note(project, 7, now)
    (file,) = (project / FOLDER).iterdir()
    whole = file.read_bytes()
    assert json.loads(whole) == {"claims": 7, "at": now.isoformat()}
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        guard.refuse_older(store, project, now)
    file.write_bytes(whole)
    with pytest.raises(DeliveryError):
        guard.refuse_older(store, project, now)


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 60,
        b"\xff\xfe",
        b"null",
        b"[7]",
        b"{}",
        b'{"claims": 7}',
        b'{"at": "2026-11-22T12:00:00+00:00"}',
        b'{"claims": "many", "at": "2026-11-22T12:00:00+00:00"}',
        b'{"claims": null, "at": "2026-11-22T12:00:00+00:00"}',
        b'{"claims": [7], "at": "2026-11-22T12:00:00+00:00"}',
        b'{"claims": 7, "at": "yesterday"}',
        b'{"claims": 7, "at": 7}',
        b'{"claims": NaN, "at": "2026-11-22T12:00:00+00:00"}',
        b'{"claims": Infinity, "at": "2026-11-22T12:00:00+00:00"}',
    ],
)
def test_a_broken_note_is_as_good_as_none_and_the_next_mends_it(
    store: Database, project: Path, now: datetime, content: bytes
) -> None:
    guard.note(project, 7, now)
    (file,) = (project / FOLDER).iterdir()
    file.write_bytes(content)
    guard.refuse_older(store, project, now)
    assert (why_off(store, SENDING), known(store)) == (None, (0, None))
    guard.note(project, 8, now)
    with pytest.raises(DeliveryError):
        guard.refuse_older(store, project, now)


def test_a_note_that_cannot_be_read_is_as_good_as_none(store: Database, project: Path, now: datetime) -> None:
    guard.note(project, 7, now)
    (file,) = (project / FOLDER).iterdir()
    file.unlink()
    file.mkdir()
    guard.refuse_older(store, project, now)
    assert why_off(store, SENDING) is None


def test_two_senders_may_note_at_the_same_moment(store: Database, project: Path, now: datetime) -> None:
    with ThreadPoolExecutor(2) as senders:
        for done in [senders.submit(guard.note, project, claims, now) for claims in range(1, 401)]:
            done.result()
    with writing(store):
        store.conn.execute("UPDATE handed_over SET claims = 399")
    with pytest.raises(DeliveryError):
        guard.refuse_older(store, project, now)


def test_a_sender_that_notes_late_does_not_take_the_others_claim_back(
    store: Database, project: Path, now: datetime
) -> None:
    send_one(store, project, now)
    db = open_store(copy_of(store, project / "copy.db"))
    send_one(store, project, now, "bob@example.org")
    guard.note(project, 1, now)
    try:
        with pytest.raises(DeliveryError):
            guard.refuse_older(db, project, now)
    finally:
        db.conn.close()
