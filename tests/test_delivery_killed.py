"""`newsletter send` under `kill -9`, again and again: nobody is left out, nobody gets two, what is uncertain is shown.

`KILLS=300 pytest tests/test_delivery_killed.py -m slow -n 0 -s` does it three hundred times, with two thousand readers,
and prints what it counted.
"""

import asyncio
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from sending_process import Command
from sending_town import CONNECTIONS, WAITING, Account, Town, town
from sink import Script, Visit
from town import tell

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "30"))
READERS = min(20 * KILLS, 2000)
#: Seconds that the server takes for one step of a message, at most.
SLOW = 0.012


def slowly(seed: int) -> Script:
    """A server that takes its time, now before one answer and now before another, so that kills land everywhere."""
    chance = random.Random(seed)
    often = {"MAIL": 0.3, "RCPT": 0.3, "DATA": 0.3, "READING": 0.8, ".": 0.8, "TAKEN": 0.8, "SAID": 0.3}

    async def script(visit: Visit, verb: str, argument: str) -> str | None:
        if chance.random() < often.get(verb, 0):
            await asyncio.sleep(chance.random() * SLOW)
        return None

    return script


class Run:
    """A town whose sender is killed again and again."""

    def __init__(self, there: Town, seed: int) -> None:
        self.town, self.chance = there, random.Random(seed)
        #: kills that hit a running process, by when
        self.hits: Counter[str] = Counter()
        #: copies that were in the server's hands when a kill hit: how often how many
        self.open: Counter[int] = Counter()
        #: those copies, each once
        self.begun: set[int] = set()

    def to_the_end(self, kills: int) -> None:
        """Kill, and start again until so many kills have hit or nothing is left; the last one may end in peace."""
        while self.hits.total() < kills and self.waits():
            self._kill(self.town.command("send"), kills - self.hits.total())

    def waits(self) -> bool:
        states = self.town.states()
        return states.total() < len(self.town.everybody) or bool(states.keys() & {"sending", *WAITING})

    def _kill(self, sender: Command, kills: int) -> None:
        taken = self.town.sink.taken
        spare = (len(self.town.everybody) - len(taken)) / kills - CONNECTIONS - 2
        if self.chance.random() < 0.25:
            # At any time: while it opens, composes, takes over from the one before, claims or connects.
            when = "any time"
            time.sleep(self.chance.random() ** 2 * 0.5)
        else:
            when = "sending"
            goal = len(taken) + 1 + int(self.chance.random() * 2 * max(spare, 0))
            while len(taken) < goal and sender.runs:
                time.sleep(0.0003)
            time.sleep(self.chance.random() ** 2 * SLOW)
        if sender.kill():
            self.hits[when] += 1
            begun = {row[0] for row in self.town.query("SELECT id FROM deliveries WHERE state = 'sending'")}
            assert len(begun) <= CONNECTIONS, f"{begun} were begun over {CONNECTIONS} connections"
            self.open[len(begun)] += 1
            self.begun |= begun

    def told(self, account: Account, seconds: float) -> str:
        hits = ", ".join(f"{count} {when}" for when, count in self.hits.items())
        return (
            f"{self.hits.total()} kills in {seconds:.0f} s ({hits}); {account}; "
            f"begun at a kill: {dict(sorted(self.open.items()))}"
        )


@pytest.mark.parametrize("seed", [1])
def test_nobody_is_lost_and_nobody_gets_it_twice(tmp_path: Path, seed: int) -> None:
    began = time.monotonic()
    with town(tmp_path) as there:
        there.sink.script = slowly(seed)
        there.people(READERS, rhythms=("daily", "weekly"), composed=False)
        run = Run(there, seed)
        run.to_the_end(KILLS)
        there.sink.script = slowly(seed)
        account = there.settled(uncertain=CONNECTIONS * run.hits.total())
        tell(run.told(account, time.monotonic() - began))
        # Who is uncertain was begun at a kill, and nobody else is.
        assert len(account.of("uncertain")) == len(run.begun)
        assert account.accepted.keys() | account.of("uncertain") == account.everybody
        assert run.hits.total() >= KILLS * 0.9


def test_with_resend_everybody_gets_it_and_a_repetition_can_be_told(tmp_path: Path) -> None:
    began, kills = time.monotonic(), max(KILLS // 4, 5)
    with town(tmp_path, delivery='on_uncertain = "resend"') as there:
        there.sink.script = slowly(2)
        there.people(20 * kills)
        run = Run(there, 2)
        run.to_the_end(kills)
        there.run("send")
        account = there.account()
        tell(run.told(account, time.monotonic() - began))
        assert set(account.accepted) == account.everybody == account.of("sent")
        assert account.accepted.total() - len(account.everybody) <= CONNECTIONS * run.hits.total()
        # A mail program, or a server on the way, that knows the Message-ID shows one.
        sent = {(one.recipient, one.message_id, one.digest, one.sender) for one in there.taken()}
        assert len(sent) == len(account.everybody) == len({message_id for _, message_id, *_ in sent})
        assert run.hits.total() >= kills * 0.9


def test_without_a_commit_that_survives_a_power_cut_a_kill_still_loses_nothing(tmp_path: Path) -> None:
    began, kills = time.monotonic(), max(KILLS // 6, 4)
    with town(tmp_path, delivery='durability = "process"') as there:
        there.sink.script = slowly(3)
        there.people(20 * kills)
        run = Run(there, 3)
        run.to_the_end(kills)
        account = there.settled(uncertain=len(run.begun))
        tell(run.told(account, time.monotonic() - began))
        assert account.accepted.keys() | account.of("uncertain") == account.everybody
