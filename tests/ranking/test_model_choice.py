"""The names under which a model's vectors are kept, and what the processor can do."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ranking.model_choice import (
    BUNDLED_SHA256,
    PIECE,
    PIECES,
    Backend,
    ModelChoice,
    fingerprint,
    has_bfloat16,
    made_folder,
    questions_of,
)

#: Larger than what is read whole.
LARGE = PIECES * PIECE * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "small"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * (LARGE // 256))
    (folder / "config.json").write_text("{}")
    return folder


def test_the_bundled_model_has_its_weights_in_its_name(tmp_path: Path) -> None:
    assert ModelChoice().vectors(tmp_path) == f"all-MiniLM-L6-v2@{BUNDLED_SHA256[:8]}"


def test_what_computes_nearly_the_same_has_one_name_and_the_rest_their_own(tmp_path: Path) -> None:
    names = {backend: ModelChoice("bundled", backend).vectors(tmp_path) for backend in Backend}
    assert len({names[one] for one in (Backend.AUTO, Backend.FLOAT32, Backend.BFLOAT16, Backend.ONNX)}) == 1
    assert len(set(names.values())) == 3
    assert names[Backend.INT8].endswith("+int8")


def test_a_published_model_is_named_as_it_is(tmp_path: Path) -> None:
    assert ModelChoice("some/model").vectors(tmp_path) == "some/model"
    assert ModelChoice("some/model").loadable(tmp_path) == "some/model"


def test_a_folder_is_found_from_the_newsletters_and_named_by_its_contents(folder: Path, tmp_path: Path) -> None:
    choice = ModelChoice("models/small")
    name = choice.vectors(tmp_path)
    assert name == f"small@{fingerprint(folder)}"
    assert Path(choice.loadable(tmp_path)) == folder
    assert ModelChoice(str(folder)).vectors(Path("/elsewhere")) == name


def test_a_copy_has_the_same_name_and_other_weights_another(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "small"
    shutil.copytree(folder, copy)
    assert fingerprint(copy) == fingerprint(folder)
    weights = copy / "model.safetensors"
    weights.write_bytes(bytes(n ^ 1 for n in weights.read_bytes()))
    assert fingerprint(copy) != fingerprint(folder)


def test_another_prompt_is_another_model_and_a_readme_is_not(folder: Path) -> None:
    before = fingerprint(folder)
    (folder / "README.md").write_text("Words about it.")
    assert fingerprint(folder) == before
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "q: "}}')
    assert fingerprint(folder) != before


def test_what_is_made_of_a_model_lies_in_one_folder_of_its_own(folder: Path, tmp_path: Path) -> None:
    choices = [ModelChoice(name, backend) for name in ("bundled", "models/small", "a/b") for backend in Backend]
    made = [made_folder(choice, tmp_path) for choice in choices]
    assert len(set(made)) == len(made)
    assert {one.parent for one in made} == {tmp_path / "models"}


def test_questions_have_a_name_that_no_texts_have() -> None:
    assert questions_of("a") == "a?"


@pytest.mark.parametrize(
    ("cpuinfo", "has"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16\n", True),
        ("flags\t\t: fpu amx_bf16 amx_tile\n", True),
        ("flags\t\t: fpu avx2 avx512f avx512_vnni\n", False),
        ("flags\t\t: fpu bf16\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n", True),
        ("Features\t: fp asimd sve\n", False),
        ("", False),
    ],
)
def test_the_processor_tells_whether_it_has_bfloat16(cpuinfo: str, has: bool) -> None:
    assert has_bfloat16(cpuinfo) is has


@given(st.text())
def test_no_text_about_a_processor_is_trouble(cpuinfo: str) -> None:
    assert has_bfloat16(cpuinfo) in (True, False)
