"""Models side by side: what is measured of each, and what is told of one that cannot be measured."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from commandline import Run, fails
from conftest import WordEmbedder
from hypothesis import given
from hypothesis import strategies as st
from newsroom import entry, make_project, write_entries
from small_models import static_model

from newsletter.errors import ModelUnusable
from newsletter.evaluation.comparing_models import NEIGHBOURS, agreed, compare, nearest
from newsletter.evaluation.judged import Statements
from newsletter.evaluation.layouts import read
from newsletter.ranking.arrays import Vectors
from newsletter.ranking.model_choice import Backend, ModelChoice

TEXTS = [entry(n)["summary"] for n in range(24)]
CHOICES = [ModelChoice("words", Backend.FLOAT32), ModelChoice("missing"), ModelChoice("noise")]


class Reader(WordEmbedder):
    """Words, or noise, or nothing."""

    precision, peak = "float32", 5_000_000

    def __init__(self, choice: ModelChoice, *, batch: int, home: Path) -> None:
        super().__init__()
        self.choice = choice
        self.seconds = 0.0

    @property
    def questions(self) -> Self:
        return self

    def embed(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        if self.choice.model == "missing":
            raise ModelUnusable("The model 'missing' could not be loaded.")
        self.seconds += len(texts) / 8
        rows = super().embed(texts, progress)
        if self.choice.model == "noise":
            rows = np.random.default_rng(len(texts)).standard_normal(rows.shape, np.float32)
        return rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Two statements, each with six documents that are about it."""
    folder = tmp_path / "judged"
    folder.mkdir()
    documents = [{"id": f"d{n}", "title": entry(n)["title"], "abstract": entry(n)["summary"]} for n in range(24)]
    queries = [{"id": "robots", "text": "walking robots with springy legs"}, {"id": "music", "text": "music graph"}]
    write_entries(folder, documents, "docs.jsonl")
    write_entries(folder, queries, "queries.jsonl")
    grades = [f"robots\td{n}\t1\n" for n in range(0, 24, 4)] + [f"music\td{n}\t2\n" for n in range(2, 24, 4)]
    (folder / "qrels.tsv").write_text("".join(grades))
    return folder


def run_compare(texts: Sequence[str], judged: Statements | None = None) -> list[Any]:
    opening: Any = Reader
    return compare(CHOICES, texts, Path(), 8, lambda what: lambda done, todo: None, judged, opening)


def test_each_is_measured_and_the_others_go_on_without_one_that_cannot_be(judged: Path) -> None:
    data = read(judged)
    assert isinstance(data, Statements)
    words, missing, noise = run_compare(TEXTS, data)
    assert (words.agreement, words.precision, words.memory, words.speed) == (1.0, "float32", 5_000_000, 8.0)
    assert words.ndcg == pytest.approx(1.0)
    assert "could not be loaded" in missing.trouble
    assert missing.agreement is None
    assert noise.agreement < 0.9
    assert noise.ndcg < 0.9


def test_without_judged_data_there_is_no_quality() -> None:
    assert [one.ndcg for one in run_compare(TEXTS)] == [None, None, None]


@given(st.integers(2, 30), st.integers(0, 5))
def test_neighbours_are_others_and_all_agree_with_themselves(count: int, seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)
    near = nearest(rows)
    assert near.shape == (count, min(NEIGHBOURS, count - 1))
    assert not (near == np.arange(count)[:, None]).any()
    assert agreed(near, near) == 1.0
    assert 0 <= agreed(near, nearest(-rows[::-1])) <= 1


def test_too_few_entries_tell_nothing(run: Run, project: Path) -> None:
    fails(run("model", "compare"), "There are 0 entries to read", "newsletter pull")


def test_people_are_no_statements(run: Run, project: Path, tmp_path: Path) -> None:
    fails(run("model", "compare", "--judged", tmp_path / "nothing"), "nothing")


@pytest.mark.slow
def test_the_command_measures_a_real_model_and_says_what_it_cannot_do(
    run: Run, judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "news", '[model]\nname = "small"\n', entries=24)
    static_model(project / "small")
    monkeypatch.chdir(project)
    run("pull")
    ran = run("model", "compare", "--judged", judged, "--json")
    rows = {row["choice"]["backend"]: row for row in ran.json}
    for backend in ("float32", "bfloat16"):
        assert rows[backend]["speed"] > 0
        assert rows[backend]["agreement"] > 0.5
        assert 0 < rows[backend]["ndcg"] <= 1
    # A model without a transformer in it has no graph that could be written down.
    assert "onnx" in rows["onnx"]["trouble"]
    assert "'auto'" in rows["onnx"]["trouble"]
