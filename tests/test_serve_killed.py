"""`newsletter serve` under `kill -9`, again and again, while days pass: nothing is lost, nothing comes twice.

`KILLS=200 pytest tests/test_serve_killed.py -m slow -n 0 -s` does it two hundred times, and prints what it counted.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import WordEmbedder
from mailserver import MailServer, free_port, mail_server
from serve_process import MOMENTS, Halting, ServeProcess, ended, wait_for
from test_serving import by_smtp
from town import FEEDS, Books, Feeds, due_between, feeds, make_town, people, put_file, tell

from newsletter import Newsletter
from newsletter.delivery.workers import FOLDER, is_dead
from newsletter.supervisor import is_serving
from newsletter.ticks import all_ticks
from subscribers.evidence import Origin
from subscribers.states import State

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "20"))
READERS = 60
#: New entries in each feed.
AN_HOUR = 2.0
#: A real second is half an hour.
SPEED = 1800.0


class Rehearsed:
    """A town that is served, killed and served again, on one clock."""

    def __init__(self, project: Path, host: str, shown: Feeds, told: MailServer, clock: Halting) -> None:
        self.project, self.shown, self.told, self.clock = project, shown, told, clock
        self.start = clock()
        self.chance = random.Random(5)
        self.files = 0
        #: kills that hit a running process, by what was waited for
        self.kills: Counter[str] = Counter()
        #: seconds from the last start's pages until everything had been done once
        self.took_up = 0.0
        self.closed = ""
        self.said: list[str] = []
        port = free_port()
        more = f'[web]\nport = {port}\n[mailbox]\nreceive = "command"\n{by_smtp(told.port)}'
        make_town(project, host, more)
        with Newsletter(project, embedder=WordEmbedder(), clock=clock) as newsletter:
            people(newsletter, READERS, self.chance)
            # Some are away, and come back in the middle.
            for n in range(8):
                person = newsletter.subscriber(f"r{n:03}@example.org")
                back = (self.start + timedelta(days=1 + n // 3)).date()
                newsletter.readers.pause(person, back, words="pause", origin=Origin("page"))

    def more_files(self) -> None:
        put_file(self.project, self.files)
        self.files += 1

    def serve(self, die: str = "") -> ServeProcess:
        """Start, after up to three hours in which nobody served."""
        process = ServeProcess(self.project, self.clock.halt(timedelta(hours=3) * self.chance.random()), die=die)
        if epoch := process.epoch():
            self.clock.go(epoch)
        return process

    def die_at(self, moment: str) -> None:
        """Start, and let it kill itself there."""
        self.more_files()
        process = self.serve(die=moment)
        if not process.has_died(90):
            process.kill()
            pytest.fail(f"it never came to: {moment}")
        self._note(moment, process)

    def kill_at_random(self) -> None:
        """Start, wait for something to happen, and kill it a moment later."""
        if self.chance.random() < 0.3:
            self.more_files()
        process = self.serve()
        what = self.chance.choice(("start", "any time", "pull", "make", "deliver", "deliver"))
        if self.kills.total() % 5 == 0:
            what = "a turn"  # who is killed before anything was made for a day has no issue of that day
        if what == "start":
            time.sleep(self.chance.random() * 2)
        else:
            process.ready()
            ready = self.clock()
            asked, accepted, begun = self.shown.asked, len(self.told.accepted), self.chance.randint(0, 3)
            happens: dict[str, Callable[[], bool]] = {
                "any time": lambda: False,
                "a turn": lambda: self.all_ticks_ended_since(ready),
                "pull": lambda: self.shown.asked > asked + begun,
                "make": lambda: process.has_said("composed") or process.has_said("frozen"),
                "deliver": lambda: len(self.told.accepted) > accepted + begun,
            }
            wait_for(happens[what], {"any time": self.chance.random(), "a turn": 15}.get(what, 2))
            time.sleep(self.chance.random() * 0.02)
        self._note(what, process)

    def _note(self, what: str, process: ServeProcess) -> None:
        self.kills[what] += 1
        if process.runs:
            process.kill()
        self.clock.halt(timedelta(0))
        self.said += [str(line["event"]) + str(line.get("issue", "")) for line in process.said]
        assert "Traceback" not in process.err, process.err
        # What broke off in the middle is told, as it should be; nothing else is wrong.
        assert [one for one in process.troubles() if "may or may not have arrived" not in one] == []

    def run_to_the_end(self) -> datetime:
        """Serve until all that is due at a moment is out; returns that moment."""
        self.shown.closed = self.clock()
        self.closed = self.shown.closed.isoformat()
        with ended(self.serve().ready()) as process:
            ready, began = self.clock(), time.monotonic()
            assert wait_for(lambda: self.all_ticks_ended_since(ready), 20)
            self.took_up = time.monotonic() - began
            end = self.clock() + timedelta(hours=2)
            assert wait_for(lambda: self.clock() > end, 60)
            assert wait_for(lambda: not self.missing(end), 60), self.missing(end)
            assert wait_for(lambda: not self.waiting(end), 30), self.waiting(end)
            time.sleep(2.5)  # what was put into the folder last has settled, and was read
            assert process.troubles() == []
        self.said += [str(line["event"]) + str(line.get("issue", "")) for line in process.said]
        return end

    def all_ticks_ended_since(self, moment: datetime) -> bool:
        with Newsletter(self.project, embedder=WordEmbedder()) as newsletter:
            ended = [tick.ended_at for tick in all_ticks(newsletter.database).values()]
        return all(at and at > moment for at in ended)

    def missing(self, end: datetime) -> set[tuple[int, str]]:
        """Whoever ought to have had an issue by then, and has none."""
        books = Books(self.project, [])
        readers = [reader for reader in books.readers.values() if reader.state is State.ACTIVE]
        due = set[tuple[int, str]]().union(*(due_between(reader, reader.joined, end) for reader in readers))
        return due - books.served()

    def waiting(self, end: datetime) -> list[int]:
        """Copies that were due by then and are not out."""
        return [
            row[0]
            for row in Books(self.project, []).deliveries
            if row[4] in ("queued", "claimed", "sending", "deferred") and row[6] <= end.isoformat()
        ]


@contextmanager
def town(folder: Path) -> Iterator[Rehearsed]:
    clock = Halting(datetime(2026, 11, 22, 21, tzinfo=UTC), SPEED)
    with mail_server() as told, feeds(clock, AN_HOUR) as (host, shown):

        def slowly(_: str) -> None:
            time.sleep(0.02)

        told.on_recipient = slowly
        yield Rehearsed(folder / "news", host, shown, told, clock)


def test_served_and_killed_again_and_again(tmp_path: Path) -> None:
    began = time.monotonic()
    with town(tmp_path) as run:
        for moment in MOMENTS:
            run.die_at(moment)
        while run.kills.total() < KILLS:
            run.kill_at_random()
        end = run.run_to_the_end()
        accepted = list(run.told.accepted)
        books = Books(run.project, accepted)
        uncertain = books.of_state("uncertain")
        days = (end - run.start) / timedelta(days=1)
        tell(
            f"{run.kills.total()} kills in {time.monotonic() - began:.0f} s, {days:.1f} days: "
            f"{len(books.issues)} issues, {len(books.deliveries)} copies, {len(accepted)} messages taken, "
            f"{len(uncertain)} uncertain, {len(books.titles)} entries; "
            f"taken up after {run.took_up:.1f} s; {dict(run.kills)}"
        )
        # -- entries: each once, none missing
        published = {f"The {name} that has the number {n}" for name in FEEDS for n in range(run.shown.count())}
        of_files = {title for title in books.titles if title.startswith("Study ")}
        assert {title for title, count in books.titles.items() if count > 1} == set()
        assert published - books.titles.keys() == set()
        assert len(of_files) == run.files * 6
        # -- messages: each once, none missing
        assert {n: count for n, count in books.taken.items() if count > 1} == {}
        assert books.told_twice() == []
        assert books.read_twice() == []
        assert books.of_state("sent") - books.taken.keys() == set()
        assert books.taken.keys() - books.of_state("sent") <= uncertain
        assert len({(reader, issue) for _, issue, reader, *_ in books.deliveries}) == len(books.deliveries)
        assert {row[4:6] for row in books.deliveries if row[4] in ("failed", "deferred", "sending", "claimed")} == set()
        dropped = [row for row in books.deliveries if row[4] == "dropped" and row[6] <= run.closed]
        assert len(dropped) <= run.kills.total() // 20, dropped
        assert run.missing(end) == set()
        # -- what nobody can know is shown, and is at most one message a kill
        assert len(uncertain) <= run.kills.total()
        assert books.shown["uncertain"] == min(len(uncertain), 100)
        # -- issues: each frozen once, with its general edition
        frozen = Counter(event for event in run.said if event.startswith("frozen"))
        assert {event for event, count in frozen.items() if count > 1} == set()
        assert [row for row in books.issues if not row[2]] == []
        assert books.checked == "ok"
        # -- what a sender leaves that was killed before it claimed anything keeps nobody from anything
        left = [path.name for path in (run.project / FOLDER).iterdir()]
        assert len(left) <= run.kills.total()
        assert all(is_dead(run.project, name) for name in left)
        assert not is_serving(run.project)
