"""A year of a newsletter with 500 readers in 40 time zones, who come, go, pause and move; machines that fail.

Whatever happens, what readers got is compared with what they were owed (`yearbook`), copy by copy.
"""

import heapq
import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import WordEmbedder
from newsroom import Clock, entry, make_project, write_entries
from yearbook import DAY, LEAD, MINUTE, Act, Owed, Rhythm, slots

from newsletter import Newsletter
from newsletter.delivery.lines import OneByOne
from newsletter.delivery.outcomes import Outcome, Sent
from newsletter.ranking.embedding import Progress
from subscribers import confirmations, consent, people
from subscribers.cadence import Cadence, Frequency
from subscribers.consent import Wishes
from subscribers.evidence import Origin
from subscribers.interests import parse_interests

START, END = datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
READERS = {"daily": 60, "weekly": 340, "monthly": 100}
#: Where the clock moves in March, October or never; by a half-hour; at midnight; on both sides of the date line.
ZONES = """UTC Europe/Paris Europe/London Europe/Athens Europe/Moscow Africa/Cairo Africa/Lagos Africa/Nairobi
Africa/Casablanca Asia/Dubai Asia/Karachi Asia/Kolkata Asia/Kathmandu Asia/Dhaka Asia/Bangkok Asia/Shanghai Asia/Tokyo
Asia/Tehran Asia/Jerusalem Australia/Perth Australia/Adelaide Australia/Sydney Australia/Lord_Howe Pacific/Auckland
Pacific/Chatham Pacific/Apia Pacific/Kiritimati Pacific/Honolulu Pacific/Pago_Pago America/Anchorage
America/Los_Angeles America/Denver America/Chicago America/New_York America/Havana America/St_Johns America/Sao_Paulo
America/Santiago America/Nuuk Atlantic/Azores""".split()
BUSY = ["Europe/Paris", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Australia/Sydney", "UTC"]
OUTAGES = [1, 3, 7, 12, 26, 40, 49, 60, 75, 96]
SETTINGS = '[delivery]\ndurability = "process"\n'
#: A tick that was broken off runs a minute later.
SLACK = 5 * MINUTE
WISH = Origin("page", "https://news.example.org/")


class Stopped(Exception):
    """The machine goes down in the middle of something."""


class Post:
    """A transport that remembers when it was handed what."""

    repeatable = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.handed: list[tuple[int, datetime, str]] = []

    def send(self, message: bytes, *, sender: str, recipient: str, name: str) -> Outcome:
        self.handed.append((int(name.rpartition("-")[2]), self._clock(), recipient))
        return Sent("")

    def close(self) -> None:
        """Nothing to let go of."""


class World:
    """Everything that happens in the year, from one seed."""

    def __init__(self, project: Path, post: Post, clock: Clock, seed: int) -> None:
        self.rng = random.Random(seed)
        self.project, self.post, self.clock = project, post, clock
        self.embedder = WordEmbedder()
        self.kill_in = 0
        self.kills = self.restarts = self.brought = 0
        self.readers: dict[str, Owed] = {}
        self.ticks: list[datetime] = []
        self.newsletter = self.open()
        self.planned: list[tuple[datetime, float, Callable[[datetime], bool]]] = []
        starts = sorted(START + DAY * self.rng.randrange(20, 370) for _ in OUTAGES)
        hours = self.rng.sample(OUTAGES, len(OUTAGES))
        self.outages = [(at, at + timedelta(hours=h, minutes=7)) for at, h in zip(starts, hours, strict=True)]

    # -- the machine

    def open(self) -> Newsletter:
        return Newsletter(self.project, clock=self.clock, embedder=self.embedder, progress=self._progress)

    def _progress(self, what: str) -> Progress:
        def told(done: int, todo: int) -> None:
            if self.kill_in:
                self.kill_in -= 1
                if not self.kill_in:
                    raise Stopped

        return told

    def restart(self) -> None:
        self.newsletter.close()
        self.newsletter = self.open()
        self.restarts += 1

    def tick(self, now: datetime) -> datetime:
        """All ticks of that moment; where the machine stops in mid-work, a minute later again. Returns when it was."""
        self.clock.now = now
        if self.rng.random() < 0.005:
            self.restart()
        self.kill_in = self.rng.randrange(1, 8) if self.rng.random() < 0.015 else 0
        try:
            if any((ends := owed.pause_ends()) and ends <= now for owed in self.readers.values()):
                self.newsletter.tend()
            self.newsletter.make()
            self.newsletter.deliver()
        except Stopped:
            self.kills += 1
            self.restart()
            return self.tick(now + MINUTE)
        self.kill_in = 0
        self.ticks.append(now)
        for owed in self.readers.values():
            if (ends := owed.pause_ends()) and ends <= now:
                owed.state, owed.until = "active", None
        return now

    def bring(self, now: datetime) -> bool:
        """What the sources have; no reader is told before the next tick."""
        fresh = 1 if self.clock.now.hour else 3
        self.brought += fresh
        write_entries(self.project, [entry(n) for n in range(self.brought - fresh, self.brought)])
        self.newsletter.pull()
        return False

    # -- readers

    def rhythm(self, frequency: str) -> Rhythm:
        choose = self.rng.choice
        zone = choose(BUSY if frequency == "daily" or self.rng.random() < 0.3 else ZONES)
        common = self.rng.random() < 0.9
        day = {"daily": 0, "weekly": 5 if common else self.rng.randint(1, 7), "monthly": choose([1, 15, 28, 29, 31])}
        return (
            frequency,
            day[frequency],
            time(8) if common else choose([time(0), time(18), time(23)]),
            zone,
        )

    def do(self, address: str, act: Act) -> None:
        """An act of a reader's, at the desk; written down for what they are owed."""
        self.clock.now = act.at
        desk, db = self.newsletter.readers, self.newsletter.database
        rhythm = act.rhythm
        cadence = Cadence(Frequency(rhythm[0]), *rhythm[1:]) if rhythm else None
        person = people.find(db, address)
        match act.what, person:
            case "operator", _:
                self.newsletter.subscribe(address, interests=["walking robots"], cadence=cadence)
            case "join", _:
                assert cadence
                token = confirmations.new_token()
                wishes = Wishes("", parse_interests(["music"]), cadence)
                consent.request(db, address, wishes, words="", origin=WISH, now=act.at, token=token)
                if not address.startswith("never"):
                    assert desk.confirm(token, words="Yes", origin=WISH)
            case "pause", people.Subscriber():
                desk.pause(person, act.until, words="", origin=WISH)
            case "change", people.Subscriber():
                desk.change(person, origin=WISH, cadence=cadence)
            case what, people.Subscriber():
                getattr(desk, what)(person, words="", origin=WISH)
        if not address.startswith("never"):
            owed = self.readers.setdefault(address, Owed())
            owed.acts.append(act)
            owed.act(act)

    def staying(self, address: str, now: datetime) -> bool:
        if self.readers[address].state == "left" and now - self.readers[address].acts[-1].at < DAY:
            self.do(address, Act(now, "stay"))
        return True

    def something(self, address: str, now: datetime) -> None:
        """Whatever may come to a reader's mind in their state."""
        owed, rng = self.readers[address], self.rng
        if owed.state == "left":
            recent = now - owed.acts[-1].at < DAY
            what = "stay" if recent else "join"
            self.do(address, Act(now, what, None if recent else self.rhythm(owed.rhythm[0])))
        elif owed.state == "paused":
            self.do(address, Act(now, rng.choice(["resume", "leave"])))
        else:
            what = rng.choice(["pause", "pause", "leave", "hour", "zone", "day", "frequency"])
            if what == "pause":
                today = now.astimezone(ZoneInfo(owed.rhythm[3])).date()
                until = today + rng.randint(1, 40) * DAY if rng.random() < 0.7 else None
                self.do(address, Act(now, "pause", until=until))
            elif what == "leave":
                self.do(address, Act(now, "leave"))
                if rng.random() < 0.5:
                    self.plan(now + rng.choice([2, 20, 200, 1200]) * MINUTE, lambda then: self.staying(address, then))
            else:
                new = self.rhythm(rng.choice(list(READERS)) if what == "frequency" else owed.rhythm[0])
                if what == "zone":
                    new = (*owed.rhythm[:3], rng.choice(ZONES))
                if new != owed.rhythm:
                    self.do(address, Act(now, "change", new))

    # -- the year

    def plan(self, at: datetime, what: Callable[[datetime], bool]) -> None:
        """At that moment, or when the machine is up again; it tells whether a tick follows."""
        heapq.heappush(self.planned, (at, len(self.planned) + self.rng.random(), what))

    def populate(self) -> None:
        rng, minutes = self.rng, int((END - START) / MINUTE)
        for frequency, count in READERS.items():
            for n in range(count):
                address, rhythm = f"{frequency}{n}@example.org", self.rhythm(frequency)
                if rng.random() < 0.7:
                    self.do(address, Act(START, "operator", rhythm))
                else:
                    self.plan(START + rng.randrange(minutes) * MINUTE, self.joining(address, rhythm))
        for n in range(10):
            self.plan(START + (5 + n * 30) * DAY, self.joining(f"never{n}@example.org", self.rhythm("daily")))
        for _ in range(500):
            self.plan(START + rng.randrange(7 * 24 * 60, minutes) * MINUTE, self.anybody)
        for n in range((END - START).days * 4):
            self.plan(START + n * DAY / 4 + 2 * MINUTE, self.bring)

    def joining(self, address: str, rhythm: Rhythm) -> Callable[[datetime], bool]:
        def join(now: datetime) -> bool:
            self.do(address, Act(now, "join", rhythm))
            return True

        return join

    def anybody(self, now: datetime) -> bool:
        self.something(self.rng.choice(list(self.readers)), now)
        return True

    def run(self) -> None:
        """From the first minute to the last. An outage swallows everything until it is over."""
        self.populate()
        now, down = START, sorted(self.outages)
        while now < END:
            hour = self.next_hour(now)
            # Copies are composed a quarter of an hour ahead, or at the hour itself: both must do.
            ahead = hour - LEAD if hour - LEAD > now and self.rng.random() < 0.3 else hour
            then = min(ahead, max(self.planned[0][0], now)) if self.planned else ahead
            if down and then >= down[0][0]:
                now = max(now, down.pop(0)[1])
                self.clock.now = now
                self.restart()
                self.bring(now)
                now = self.tick(now)
            elif self.planned and self.planned[0][0] <= ahead:
                at, _, what = heapq.heappop(self.planned)
                # Between two ticks, as a person would.
                self.clock.now = now = max(at, now + MINUTE / 2)
                if what(now):
                    now = self.tick(now + MINUTE / 2)
            else:
                now = self.tick(ahead)
        self.newsletter.close()

    def next_hour(self, now: datetime) -> datetime:
        """The next hour of anybody who reads, or will again."""
        rhythms = {o.rhythm for o in self.readers.values() if o.state == "active" or o.until}
        return min(hours[bisect_right(hours, now)] for hours, _ in map(slots, rhythms))


Had = dict[str, list[tuple[str, datetime]]]


def got(world: World) -> tuple[Had, Had]:
    """What everybody was handed: (period, when), and when there was nothing for them.

    Nothing is handed over twice, nor an entry in two issues; and where there was nothing, there was nothing indeed.
    """
    with Newsletter(world.project, clock=world.clock, embedder=world.embedder) as newsletter:
        db = newsletter.database.conn
        copies = dict(db.execute("SELECT id, period FROM deliveries WHERE issue_id IS NOT NULL").fetchall())
        sent = [row[0] for row in db.execute("SELECT id FROM deliveries WHERE issue_id IS NOT NULL AND state = 'sent'")]
        twice = db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM deliveries, json_each(recipe, '$.picks') p WHERE state = 'sent' "
            "AND issue_id IS NOT NULL GROUP BY subscriber_id, json_extract(p.value, '$[0]') HAVING count(*) > 1)"
        ).fetchone()[0]
        nothing: Had = defaultdict(list)
        for address, name, at, unseen in db.execute(
            "SELECT s.address, d.period, d.changed_at, (SELECT count(*) FROM issue_entries i WHERE "
            "i.issue_id = d.issue_id AND NOT EXISTS (SELECT 1 FROM received r JOIN deliveries had ON "
            "had.id = r.delivery_id WHERE r.subscriber_id = s.id AND r.entry_id = i.entry_id "
            "AND had.due_at <= d.due_at)) "
            "FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id WHERE d.state = 'dropped' "
            "AND d.recipe = '' AND d.issue_id IS NOT NULL"
        ):
            assert unseen == 0, (address, name, at)
            nothing[address].append((name, datetime.fromisoformat(at)))
    handed = [one for one in world.post.handed if one[0] in copies]
    assert twice == 0
    assert sorted(delivery for delivery, _, _ in handed) == sorted(sent)
    found: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for delivery, at, address in handed:
        found[address].append((copies[delivery], at))
    return found, nothing


