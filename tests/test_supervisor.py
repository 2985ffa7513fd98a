"""Words with a supervisor, over a real socket; and whether somebody serves."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter import supervisor


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(address)
        ears.settimeout(5)
        yield ears


@pytest.mark.parametrize("abstract", [False, True])
def test_a_supervisor_hears_every_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    name = f"@newsletter-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with listening("\0" + name[1:] if abstract else name) as ears:
        assert supervisor.ready()
        assert supervisor.alive()
        assert supervisor.stopping()
        said = [ears.recv(4096) for _ in range(3)]
    assert said == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


@pytest.mark.parametrize("address", [None, "", "/no/such/socket", "@no-such-newsletter", "relative", "/" + "x" * 300])
def test_without_a_supervisor_nothing_is_said_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not supervisor.ready()
    assert not supervisor.alive()


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [
        (None, None, None),
        ("30000000", None, 30.0),
        ("30000000", "ours", 30.0),
        ("30000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("500000", "", 0.5),
    ],
)
def test_how_often_it_wants_to_hear_of_us(
    monkeypatch: pytest.MonkeyPatch, microseconds: str | None, pid: str | None, seconds: float | None
) -> None:
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", str(os.getpid()) if pid == "ours" else pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert supervisor.watchdog_seconds() == seconds


def test_who_serves_holds_a_lock_and_asking_takes_it_from_nobody(tmp_path: Path) -> None:
    assert not supervisor.is_serving(tmp_path)
    assert not (tmp_path / supervisor.LOCK).exists()
    with (tmp_path / supervisor.LOCK).open("w") as lock:
        assert not supervisor.is_serving(tmp_path)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert supervisor.is_serving(tmp_path)
        assert supervisor.is_serving(tmp_path)
    assert not supervisor.is_serving(tmp_path)
    with (tmp_path / supervisor.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
