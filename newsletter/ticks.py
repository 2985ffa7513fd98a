"""What runs by itself, and how it went last: remembered in the database, so that every process can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from subscribers.database import stored, writing

#: In the order of the way of an issue.
NAMES = ("pull", "make", "deliver", "tend")
#: A tick that gives no sign for longer is stuck, or nothing calls it.
STUCK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Tick:
    """One of the things that run by themselves."""

    name: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    #: when it last ended well
    good_at: datetime | None = None
    #: None where it ended well
    failing_since: datetime | None = None
    #: in words; None where it ended well
    error: str | None = None

    @property
    def running(self) -> bool:
        """Has it begun and not ended? Also where its process was killed in the middle."""
        return self.began_at is not None and (self.ended_at is None or self.ended_at < self.began_at)

    def stuck(self, now: datetime) -> bool:
        """Has it given no sign of life for too long?"""
        # A sign from the future is none: the clock was put back.
        return abs(now - max(filter(None, (self.began_at, self.ended_at)), default=now)) > STUCK


def began(db: Database, name: str, now: datetime) -> None:
    """Note that a tick begins. What works for long says so again from time to time, and is not taken for stuck."""
    with writing(db):
        db.conn.execute(
            "INSERT INTO ticks (name, began_at) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET began_at = excluded.began_at",
            [name, stored(now)],
        )


def ended(db: Database, name: str, now: datetime, error: str | None = None) -> None:
    """Note that a tick has ended: well, or with that error."""
    at = stored(now)
    with writing(db):
        db.conn.execute(
            "INSERT INTO ticks (name, ended_at, good_at, failing_since, error) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET ended_at = excluded.ended_at, error = excluded.error, "
            "good_at = coalesce(excluded.good_at, good_at), "
            "failing_since = iif(excluded.error IS NULL, NULL, coalesce(failing_since, excluded.failing_since))",
            [name, at, at if error is None else None, None if error is None else at, error],
        )


def all_ticks(db: Database) -> dict[str, Tick]:
    """Every tick that ever ran, in the order of `NAMES`."""
    rows = {
        name: Tick(name, _moment(began_at), _moment(ended_at), _moment(good_at), _moment(failing_since), error)
        for name, began_at, ended_at, good_at, failing_since, error in db.conn.execute(
            "SELECT name, began_at, ended_at, good_at, failing_since, error FROM ticks"
        )
    }
    return {name: rows[name] for name in NAMES if name in rows}


def why_not_ready(ticks: Mapping[str, Tick], now: datetime) -> str:
    """What does not run by itself as it should, in a sentence; empty where all does. Pure."""
    if not ticks:
        return "starting: nothing has run by itself yet"
    told = []
    for tick in ticks.values():
        if tick.running and tick.stuck(now):
            told.append(f"{tick.name} began at {_said(tick.began_at)} and has not ended")
        elif tick.stuck(now):
            told.append(f"{tick.name} has not run since {_said(tick.ended_at)}")
    return "; ".join(told)


def _said(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "ever"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
