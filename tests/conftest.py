"""What tests share: a fixed clock, a database on disk, and the given data where it is at hand."""

import gc
import os
import re
import zlib

# Before numpy is imported: several threads for the small matrices of tests wait for each other, most of all where tests
# run side by side.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# ruff: isort: split
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from newsroom import empty_database
from sqlite_utils import Database

from newsletter.ranking.embedding import Vectors
from newsletter.store import open_store

os.environ["HF_HUB_OFFLINE"] = "1"

#: Fixtures of the command line, of the main line and of sources.
pytest_plugins = ("commandline", "mainline", "sourced")

# A busy machine is no failing test; what hypothesis finds is told by its seed, and kept nowhere.
hypothesis.settings.register_profile("calm", deadline=None, max_examples=20, database=None)
hypothesis.settings.load_profile("calm")

#: Real papers pages, feeds and judgements; not part of the project.
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for disks, for servers and for each other."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What is there before the first test is no garbage: thousands of tests need not be looked through for it."""
    gc.freeze()


class WordEmbedder:
    """An embedder without a model: texts are near each other as far as they share words (an ending s aside)."""

    name = "words"

    def __init__(self) -> None:
        #: how many texts it was asked for so far
        self.asked = 0

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """One row of unit length per text."""
        self.asked += len(texts)
        rows = np.zeros((len(texts), 256), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"[^\W_]+", text.lower()) or [""]:
                row[zlib.crc32(word.removesuffix("s").encode()) % 256] += 1
        if progress:
            progress(len(texts))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith("NEWSLETTER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def now() -> datetime:
    """A Sunday noon."""
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """An empty database on disk, tables up to date."""
    empty_database(tmp_path / "newsletter.db")
    db = open_store(tmp_path / "newsletter.db")
    yield db
    db.conn.close()


@pytest.fixture
def embedder() -> WordEmbedder:
    """An embedder that needs no model."""
    return WordEmbedder()


@pytest.fixture
def shared_data() -> Path:
    """The folder of given data; the test is skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the given data is not on this machine")
    return SHARED / "data"


@pytest.fixture
def mail_judge() -> Path:
    """A program that judges the raw bytes of a mail, and was not written for ours; skips the test where it is missing.

    Its last argument is the file; it prints PASS, WARN or FAIL a line, and ends with a status.
    """
    judge = SHARED / "tools" / "judges" / "checkmail.py"
    if not judge.is_file():
        pytest.skip("the judge of mails is not on this machine")
    return judge
