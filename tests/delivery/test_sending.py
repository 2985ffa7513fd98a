"""Sending what is due: each once, whatever the transport does."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import WordEmbedder
from newsroom import Clock, make_project
from sqlite_utils import Database

from newsletter import Newsletter
from newsletter.delivery import records
from newsletter.delivery.copies import FrozenIssues
from newsletter.delivery.lines import OneByOne
from newsletter.delivery.outcomes import Deferred, DeliveryState, Outcome, Refused, Sent, Unknown
from newsletter.delivery.pacing import Limits, Pacer
from newsletter.delivery.return_path import ReturnPath
from newsletter.delivery.sending import How, Run, deliver
from newsletter.delivery.workers import FOLDER
from newsletter.errors import TransportDown
from newsletter.readers.keeping import forget
from newsletter.rendering.links import Signer
from newsletter.rendering.store import load_keys
from newsletter.store import open_store
from subscribers import people
from subscribers.consent import change_state
from subscribers.evidence import Origin
from subscribers.states import State

NONE = Limits(0, 0, 0, {})


class Script:
    """A transport that does what it is told for each message in turn, then takes everything."""

    repeatable = False

    def __init__(self, *steps: Outcome | BaseException | Callable[[], Outcome]) -> None:
        self._steps = list(steps)
        self.sent: list[tuple[str, bytes]] = []
        self.names: list[str] = []
        self.closed = 0

    def send(self, message: bytes, *, sender: str, recipient: str, name: str) -> Outcome:
        step = self._steps.pop(0) if self._steps else Sent()
        if isinstance(step, BaseException):
            raise step
        outcome = step() if callable(step) else step
        if isinstance(outcome, Sent):
            self.sent.append((recipient, message))
            self.names.append(name)
        return outcome

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory, quick_templates: None) -> Path:
    """Sixty readers' copies, composed for Sunday noon."""
    project = make_project(tmp_path_factory.mktemp("composed"))
    noon = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    with (
        pytest.MonkeyPatch.context() as patch,
        Newsletter(project, clock=Clock(noon), embedder=WordEmbedder()) as newsletter,
    ):
        patch.setattr("newsletter.dispatching.deliver", lambda *_, **__: Run())
        newsletter.pull()
        for n in range(60):
            newsletter.subscribe(f"r{n:02}@example.org", interests=["walking robots"])
        newsletter.send(now=True)
    return project


@pytest.fixture
def db(composed: Path, tmp_path: Path) -> Iterator[Database]:
    """A database with sixty copies that are due."""
    shutil.copy(composed / "newsletter.db", tmp_path)
    db = open_store(tmp_path / "newsletter.db")
    assert records.count_by_state(db) == {"queued": 60}
    yield db
    db.conn.close()


def run(
    db: Database,
    project: Path,
    clock: Clock,
    script: Script,
    only: int | None = None,
    progress: Callable[[int], None] | None = None,
    limits: Limits = NONE,
) -> Counter[DeliveryState]:
    signer = Signer("https://news.example.org", load_keys(db))
    how = How(
        project=project,
        return_path=ReturnPath("papers@news.example.org", "+", signer),
        links=signer,
        clock=clock,
        max_lateness=timedelta(hours=48),
    )
    pacer = Pacer(db, limits, "papers@news.example.org", clock())
    return deliver(db, OneByOne(script), FrozenIssues(db), pacer, how, only=only, progress=progress).counts


def readers(sent: Sequence[tuple[str, bytes]]) -> list[str]:
    return [recipient for recipient, _ in sent]


EVERYBODY = [f"r{n:02}@example.org" for n in range(60)]


def test_everybody_gets_one_and_a_second_run_sends_nothing(db: Database, tmp_path: Path, clock: Clock) -> None:
    script = Script()
    counts = run(db, tmp_path, clock, script)
    assert (+counts, readers(script.sent), script.closed) == ({DeliveryState.SENT: 60}, EVERYBODY, 1)
    assert len(set(script.names)) == 60
    again = Script()
    assert +run(db, tmp_path, clock, again) == {}
    assert again.sent == []
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["claims.json"]


