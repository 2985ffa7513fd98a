"""Who has claimed what, and whether that process still lives."""

import subprocess
import sys
from pathlib import Path

from newsletter.delivery.workers import FOLDER, Worker, is_dead

_HOLD = """
import sys
from pathlib import Path
from newsletter.delivery.workers import Worker
with Worker(Path(sys.argv[1])) as worker:
    print(worker.name, flush=True)
    sys.stdin.read()
"""


def test_a_worker_lives_as_long_as_it_works(tmp_path: Path) -> None:
    with Worker(tmp_path) as worker:
        assert not is_dead(tmp_path, worker.name)
        assert not is_dead(tmp_path, worker.name)
    assert is_dead(tmp_path, worker.name)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_every_worker_has_a_name_of_its_own(tmp_path: Path) -> None:
    with Worker(tmp_path) as one, Worker(tmp_path) as other:
        assert one.name != other.name


def test_a_name_that_nobody_has_is_dead(tmp_path: Path) -> None:
    assert is_dead(tmp_path, "0123456789abcdef")


def test_a_process_that_was_killed_is_dead_and_its_file_is_cleared_away(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", _HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout
    name = child.stdout.readline().decode().strip()
    assert not is_dead(tmp_path, name)
    child.kill()
    child.communicate()
    assert (tmp_path / FOLDER / name).exists()
    assert is_dead(tmp_path, name)
    assert not (tmp_path / FOLDER / name).exists()
