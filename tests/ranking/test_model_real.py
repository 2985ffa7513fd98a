"""Real models in their real process: prompts, back ends, what is made of a model once."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from small_models import static_model

from newsletter.errors import ModelUnusable
from newsletter.ranking.embedding import for_questions
from newsletter.ranking.model import ModelProcess
from newsletter.ranking.model_choice import Backend, ModelChoice

pytestmark = pytest.mark.slow

ONNX = importlib.util.find_spec("onnxruntime") is not None and importlib.util.find_spec("onnx") is not None
TEXTS = ["Graph neural networks for recommendation", "Recommender systems on graphs", "A soup of red lentils", ""]


def test_a_models_own_prompts_stand_before_questions_and_texts(tmp_path: Path) -> None:
    static_model(tmp_path / "plain")
    static_model(tmp_path / "prompted", prompts={"query": "query ", "passage": "passage "})
    with ModelProcess("plain", home=tmp_path) as plain, ModelProcess("prompted", home=tmp_path) as prompted:
        expected = plain.embed(["query walking robots", "passage walking robots", "walking robots"])
        question = for_questions(prompted).embed(["walking robots"])
        text = prompted.embed(["walking robots"])
        alike = plain.questions.embed(["walking robots"])
    assert question[0] == pytest.approx(expected[0], abs=2e-2)
    assert text[0] == pytest.approx(expected[1], abs=2e-2)
    assert alike[0] == pytest.approx(expected[2], abs=2e-2)
    assert abs(question[0] - text[0]).max() > 0.1


def test_a_text_of_which_the_model_knows_nothing_has_unit_length_too(tmp_path: Path) -> None:
    static_model(tmp_path / "plain")
    with ModelProcess("plain", home=tmp_path) as plain:
        assert np.linalg.norm(plain.embed(["", " "]), axis=1) == pytest.approx(np.ones(2), abs=1e-5)


def test_bfloat16_is_nearly_float32(tmp_path: Path) -> None:
    rows = {}
    for backend in (Backend.FLOAT32, Backend.BFLOAT16):
        with ModelProcess(ModelChoice(backend=backend), home=tmp_path) as model:
            rows[backend] = model.embed(TEXTS)
            assert model.precision == backend
    assert (rows[Backend.FLOAT32] * rows[Backend.BFLOAT16]).sum(axis=1).min() > 0.999


@pytest.mark.skipif(ONNX, reason="the packages are here")
def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with (
        ModelProcess(ModelChoice(backend=Backend.ONNX), home=tmp_path) as model,
        pytest.raises(ModelUnusable, match=r"'onnx' needs two more packages: pip install 'newsletter\[onnx\]'"),
    ):
        model.embed(TEXTS)


@pytest.mark.skipif(not ONNX, reason="needs newsletter[onnx]")
def test_an_onnx_graph_gives_the_same_and_eight_bits_nearly(tmp_path: Path) -> None:
    rows = {}
    for backend in (Backend.FLOAT32, Backend.ONNX, Backend.INT8):
        with ModelProcess(ModelChoice(backend=backend), home=tmp_path) as model:
            rows[backend] = model.embed([*TEXTS, "word " * 900])
    assert rows[Backend.ONNX] == pytest.approx(rows[Backend.FLOAT32], abs=1e-4)
    assert (rows[Backend.FLOAT32] * rows[Backend.INT8]).sum(axis=1).min() > 0.9
    assert len(list((tmp_path / "models").iterdir())) == 2


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    static_model(tmp_path / "plain")
    (tmp_path / "models").write_text("a file where a folder should be")
    with (
        ModelProcess(ModelChoice("plain", Backend.STATIC), home=tmp_path) as model,
        pytest.raises(ModelUnusable, match=r"models cannot be written \(File exists\)"),
    ):
        model.embed(TEXTS)