def test_every_copy_is_its_readers_own(db: Database, tmp_path: Path, clock: Clock) -> None:
    script = Script()
    run(db, tmp_path, clock, script)
    for recipient, message in script.sent:
        assert f"To: {recipient}\r\n".encode() in message
    assert len({message for _, message in script.sent}) == 60


def test_outcomes_are_counted_and_none_stops_the_others(db: Database, tmp_path: Path, clock: Clock) -> None:
    script = Script(Refused("550"), Sent(), Deferred("450"), Unknown("broke"))
    counts = run(db, tmp_path, clock, script)
    assert +counts == {
        DeliveryState.SENT: 57,
        DeliveryState.FAILED: 1,
        DeliveryState.DEFERRED: 1,
        DeliveryState.UNCERTAIN: 1,
    }
    assert records.count_by_state(db) == {"deferred": 1, "failed": 1, "sent": 57, "uncertain": 1}
    assert readers(script.sent) == [EVERYBODY[1], *EVERYBODY[4:]]


def test_a_deferred_copy_is_the_same_bytes_when_its_time_has_come(db: Database, tmp_path: Path, clock: Clock) -> None:
    refused: list[bytes] = []
    script = Script()
    take = script.send

    def refuse_first(message: bytes, *, sender: str, recipient: str, name: str) -> Outcome:
        if not refused:
            refused.append(message)
            return Deferred("450")
        return take(message, sender=sender, recipient=recipient, name=name)

    script.send = refuse_first  # type: ignore[method-assign]
    run(db, tmp_path, clock, script)
    assert +run(db, tmp_path, clock, script) == {}
    clock.forward(minutes=20)
    assert +run(db, tmp_path, clock, script) == {DeliveryState.SENT: 1}
    assert script.sent[-1] == (EVERYBODY[0], refused[0])


