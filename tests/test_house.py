"""The house keeps its shape: layers, types, style, small files."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = [path for folder in ("newsletter", "subscribers", "tests") for path in (ROOT / folder).rglob("*.py")]


def run(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_go_one_way() -> None:
    run(Path(sys.executable).with_name("lint-imports"), "--no-logo")


def test_code_is_formatted_and_clean() -> None:
    run(sys.executable, "-m", "ruff", "format", "--check", ".")
    run(sys.executable, "-m", "ruff", "check", ".")


@pytest.mark.slow
def test_types_hold() -> None:
    run(sys.executable, "-m", "mypy")


def test_files_are_small() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in CODE}
    assert {name: count for name, count in lines.items() if count > 400} == {}
