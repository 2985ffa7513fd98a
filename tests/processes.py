"""A newsletter in a process of its own, that starts on a word and can be killed."""

import subprocess
import sys
from pathlib import Path
from typing import Self

_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[2])
from conftest import WordEmbedder
from newsletter import Newsletter
print("ready", flush=True)
sys.stdin.readline()
with Newsletter(sys.argv[1], embedder=WordEmbedder()) as newsletter:
    {work}
"""


class Process:
    """Runs one line of Python with a `newsletter`, once it is told to go."""

    def __init__(self, project: Path, work: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(work=work), str(project), str(Path(__file__).parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def go(self) -> Self:
        """Wait until everything is imported, then begin."""
        assert self._child.stdin
        assert self._child.stdout
        assert self._child.stdout.readline() == "ready\n"
        self._child.stdin.write("go\n")
        self._child.stdin.flush()
        return self

    @property
    def runs(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        """As `kill -9` does."""
        self._child.kill()
        self._child.communicate()

    def said(self) -> str:
        """What it printed, when it has ended; it must have ended well."""
        out, err = self._child.communicate(timeout=120)
        assert (self._child.returncode, err) == (0, "")
        return out


def at_once(*processes: Process) -> list[str]:
    """Let all begin at about the same moment; returns what each said."""
    return [process.said() for process in [process.go() for process in processes]]
