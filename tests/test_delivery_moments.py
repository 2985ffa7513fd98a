"""The moments at which a process may die, each by its name; then it is started again, and everybody is counted.

Each is brought about from outside: by what the server does, by the clock of the database's rows, by signals.
"""

import asyncio
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from mailserver import free_port
from sending_process import Command
from sending_town import CONNECTIONS, Town, town, until
from sink import Script, Visit, forever, well

from newsletter.store import FILE as STORE

pytestmark = pytest.mark.slow

READERS = 40


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as made:
        yield made


class Held:
    """Holds the server where the script is asked about one of these, from so many messages of a connection on."""

    def __init__(self, *verbs: str, after: int = 0) -> None:
        self.verbs, self.after = verbs, after
        self.count = 0

    async def __call__(self, visit: Visit, verb: str, argument: str) -> str | None:
        if verb in self.verbs and visit.taken >= self.after:
            self.count += 1
            await forever()
        return None

    def all_that_come(self) -> None:
        """Wait until somebody is held, and a little for the other connections."""
        until(lambda: self.count)
        time.sleep(0.3)


def kill_when(there: Town, command: Command, come: Callable[[sqlite3.Connection], object]) -> None:
    """Kill it when the database says so; whoever wants to write the next step has to wait for the lock meanwhile."""
    with closing(sqlite3.connect(there.project / STORE, timeout=0, isolation_level=None)) as db:
        end = time.monotonic() + 20
        while command.runs:
            assert time.monotonic() < end, "it never came to that"
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                continue  # it is writing: look again as soon as it has done so
            if come(db):
                assert command.kill()
            db.execute("ROLLBACK")
            time.sleep(0.0002)


def count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM deliveries").fetchone()[0])


def test_rows_are_written_and_the_job_is_not_started(there: Town, tmp_path: Path) -> None:
    there.people(READERS, composed=False)
    there.sink.script = Held("CONNECT")
    shutil.copytree(there.project, tmp_path / "before")
    for _ in range(20):  # the job starts within microseconds
        kill_when(there, there.command("send"), count)
        if there.states() == {"queued": READERS}:
            break
        shutil.rmtree(there.project)
        shutil.copytree(tmp_path / "before", there.project)
    there.sink.script = well
    assert there.states() == {"queued": READERS}
    assert not there.settled(uncertain=0).of("uncertain")


