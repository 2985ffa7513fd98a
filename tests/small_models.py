"""Models of a few kilobytes, in folders as sentence-transformers has them: made by hand, without its five seconds."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = (
    "study number looks at walking robots with springy legs segmentation of brain tumours in scans graph networks "
    "that recommend music forests counted from satellites we show what was found there query passage"
).split()


def static_model(
    folder: Path, *, seed: int = 0, dimensions: int = 16, prompts: Mapping[str, str] | None = None
) -> Path:
    """A model that gives each of `WORDS` a vector of its own, and a text their mean. Returns the folder."""
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(["?", *WORDS])}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace()])
    tokenizer.save(str(folder / "tokenizer.json"))
    rows = np.random.default_rng(seed).standard_normal((len(WORDS) + 1, dimensions), np.float32)
    save_file({"embedding.weight": rows}, folder / "model.safetensors")
    kind = "sentence_transformers.models.StaticEmbedding"
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}]))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts or {}}))
    return folder
