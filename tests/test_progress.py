"""Bars for a person who looks on: how far work is, and of mail how fast it leaves."""

import io
import re
import sys
import time

import pytest

from newsletter.cli.output import SENDING, progress_bars


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, what: str, stderr: io.StringIO) -> str:
    """What is seen of something that takes a moment and has four steps."""
    # In the test itself: between a fixture and its test pytest puts its own in place.
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bars() as told:
        tell = told(what)
        for done in (1, 100, 200):
            tell(done, 1_000)
            time.sleep(0.12)
        tell(1_000, 1_000)
    return stderr.getvalue()


def test_of_mail_it_is_told_how_fast_it_leaves_and_how_long_it_takes_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = shown(monkeypatch, SENDING, Terminal())
    assert "Sending" in seen
    rates = [int(rate.replace(",", "")) for rate in re.findall(r"([\d,]+)/s", seen)]
    assert 100 < rates[-1] < 2_000
    assert re.search(r"\d:\d\d:\d\d", seen)


def test_of_other_work_there_is_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = shown(monkeypatch, "Composing", Terminal())
    assert "Composing" in seen
    assert "/s" not in seen


def test_nobody_looks_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, SENDING, io.StringIO()) == ""