def test_half_of_them_are_prepared(there: Town) -> None:
    """Half of the readers get another issue, which is composed after the first."""
    there.people(READERS, rhythms=("daily", "weekly"), composed=False)
    kill_when(there, there.command("send"), count)
    assert there.states() == {"queued": READERS // 2}
    assert there.sink.heard("MAIL") == 0
    assert not there.settled(uncertain=0).of("uncertain")


def test_prepared_and_nothing_is_sent(there: Town) -> None:
    """The server has heard for whom it is, and not a byte of the message."""
    there.people(READERS)
    there.sink.script = held = Held("MAIL")
    command = there.command("send")
    held.all_that_come()
    assert command.kill()
    there.sink.script = well
    assert there.sink.heard("DATA") == 0 or there.sink.taken == []
    account = there.settled(uncertain=CONNECTIONS)
    assert account.accepted.keys() | account.of("uncertain") == account.everybody


def test_claimed_and_not_connected(there: Town) -> None:
    """The server's machine takes the connection, and its mail server says nothing: no message can have left."""
    there.people(READERS)
    there.sink.script = held = Held("CONNECT")
    command = there.command("send")
    held.all_that_come()
    assert command.kill()
    there.sink.script = well
    assert there.sink.commands == []
    assert not there.settled(uncertain=0).of("uncertain")


@pytest.mark.parametrize("taken", [True, False])
def test_in_data_before_the_server_has_said_that_it_has_it(there: Town, taken: bool) -> None:
    there.people(READERS)
    there.sink.script = held = Held("TAKEN" if taken else ".", after=3)
    command = there.command("send")
    held.all_that_come()
    assert command.kill()
    there.sink.script = well
    account = there.settled(uncertain=held.count)
    # Nobody can know, so it is told of all that were in the server's hands, and of nobody else.
    assert len(account.of("uncertain")) == held.count <= CONNECTIONS
    assert account.accepted.total() == READERS - (0 if taken else held.count)


def test_after_the_server_has_said_so_and_before_it_is_written_down(there: Town) -> None:
    there.people(READERS)
    started = threading.Event()
    command: list[Command] = []

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if len(there.sink.taken) > READERS // 4 and started.is_set():
            if verb == "TAKEN":
                os.kill(command[0].pid, signal.SIGSTOP)  # it will never read what is said now
            if verb == "SAID":
                os.kill(command[0].pid, signal.SIGKILL)
                await forever()
        return None

    there.sink.script = script
    command.append(there.command("send"))
    started.set()
    until(lambda: not command[0].runs)
    there.sink.script = well
    account = there.settled(uncertain=CONNECTIONS)
    assert account.of("uncertain") & account.accepted.keys()
    assert account.accepted.keys() | account.of("uncertain") == account.everybody


def test_between_messages_on_a_kept_connection(there: Town) -> None:
    there.people(READERS)
    there.sink.script = held = Held("MAIL", after=4)
    command = there.command("send")
    held.all_that_come()
    before = len(there.sink.taken)
    assert command.kill()
    there.sink.script = well
    # What was taken before is written down with the wish to send the next one, at the latest.
    assert there.states()["sent"] >= before - CONNECTIONS
    account = there.settled(uncertain=CONNECTIONS)
    assert account.accepted.keys() | account.of("uncertain") == account.everybody


def test_during_a_pause_of_the_pacing(tmp_path: Path) -> None:
    """Nothing is under way in a pause; and the pause is kept by whoever is started next.

    The pause is longer than a start takes, so that a sender who forgot it would be early; and what a slow disk
    does to one message (it comes late, and the next one seems early) is well within the difference.
    """
    pause = 3.0
    with town(tmp_path, settings=f"[pacing]\nper_second = {1 / pause}") as there:
        there.people(4)
        command = there.command("send")
        until(lambda: len(there.sink.taken) == 2)
        time.sleep(0.3)
        assert command.kill()
        assert not there.settled(uncertain=0).of("uncertain")
        moments = [one.at for one in there.taken()]
    assert min(after - before for before, after in pairwise(moments)) > pause / 2


def by_serve(there: Town) -> tuple[str, ...]:
    there.settings(f"[web]\nport = {free_port()}")
    return ("serve",)


def by_send(there: Town) -> tuple[str, ...]:
    return ("send",)


@pytest.mark.parametrize("how", [by_send, by_serve])
@pytest.mark.parametrize("taken", [True, False])
def test_in_the_grace_after_it_was_told_to_stop(
    there: Town, how: Callable[[Town], tuple[str, ...]], taken: bool
) -> None:
    there.people(READERS)
    arguments = how(there)
    there.sink.script = held = Held("TAKEN" if taken else ".", after=2)
    command = there.command(*arguments)
    held.all_that_come()
    command.signal(signal.SIGTERM)
    time.sleep(0.3)
    command.kill()
    there.sink.script = well
    account = there.settled(uncertain=held.count)
    assert account.accepted.total() + (0 if taken else len(account.of("uncertain"))) == READERS


@pytest.mark.parametrize("how", [by_send, by_serve])
def test_told_to_stop_it_finishes_what_the_server_has_in_hand(
    there: Town, how: Callable[[Town], tuple[str, ...]]
) -> None:
    there.people(READERS)
    arguments = how(there)
    there.sink.script = slow("TAKEN", 0.5)
    command = there.command(*arguments)
    until(lambda: len(there.sink.taken) > CONNECTIONS)
    command.signal(signal.SIGTERM)
    told = time.monotonic()
    command.ended()
    assert time.monotonic() - told < 5
    states = there.states()
    assert states.keys() == {"sent", "queued"}, states
    assert states["sent"] == len(there.sink.taken) <= 4 * CONNECTIONS
    there.sink.script = well
    assert not there.settled(uncertain=0).of("uncertain")


def test_two_send_at_once_and_one_is_killed(there: Town) -> None:
    there.people(200)
    there.sink.script = slow("DATA", 0.02)
    one, other = there.command("send"), there.command("send")
    until(lambda: len(there.sink.taken) > 40)
    both = len(workers(there))
    assert one.kill()
    told = other.ended()
    assert both == 2
    assert told.status in (0, 3), told.err
    there.sink.script = well
    account = there.settled(uncertain=CONNECTIONS)
    assert account.accepted.keys() | account.of("uncertain") == account.everybody


def test_two_that_take_over_from_a_dead_one_at_once_do_it_once(there: Town) -> None:
    there.people(120)
    there.sink.script = held = Held("TAKEN", after=2)
    command = there.command("send")
    held.all_that_come()
    assert command.kill()
    there.sink.script = slow("DATA", 0.005)
    for told in [sender.ended() for sender in [there.command("send") for _ in range(3)]]:
        assert told.status in (0, 3), told.err
    there.sink.script = well
    account = there.settled(uncertain=held.count)
    assert account.accepted.total() == 120


def test_what_waits_for_another_try_is_not_forgotten_by_a_kill(there: Town) -> None:
    """A copy that the server put off is neither lost nor sent before its time."""
    there.people(READERS)
    put_off = {f"r{n:04}@example.org" for n in range(0, READERS, 10)}
    held = Held("TAKEN", after=6)

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == "RCPT" and any(reader in argument for reader in put_off):
            return "451 4.7.1 greylisted, please come again in some minutes"
        return await held(visit, verb, argument)

    there.sink.script = script
    command = there.command("send")
    held.all_that_come()
    assert command.kill()
    there.sink.script = well
    there.run("send")
    account = there.account()
    assert account.of("deferred") <= put_off
    assert (account.lost, account.twice) == (set(), set())
    account = there.settled(uncertain=held.count, later=timedelta(hours=3))
    assert put_off <= account.accepted.keys() | account.of("uncertain")


def workers(there: Town) -> set[str]:
    """Who has claimed something just now."""
    rows = there.query("SELECT DISTINCT worker FROM deliveries WHERE state IN ('claimed', 'sending')")
    return {row[0] for row in rows}


def slow(at: str, seconds: float) -> Script:
    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if verb == at:
            await asyncio.sleep(seconds)
        return None

    return script