def _group(address: str) -> str:
    return next(frequency for frequency in READERS if address.startswith(frequency))


def kind_of(name: str) -> str:
    return "weekly" if "W" in name else "daily" if name.count("-") == 2 else "monthly"


def compare(world: World, had: Had, nothing: Had) -> tuple[dict[str, Counter[str]], list[str]]:
    """By frequency what became of what was owed, and all that is wrong, in words."""
    table = {frequency: Counter[str]() for frequency in READERS}
    wrong: list[str] = []
    for address, acted in world.readers.items():
        table[_group(address)]["readers"] += 1
        owed = Owed(acted.acts)
        owed.live(world.ticks)
        told = {copy.period: copy for copy in owed.copies}
        seen = Counter(name for name, _ in had[address])
        for name, times in seen.items():
            table[kind_of(name)]["duplicates"] += times - 1
        for name, at in had[address]:
            copy = told.get(name)
            if copy is None:
                wrong.append(f"{address} got {name} at {at}, which was not owed")
                continue
            row = table[kind_of(name)]
            row["got"] += 1
            row["welcome"] += copy.welcome
            late = at - copy.due
            row["on time" if late <= SLACK else "late, in time"] += not copy.welcome
            if not timedelta() <= copy.at - at + SLACK <= 2 * SLACK:
                wrong.append(f"{address} got {name} at {at}, and ought to at {copy.at}")
        empty = dict(nothing[address])
        for name in set(told) - set(seen):
            if name in empty and abs(empty[name] - told[name].at) <= LEAD:
                table[kind_of(name)]["nothing new"] += 1
                continue
            table[kind_of(name)]["missing"] += 1
            wrong.append(f"{address} did not get {name}, owed at {told[name].at}")
        for name, hour in owed.passed():
            if name in empty:
                continue
            if any(begin <= hour <= end for begin, end in world.outages):
                table[kind_of(name)]["passed"] += 1
            else:
                wrong.append(f"{address} had nothing for {name}, {hour}, while the machine was up")
    return table, wrong


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2027])
def test_in_a_year_everybody_gets_each_issue_once(
    seed: int, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each copy that is owed, at its time; the same copies, and none besides."""
    project = make_project(tmp_path, SETTINGS, entries=0)
    clock.now = START
    post = Post(clock)
    monkeypatch.setattr("newsletter.dispatching.lines_for", lambda settings, project: OneByOne(post))
    world = World(project, post, clock, seed)
    world.run()
    had, nothing = got(world)
    assert set(had) <= set(world.readers)  # who never confirmed got nothing
    table, wrong = compare(world, had, nothing)
    columns = [
        "readers",
        "got",
        "on time",
        "late, in time",
        "welcome",
        "nothing new",
        "passed",
        "duplicates",
        "missing",
    ]
    lines = ["".join(f"{title:>14}" for title in ["", *columns])]
    lines += ["".join(f"{cell:>14}" for cell in [name, *(row[c] for c in columns)]) for name, row in table.items()]
    with capsys.disabled():
        print(f"\n{len(world.ticks)} ticks, {world.kills} in mid-work broken off, {world.restarts} restarts,")  # noqa: T201
        print(f"{len(world.outages)} outages; passed: in an outage, too late after it\n" + "\n".join(lines))  # noqa: T201
    assert not wrong, "\n".join([f"{len(wrong)} in all", *wrong[:20]])
    assert all(row["duplicates"] == row["missing"] == 0 for row in table.values())
    assert all(row["got"] > 0 and row["on time"] > 0.9 * row["got"] for row in table.values())
    assert all(row["nothing new"] < 0.02 * row["got"] for row in table.values())
    assert world.kills > 50
    assert sum(row["welcome"] for row in table.values()) > 50
