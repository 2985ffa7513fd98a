"""What must not be imported where: a command's help waits for nothing, and who sends never loads a model."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from newsroom import make_project

HEAVY = ("torch", "numpy", "sentence_transformers", "sqlite_utils", "httpx2", "feedparser", "jinja2")


def loaded(code: str, *arguments: str | Path) -> list[str]:
    """Which modules a new process has loaded after the code."""
    code += "\nimport sys; print('\\n' + ' '.join(name for name in sys.modules if '.' not in name))"
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()[-1].split()


def test_the_package_alone_imports_nothing_heavy() -> None:
    found = loaded("import newsletter; newsletter.__version__; import newsletter.errors")
    assert {*HEAVY, "typer"} & set(found) == set()


def test_its_names_are_there_when_asked_for() -> None:
    import newsletter
    from newsletter.errors import NewsletterError

    assert newsletter.NewsletterError is NewsletterError
    assert newsletter.Newsletter.__module__ == "newsletter.newsletter"
    assert not hasattr(newsletter, "Telegram")


def test_help_imports_nothing_heavy() -> None:
    help_of = "import sys; sys.argv = ['newsletter', *sys.argv[1:]]\nfrom newsletter.cli import main\n"
    help_of += "try: main()\nexcept SystemExit as end: assert end.code == 0"
    for arguments in (["--help"], ["send", "--help"], ["subscribers", "add", "--help"]):
        assert set(HEAVY) & set(loaded(help_of, *arguments)) == set(), arguments


@pytest.mark.slow
def test_help_answers_at_once() -> None:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "newsletter", "--help"], capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    assert min(times) < 1.0  # half of that on an idle machine


@pytest.mark.slow
def test_who_pulls_composes_and_sends_never_loads_the_model(tmp_path: Path) -> None:
    make_project(tmp_path)
    code = """
import sys
sys.path.insert(0, sys.argv[2])
from conftest import WordEmbedder
from newsletter import Newsletter
with Newsletter(sys.argv[1], embedder=WordEmbedder()) as newsletter:
    newsletter.pull()
    newsletter.subscribe("ada@example.org", interests=["walking robots"])
    assert newsletter.send(now=True).counts.total() == 1
"""
    found = loaded(code, tmp_path, Path(__file__).parent)
    assert not {"torch", "sentence_transformers", "transformers"} & set(found)


@pytest.mark.slow
def test_looking_at_readers_loads_no_model_and_starts_none(tmp_path: Path) -> None:
    make_project(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "newsletter", "status", "--project", tmp_path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NEWSLETTER_MODEL_NAME": "/no/such/model"},
    )
    assert "0 entries" in ran.stdout
    assert "torch" not in ran.stderr