@pytest.mark.parametrize("at", [0, 1, 30, 49, 50, 59])
def test_when_the_server_goes_down_the_rest_waits_and_the_next_run_finishes(
    db: Database, tmp_path: Path, clock: Clock, at: int
) -> None:
    script = Script(*[Sent()] * at, TransportDown("down"))
    with pytest.raises(TransportDown):
        run(db, tmp_path, clock, script)
    assert script.closed == 1
    counts = Counter(records.count_by_state(db))
    assert counts["sent"] == at
    assert counts["queued"] + counts["deferred"] == 60 - at
    run(db, tmp_path, clock, script)
    assert sorted(readers(script.sent)) == EVERYBODY


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), MemoryError()])
def test_an_interruption_in_mid_message_leaves_that_one_open_and_no_other(
    db: Database, tmp_path: Path, clock: Clock, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        run(db, tmp_path, clock, Script(*[Sent()] * 5, error))
    assert records.count_by_state(db) == {"queued": 54, "uncertain": 1, "sent": 5}


def test_who_pauses_between_two_batches_gets_nothing(db: Database, tmp_path: Path, clock: Clock) -> None:
    def take_and_pause() -> Outcome:
        change_state(db, people.get(db, "r55@example.org"), State.PAUSED, origin=Origin("page"), words="", now=clock())
        return Sent()

    script = Script(take_and_pause)
    counts = run(db, tmp_path, clock, script)
    assert +counts == {DeliveryState.SENT: 59, DeliveryState.DROPPED: 1}
    assert "r55@example.org" not in readers(script.sent)


def test_who_is_erased_while_their_copy_is_in_hand_gets_nothing(db: Database, tmp_path: Path, clock: Clock) -> None:
    def take_and_erase() -> Outcome:
        forget(db, people.erase(db, "r10@example.org", now=clock()))
        return Sent()

    script = Script(take_and_erase)
    assert +run(db, tmp_path, clock, script) == {DeliveryState.SENT: 59}
    assert "r10@example.org" not in readers(script.sent)


def test_who_is_erased_while_their_mail_is_refused_stops_nobody_else(
    db: Database, tmp_path: Path, clock: Clock
) -> None:
    first = next(people.everybody(db))

    def erased() -> Outcome:
        forget(db, first.id)
        people.erase(db, first.address, now=clock())
        return Refused("550 5.1.1 User unknown")

    script = Script(erased)
    counts = run(db, tmp_path, clock, script)
    assert (counts[DeliveryState.FAILED], counts[DeliveryState.SENT], script.closed) == (1, 59, 1)


def test_what_another_worker_took_over_is_left_to_it(db: Database, tmp_path: Path, clock: Clock) -> None:
    def take_and_lose() -> Outcome:
        # As if this worker had been taken for dead, and the copy claimed by another one.
        db.conn.execute("UPDATE deliveries SET worker = 'another' WHERE subscriber_id = 11 AND state = 'claimed'")
        return Sent()

    script = Script(take_and_lose)
    assert +run(db, tmp_path, clock, script) == {DeliveryState.SENT: 59}
    assert EVERYBODY[10] not in readers(script.sent)
    assert records.count_by_state(db) == {"claimed": 1, "sent": 59}


def test_one_reader_only(db: Database, tmp_path: Path, clock: Clock) -> None:
    script = Script()
    run(db, tmp_path, clock, script, only=people.get(db, "r07@example.org").id)
    assert readers(script.sent) == ["r07@example.org"]
    assert records.count_by_state(db) == {"queued": 59, "sent": 1}


def test_progress_tells_how_many_are_done(db: Database, tmp_path: Path, clock: Clock) -> None:
    told: list[int] = []
    run(db, tmp_path, clock, Script(Refused("550")), progress=told.append)
    assert (told[-1], told) == (60, sorted(told))
    assert set(range(1, 61)) <= set(told)


def test_copies_that_nobody_wants_any_more_are_dropped_without_a_pause(
    db: Database, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("newsletter.delivery.lines.time.sleep", pauses.append)
    db.conn.execute("UPDATE subscribers SET state = 'paused'")
    assert run(db, tmp_path, clock, Script()) == Counter({DeliveryState.DROPPED: 60})
    # Sixty are more than one claim takes.
    assert (len(pauses) > 1, set(pauses)) == (True, {0.0})


def test_a_name_for_a_file_holds_no_path(db: Database, tmp_path: Path, clock: Clock) -> None:
    db.conn.execute("UPDATE subscribers SET address = 'a/../../b''\"x@example.org' WHERE address = 'r00@example.org'")
    script = Script()
    run(db, tmp_path, clock, script)
    assert script.names[0] == "2026-11-22-a_.._.._b__x@example.org-1"


def test_a_providers_limit_is_kept_and_who_must_wait_is_not_kept_claimed(
    db: Database, tmp_path: Path, clock: Clock
) -> None:
    began, claimed = clock(), []

    def second_by_second(_: int) -> None:
        claimed.append(records.count_by_state(db).get("claimed", 0))
        clock.forward(seconds=0.5)

    script = Script()
    counts = run(db, tmp_path, clock, script, progress=second_by_second, limits=Limits(0, 0, 0, {"example.org": 10}))
    assert +counts == {DeliveryState.SENT: 60}
    assert clock() - began >= timedelta(seconds=5)
    assert max(claimed) <= 3 * 10  # what a second takes, in whole seconds


def test_what_a_server_pauses_meanwhile_goes_back_until_it_may_be_tried(
    db: Database, tmp_path: Path, clock: Clock
) -> None:
    too_fast = Deferred("421 4.7.28 too many messages, try again in 20 minutes")
    counts = run(db, tmp_path, clock, Script(*[too_fast] * 10))
    waiting = db.conn.execute("SELECT min(due_at), worker FROM deliveries WHERE state = 'queued'").fetchone()
    assert counts[DeliveryState.DEFERRED] < 10
    assert waiting[0] >= (clock() + timedelta(minutes=19)).isoformat()
    assert waiting[1] is None
    assert records.count_by_state(db).keys() <= {"queued", "deferred", "sent"}
