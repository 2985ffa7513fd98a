"""Is the database whole, is there room, and does anything in it wait for the operator?"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from newsletter.alarms import ROOM
from newsletter.delivery.tallies import count_by_kind
from newsletter.doctor.findings import Finding, Subject, Topic, cut
from newsletter.store import FILE, SENDING, why_off
from newsletter.ticks import all_ticks
from subscribers.database import APPLICATION_ID, database_errors
from subscribers.errors import DatabaseError, DiskFull

DATABASE, DISK, LOG, WAITING = (
    Subject(Topic.DATABASE, title) for title in (FILE, "Disk", "Write-ahead log", "Waiting for you")
)
SENDING_OFF, PACE = Subject(Topic.RUNNING, "Sending"), Subject(Topic.RUNNING, "Slow start")
SERVING = Subject(Topic.RUNNING, "`newsletter serve`")
#: A log that is larger is not emptied any more: something reads for hours.
_MOST_LOG = 256_000_000
#: A new address that mails more people at once is taken for a spammer's.
MANY = 1_000
#: For so long an address is new.
NEW = timedelta(days=14)
#: Where nothing serves, something else (cron, say) may call the ticks.
_UNATTENDED = timedelta(hours=2)


@dataclass(slots=True)
class FileFacts:
    """The file itself, looked at by SQLite."""

    #: why it cannot be used; empty where it can
    trouble: str = ""
    #: is that trouble a full disk?
    is_full: bool = False
    #: what is wrong inside, in SQLite's words
    damage: str = ""
    #: rows that point to rows which are not there
    lost: int = 0
    size: int = 0
    log: int = 0
    #: bytes left on its disk
    room: int = 0


def file_facts(project: Path) -> FileFacts:
    """Let SQLite check the whole file; nothing is written."""
    path = project / FILE
    facts = FileFacts()
    if not path.exists():
        facts.trouble = f"There is no {path}."
        return facts
    facts.size = path.stat().st_size
    log = path.with_name(f"{FILE}-wal")
    facts.log = log.stat().st_size if log.exists() else 0
    facts.room = shutil.disk_usage(path.parent).free
    try:
        with (
            database_errors(path),
            closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=5)) as connection,
        ):
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID:
                facts.trouble = f"{path} is a database of another program."
                return facts
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            facts.damage = "" if said == "ok" else str(said)
            facts.lost = sum(1 for _ in connection.execute("PRAGMA foreign_key_check"))
    except DatabaseError as error:
        facts.trouble, facts.is_full = str(error), isinstance(error, DiskFull)
    return facts


def file_findings(facts: FileFacts) -> list[Finding]:
    """What that means."""
    restore = "Stop everything that runs, and restore your last backup (`newsletter restore`)."
    if facts.trouble:
        todo = "Make room." if facts.is_full else "Check the folder; or restore a backup into an empty one."
        return [DATABASE.failure(cut(facts.trouble, 300), todo)]
    found = []
    if facts.damage:
        found.append(DATABASE.failure(f"It is damaged: {cut(facts.damage)}.", restore))
    elif facts.lost:
        found.append(DATABASE.warning(f"{facts.lost:,} of its rows point to others that are not there.", restore))
    else:
        found.append(DATABASE.ok(f"It is whole ({_bytes(facts.size)})."))
    if facts.log > _MOST_LOG:
        found.append(
            LOG.advice(
                f"{FILE}-wal has grown to {_bytes(facts.log)}: it is not emptied while something reads for long.",
                "End what has the database open (a shell of sqlite3, a backup that hangs).",
            )
        )
    if facts.room < ROOM:
        found.append(DISK.failure(f"Only {_bytes(facts.room)} are left on its disk.", "Make room before it is full."))
    elif facts.room < max(5 * ROOM, facts.size):
        found.append(DISK.warning(f"{_bytes(facts.room)} are left on its disk.", "Make some room."))
    else:
        found.append(DISK.ok(f"{_bytes(facts.room)} are left."))
    return found


@dataclass(frozen=True, slots=True)
class ContentFacts:
    """What is in it that matters for mail."""

    #: why no mail goes out; None where it does
    off: str | None
    #: mails by their state, copies and notices
    uncertain: int
    failed: int
    active: int
    #: of this address; None where nothing left from it yet
    sends_since: datetime | None
    #: has anything ever been sent?
    has_sent: bool
    #: the latest moment at which something ran by itself
    last_tick: datetime | None
    #: what fails of it, in words
    failing: dict[str, str] = field(default_factory=dict)


def content_facts(db: Database, address: str) -> ContentFacts:
    """Read them."""
    copies, notices = count_by_kind(db)
    (active,) = db.conn.execute("SELECT count(*) FROM subscribers WHERE state = 'active'").fetchone()
    since = db.conn.execute("SELECT since FROM senders WHERE address = ?", [address]).fetchone()
    ticks = all_ticks(db).values()
    moments = [moment for tick in ticks for moment in (tick.began_at, tick.ended_at) if moment]
    return ContentFacts(
        why_off(db, SENDING),
        copies.get("uncertain", 0) + notices.get("uncertain", 0),
        copies.get("failed", 0) + notices.get("failed", 0),
        active,
        datetime.fromisoformat(since[0]) if since else None,
        bool(copies.get("sent") or notices.get("sent")),
        max(moments, default=None),
        {tick.name: tick.error for tick in ticks if tick.error},
    )


def content_findings(facts: ContentFacts, *, first_day: int, serving: bool, smtp: bool, now: datetime) -> list[Finding]:
    """What that means; `first_day` is the setting, `smtp`: where mail goes to a mail server."""
    found = []
    if facts.off:
        found.append(SENDING_OFF.failure(f"No mail goes out: {cut(facts.off)}.", "`newsletter mail on` lets it go on."))
    if facts.uncertain:
        were = (
            "mail may or may not have arrived: it"
            if facts.uncertain == 1
            else "mails may or may not have arrived: they"
        )
        found.append(
            WAITING.warning(
                f"{facts.uncertain:,} {were} broke off in the middle.",
                "`newsletter deliveries --state uncertain` lists them; then `settle` or `retry` them.",
            )
        )
    if facts.failed:
        found.append(
            WAITING.advice(
                f"Refused for good: {facts.failed:,}.",
                "`newsletter deliveries --state failed` says which, and in whose words.",
            )
        )
    if not facts.uncertain and not facts.failed:
        found.append(WAITING.ok("No mail is uncertain or refused."))
    found += _slow_start(facts, first_day, now) if smtp else []
    found += _running(facts, serving, now)
    return found


def _slow_start(facts: ContentFacts, first_day: int, now: datetime) -> list[Finding]:
    new = now - facts.sends_since < NEW if facts.sends_since else not facts.has_sent
    if not new or facts.active < MANY:
        return []
    if first_day:
        return [PACE.ok(f"This address is new, and begins with {first_day:,} messages on its first day.")]
    return [
        PACE.advice(
            f"This address is new, and {facts.active:,} readers would get mail at once; providers distrust that.",
            "Set pacing.first_day to a few hundred, if your mail server's address is new too.",
        )
    ]


def _running(facts: ContentFacts, serving: bool, now: datetime) -> list[Finding]:
    found = [
        SERVING.warning(f"“{name}” fails: {cut(error)}.", "`newsletter status` tells since when.")
        for name, error in facts.failing.items()
    ]
    if serving:
        return found or [SERVING.ok("It runs.")]
    if facts.last_tick and abs(now - facts.last_tick) < _UNATTENDED:
        return found or [SERVING.ok("It does not run, but `newsletter tick` is called.")]
    return [
        *found,
        SERVING.advice(
            "Nothing runs by itself: nothing is pulled, made or sent until you say so.",
            "Start `newsletter serve`, or let cron call `newsletter tick`.",
        ),
    ]


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1_000_000_000), ("MB", 1_000_000)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1_000:,.0f} kB"
