"""What would hurt the clock of `newsletter serve`, and does not."""

import threading
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from newsroom import make_project

from newsletter import Newsletter, supervisor
from newsletter.logs import Log
from newsletter.schedule import Pace, Schedule


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("broken", [False, True])
def test_broken_settings_are_no_reason_to_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    """A supervisor's new start would not mend them, and end the pages too, which go on by the settings as they were."""
    make_project(tmp_path)
    told: list[bool] = []
    monkeypatch.setattr(supervisor, "watchdog_seconds", lambda: 0.3)
    monkeypatch.setattr(supervisor, "alive", lambda: told.append(True))
    stop, log = threading.Event(), StringIO()
    monkeypatch.setattr("newsletter.schedule.WORK", {"tend": lambda newsletter, stop, log: True})
    pace = Pace(tend=0.2)
    schedule = Schedule(
        lambda what: Newsletter(tmp_path, clock=now, progress=what), now, Log(log, human=True), pace, stop
    )
    with schedule:
        if broken:
            (tmp_path / "newsletter.toml").write_text("title = [")
        told.clear()
        for _ in range(100):
            if len(told) > 2 and (not broken or "TOML" in log.getvalue()):
                break
            stop.wait(0.05)
    assert len(told) > 2
    assert ("not valid TOML" in log.getvalue()) is broken
